"""What `generator plan` compares: this folder with a commit of it, or with itself on another release."""

import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from threading import Event
from typing import Final

from generator import git, pipeline
from generator.catalog.validate import validate
from generator.commits import short
from generator.compiler import compile_catalog
from generator.diagnostics import GeneratorError, correction
from generator.lock import lockfile
from generator.plan.compare import Snapshot, compare, nothing
from generator.plan.dangers import Danger, dangers
from generator.releases import TARGETS
from generator.report.plans import Plan
from generator.report.progress import size
from generator.tree import FileTree
from generator.yaml.read import Document, parse

_SYNCED: Final = ("rendered", "argocd")
_HERE: Final = "this folder"


def against(root: Path, revision: str) -> Plan:
    """What the folder changes since HEAD left `revision`; there, what was rendered is taken as it was committed.

    Raises CatalogError if either catalog is invalid, and GeneratorError if Git cannot say what was there.
    """
    commit = git.merge_base(root, revision)
    was = git.files(root, commit, (pipeline.CATALOG, pipeline.LOCK, *_SYNCED))
    project = pipeline.load(root)
    after = _snapshot(_HERE, project.document, project.lock)
    label = f"{revision} ({short(commit)})"
    before = Snapshot(label, nothing(after.catalog), lockfile.EMPTY, _below(was, _SYNCED))
    if raw := was.get(pipeline.CATALOG):
        catalog, _ = validate(parse(raw, f"{revision}:{pipeline.CATALOG}"))
        before = before._replace(catalog=catalog)
    if raw := was.get(pipeline.LOCK):
        before = before._replace(lock=lockfile.parse(raw, f"{revision}:{pipeline.LOCK}"))
    return _plan(before, after)


def for_target(root: Path, release: str) -> Plan:
    """What moving `platform.target` to another release changes.

    Raises CatalogError if the catalog is not valid there, and GeneratorError for an unknown release.
    """
    if release not in TARGETS:
        raise GeneratorError(f"there is no release {release!r}", hint=correction(release, TARGETS))
    project = pipeline.load(root)
    document = project.document
    platform = {**document.data["platform"], "target": release}
    moved = Document(document.path, document.text, {**document.data, "platform": platform})
    present = project.catalog.target.release
    before = _snapshot(f"OpenShift AI {present}", document, project.lock)
    plan = _plan(before, _snapshot(f"OpenShift AI {release}", moved, project.lock))
    return plan._replace(notes=_notes(_RELEASES.index(present), _RELEASES.index(release)))


def _notes(before: int, after: int) -> tuple[str, ...]:
    return (_ORDER,) if after > before else (_NO_WAY_BACK,) if after < before else ()


_RELEASES: Final = tuple(TARGETS)
"""From the oldest to the newest."""


# KServe refuses to change a deployment mode, and does not know a later release's word for it (releases.py).
_ORDER: Final = (
    "Upgrade the operator of OpenShift AI first, and merge this after it: until then Argo CD shows drift, and an older "
    "KServe does not know what is written for a newer one."
)
# UNVERIFIED: Red Hat's documentation describes upgrades only, and OLM installs no older version over a newer one.
_NO_WAY_BACK: Final = (
    "This release is older: OpenShift AI is not downgraded in place, so this is of use for another cluster only, which "
    "runs that release."
)


def _snapshot(label: str, document: Document, lock: lockfile.Lock | None) -> Snapshot:
    catalog, _ = validate(document)
    return Snapshot(label, catalog, lock or lockfile.EMPTY, _below(compile_catalog(catalog).tree, _SYNCED))


def _below(tree: FileTree, folders: tuple[str, ...]) -> FileTree:
    inside = tuple(f"{folder}/" for folder in folders)
    return {path: content for path, content in tree.items() if path.startswith(inside)}


def _plan(before: Snapshot, after: Snapshot) -> Plan:
    difference = compare(before, after)
    return Plan(difference, dangers(difference))


def in_bucket(root: Path, plan: Plan) -> Plan:
    """The plan, with a danger for each model whose files are not all in its bucket. Only reads.

    Raises GeneratorError if a bucket, or the Hub for what is not locked, cannot be asked.
    """
    return plan._replace(dangers=(*plan.dangers, *_absent(root)))


def _absent(root: Path) -> Iterator[Danger]:
    from generator.sync import models, session, waits  # noqa: PLC0415 - slow to import, and only for --bucket

    project = pipeline.load(root)
    locked = project.lock.repositories if project.lock else {}
    options = session.SyncOptions(dry_run=True)
    context = session.SyncContext(project.catalog, locked, options, os.environ, Event(), waits.Waits())
    synced = models.sync(context, lambda _: nullcontext(lambda *_: None))
    for outcome in synced.outcomes:
        if outcome.error:
            raise outcome.error
        if outcome.plan and outcome.plan.work:
            where = f"s3://{outcome.wanted.bucket}/{outcome.wanted.prefix}"
            lacking = outcome.plan.upload_bytes + outcome.plan.copy_bytes
            message = f"{where} is not complete ({size(lacking)} missing): its pods would not start"
            yield Danger("not-in-bucket", None, outcome.wanted.name, message, "run `artifact-sync` before the merge")
