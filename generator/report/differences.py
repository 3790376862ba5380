"""Differences of two trees: a finding per file, a unified diff, and how many files it is about."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from generator.diagnostics import Diagnostic, Position
from generator.tree import FileTree, TreeDiff


def drift(changes: TreeDiff, root: Path) -> tuple[Diagnostic, ...]:
    """A finding for each file that is not what the catalog compiles to, in path order."""
    kinds = (
        (changes.created, "does not exist"),
        (changes.changed, "differs from what models.yaml compiles to"),
        (changes.removed, "is not generated from models.yaml any more"),
    )
    hint = "run `generate`, and commit what it writes"
    return tuple(
        Diagnostic(str(root / path), Position(1, 1), "out-of-date", message, hint)
        for path, message in sorted((path, message) for paths, message in kinds for path in paths)
    )


_WOULD: Final = "would be "


def unified(wanted: FileTree, changes: TreeDiff) -> Iterator[str]:
    """What would change, as one unified diff in path order, line by line."""
    import difflib  # noqa: PLC0415 - only to show a difference

    from generator import redaction  # noqa: PLC0415 - the same

    for path in sorted({*changes.created, *changes.changed, *changes.removed}):
        before = changes.changed.get(path, changes.removed.get(path))
        after = None if path in changes.removed else wanted[path]
        difference = difflib.unified_diff(
            _lines(before),
            _lines(after),
            "/dev/null" if before is None else f"a/{path}",
            "/dev/null" if after is None else f"b/{path}",
            lineterm="",
        )
        yield from redaction.masked(difference)


def _lines(content: bytes | None) -> list[str]:
    *lines, end = ("" if content is None else content.decode("utf-8", "replace")).split("\n")
    return [*lines, end, "\\ No newline at end of file"] if end else lines


def summary(changes: TreeDiff, *, would: bool = False) -> str:
    """`3 files created, 1 changed`; with `would`, `3 files would be created, 1 changed`."""
    parts = (("created", changes.created), ("changed", changes.changed), ("removed", changes.removed))
    first, *rest = [(len(paths), verb) for verb, paths in parts if paths]
    words = [
        f"{first[0]} file{'s' * (first[0] != 1)} {_WOULD * would}{first[1]}",
        *(f"{count} {verb}" for count, verb in rest),
    ]
    return ", ".join(words)


def changed(changes: TreeDiff, *, would: bool = False) -> str:
    """`models.lock.yaml created, models.yaml changed`, for few changes; with `would`, as in `summary`."""
    return ", ".join(each(changes, would=would)) or UP_TO_DATE


def each(changes: TreeDiff, *, would: bool = False) -> list[str]:
    """`models.yaml changed`, for each file; with `would`, as in `summary`."""
    parts = (("created", changes.created), ("changed", changes.changed), ("removed", changes.removed))
    return [f"{path} {_WOULD * would}{verb}" for verb, paths in parts for path in sorted(paths)]


UP_TO_DATE: Final = "everything is up to date"
