"""Repositories, commits and files, independent of HTTP."""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypedDict

_STEP = 1 << 20
_PERIOD = 1_048_573
"""Prime, so that a block in the wrong place never fits."""


@dataclass(frozen=True)
class Sparse:
    """Content of any size that takes no memory: zeros, or pseudo-random for a seed that is not 0."""

    size: int
    seed: int = 0
    sha256: str | None = None
    """Saves computing it, about half a second per GB."""


Source = bytes | Sparse | Path


class Content:
    """The bytes of a file, and what identifies them."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._block = b""
        if isinstance(source, Path):
            self.size = source.stat().st_size
        elif isinstance(source, Sparse):
            self.size = source.size
            block = random.Random(source.seed).randbytes(_PERIOD) if source.seed else bytes(_PERIOD)  # noqa: S311
            self._block = block + block
        else:
            self.size = len(source)

    def chunks(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to `end`."""
        end = self.size if end is None else end
        if isinstance(self._source, Path):
            yield from _of_file(self._source, start, end)
        elif isinstance(self._source, Sparse):
            for at in range(start, end, _STEP // 2):
                inside = at % _PERIOD
                yield self._block[inside : inside + min(_STEP // 2, end - at)]
        elif start < end:
            yield self._source[start:end]

    @cached_property
    def sha256(self) -> str:
        """What the Hub calls the LFS oid."""
        if isinstance(self._source, Sparse) and self._source.sha256:
            return self._source.sha256
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()

    @cached_property
    def git(self) -> str:
        """What git calls this content."""
        digest = hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False)
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()


def _of_file(path: Path, start: int, end: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while start < end and (chunk := file.read(min(_STEP, end - start))):
            start += len(chunk)
            yield chunk


@dataclass(frozen=True)
class Entry:
    """A file at a commit."""

    path: str
    content: Content
    lfs: bool

    @cached_property
    def pointer(self) -> bytes:
        """What git holds in place of a large file."""
        about = f"oid sha256:{self.content.sha256}\nsize {self.content.size}\n"
        return f"version https://git-lfs.github.com/spec/v1\n{about}".encode()

    @property
    def blob(self) -> str:
        """The git blob: of the pointer, for a large file."""
        return Content(self.pointer).git if self.lfs else self.content.git

    @property
    def etag(self) -> str:
        """What identifies the content in headers."""
        return self.content.sha256 if self.lfs else self.content.git

    def sibling(self, *, blobs: bool) -> dict[str, Any]:
        """The file as `model_info` shows it."""
        shown: dict[str, Any] = {"rfilename": self.path}
        if blobs:
            shown |= {"blobId": self.blob, "size": self.content.size}
        if blobs and self.lfs:
            shown["lfs"] = self._lfs("sha256")
        return shown

    def listed(self) -> dict[str, Any]:
        """The file as the tree shows it."""
        shown = {"type": "file", "oid": self.blob, "size": self.content.size, "path": self.path}
        return shown | ({"lfs": self._lfs("oid")} if self.lfs else {})

    def _lfs(self, name: str) -> dict[str, Any]:
        return {name: self.content.sha256, "size": self.content.size, "pointerSize": len(self.pointer)}


class About(TypedDict, total=False):
    """What a repository says of itself."""

    private: bool
    gated: Literal[False, "auto", "manual"]
    disabled: bool
    license: str | None


@dataclass
class Repo:
    """A model repository: its commits, and the one `main` points to."""

    name: str
    about: About
    commits: dict[str, dict[str, Entry]] = field(default_factory=dict)
    main: str = ""
    branches: dict[str, str] = field(default_factory=dict)

    def resolve(self, revision: str) -> str | None:
        """The commit of a branch, or of itself."""
        commit = self.main if revision in ("main", "HEAD", "") else self.branches.get(revision, revision)
        return commit if commit in self.commits else None

    def info(self, commit: str, *, blobs: bool) -> dict[str, Any]:
        """What `model_info` answers."""
        licence = self.about.get("license")
        return {
            "_id": hashlib.sha256(self.name.encode()).hexdigest()[:24],
            "id": self.name,
            "modelId": self.name,
            "sha": commit,
            "private": self.about.get("private", False),
            "gated": self.about.get("gated", False),
            "disabled": self.about.get("disabled", False),
            "lastModified": "2025-01-01T00:00:00.000Z",
            "tags": [f"license:{licence}"] if licence else [],
            "cardData": {"license": licence} if licence else {},
            "siblings": [entry.sibling(blobs=blobs) for _, entry in sorted(self.commits[commit].items())],
        }

    def tree(self, commit: str, folder: str, *, recursive: bool) -> list[dict[str, Any]] | None:
        """Folders and files below `folder`; None if there is no such folder."""
        inside = f"{folder}/" if folder else ""
        entries = [entry for path, entry in sorted(self.commits[commit].items()) if path.startswith(inside)]
        if folder and not entries:
            return None
        folders = {str(parent) for entry in entries for parent in PurePosixPath(entry.path).parents[:-1]}
        rows: list[dict[str, Any]] = [
            {"type": "directory", "oid": _oid(path), "size": 0, "path": path} for path in sorted(folders)
        ]
        rows += [entry.listed() for entry in entries]
        below = [row for row in rows if row["path"].startswith(inside)]
        return below if recursive else [row for row in below if "/" not in row["path"][len(inside) :]]


def _oid(path: str) -> str:
    return hashlib.sha1(path.encode(), usedforsecurity=False).hexdigest()
