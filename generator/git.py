"""Reads what a Git repository held at another commit, by the `git` program."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from generator import programs
from generator.diagnostics import GeneratorError, ToolError
from generator.tree import FileTree

_FILES: Final = ("100644", "100755")
"""The modes of regular files. git/git Documentation/gitformat-index.adoc, UNVERIFIED."""


def merge_base(root: Path, revision: str) -> str:
    """The commit where HEAD left `revision`: what a pull request against it is compared with.

    Raises GeneratorError when there is no such revision, or no repository.
    """
    try:
        tip = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except ToolError as error:
        reason = error.details[0] if error.details else "no commit has that name here"
        raise GeneratorError(f"cannot compare with {revision!r}: {reason}", hint=_FETCH) from None
    try:
        return _git(root, "merge-base", tip, "HEAD")
    except ToolError:
        message = f"HEAD and {revision!r} have no commit in common, as far as this clone goes"
        raise GeneratorError(message, hint=_FETCH) from None


_FETCH: Final = "fetch it, with its whole history: a CI checkout needs `fetch-depth: 0`"


def files(root: Path, commit: str, paths: Sequence[str]) -> FileTree:
    """The regular files at or below `paths` of the folder `root`, as they were at `commit`; those that it had."""
    listed = _run(root, "ls-tree", "-r", "-z", commit, "--", *paths).decode("utf-8", "surrogateescape")
    found: dict[str, str] = {}
    for entry in filter(None, listed.split("\0")):
        about, _, path = entry.partition("\t")
        mode, _, blob = about.split()
        if mode in _FILES:
            found[path] = blob
    return dict(zip(found, _blobs(root, tuple(found.values())), strict=True))


def _blobs(root: Path, names: Sequence[str]) -> list[bytes]:
    """The contents of blobs, asked for in one process."""
    answer = _run(root, "cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
    contents, position = [], 0
    for _ in names:
        end = answer.index(b"\n", position)
        start, size = end + 1, int(answer[position:end].rsplit(b" ", 1)[1])
        contents.append(answer[start : start + size])
        position = start + size + 1
    return contents


def _git(root: Path, *arguments: str) -> str:
    return _run(root, *arguments).decode().strip()


def _run(root: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    git = programs.find("git")
    return programs.run([str(git), "-C", str(root), *arguments], stdin=stdin).stdout
