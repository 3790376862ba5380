"""A run's Hub, buckets, memory and counters, and what it does with the models of one destination."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event, Lock
from typing import Final, NamedTuple, TypedDict, TypeVar

from generator.catalog.model import Catalog
from generator.diagnostics import GeneratorError
from generator.hub.client import Hub, trusted
from generator.hub.errors import HubError
from generator.retry import retry
from generator.sync.budget import Budget
from generator.sync.destinations import Destination, Locks, Root, Selection, Settings, destinations, roots
from generator.sync.digest import Sent
from generator.sync.engine import Engine, TransferLimits
from generator.sync.manifest import Manifest
from generator.sync.model import SyncRequest, apply, plan_model, read_manifest
from generator.sync.plan import Action, Observe, Plan, Wanted
from generator.sync.s3 import Bucket
from generator.sync.s3_client import Access
from generator.sync.s3_errors import S3Error
from generator.sync.verify import Reading, Recorded, verify
from generator.sync.waits import Waits
from generator.sync.watched_hub import WatchedHub

_Item = TypeVar("_Item", SyncRequest, Plan, Recorded)
_APPLIED_AT_ONCE: Final = 4
_PLANNED_AT_ONCE: Final = 16
"""A plan is a few requests, each of which mostly waits. Its memory is the listing of one model."""


class SyncOptions(NamedTuple):
    """A run's options. `grace` is how long what is unused stays; `memory_bytes` bounds all models together."""

    selection: Selection = Selection()
    dry_run: bool = False
    keep_going: bool = False
    grace: timedelta = timedelta(days=7)
    memory_bytes: int = 128 << 20
    sign_payload: bool | None = None
    checksums: bool | None = None
    limits: TransferLimits = TransferLimits()


class SyncContext(NamedTuple):
    """What every mode works with."""

    catalog: Catalog
    locked: Locks
    options: SyncOptions
    environ: Mapping[str, str]
    stop: Event
    waits: Waits


class Outcome(NamedTuple):
    """What became of a model: an error, a plan with what was `sent` when it was applied, or only the plan.

    `service` is set when the error is not about the model: nothing else can be done with that connection, or the Hub.
    """

    wanted: Wanted
    plan: Plan | None = None
    sent: tuple[Sent, ...] | None = None
    seconds: float = 0
    error: GeneratorError | None = None
    findings: Sequence[str] = ()
    service: str | None = None

    @property
    def sent_bytes(self) -> int:
        """What came from the Hub."""
        return sum(file.size for file in self.sent or () if not file.copied)

    @property
    def copied_bytes(self) -> int:
        """What was copied within the bucket."""
        return sum(file.size for file in self.sent or () if file.copied)


class Transferred:
    """Counts bytes that have arrived in the bucket, by action, and passes them on."""

    def __init__(self) -> None:
        self.bytes: Counter[Action] = Counter()
        self.watcher: Observe = lambda _model, _path, _count, _action: None
        self._lock = Lock()

    def observe(self, model: str, path: str, count: int, action: Action) -> None:
        """Count bytes."""
        with self._lock:
            self.bytes[action] += count
        self.watcher(model, path, count, action)


class _Bounds(TypedDict):
    """What bounds the time of a request, and tells how long it takes."""

    read_timeout_s: float
    least_rate: int
    waits: Waits


class Session:
    """A run's Hub, buckets, memory and counters."""

    def __init__(self, context: SyncContext, hub: Hub) -> None:
        self.transferred = Transferred()
        self._context, self._hub = context, WatchedHub(hub, context.waits)
        self._options, self._stop, self._limits = context.options, context.stop, context.options.limits
        self._budget = Budget(context.options.memory_bytes)
        self._ca = trusted(context.environ)
        self._buckets: dict[Access, Bucket] = {}
        self._lost: dict[Access, S3Error] = {}

    def destinations(self, selection: Selection) -> list[Destination]:
        """Where the selected models go."""
        return destinations(self._context.catalog, self._context.locked, selection, self._settings())

    def roots(self) -> list[Root]:
        """What is pruned: the prefixes of the selected connections, whatever models are selected."""
        return list(roots(self._context.catalog, self._options.selection.connections, self._settings()))

    def _settings(self) -> Settings:
        environ, options = self._context.environ, self._options
        return Settings(environ, environ.get("AWS_CA_BUNDLE") or self._ca, options.sign_payload, options.checksums)

    def plan(self, destination: Destination) -> list[Outcome]:
        """Plan every model."""
        bucket = self.bucket(destination.access)

        def one(request: SyncRequest) -> Outcome:
            return Outcome(request.wanted, plan_model(request, self._hub, bucket))

        return self._each(destination, destination.requests, one, _PLANNED_AT_ONCE)

    def apply(self, destination: Destination, plans: Sequence[Plan]) -> list[Outcome]:
        """Apply plans. Without `keep_going`, the first failure stops the others between two parts."""
        if not plans:
            return []
        from generator.sync.download import RangeReader  # noqa: PLC0415 - loads libcurl

        bucket = self.bucket(destination.access)
        ranges = RangeReader(ca=self._ca, stop=self._stop, **self._bounds())
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
            stop_on_error = not self._options.keep_going
            return self._each(destination, plans, one, _APPLIED_AT_ONCE, stop_on_error=stop_on_error)
        finally:
            engine.close()

    def recorded(self, destination: Destination) -> tuple[list[Recorded], list[Outcome]]:
        """What every model's manifest records, and the models whose manifest cannot be read."""
        bucket = self.bucket(destination.access)
        found: dict[Wanted, Manifest | None] = {}

        def one(request: SyncRequest) -> Outcome:
            found[request.wanted] = read_manifest(bucket, request.wanted.manifest_key)
            return Outcome(request.wanted)

        outcomes = self._each(destination, destination.requests, one, _PLANNED_AT_ONCE)
        known = [Recorded(each, found[each.wanted]) for each in destination.requests if each.wanted in found]
        return known, [outcome for outcome in outcomes if outcome.error]

    def verify(self, destination: Destination, recorded: Sequence[Recorded]) -> list[Outcome]:
        """Read everything back; unless `dry_run`, let the next sync bring in again what is damaged."""
        bucket = self.bucket(destination.access)

        def retried(once: Callable[[], str]) -> str:
            return retry(once, self._limits.retry_policy, (S3Error,), self._stop.wait)

        reading = Reading(bucket, retried, self._stop.is_set, self.transferred.observe)

        def one(each: Recorded) -> Outcome:
            return Outcome(each.wanted, findings=verify(each, reading, record=not self._options.dry_run))

        return self._each(destination, recorded, one, _APPLIED_AT_ONCE)

    def bucket(self, access: Access) -> Bucket:
        """The client of a bucket."""
        if access not in self._buckets:
            self._buckets[access] = Bucket(
                access,
                connections=max(3 * self._limits.concurrency, _PLANNED_AT_ONCE),
                attempts=self._limits.s3_attempts,
                stop=self._stop,
                **self._bounds(),
            )
        return self._buckets[access]

    def _bounds(self) -> "_Bounds":
        patience_s = self._limits.retry_policy.read_timeout_s
        return {"read_timeout_s": patience_s, "least_rate": self._limits.least_rate, "waits": self._context.waits}

    @property
    def s3_requests(self) -> int:
        """Requests sent to S3 so far."""
        return sum(bucket.requests for bucket in self._buckets.values())

    def _each(
        self,
        destination: Destination,
        items: Sequence[_Item],
        act: Callable[[_Item], Outcome],
        at_once: int,
        *,
        stop_on_error: bool = False,
    ) -> list[Outcome]:
        def guarded(item: _Item) -> Outcome:
            began = time.monotonic()
            try:
                if error := self._lost.get(destination.access):
                    return self._failed(destination, item.wanted, error)
                outcome = act(item)
            except GeneratorError as error:
                if stop_on_error:
                    self._stop.set()
                outcome = self._failed(destination, item.wanted, error)
            return outcome._replace(seconds=time.monotonic() - began)

        with ThreadPoolExecutor(at_once, "model") as pool:
            return list(pool.map(guarded, items))

    def _failed(self, destination: Destination, wanted: Wanted, error: GeneratorError) -> Outcome:
        """A model's failure; one that is not about the model keeps the others from asking the same service."""
        service = None
        if isinstance(error, S3Error) and error.everywhere:
            self._lost[destination.access] = error
            service = f"connection '{destination.connection}'"
        elif isinstance(error, HubError) and error.everywhere:
            service = "the Hub"
        return Outcome(wanted, error=error, service=service)
