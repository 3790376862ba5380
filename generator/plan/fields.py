"""Which fields of two resolved values differ, by the names that models.yaml has for them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from generator.catalog.model import ArgoCD, Connection, Environment, Runtime, ServedModel

Record = ArgoCD | Connection | Environment | Runtime | ServedModel


class FieldChange(NamedTuple):
    """A field, as models.yaml writes it, and its two values; None is one that is not set.

    Of a list, only the items that come and go are named, one change each: `item` marks them.
    """

    field: str
    before: str | None
    after: str | None
    item: bool = False


def changes(before: Record | None, after: Record | None, prefix: str = "") -> tuple[FieldChange, ...]:
    """The fields that differ between two values of the catalog's model, in its order; None has no field set."""
    return tuple(_changes(prefix, _plain(before) or {}, _plain(after) or {}))


_PLACE: Final = frozenset({"entry", "name", "environment"})
"""What says which value it is, not what it is like."""
_NAMES: Final = {
    "accelerator": "resources.accelerator",
    "commit": "source.revision",
    "cpu": "resources.cpu",
    "exclude": "files.exclude",
    "exposed": "expose",
    "external_secret": "secret.externalSecret",
    "gpus": "resources.gpu",
    "include": "files.include",
    "max_replicas": "max",
    "memory": "resources.memory",
    "min_replicas": "min",
    "repo": "source.repo",
    "repo_url": "repoURL",
    "secret_name": "secret.existing",
    "startup_timeout_s": "startupTimeout",
    "timeout_s": "timeout",
}
"""Where the name in models.yaml is not the attribute's in camel case."""


def _camel(attribute: str) -> str:
    first, *rest = attribute.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _plain(value: Any) -> Any:
    """The value made of mappings, lists and scalars, with models.yaml's names."""
    if hasattr(value, "_asdict"):
        fields = value._asdict().items()
        return {_NAMES.get(key) or _camel(key): _plain(item) for key, item in fields if key not in _PLACE}
    if isinstance(value, Mapping):
        return {key: _plain(value[key]) for key in sorted(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _changes(field: str, before: Any, after: Any) -> Iterator[FieldChange]:
    if before == after:
        return
    if isinstance(before or {}, Mapping) and isinstance(after or {}, Mapping):
        for key in {**(after or {}), **(before or {})}:
            yield from _changes(f"{field}.{key}" if field else key, (before or {}).get(key), (after or {}).get(key))
    elif isinstance(before or [], list) and isinstance(after or [], list):
        items = [*_items(field, before or [], after or [])]
        yield from items or [FieldChange(field, _text(before), _text(after))]  # the same items in another order
    else:
        yield FieldChange(field, _text(before), _text(after))


def _items(field: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[FieldChange]:
    yield from (FieldChange(field, _text(item), None, item=True) for item in before if item not in after)
    yield from (FieldChange(field, None, _text(item), item=True) for item in after if item not in before)


def _text(value: Any) -> str | None:
    """A value as models.yaml would write it."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
