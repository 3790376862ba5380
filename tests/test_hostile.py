"""Text that other programs accept and that has brought this one down: no traceback, whoever wrote it."""

import json
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import pytest
from helpers import MINIMAL, files, project, run
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.diagnostics import CatalogError
from generator.lock import lockfile
from generator.sync import manifest
from generator.sync.s3 import Bucket
from generator.sync.s3_client import Access, Keys
from generator.sync.s3_errors import S3Error, server_time
from generator.vllm import model_config
from generator.vllm.model_config import LENGTHS, Facts
from generator.vllm.serving import derive
from generator.vllm.versions import parse

NESTED: Final = "[" * 100_000 + "]" * 100_000
DIGITS: Final = "9" * 5_000


def with_argument(argument: str) -> str:
    """MINIMAL with an argument in its model."""
    return f"{MINIMAL}    args:\n    - '{argument}'\n"


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b"\xef\xbb\xbf\xff", "models.yaml:1:1: error: byte 0xff is not valid UTF-8"),
        (b"\xef\xbb\xbfa: \xc3\xa9\n\xe9", "models.yaml:2:1: error: byte 0xe9 is not valid UTF-8"),
        (b"\xef\xbb\xbf\xef\xbb", "models.yaml:1:1: error: byte 0xef is not valid UTF-8"),
        (b"a: \xc3\xa9 \xff", "models.yaml:1:6: error: byte 0xff is not valid UTF-8"),
    ],
)
def test_a_byte_order_mark_does_not_move_the_place_of_a_bad_byte(raw: bytes, place: str, tmp_path: Path) -> None:
    """Columns count characters, and the mark is none."""
    ran = run("generate", root=project(tmp_path, raw))
    assert ran.code == 1
    assert ran.stderr.startswith(place)


@pytest.mark.parametrize(
    "value",
    [
        '{"a": ' + "[" * 1_500 + "]" * 1_500 + "}",
        '{"a": ' + "9" * 4_080 + "}",
        '{"rope_scaling": {"factor": 1e999}}',
        '{"rope_scaling": {"factor": 1e308}}',
        '{"rope_scaling": {"factor": ' + "9" * 400 + "}}",
        '{"rope_scaling": {"rope_type": "yarn", "factor": 1e308, "original_max_position_embeddings": '
        + "9" * 400
        + "}}",
        '{"rope_scaling": {"rope_type": [1]}}',
        '{"max_position_embeddings": ' + "9" * 400 + ', "model_type": ["bert"]}',
        '{"architectures": {"a": 1}, "text_config": {"text_config": {}}}',
        '{"max_position_embeddings": NaN}',
    ],
)
def test_an_override_of_the_configuration_brings_nothing_down(value: str, tmp_path: Path) -> None:
    """What vLLM would make of it is its affair, or an error here."""
    root = project(tmp_path, with_argument(f"--hf-overrides={value}"))
    config: dict[str, Any] = {"config.json": {"max_position_embeddings": 512, "model_type": "roberta"}}
    locked = lockfile.Locked(
        "sentence-transformers/all-MiniLM-L6-v2", "1110a243fdf4706b3f48f1d95db1a4f5529b4d41", (), Facts(config=config)
    )
    lock = lockfile.Lock({(locked.repo, locked.commit): locked})
    (root / "models.lock.yaml").write_text(lockfile.dump(lock), "utf-8")
    assert run("generate", root=root).code in (0, 1)


def test_an_override_that_is_nested_too_deep_is_no_json(tmp_path: Path) -> None:
    """Python's own words for it would name Python."""
    value = '{"a": ' + "[" * 1_500 + "]" * 1_500 + "}"
    ran = run("generate", root=project(tmp_path, with_argument(f"--hf-overrides={value}")))
    assert "the value of --hf-overrides is not valid JSON: it is nested too deep [invalid-argument]" in ran.stderr


@pytest.mark.parametrize("flag", ["--tensor-parallel-size", "--max-num-batched-tokens", "--max-num-seqs"])
@pytest.mark.parametrize("digits", ["9" * 4_000, "9" * 20])
def test_a_number_with_thousands_of_digits_is_an_error(flag: str, digits: str, tmp_path: Path) -> None:
    """No product of it is ever written out."""
    catalog = with_argument(f"{flag}={digits}") + f"    - --pipeline-parallel-size={digits}\n"
    ran = run("generate", root=project(tmp_path, catalog))
    assert ran.code == 1
    assert f"{flag} takes no number of {len(digits)} digits [invalid-argument]" in ran.stderr


def test_a_key_that_pydantic_uses_itself_is_a_key(tmp_path: Path) -> None:
    """It is what pydantic puts behind a key that it refuses."""
    for catalog in (f"{MINIMAL}'[key]': 1\n", f"{MINIMAL}    '[key]': 1\n", f"{MINIMAL}    labels: {{'[key]': x}}\n"):
        ran = run("generate", root=project(tmp_path, catalog))
        assert ran.code == 1
        assert "[key]" in ran.stderr


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(int("9" * 400))
_names = st.sampled_from(
    [
        *LENGTHS,
        *("rope_scaling", "rope_parameters", "rope_type", "type", "factor", "original_max_position_embeddings"),
        *("model_type", "architectures", "text_config", "sliding_window", "pad_token_id", "position_embedding_type"),
        *("id2label", "num_labels", "sentence_transformers", "activation_fn", "torch_dtype", "path", "auto_map"),
        *("is_matryoshka", "matryoshka_dimensions", "word_embedding_dimension", "pooling_mode", "max_seq_length"),
        *("pooling_mode_mean_tokens", "do_lower_case", "out_features", "sbert_ce_default_activation_function"),
    ]
)
_kinds = st.sampled_from(
    ["roberta", "bert", "yarn", "XForSequenceClassification", "sentence_transformers.models.Pooling"]
)
_json = st.recursive(
    _scalars | _kinds | st.integers(1, 2_000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=5),
    max_leaves=20,
)
_files = st.sampled_from(
    ["config.json", "tokenizer_config.json", "modules.json", "sentence_bert_config.json", "1_Pooling/config.json"]
)


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(_files, _json, max_size=4), st.sampled_from(["0.7.3", "0.9.1", "0.13.0", "0.32.0"]))
def test_any_configuration_is_derived_from(config: dict[str, Any], version: str) -> None:
    """A configuration is somebody else's text, and so is a lock that was edited by hand."""
    derived = derive(Facts(config=config), parse(version), ['--hf-overrides={"max_position_embeddings": 8}'])
    str(derived)


@settings(deadline=None, max_examples=200)
@given(_files, _json)
def test_any_configuration_file_is_read_or_refused(path: str, value: Any) -> None:
    """Whatever is in it, facts can be written to the lock."""
    try:
        facts = model_config.facts(path, json.dumps(value).encode())
    except ValueError:
        return
    locked = lockfile.Locked("a/b", "0" * 40, (), Facts(config={path: facts}), (parse("0.13.0"),))
    lockfile.parse(lockfile.dump(lockfile.Lock({("a/b", "0" * 40): locked})).encode())


@pytest.mark.parametrize("path", ["config.json", "modules.json", "1_Pooling/config.json"])
@pytest.mark.parametrize("text", [NESTED, f'{{"a": {DIGITS}}}'])
def test_a_configuration_file_that_python_cannot_read_is_refused(path: str, text: str) -> None:
    """Too deep, or a number too long: a ValueError like any other text that is not JSON."""
    with pytest.raises(ValueError, match=r"\w"):
        model_config.facts(path, text.encode())


@pytest.mark.parametrize(
    "tensor",
    [
        {"dtype": "F32", "shape": [DIGITS]},
        {"dtype": "F32", "shape": [10**4000, 10**4000]},
        {"dtype": "F32", "shape": [float("inf")]},
        {"dtype": "F32", "shape": [-1]},
        {"dtype": "F32", "shape": "9"},
        {"dtype": "F32", "shape": [1 << 62, 1 << 62]},
        {"dtype": ["F32"], "shape": 1},
        [],
    ],
)
def test_a_safetensors_header_without_a_countable_shape_is_refused(tensor: Any) -> None:
    """Whatever is counted is written to the lock, and read from it again."""
    with pytest.raises(ValueError, match=r"\w"):
        model_config.tensors(json.dumps({"a": tensor}).encode())


def test_a_nested_safetensors_header_is_refused() -> None:
    """Python's reader of JSON gives up by another error than for text that is not JSON."""
    with pytest.raises(ValueError, match=r"\w"):
        model_config.tensors(NESTED.encode())


_ENTRY: Final = {"path": "a", "size": 1, "sha256": "0", "git_sha1": None, "etag": "e"}
_MANIFEST: Final = {"schema": 1, "repo": "a/b", "commit": "0", "profile": "p", "files": [_ENTRY]}


@pytest.mark.parametrize(
    "raw",
    [
        NESTED,
        f'{{"schema": {DIGITS}}}',
        "null",
        "\ud800",
        json.dumps({**_MANIFEST, "files": [{**_ENTRY, "size": "1"}]}),
        json.dumps({**_MANIFEST, "files": [{**_ENTRY, "path": None}]}),
        json.dumps({**_MANIFEST, "files": [{**_ENTRY, "etag": 1}]}),
        json.dumps({**_MANIFEST, "files": ["x"]}),
        json.dumps({**_MANIFEST, "files": {"x": 1}}),
        json.dumps({**_MANIFEST, "repo": 1}),
    ],
)
def test_an_object_that_is_no_manifest_is_refused(raw: str) -> None:
    """Whoever may write to the bucket may write there what he likes."""
    assert manifest.parse(json.dumps(_MANIFEST).encode(), "here").files[0].size == 1
    with pytest.raises(manifest.ManifestError):
        manifest.parse(raw.encode("utf-8", "surrogatepass"), "here")


_LOCK: Final = """\
version: 1
repositories:
- repo: a/b
  commit: "0000000000000000000000000000000000000000"
  gated: false
  vllm: {}
  tensors: {}
  config: {}
  files: {}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("gated: false", "gated: 1"),
        ("vllm: {}", "vllm: {'9999999999999999999999999999999999999999999999999999999999999999.0': {}}"),
        ("vllm: {}", f"vllm: {{'{DIGITS}.0': {{}}}}"),
        ("tensors: {}", f"tensors: {{a: {DIGITS}}}"),
        ("tensors: {}", "tensors: {a: -1}"),
        ("files: {}", f"files: {{a: 'sha256:{'0' * 64} {DIGITS}'}}"),
        ("config: {}", "config: " + "[" * 1_000),
        ("config: {}", "config: {'\\e[31m': 1, \"\\e[31m\\n\": 2}"),
    ],
)
def test_a_hostile_lock_is_read_or_refused(before: str, after: str) -> None:
    """Only `generator lock` writes it, and anybody can edit it."""
    assert lockfile.parse(_LOCK.encode()).repositories
    with suppress(CatalogError):
        lockfile.parse(_LOCK.replace(before, after).encode())


@pytest.mark.parametrize("config", ["{auto_map: {AutoModel: 5}}", "{auto_map: {AutoModel: [[a--b]]}}"])
def test_a_lock_edited_by_hand_is_compared(config: str, tmp_path: Path) -> None:
    """What is no text is no name of a class."""
    root = project(tmp_path, with_argument("--trust-remote-code"))
    lock = _LOCK.replace("a/b", "sentence-transformers/all-MiniLM-L6-v2").replace(
        '"' + "0" * 40 + '"', "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
    )
    (root / "models.lock.yaml").write_text(lock.replace("config: {}", f"config: {{config.json: {config}}}"), "utf-8")
    ran = run("generate", root=root)
    assert ran.code == 1
    assert "[no-weights]" in ran.stderr
    assert list(files(root)) == ["models.lock.yaml", "models.yaml"]


class _Answers(BaseHTTPRequestHandler):
    """A server that is no S3 server."""

    date = "yesterday"
    total = "*"

    def do_GET(self) -> None:
        self.send_response_only(206)
        self.send_header("Date", self.date)
        self.send_header("Content-Range", f"bytes 0-0/{self.total}")
        self.send_header("Content-Length", "1")
        self.end_headers()
        self.wfile.write(b"<")

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("total", ["*", "x", "9" * 5_000])
def test_a_server_that_speaks_no_s3_is_an_error(total: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A size, a date or XML that cannot be read is the server's fault, and said so."""
    monkeypatch.setattr(_Answers, "total", total)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        bucket = Bucket(Access("bucket", "us-east-1", endpoint, keys=Keys("a", "b")), connections=1, attempts=1)
        with pytest.raises(S3Error, match="cannot read s3://bucket/key: the server gives the size as "):
            bucket.probe("key")
        with pytest.raises(S3Error, match="cannot list "):
            bucket.list_objects("")
        server.shutdown()


@pytest.mark.parametrize("date", ["yesterday", "", "Tue, 99 Nov 2026 12:00:00 GMT", "9" * 5_000])
def test_a_date_that_is_none_is_no_time(date: str) -> None:
    """The clock's skew is a hint, and no reason to fall over."""
    assert server_time({"ResponseMetadata": {"HTTPHeaders": {"date": date}}}) is None
