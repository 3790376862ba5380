"""Adding a model to `models.yaml`: what is filled in, and that nothing else changes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.hub import FakeHub
from helpers import MINIMAL, SHIPPED, files, project, run
from ruamel.yaml import YAML

from generator.diagnostics import GeneratorError
from generator.lock import edit as add
from generator.yaml import read as source

COMMIT = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
REPO = "BAAI/bge-small-en-v1.5"
ENTRY = {
    "name": "bge",
    "source": {"repo": REPO, "revision": COMMIT},
    "task": "embedding",
    "maxModelLen": 512,
    "dimensions": 384,
}


def repository(config: dict[str, Any], *, embeds: bool) -> dict[str, bytes]:
    """The files of a small model."""
    described: dict[str, Any] = {"config.json": config, "tokenizer_config.json": {"model_max_length": 512}}
    if embeds:
        described["modules.json"] = [
            {"path": "", "type": "sentence_transformers.models.Transformer"},
            {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        ]
        described["1_Pooling/config.json"] = {"word_embedding_dimension": 384, "pooling_mode_cls_token": True}
    return {**{path: json.dumps(content).encode() for path, content in described.items()}, "pytorch_model.bin": b"x"}


BERT = {"architectures": ["BertModel"], "model_type": "bert", "max_position_embeddings": 512, "hidden_size": 384}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A Hub with an embedding model."""
    with FakeHub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        hub.add(REPO, repository(BERT, embeds=True), commit=COMMIT, license="mit")
        yield hub


def test_a_model_is_appended_with_everything_the_hub_knows(tmp_path: Path, hub: FakeHub) -> None:
    """Commit, task, length and dimensions; the result compiles."""
    root = project(tmp_path)
    ran = run("add", REPO, root=root)
    assert (ran.code, ran.stdout) == (0, "")
    assert ran.stderr == f"asking the Hub for {REPO} at c9745ed1d9f2\nmodels.yaml changed\n"
    assert (root / "models.yaml").read_text("utf-8") == MINIMAL + (
        f"""\
  - name: bge-small-en-v1-5
    displayName: bge-small-en-v1.5
    source:
      repo: {REPO}
      revision: {COMMIT}
    task: embedding
    maxModelLen: 512
    dimensions: 384
"""
    )
    assert run("generate", root=root).code == 0
    assert len(hub.seen("info")) == 2


def test_a_dry_run_shows_the_difference_and_writes_nothing(tmp_path: Path, hub: FakeHub) -> None:
    """As a unified diff on stdout."""
    root = project(tmp_path)
    ran = run("add", REPO, "--name", "small", "--dry-run", root=root)
    assert ran.code == 0
    assert ran.stdout.startswith("--- a/models.yaml\n+++ b/models.yaml\n@@ ")
    assert "\n+  - name: small\n" in ran.stdout
    assert ran.stderr.endswith("models.yaml would be changed\n")
    assert list(files(root)) == ["models.yaml"]
    assert hub.requests


def test_the_shipped_catalog_keeps_every_line(tmp_path: Path, hub: FakeHub) -> None:
    """Comments, order and blank lines stay; the new entry is spaced like the others."""
    root = project(tmp_path, SHIPPED)
    assert run("add", REPO, root=root).code == 0
    text = (root / "models.yaml").read_text("utf-8")
    assert text.startswith(f"{SHIPPED}\n  - name: bge-small-en-v1-5\n")
    assert hub.requests


def test_a_reranker_has_no_dimensions_and_the_usable_length(tmp_path: Path, hub: FakeHub) -> None:
    """512 of the 514 positions, even if an old vLLM would accept more."""
    config = {
        "architectures": ["XLMRobertaForSequenceClassification"],
        "model_type": "xlm-roberta",
        "max_position_embeddings": 514,
        "id2label": {"0": "LABEL_0"},
    }
    hub.add("BAAI/bge-reranker-x", repository(config, embeds=False), commit=COMMIT)
    root = project(tmp_path, SHIPPED.replace('vllmVersion: "0.13.0"', 'vllmVersion: "0.8.5"'))
    assert run("add", "BAAI/bge-reranker-x", root=root).code == 0
    entry = source.parse((root / "models.yaml").read_bytes(), "").data["models"][-1]
    assert (entry["task"], entry["maxModelLen"]) == ("reranker", 512)
    assert "dimensions" not in entry


def test_a_lock_grows_with_the_catalog(tmp_path: Path, hub: FakeHub) -> None:
    """Both change together; the other models' lines stay."""
    hub.add("sentence-transformers/all-MiniLM-L6-v2", repository(BERT, embeds=True), commit=MINILM_COMMIT)
    root = project(tmp_path)
    assert run("lock", root=root).code == 0
    ran = run("add", REPO, root=root)
    assert ran.stderr.endswith("models.lock.yaml changed, models.yaml changed\n")
    before = files(root)
    assert run("lock", root=root).stderr == "everything is up to date\n"
    assert files(root) == before


MINILM_COMMIT = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"


def test_cpu_and_memory_are_filled_in_if_defaults_lack_them(tmp_path: Path, hub: FakeHub) -> None:
    """Otherwise the new entry would not compile."""
    own = "    resources: {cpu: '2', memory: 8Gi}\n"
    root = project(tmp_path, MINIMAL.replace('defaults:\n  resources: {cpu: "2", memory: 8Gi}\n', "") + own)
    assert run("add", REPO, root=root).code == 0
    assert (root / "models.yaml").read_text("utf-8").endswith('    resources:\n      cpu: "2"\n      memory: 8Gi\n')
    assert hub.requests


def test_what_the_class_of_defaults_gives_is_not_repeated(tmp_path: Path, hub: FakeHub) -> None:
    """An entry says what is its own."""
    given = 'classes:\n  large: {resources: {cpu: "4", memory: 16Gi}}\ndefaults:\n  class: large\n'
    root = project(tmp_path, MINIMAL.replace('defaults:\n  resources: {cpu: "2", memory: 8Gi}\n', given))
    assert run("add", REPO, root=root).code == 0
    assert (root / "models.yaml").read_text("utf-8").endswith("    dimensions: 384\n")
    assert hub.requests


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--name", "minilm"], "error: the name 'minilm' is already used\n"),
        (["--name", "Mini"], "error: 'Mini' is not a valid model name\n"),
    ],
)
def test_an_unusable_name_is_refused(argv: list[str], said: str, tmp_path: Path, hub: FakeHub) -> None:
    """The hint names the option to use."""
    root = project(tmp_path)
    ran = run("add", REPO, *argv, root=root)
    assert ran.code == 2
    assert said in ran.stderr
    assert "--name" in ran.stderr
    assert list(files(root)) == ["models.yaml"]
    assert hub.requests


def test_a_model_that_only_generates_is_refused(tmp_path: Path, hub: FakeHub) -> None:
    """The hint points to the model card for the arguments."""
    hub.add("team/chat", repository({"architectures": ["LlamaForCausalLM"]}, embeds=False), commit=COMMIT)
    ran = run("add", "team/chat", root=project(tmp_path))
    assert ran.code == 2
    assert "error: team/chat (LlamaForCausalLM) is not by itself an embedding model or a reranker\n" in ran.stderr


@pytest.mark.parametrize("repo", ["notarepo", "https://huggingface.co/BAAI/bge", "a/b/c", "../x", "a/b?c"])
def test_what_is_no_repository_is_refused_before_a_request(repo: str, tmp_path: Path, hub: FakeHub) -> None:
    """The Hub would answer that it does not exist, or is private."""
    ran = run("add", repo, root=project(tmp_path))
    assert (ran.code, ran.stderr) == (
        2,
        (
            f"error: '{repo}' is not a Hub repository 'owner/name'\n"
            "  hint: give the owner, too, as in BAAI/bge-small-en-v1.5\n"
        ),
    )
    assert not hub.requests


def test_a_repository_that_does_not_exist(tmp_path: Path, hub: FakeHub) -> None:
    """The Hub answers the same for missing and for private repositories."""
    ran = run("add", "team/nothing", root=project(tmp_path))
    assert ran.code == 2
    assert "error: team/nothing does not exist, or is private and no HF_TOKEN is set\n" in ran.stderr
    assert len(hub.requests) == 1


LISTS = {
    "the last key": "models:\n  - name: a\n    task: x\n",
    "without a final newline": "models:\n  - name: a",
    "flush left": "models:\n- name: a\n",
    "before another key": "models:\n  - name: a\n\n# the rest\ndefaults: {}\n",
    "spaced out": "models:\n  - name: a\n\n  - name: b\n",
    "a comment that belongs to the list": "models:\n  - name: a\n  # - name: b\n# the end\n",
    "a comment in the item": "models:\n  - name: a\n    # dimensions: 3\n\n\nversion: 1\n",
    "wide dashes": "models:\n    -   name: a\n        task: x\nversion: 1\n",
    "a dash alone": "models:\n  -\n    name: a\n",
    "items in braces": "models:\n  - {name: a, task: x}\n  - {name: b,\n     task: z}\n",
    "a literal block": "models:\n  - name: a\n    description: |\n      - no item\n      text\n\n",
    "empty": "models: []  # none yet\nversion: 1\n",
    "empty, the last key": "version: 1\nmodels: []",
    "empty, with comments": "version: 1\n# ours\n'models': [ ]\n  # - name: b\n\n# the end\ndefaults: {}\n",
    "empty, DOS": "models: []\r\nversion: 1\r\n",
    "DOS": "models:\r\n  - name: a\r\nversion: 1\r\n",
}


_EMPTY = re.compile(r"(?<=models'):\s\[ \]|(?<=models): \[\]")


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_any_block_list_is_extended(text: str) -> None:
    """Every existing line stays, and every parser reads one more model."""
    edited = add.append(text, ENTRY)
    old, new = source.parse(text.encode(), "").data, source.parse(edited.encode(), "").data
    assert new == {**old, "models": [*old["models"], ENTRY]}
    assert YAML(typ="rt").load(edited) == new
    lines = iter(edited.splitlines())
    assert all(_EMPTY.sub(":", line) in lines for line in text.splitlines())
    assert edited.count("\r\n") in (0, edited.count("\n"))


def test_the_entry_goes_to_the_end_of_the_list() -> None:
    """Below the comments of the list, above those of the next key."""
    added = add.append(LISTS["before another key"], ENTRY)
    assert added.startswith("models:\n  - name: a\n  - name: bge\n")
    assert added.endswith("    dimensions: 384\n\n# the rest\ndefaults: {}\n")
    assert "# - name: b\n  - name: bge\n" in add.append(LISTS["a comment that belongs to the list"], ENTRY)
    assert "  - name: b\n\n  - name: bge\n" in add.append(LISTS["spaced out"], ENTRY)


@pytest.mark.parametrize("models", ["models: []", "models:", "models: ~", "models: null"])
def test_the_first_model_is_added_to_an_empty_catalog(models: str, tmp_path: Path, hub: FakeHub) -> None:
    """Whatever the empty list looks like, comments stay where they are."""
    before = MINIMAL.partition("models:")[0]
    root = project(tmp_path, f"{before}{models}  # ours\n  # the first one goes here\n\n# the end\n")
    assert run("add", REPO, "--name", "small", root=root).code == 0
    text = (root / "models.yaml").read_text("utf-8")
    assert text.startswith(f"{before}models:  # ours\n  # the first one goes here\n  - name: small\n")
    assert text.endswith("    dimensions: 384\n\n# the end\n")
    assert run("generate", root=root).code == 0
    assert hub.requests


@pytest.mark.parametrize("models", ["models: [", "models:\nmodels:", "models: 1", "models: {}"])
def test_a_catalog_without_a_list_is_refused_like_any_other(models: str, tmp_path: Path) -> None:
    """With its findings, before the Hub is asked."""
    ran = run("add", REPO, root=project(tmp_path, f"{MINIMAL.partition('models:')[0]}{models}\n"))
    assert ran.code == 1
    assert ran.stderr.endswith("nothing was written\n")


@pytest.mark.parametrize(
    "text", ["models: [{name: a}]\n", "models: [\n]\n", "{version: 1, models: []}\n", "version: 1\nmodels:\n  []\n"]
)
def test_a_list_in_brackets_is_refused_with_a_hint(text: str) -> None:
    """It is not rewritten in another style."""
    with pytest.raises(GeneratorError, match=r"in brackets") as refused:
        add.append(text, ENTRY)
    assert refused.value.hint == "write `models` as a block list, with one `- name: …` per model"


@pytest.mark.parametrize("text", [f"a: {{b: {COMMIT}}}  # x\n", f'a:\n  b: "{COMMIT}"\n', f"a:\n  b:\n    {COMMIT}\n"])
def test_a_revision_is_replaced_in_place(text: str) -> None:
    """In any YAML style; nothing else changes."""
    assert add.repin(text, ("a", "b"), COMMIT, "e" * 40) == text.replace(COMMIT, "e" * 40)


def test_a_revision_that_yaml_would_misread_is_quoted() -> None:
    """Some parsers read forty digits as a number."""
    digits = "1" * 40
    with pytest.raises(GeneratorError, match=r"would not read back"):
        add.repin(f"a: {{b: {COMMIT}}}\n", ("a", "b"), COMMIT, digits)
    assert add.repin(f'a: {{b: "{COMMIT}"}}\n', ("a", "b"), COMMIT, digits) == f'a: {{b: "{digits}"}}\n'


@pytest.mark.parametrize(
    ("repo", "name"),
    [
        ("BAAI/bge-base-en-v1.5", "bge-base-en-v1-5"),
        ("sentence-transformers/all-MiniLM-L6-v2", "all-minilm-l6-v2"),
        ("a/0x_1", "m-0x-1"),
        ("ibm-granite/granite-embedding-278m-multilingual", "granite-embedding-278m-multili"),
    ],
)
def test_names_come_from_repositories(repo: str, name: str) -> None:
    """Short enough for the dashboard."""
    assert add.name_of(repo) == name
