"""What is kept of a model's own files: only what decides how vLLM serves it, in values that YAML represents exactly."""

import json
from typing import Any

import pytest

from generator.vllm.model_config import (
    ENCODERS,
    NULL,
    PROMPTS_FILE,
    at_root,
    facts,
    mapping,
    modules_of,
    of_modules,
    tensors,
    texts,
    whole,
)

MODEL = "config.json"
TOKENIZER = "tokenizer_config.json"
ENCODER = "sentence_bert_config.json"
POOLING = "1_Pooling/config.json"


def kept(path: str, content: Any) -> Any:
    """What is kept of a file with this content."""
    return facts(path, json.dumps(content).encode())


def test_the_files_at_the_root_are_read_first() -> None:
    """As far as the repository has them; the others are named by modules.json."""
    present = {"README.md", POOLING, "modules.json", *ENCODERS, PROMPTS_FILE, TOKENIZER, MODEL}
    assert at_root(present) == [MODEL, TOKENIZER, "modules.json", *ENCODERS, PROMPTS_FILE]
    assert at_root({"README.md", MODEL}) == [MODEL]


def test_modules_name_further_files() -> None:
    """Each once, sorted, where it exists; the transformer's own path is empty."""
    paths = ["", "2_Dense", "1_Pooling", "1_Pooling", "3_Normalize"]
    entries = [{"type": "sentence_transformers.models.Any", "path": path} for path in paths]
    present = {POOLING, "2_Dense/config.json", "/config.json", MODEL}
    assert of_modules(entries, present) == [POOLING, "2_Dense/config.json"]


@pytest.mark.parametrize(
    ("modules", "entries"),
    [
        ([{"type": "a.B", "path": "1_B", "name": "1"}], [{"type": "a.B", "path": "1_B"}]),
        ([{"type": "a.B"}], [{"type": "a.B", "path": ""}]),
        ([{"type": "a.B", "path": 1}], [{"type": "a.B", "path": "1"}]),
        ([{"path": "1_B"}, {"type": None}, "a.B", {"type": "a.C"}], [{"type": "a.C", "path": ""}]),
        ({"type": "a.B"}, []),
        (None, []),
    ],
)
def test_malformed_modules_are_skipped(modules: Any, entries: list[dict[str, str]]) -> None:
    """A module has a type; everything else is optional."""
    assert modules_of(modules) == entries


def test_modules_json_keeps_type_and_path() -> None:
    """The order is the order of execution."""
    content = [{"idx": 0, "type": "a.Z", "path": ""}, {"idx": 1, "name": "1", "type": "a.B", "path": "1_B"}]
    assert kept("modules.json", content) == [{"path": "", "type": "a.Z"}, {"path": "1_B", "type": "a.B"}]


@pytest.mark.parametrize("path", [MODEL, TOKENIZER, ENCODER, POOLING])
def test_a_file_that_is_not_a_mapping_is_refused(path: str) -> None:
    """Like one that is not JSON."""
    with pytest.raises(ValueError, match=r"^not a mapping$"):
        facts(path, b"[]")
    with pytest.raises(ValueError, match=r"^Expecting"):
        facts(path, b"{")


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        (MODEL, {"hidden_size": 384, "vocab_size": 5}, {"hidden_size": 384}),
        (MODEL, {"text_config": {"hidden_size": 8, "x": 1}}, {"text_config": {"hidden_size": 8}}),
        (MODEL, {"text_config": {"x": 1}}, {}),
        (MODEL, {"text_config": "none", "model_type": "bert"}, {"model_type": "bert"}),
        (MODEL, {"hidden_size": {"a": 1}, "model_type": "bert"}, {"model_type": "bert"}),
        (
            MODEL,
            {"rope_parameters": {"full_attention": {"factor": 2, "x": 1}, "x": {}}},
            {"rope_parameters": {"full_attention": {"factor": 2}}},
        ),
        (TOKENIZER, {"model_max_length": 512, "max_position_embeddings": 8}, {"model_max_length": 512}),
        (ENCODER, {"max_seq_length": 256, "do_lower_case": False}, {"do_lower_case": False, "max_seq_length": 256}),
        (ENCODER, {"max_seq_length": None}, {"max_seq_length": NULL}),
        (ENCODER, {"max_seq_length": 256}, {"max_seq_length": 256}),
        (ENCODER, {"do_lower_case": True}, {"do_lower_case": True}),
        (ENCODER, {"do_lower_case": None}, {"do_lower_case": False}),
        (
            POOLING,
            {"word_embedding_dimension": 384, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False},
            {"pooling_mode_mean_tokens": True, "word_embedding_dimension": 384},
        ),
        (POOLING, {"pooling_mode": "mean", "include_prompt": True}, {"pooling_mode": "mean"}),
        (POOLING, {"pooling_mode_UPPER": True, "not_pooling_mode_a": True}, {}),
        (
            PROMPTS_FILE,
            {"prompts": {"query": "query: ", "sts": "x", "passage": 1.5}},
            {"prompts": {"passage": "1.5", "query": "query: "}},
        ),
        (PROMPTS_FILE, {"prompts": ["query: "], "similarity_fn_name": "cosine"}, {}),
        ("2_Dense/config.json", {"in_features": 768, "out_features": 256}, {"out_features": 256}),
    ],
)
def test_only_what_matters_is_kept_of_each_file(path: str, content: Any, expected: dict[str, Any]) -> None:
    """Sorted, so that the lock does not change with the order in the file."""
    found = kept(path, content)
    assert found == expected
    assert list(found) == sorted(found)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("false", False),
        ("8.0", 8),
        ("2.5", "2.5"),
        ("-2.5", "-2.5"),
        ('"a\\u001bb"', "a\ufffdb"),
        ('["a", null, 2.5, ["b"], {}]', ["a", "2.5"]),
        ("999999999999999", 999999999999999),
        ("-999999999999999.0", -999999999999999),
    ],
)
def test_a_value_is_kept_in_its_exact_form(written: str, value: object) -> None:
    """Fractions are text, control characters are replaced, and lists hold only plain items."""
    found = facts(MODEL, b'{"num_labels": %s}' % written.encode())["num_labels"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "written",
    ["null", "[]", "[null]", "1000000000000000", "-1000000000000000", "1e15", "1e30", "Infinity", "-Infinity", "NaN"],
)
def test_a_value_that_stands_for_no_limit_is_not_kept(written: str) -> None:
    """Nor is one without anything in it."""
    assert facts(MODEL, b'{"num_labels": %s}' % written.encode()) == {}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"id2label": {"1": "b", "0": "a"}}, {"id2label": {"0": "a", "1": "b"}}),
        ({"id2label": {"0": 1}}, {"id2label": {"0": "1"}}),
        ({"id2label": {str(number): "x" for number in range(16)}}, {"id2label": {str(n): "x" for n in range(16)}}),
        ({"id2label": {str(number): "x" for number in range(17)}}, {"num_labels": 17}),
        ({"id2label": {}, "num_labels": 3}, {"num_labels": 3}),
        ({"id2label": ["a", "b"]}, {}),
    ],
)
def test_labels_are_named_while_they_are_few(config: dict[str, Any], expected: dict[str, Any]) -> None:
    """Above sixteen, only their number is kept."""
    assert kept(MODEL, config) == expected


@pytest.mark.parametrize("path", [MODEL, TOKENIZER])
@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"AutoModel": "m.C"}, {"auto_map": {"AutoModel": ["m.C"]}}),
        ({"AutoTokenizer": ["m.Slow", None]}, {"auto_map": {"AutoTokenizer": ["m.Slow"]}}),
        ({"AutoModel": "owner/name--m.C"}, {"auto_map": {"AutoModel": ["owner/name--m.C"]}}),
        ({"A": None, "B": "m.C"}, {"auto_map": {"B": ["m.C"]}}),
        ({"AutoModel": None}, {}),
        ({}, {}),
        ("m.C", {}),
    ],
)
def test_custom_code_is_kept_with_where_it_comes_from(path: str, declared: Any, expected: dict[str, Any]) -> None:
    """By class of transformers, as a list, in either file."""
    assert kept(path, {"auto_map": declared}) == expected


@pytest.mark.parametrize(
    ("header", "counts"),
    [
        ({"a": {"dtype": "F32", "shape": [2, 3]}, "b": {"dtype": "F32", "shape": []}}, {"F32": 7}),
        ({"a": {"dtype": "I64", "shape": [5]}, "b": {"dtype": "F16", "shape": [2]}}, {"F16": 2, "I64": 5}),
        ({"__metadata__": {"format": "pt"}, "a": {"dtype": "F32", "shape": [0]}}, {"F32": 0}),
        ({}, {}),
    ],
)
def test_the_elements_in_a_safetensors_header_are_counted(header: Any, counts: dict[str, int]) -> None:
    """By type; a scalar is one element."""
    found = tensors(json.dumps(header).encode())
    assert list(found.items()) == list(counts.items())


@pytest.mark.parametrize("header", [b"[]", b'{"a": {}}', b'{"a": {"dtype": "F32", "shape": null}}', b'{"a": 1}'])
def test_a_header_that_is_not_one_of_safetensors_is_refused(header: bytes) -> None:
    """Like one that is not JSON."""
    with pytest.raises(ValueError, match=r"^not a safetensors header$"):
        tensors(header)
    with pytest.raises(ValueError, match=r"^Expecting"):
        tensors(header[:-1] + b"{")


def test_values_of_the_wrong_type_are_as_good_as_absent() -> None:
    """The lock is a file that people may edit, and `--hf-overrides` holds anything."""
    assert mapping({"a": {"b": 1}}, "a") == {"b": 1}
    assert mapping({"a": ["b"]}, "a") == mapping({}, "a") == {}
    assert [texts(value) for value in ("a", ["a", 1, "b"], None, {"a": "b"})] == [["a"], ["a", "b"], [], []]
    assert [whole(value) for value in (1, 0, -1, True, "1", NULL, None)] == [1, None, None, None, None, None, None]
