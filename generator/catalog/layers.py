"""Layers laid over each other, the contract's defaults below them all, and which layer a value came from."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from generator.catalog.contract import frozen
from generator.diagnostics import Loc

if TYPE_CHECKING:
    from generator.catalog.contract import catalog as contract

EXTRA: Final = {"args": "extraArgs", "tolerations": "extraTolerations"}
"""Lists, and the field whose items a layer adds to what the list holds by then."""
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


def lay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """A layer of settings laid over those below it: merged, and then its extra items appended."""
    merged = merge(below, above)
    for field, extra in EXTRA.items():
        if extra in merged:
            merged[field] = [*merged.get(field, ()), *merged.pop(extra)]
    return merged


def with_defaults(block: str, raw: _Block) -> _Block:
    """A block of the contract, by name, with the defaults that the contract gives it."""
    full = {**frozen.DEFAULTS[block], **raw}
    if block in frozen.DEPENDENT_DEFAULTS:
        for field, (other, values) in frozen.DEPENDENT_DEFAULTS[block].items():
            full.setdefault(field, values[full[other]])
    return cast("_Block", full)


def origin(data: "contract.Catalog", index: int, environment: str | None, path: Loc) -> Loc:
    """Where the value at `path` of model `index` was written: in the strongest layer that has it, or in the model."""
    layers = _layers(data, index, environment)
    field, *inside = path or (None,)
    if field in EXTRA and inside:
        position, *rest = inside
        return (*_items(data, layers, str(field))[cast("int", position)], *rest)
    return next((layer + path for layer in reversed(layers) if _has(data, layer + path)), _model(index))


def removed(data: "contract.Catalog", index: int, environment: str, field: str) -> Loc:
    """The override that took something of `field` away in an environment."""
    overrides = [
        layer for layer in reversed(_layers(data, index, environment)) if "overrides" in layer and _has(data, layer)
    ]
    return next((layer for layer in overrides if _has(data, (*layer, field))), overrides[0])


def _layers(data: "contract.Catalog", index: int, environment: str | None) -> tuple[Loc, ...]:
    """The layers of a model in an environment, weakest first."""
    below: tuple[Loc, ...] = (("defaults",),)
    own: tuple[Loc, ...] = (_model(index),)
    if environment is not None:
        below, own = ((*layers, (*layers[-1], "overrides", environment)) for layers in (below, own))
    chosen = class_of(value_at(data, layer) for layer in (*below, *own))
    return (*below, *((("classes", chosen),) if chosen is not None else ()), *own)


def class_of(layers: Iterable[Any]) -> str | None:
    """The class that the strongest of these layers chooses, of those that say anything about it."""
    chosen = None
    for layer in layers:
        if isinstance(layer, Mapping) and "class" in layer:
            chosen = layer["class"]
    return chosen


def _model(index: int) -> Loc:
    return ("models", index)


def _items(data: "contract.Catalog", layers: tuple[Loc, ...], field: str) -> list[Loc]:
    """Where each item of a list was written that `lay` has put together."""
    places: list[Loc] = []
    for layer in layers:
        if _has(data, (*layer, field)):
            places = []
        for key in (field, EXTRA[field]):
            places += [(*layer, key, position) for position in range(len(value_at(data, (*layer, key)) or ()))]
    return places


def _has(data: Any, loc: Loc) -> bool:
    *above, last = loc
    parent = value_at(data, tuple(above))
    return last in parent if isinstance(parent, Mapping) else isinstance(parent, list) and last in range(len(parent))


def value_at(data: Any, loc: Loc) -> Any:
    """The value at a path; None where there is none."""
    for part in loc:
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, list) and part in range(len(data)):
            data = data[cast("int", part)]
        else:
            return None
    return data
