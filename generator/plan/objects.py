"""What a change does to the objects that Argo CD syncs: two trees of rendered/, compared object by object."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import yaml

from generator.diagnostics import GeneratorError
from generator.kube.identity import Identity, identity
from generator.plan.restarts import restarts
from generator.tree import FileTree

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
RENDERED: Final = "rendered/"


class ObjectChange(NamedTuple):
    """One object before and after; None where there is none. The object is as the API server reads it."""

    identity: Identity
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def restarts(self) -> bool:
        """Whether the pods of a model that runs before and after are replaced for it."""
        return self.before is not None and self.after is not None and restarts(self.before, self.after)


class EnvironmentObjects(NamedTuple):
    """What changes in one environment; `added` and `removed` count lines of YAML."""

    changes: tuple[ObjectChange, ...]
    added: int
    removed: int


def compare(before: FileTree, after: FileTree, environment: str) -> EnvironmentObjects:
    """The objects of an environment that differ. Raises GeneratorError if a file of `before` holds none."""
    folder = f"{RENDERED}{environment}/"
    old, new = _below(before, folder), _below(after, folder)
    differing = {path for path in {**old, **new} if old.get(path) != new.get(path)}
    was, now = _objects(old, differing), _objects(new, differing)
    changes = [
        ObjectChange(identity, was.get(identity), now.get(identity)) for identity in sorted({**was, **now}, key=str)
    ]
    counts = [_lines(old.get(path, b""), new.get(path, b"")) for path in differing]
    return EnvironmentObjects(
        tuple(change for change in changes if change.before != change.after),
        sum(added for added, _ in counts),
        sum(removed for _, removed in counts),
    )


def _below(tree: FileTree, folder: str) -> FileTree:
    return {path: content for path, content in tree.items() if path.startswith(folder) and path.endswith(".yaml")}


def _objects(tree: FileTree, paths: Iterable[str]) -> dict[Identity, Mapping[str, Any]]:
    return dict(_object(path, tree[path]) for path in paths if path in tree)


def _object(path: str, content: bytes) -> tuple[Identity, Mapping[str, Any]]:
    try:
        found = yaml.load(content, Loader=_Loader)  # noqa: S506 - a safe loader
        return identity(found), found
    except (yaml.YAMLError, TypeError, KeyError, AttributeError):
        raise GeneratorError(f"{path} holds no Kubernetes object", hint="run `generate` there, and commit it") from None


def _lines(before: bytes, after: bytes) -> tuple[int, int]:
    added = removed = 0
    for line in _differences(before, after):
        added += line.startswith("+")
        removed += line.startswith("-")
    return added, removed


def _differences(before: bytes, after: bytes) -> Iterator[str]:
    was, now = (content.decode("utf-8", "replace").splitlines() for content in (before, after))
    header = 2
    yield from list(difflib.unified_diff(was, now, n=0, lineterm=""))[header:]
