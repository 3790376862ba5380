"""Which files go to which bucket: the catalog's models by S3 destination, once the environment has had its say."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from generator.catalog.layout import artifact_prefix, manifest_key, root_of
from generator.catalog.model import Catalog, Connection, ServedModel
from generator.diagnostics import GeneratorError, correction
from generator.lock.lockfile import Locked
from generator.sync.manifest import profile_digest
from generator.sync.model import SyncRequest
from generator.sync.plan import Wanted
from generator.sync.s3 import Access

Locks = Mapping[tuple[str, str], Locked]
"""What the lock says, by repository and commit."""


class Destination(NamedTuple):
    """A bucket, and the models whose files belong there."""

    access: Access
    requests: tuple[SyncRequest, ...]


class Selection(NamedTuple):
    """The models and environments that were asked for by name; none means all."""

    models: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()


class Settings(NamedTuple):
    """What decides how a bucket is reached, beside the catalog."""

    environ: Mapping[str, str]
    ca: str | None = None
    sign_payload: bool | None = None


def destinations(catalog: Catalog, locked: Locks, selection: Selection, settings: Settings) -> list[Destination]:
    """What to sync, by connection: each model at each commit once, however many environments serve it.

    Raises GeneratorError when a selected model or environment is not in the catalog.
    """
    _require_known("model", selection.models, [model.name for model in catalog.models])
    _require_known("environment", selection.environments, catalog.environments)
    found: dict[str, dict[str, SyncRequest]] = {}
    for served in _selected(catalog, selection):
        request = _request(catalog.connections[served.connection], served, locked, settings.environ)
        found.setdefault(served.connection, {})[request.wanted.prefix] = request
    return [
        Destination(
            access_of(catalog.connections[name], settings),
            tuple(requests[prefix] for prefix in sorted(requests)),
        )
        for name, requests in sorted(found.items())
    ]


def _require_known(kind: str, asked: Iterable[str], names: Collection[str]) -> None:
    for name in asked:
        if name not in names:
            raise GeneratorError(f"there is no {kind} '{name}' in the catalog", hint=correction(name, names))


def _selected(catalog: Catalog, selection: Selection) -> Iterator[ServedModel]:
    for model in catalog.models:
        for served in model.served:
            if (not selection.models or served.name in selection.models) and (
                not selection.environments or served.environment in selection.environments
            ):
                yield served


def _request(connection: Connection, served: ServedModel, locked: Locks, environ: Mapping[str, str]) -> SyncRequest:
    prefix = artifact_prefix(connection.prefix, served.name, served.commit)
    key = manifest_key(connection.prefix, served.name, served.commit)
    profile = profile_digest(served.include, served.exclude)
    wanted = Wanted(served.name, served.repo, served.commit, _bucket_of(connection, environ), prefix, key, profile)
    return SyncRequest(wanted, served.include, served.exclude, locked.get((served.repo, served.commit)))


def access_of(connection: Connection, settings: Settings) -> Access:
    """How to reach a connection's bucket. The variables of an OpenShift AI data connection win over the catalog."""
    environ = settings.environ
    endpoint = environ.get("AWS_S3_ENDPOINT") or connection.endpoint
    if "://" not in endpoint:
        endpoint = f"https://{endpoint}"
    host = endpoint.partition("://")[2]
    return Access(
        bucket=_bucket_of(connection, environ),
        region=environ.get("AWS_DEFAULT_REGION") or connection.region,
        endpoint=None if host.endswith("amazonaws.com") else endpoint,
        ca=settings.ca,
        sign_payload=settings.sign_payload,
    )


def _bucket_of(connection: Connection, environ: Mapping[str, str]) -> str:
    return environ.get("AWS_S3_BUCKET") or connection.bucket


class Root(NamedTuple):
    """A connection's prefix in its bucket, and all prefixes below it that the catalog refers to."""

    path: str
    destination: Destination
    referenced: frozenset[str]


def roots(catalog: Catalog, found: Iterable[Destination]) -> Iterator[Root]:
    """The prefix of each connection, once."""
    referenced = frozenset(
        artifact_prefix(catalog.connections[served.connection].prefix, served.name, served.commit)
        for model in catalog.models
        for served in (model.base, *model.served)
    )
    seen = set()
    for destination in found:
        for request in destination.requests:
            path = root_of(request.wanted.manifest_key)
            if (destination.access, path) not in seen:
                seen.add((destination.access, path))
                yield Root(path, destination, referenced)
