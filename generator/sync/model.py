"""One model: read its state, plan, apply the plan, write the manifest."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Protocol

from generator.catalog.layout import recorded
from generator.commits import short
from generator.diagnostics import GeneratorError
from generator.hub.files import ModelFile, select
from generator.lock.lockfile import Locked
from generator.sync import manifest as manifests
from generator.sync.digest import Sent
from generator.sync.engine import Engine, Locator
from generator.sync.manifest import Entry, Manifest
from generator.sync.plan import (
    MISSING,
    UNPROVEN,
    Operation,
    OtherCommit,
    Plan,
    Stored,
    Wanted,
    copy_sources,
    make_plan,
    phases,
    up_to_date,
)
from generator.sync.s3 import Bucket
from generator.sync.s3_errors import S3Error
from generator.sync.upload import Task

_MOST_EARLIER: Final = 8  # two requests each
IDLE: Final = timedelta(days=1)
"""An upload that got no part for so long is abandoned: a request is retried for minutes at most."""


class Lister(Locator, Protocol):
    """The part of the Hub that a sync needs."""

    def tree(self, repo: str, commit: str) -> tuple[ModelFile, ...]:
        """All files of a commit."""


class SyncRequest(NamedTuple):
    """A model to sync: where to, which files, and what the lock says of them, if there is one."""

    wanted: Wanted
    include: Sequence[str]
    exclude: Sequence[str]
    locked: Locked | None


def plan_model(request: SyncRequest, hub: Lister, bucket: Bucket) -> Plan:
    """Plan a model. An up-to-date one costs two requests to S3 and none to the Hub.

    Raises GeneratorError when the repository's files make no model, or cannot be listed.
    """
    wanted = request.wanted
    manifest = read_manifest(bucket, wanted.manifest_key)
    listing = bucket.list_objects(wanted.prefix)
    quick = up_to_date(wanted, manifest, listing)
    if quick and request.locked is None:
        return quick
    files = _files(request, hub)
    plan = make_plan(wanted, files, manifest, listing)
    if not plan.work:
        return plan
    shared = _by_others(bucket, wanted) if plan.disputed else ()
    plan = make_plan(wanted, files, manifest, listing, shared=shared)
    noted, others = _noted(bucket, wanted, plan, listing), _other_commits(bucket, wanted, plan)
    return make_plan(wanted, files, manifest, noted, others, shared)


def read_manifest(bucket: Bucket, key: str) -> Manifest | None:
    """The manifest at a key, None when there is none. Raises ManifestError when it is not one that can be read."""
    raw = bucket.get(key)
    return None if raw is None else manifests.parse(raw, f"s3://{bucket.name}/{key}")


def replace_manifest(bucket: Bucket, key: str, seen: Manifest, changed: Manifest) -> bool:
    """Write a changed manifest, unless a sync has written another one since it was `seen`; whether it was written."""
    if read_manifest(bucket, key) != seen:
        return False
    bucket.put(key, manifests.dump(changed), {})
    return True


def others_of(bucket: Bucket, key: str) -> list[str]:
    """The keys of other catalogs' manifests of the same prefix."""
    folder, _, name = key.rpartition("/")
    commit = f"{folder}/{name.partition('.')[0]}."
    return sorted({commit + path for path in bucket.list_objects(commit)} - {key})


def _by_others(bucket: Bucket, wanted: Wanted) -> tuple[Manifest, ...]:
    """What other catalogs have recorded of the prefix, as far as it can be read and is about the same commit."""
    found = []
    for key in others_of(bucket, wanted.manifest_key):
        with suppress(manifests.ManifestError):
            found.append(read_manifest(bucket, key))
    return tuple(each for each in found if each and (each.repo, each.commit) == (wanted.repo, wanted.commit))


def _files(request: SyncRequest, hub: Lister) -> tuple[ModelFile, ...]:
    wanted, locked = request.wanted, request.locked
    files = locked.files if locked else hub.tree(wanted.repo, wanted.commit)
    selection = select(files, request.include, request.exclude)
    if selection.problems:
        hint = f"check https://huggingface.co/{wanted.repo}/tree/{wanted.commit}, and the model's `files`"
        raise GeneratorError("; ".join(selection.problems), hint=hint)
    return selection.chosen


def _noted(bucket: Bucket, wanted: Wanted, plan: Plan, listing: Mapping[str, Stored]) -> Mapping[str, Stored]:
    """The listing, plus the digests in the metadata of objects that no manifest covers, wanted or not."""
    found = dict(listing)
    for operation in plan.operations:
        unknown = operation.reason == UNPROVEN or operation.action == "delete"
        if unknown and (noted := bucket.probe(wanted.prefix + operation.path)):
            stored = found[operation.path]
            found[operation.path] = stored._replace(sha256=noted.sha256, git_sha1=noted.git_sha1)
    return found


def _other_commits(bucket: Bucket, wanted: Wanted, plan: Plan) -> list[OtherCommit]:
    """Other commits in the bucket that have missing files, newest first. None is no error: the Hub has everything."""
    found: list[OtherCommit] = []
    with suppress(S3Error):
        for prefix, manifest in _others(bucket, wanted) if plan.sought else ():
            if plan.sought & {(entry.sha256, entry.size) for entry in manifest.files}:
                found.append(OtherCommit(prefix, manifest, bucket.list_objects(prefix)))
            if plan.sought <= copy_sources(found).keys():
                break
    return found


def _others(bucket: Bucket, wanted: Wanted) -> Iterator[tuple[str, Manifest]]:
    """Prefix and manifest of the model's other commits; only the newest few, and only those that can be read."""
    folder = wanted.manifest_key[: wanted.manifest_key.rindex("/") + 1]
    prefixes: dict[str, str] = {}  # several catalogs may have recorded one
    for stored in sorted(bucket.list_objects(folder).values(), key=_newest_first):
        found = recorded(folder + stored.path)
        if found and found.prefix != wanted.prefix:
            prefixes.setdefault(found.prefix, folder + stored.path)
    for prefix, key in list(prefixes.items())[:_MOST_EARLIER]:
        manifest = None
        with suppress(manifests.ManifestError):
            manifest = read_manifest(bucket, key)
        if manifest is not None and prefix.endswith(f"/{short(manifest.commit)}/"):
            yield prefix, manifest


def _newest_first(stored: Stored) -> tuple[float, str]:
    return (-stored.written.timestamp() if stored.written else 0, stored.path)


def apply(plan: Plan, engine: Engine, bucket: Bucket) -> tuple[Sent, ...]:
    """Apply a plan. The manifest is written last; one that the plan makes untrue is deleted first."""
    wanted = plan.wanted
    if plan.replaces_manifest:
        bucket.delete([wanted.manifest_key])
    side_by_side, last = phases(plan.operations)
    sent = engine.send([_task(wanted, operation) for operation in side_by_side])
    sent += engine.send([_task(wanted, operation) for operation in last])
    bucket.delete(wanted.prefix + operation.path for operation in plan.operations if operation.action == "delete")
    entries = _entries(plan, sent, bucket.list_objects(wanted.prefix))
    _abort_idle(plan, bucket)
    manifest = Manifest(wanted.repo, wanted.commit, wanted.profile, entries, wanted.catalog)
    bucket.put(wanted.manifest_key, manifests.dump(manifest), {})
    return tuple(sent)


def _task(wanted: Wanted, operation: Operation) -> Task:
    if operation.file is None:
        raise AssertionError("only wanted files are brought in")
    key = wanted.prefix + operation.path
    replaces = operation.reason != MISSING and operation.copy_source is None
    return Task(wanted.name, wanted.repo, wanted.commit, operation.file, key, operation.copy_source, replaces)


def _entries(plan: Plan, sent: Iterable[Sent], listing: Mapping[str, Stored]) -> tuple[Entry, ...]:
    """The manifest's entries: our digests, and the bucket's ETags."""
    found = {item.path: Entry(item.path, item.size, item.sha256, item.git_sha1, "") for item in sent}
    found |= {operation.path: operation.entry for operation in plan.operations if operation.entry}
    if odd := [path for path, entry in sorted(found.items()) if listing.get(path, _ABSENT).size != entry.size]:
        message = f"{odd[0]} changed in the bucket after it was written"
        raise GeneratorError(message, hint="another program writes to this prefix; run the sync again")
    now = datetime.now(UTC)
    found |= {
        operation.path: operation.entry._replace(unwanted_since=now)
        for operation in plan.operations
        if operation.entry and operation.action == "retire"
    }
    return tuple(entry._replace(etag=listing[path].etag) for path, entry in sorted(found.items()))


_ABSENT: Final = Stored("", -1, "")


def _abort_idle(plan: Plan, bucket: Bucket) -> None:
    """Abort uploads that killed runs left behind. Those of a sync that is running now are not idle."""
    prefix = plan.wanted.prefix
    large = [prefix + each.path for each in plan.operations if each.moves and each.file and each.file.sha256]
    with suppress(S3Error):  # not everybody may; a lifecycle rule of the bucket does it then (docs/artifacts.md)
        # MinIO lists the uploads of a key, and none for a prefix.
        for upload in bucket.idle_multiparts(prefix, IDLE) or [
            found for key in large for found in bucket.idle_multiparts(key, IDLE)
        ]:
            bucket.abort_multipart(upload)
