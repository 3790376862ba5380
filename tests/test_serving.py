"""How each vLLM version serves a configuration: values from its sources, and from test runs."""

from collections.abc import Sequence
from typing import Any

import pytest

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


def test_of_a_repository_without_configuration_nothing_is_derived() -> None:
    """Such as one that holds only weights in another format."""
    derived = derive(Facts(), "0.13.0")._asdict()
    assert {key: value for key, value in derived.items() if value is not None} == {
        "architecture": "",
        "normalize": False,
    }


def test_hf_overrides_apply_over_the_configuration() -> None:
    """`--hf-overrides` can turn a causal model into a reranker, and change its length."""
    argument = (
        '--hf-overrides={"architectures": ["Qwen3ForSequenceClassification"], "num_labels": 1, "n_positions": 99}'
    )
    derived = derive(facts(QWEN), "0.13.0", [argument])
    assert (derived.task, derived.labels, limit(derived)) == ("reranker", 1, 99)


@pytest.mark.parametrize("value", ["", "{", "[]", "1"])
def test_hf_overrides_that_are_no_map_change_nothing(value: str) -> None:
    """They are reported as an argument of their own."""
    assert derive(MINILM, "0.13.0", [f"--hf-overrides={value}"]) == derive(MINILM, "0.13.0")


def test_the_lengths_are_those_of_the_text_model() -> None:
    """A model of several kinds of input has them below `text_config`."""
    text = {"model_type": "bert", "max_position_embeddings": 512}
    derived = derive(facts({"max_position_embeddings": 64, "text_config": text}), "0.13.0")
    assert derived.accepted is not None
    assert derived.usable is not None
    assert (derived.accepted.tokens, derived.usable.tokens) == (512, 512)


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
        ("Qwen3ForCausalLM", ["--task=embedding"], "", "embedding"),
        ("Qwen3ForCausalLM", ["--task=score"], "", "reranker"),
        ("Qwen3ForCausalLM", ["--task=generate"], "", "generation"),
        ("Qwen3ForCausalLM", ["--runner=generate"], "", "generation"),
        ("Qwen3ForCausalLM", ["--convert=classify"], "", "reranker"),
        ("Qwen3ForCausalLM", ["--convert=embed", "--task=score"], "", "embedding"),
        ("GPT2LMHeadModel", [], "", "generation"),
        ("T5ForConditionalGeneration", [], "", "generation"),
        ("BertModel", ["--convert=classify"], "", "reranker"),
        ("BertForSequenceClassification", ["--task=embed"], "", "reranker"),
        ("BertForMaskedLM", ["--task=embed"], "", None),
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
    """As modules.json lists them."""
    mean = pooled({"pooling_mode_mean_tokens": True}, "Normalize")
    assert (mean.pooling, mean.normalize) == ("mean", True)
    assert pooled({"pooling_mode_cls_token": True}).normalize is False


@pytest.mark.parametrize(
    ("described", "old", "new"),
    [
        ({"pooling_mode_mean_tokens": True}, "mean", "mean"),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls", "cls"),
        ({"pooling_mode_lasttoken": True, "include_prompt": True}, "last", "last"),
        ({"pooling_mode_max_tokens": True}, None, None),
        ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True}, None, None),
        ({"include_prompt": True}, None, None),
        ({"pooling_mode": "mean"}, None, "mean"),
        ({"pooling_mode": ["cls"]}, None, "cls"),
        ({"pooling_mode": ["cls", "mean"]}, None, None),
    ],
)
def test_exactly_one_pooling_is_turned_on(described: dict[str, Any], old: str | None, new: str | None) -> None:
    """By its own flag; `pooling_mode` is known from 0.32.0 on."""
    assert (pooled(described, version="0.24.0").pooling, pooled(described, version="0.32.0").pooling) == (old, new)


@pytest.mark.parametrize(
    ("architecture", "pooling"),
    [("BertModel", "cls"), ("Qwen3ForCausalLM", "last"), ("GPT2LMHeadModel", "last")],
)
def test_without_its_configuration_pooling_is_the_architectures(architecture: str, pooling: str) -> None:
    """The same as without modules.json."""
    config = {"architectures": [architecture]}
    assert derive(facts(config, {"modules.json": modules("Pooling")}), "0.18.0").pooling == pooling
    assert derive(facts(config), "0.18.0", ["--runner=pooling"]).pooling == pooling


@pytest.mark.parametrize(
    ("config", "described", "dimensions"),
    [
        ({}, [], None),
        ({"hidden_size": 384, "d_model": 512}, [], 384),
        ({"d_model": 512, "n_embd": 768}, [], 512),
        ({"n_embd": 768}, [], 768),
        ({"hidden_size": 384, "text_config": {"hidden_size": 1024}}, [], 1024),
        ({"hidden_size": 384, "text_config": None}, [], 384),
        ({"hidden_size": 384}, [{}], 384),
        ({"hidden_size": 384}, [{"word_embedding_dimension": 768}], 768),
        ({"hidden_size": 384}, [{"word_embedding_dimension": 768}, {}], 768),
        ({"hidden_size": 384}, [{"word_embedding_dimension": 768}, {"out_features": 256}], 256),
        ({"hidden_size": 384}, [{"out_features": 256}, {"word_embedding_dimension": 768}], 256),
        ({"hidden_size": 384}, [{"out_features": 256}, {"out_features": 128}, {}], 128),
    ],
)
def test_the_last_layer_sets_the_dimensions(
    config: dict[str, Any], described: list[dict[str, Any]], dimensions: int | None
) -> None:
    """The output of a dense layer is the vector; without one it is what is pooled, or the model's own size."""
    files = {f"{number}_Dense/config.json": content for number, content in enumerate(described, 1)}
    listed = {"modules.json": modules(*["Dense"] * len(described))} if described else {}
    known = facts({"architectures": ["BertModel"], **config}, {**listed, **files})
    assert derive(known, "0.13.0").dimensions == dimensions


@pytest.mark.parametrize(
    ("module", "since"),
    [
        (f"{ST}.Pooling", "0.8.5"),
        (f"{ST}.Normalize", "0.8.5"),
        (f"{ST}.Dense", "0.8.5"),
        (f"{NEW_ST}.pooling.Pooling", "0.32.0"),
        ("sentence_transformers.base.modules.dense.Dense", "0.32.0"),
        (f"{ST}.LayerNorm", None),
        (f"{NEW_ST}.pooling.WeightedPooling", None),
        (f"{ST}.pooling.Pooling", None),
        ("my.Pooling", None),
        ("Pooling", None),
    ],
)
def test_a_module_is_known_by_its_path(module: str, since: str | None) -> None:
    """A class of the same name elsewhere is another one."""
    known = [version for version in EVERY if serving.module_name(module, parse(version)) is not None]
    assert known == (list(EVERY[EVERY.index(since) :]) if since else [])
    assert {serving.module_name(module, parse(version)) for version in known} <= {module.rpartition(".")[2]}


def test_a_module_that_changes_the_vectors_is_reported() -> None:
    """Dropout does nothing when serving; the first module is the transformer."""
    described = facts(BERT, {"modules.json": modules("Pooling", "Dropout", "LayerNorm", "Normalize")})
    assert unknown_modules(described, parse("0.13.0")) == [f"{ST}.LayerNorm"]


def test_resaved_modules_need_a_newer_version() -> None:
    """Older versions silently use the architecture's pooling and normalization."""
    old = pooled({"pooling_mode": "mean"}, "Normalize", base=f"{NEW_ST}.x", version="0.24.0")
    new = pooled({"pooling_mode": "mean"}, "Normalize", base=f"{NEW_ST}.x", version="0.32.0")
    assert (old.pooling, new.pooling) == ("cls", "mean")
    described = facts(BERT, {"modules.json": modules("Pooling", "Normalize", base=f"{NEW_ST}.x")})
    assert len(unknown_modules(described, parse("0.24.0"))) == 2
    assert unknown_modules(described, parse("0.32.0")) == []


def test_the_first_module_that_pools_names_the_file() -> None:
    """It is looked for even where it is missing; a version that does not know the class looks for none."""
    listed = facts(BERT, {"modules.json": modules("Dense", "Pooling", "Pooling")})
    resaved = facts(BERT, {"modules.json": modules("Pooling", base=f"{NEW_ST}.pooling")})
    assert serving.pooling_file(listed, parse("0.13.0")) == "2_Pooling/config.json"
    assert serving.pooling_file(resaved, parse("0.24.0")) is None
    assert serving.pooling_file(resaved, parse("0.32.0")) == "1_Pooling/config.json"
    assert serving.pooling_file(facts(BERT), parse("0.13.0")) is None


@pytest.mark.parametrize("model", [BERT, QWEN])
def test_without_modules_vllm_normalizes(model: dict[str, Any]) -> None:
    """Encoders and decoders alike."""
    assert derive(facts(model), "0.13.0", ["--runner=pooling"]).normalize is True


def test_a_reranker_has_scores_and_an_embedder_has_vectors() -> None:
    """What belongs to the other task is None, and normalize is false."""
    scores, vectors = derive(RERANKER, "0.13.0"), derive(MINILM, "0.13.0")
    assert (scores.labels, scores.activation) == (1, "sigmoid")
    assert (scores.dimensions, scores.pooling, scores.normalize) == (None, None, False)
    assert (vectors.labels, vectors.activation) == (None, None)
    assert (vectors.dimensions, vectors.pooling, vectors.normalize) == (384, "cls", True)
    assert (scores.architecture, vectors.architecture) == ("XLMRobertaForSequenceClassification", "BertModel")


@pytest.mark.parametrize(
    ("more", "activation"),
    [
        ({"sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity"}}, "identity"),
        ({"sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity"}, "identity"),
        ({"sbert_ce_default_activation_function": "evil.module.Function"}, "sigmoid"),
        (
            {
                "sentence_transformers": {"activation_fn": "torch.nn.modules.activation.Tanh"},
                "sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity",
            },
            "tanh",
        ),
        ({"sentence_transformers": "none"}, "sigmoid"),
        ({}, "sigmoid"),
        ({"num_labels": 2}, "softmax"),
        ({"num_labels": 3}, "softmax"),
    ],
)
def test_the_scale_of_scores(more: dict[str, Any], activation: str) -> None:
    """Raw logits, or between 0 and 1."""
    base = {"architectures": ["BertForSequenceClassification"], "num_labels": 1}
    assert derive(facts({**base, **more}), "0.13.0").activation == activation


@pytest.mark.parametrize(
    ("config", "labels"),
    [
        ({}, 2),
        ({"num_labels": 3}, 3),
        ({"num_labels": 3, "id2label": {"0": "a"}}, 1),
        ({"num_labels": 3, "id2label": {}}, 3),
        ({"num_labels": 3, "id2label": ["a"]}, 3),
    ],
)
def test_the_number_of_labels(config: dict[str, Any], labels: int) -> None:
    """Their names count before their number; transformers' default is two."""
    known = facts({"architectures": ["BertForSequenceClassification"], **config})
    assert derive(known, "0.13.0").labels == labels


@pytest.mark.parametrize(
    ("config", "tensors", "dtype"),
    [
        ({"dtype": "bfloat16", "torch_dtype": "float16"}, {"F32": 1}, "bfloat16"),
        ({"torch_dtype": "torch.float16"}, {"F32": 1}, "float16"),
        ({"text_config": {"dtype": "bfloat16"}}, {"F32": 1}, "bfloat16"),
        ({}, {"F32": 22_713_216, "I64": 99_000_000, "BOOL": 99_000_000}, "float32"),
        ({}, {"F32": 10, "BF16": 90}, "bfloat16"),
        ({}, {"F16": 50, "F32": 50}, "float32"),
        ({}, {"F64": 1}, "float64"),
        ({}, {"F16": 1}, "float16"),
        ({}, {"F8_E4M3": 1}, "f8_e4m3"),
        ({"torch_dtype": ["float16"]}, {"F32": 1}, "float32"),
        ({}, {"I64": 512}, None),
        ({}, {}, None),
    ],
)
def test_the_type_of_the_weights(config: dict[str, Any], tensors: dict[str, int], dtype: str | None) -> None:
    """The configuration's, else that of most parameters in the checkpoint."""
    assert derive(Facts(tensors=tensors, config={"config.json": config}), "0.13.0").dtype == dtype


@pytest.mark.parametrize(
    ("tensors", "parameters"),
    [({"F32": 22_713_216, "BF16": 1, "I64": 512, "BOOL": 7}, 22_713_217), ({"I64": 512}, None), ({}, None)],
)
def test_the_number_of_parameters(tensors: dict[str, int], parameters: int | None) -> None:
    """Saved positions and masks are no parameters."""
    assert derive(Facts(tensors=tensors), "0.13.0").parameters == parameters
