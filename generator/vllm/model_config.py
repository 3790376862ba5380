"""Configuration files of a repository → the few facts in them that decide how vLLM serves the model."""

import math
import re
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from generator import json_text
from generator.yaml.read import printable

ENCODERS: Final = tuple(
    f"sentence_{kind}_config.json"
    for kind in ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
)
"""Where sentence-transformers says how long a text may be; vLLM reads the first that exists.

get_sentence_transformer_tokenizer_config, vllm-project/vllm vllm/transformers_utils/config.py @ v0.18.0.
"""

LENGTHS: Final = (
    "max_position_embeddings",
    "n_positions",
    "max_seq_len",
    "seq_length",
    "model_max_length",
    "max_target_positions",
    "max_sequence_length",
    "max_seq_length",
    "seq_len",
)
"""Keys of config.json that vLLM takes for a length; the smallest wins.

vllm-project/vllm vllm/transformers_utils/model_arch_config_convertor.py @ v0.18.0.
"""

MODULES: Final = "modules.json"
PROMPTS_FILE: Final = "config_sentence_transformers.json"
PROMPTS: Final = {"Query prefix": ("query",), "Passage prefix": ("document", "passage", "corpus")}
"""What callers put before a text, and under which names, the first that exists.

UNVERIFIED: encode_query and encode_document, huggingface/sentence-transformers @ v5.0.0,
sentence_transformers/SentenceTransformer.py.
"""
NULL: Final = "null"
"""How a `max_seq_length: null` is written in the lock; every other null is as good as absent."""

_ROPE: Final = dict.fromkeys(("rope_type", "type", "factor", "original_max_position_embeddings"))
_ANY_ROPE: Final = {**_ROPE, "full_attention": _ROPE, "sliding_attention": _ROPE}
_MODEL: Final[dict[str, Any]] = {
    **dict.fromkeys(LENGTHS),
    **dict.fromkeys(("architectures", "model_type", "hidden_size", "d_model", "n_embd", "pad_token_id")),
    **dict.fromkeys(("position_embedding_type", "original_max_position_embeddings", "sliding_window")),
    **dict.fromkeys(("torch_dtype", "dtype", "is_matryoshka", "matryoshka_dimensions")),
    **dict.fromkeys(("num_labels", "sbert_ce_default_activation_function")),
    "rope_scaling": _ANY_ROPE,
    "rope_parameters": _ANY_ROPE,
    "sentence_transformers": {"activation_fn": None},
}
_CONFIG: Final[dict[str, Any]] = {**_MODEL, "text_config": _MODEL}
_MODULE: Final = dict.fromkeys(("type", "path"))
_MODULE_CONFIG: Final = dict.fromkeys(("word_embedding_dimension", "out_features", "pooling_mode"))
_PROMPTS: Final = {"prompts": dict.fromkeys(name for names in PROMPTS.values() for name in names)}
_POOLING_FLAG = re.compile(r"pooling_mode_[a-z_]+\Z")
_MOST_LABELS: Final = 16
_NO_LIMIT: Final = 10**15
_ABSENT: Final = object()


class Facts(NamedTuple):
    """What is known of a repository at a commit, beyond its files.

    `tensors` counts the weights' elements by safetensors type. `config` holds, by path, what matters of each
    configuration file, in values that YAML has an exact form for: text, whole numbers, booleans, lists and maps.
    """

    license: str | None = None
    gated: bool = False
    tensors: Mapping[str, int] = {}
    config: Mapping[str, Any] = {}


def at_root(paths: Collection[str]) -> list[str]:
    """The configuration files to read first."""
    return [
        path for path in ("config.json", "tokenizer_config.json", MODULES, *ENCODERS, PROMPTS_FILE) if path in paths
    ]


def of_modules(modules: Any, paths: Collection[str]) -> list[str]:
    """The configuration files of sentence-transformers' modules, as far as they exist."""
    wanted = [f"{module['path']}/config.json" for module in modules_of(modules) if module["path"]]
    return sorted({path for path in wanted if path in paths})


def modules_of(modules: Any) -> list[dict[str, str]]:
    """The entries of a modules.json that are well-formed."""
    entries = modules if isinstance(modules, list) else []
    return [
        {"type": entry["type"], "path": str(entry.get("path", ""))}
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("type"), str)
    ]


def facts(path: str, content: bytes) -> Any:
    """What matters in one configuration file. Raises ValueError when it is not JSON."""
    raw = json_text.parse(content)
    if path == MODULES:
        return [_pruned(module, _MODULE) for module in modules_of(raw)]
    if not isinstance(raw, dict):
        raise ValueError("not a mapping")  # noqa: TRY004 - the same to the caller as text that is not JSON
    if path == "config.json":
        return _labels(raw) | _pruned(raw, _CONFIG) | _auto_map(raw)
    if path == "tokenizer_config.json":
        return _pruned(raw, {"model_max_length": None}) | _auto_map(raw)
    if path == PROMPTS_FILE:
        return _pruned(raw, _PROMPTS)
    if path in ENCODERS:
        length = {"max_seq_length": NULL} if raw.get("max_seq_length", 0) is None else {}
        lower = {"do_lower_case": bool(raw["do_lower_case"])} if "do_lower_case" in raw else {}
        return dict(sorted((_pruned(raw, {"max_seq_length": None}) | length | lower).items()))
    flags = {key: True for key, value in raw.items() if value is True and _POOLING_FLAG.match(key)}
    return dict(sorted((_pruned(raw, _MODULE_CONFIG) | flags).items()))


def _pruned(raw: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted keys of a map, sorted, with values in their exact form; those without one are left out."""
    kept = {}
    for key in sorted(wanted.keys() & raw.keys()):
        value, inner = raw[key], wanted[key]
        if isinstance(inner, dict):
            value = _pruned(value, inner) if isinstance(value, dict) else None
        elif isinstance(value, dict):
            continue
        if (exact := _exact(value)) is not _ABSENT:
            kept[key] = exact
    return kept


def _exact(value: Any) -> Any:
    """A value that reads back as itself. Fractions become text; numbers that stand for "no limit" go."""
    match value:
        case int():  # a boolean, too
            return value if abs(value) < _NO_LIMIT else _ABSENT
        case float() if not math.isfinite(value) or abs(value) >= _NO_LIMIT:
            return _ABSENT
        case float():
            return int(value) if value.is_integer() else repr(value)
        case str():
            return printable(value)
        case list():
            items = [_exact(item) for item in value if not isinstance(item, list | dict)]
            return [item for item in items if item is not _ABSENT] or _ABSENT
        case dict():
            return value or _ABSENT
        case _:
            return _ABSENT


def _labels(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The labels' names while they are few, else their number."""
    labels = raw.get("id2label")
    if not isinstance(labels, dict) or not labels:
        return {}
    if len(labels) > _MOST_LABELS:
        return {"num_labels": len(labels)}
    return {"id2label": {printable(key): printable(str(value)) for key, value in sorted(labels.items())}}


def _auto_map(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Where custom code comes from: `module.Class`, or `owner/name--module.Class` of another repository."""
    declared = raw.get("auto_map")
    if not isinstance(declared, dict):
        return {}
    found: dict[str, Any] = {}
    for key, value in sorted(declared.items()):
        if classes := [printable(str(item)) for item in (value if isinstance(value, list) else [value]) if item]:
            found[printable(key)] = classes
    return {"auto_map": found} if found else {}


def tensors(header: bytes) -> dict[str, int]:
    """Elements by type, from a safetensors header (without its eight bytes of length).

    Raises ValueError when it is none.
    """
    raw = json_text.parse(header)
    counted: dict[str, int] = {}
    try:
        for name, tensor in raw.items():
            if name != "__metadata__":
                kind = printable(str(tensor["dtype"]))
                counted[kind] = counted.get(kind, 0) + _elements(tensor["shape"])
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("not a safetensors header") from error
    return dict(sorted(counted.items()))


def _elements(shape: Any) -> int:
    """How many elements a tensor has. Raises TypeError for no shape, and for one that no file has room for."""
    elements = 1
    for side in shape:
        if type(side) is not int or not 0 <= side < _NO_LIMIT:
            raise TypeError("not the side of a tensor")
        elements *= side
        if elements >= _NO_LIMIT:
            raise TypeError("more elements than any file has")
    return elements


def mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The map under a key, empty when there is none."""
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def texts(value: Any) -> list[str]:
    """The text, or the texts of a list."""
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def whole(value: Any) -> int | None:
    """The value when it is a count; fractions and `NULL` are text, and what stands for "no limit" is none either."""
    return value if type(value) is int and 0 < value < _NO_LIMIT else None
