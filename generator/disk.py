"""Reads the generated files, and replaces all of them or none."""

import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from generator.diagnostics import TreeError
from generator.tree import FileTree, TreeDiff

_STAGING = ".generate-"


def read_owned(root: Path, wanted: Collection[str], folders: Collection[str], mark: bytes) -> FileTree:
    """The files below `folders`, and those at `wanted`, whose first line holds `mark`.

    Raises TreeError for a symbolic link, or a file that is not generated where a generated one must go.
    """
    owned: dict[str, bytes] = {}
    foreign: set[str] = set()
    top = os.fspath(root)
    for path in _candidates(root, wanted, folders):
        content = _read(f"{top}/{path}")
        if mark in content.partition(b"\n")[0]:
            owned[path] = content
        else:
            foreign.add(path)
    if taken := sorted(foreign.intersection(wanted)):
        others = f" (and {len(taken) - 1} more)" if len(taken) > 1 else ""
        message = f"{taken[0]}{others} is not generated, and stands where a generated file must go"
        raise TreeError(message, hint="move it away")
    return owned


def _candidates(root: Path, wanted: Iterable[str], folders: Iterable[str]) -> Iterator[str]:
    for folder in folders:
        yield from _files(root, folder)
    inside = tuple(f"{folder}/" for folder in folders)
    for path in wanted:
        if not path.startswith(inside):
            for part in (path, *map(str, Path(path).parents[:-1])):
                _refuse_link(root, part)
            if (root / path).exists():
                yield path


def _files(root: Path, folder: str) -> Iterator[str]:
    """Every regular file below `folder`."""
    _refuse_link(root, folder)
    top, stack = os.fspath(root), [folder]
    while stack:
        current = stack.pop()
        try:
            entries = list(os.scandir(f"{top}/{current}"))
        except FileNotFoundError:
            continue
        except NotADirectoryError:
            raise TreeError(f"{current} is a file, and must be a folder", hint="move it away") from None
        for entry in entries:
            path = f"{current}/{entry.name}"
            if entry.is_symlink():
                _refuse_link(root, path)
            if entry.is_dir():
                stack.append(path)
            elif entry.is_file():
                yield path


def _refuse_link(root: Path, path: str) -> None:
    if (root / path).is_symlink():
        raise TreeError(f"{path} is a symbolic link", hint="replace it: nothing is written through links")


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        content = os.read(descriptor, _CHUNK)
        while len(content) % _CHUNK == 0 and (more := os.read(descriptor, _CHUNK)):
            content += more
        return content
    finally:
        os.close(descriptor)


_CHUNK = 1 << 16


def write(root: Path, wanted: FileTree, changes: TreeDiff) -> None:
    """Make the changes: every new content is on disk, beside the tree, before the first file is replaced.

    Raises TreeError, with the tree untouched, when any content cannot be written.
    """
    _remove_leftovers(root)
    # Plain strings from here on: for ten thousand files, Path objects cost more than the system calls.
    top, staging = os.fspath(root), os.path.join(root, f"{_STAGING}{os.getpid()}")
    paths = [*changes.created, *changes.changed]
    try:
        os.mkdir(staging)
        for number, path in enumerate(paths):
            _write_new(f"{staging}/{number}", wanted[path])
        for folder in sorted({path.rpartition("/")[0] for path in changes.created}):
            os.makedirs(f"{top}/{folder}", exist_ok=True)
        for path in changes.created:
            if os.path.lexists(f"{top}/{path}"):
                raise TreeError(f"{path} is a folder, and must be a file", hint="move it away")
        for number, path in enumerate(paths):
            os.replace(f"{staging}/{number}", f"{top}/{path}")
        _remove(root, changes.removed)
    except OSError as error:
        raise TreeError(f"cannot write {error.filename or root}: {error.strerror}") from error
    finally:
        _discard(staging)


def _remove_leftovers(root: Path) -> None:
    """Staging folders of runs that were killed."""
    for entry in os.scandir(root):
        if entry.name.startswith(_STAGING) and entry.is_dir(follow_symlinks=False):
            _discard(entry.path)


def _discard(staging: str) -> None:
    if os.path.isdir(staging):
        for name in os.listdir(staging):
            os.unlink(f"{staging}/{name}")
        os.rmdir(staging)


def _write_new(path: str, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        written = os.write(descriptor, content)
        while written < len(content):
            written += os.write(descriptor, content[written:])
    finally:
        os.close(descriptor)


def _remove(root: Path, paths: Iterable[str]) -> None:
    """Remove files, and the folders that are empty without them."""
    folders: set[str] = set()
    for path in paths:
        (root / path).unlink()
        folders.update(str(parent) for parent in Path(path).parents[:-1])
    for folder in sorted(folders, key=len, reverse=True):
        if not os.listdir(root / folder):
            (root / folder).rmdir()
