"""The whole first day of somebody who has the package, an empty folder, and nothing else of this project."""

import json
import re
import struct
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fakes import LONG_S
from fakes.hub import FakeHub
from helpers import ROOT, files, git_in
from installed import Installed
from servers.s3 import S3

REPO = "BAAI/bge-small-en-v1.5"
COMMIT = "5c38ec7c405ec4b44b94cc5a9bb96e735b38267a"
UNUSED = """\
models.yaml:26:3: warning: runtime 'vllm-reranker': no model uses it [unused-runtime]
   26 |   vllm-reranker:
      |   ^
  hint: remove it, unless people use it from the dashboard
"""
SECTION = re.compile(r"^## A repository of your own\n(.*?)^## ", re.MULTILINE | re.DOTALL)


@dataclass
class Day:
    """A shell in a folder: what was typed, and what it printed."""

    root: Path
    environ: Mapping[str, str]
    printed: list[tuple[str, str]] = field(default_factory=list)

    def type(self, line: str, code: int = 0) -> str:
        """Run a command line; returns what it printed, to both streams."""
        ran = subprocess.run(
            ["/bin/sh", "-c", line],
            cwd=self.root,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=LONG_S,
        )
        assert ran.returncode == code, ran.stdout
        self.printed.append((line, ran.stdout))
        return ran.stdout

    def runtime(self, name: str) -> str:
        """The lines of a runtime in the catalog."""
        [lines] = re.findall(
            rf"^  {name}:\n(?:    .*\n)+", (self.root / "models.yaml").read_text("utf-8"), re.MULTILINE
        )
        return str(lines)

    def edit(self, old: str, new: str) -> None:
        """Change the catalog as in an editor."""
        text = (self.root / "models.yaml").read_text("utf-8")
        assert old in text
        (self.root / "models.yaml").write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def day(installed: Installed, fresh_shell: dict[str, str], fake_hub: FakeHub, versitygw: S3, tmp_path: Path) -> Day:
    """An empty folder, with a Hub that has the model, and a bucket."""
    root = tmp_path / "models"
    root.mkdir()
    fake_hub.add(REPO, _model(), commit=COMMIT, license="mit")
    path = f"{installed.bin}:{fresh_shell['PATH']}"
    return Day(root, {**installed.environ, "PATH": path, "HF_ENDPOINT": fake_hub.endpoint, **versitygw.env})


def _model() -> dict[str, bytes]:
    """A small embedding model."""
    shape = [8, 384]
    size = 4 * shape[0] * shape[1]
    tensors = {"embeddings.word_embeddings.weight": {"dtype": "F32", "shape": shape, "data_offsets": [0, size]}}
    header = json.dumps(tensors).encode()
    said = {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "max_position_embeddings": 512,
            "hidden_size": 384,
        },
        "tokenizer_config.json": {"model_max_length": 512},
        "modules.json": [
            {"path": "", "type": "sentence_transformers.models.Transformer"},
            {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": 384, "pooling_mode_cls_token": True},
    }
    weights = struct.pack("<Q", len(header)) + header + bytes(size)
    return {"model.safetensors": weights, **{path: json.dumps(content).encode() for path, content in said.items()}}


@pytest.mark.s3
@pytest.mark.tool
def test_the_first_day(day: Day, versitygw: S3) -> None:
    """From the empty folder to files in the bucket, then a change and a typo; README shows what is printed."""
    assert day.type("generator init").endswith(
        "\nnext: read the first lines of models.yaml, then `generator add OWNER/NAME`\n"
    )
    day.edit("bucket: your-bucket\n", f"bucket: {versitygw.bucket}\n")
    day.edit(":3.5.0\n", f":3.5.0@sha256:{'a' * 64}\n")
    asked = f"asking the Hub for {REPO} at {COMMIT[:12]}\n"
    assert day.type(f"generator add {REPO}") == f"{asked}{UNUSED}models.yaml changed\n"
    day.edit(day.runtime("vllm-reranker"), "")
    assert day.type("generator lock") == f"{asked}models.lock.yaml created\n"
    served = "dev: 1 model, 1 GPU\nprod: 1 model, 1 GPU\n"
    assert day.type("generate") == f"{served}20 files created, 1 changed\n"
    assert day.type("generate --check") == f"{served}21 files are up to date\n"
    assert day.type("generator check") == (
        "6 objects, and the 2 runtimes inside Templates, are valid for OpenShift AI 3.5\n"
    )
    git_in(day.root, "init", "--quiet")
    git_in(day.root, "add", "--all")
    git_in(day.root, "commit", "--quiet", "--message", "the first model")

    assert day.type("artifact-sync").splitlines()[-1].startswith("1 of 1 models complete; ")
    assert f"models/bge-small-en-v1-5/{COMMIT[:12]}/model.safetensors" in versitygw.tree()
    assert day.type("artifact-sync").startswith("bge-small-en-v1-5: up to date\n")

    day.edit("    dimensions: 384\n", "    dimensions: 384\n    replicas: 2\n")
    changed = day.type("generate")
    assert changed.startswith("dev: 1 model, 2 GPUs\nprod: 1 model, 2 GPUs\n")
    assert changed.endswith(" changed\n")
    assert "replicas 1 → 2" in day.type("generator plan --against HEAD")

    before = files(day.root, without=["models.yaml"])
    day.edit("    replicas: 2\n", "    replica: 2\n")
    said = day.type("generate", 1)
    assert "error: model 'bge-small-en-v1-5': unknown field 'replica' [unknown-field]\n" in said
    assert "  hint: did you mean 'replicas'?\n1 error; nothing was written\n" in said
    assert files(day.root, without=["models.yaml"]) == before
    _shown(day.printed)


def _shown(printed: Sequence[tuple[str, str]]) -> None:
    """README shows these commands, in this order, and what they print; a line `…` stands for lines left out."""
    [section] = SECTION.findall((ROOT / "README.md").read_text("utf-8"))
    [block] = re.findall(r"^```text\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    left = iter(printed)
    for shown in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = shown.partition("\n")
        words = re.escape(output).replace("…\\\n", "(?:.*\n)*").replace("…", ".*")
        assert any(line == command and re.fullmatch(words, text) for line, text in left), shown
