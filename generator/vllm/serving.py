"""What a vLLM version makes of a model's configuration: vectors or scores, how long a text, how many dimensions."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from generator import json_text
from generator.vllm import max_length as length
from generator.vllm import versions
from generator.vllm.arguments import split
from generator.vllm.max_length import Limit
from generator.vllm.model_config import MODULES, Facts, mapping, modules_of, texts, whole
from generator.vllm.versions import Version

# Of vllm-project/vllm, at v0.18.0 where nothing else is said.
_MODEL: Final = "config.json"
_OLD_CLASSES: Final = "sentence_transformers.models."
_NEW_CLASSES: Final = ("sentence_transformers.sentence_transformer.modules.", "sentence_transformers.base.modules.")
"""Both in vllm/transformers_utils/config.py @ v0.32.0: _ST_POOLING_MODULE_TYPES and the two below it."""
_KNOWN_MODULES: Final = frozenset({"Pooling", "Normalize", "Dense"})
_HARMLESS_MODULES: Final = frozenset({"Dropout"})
_POOLINGS: Final = {"cls_token": "cls", "cls": "cls", "mean_tokens": "mean", "mean": "mean", "lasttoken": "last"}
"""parse_pooling_type in vllm/transformers_utils/config.py; the names are the keys of a module's configuration."""
_SUFFIXES: Final = (
    ("ForSequenceClassification", "reranker"),
    ("ForCausalLM", "generation"),
    ("ForConditionalGeneration", "generation"),
    ("LMHeadModel", "generation"),
    ("RewardModel", None),
    ("ForTextEncoding", "embedding"),
    ("Model", "embedding"),
)
"""_SUFFIX_TO_DEFAULTS in vllm/config/model.py, those that a catalog can meet. A reward model's task is not ours."""
_WISHES: Final = {"embed": "embedding", "embedding": "embedding", "classify": "reranker", "score": "reranker"}
_DTYPES: Final = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_NO_WEIGHTS: Final = frozenset({"I64", "BOOL"})  # positions and masks that old checkpoints carry along


class Derived(NamedTuple):
    """How one vLLM version serves a model.

    `accepted` is the largest maxModelLen that it takes, `usable` the largest that the model's table of positions
    bears; None where nothing limits. `task` is embedding, reranker, generation, or None when the architecture's name
    does not tell. `pooling` is None for a reranker, and for a pooling that vLLM does not have.
    """

    architecture: str
    task: str | None
    accepted: Limit | None
    usable: Limit | None
    dimensions: int | None
    pooling: str | None
    normalize: bool
    labels: int | None
    activation: str | None
    dtype: str | None
    parameters: int | None

    @property
    def limit(self) -> Limit | None:
        """The largest maxModelLen that serves."""
        limits = [limit for limit in (self.accepted, self.usable) if limit is not None]
        return min(limits, key=lambda limit: limit.tokens, default=None)


def derive(facts: Facts, version: Version, args: Sequence[str] = ()) -> Derived:
    """What a version, started with `args`, makes of these facts."""
    given = dict(split(argument) for argument in args)
    config = {**mapping(facts.config, _MODEL), **overrides(given)}
    text = config["text_config"] if isinstance(config.get("text_config"), dict) else config
    architecture = next(iter(texts(config.get("architectures"))), "")
    pooled = _known_module(facts, "Pooling", version)
    task = _task(architecture, given, pooled=pooled is not None)
    accepted = length.accepted(text, facts, version, sliding="--disable-sliding-window" not in given)
    parameters = sum(count for kind, count in facts.tensors.items() if kind not in _NO_WEIGHTS)
    embeds = task == "embedding"
    labels = _labels(config) if task == "reranker" else None
    return Derived(
        architecture=architecture,
        task=task,
        accepted=accepted,
        usable=length.positions(text),
        dimensions=_dimensions(text, facts) if embeds else None,
        pooling=_pooling(architecture, facts, pooled, version) if embeds else None,
        normalize=embeds and (pooled is None or _known_module(facts, "Normalize", version) is not None),
        labels=labels,
        activation=_activation(config, labels) if labels is not None else None,
        dtype=_dtype(text, facts),
        parameters=parameters or None,
    )


def overrides(given: Mapping[str, str | None]) -> dict[str, Any]:
    """What `--hf-overrides` lays over config.json."""
    try:
        parsed = json_text.parse(given.get("--hf-overrides") or "{}")
    except ValueError:
        return {}  # reported as an argument of its own
    return parsed if isinstance(parsed, dict) else {}


def _task(architecture: str, given: Mapping[str, str | None], *, pooled: bool) -> str | None:
    wish = _WISHES.get(given.get("--convert") or given.get("--task") or "")
    task = next((task for suffix, task in _SUFFIXES if architecture.endswith(suffix)), None)
    if wish and task in ("generation", "embedding"):
        return wish
    if task == "generation" and (pooled or given.get("--runner") == "pooling"):
        return "embedding"
    return task


def runner_hint(version: Version) -> str:
    """The argument that makes this version take a causal model for an embedder."""
    return "--runner=pooling" if version >= versions.RUNNER_AND_CONVERT else "--task=embed"


def module_name(type_: str, version: Version) -> str | None:
    """Pooling, Normalize or Dense, when this version knows the class under that path."""
    prefix, _, name = type_.rpartition(".")
    new = version >= versions.SENTENCE_TRANSFORMERS_5_4 and f"{prefix}.".startswith(_NEW_CLASSES)
    return name if name in _KNOWN_MODULES and (f"{prefix}." == _OLD_CLASSES or new) else None


def unknown_modules(facts: Facts, version: Version) -> list[str]:
    """The classes in modules.json that this version would skip, although they change the vectors."""
    modules = modules_of(facts.config.get(MODULES))[1:]  # the first is the transformer itself
    return [
        module["type"]
        for module in modules
        if module_name(module["type"], version) is None and module["type"].rpartition(".")[2] not in _HARMLESS_MODULES
    ]


def _known_module(facts: Facts, name: str, version: Version) -> str | None:
    """The configuration file of the first module of that name, for a version that knows its class."""
    for module in modules_of(facts.config.get(MODULES)):
        if module_name(module["type"], version) == name:
            return f"{module['path']}/config.json"
    return None


def pooling_file(facts: Facts, version: Version) -> str | None:
    """Where this version looks for the pooling; None when modules.json names none that it knows."""
    return _known_module(facts, "Pooling", version)


def declared_pooling(facts: Facts, file: str) -> list[str]:
    """The poolings that a module's configuration turns on, in the words of the file."""
    module = mapping(facts.config, file)
    flags = [key.removeprefix("pooling_mode_") for key, value in module.items() if "mode_" in key and value is True]
    return flags or texts(module.get("pooling_mode"))


def _pooling(architecture: str, facts: Facts, file: str | None, version: Version) -> str | None:
    if file is None or file not in facts.config:  # default_seq_pooling_type, vllm/model_executor/models/
        return "last" if architecture.endswith(("ForCausalLM", "LMHeadModel")) else "cls"
    declared = declared_pooling(facts, file)
    if "pooling_mode" in mapping(facts.config, file) and version < versions.SENTENCE_TRANSFORMERS_5_4:
        return None
    return _POOLINGS.get(declared[0]) if len(declared) == 1 else None


def _dimensions(config: Mapping[str, Any], facts: Facts) -> int | None:
    dense = pooled = None
    for module in modules_of(facts.config.get(MODULES)):
        described = mapping(facts.config, f"{module['path']}/config.json")
        dense = whole(described.get("out_features")) or dense
        pooled = whole(described.get("word_embedding_dimension")) or pooled
    return dense or pooled or next((size for key in _SIZES if (size := whole(config.get(key)))), None)


_SIZES: Final = ("hidden_size", "d_model", "n_embd")


def _labels(config: Mapping[str, Any]) -> int:
    names = config.get("id2label")
    return len(names) if isinstance(names, dict) and names else whole(config.get("num_labels")) or _LABELS_UNSAID


_LABELS_UNSAID: Final = 2
"""`num_labels` of huggingface/transformers src/transformers/configuration_utils.py @ v4.57.6, UNVERIFIED there."""


def _activation(config: Mapping[str, Any], labels: int) -> str:
    """vllm/model_executor/layers/pooler/activations.py."""
    declared = config.get("sentence_transformers")
    nested = declared.get("activation_fn") if isinstance(declared, dict) else None
    name = str(nested or config.get("sbert_ce_default_activation_function") or "")
    if name.startswith("torch.nn.modules."):
        return name.rpartition(".")[2].lower()
    return "sigmoid" if labels < _LABELS_UNSAID else "softmax"


def _dtype(config: Mapping[str, Any], facts: Facts) -> str | None:
    declared = config.get("dtype") or config.get("torch_dtype")
    if isinstance(declared, str):
        return declared.removeprefix("torch.")
    weights = {kind: count for kind, count in facts.tensors.items() if kind not in _NO_WEIGHTS}
    most = max(weights, key=lambda kind: (weights[kind], kind), default=None)
    return _DTYPES.get(most, most.lower()) if most else None
