"""Many models with one memory budget and one Hub: a function for each mode of `artifact-sync`."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Event, Lock
from typing import Final, NamedTuple, TypeVar

from generator.catalog.model import Catalog
from generator.diagnostics import GeneratorError
from generator.hub.client import USUAL, Hub, of_environment, trusted
from generator.retry import retry
from generator.sync.destinations import Destination, Locks, Root, Selection, Settings, destinations, roots
from generator.sync.digest import Sent
from generator.sync.download import RangeReader
from generator.sync.engine import Budget, Engine, TransferLimits
from generator.sync.model import IDLE, SyncRequest, apply, plan_model
from generator.sync.plan import Action, Observe, Plan, Wanted
from generator.sync.prune import Stale, stale
from generator.sync.s3 import Access, Bucket, Upload
from generator.sync.s3_errors import S3Error
from generator.sync.verify import verify as verify_model

_Item = TypeVar("_Item", SyncRequest, Plan)
_MODELS_AT_ONCE: Final = 4
Watch = Callable[[list[Plan]], AbstractContextManager[Observe]]
"""Shows the progress of plans while they are applied."""


class SyncOptions(NamedTuple):
    """A run's options. `grace` is how long an unreferenced prefix stays; `memory_bytes` bounds all models together."""

    selection: Selection = Selection()
    dry_run: bool = False
    keep_going: bool = False
    grace: timedelta = timedelta(days=7)
    memory_bytes: int = 128 << 20
    sign_payload: bool | None = None
    limits: TransferLimits = TransferLimits()


class SyncContext(NamedTuple):
    """What every mode works with."""

    catalog: Catalog
    locked: Locks
    options: SyncOptions
    environ: Mapping[str, str]
    stop: Event


class Outcome(NamedTuple):
    """What became of a model: an error, a plan with what was `sent` when it was applied, or only the plan."""

    wanted: Wanted
    plan: Plan | None = None
    sent: tuple[Sent, ...] | None = None
    seconds: float = 0
    error: GeneratorError | None = None
    findings: Sequence[str] = ()

    @property
    def sent_bytes(self) -> int:
        """What came from the Hub."""
        return sum(file.size for file in self.sent or () if not file.copied)

    @property
    def copied_bytes(self) -> int:
        """What was copied within the bucket."""
        return sum(file.size for file in self.sent or () if file.copied)


class Synced(NamedTuple):
    """What became of all models, and what it took."""

    outcomes: tuple[Outcome, ...]
    sent_bytes: int
    copied_bytes: int
    seconds: float
    s3_requests: int


class Pruned(NamedTuple):
    """What nothing refers to: complete prefixes, and uploads that killed runs have left."""

    prefixes: list[Stale]
    uploads: list[Upload]


def sync(context: SyncContext, watch: Watch) -> Synced:
    """Plan all models; unless `dry_run`, apply the plans."""
    began, options = time.monotonic(), context.options
    with _opened(context) as session:
        planned = [(destination, session.plan(destination)) for destination in session.destinations(options.selection)]
        outcomes = [outcome for _, found in planned for outcome in found]
        failed = any(outcome.error for outcome in outcomes)
        if not options.dry_run and (options.keep_going or not failed):
            plans = [outcome.plan for outcome in outcomes if outcome.plan and outcome.plan.work]
            with watch(plans) as session.transferred.watcher:
                outcomes = list(_applied(session, planned))
        moved = session.transferred.bytes
        return Synced(tuple(outcomes), moved["upload"], moved["copy"], time.monotonic() - began, session.s3_requests)


def _applied(session: "_Session", planned: Iterable[tuple[Destination, list[Outcome]]]) -> Iterable[Outcome]:
    for destination, outcomes in planned:
        work = [outcome.plan for outcome in outcomes if outcome.plan and outcome.plan.work]
        done = {outcome.wanted: outcome for outcome in session.apply(destination, work)}
        yield from (done.get(outcome.wanted, outcome) for outcome in outcomes)


def verify(context: SyncContext) -> Synced:
    """Read back what every model's manifest records, and hash it; unless `dry_run`, record what is damaged."""
    began = time.monotonic()
    with _opened(context) as session:
        found = session.destinations(context.options.selection)
        outcomes = [outcome for destination in found for outcome in session.verify(destination)]
        return Synced(tuple(outcomes), 0, 0, time.monotonic() - began, session.s3_requests)


def prune(context: SyncContext) -> Pruned:
    """Find, and unless `dry_run` delete, what nothing in the whole catalog refers to, whatever models are selected."""
    pruned = Pruned([], [])
    with _opened(context) as session:
        connections = Selection(connections=context.options.selection.connections)
        for root in roots(context.catalog, session.destinations(connections)):
            found = session.unreferenced(root)
            if not context.options.dry_run:
                session.delete(root.destination, found)
            pruned.prefixes.extend(found.prefixes)
            pruned.uploads.extend(found.uploads)
    return pruned


@contextmanager
def _opened(context: SyncContext) -> Iterator["_Session"]:
    given = context.options.limits.retry_policy
    retry_policy = USUAL._replace(
        read_timeout_s=min(USUAL.read_timeout_s, given.read_timeout_s),
        wait_initial_s=min(USUAL.wait_initial_s, given.wait_initial_s),
    )
    with of_environment(context.environ, retry_policy) as hub:
        yield _Session(context, hub)


class _Transferred:
    """Counts bytes that have arrived in the bucket, by action, and passes them on."""

    def __init__(self) -> None:
        self.bytes: Counter[Action] = Counter()
        self.watcher: Observe = lambda _model, _path, _count, _action: None
        self._lock = Lock()

    def observe(self, model: str, path: str, count: int, action: Action) -> None:
        with self._lock:
            self.bytes[action] += count
        self.watcher(model, path, count, action)


class _Session:
    """A run's Hub, buckets, memory and counters."""

    def __init__(self, context: SyncContext, hub: Hub) -> None:
        self.transferred = _Transferred()
        self._context, self._hub = context, hub
        self._options, self._stop, self._limits = context.options, context.stop, context.options.limits
        self._budget = Budget(context.options.memory_bytes)
        self._ca = trusted(context.environ)
        self._buckets: dict[Access, Bucket] = {}

    def destinations(self, selection: Selection) -> list[Destination]:
        """Where the selected models go."""
        environ = self._context.environ
        settings = Settings(environ, environ.get("AWS_CA_BUNDLE") or self._ca, self._options.sign_payload)
        return destinations(self._context.catalog, self._context.locked, selection, settings)

    def plan(self, destination: Destination) -> list[Outcome]:
        """Plan every model."""
        bucket = self._bucket(destination)

        def one(request: SyncRequest) -> Outcome:
            return Outcome(request.wanted, plan_model(request, self._hub, bucket))

        return self._each(destination.requests, one)

    def apply(self, destination: Destination, plans: Sequence[Plan]) -> list[Outcome]:
        """Apply plans. Without `keep_going`, the first failure stops the others between two parts."""
        bucket = self._bucket(destination)
        ranges = RangeReader(ca=self._ca, stop=self._stop, read_timeout_s=self._limits.retry_policy.read_timeout_s)
        engine = Engine(
            self._hub,
            ranges,
            bucket,
            budget=self._budget,
            limits=self._limits,
            stop=self._stop,
            observe=self.transferred.observe,
        )

        def one(plan: Plan) -> Outcome:
            return Outcome(plan.wanted, plan, sent=apply(plan, engine, bucket))

        try:
            return self._each(plans, one, stop_on_error=not self._options.keep_going)
        finally:
            engine.close()

    def verify(self, destination: Destination) -> list[Outcome]:
        """Read everything back; unless `dry_run`, let the next sync bring in again what is damaged."""
        bucket = self._bucket(destination)

        def retried(once: Callable[[], str]) -> str:
            return retry(once, self._limits.retry_policy, (S3Error,), self._stop.wait)

        def one(request: SyncRequest) -> Outcome:
            findings = verify_model(request, bucket, retried, self._stop.is_set, record=not self._options.dry_run)
            return Outcome(request.wanted, findings=findings)

        return self._each(destination.requests, one)

    def unreferenced(self, root: Root) -> Pruned:
        """Complete prefixes that nothing refers to, and idle uploads, where the key may list them."""
        bucket = self._bucket(root.destination)
        written = bucket.last_modified(f"{root.path}/.sync/")
        old = stale(root.path, written, root.referenced, datetime.now(UTC), self._options.grace)
        uploads: list[Upload] = []
        with suppress(S3Error):
            uploads = bucket.idle_multiparts(f"{root.path}/", IDLE)
        return Pruned(old, uploads)

    def delete(self, destination: Destination, found: Pruned) -> None:
        """Delete prefixes, manifest first, so that a partly deleted one never looks complete; abort uploads."""
        bucket = self._bucket(destination)
        for old in found.prefixes:
            bucket.delete([old.manifest_key])
            bucket.delete(old.prefix + path for path in bucket.list_objects(old.prefix))
        for upload in found.uploads:
            bucket.abort_multipart(upload)

    def _bucket(self, destination: Destination) -> Bucket:
        key = destination.access
        if key not in self._buckets:
            self._buckets[key] = Bucket(
                key,
                connections=3 * self._limits.concurrency,
                attempts=self._limits.s3_attempts,
                read_timeout_s=self._limits.retry_policy.read_timeout_s,
            )
        return self._buckets[key]

    @property
    def s3_requests(self) -> int:
        """Requests sent to S3 so far."""
        return sum(bucket.requests for bucket in self._buckets.values())

    def _each(
        self, items: Sequence[_Item], act: Callable[[_Item], Outcome], *, stop_on_error: bool = False
    ) -> list[Outcome]:
        def guarded(item: _Item) -> Outcome:
            began = time.monotonic()
            try:
                outcome = act(item)
            except GeneratorError as error:
                if stop_on_error:
                    self._stop.set()
                outcome = Outcome(item.wanted, error=error)
            return outcome._replace(seconds=time.monotonic() - began)

        with ThreadPoolExecutor(_MODELS_AT_ONCE, "model") as pool:
            return list(pool.map(guarded, items))
