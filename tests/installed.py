"""The package as users have it: the wheel, in an environment of its own."""

import os
import pwd
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from fakes import LONG_S
from helpers import ROOT, Ran

_PINNED = ROOT / "requirements/run.txt"
_INSTALL_S = 540
"""Bounds a registry that hangs."""


@dataclass(frozen=True)
class Installed:
    """The folder with the commands, and an empty home."""

    bin: Path
    home: Path

    @property
    def environ(self) -> dict[str, str]:
        """A fresh shell of a user whose PATH has the commands, and nothing else of this repository."""
        return {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.home), "LC_ALL": "C.UTF-8", "COLUMNS": "120"}

    def run(self, *argv: str, root: Path, **environ: str) -> Ran:
        """Run a command in the project at `root`."""
        command = [str(self.bin / argv[0]), *argv[1:]]
        env = {**self.environ, **environ}
        done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False, timeout=LONG_S)
        return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this repository."""
    folder = tmp_path_factory.mktemp("wheel")
    _pip(Path(sys.executable), "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel and its pinned dependencies in a new environment, which `pip check` accepts."""
    environment = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True, timeout=LONG_S)
    python = environment / "bin/python"
    _pip(python, "install", "--no-deps", "--require-hashes", "--requirement", str(_PINNED))
    _pip(python, "install", "--no-deps", str(wheel))
    _pip(python, "check")
    return Installed(environment / "bin", tmp_path_factory.mktemp("home"))


@pytest.fixture
def fresh_shell(wheel: Path, tool: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a pipeline: an empty home, kubeconform on PATH, and the wheel among what pip may install."""
    folder = tmp_path_factory.mktemp("shell")
    (folder / "kubeconform").symlink_to(tool("kubeconform"))
    (folder / "home").mkdir()
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return {
        **pip,
        "PIP_FIND_LINKS": f"{wheel.parent} {pip.get('PIP_FIND_LINKS', '')}".strip(),
        "PIP_CACHE_DIR": str(Path(pwd.getpwuid(os.getuid()).pw_dir, ".cache/pip")),
        "PATH": f"{folder}:/usr/bin:/bin",
        "HOME": str(folder / "home"),
        "LC_ALL": "C.UTF-8",
    }


def _pip(python: Path, *argv: str) -> None:
    """Run pip with the user's own configuration of it; a registry that does not answer fails the test."""
    command = [str(python), "-m", "pip", "--quiet", "--no-input", *argv]
    subprocess.run(command, check=True, timeout=_INSTALL_S, env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
