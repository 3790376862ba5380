"""The container image, as far as it can be known without an engine: its scripts, its user, a linter's findings."""

import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import ROOT, SHIPPED, files, project

CONTAINERFILE = ROOT / "Containerfile"
SCRIPTS = ROOT / "tools/image"
ANY_USER = 1_000_730_000
"""OpenShift gives a namespace's pods an id that no image knows, and group 0."""
BUILD_S = 540


def instructions() -> list[tuple[str, str]]:
    """Each instruction, continuation lines joined, comments left out."""
    text = re.sub(r"^#.*\n", "", CONTAINERFILE.read_text("utf-8"), flags=re.MULTILINE).replace("\\\n", "")
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


@pytest.fixture(scope="module")
def image() -> Iterator[Path]:
    """A folder that everybody can read: the sources that are copied, and what the script makes of them."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        shutil.copytree(ROOT / "generator", root / "source/generator", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("requirements", "tools/image"):
            shutil.copytree(ROOT / name, root / "source" / name)
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, root / "source")
        path = f"{root / 'python'}:/usr/local/bin:/usr/bin:/bin"
        (root / "python").mkdir()
        (root / "python/python3").symlink_to(_python())
        argv = ["/bin/sh", str(root / "source/tools/image/package.sh"), str(root / "opt")]
        subprocess.run(argv, check=True, timeout=BUILD_S, env={**os.environ, "PATH": path})
        for file in (root / "opt", *(root / "opt").rglob("*")):
            if not file.is_symlink():
                file.chmod(stat.S_IMODE(file.stat().st_mode) & ~0o222)
        yield root


def _python() -> Path:
    """A Python that any user may run: not one below root's home."""
    own = Path(sys.base_prefix) / "bin/python3"
    candidates = [own, Path("/usr/bin/python3")]
    readable = [path for path in candidates if path.exists() and not path.resolve().is_relative_to("/root")]
    return readable[0] if readable else own


def as_any_user(image: Path, *argv: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as OpenShift would: with the variables of the image, and as a user that owns nothing of it."""
    env = {"PATH": f"{image / 'opt/bin'}:/usr/bin:/bin", "HOME": str(cwd), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(image / "opt/bin" / argv[0]), *argv[1:]]
    root = os.geteuid() == 0
    return subprocess.run(
        command,
        cwd=cwd,
        env=env,
        check=False,
        timeout=BUILD_S,
        capture_output=True,
        text=True,
        user=ANY_USER if root else None,
        group=0 if root else None,
        extra_groups=[] if root else None,
    )


def test_any_user_can_compile_with_what_the_script_installs(image: Path) -> None:
    """Nothing in the installation is written to, and nothing of it needs a known user."""
    before = files(image / "opt")
    with tempfile.TemporaryDirectory() as folder:
        work = project(Path(folder) / "work", SHIPPED)
        for path in (Path(folder), work, work / "models.yaml"):
            path.chmod(0o777 if path.is_dir() else 0o644)
        for command in ("artifact-sync", "generate", "generator"):
            ran = as_any_user(image, command, "--version", cwd=work)
            assert (ran.returncode, ran.stdout.startswith(command)) == (0, True), ran.stderr
        ran = as_any_user(image, "generate", cwd=work)
        assert ran.returncode == 0, ran.stderr
        assert (work / "rendered/prod").is_dir()
    assert files(image / "opt") == before
    assert not (image / "opt/bin/hatchling").exists()


@pytest.mark.tool
def test_the_programs_are_built_with_the_pinned_versions(tmp_path: Path) -> None:
    """Those of tools/go.mod, which the tests run, too."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed")
    subprocess.run(["/bin/sh", str(SCRIPTS / "programs.sh"), str(tmp_path)], check=True, timeout=BUILD_S, env=_GO)
    done = subprocess.run([tmp_path / "kubeconform", "-v"], check=True, capture_output=True, text=True, timeout=60)
    assert f"github.com/yannh/kubeconform {done.stdout.strip()} " in (ROOT / "tools/go.mod").read_text("utf-8")
    assert (tmp_path / "kustomize").exists()


_GO = dict(os.environ)
"""With the home of this user, whose cache has the modules."""


def test_the_containerfile_copies_what_exists_and_runs_the_scripts() -> None:
    """Each path that is copied is there, and in .containerignore."""
    copied = [path for word, rest in instructions() if word == "COPY" and "--from" not in rest
              for path in rest.split()[:-1]]  # fmt: skip
    assert all((ROOT / path).exists() for path in copied)
    kept = re.findall(r"^!(.*)", (ROOT / ".containerignore").read_text("utf-8"), re.MULTILINE)
    assert set(kept) == set(copied)
    ran = " ".join(rest for word, rest in instructions() if word == "RUN")
    assert all(f"tools/image/{script.name} " in ran for script in SCRIPTS.iterdir())


def test_the_image_runs_as_no_one_in_particular() -> None:
    """OpenShift replaces the user by a random one of group 0; without OpenShift it is not root either."""
    assert ("USER", "1001:0") in instructions()
    assert all(re.search(r":v?\d[^:\s]*( AS \w+)?$", rest) for word, rest in instructions() if word == "FROM")
    python, go = (re.search(f"{name}:([0-9.]+)", CONTAINERFILE.read_text("utf-8")) for name in ("python", "golang"))
    assert python
    assert go
    assert f"Python :: {python[1]}" in (ROOT / "pyproject.toml").read_text("utf-8")
    assert f"\ngo {go[1]}." in (ROOT / "tools/go.mod").read_text("utf-8")


def test_a_linter_finds_nothing() -> None:
    """hadolint, which also checks the shell in it."""
    binary = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([binary, CONTAINERFILE], check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")
