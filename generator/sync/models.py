"""The verbs of `artifact-sync`: plan, transfer, verify, prune; each a question to a Session, or its execution."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from threading import Event, Lock
from typing import NamedTuple

from generator.catalog.layout import artifact_prefix, root_of
from generator.catalog.model import Catalog
from generator.hub.client import USUAL, Hub, of_environment, trusted
from generator.lock.lockfile import Locked
from generator.sync.plan import Action, Plan
from generator.sync.prune import Stale
from generator.sync.s3 import Upload
from generator.sync.session import Choice, Outcome, Session, Target, targets

Observe = Callable[[str, str, int], None]
Watch = Callable[[list[Plan]], AbstractContextManager[Observe]]


class Synced(NamedTuple):
    """What was planned, and what became of it."""

    outcomes: tuple[Outcome, ...]
    sent_bytes: int
    copied_bytes: int
    seconds: float
    s3_requests: int


class Bench(NamedTuple):
    """What every verb works with."""

    catalog: Catalog
    locked: Mapping[tuple[str, str], Locked]
    choice: Choice
    environ: Mapping[str, str]
    stop: Event


def _hub(bench: Bench) -> Hub:
    given = bench.choice.pace.patience
    patience = USUAL._replace(
        silence_s=min(USUAL.silence_s, given.silence_s), first_wait_s=min(USUAL.first_wait_s, given.first_wait_s)
    )
    return of_environment(bench.environ, patience)


class _Counter:
    """Passes bytes on to whoever watches, and counts them by the way they came."""

    def __init__(self) -> None:
        self.bytes: Counter[Action] = Counter()
        self.watcher: Observe = lambda _model, _path, _count: None
        self._lock = Lock()

    def observe(self, model: str, path: str, count: int, action: Action) -> None:
        with self._lock:
            self.bytes[action] += count
        self.watcher(model, path, count)


def sync(bench: Bench, *, dry_run: bool, keep_going: bool, watch: Watch) -> Synced:
    """Plan all models; unless `dry_run`, carry the plans out."""
    began, counter = time.monotonic(), _Counter()
    with _hub(bench) as hub:
        session, wanted = _session(bench, hub, counter)
        planned = [(target, session.plan(target)) for target in wanted]
        outcomes = [outcome for _, found in planned for outcome in found]
        failed = any(outcome.error for outcome in outcomes)
        if not dry_run and (keep_going or not failed):
            plans = [outcome.plan for outcome in outcomes if outcome.plan and outcome.plan.work]
            with watch(plans) as counter.watcher:
                outcomes = list(_transfer(session, planned, keep_going=keep_going))
    seconds, moved = time.monotonic() - began, counter.bytes
    return Synced(tuple(outcomes), moved["upload"], moved["copy"], seconds, session.s3_requests)


def _session(bench: Bench, hub: Hub, counter: _Counter) -> tuple[Session, list[Target]]:
    ca = trusted(bench.environ)
    wanted = targets(bench.catalog, bench.locked, bench.choice, bench.environ, bench.environ.get("AWS_CA_BUNDLE") or ca)
    return Session(hub, bench.choice, ca=ca, stop=bench.stop, observe=counter.observe), wanted


def _transfer(
    session: Session, planned: Iterable[tuple[Target, list[Outcome]]], *, keep_going: bool
) -> Iterable[Outcome]:
    for target, outcomes in planned:
        work = [outcome.plan for outcome in outcomes if outcome.plan and outcome.plan.work]
        done = {outcome.wanted: outcome for outcome in session.carry_out(target, work, keep_going=keep_going)}
        yield from (done.get(outcome.wanted, outcome) for outcome in outcomes)


def verify(bench: Bench, *, dry_run: bool) -> Synced:
    """Read back what every model's manifest records, and hash it; unless `dry_run`, record what is damaged."""
    began = time.monotonic()
    with _hub(bench) as hub:
        session, wanted = _session(bench, hub, _Counter())
        outcomes = [outcome for target in wanted for outcome in session.verify(target, record=not dry_run)]
    return Synced(tuple(outcomes), 0, 0, time.monotonic() - began, session.s3_requests)


class Pruned(NamedTuple):
    """What nothing refers to: complete prefixes, and uploads that killed runs have left."""

    prefixes: list[Stale]
    uploads: list[Upload]


def prune(bench: Bench, grace: timedelta, *, dry_run: bool) -> Pruned:
    """Find, and unless `dry_run` delete, complete prefixes that no environment serves any more, and idle uploads."""
    everything = bench._replace(choice=bench.choice._replace(models=(), environments=()))
    with _hub(bench) as hub:
        session, wanted = _session(everything, hub, _Counter())
        found = Pruned([], [])
        for root, target, referenced in _roots(bench.catalog, wanted):
            old, idle = session.stale(target, root, referenced, grace), session.abandoned(target, root)
            if not dry_run:
                session.prune(target, old, idle)
            found.prefixes.extend(old)
            found.uploads.extend(idle)
    return found


def _roots(catalog: Catalog, wanted: Iterable[Target]) -> Iterable[tuple[str, Target, set[str]]]:
    """Each connection's prefix, with all that the whole catalog refers to below it."""
    referenced = {
        artifact_prefix(catalog.connections[served.connection].prefix, served.name, served.commit)
        for model in catalog.models
        for served in (model.base, *model.served)
    }
    seen = set()
    for target in wanted:
        for request in target.requests:
            root = root_of(request.wanted.manifest_key)
            if (target.access, root) not in seen:
                seen.add((target.access, root))
                yield root, target, referenced
