"""Objects that the API server would refuse for their size."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pydantic_core import to_json

from generator.catalog.model import Catalog, Violation

_ANNOTATIONS: Final = 262_144
"""TotalAnnotationSizeLimitB in kubernetes/apimachinery pkg/api/validation/objectmeta.go @ v0.34.0: keys and values."""
_OBJECT: Final = 1_048_576
"""etcd takes requests of 1.5 MiB: DefaultMaxRequestBytes in etcd-io/etcd server/embed/config.go @ 00ddd0ca. A custom
resource is stored as JSON, with managedFields and a status, for which a third is left.
"""
_OURS: Final = 1024
"""More than the annotations take that this tool writes itself, without the texts of the catalog in them."""
_WIDEST: Final = 6
"""Bytes of a character in JSON, at most: four in UTF-8, six if escaped."""


def _annotations(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.forms():
        texts = [served.display_name, served.description or "", *_texts(served.annotations)]
        if _OURS + sum(map(len, texts)) * _WIDEST <= _ANNOTATIONS:
            continue
        size = _OURS + sum(len(text.encode()) for text in texts)
        if size > _ANNOTATIONS:
            loc = catalog.origin(served, "annotations")
            message = f"annotations and description have {size:,} bytes, and Kubernetes takes {_ANNOTATIONS:,} in total"
            yield Violation(loc, "object-too-large", message, "shorten them, or keep long text elsewhere")


def _objects(catalog: Catalog) -> Iterator[Violation]:
    for runtime in catalog.runtimes.values():
        yield from _object(("runtimes", runtime.name), (runtime.args, dict(runtime.env), runtime.description))
    for served in catalog.forms():
        maps = (served.env, served.annotations, served.labels, served.node_selector)
        yield from _object(("models", served.entry), (served.args, served.tolerations, served.description, *maps))


def _object(loc: tuple[str | int, ...], parts: tuple[Any, ...]) -> Iterator[Violation]:
    if sum(map(len, _texts(parts))) * _WIDEST > _OBJECT and (size := len(to_json(parts))) > _OBJECT:
        message = f"its object would have {size:,} bytes, and etcd is sure to take {_OBJECT:,}"
        yield Violation(loc, "object-too-large", message, "shorten env, args, labels and annotations")


def _texts(value: Any) -> Iterator[str]:
    """Every string in a value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts(tuple(value.items()))
    elif isinstance(value, Iterable):
        for item in value:
            yield from _texts(item)


RULES = (_annotations, _objects)
