"""A project in a folder, and the command line on it."""

import contextlib
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from generator.cli import main

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = (ROOT / "models.yaml").read_text("utf-8")
GOLDEN = ROOT / "tests" / "golden"
CASES = sorted(path.name for path in GOLDEN.iterdir())

MINIMAL = """\
version: 1
platform: {target: "3.3"}
runtimes:
  vllm-embedding:
    displayName: vLLM Embedding Runtime
    task: embedding
    image: quay.io/vllm/vllm-cuda:0.13.0@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
connections:
  s3:
    displayName: S3
    endpoint: https://s3.example.com
    bucket: models-bucket
    secret: {existing: s3}
environments:
  dev: {namespace: team-dev}
defaults:
  resources: {cpu: "2", memory: 8Gi}
models:
  - name: minilm
    source: {repo: sentence-transformers/all-MiniLM-L6-v2, revision: 1110a243fdf4706b3f48f1d95db1a4f5529b4d41}
    task: embedding
    maxModelLen: 256
    dimensions: 384
"""
"""The smallest catalog that compiles without a warning."""


UNLOCKED = re.compile(r"^.+: warning: there is no models\.lock\.yaml: .+ \[no-lock\]\n  hint: .+\n", re.MULTILINE)
"""What every `generate` says when there is no lock; `run` leaves it out."""
TOTALS = re.compile(r"^[a-z0-9-]+: [0-9]+ models?\b.*\n", re.MULTILINE)
"""What every `generate` says of each environment; `run` leaves it out, too."""


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it printed."""

    code: int
    stdout: str
    stderr: str


def run(*argv: str, root: Path, whole: bool = False) -> Ran:
    """Run the command line in process, in the project at `root`; `whole`, with what every `generate` says."""
    with contextlib.chdir(root):
        result = CliRunner().invoke(main, argv, catch_exceptions=False)
    said = result.stderr if whole else TOTALS.sub("", UNLOCKED.sub("", result.stderr))
    return Ran(result.exit_code, result.stdout, said)


def project(folder: Path, catalog: str | bytes = MINIMAL) -> Path:
    """Make `folder` a project with this catalog."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "models.yaml").write_bytes(catalog if isinstance(catalog, bytes) else catalog.encode())
    return folder


def compiled_case(case: str, folder: Path) -> Path:
    """Make `folder` a project with the catalog of a golden case, and compile it."""
    root = project(folder, (GOLDEN / case / "models.yaml").read_bytes())
    ran = run("generate", root=root)
    assert ran.code == 0, ran.stderr
    return root


def files(folder: Path, *, without: Sequence[str] = ()) -> Mapping[str, bytes]:
    """Every file below `folder` by its relative path, except those named."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    relative = {path.relative_to(folder).as_posix(): path for path in found}
    return {name: path.read_bytes() for name, path in relative.items() if name not in without}


def git_in(root: Path, *arguments: str) -> str:
    """Run Git there, as nobody in particular."""
    nobody = ("-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "init.defaultBranch=main")
    command = ["git", "-C", str(root), *nobody, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
