"""The longest text that each vLLM version takes, by the model's own files."""

from typing import Any

import pytest

from generator.vllm.max_length import Limit, accepted, crashes, overriding, positions
from generator.vllm.model_config import NULL, Facts
from generator.vllm.versions import parse

BERT = {"model_type": "bert", "max_position_embeddings": 512}
MODERN = {"model_type": "modernbert", "max_position_embeddings": 8192}


def facts(**files: dict[str, Any]) -> Facts:
    """What is locked of a model with these files, named without their ending."""
    return Facts(config={f"{name}.json": content for name, content in files.items()})


def limit(config: dict[str, Any], version: str, *, sliding: bool = True, **files: dict[str, Any]) -> str:
    """The limit for a configuration, as `tokens: where it comes from`."""
    found = accepted(config, facts(**files), parse(version), sliding=sliding)
    return f"{found.tokens}: {found}" if found else "none"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, "none"),
        ({"max_position_embeddings": 0}, "none"),
        ({"max_position_embeddings": 512, "seq_length": 256}, "256: seq_length in config.json"),
        ({"max_position_embeddings": 128, "seq_length": 256}, "128: max_position_embeddings in config.json"),
        ({"max_position_embeddings": 1000, "n_positions": 900}, "900: n_positions in config.json"),
        ({"max_seq_len": 900, "n_positions": 900}, "900: n_positions in config.json"),
        ({"max_position_embeddings": 1000, "model_max_length": 500}, "500: model_max_length in config.json"),
    ],
)
def test_the_smallest_of_the_lengths_in_config_json_counts(config: dict[str, Any], expected: str) -> None:
    """Without any of them, vLLM has a default of its own."""
    assert limit(config, "0.13.0") == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.7.3", "1024: model_max_length in config.json"),
        ("0.8.5", "1024: model_max_length in config.json"),
        ("0.13.0", "1024: model_max_length in config.json"),
    ],
)
def test_a_larger_model_max_length_in_config_json_lifts_the_limit(version: str, expected: str) -> None:
    """By the check in old versions, and as the only length in newer ones."""
    assert limit(MODERN | {"max_position_embeddings": 512, "model_max_length": 1024}, version) == expected


@pytest.mark.parametrize(
    ("tokens", "file"), [(383, "sentence_bert_config"), (384, "sentence_bert_config"), (385, "config")]
)
def test_a_larger_model_max_length_in_config_json_lifts_what_sentence_transformers_ask_for(
    tokens: int, file: str
) -> None:
    """Not an equal one: then the limit is still theirs."""
    files: dict[str, Any] = {"sentence_bert_config": {"max_seq_length": 384, "do_lower_case": False}}
    assert limit(MODERN | {"model_max_length": tokens}, "0.13.0", **files).endswith(f" in {file}.json")


@pytest.mark.parametrize(("version", "tokens"), [("0.8.4", 200), ("0.8.5", 400)])
def test_model_max_length_in_config_json_wins_from_0_8_5(version: str, tokens: int) -> None:
    """However small the other lengths are, scaling is applied to it and not to them."""
    config = {"model_max_length": 200, "max_position_embeddings": 100, "rope_scaling": {"type": "linear", "factor": 2}}
    assert limit(config, version).startswith(f"{tokens}: ")


@pytest.mark.parametrize(
    ("config", "sliding", "expected"),
    [
        ({"max_position_embeddings": 512, "sliding_window": 128}, True, "512: max_position_embeddings in config.json"),
        ({"max_position_embeddings": 512, "sliding_window": 128}, False, "128: sliding_window in config.json"),
        ({"max_position_embeddings": 64, "sliding_window": 128}, False, "64: max_position_embeddings in config.json"),
        ({"sliding_window": 128}, False, "128: sliding_window in config.json"),
    ],
)
def test_a_sliding_window_limits_where_it_does_not_slide(
    config: dict[str, Any],
    sliding: bool,  # noqa: FBT001 - a column of the table
    expected: str,
) -> None:
    """A model that vLLM cannot run with a sliding window takes no more than one."""
    assert limit(config, "0.13.0", sliding=sliding) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.8.5", "512: max_position_embeddings in config.json"),
        ("0.9.0", "256: model_max_length in tokenizer_config.json"),
        ("0.9.2", "256: model_max_length in tokenizer_config.json"),
        ("0.10.0", "256: model_max_length in tokenizer_config.json"),
        ("0.24.0", "256: model_max_length in tokenizer_config.json"),
        ("0.32.0", "512: max_position_embeddings in config.json"),
    ],
)
def test_the_tokenizer_limits_a_model_with_absolute_positions(version: str, expected: str) -> None:
    """From 0.9.0 on; from 0.32.0 on only if config.json calls the positions absolute itself."""
    assert limit(BERT, version, tokenizer_config={"model_max_length": 256}) == expected


@pytest.mark.parametrize("version", ["0.10.0", "0.32.0"])
@pytest.mark.parametrize(("kind", "tokens"), [("absolute", 256), ("relative_key", 8192)])
def test_config_json_may_say_which_positions_it_has(version: str, kind: str, tokens: int) -> None:
    """Only absolute ones are limited by the tokenizer, but for 0.9."""
    config = MODERN | {"position_embedding_type": kind}
    assert limit(config, version, tokenizer_config={"model_max_length": 256}).startswith(f"{tokens}: ")


def test_in_0_9_the_tokenizer_limits_every_model_after_the_check() -> None:
    """It lowers even what sentence-transformers asked for."""
    files: dict[str, Any] = {
        "tokenizer_config": {"model_max_length": 256},
        "sentence_bert_config": {"max_seq_length": 384, "do_lower_case": False},
    }
    assert limit(MODERN, "0.9.1", **files) == "256: model_max_length in tokenizer_config.json"
    assert limit(MODERN, "0.10.0", **files) == "384: max_seq_length in sentence_bert_config.json"


@pytest.mark.parametrize("key", ["rope_scaling", "rope_parameters"])
@pytest.mark.parametrize("kind", ["rope_type", "type"])
@pytest.mark.parametrize(
    ("scaling", "factor", "expected"),
    [
        ("linear", 2, "16384: max_position_embeddings, times the factor of {key}, in config.json"),
        ("linear", 1, "8192: max_position_embeddings in config.json"),
        ("linear", None, "8192: max_position_embeddings in config.json"),
        ("linear", 0, "8192: max_position_embeddings in config.json"),
        ("linear", -2, "8192: max_position_embeddings in config.json"),
        ("linear", "much", "8192: max_position_embeddings in config.json"),
        ("linear", "2.5", "20480: max_position_embeddings, times the factor of {key}, in config.json"),
        ("linear", 0.5, "4096: max_position_embeddings, times the factor of {key}, in config.json"),
        ("dynamic", 2, "16384: max_position_embeddings, times the factor of {key}, in config.json"),
        ("default", 2, "16384: max_position_embeddings, times the factor of {key}, in config.json"),
        ("su", 2, "8192: max_position_embeddings in config.json"),
        ("longrope", 2, "8192: max_position_embeddings in config.json"),
        ("llama3", 2, "8192: max_position_embeddings in config.json"),
        ("deepseek_yarn", 2, "8192: max_position_embeddings in config.json"),
        ("yarn", 2, "16384: {key} (yarn) in config.json"),
    ],
)
def test_rotary_positions_may_be_scaled(key: str, kind: str, scaling: str, factor: object, expected: str) -> None:
    """By the factor, but for the kinds whose factor vLLM leaves alone."""
    config = MODERN | {key: {kind: scaling, "factor": factor}}
    assert limit(config, "0.18.0") == expected.format(key=key)


def test_scaling_without_a_kind_is_scaling() -> None:
    """`default` is what vLLM takes for a missing kind."""
    assert limit(MODERN | {"rope_scaling": {"factor": 2}}, "0.18.0").startswith("16384: ")


@pytest.mark.parametrize(
    ("version", "original", "expected"),
    [
        ("0.18.0", 1024, "4096: rope_scaling (yarn) in config.json"),
        ("0.18.0", None, "32768: rope_scaling (yarn) in config.json"),
        ("0.19.0", 1024, "4096: rope_scaling (yarn) in config.json"),
        ("0.21.0", 512, "2048: rope_scaling (yarn) in config.json"),
        ("0.19.0", 4096, "8192: max_position_embeddings in config.json"),
        ("0.24.0", 1024, "8192: max_position_embeddings in config.json"),
    ],
)
def test_yarn_is_counted_differently_by_version(version: str, original: int | None, expected: str) -> None:
    """Multiplied up to 0.18, contained in the length from 0.24 on, and the smaller of both between."""
    config = MODERN | {"rope_scaling": {"type": "yarn", "factor": 4, "original_max_position_embeddings": original}}
    assert limit(config, version) == expected


def test_scaling_by_kind_of_layer_is_found_behind_one_that_does_not_count() -> None:
    """Each kind of layer may have its own."""
    layers = {
        "full_attention": {"rope_type": "llama3", "factor": 8},
        "sliding_attention": {"rope_type": "linear", "factor": 2},
    }
    assert limit(MODERN | {"rope_parameters": layers}, "0.18.0").startswith("16384: ")


def test_gemma3_is_not_scaled() -> None:
    """Its length in config.json is the scaled one."""
    config = {"model_type": "gemma3_text", "max_position_embeddings": 2048, "rope_scaling": {"factor": 8}}
    assert limit(config, "0.13.0") == "2048: max_position_embeddings in config.json"


@pytest.mark.parametrize(
    ("encoder", "version", "expected"),
    [
        ({"max_seq_length": 128, "do_lower_case": False}, "0.24.0", ("sentence_bert_config.json", 128)),
        ({"max_seq_length": 128}, "0.24.0", None),
        ({"max_seq_length": 128}, "0.25.0", ("sentence_bert_config.json", 128)),
        ({"do_lower_case": False}, "0.25.0", None),
    ],
)
def test_sentence_transformers_may_set_the_length(
    encoder: dict[str, Any], version: str, expected: tuple[str, int] | None
) -> None:
    """Up to 0.24 only with `do_lower_case` beside it."""
    assert overriding(facts(sentence_bert_config=encoder), parse(version)) == expected


def test_only_a_null_length_crashes() -> None:
    """It is compared with a number."""
    assert crashes(("sentence_bert_config.json", NULL))
    assert not crashes(("sentence_bert_config.json", 128))
    assert not crashes(None)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (BERT, 512),
        (BERT | {"model_type": "electra"}, 512),
        (BERT | {"model_type": "roberta"}, 510),
        (BERT | {"model_type": "xlm-roberta", "max_position_embeddings": 514}, 512),
        (BERT | {"model_type": "camembert"}, 510),
        (BERT | {"model_type": "camembert", "pad_token_id": 0}, 511),
        (BERT | {"model_type": "roberta", "pad_token_id": 5}, 506),
        (BERT | {"model_type": "roberta", "pad_token_id": None}, 510),
        (BERT | {"position_embedding_type": "absolute"}, 512),
        (BERT | {"position_embedding_type": "relative_key"}, None),
        (BERT | {"max_position_embeddings": None}, None),
        (MODERN, None),
        ({"max_position_embeddings": 512}, None),
    ],
)
def test_a_table_of_positions_has_an_end(config: dict[str, Any], expected: int | None) -> None:
    """RoBERTa's kind lose the positions up to the padding's."""
    found = positions(config)
    assert found == (expected and Limit(expected, "max_position_embeddings", "config.json"))
