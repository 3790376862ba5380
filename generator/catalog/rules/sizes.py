"""Objects that the API server would refuse for their size."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic_core import to_json

from generator.catalog.model import Catalog, Violation
from generator.diagnostics import Loc

_ANNOTATIONS: Final = 262_144
"""TotalAnnotationSizeLimitB in kubernetes/apimachinery pkg/api/validation/objectmeta.go @ v0.34.0: keys and values."""
_OBJECT: Final = 1_048_576
"""etcd takes requests of 1.5 MiB: DefaultMaxRequestBytes in etcd-io/etcd server/embed/config.go @ 00ddd0ca. A custom
resource is stored as JSON, with managedFields and a status, for which a third is left.
"""
_OURS: Final = 1024
"""More than the annotations take that this tool writes itself, without the texts of the catalog in them."""
# The most that the contract allows, in bytes of JSON; so only what has many items needs to be measured.
_LONGEST_VARIABLE: Final = 6 * 33_100
_LONGEST_ITEM: Final = 6 * 4_400


def _annotations(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.forms():
        if len(served.annotations) * _LONGEST_ITEM < _ANNOTATIONS // 2:
            continue
        texts = (served.display_name, served.description or "", *served.annotations, *served.annotations.values())
        size = _OURS + sum(len(text.encode()) for text in texts)
        if size > _ANNOTATIONS:
            loc = catalog.origin(served, "annotations")
            message = f"annotations and description have {size:,} bytes, and Kubernetes takes {_ANNOTATIONS:,} in total"
            yield Violation(loc, "object-too-large", message, "shorten them, or keep long text elsewhere")


def _objects(catalog: Catalog) -> Iterator[Violation]:
    for runtime in catalog.runtimes.values():
        yield from _object(("runtimes", runtime.name), dict(runtime.env), runtime.args)
    for served in catalog.forms():
        others = (served.args, served.annotations, served.labels, served.node_selector, served.tolerations)
        placed = (served.topology_spread_constraints, to_json(served.affinity) if served.affinity else b"")
        yield from _object(("models", served.entry), served.env, *others, *placed, served.image_pull_secrets)


def _object(loc: Loc, env: Mapping[str, str], *others: Any) -> Iterator[Violation]:
    most = len(env) * _LONGEST_VARIABLE + sum(map(len, others)) * _LONGEST_ITEM
    if most > _OBJECT // 2 and (size := len(to_json((env, others)))) > _OBJECT:
        message = f"its object would have {size:,} bytes, and etcd is sure to take {_OBJECT:,}"
        yield Violation(loc, "object-too-large", message, "shorten env, args, labels and annotations")


RULES = (_annotations, _objects)
