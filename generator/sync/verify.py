"""Reads a synced model back, compares it with its manifest, and marks what is damaged there."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from generator.diagnostics import InterruptedSyncError
from generator.hub.files import ModelFile
from generator.sync import manifest as manifests
from generator.sync.manifest import Entry, Manifest
from generator.sync.model import SyncRequest, replace_manifest
from generator.sync.plan import Observe, Stored, Wanted
from generator.sync.s3 import Bucket
from generator.sync.s3_errors import UNREADABLE, S3Error

_PIECE: Final = 64 << 10  # how fast they come is seen after each


class Reading(NamedTuple):
    """How a bucket is read back. `observe` sees every byte."""

    bucket: Bucket
    retried: Callable[[Callable[[], str]], str]
    """Calls a read, and again where that may help. Raises S3Error when it does not."""
    stopping: Callable[[], bool]
    observe: Observe

    def sha256(self, wanted: Wanted, path: str) -> str:
        """The digest of a file's content. Raises S3Error when it cannot be read."""
        seen = 0

        def once() -> str:
            nonlocal seen
            self.observe(wanted.name, path, -seen, "keep")  # a read that failed is repeated from the start
            seen, sha256 = 0, hashlib.sha256()
            for piece in self.bucket.chunks(wanted.prefix + path, _PIECE):
                if self.stopping():
                    raise InterruptedSyncError("interrupted")
                sha256.update(piece)
                seen += len(piece)
                self.observe(wanted.name, path, len(piece), "keep")
            return sha256.hexdigest()

        return self.retried(once)


class Recorded(NamedTuple):
    """A model and its manifest, None if it has none."""

    request: SyncRequest
    manifest: Manifest | None

    @property
    def wanted(self) -> Wanted:
        """The model at its commit."""
        return self.request.wanted


class _Finding(NamedTuple):
    """What is wrong with a file; `damaged` when it must be brought in again."""

    path: str
    words: str
    damaged: bool = False


def verify(recorded: Recorded, reading: Reading, *, record: bool) -> list[str]:
    """Read everything back and hash it. What is wrong, a line for each; nothing wrong, an empty list.

    With `record`, damaged files are marked in the manifest, so that the next sync brings them in again.
    Raises InterruptedSyncError when asked to stop.
    """
    wanted, manifest, lock = recorded.wanted, recorded.manifest, recorded.request.locked
    if manifest is None:
        return ["there is no manifest: no sync has completed"]
    locked = {file.path: file for file in lock.files} if lock else {}
    listing = reading.bucket.list_objects(wanted.prefix)
    wrong = [_Finding(path, "is not in the manifest") for path in sorted(listing.keys() - manifest.by_path.keys())]
    for entry in manifest.files:
        file = locked.get(entry.path)
        if found := _finding(entry, listing.get(entry.path), file, lambda path: reading.sha256(wanted, path)):
            wrong.append(found)
    lines = [f"{finding.path} {finding.words}" for finding in wrong]
    if record and any(finding.damaged for finding in wrong):
        lines += _record(reading.bucket, wanted, manifest, wrong)
    return lines


def _finding(
    entry: Entry, stored: Stored | None, locked: ModelFile | None, sha256: Callable[[str], str]
) -> _Finding | None:
    if stored is None:
        return _Finding(entry.path, "is missing")
    if locked and locked.sha256 and locked.sha256 != entry.sha256:
        return _Finding(entry.path, f"was synced with sha256 {entry.sha256}, but the lock has {locked.sha256}")
    try:
        found = sha256(entry.path)
    except S3Error as error:
        return _Finding(entry.path, f"is listed, but cannot be read: {error}", damaged=error.code in UNREADABLE)
    if found == entry.sha256:
        return None
    return _Finding(entry.path, f"has sha256 {found}, expected {entry.sha256}", damaged=True)


def _record(bucket: Bucket, wanted: Wanted, manifest: Manifest, wrong: Sequence[_Finding]) -> list[str]:
    """Mark damaged files in the manifest, unless another sync has written a new one meanwhile."""
    doubted = manifests.disproved(manifest, {finding.path for finding in wrong if finding.damaged})
    try:
        if doubted != manifest:
            replace_manifest(bucket, wanted.manifest_key, manifest, doubted)
    except S3Error as error:
        return [f"the next sync will not replace it, because the manifest could not be updated: {error}"]
    return []
