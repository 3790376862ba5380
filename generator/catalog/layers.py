"""Layers laid over each other, and the contract's defaults below them all."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar, cast

from generator.catalog.contract import frozen

_Block = TypeVar("_Block", bound=Mapping[str, Any])
_EMPTY: Final[dict[str, Any]] = {}


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below` by RFC 7386."""
    merged = dict(below)
    for key, value in above.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            lower = merged.get(key)
            merged[key] = merge(lower if isinstance(lower, dict) else _EMPTY, value)
        else:
            merged[key] = value
    return merged


def with_defaults(block: str, raw: _Block) -> _Block:
    """A block of the contract, by name, with the defaults that the contract gives it."""
    full = {**frozen.DEFAULTS[block], **raw}
    if block in frozen.DEPENDENT_DEFAULTS:
        for field, (other, values) in frozen.DEPENDENT_DEFAULTS[block].items():
            full.setdefault(field, values[full[other]])
    return cast("_Block", full)
