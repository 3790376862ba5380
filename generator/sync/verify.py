"""Reads a synced model back, compares it with its manifest, and marks what is damaged there."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from generator.diagnostics import InterruptedSyncError
from generator.hub.files import ModelFile
from generator.sync import manifest as manifests
from generator.sync.manifest import Entry, Manifest
from generator.sync.model import SyncRequest, read_manifest
from generator.sync.plan import Stored, Wanted
from generator.sync.s3 import Bucket
from generator.sync.s3_errors import UNREADABLE, S3Error

_PIECE: Final = 1 << 20
Stopping = Callable[[], bool]
Retried = Callable[[Callable[[], str]], str]
"""Calls a read, and again where that may help. Raises S3Error when it does not."""


class _Finding(NamedTuple):
    """What is wrong with a file; `damaged` when it must be brought in again."""

    path: str
    words: str
    damaged: bool = False


def verify(request: SyncRequest, bucket: Bucket, retried: Retried, stopping: Stopping, *, record: bool) -> list[str]:
    """Read everything back and hash it. What is wrong, a line for each; nothing wrong, an empty list.

    With `record`, damaged files are marked in the manifest, so that the next sync brings them in again.
    Raises InterruptedSyncError when asked to stop.
    """
    wanted = request.wanted
    manifest = read_manifest(bucket, wanted.manifest_key)
    if manifest is None:
        return ["there is no manifest: no sync has completed"]
    reader = _Reader(bucket, wanted, retried, stopping)
    locked = {file.path: file for file in request.locked.files} if request.locked else {}
    listing = bucket.list_objects(wanted.prefix)
    wrong = [_Finding(path, "is not in the manifest") for path in sorted(listing.keys() - manifest.by_path.keys())]
    for entry in manifest.files:
        if found := _finding(entry, listing.get(entry.path), locked.get(entry.path), reader):
            wrong.append(found)
    lines = [f"{finding.path} {finding.words}" for finding in wrong]
    if record and any(finding.damaged for finding in wrong):
        lines += _record(bucket, wanted, manifest, wrong)
    return lines


class _Reader(NamedTuple):
    """Reads and hashes a model's files."""

    bucket: Bucket
    wanted: Wanted
    retried: Retried
    stopping: Stopping

    def sha256(self, path: str) -> str:
        """The digest of a file's content. Raises S3Error when it cannot be read."""

        def once() -> str:
            sha256 = hashlib.sha256()
            for piece in self.bucket.chunks(self.wanted.prefix + path, _PIECE):
                if self.stopping():
                    raise InterruptedSyncError("interrupted")
                sha256.update(piece)
            return sha256.hexdigest()

        return self.retried(once)


def _finding(entry: Entry, stored: Stored | None, locked: ModelFile | None, reader: _Reader) -> _Finding | None:
    if stored is None:
        return _Finding(entry.path, "is missing")
    if locked and locked.sha256 and locked.sha256 != entry.sha256:
        return _Finding(entry.path, f"was synced with sha256 {entry.sha256}, but the lock has {locked.sha256}")
    try:
        found = reader.sha256(entry.path)
    except S3Error as error:
        return _Finding(entry.path, f"is listed, but cannot be read: {error}", damaged=error.code in UNREADABLE)
    if found == entry.sha256:
        return None
    return _Finding(entry.path, f"has sha256 {found}, expected {entry.sha256}", damaged=True)


def _record(bucket: Bucket, wanted: Wanted, manifest: Manifest, wrong: Sequence[_Finding]) -> list[str]:
    """Mark damaged files in the manifest, unless another sync has written a new one meanwhile."""
    doubted = manifests.disproved(manifest, {finding.path for finding in wrong if finding.damaged})
    try:
        if doubted != manifest and read_manifest(bucket, wanted.manifest_key) == manifest:
            bucket.put(wanted.manifest_key, manifests.dump(doubted), {})
    except S3Error as error:
        return [f"the next sync will not replace it, because the manifest could not be updated: {error}"]
    return []
