"""What an environment changes in a base object, as JSON Patch (RFC 6902) operations derived from the two."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict


class Operation(TypedDict, total=False):
    """One JSON Patch operation."""

    op: str
    path: str
    value: Any


def diff(base: Any, final: Any, path: str = "") -> Iterator[Operation]:
    """Operations that turn `base` into `final`, each behind a test of what it takes for granted.

    A `test` for null holds, in kustomize 5.8.2 (tests/tools/test_kustomize.py), where there is nothing: it guards an
    addition against a base that has gained the key meanwhile. A base that has drifted so fails the build, where
    kustomize alone would patch the wrong thing.
    """
    if base is final or base == final:
        return
    if isinstance(base, dict) and isinstance(final, dict):
        yield from _diff_maps(base, final, path)
    elif _parallel(base, final):
        for index, (old, new) in enumerate(zip(base, final, strict=True)):
            yield from diff(old, new, f"{path}/{index}")
    else:
        yield {"op": "test", "path": path, "value": base}
        yield {"op": "replace", "path": path, "value": final}


def _diff_maps(base: Mapping[str, Any], final: Mapping[str, Any], path: str) -> Iterator[Operation]:
    for key in sorted(base.keys() | final.keys()):
        below = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
        if key not in final:
            yield {"op": "test", "path": below, "value": base[key]}
            yield {"op": "remove", "path": below}
        elif key not in base:
            yield {"op": "test", "path": below, "value": None}
            yield {"op": "add", "path": below, "value": final[key]}
        else:
            yield from diff(base[key], final[key], below)


def _parallel(base: Any, final: Any) -> bool:
    """Whether two lists are worth comparing item by item: as long as each other, and not all different."""
    if (
        not (isinstance(base, Sequence) and isinstance(final, Sequence))
        or isinstance(base, str)
        or isinstance(final, str)
    ):
        return False
    if len(base) != len(final):
        return False
    return all(isinstance(item, dict) for item in (*base, *final)) or any(
        a == b for a, b in zip(base, final, strict=True)
    )
