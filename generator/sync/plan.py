"""The operations that make a bucket hold a model, each with its reason. Pure: (wanted, manifest, listing) → Plan."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple

from generator.commits import short
from generator.hub.files import ModelFile, is_weights
from generator.sync.manifest import Entry, Manifest

Action = Literal["upload", "copy", "keep", "retire", "delete"]
Observe = Callable[[str, str, int, Action], None]
"""Called with a model, a path, and the bytes that have arrived in the bucket, by an upload or a copy."""
Content = tuple[str | None, int]
"""What identifies a content: sha256 and size."""
_MIB: Final = 1 << 20
PART: Final = 16 * _MIB
MISSING: Final = "missing"
UNPROVEN: Final = "not verified"
_MOST_PARTS: Final = 9_500  # S3 allows 10,000 (UNVERIFIED: AWS's page "Amazon S3 multipart upload limits")


class Stored(NamedTuple):
    """An object as the bucket lists it. Digests come from its metadata, and are set only if that was read."""

    path: str
    size: int
    etag: str
    sha256: str | None = None
    git_sha1: str | None = None
    written: datetime | None = None


class Wanted(NamedTuple):
    """A model at a commit, where its files go, and the id of the catalog that wants it. `prefix` ends with a slash."""

    name: str
    repo: str
    commit: str
    bucket: str
    prefix: str
    manifest_key: str
    profile: str
    catalog: str | None = None


class OtherCommit(NamedTuple):
    """Another commit of the model in the same bucket: where it is, what its manifest promises, and what is there."""

    prefix: str
    manifest: Manifest
    listing: Mapping[str, Stored]


class CopySource(NamedTuple):
    """An object of another commit that holds what is wanted here."""

    commit: str
    key: str
    etag: str
    sha256: str


class Operation(NamedTuple):
    """One file: what happens to it, and why. `file` is one that is wanted, `entry` what is known of one that stays.

    A file that was wanted once is retired: it stays, for pods that start now and later, until `--prune` deletes it.
    """

    action: Action
    path: str
    size: int
    reason: str
    file: ModelFile | None = None
    entry: Entry | None = None
    copy_source: CopySource | None = None

    @property
    def moves(self) -> bool:
        """Whether it brings bytes in."""
        return self.action in ("upload", "copy")


class Plan(NamedTuple):
    """All operations for one model."""

    wanted: Wanted
    operations: tuple[Operation, ...]
    writes_manifest: bool
    replaces_manifest: bool = False

    @property
    def work(self) -> bool:
        """Whether anything is to be done."""
        return self.writes_manifest or any(operation.action != "keep" for operation in self.operations)

    @property
    def upload_bytes(self) -> int:
        """What will be sent."""
        return sum(operation.size for operation in self.operations if operation.action == "upload")

    @property
    def copy_bytes(self) -> int:
        """What will be copied within the bucket."""
        return sum(operation.size for operation in self.operations if operation.action == "copy")

    @property
    def sought(self) -> set[Content]:
        """The large files that are missing: what another commit may have, too."""
        missing = [operation.file for operation in self.operations if operation.reason == MISSING]
        return {(file.sha256, file.size) for file in missing if file and file.sha256}

    @property
    def disputed(self) -> bool:
        """Whether something is there that this catalog's manifest does not explain: that of another one may."""
        return any(operation.reason != MISSING for operation in self.operations if operation.action != "keep")


def up_to_date(wanted: Wanted, manifest: Manifest | None, listing: Mapping[str, Stored]) -> Plan | None:
    """The plan for an up-to-date model, if manifest and listing prove that it is; else None."""
    if manifest is None or (manifest.repo, manifest.commit, manifest.profile) != wanted_id(wanted):
        return None
    if listing.keys() != manifest.by_path.keys():
        return None
    if any(not _agrees(entry, listing[entry.path]) for entry in manifest.files):
        return None
    kept = tuple(Operation("keep", entry.path, entry.size, "in the manifest", entry=entry) for entry in manifest.files)
    return Plan(wanted, kept, writes_manifest=manifest.unreferenced_since is not None)


def wanted_id(wanted: Wanted) -> tuple[str, str, str]:
    """What a manifest must say to be about `wanted`."""
    return (wanted.repo, wanted.commit, wanted.profile)


def make_plan(
    wanted: Wanted,
    files: Sequence[ModelFile],
    manifest: Manifest | None,
    listing: Mapping[str, Stored],
    others: Iterable[OtherCommit] = (),
    shared: Iterable[Manifest] = (),
) -> Plan:
    """Compare what is wanted with what is there. `listing` must be complete: what it lacks comes in, the rest goes.

    A file that one of `others` has as well is copied from there. `shared` is what other catalogs have recorded of the
    same prefix.
    """
    known, same = _known(manifest, shared, listing), copy_sources(others)
    operations = [_operation(file, known.get(file.path), listing.get(file.path), same) for file in files]
    paths = {file.path for file in files}
    operations += [_leftover(stored, known.get(path)) for path, stored in listing.items() if path not in paths]
    ordered = tuple(sorted(operations, key=_rank))
    changed = any(operation.action != "keep" for operation in ordered)
    there = {operation.path for operation in ordered}
    untrue = {operation.path for operation in ordered if operation.moves or operation.action == "delete"}
    recorded = (
        manifest is not None
        and wanted_id(wanted) == (manifest.repo, manifest.commit, manifest.profile)
        and manifest.by_path.keys() == there
        and manifest.unreferenced_since is None
    )
    return Plan(
        wanted,
        ordered,
        writes_manifest=changed or not recorded,
        replaces_manifest=manifest is not None and not untrue.isdisjoint(manifest.by_path),
    )


def _known(own: Manifest | None, shared: Iterable[Manifest], listing: Mapping[str, Stored]) -> dict[str, Entry]:
    """What is recorded of each file: this catalog's own entry, unless only another's agrees with the listing.

    What `--verify` found damaged is damaged, whatever others say.
    """
    known = {**own.by_path} if own else {}
    for entry in (entry for manifest in shared for entry in manifest.files):
        mine, stored = known.get(entry.path), listing.get(entry.path)
        if stored and _agrees(entry, stored) and (mine is None or (mine.etag and not _agrees(mine, stored))):
            known[entry.path] = entry._replace(unwanted_since=None)
    return known


def copy_sources(others: Iterable[OtherCommit]) -> dict[Content, CopySource]:
    """What can be copied: objects that still match their manifest; the first of several."""
    found: dict[Content, CopySource] = {}
    for prefix, manifest, listing in others:
        for entry in manifest.files:
            if entry.path in listing and _agrees(entry, listing[entry.path]):
                copy_source = CopySource(short(manifest.commit), prefix + entry.path, entry.etag, entry.sha256)
                found.setdefault((entry.sha256, entry.size), copy_source)
    return found


def _operation(
    file: ModelFile, entry: Entry | None, stored: Stored | None, same: Mapping[Content, CopySource]
) -> Operation:
    if stored is None:
        copy_source = same.get((file.sha256, file.size))
        if copy_source is None:
            return _upload(file, MISSING)
        return Operation(
            "copy", file.path, file.size, f"same as in {copy_source.commit}", file, copy_source=copy_source
        )
    if stored.size != file.size:
        return _upload(file, f"{stored.size:,} bytes instead of {file.size:,}")
    if entry is not None and _same(file, entry):
        if _agrees(entry, stored):
            return Operation("keep", file.path, file.size, "in the manifest", file, entry._replace(unwanted_since=None))
        return _upload(file, "changed since it was synced" if entry.etag else "damaged, according to --verify")
    noted = stored.sha256 if file.sha256 else stored.git_sha1
    if stored.sha256 and noted == (file.sha256 or file.git_sha1):
        own = Entry(file.path, file.size, stored.sha256, file.git_sha1, stored.etag)
        return Operation("keep", file.path, file.size, "already sent and verified", file, own)
    return _upload(file, UNPROVEN)


def _leftover(stored: Stored, entry: Entry | None) -> Operation:
    """What becomes of an object that is not wanted: if a sync has written it, pods may rely on it."""
    path, size = stored.path, stored.size
    noted = Entry(path, size, stored.sha256, stored.git_sha1, stored.etag) if stored.sha256 else None
    if entry is None or (entry.etag and not _agrees(entry, stored)):
        entry = noted
    if entry is None or not _agrees(entry, stored):
        return Operation("delete", path, size, "not part of the model, but KServe would download it")
    action: Action = "keep" if entry.unwanted_since else "retire"
    return Operation(action, path, size, "no longer part of the model; --prune deletes it", entry=entry)


def _upload(file: ModelFile, reason: str) -> Operation:
    return Operation("upload", file.path, file.size, reason, file)


def _same(file: ModelFile, entry: Entry) -> bool:
    return entry.sha256 == file.sha256 if file.sha256 else entry.git_sha1 == file.git_sha1


def _agrees(entry: Entry, stored: Stored) -> bool:
    return (entry.size, entry.etag) == (stored.size, stored.etag)


def _rank(operation: Operation) -> tuple[int, int, str]:
    """Weights first, config.json last: a pod that starts too early finds no model instead of a part of one."""
    path = operation.path
    if path == "config.json":
        order = 3
    elif is_weights(path):
        order = 0
    else:
        order = 2 if path.endswith(".index.json") else 1
    return (order, -operation.size, path)


def phases(operations: Iterable[Operation]) -> tuple[list[Operation], list[Operation]]:
    """Uploads and copies that may run side by side, and those that wait for all of them."""
    moving = [operation for operation in operations if operation.moves]
    last = [operation for operation in moving if operation.path == "config.json"]
    return [operation for operation in moving if operation not in last], last


def part_size(size: int, least: int = PART) -> int:
    """Bytes per part: `least`, more where 9,500 parts would not do, in whole MiB."""
    needed = -(-size // _MOST_PARTS)
    return max(least, -(-needed // _MIB) * _MIB)
