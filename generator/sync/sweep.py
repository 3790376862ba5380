"""Prunes what a catalog has synced below a connection's prefix: finds it, marks what is unused, deletes what is due."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Final, NamedTuple

from generator.catalog.layout import owner_of, recorded
from generator.sync.destinations import Root
from generator.sync.model import IDLE, others_of, read_manifest, replace_manifest
from generator.sync.prune import Claim, Stale, unused, updated
from generator.sync.s3 import Bucket, Upload
from generator.sync.s3_errors import S3Error

_CLAIMS_AT_ONCE: Final = 16


class Unowned(NamedTuple):
    """A prefix, and the key of a manifest of it that names no catalog."""

    prefix: str
    key: str


class Pruned(NamedTuple):
    """What is unused: prefixes and files of this catalog, and uploads that killed runs have left.

    Nobody knows who uses what is `unowned`.
    """

    stale: tuple[Stale, ...] = ()
    unowned: tuple[Unowned, ...] = ()
    uploads: tuple[Upload, ...] = ()


def joined(found: Iterable[Pruned]) -> Pruned:
    """What was found below several roots."""
    every = list(found)
    return Pruned(
        tuple(chain.from_iterable(each.stale for each in every)),
        tuple(chain.from_iterable(each.unowned for each in every)),
        tuple(chain.from_iterable(each.uploads for each in every)),
    )


def sweep(bucket: Bucket, root: Root, catalog: str, grace: timedelta, *, dry_run: bool) -> Pruned:
    """Find, and unless `dry_run` mark and delete, what is unused below a root."""
    now, keys = datetime.now(UTC), _manifests(bucket, root)
    stale: list[Stale] = []
    for claim in _claims(bucket, keys, root, owner_of(catalog)):
        found = unused(claim, root.referenced, now, grace)
        if dry_run or _settled(bucket, claim, found):
            stale.extend(found)
    uploads: list[Upload] = []
    with suppress(S3Error):  # not everybody may
        uploads = bucket.idle_multiparts(f"{root.path}/", IDLE)
    for upload in () if dry_run else uploads:
        bucket.abort_multipart(upload)
    unowned = (
        Unowned(prefix, key)
        for prefix, owners in keys.items()
        for owner, key in owners.items()
        if owner is None and prefix not in root.referenced and owner_of(catalog) not in owners
    )
    return Pruned(tuple(stale), tuple(unowned), tuple(uploads))


def _manifests(bucket: Bucket, root: Root) -> dict[str, dict[str | None, str]]:
    """The keys of all manifests, by prefix and owner."""
    found: dict[str, dict[str | None, str]] = {}
    folder = f"{root.path}/.sync/"
    for path in sorted(bucket.list_objects(folder)):
        if about := recorded(folder + path):
            found.setdefault(about.prefix, {})[about.owner] = folder + path
    return found


def _claims(bucket: Bucket, keys: Mapping[str, Mapping[str | None, str]], root: Root, own: str) -> Iterator[Claim]:
    """The manifests of the owner, read side by side."""

    def read(prefix: str) -> Claim | None:
        key = keys[prefix][own]
        unowned = keys[prefix].get(None)
        others = tuple(other for owner, other in keys[prefix].items() if owner not in (own, None))
        manifest = read_manifest(bucket, key)
        if manifest is None:
            return None
        shared: set[str] = set()
        if prefix in root.referenced and any(entry.unwanted_since for entry in manifest.files):
            for other in (*others, *([unowned] if unowned else [])):
                theirs = read_manifest(bucket, other)
                shared |= {entry.path for entry in theirs.files if not entry.unwanted_since} if theirs else set()
        return Claim(key, prefix, manifest, others, unowned, frozenset(shared))

    with ThreadPoolExecutor(_CLAIMS_AT_ONCE, "claim") as pool:
        found = list(pool.map(read, [prefix for prefix in keys if own in keys[prefix]]))
    return (claim for claim in found if claim)


def _settled(bucket: Bucket, claim: Claim, stale: tuple[Stale, ...]) -> bool:
    """Mark or delete what was found. False if a sync has written the manifest meanwhile: the prefix is in use."""
    if any(each.due and each.path == claim.prefix for each in stale):
        return _deleted(bucket, claim)
    after = updated(claim, stale)
    if after != claim.manifest and not replace_manifest(bucket, claim.key, claim.manifest, after):
        return False
    bucket.delete(each.path for each in stale if each.due)
    return True


def _deleted(bucket: Bucket, claim: Claim) -> bool:
    """Delete a prefix, its manifest first, so that a partly deleted one never looks complete.

    The files go only if no catalog has a manifest of them, also none that was written just now.
    """
    if read_manifest(bucket, claim.key) != claim.manifest:
        return False
    bucket.delete([claim.key])
    if not others_of(bucket, claim.key):
        bucket.delete(claim.prefix + path for path in bucket.list_objects(claim.prefix))
    return True
