"""Many models with one memory budget and one Hub: a function for each mode of `artifact-sync`."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from generator.diagnostics import GeneratorError
from generator.hub.client import USUAL, of_environment
from generator.sync.destinations import Destination
from generator.sync.plan import Observe
from generator.sync.session import Outcome, Session, SyncContext
from generator.sync.sweep import Pruned, joined, sweep

Sizes = Mapping[tuple[str, str], int]
"""How many bytes are to be moved or read, by model and path."""
Watch = Callable[[Sizes], AbstractContextManager[Observe]]
"""Shows the progress while the block runs."""


class Synced(NamedTuple):
    """What became of all models, and what it took."""

    outcomes: tuple[Outcome, ...]
    sent_bytes: int
    copied_bytes: int
    seconds: float
    s3_requests: int


def sync(context: SyncContext, watch: Watch) -> Synced:
    """Plan all models; unless `dry_run`, apply the plans."""
    began, options = time.monotonic(), context.options
    with _opened(context) as session:
        planned = [(destination, session.plan(destination)) for destination in session.destinations(options.selection)]
        outcomes = [outcome for _, found in planned for outcome in found]
        failed = any(outcome.error for outcome in outcomes)
        if not options.dry_run and (options.keep_going or not failed):
            with watch(_moving(outcomes)) as session.transferred.watcher:
                outcomes = list(_applied(session, planned))
        moved = session.transferred.bytes
        return Synced(tuple(outcomes), moved["upload"], moved["copy"], time.monotonic() - began, session.s3_requests)


def _moving(outcomes: Iterable[Outcome]) -> Sizes:
    """What comes in. A model may go to two prefixes at once."""
    sizes: Counter[tuple[str, str]] = Counter()
    for outcome in outcomes:
        for operation in outcome.plan.operations if outcome.plan else ():
            if operation.moves:
                sizes[outcome.wanted.name, operation.path] += operation.size
    return sizes


def _applied(session: Session, planned: Iterable[tuple[Destination, list[Outcome]]]) -> Iterable[Outcome]:
    for destination, outcomes in planned:
        work = [outcome.plan for outcome in outcomes if outcome.plan and outcome.plan.work]
        done = {outcome.wanted: outcome for outcome in session.apply(destination, work)}
        yield from (done.get(outcome.wanted, outcome) for outcome in outcomes)


def verify(context: SyncContext, watch: Watch) -> Synced:
    """Read back what every model's manifest records, and hash it; unless `dry_run`, record what is damaged."""
    began = time.monotonic()
    sizes: Counter[tuple[str, str]] = Counter()
    with _opened(context) as session:
        found = session.destinations(context.options.selection)
        known = [(destination, *session.recorded(destination)) for destination in found]
        for _, models, _ in known:
            for model in models:
                for entry in model.manifest.files if model.manifest else ():
                    sizes[model.wanted.name, entry.path] += entry.size
        outcomes: list[Outcome] = []
        with watch(sizes) as session.transferred.watcher:
            for destination, models, failed in known:
                outcomes += sorted([*session.verify(destination, models), *failed], key=lambda each: each.wanted.prefix)
        return Synced(tuple(outcomes), 0, 0, time.monotonic() - began, session.s3_requests)


def prune(context: SyncContext) -> Pruned:
    """Find, and unless `dry_run` delete, what nothing in the whole catalog uses, whatever models are selected.

    Raises GeneratorError when the catalog has no id, since which prefixes are its own is not known then, or when its
    environments follow several revisions, since what the others use is not.
    """
    catalog, options = context.catalog, context.options
    if catalog.id is None:
        message = "this catalog has no name, so --prune cannot tell what it has synced from what others have"
        raise GeneratorError(message, hint="set `name` in models.yaml to a name that no other catalog has, and sync")
    if len(set(catalog.revisions())) > 1:
        message = (
            "environments follow different revisions, and the catalogs of the others may use what this one does not"
        )
        hint = "promote by `overrides.<environment>.source.revision` instead of targetRevision, or delete by hand"
        raise GeneratorError(message, hint=hint)
    found = []
    with _opened(context) as session:
        for root in session.roots():
            found.append(sweep(session.bucket(root.access), root, catalog.id, options.grace, dry_run=options.dry_run))
    return joined(found)


@contextmanager
def _opened(context: SyncContext) -> Iterator[Session]:
    given = context.options.limits.retry_policy
    retry_policy = USUAL._replace(
        read_timeout_s=min(USUAL.read_timeout_s, given.read_timeout_s),
        wait_initial_s=min(USUAL.wait_initial_s, given.wait_initial_s),
    )
    with of_environment(context.environ, retry_policy) as hub:
        yield Session(context, hub)
