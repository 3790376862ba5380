"""The manifest of a synced prefix: written last, outside what is served, it proves that nothing is missing."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, TypeVar

from generator import json_text
from generator.diagnostics import GeneratorError

SCHEMA: Final = 1
_T = TypeVar("_T")


class ManifestError(GeneratorError):
    """The object at a manifest's key is not a manifest that this version can read."""


class Entry(NamedTuple):
    """A file as it stands in the bucket: the digests of its content, and the ETag that the server gave it.

    An empty ETag means that the file was found damaged and must be brought in again. `unwanted_since` is set on a file
    that the model's `files` no longer select: pods may still rely on it, so only `--prune` deletes it.
    """

    path: str
    size: int
    sha256: str
    git_sha1: str | None
    etag: str
    unwanted_since: datetime | None = None


class Manifest(NamedTuple):
    """One model at one commit, complete, as the catalog with this id has synced it.

    `unreferenced_since` is when `--prune` first saw that the catalog no longer refers to it.
    """

    repo: str
    commit: str
    profile: str
    files: tuple[Entry, ...]
    catalog: str | None = None
    unreferenced_since: datetime | None = None

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
    files = [_given(entry._asdict()) for entry in sorted(manifest.files, key=lambda entry: entry.path)]
    return json.dumps(
        {"schema": SCHEMA, **_given(manifest._asdict()), "files": files},
        indent=1,
        sort_keys=True,
        default=datetime.isoformat,
    ).encode()


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Without the fields that most manifests do without."""
    return {name: value for name, value in fields.items() if value is not None or name == "git_sha1"}


def parse(raw: bytes, where: str) -> Manifest:
    """Read a manifest. Raises ManifestError if it is none, or of a later version."""
    try:
        data: dict[str, Any] = json_text.parse(raw)
        if data["schema"] != SCHEMA:
            raise ManifestError(f"{where} was written by a newer version of this tool", hint="update this tool")
        files = tuple(_entry(entry) for entry in data["files"])
        since = _time(data.get("unreferenced_since"))
        repo, commit, profile = (_typed(data[key], str) for key in ("repo", "commit", "profile"))
        return Manifest(repo, commit, profile, files, _text(data.get("catalog")), since)
    except (ValueError, KeyError, TypeError) as error:
        raise ManifestError(
            f"{where} is not a manifest of this tool", hint="delete it, and run the sync again"
        ) from error


def _entry(raw: Mapping[str, Any]) -> Entry:
    return Entry(
        path=_typed(raw["path"], str),
        size=_typed(raw["size"], int),
        sha256=_typed(raw["sha256"], str),
        git_sha1=_text(raw["git_sha1"]),
        etag=_typed(raw["etag"], str),
        unwanted_since=_time(raw.get("unwanted_since")),
    )


def _text(value: Any) -> str | None:
    return None if value is None else _typed(value, str)


def _typed(value: Any, kind: type[_T]) -> _T:
    if type(value) is not kind:
        raise TypeError("a manifest has another kind of value there")
    return value


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
