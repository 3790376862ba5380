"""A tree of files as a value, and the difference of two."""

from collections.abc import Mapping
from typing import NamedTuple

FileTree = Mapping[str, bytes]
"""Contents by path; a path is relative to the project and has forward slashes."""


class TreeDiff(NamedTuple):
    """What turns one tree into another. `changed` and `removed` hold what was there before."""

    created: FileTree
    changed: FileTree
    removed: FileTree

    def __bool__(self) -> bool:
        return bool(self.created or self.changed or self.removed)


def diff(wanted: FileTree, present: FileTree) -> TreeDiff:
    """The changes that turn `present` into `wanted`."""
    return TreeDiff(
        created={path: content for path, content in wanted.items() if path not in present},
        changed={path: present[path] for path, content in wanted.items() if present.get(path, content) != content},
        removed={path: content for path, content in present.items() if path not in wanted},
    )
