"""The longest text that a vLLM version takes: its own `_get_and_verify_max_len`, and the table of positions beside it.

The function is in vllm-project/vllm vllm/config.py up to v0.10.0, vllm/config/__init__.py @ v0.10.1.1 and
vllm/config/model.py @ v0.18.0 to v0.32.0. It changed several times (versions.py). Where a change fell between two
versions that were read, the stricter one holds.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from generator.vllm import versions
from generator.vllm.model_config import ENCODERS, LENGTHS, NULL, Facts, mapping, whole
from generator.vllm.versions import Version

_MODEL: Final = "config.json"
_TOKENIZER: Final = "tokenizer_config.json"
_UNSCALED: Final = frozenset({"su", "longrope", "llama3"})
"""Kinds of rotary scaling whose factor does not count; in the same function."""
_TABLES: Final = frozenset(
    {"albert", "bert", "camembert", "distilbert", "electra", "roberta", "roberta-prelayernorm", "xlm-roberta"}
)
"""Model types with a table of positions: past its end there is nothing but a crash.

Their classes set `position_embedding_type` in transformers 4: huggingface/transformers
src/transformers/models/*/configuration_*.py @ v4.57.6, UNVERIFIED at that tag.
"""


class Limit(NamedTuple):
    """A number of tokens, and the key of the file that sets it."""

    tokens: int
    key: str
    file: str

    def __str__(self) -> str:
        return f"{self.key} in {self.file}"


def overriding(facts: Facts, version: Version) -> tuple[str, Any] | None:
    """The sentence-transformers file whose `max_seq_length` this version takes above all else, and its value."""
    for file in ENCODERS:
        if file in facts.config:
            encoder = mapping(facts.config, file)
            wants_lower_case = version < versions.LOWER_CASE_OPTIONAL
            if "max_seq_length" not in encoder or (wants_lower_case and "do_lower_case" not in encoder):
                return None
            return file, encoder["max_seq_length"]
    return None


def accepted(config: Mapping[str, Any], facts: Facts, version: Version, *, sliding: bool) -> Limit | None:
    """The length that vLLM derives; what it refuses is what exceeds this."""
    limits = [Limit(tokens, key, _MODEL) for key in LENGTHS if (tokens := whole(config.get(key)))]
    limit = min(limits, key=lambda candidate: candidate.tokens, default=None)
    own = next((candidate for candidate in limits if candidate.key == "model_max_length"), None)
    if own and version >= versions.MODEL_MAX_LENGTH_WINS:
        limit = own
    window = whole(config.get("sliding_window"))
    if not sliding and window:
        limit = _least(limit, Limit(window, "sliding_window", _MODEL))
    clamp = _tokenizer(facts)
    if version >= versions.TOKENIZER_LIMITS and clamp and _absolute(config, version):
        limit = _least(limit, clamp)
    if limit is None:
        return None
    limit = _scaled(limit, config, version)
    if (forced := overriding(facts, version)) and (tokens := whole(forced[1])):
        limit = Limit(tokens, "max_seq_length", forced[0])
    if own and own.tokens > limit.tokens:
        limit = own  # a longer wish passes when config.json itself bears it out
    if clamp and versions.TOKENIZER_CLAMPS <= version < versions.TOKENIZER_LIMITS:
        limit = _least(limit, clamp)
    return limit


def _least(limit: Limit | None, other: Limit) -> Limit:
    return limit if limit is not None and limit.tokens <= other.tokens else other


def _tokenizer(facts: Facts) -> Limit | None:
    tokens = whole(mapping(facts.config, _TOKENIZER).get("model_max_length"))
    return Limit(tokens, "model_max_length", _TOKENIZER) if tokens else None


def _absolute(config: Mapping[str, Any], version: Version) -> bool:
    """Whether this stack reads `position_embedding_type` as absolute; transformers 4 filled it in for BERT's kind."""
    kind = config.get("position_embedding_type")
    if kind is None:
        return version < versions.TRANSFORMERS_5 and str(config.get("model_type")) in _TABLES
    return bool(kind == "absolute")


def _scaled(limit: Limit, config: Mapping[str, Any], version: Version) -> Limit:
    """The limit under the scaling of rotary positions."""
    if "gemma3" in str(config.get("model_type", "")):
        return limit
    for key in ("rope_scaling", "rope_parameters"):
        for rope in _ropes(config.get(key)):
            kind = str(rope.get("rope_type", rope.get("type", "default")))
            if kind in _UNSCALED:
                continue
            factor = _number(rope.get("factor")) or 1.0
            if kind == "yarn":
                original = whole(rope.get("original_max_position_embeddings")) or limit.tokens
                multiplied = Limit(int(original * factor), f"{key} (yarn)", _MODEL)
                plain = limit
                if version < versions.YARN_IN_DOUBT:
                    return multiplied
                return plain if version >= versions.YARN_PLAIN else _least(plain, multiplied)
            if factor != 1.0 and "yarn" not in kind:
                return Limit(int(limit.tokens * factor), f"{limit.key}, times the factor of {key},", limit.file)
    return limit


def _ropes(raw: Any) -> list[dict[str, Any]]:
    """The scaling itself, or where it is given by kind of layer, each of them."""
    if not isinstance(raw, dict):
        return []
    nested = [value for value in raw.values() if isinstance(value, dict)]
    return nested or [raw]


def positions(config: Mapping[str, Any]) -> Limit | None:
    """The end of the table of positions; RoBERTa's kind begin to count behind the padding's.

    vllm-project/vllm vllm/model_executor/models/roberta.py @ v0.18.0.
    """
    kind = str(config.get("model_type", ""))
    size = whole(config.get("max_position_embeddings"))
    if kind not in _TABLES or config.get("position_embedding_type", "absolute") != "absolute" or not size:
        return None
    if "roberta" in kind or kind == "camembert":
        size -= _padding(config) + 1
    return Limit(size, "max_position_embeddings", _MODEL)


def _padding(config: Mapping[str, Any]) -> int:
    padding = config.get("pad_token_id")
    return 0 if padding == 0 else whole(padding) or 1


def crashes(forced: tuple[str, Any] | None) -> bool:
    """Whether vLLM would fail on a null where it expects a length."""
    return forced is not None and forced[1] == NULL


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (OverflowError, TypeError, ValueError):
        return None
    return number if 0 < number < _NO_FACTOR else None


_NO_FACTOR: Final = 1e15
