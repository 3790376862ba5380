"""A sync of many models: which ones, one memory budget for all, and what became of each."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Final, NamedTuple, TypeVar

from generator.catalog.layout import artifact_prefix, manifest_key
from generator.catalog.model import Catalog, Connection, ServedModel
from generator.diagnostics import GeneratorError, suggestion
from generator.lock.lockfile import Locked
from generator.retry import persist
from generator.sync.digest import Sent
from generator.sync.download import Ranges
from generator.sync.engine import Budget, Engine, Pace
from generator.sync.manifest import profile_digest
from generator.sync.model import IDLE, Lister, Request, carry_out, survey
from generator.sync.plan import Plan, Wanted
from generator.sync.prune import Stale, stale
from generator.sync.s3 import Access, Bucket, S3Error, Upload
from generator.sync.upload import Observe
from generator.sync.verify import verify

_Asked = TypeVar("_Asked", Request, Plan)
_MODELS_AT_ONCE: Final = 4


class Target(NamedTuple):
    """Where a connection leads, once the environment has had its say, and what goes there."""

    access: Access
    requests: tuple[Request, ...]


class Choice(NamedTuple):
    """What the user asked for: which models, from where, how hard to work, and what to sign."""

    models: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    memory_bytes: int = 128 << 20
    pace: Pace = Pace()
    sign_payload: bool | None = None


class Outcome(NamedTuple):
    """What became of a model: an error, a plan with what was `sent` when it was carried out, or only the plan."""

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


def access_of(
    connection: Connection, environ: Mapping[str, str], ca: str | None, *, sign_payload: bool | None
) -> Access:
    """How to reach a connection's bucket. The keys of an OpenShift AI data connection win over the catalog."""
    endpoint = environ.get("AWS_S3_ENDPOINT") or connection.endpoint
    if "://" not in endpoint:
        endpoint = f"https://{endpoint}"
    host = endpoint.partition("://")[2]
    return Access(
        bucket=_bucket_of(connection, environ),
        region=environ.get("AWS_DEFAULT_REGION") or connection.region,
        endpoint=None if host.endswith("amazonaws.com") else endpoint,
        ca=ca,
        sign_payload=sign_payload,
    )


def _bucket_of(connection: Connection, environ: Mapping[str, str]) -> str:
    return environ.get("AWS_S3_BUCKET") or connection.bucket


def targets(
    catalog: Catalog,
    locked: Mapping[tuple[str, str], Locked],
    choice: Choice,
    environ: Mapping[str, str],
    ca: str | None,
) -> list[Target]:
    """What to sync, by connection: each model at each commit once, however many environments serve it.

    Raises GeneratorError when a model or an environment is asked for that there is not.
    """
    _known("model", choice.models, [model.name for model in catalog.models])
    _known("environment", choice.environments, catalog.environments)
    found: dict[str, dict[str, Request]] = {}
    for served in (served for model in catalog.models for served in model.served):
        if choice.models and served.name not in choice.models:
            continue
        if choice.environments and served.environment not in choice.environments:
            continue
        request = _request(catalog.connections[served.connection], served, locked, environ)
        found.setdefault(served.connection, {})[request.wanted.prefix] = request
    return [
        Target(
            access_of(catalog.connections[name], environ, ca, sign_payload=choice.sign_payload),
            tuple(requests[prefix] for prefix in sorted(requests)),
        )
        for name, requests in sorted(found.items())
    ]


def _known(kind: str, asked: Iterable[str], names: Collection[str]) -> None:
    for name in asked:
        if name not in names:
            hint = suggestion(name, names) or f"write one of: {', '.join(sorted(names))}"
            raise GeneratorError(f"there is no {kind} '{name}' in the catalog", hint=hint)


def _request(
    connection: Connection,
    served: ServedModel,
    locked: Mapping[tuple[str, str], Locked],
    environ: Mapping[str, str],
) -> Request:
    prefix = artifact_prefix(connection.prefix, served.name, served.commit)
    key = manifest_key(connection.prefix, served.name, served.commit)
    profile = profile_digest(served.include, served.exclude)
    wanted = Wanted(served.name, served.repo, served.commit, _bucket_of(connection, environ), prefix, key, profile)
    return Request(wanted, served.include, served.exclude, locked.get((served.repo, served.commit)))


class Session:
    """Syncs models with one Hub, one memory budget, and one way to stop."""

    def __init__(self, hub: Lister, choice: Choice, *, ca: str | None, stop: Event, observe: Observe) -> None:
        self._hub, self._pace, self._stop, self._observe = hub, choice.pace, stop, observe
        self._budget = Budget(choice.memory_bytes)
        self._connections, self._ca = 3 * choice.pace.lanes, ca
        self._buckets: dict[Access, Bucket] = {}

    def plan(self, target: Target) -> list[Outcome]:
        """Look at every model, and change nothing."""
        bucket = self._bucket(target)
        return self._each(target.requests, lambda request: Outcome(request.wanted, survey(request, self._hub, bucket)))

    def carry_out(self, target: Target, plans: Sequence[Plan], *, keep_going: bool) -> list[Outcome]:
        """Bring models in. Without `keep_going`, the first failure stops the others between two parts."""
        bucket, silence_s = self._bucket(target), self._pace.patience.silence_s
        engine = Engine(
            self._hub,
            Ranges(ca=self._ca, stop=self._stop, silence_s=silence_s),
            bucket,
            budget=self._budget,
            pace=self._pace,
            stop=self._stop,
            observe=self._observe,
        )

        def one(plan: Plan) -> Outcome:
            return Outcome(plan.wanted, plan, sent=carry_out(plan, engine, bucket))

        try:
            return self._each(plans, one, keep_going=keep_going)
        finally:
            engine.close()

    def verify(self, target: Target, *, record: bool) -> list[Outcome]:
        """Read everything back; with `record`, let the next sync bring in again what is damaged."""
        bucket = self._bucket(target)

        def tried(once: Callable[[], str]) -> str:
            return persist(once, self._pace.patience, (S3Error,), self._stop.wait)

        def one(request: Request) -> Outcome:
            findings = verify(request, bucket, tried, self._stop.is_set, record=record)
            return Outcome(request.wanted, findings=findings)

        return self._each(target.requests, one)

    def prune(self, target: Target, prefixes: Iterable[Stale], uploads: Iterable[Upload]) -> None:
        """Delete prefixes: the manifest first, so that what is half gone is never taken for whole. End uploads."""
        bucket = self._bucket(target)
        for old in prefixes:
            bucket.delete([old.manifest_key])
            bucket.delete(old.prefix + path for path in bucket.listing(old.prefix))
        for upload in uploads:
            bucket.abort(upload)

    def abandoned(self, target: Target, root: str) -> list[Upload]:
        """Uploads below `root` that killed runs have left; none where the key may not list them."""
        with suppress(S3Error):
            return self._bucket(target).idle_uploads(f"{root}/", IDLE)
        return []

    def stale(self, target: Target, root: str, referenced: Collection[str], grace: timedelta) -> list[Stale]:
        """What a prune would delete below `root`."""
        written = self._bucket(target).ages(f"{root}/.sync/")
        return stale(root, written, referenced, datetime.now(UTC), grace)

    def _bucket(self, target: Target) -> Bucket:
        key = target.access
        if key not in self._buckets:
            self._buckets[key] = Bucket(
                target.access,
                connections=self._connections,
                attempts=self._pace.s3_attempts,
                silence_s=self._pace.patience.silence_s,
            )
        return self._buckets[key]

    @property
    def s3_requests(self) -> int:
        """Requests sent to S3 so far."""
        return sum(bucket.requests for bucket in self._buckets.values())

    def _each(
        self, items: Sequence[_Asked], act: Callable[[_Asked], Outcome], *, keep_going: bool = True
    ) -> list[Outcome]:
        def guarded(item: _Asked) -> Outcome:
            began = time.monotonic()
            try:
                outcome = act(item)
            except GeneratorError as error:
                if not keep_going:
                    self._stop.set()
                outcome = Outcome(item.wanted, error=error)
            return outcome._replace(seconds=time.monotonic() - began)

        with ThreadPoolExecutor(_MODELS_AT_ONCE, "model") as pool:
            return list(pool.map(guarded, items))
