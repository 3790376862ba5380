"""Runs other programs, with a time limit and the expected exit codes. Only this module imports subprocess."""

import os
import shutil
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generator.diagnostics import GeneratorError, ToolError

_PAGES: Final = {
    "git": "https://git-scm.com/downloads",
    "kubeconform": "https://github.com/yannh/kubeconform/releases/tag/v0.8.0",
    "kubectl": "https://kubernetes.io/docs/tasks/tools/",
}
_MODULES: Final = {"kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0"}
"""Those that Go can build: the version is the one that the tests run."""


@dataclass(frozen=True, slots=True)
class Completed:
    """How a program ended."""

    code: int
    stdout: bytes


def find(name: str, *instead: str) -> Path:
    """The program on PATH, or one that does as well.

    Raises GeneratorError, which says how to get it on this system.
    """
    for known in (name, *instead):
        if found := shutil.which(known):
            return Path(found)
    raise GeneratorError(f"{name} is not installed", hint=_way_to_get(name))


def _way_to_get(name: str) -> str:
    if shutil.which("brew"):
        return f"run `brew install {name}`"
    if name in _MODULES and shutil.which("go"):
        return f"run `go install {_MODULES[name]}`, and put `$(go env GOPATH)/bin` on PATH"
    return f"get it from {_PAGES[name]}, and put it on PATH"


def run(
    argv: Sequence[str],
    *,
    ok: Collection[int] = (0,),
    timeout_s: float = 300,
    cwd: Path | None = None,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> Completed:
    """Run a program to its end, with `environment` added to this process's.

    Raises ToolError when it exits with a code not in `ok`, or takes too long.
    """
    name = Path(argv[0]).name
    try:
        done = subprocess.run(  # noqa: S603
            argv,
            input=stdin,
            capture_output=True,
            check=False,
            timeout=timeout_s,
            cwd=cwd,
            env={**os.environ, **environment} if environment else None,
        )
    except subprocess.TimeoutExpired:
        raise ToolError(f"{name} did not end within {timeout_s:g} seconds") from None
    except OSError as error:
        raise ToolError(f"{name} cannot be run: {error.strerror}") from error
    if done.returncode not in ok:
        raise ToolError(f"{name} exited {done.returncode}", details=done.stderr.decode(errors="replace").splitlines())
    return Completed(done.returncode, done.stdout)
