"""The manifest of a synced prefix: written last, outside what is served, it proves that nothing is missing."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from generator import json_text
from generator.diagnostics import GeneratorError

SCHEMA: Final = 1
_T = TypeVar("_T")


class ManifestError(GeneratorError):
    """The object at a manifest's key is not a manifest that this version can read."""


class Entry(NamedTuple):
    """A file as it stands in the bucket: the digests of its content, and the ETag that the server gave it.

    An empty ETag means that the file was found damaged and must be brought in again.
    """

    path: str
    size: int
    sha256: str
    git_sha1: str | None
    etag: str


class Manifest(NamedTuple):
    """One model at one commit, complete."""

    repo: str
    commit: str
    profile: str
    files: tuple[Entry, ...]

    @property
    def by_path(self) -> Mapping[str, Entry]:
        """The files by their paths."""
        return {entry.path: entry for entry in self.files}


def disproved(manifest: Manifest, paths: Collection[str]) -> Manifest:
    """The manifest without the ETags of some files, so that they are brought in again."""
    files = (entry._replace(etag="") if entry.path in paths else entry for entry in manifest.files)
    return manifest._replace(files=tuple(files))


def profile_digest(include: Sequence[str], exclude: Sequence[str]) -> str:
    """A digest of `files.include` and `files.exclude`."""
    return hashlib.sha256(json.dumps([sorted(include), sorted(exclude)]).encode()).hexdigest()[:12]


def dump(manifest: Manifest) -> bytes:
    """Canonical JSON: two syncs of the same commit write the same bytes."""
    files = [entry._asdict() for entry in sorted(manifest.files)]
    return json.dumps({"schema": SCHEMA, **manifest._asdict(), "files": files}, indent=1, sort_keys=True).encode()


def parse(raw: bytes, where: str) -> Manifest:
    """Read a manifest. Raises ManifestError if it is none, or of a later version."""
    try:
        data: dict[str, Any] = json_text.parse(raw)
        if data["schema"] != SCHEMA:
            raise ManifestError(f"{where} was written by a newer version of this tool", hint="update this tool")
        files = tuple(_entry(entry) for entry in data["files"])
        return Manifest(_typed(data["repo"], str), _typed(data["commit"], str), _typed(data["profile"], str), files)
    except (ValueError, KeyError, TypeError) as error:
        raise ManifestError(
            f"{where} is not a manifest of this tool", hint="delete it, and run the sync again"
        ) from error


def _entry(raw: Mapping[str, Any]) -> Entry:
    git_sha1 = raw["git_sha1"]
    return Entry(
        path=_typed(raw["path"], str),
        size=_typed(raw["size"], int),
        sha256=_typed(raw["sha256"], str),
        git_sha1=None if git_sha1 is None else _typed(git_sha1, str),
        etag=_typed(raw["etag"], str),
    )


def _typed(value: Any, kind: type[_T]) -> _T:
    if type(value) is not kind:
        raise TypeError("a manifest has another kind of value there")
    return value
