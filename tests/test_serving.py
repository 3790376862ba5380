"""How each vLLM version serves a configuration: values from its sources, and from test runs."""

from collections.abc import Sequence
from typing import Any

import pytest

from generator.vllm import model_config as configs
from generator.vllm import serving
from generator.vllm.model_config import NULL, Facts
from generator.vllm.serving import Derived, runner_hint, unknown_modules
from generator.vllm.versions import parse

ST = "sentence_transformers.models"
NEW_ST = "sentence_transformers.sentence_transformer.modules"
BERT = {
    "architectures": ["BertModel"],
    "model_type": "bert",
    "hidden_size": 384,
    "max_position_embeddings": 512,
    "position_embedding_type": "absolute",
    "pad_token_id": 0,
}
XLMR = {
    "architectures": ["XLMRobertaForSequenceClassification"],
    "model_type": "xlm-roberta",
    "hidden_size": 768,
    "max_position_embeddings": 514,
    "position_embedding_type": "absolute",
    "pad_token_id": 1,
    "id2label": {"0": "LABEL_0"},
}
QWEN = {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": 1024}
OLD, NEW = "0.8.5", ("0.9.1", "0.10.1.1", "0.11.0", "0.11.2", "0.13.0", "0.18.0", "0.24.0", "0.32.0")
EVERY = (OLD, *NEW)


def modules(*names: str, base: str = ST) -> list[dict[str, str]]:
    """A modules.json: the transformer, then these."""
    rest = [{"type": f"{base}.{name}", "path": f"{number}_{name}"} for number, name in enumerate(names, 1)]
    return [{"type": f"{ST}.Transformer", "path": ""}, *rest]


def facts(
    config: dict[str, Any],
    more: dict[str, Any] | None = None,
    *,
    tokenizer: int | None = None,
    encoder: dict[str, Any] | None = None,
) -> Facts:
    """Facts of a repository; `more` are further files."""
    files: dict[str, Any] = {"config.json": config, **(more or {})}
    if tokenizer:
        files["tokenizer_config.json"] = {"model_max_length": tokenizer}
    if encoder is not None:
        files["sentence_bert_config.json"] = encoder
    return Facts(config=files)


def sentence(length: int | str) -> dict[str, Any]:
    """A sentence_bert_config.json as sentence-transformers wrote it for years."""
    return {"max_seq_length": length, "do_lower_case": False}


def derive(known: Facts, version: str, args: Sequence[str] = ()) -> Derived:
    """What a version, given as text, makes of a model."""
    return serving.derive(known, parse(version), args)


def limit(derived: Derived) -> int | None:
    """The largest maxModelLen that serves."""
    return derived.limit.tokens if derived.limit else None


MINILM = facts(BERT, tokenizer=512, encoder=sentence(256))
BGE = facts({**BERT, "hidden_size": 768}, tokenizer=512, encoder=sentence(512))
MS_MARCO = facts({**BERT, "architectures": ["BertForSequenceClassification"], "num_labels": 1}, tokenizer=512)
RERANKER = facts(XLMR, tokenizer=512)
NOMIC_MOE = facts(
    {"architectures": ["NomicBertModel"], "model_type": "nomic_bert", "n_positions": 2048}, encoder=sentence(512)
)


@pytest.mark.parametrize("version", EVERY)
@pytest.mark.parametrize(
    ("model", "tokens", "file"),
    [
        (MINILM, 256, "sentence_bert_config.json"),
        (BGE, 512, "sentence_bert_config.json"),
        (MS_MARCO, 512, "config.json"),
        (NOMIC_MOE, 512, "sentence_bert_config.json"),
    ],
    ids=["all-MiniLM-L6-v2", "bge-base-en-v1.5", "ms-marco-MiniLM-L12-v2", "nomic-embed-text-v2-moe"],
)
def test_the_worked_values_hold_in_every_version(model: Facts, tokens: int, file: str, version: str) -> None:
    """The message names the file that sets the limit; vLLM's own always says max_position_embeddings."""
    derived = derive(model, version)
    assert derived.accepted is not None
    assert (limit(derived), derived.accepted.file) == (tokens, file)


def granite(config: dict[str, Any], tokens: int) -> Facts:
    """A granite embedding model: CLS pooling and normalization, and one length in both files beside config.json."""
    rest = {"modules.json": modules("Pooling", "Normalize"), "1_Pooling/config.json": {"pooling_mode_cls_token": True}}
    return facts({"hidden_size": 768, **config}, rest, tokenizer=tokens, encoder=sentence(tokens))


@pytest.mark.parametrize("version", EVERY)
@pytest.mark.parametrize(
    ("model", "tokens", "usable"),
    [
        (granite({**XLMR, "architectures": ["XLMRobertaModel"]}, 512), 512, 512),
        (
            granite(
                {
                    "architectures": ["ModernBertModel"],
                    "model_type": "modernbert",
                    "max_position_embeddings": 8192,
                    "local_attention": 128,
                    "pad_token_id": 3,
                },
                8192,
            ),
            8192,
            None,
        ),
    ],
    ids=["granite-embedding-278m-multilingual", "granite-embedding-english-r2"],
)
def test_granite_is_served_as_on_its_card(model: Facts, tokens: int, usable: int | None, version: str) -> None:
    """Architecture, dimensions, pooling and length are from the model cards; no config.json was available.

    So the other values are made up: 514 positions as every XLM-RoBERTa has them, and ModernBERT's window and padding.
    """
    derived = derive(model, version)
    assert (derived.task, derived.dimensions, derived.pooling, derived.normalize) == ("embedding", 768, "cls", True)
    assert limit(derived) == tokens
    assert (derived.usable and derived.usable.tokens) == usable


def test_an_old_vllm_accepts_two_tokens_too_many_for_xlm_roberta() -> None:
    """There are 514 positions, two of them for padding; up to 0.8.5 nothing stops the 513th token."""
    old = derive(RERANKER, OLD)
    assert old.accepted is not None
    assert (old.accepted.tokens, limit(old)) == (514, 512)
    for version in NEW:
        new = derive(RERANKER, version)
        assert new.accepted is not None
        assert (new.accepted.tokens, new.accepted.file) == (512, "tokenizer_config.json")


def test_without_the_key_new_versions_accept_514_again() -> None:
    """Transformers 5 has no default for `position_embedding_type`, on which the tokenizer's limit depends."""
    saved_anew = facts({key: value for key, value in XLMR.items() if key != "position_embedding_type"}, tokenizer=512)
    for version, accepted in (("0.13.0", 512), ("0.32.0", 514)):
        derived = derive(saved_anew, version)
        assert derived.accepted is not None
        assert (derived.accepted.tokens, limit(derived)) == (accepted, 512)
    without_tokenizer = derive(facts(XLMR), "0.32.0")
    assert without_tokenizer.accepted is not None
    assert without_tokenizer.accepted.tokens == 514


def test_padding_defaults_to_one() -> None:
    """As in transformers' own defaults for RoBERTa's kind; bge-m3 has 8194 positions, and 8192 tokens."""
    m3 = facts({"architectures": ["XLMRobertaModel"], "model_type": "xlm-roberta", "max_position_embeddings": 8194})
    assert limit(derive(m3, "0.13.0")) == 8192


@pytest.mark.parametrize(("version", "tokens"), [("0.8.5", 512), ("0.13.0", 512), ("0.24.0", 512), ("0.32.0", 256)])
def test_old_versions_require_do_lower_case(version: str, tokens: int) -> None:
    """A file with only `max_seq_length` counts from a later version on."""
    assert limit(derive(facts(BERT, tokenizer=512, encoder={"max_seq_length": 256}), version)) == tokens


def test_sentence_transformers_may_raise_the_limit_past_the_positions() -> None:
    """It accepts 1024 for a table of 512 positions; the model would crash."""
    derived = derive(facts(BERT, encoder=sentence(1024)), "0.32.0")
    assert derived.accepted is not None
    assert (derived.accepted.tokens, limit(derived)) == (1024, 512)


def test_a_null_length_is_not_a_limit() -> None:
    """It has its own diagnostic: the server would not start."""
    assert limit(derive(facts(BERT, encoder=sentence(NULL)), "0.32.0")) == 512


def test_a_window_limits_only_when_sliding_is_off() -> None:
    """`--disable-sliding-window` turns the window into the length."""
    windowed = facts({**QWEN, "max_position_embeddings": 32768, "sliding_window": 4096})
    assert limit(derive(windowed, "0.13.0")) == 32768
    assert limit(derive(windowed, "0.13.0", ["--disable-sliding-window"])) == 4096


def test_a_model_without_any_length_has_no_limit() -> None:
    """Then vLLM accepts any length."""
    assert derive(facts({"architectures": ["XModel"]}), "0.13.0").limit is None


def test_hf_overrides_apply_over_the_configuration() -> None:
    """`--hf-overrides` can turn a causal model into a reranker, and change its length."""
    argument = (
        '--hf-overrides={"architectures": ["Qwen3ForSequenceClassification"], "num_labels": 1, "n_positions": 99}'
    )
    derived = derive(facts(QWEN), "0.13.0", [argument])
    assert (derived.task, derived.labels, limit(derived)) == ("reranker", 1, 99)


@pytest.mark.parametrize(
    ("architecture", "args", "pooled", "task"),
    [
        ("BertModel", [], "pooled", "embedding"),
        ("BertModel", [], "", "embedding"),
        ("BertForSequenceClassification", [], "", "reranker"),
        ("Qwen3ForCausalLM", [], "pooled", "embedding"),
        ("Qwen3ForCausalLM", [], "", "generation"),
        ("Qwen3ForCausalLM", ["--runner=pooling"], "", "embedding"),
        ("Qwen3ForCausalLM", ["--task=embed"], "", "embedding"),
        ("Qwen3ForCausalLM", ["--runner=pooling", "--convert=classify"], "", "reranker"),
        ("InternLM2ForRewardModel", [], "", None),
        ("BertForMaskedLM", [], "", None),
        ("", [], "", None),
    ],
)
def test_the_task_follows_the_architectures_name(
    architecture: str,
    args: list[str],
    pooled: str,
    task: str | None,
) -> None:
    """As in vLLM's registry and suffixes; None where only the registry decides."""
    more = {"modules.json": modules("Pooling"), "1_Pooling/config.json": {}} if pooled else {}
    assert derive(facts({"architectures": [architecture]}, more), "0.13.0", args).task == task


def test_the_hint_fits_the_version() -> None:
    """--task was removed where --runner came."""
    assert [runner_hint(parse(version)) for version in ("0.10.0", "0.10.1.1", "0.13.0")] == [
        "--task=embed",
        "--runner=pooling",
        "--runner=pooling",
    ]


def pooled(flags: dict[str, Any], *names: str, base: str = ST, version: str = "0.13.0") -> Derived:
    """An embedder with this pooling configuration."""
    described = {"1_Pooling/config.json": {"word_embedding_dimension": 384, **flags}}
    return derive(facts(BERT, {"modules.json": modules("Pooling", *names, base=base), **described}), version)


def test_pooling_and_normalization_come_from_the_modules() -> None:
    """The dimensions come from the last module that states them."""
    mean = pooled({"pooling_mode_mean_tokens": True}, "Normalize")
    assert (mean.pooling, mean.normalize, mean.dimensions) == ("mean", True, 384)
    assert pooled({"pooling_mode_cls_token": True}).normalize is False
    assert pooled({"pooling_mode_lasttoken": True}).pooling == "last"
    assert pooled({"pooling_mode_max_tokens": True}).pooling is None
    assert pooled({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True}).pooling is None


def test_a_dense_layer_sets_the_dimensions() -> None:
    """Its output is the vector."""
    described = {
        "modules.json": modules("Pooling", "Dense"),
        "1_Pooling/config.json": {"word_embedding_dimension": 768, "pooling_mode_mean_tokens": True},
        "2_Dense/config.json": {"out_features": 256},
    }
    assert derive(facts(BERT, described), "0.13.0").dimensions == 256


def test_resaved_modules_need_a_newer_version() -> None:
    """Older versions silently use the architecture's pooling and normalization."""
    old = pooled({"pooling_mode": "mean"}, "Normalize", base=f"{NEW_ST}.x", version="0.24.0")
    new = pooled({"pooling_mode": "mean"}, "Normalize", base=f"{NEW_ST}.x", version="0.32.0")
    assert (old.pooling, new.pooling) == ("cls", "mean")
    described = facts(BERT, {"modules.json": modules("Pooling", "Normalize", base=f"{NEW_ST}.x")})
    assert len(unknown_modules(described, parse("0.24.0"))) == 2
    assert unknown_modules(described, parse("0.32.0")) == []


def test_without_modules_vllm_takes_its_defaults() -> None:
    """[CLS] for an encoder, the last token for a decoder; both normalized."""
    assert (derive(facts(BERT), "0.13.0").pooling, derive(facts(BERT), "0.13.0").normalize) == ("cls", True)
    assert derive(facts(QWEN), "0.13.0", ["--runner=pooling"]).pooling == "last"


@pytest.mark.parametrize(
    ("more", "activation"),
    [
        ({"sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity"}}, "identity"),
        ({"sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity"}, "identity"),
        ({"sbert_ce_default_activation_function": "evil.module.Function"}, "sigmoid"),
        ({}, "sigmoid"),
        ({"num_labels": 3}, "softmax"),
    ],
)
def test_the_scale_of_scores(more: dict[str, Any], activation: str) -> None:
    """Raw logits, or between 0 and 1."""
    base = {"architectures": ["BertForSequenceClassification"], "num_labels": 1}
    assert derive(facts({**base, **more}), "0.13.0").activation == activation


def test_the_default_number_of_labels_is_two() -> None:
    """As in transformers."""
    assert derive(facts({"architectures": ["BertForSequenceClassification"]}), "0.13.0").labels == 2


def test_type_and_size_of_the_weights() -> None:
    """The type is the configuration's, else the checkpoint's; saved position ids are not parameters."""
    weights = Facts(tensors={"F32": 22_713_216, "I64": 512}, config={"config.json": BERT})
    assert (derive(weights, "0.13.0").dtype, derive(weights, "0.13.0").parameters) == ("float32", 22_713_216)
    said = weights._replace(config={"config.json": {**BERT, "torch_dtype": "bfloat16"}})
    assert derive(said, "0.13.0").dtype == "bfloat16"


def test_only_what_matters_is_kept_of_a_file() -> None:
    """In values that YAML can represent exactly."""
    raw = b"""{"architectures": ["A"], "hidden_size": 8.0, "vocab_size": 5, "rope_scaling": {"factor": 2.5, "x": 1},
        "max_position_embeddings": null, "id2label": {"0": "a"}, "auto_map": {"AutoModel": "org/repo--m.C"}}"""
    assert configs.facts("config.json", raw) == {
        "architectures": ["A"],
        "hidden_size": 8,
        "rope_scaling": {"factor": "2.5"},
        "id2label": {"0": "a"},
        "auto_map": {"AutoModel": ["org/repo--m.C"]},
    }
    sentinel = b'{"model_max_length": 1000000000000000019884624838656, "auto_map": {"AutoTokenizer": ["a.B", null]}}'
    assert configs.facts("tokenizer_config.json", sentinel) == {"auto_map": {"AutoTokenizer": ["a.B"]}}
    assert configs.facts("sentence_bert_config.json", b'{"max_seq_length": null}') == {"max_seq_length": NULL}
    many = {str(number): "x" for number in range(40)}
    assert configs.facts("config.json", repr({"id2label": many}).replace("'", '"').encode()) == {"num_labels": 40}


def test_a_safetensors_header_is_counted_or_refused() -> None:
    """Elements by type."""
    header = (
        b'{"a": {"dtype": "F32", "shape": [2, 3]}, "b": {"dtype": "F32", "shape": []}, "__metadata__": {"f": "pt"}}'
    )
    assert configs.tensors(header) == {"F32": 7}
    for broken in (b"{", b"[]", b'{"a": {}}', b'{"a": {"dtype": "F32", "shape": null}}'):
        with pytest.raises(ValueError, match=r".*"):
            configs.tensors(broken)
