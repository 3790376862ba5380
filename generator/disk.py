"""Reads the generated files, and replaces all of them or none."""

import fcntl
import os
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from generator.diagnostics import TreeError
from generator.tree import FileTree, TreeDiff

_STAGING: Final = ".generate-staging"
_STAMP: Final = "made-by-generate"
"""A file that marks a staging folder as ours, and lists the folders that the run creates."""
_LONGEST_WAIT_S: Final = 60
_TICK_S: Final = 0.05


@contextmanager
def locked(root: Path, *, clean: bool = True) -> Iterator[None]:
    """Keep other runs away from the folder; with `clean`, remove what killed runs have left there.

    Waits for another run. Raises TreeError when that takes more than a minute, or the folder cannot be opened.
    """
    try:
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise TreeError(f"cannot open {root}: {error.strerror}") from error
    try:
        _take(descriptor, root)
        if clean:
            _discard(os.fspath(root))
        yield
    finally:
        os.close(descriptor)  # which gives the lock back


def _take(descriptor: int, root: Path) -> None:
    until = time.monotonic() + _LONGEST_WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                message = f"another run has been writing to {root.resolve()} for more than {_LONGEST_WAIT_S} seconds"
                raise TreeError(message, hint="wait for it or stop it, then run this again") from None
            time.sleep(_TICK_S)
        except OSError:
            return  # a file system without locks
        else:
            return


def read_owned(root: Path, wanted: Collection[str], folders: Collection[str], mark: bytes) -> FileTree:
    """The files below `folders`, and those at `wanted`, whose first line holds `mark`.

    Raises TreeError for a symbolic link, or a file that is not generated where a generated one must go.
    """
    owned: dict[str, bytes] = {}
    foreign: set[str] = set()
    top = os.fspath(root)
    for path in _candidates(root, wanted, folders):
        try:
            content = _read(f"{top}/{path}")
        except OSError as error:
            raise _failed("read", path, error) from error
        if mark in content.partition(b"\n")[0]:
            owned[path] = content
        else:
            foreign.add(path)
    if taken := sorted(foreign.intersection(wanted)):
        others = f" (and {len(taken) - 1} more)" if len(taken) > 1 else ""
        message = f"{taken[0]}{others} is not a generated file, but one must be written there"
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
            if _exists(root, path):
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
            raise TreeError(f"{current} is a file, but must be a folder", hint="move it away") from None
        except OSError as error:
            raise _failed("read", current, error) from error
        for entry in entries:
            path = f"{current}/{entry.name}"
            if entry.is_symlink():
                _refuse_link(root, path)
            if entry.is_dir(follow_symlinks=False):
                stack.append(path)
            elif entry.is_file(follow_symlinks=False):
                yield path


def _exists(root: Path, path: str) -> bool:
    try:
        return (root / path).exists()
    except OSError as error:
        raise _failed("read", path, error) from error


def _refuse_link(root: Path, path: str) -> None:
    try:
        linked = (root / path).is_symlink()
    except OSError as error:
        raise _failed("read", path, error) from error
    if linked:
        raise TreeError(f"{path} is a symbolic link", hint="replace it: this tool does not write through links")


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
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

    To be called with the folder `locked`. Raises TreeError, with the tree as it was, when anything cannot be written.
    """
    # Plain strings from here on: for ten thousand files, Path objects cost more than the system calls.
    top, paths = os.fspath(root), [*changes.created, *changes.changed]
    try:
        folders = {path.rpartition("/")[0] for path in (*paths, *changes.removed)}
        missing = _missing_folders(top, folders)
        parents = {folder.rpartition("/")[0] for folder in missing}
        _require_writable(top, (folders | parents).difference(missing) | {""})
        _stage(top, missing, (wanted[path] for path in paths))
        _make_folders(top, missing)
        for path in changes.created:
            if os.path.lexists(f"{top}/{path}"):
                raise TreeError(f"{path} is a folder, but must be a file", hint="move it away")
        _replace(top, paths, changes)
        _remove_empty(top, changes.removed)
    finally:
        _discard(top)


def _missing_folders(top: str, folders: Iterable[str]) -> list[str]:
    """The folders to create, outer ones first."""
    missing: set[str] = set()
    for folder in folders:
        while folder and folder not in missing and not os.path.isdir(f"{top}/{folder}"):
            missing.add(folder)
            folder = folder.rpartition("/")[0]  # noqa: PLW2901 - the way up
    return sorted(missing)


def _require_writable(top: str, folders: Iterable[str]) -> None:
    """Check every folder before the first file is touched. Raises TreeError that names the first that is not."""
    for folder in sorted(folders):
        if not os.access(f"{top}/{folder}", os.W_OK | os.X_OK):
            message = f"cannot write to {folder or 'this folder'}: permission denied"
            raise TreeError(message, hint="change its permissions, and run this again")


def _make_folders(top: str, folders: Iterable[str]) -> None:
    for folder in folders:
        try:
            os.mkdir(f"{top}/{folder}")
        except OSError as error:
            raise _failed("write", folder, error) from error


def _stage(top: str, folders: Iterable[str], contents: Iterable[bytes]) -> None:
    staging = f"{top}/{_STAGING}"
    try:
        os.mkdir(staging)
        _write_new(f"{staging}/{_STAMP}", "\n".join(folders).encode())
        for number, content in enumerate(contents):
            _write_new(f"{staging}/{number}", content)
    except OSError as error:
        raise _failed("write", "to this folder", error) from error


def _replace(top: str, paths: Iterable[str], changes: TreeDiff) -> None:
    """Move the new files into place and remove the old ones. If that fails, undo what was done."""
    done: list[str] = []
    path = ""
    try:
        for number, path in enumerate(paths):
            os.replace(f"{top}/{_STAGING}/{number}", f"{top}/{path}")
            done.append(path)
        for path in changes.removed:
            os.unlink(f"{top}/{path}")
            done.append(path)
    except OSError as error:
        _undo(top, done, changes)
        raise _failed("write", path, error) from error


def _undo(top: str, done: Iterable[str], changes: TreeDiff) -> None:
    before = {**changes.changed, **changes.removed}
    for path in done:
        try:
            if path in before:
                _write_new(f"{top}/{_STAGING}/before", before[path])
                os.replace(f"{top}/{_STAGING}/before", f"{top}/{path}")
            else:
                os.unlink(f"{top}/{path}")
        except OSError as error:
            raise _failed("restore", path, error) from error


def _failed(verb: str, path: str, error: OSError) -> TreeError:
    return TreeError(f"cannot {verb} {path}: {error.strerror}")


def _discard(top: str) -> None:
    """Remove the staging folder, and created folders that are still empty. Raises TreeError when it is not ours."""
    staging = f"{top}/{_STAGING}"
    if os.path.islink(staging) or not os.path.isdir(staging):
        return
    try:
        folders = _remove_staging(staging)
    except OSError as error:
        raise _failed("remove", _STAGING, error) from error
    for folder in reversed(folders):
        with suppress(OSError):  # it is not empty
            os.rmdir(f"{top}/{folder}")


def _remove_staging(staging: str) -> list[str]:
    """Remove the folder; the folders that its run had created."""
    names = os.listdir(staging)
    if names and _STAMP not in names:
        raise TreeError(
            f"{_STAGING} was not created by this tool, which uses that name to stage files", hint="rename it"
        )
    folders = os.fsdecode(_read(f"{staging}/{_STAMP}")).splitlines() if names else []
    for name in sorted(names, key=lambda name: name == _STAMP):
        os.unlink(f"{staging}/{name}")
    os.rmdir(staging)
    return folders


def _write_new(path: str, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        written = os.write(descriptor, content)
        while written < len(content):
            written += os.write(descriptor, content[written:])
    finally:
        os.close(descriptor)


def _remove_empty(top: str, removed: Iterable[str]) -> None:
    """Remove folders that are empty without the removed files."""
    folders = {str(parent) for path in removed for parent in Path(path).parents[:-1]}
    for folder in sorted(folders, key=len, reverse=True):
        with suppress(OSError):  # it is not empty
            os.rmdir(f"{top}/{folder}")
