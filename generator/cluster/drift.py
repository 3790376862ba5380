"""How a cluster differs from what is rendered. Pure."""

import copy
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, NamedTuple

from generator.kube.identity import Identity, identity

Object = dict[str, Any]
State = Literal["created", "changed", "unchanged", "pruned"]


class Sides(NamedTuple):
    """One object as it is on the cluster, None if it is not there, and as it would be after an apply."""

    live: Object | None
    merged: Object


class Drifted(NamedTuple):
    """One object: what an apply would make of it, and the two forms without what the cluster itself keeps there."""

    state: State
    named: Identity
    live: Object | None
    wanted: Object | None


def drifted(sides: Iterable[Sides]) -> Iterator[Drifted]:
    """What an apply would do with each object."""
    for live, merged in sides:
        before, after = live and _bare(live), _bare(merged)
        state: State = "created" if before is None else "unchanged" if before == after else "changed"
        yield Drifted(state, identity(merged), before, after)


def pruned(found: Iterable[Object], rendered: Iterable[Identity]) -> Iterator[Drifted]:
    """The objects that carry our label and are rendered nowhere: what Argo CD, or `kubectl delete`, would remove.

    What another object owns is that one's business.
    """
    wanted = {*rendered}
    for obj in found:
        if identity(obj) not in wanted and not obj["metadata"].get("ownerReferences"):
            yield Drifted("pruned", identity(obj), _bare(obj), None)


_KEPT_BY_THE_CLUSTER: Final = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid")
_NOTES: Final = frozenset({"argocd.argoproj.io/tracking-id", "kubectl.kubernetes.io/last-applied-configuration"})
"""Annotations that Argo CD and kubectl write for themselves."""


def _bare(obj: Object) -> Object:
    """An object without status, without the cluster's own metadata, and without the notes of who applied it."""
    bare = copy.deepcopy(obj)
    bare.pop("status", None)
    metadata = bare["metadata"]
    for key in _KEPT_BY_THE_CLUSTER:
        metadata.pop(key, None)
    annotations = {key: value for key, value in (metadata.get("annotations") or {}).items() if key not in _NOTES}
    if annotations:
        metadata["annotations"] = annotations
    else:
        metadata.pop("annotations", None)
    return bare
