"""The hooks, run by pre-commit itself in a fresh repository."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from fakes import LONG_S
from helpers import ROOT, git_in, run

PRE_COMMIT = Path(sys.executable).with_name("pre-commit")


def pre_commit(root: Path, environ: Mapping[str, str], *argv: str) -> tuple[int, str]:
    """Run it; returns the exit code, and what was printed."""
    ran = subprocess.run(
        [str(PRE_COMMIT), *argv],
        cwd=root,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=LONG_S,
    )
    return ran.returncode, ran.stdout


def repository(folder: Path) -> Path:
    """A repository made by `init`, with everything staged."""
    folder.mkdir()
    assert run("init", root=folder).code == 0
    assert run("generate", root=folder).code == 0
    git_in(folder, "init", "--quiet")
    git_in(folder, "add", "--all")
    return folder


@pytest.mark.tool
def test_the_hooks_that_init_writes(fresh_shell: dict[str, str], tmp_path: Path) -> None:
    """They install the package by themselves, pass, and fail once the catalog has changed alone."""
    root = repository(tmp_path / "repository")
    code, said = pre_commit(root, fresh_shell, "run", "--all-files")
    assert code == 0, said
    assert len(re.findall(r"\.Passed$", said, re.MULTILINE)) == 2
    catalog = root / "models.yaml"
    catalog.write_text(catalog.read_text("utf-8").replace("namespace: models-dev", "namespace: team-dev"), "utf-8")
    git_in(root, "add", "--all")
    code, said = pre_commit(root, fresh_shell, "run")
    assert code == 1
    assert "differs from what models.yaml compiles to [out-of-date]\n" in said


@pytest.mark.tool
def test_the_hooks_of_this_repository(fresh_shell: dict[str, str], tmp_path: Path) -> None:
    """From a clone of it, at a commit, as others use them."""
    shared = tmp_path / "shared"
    kept = ("generator", "LICENSE", "README.md", "pyproject.toml", ".pre-commit-hooks.yaml")
    tracked = git_in(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *kept)
    for path in filter(None, tracked.split("\0")):
        (shared / path).parent.mkdir(parents=True, exist_ok=True)
        (shared / path).write_bytes((ROOT / path).read_bytes())
    git_in(shared, "init", "--quiet")
    git_in(shared, "add", "--all")
    git_in(shared, "commit", "--quiet", "--message", "a release")
    root = repository(tmp_path / "repository")
    hooks = "hooks: [{id: generate}, {id: generator-check}]"
    config = f"repos:\n  - {{repo: {shared}, rev: {git_in(shared, 'rev-parse', 'HEAD').strip()}, {hooks}}}\n"
    (root / ".pre-commit-config.yaml").write_text(config, "utf-8")
    git_in(root, "add", "--all")
    code, said = pre_commit(root, fresh_shell, "run", "--all-files")
    assert code == 0, said
    assert len(re.findall(r"\.Passed$", said, re.MULTILINE)) == 2
