"""Runs other programs, with a time limit and the expected exit codes. Only this module imports subprocess."""

import os
import shutil
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generator.diagnostics import ToolError, ToolMissingError

FOLDER: Final = ".tools/bin"
_MODULES: Final = {
    "kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform",
    "kustomize": "sigs.k8s.io/kustomize/kustomize/v5",
}


@dataclass(frozen=True, slots=True)
class Completed:
    """How a program ended."""

    code: int
    stdout: bytes


def find(name: str, root: Path) -> Path:
    """The program from the project's own tools, or from PATH.

    Raises ToolMissingError, which says how to get it.
    """
    own = root / FOLDER / name
    if own.is_file() and os.access(own, os.X_OK):
        return own
    found = shutil.which(name)
    if found is None:
        hint = f"run `make tools`, or `go install {_MODULES[name]}@latest`"
        raise ToolMissingError(f"{name} is not installed", hint=hint)
    return Path(found)


def run(
    argv: Sequence[str],
    *,
    ok: Collection[int] = (0,),
    timeout_s: float = 300,
    cwd: Path | None = None,
    stdin: bytes = b"",
) -> Completed:
    """Run a program to its end. Raises ToolError when it exits with a code not in `ok`, or takes too long."""
    name = Path(argv[0]).name
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, check=False, timeout=timeout_s, cwd=cwd)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise ToolError(f"{name} did not end within {timeout_s:g} seconds") from None
    except OSError as error:
        raise ToolError(f"{name} cannot be run: {error.strerror}") from error
    if done.returncode not in ok:
        raise ToolError(f"{name} exited {done.returncode}", details=done.stderr.decode(errors="replace").splitlines())
    return Completed(done.returncode, done.stdout)
