"""Reads what a Git repository held at another commit, and merges texts as Git does, by the `git` program."""

import hashlib
import tempfile
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
        raise GeneratorError(
            f"cannot compare with {revision!r}: {reason}", hint=_way_to_have(root, error.details)
        ) from None
    try:
        return _git(root, "merge-base", tip, "HEAD")
    except ToolError:
        message = f"HEAD and {revision!r} have no commit in common, as far as this clone goes"
        hint = _FETCH if _is_shallow(root) else "commit first" if _is_unborn(root) else "choose another one"
        raise GeneratorError(message, hint=hint) from None


def _way_to_have(root: Path, details: Sequence[str]) -> str:
    """What to do where a revision is not there."""
    if any("safe.directory" in line for line in details):  # Git's words are translated, its settings are not
        return "the folder is somebody else's: run `git config --global --add safe.directory` with its path"
    if _says(root, "rev-parse", "--git-dir") is None:
        return "run `git init` and commit, or set --root to a folder of a repository"
    if _is_shallow(root):
        return _FETCH
    if _is_unborn(root):
        return "there is no commit yet: commit first, then give `--against HEAD`"
    return "fetch it, or push it first if it is new; or give `--against HEAD`, the last commit"


def _is_shallow(root: Path) -> bool:
    return _says(root, "rev-parse", "--is-shallow-repository") == "true"


def _is_unborn(root: Path) -> bool:
    return not _says(root, "rev-parse", "--verify", "--quiet", "HEAD")


def _says(root: Path, *arguments: str) -> str | None:
    """What Git answers; None where it fails."""
    try:
        return _git(root, *arguments)
    except ToolError:
        return None


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


_SHA1: Final = 40
"""The length of an object's id in a repository that does not use SHA-256."""
_MOST_CONFLICTS: Final = 127
"""`git merge-file` exits with the number of conflicts, and no more: git/git Documentation/git-merge-file.adoc."""


def object_format(root: Path) -> str:
    """`sha1` or `sha256`: how the repository of `root` names its objects; `sha1` where there is none yet."""
    try:
        return _git(root, "rev-parse", "--show-object-format")
    except ToolError:
        return "sha1"


def folder_in_repository(root: Path) -> str:
    """Where `root` is in its repository, such as `teams/search/`; empty at the top, or where there is none."""
    try:
        return _git(root, "rev-parse", "--show-prefix")
    except ToolError:
        return ""


def blob_id(content: bytes, algorithm: str) -> str:
    """The id that Git gives a file of this content. gitformat-pack, "object types"; git/git hash-object."""
    return hashlib.new(algorithm, b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()


def is_blob(content: bytes, name: str) -> bool:
    """Whether a file of this content has that id."""
    return blob_id(content, "sha1" if len(name) == _SHA1 else "sha256") == name


def blob(root: Path, name: str) -> bytes | None:
    """The content of an object of the repository; None when it has no such object, or there is no repository."""
    try:
        return _run(root, "cat-file", "blob", name)
    except ToolError:
        return None


def merged(ours: bytes, base: bytes, theirs: bytes, labels: tuple[str, str, str]) -> tuple[bytes, bool]:
    """Both sides' changes since `base` in one text, and whether some are in conflict, which is marked in it."""
    with tempfile.TemporaryDirectory() as folder:
        names = ("ours", "base", "theirs")
        for name, content in zip(names, (ours, base, theirs), strict=True):
            Path(folder, name).write_bytes(content)
        named = [part for label in labels for part in ("-L", label)]
        git = programs.find("git")
        argv = [str(git), "merge-file", "--stdout", *named, *names]
        done = programs.run(argv, ok=range(_MOST_CONFLICTS + 1), cwd=Path(folder))
    return done.stdout, done.code > 0


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
