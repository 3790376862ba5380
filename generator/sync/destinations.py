"""Which files go to which bucket: the catalog's models by S3 destination, once the environment has had its say."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from generator.addresses import is_address
from generator.catalog.layout import artifact_prefix, manifest_key
from generator.catalog.model import Catalog, Connection, ServedModel
from generator.diagnostics import GeneratorError, correction
from generator.lock.lockfile import Locked
from generator.sync.manifest import profile_digest
from generator.sync.model import SyncRequest
from generator.sync.plan import Wanted
from generator.sync.s3_client import Access, Keys

Locks = Mapping[tuple[str, str], Locked]
"""What the lock says, by repository and commit."""


class Destination(NamedTuple):
    """A connection's bucket, and the models whose files belong there."""

    connection: str
    access: Access
    requests: tuple[SyncRequest, ...]


class Selection(NamedTuple):
    """The models, environments and connections that were asked for by name; none means all."""

    models: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    connections: tuple[str, ...] = ()


class Settings(NamedTuple):
    """What decides how a bucket is reached, beside the catalog."""

    environ: Mapping[str, str]
    ca: str | None = None
    sign_payload: bool | None = None
    checksums: bool | None = None


def destinations(catalog: Catalog, locked: Locks, selection: Selection, settings: Settings) -> list[Destination]:
    """What to sync, by connection: each model at each commit once, however many environments serve it.

    Raises GeneratorError when what is selected is not in the catalog, or variables fit several connections.
    """
    _require_known("model", selection.models, [model.name for model in catalog.models])
    _require_known("environment", selection.environments, catalog.environments)
    _require_known("connection", selection.connections, catalog.connections)
    found: dict[str, list[ServedModel]] = {}
    for served in _selected(catalog, selection):
        found.setdefault(served.connection, []).append(served)
    destinations = []
    for name in sorted(found):
        variables = _variables(name, found, settings.environ)
        access = access_of(catalog.connections[name], variables, settings)
        requests = {
            request.wanted.prefix: request
            for served in found[name]
            for request in [_request(catalog, served, locked, access.bucket)]
        }
        destinations.append(Destination(name, access, tuple(requests[prefix] for prefix in sorted(requests))))
    return destinations


def _require_known(kind: str, asked: Iterable[str], names: Collection[str]) -> None:
    for name in asked:
        if name not in names:
            raise GeneratorError(f"the catalog has no {kind} '{name}'", hint=correction(name, names))


def _selected(catalog: Catalog, selection: Selection) -> Iterator[ServedModel]:
    for model in catalog.models:
        for served in model.served:
            if (
                (not selection.models or served.name in selection.models)
                and (not selection.environments or served.environment in selection.environments)
                and (not selection.connections or served.connection in selection.connections)
            ):
                yield served


def _request(catalog: Catalog, served: ServedModel, locked: Locks, bucket: str) -> SyncRequest:
    connection = catalog.connections[served.connection]
    prefix = artifact_prefix(connection.prefix, served.name, served.commit)
    key = manifest_key(connection.prefix, served.name, served.commit, catalog.id)
    profile = profile_digest(served.include, served.exclude)
    wanted = Wanted(served.name, served.repo, served.commit, bucket, prefix, key, profile, catalog.id)
    return SyncRequest(wanted, served.include, served.exclude, locked.get((served.repo, served.commit)))


def _variables(name: str, among: Collection[str], environ: Mapping[str, str]) -> Mapping[str, str]:
    """The variables of a data connection: those with the connection's prefix; without such, the plain ones.

    Plain ones say nothing about which of several connections they are for. Raises GeneratorError when they name a
    bucket or an endpoint, and there is more than one.
    """
    prefix = f"{name.upper().replace('-', '_')}_"
    own = {key.removeprefix(prefix): value for key, value in environ.items() if key.startswith(f"{prefix}AWS_")}
    if own or len(among) == 1:
        return own or environ
    for key in ("AWS_S3_ENDPOINT", "AWS_S3_BUCKET"):
        if environ.get(key):
            message = f"{key} is set, but there are {len(among)} connections: {', '.join(sorted(among))}"
            raise GeneratorError(message, hint=f"select one with --connection, or set {prefix}{key} and the like")
    return environ


def access_of(connection: Connection, variables: Mapping[str, str], settings: Settings) -> Access:
    """How to reach a connection's bucket. The variables of an OpenShift AI data connection win over the catalog."""
    endpoint = _endpoint(variables.get("AWS_S3_ENDPOINT") or connection.endpoint)
    region = variables.get("AWS_DEFAULT_REGION") or connection.region
    standard = _AWS.fullmatch(endpoint.rstrip("/"))
    keys = None
    if variables is not settings.environ:  # otherwise botocore finds them
        keys = Keys(*(variables.get(key) for key in _KEYS))
    return Access(
        bucket=variables.get("AWS_S3_BUCKET") or connection.bucket,
        region=(standard and standard["region"]) or region,
        endpoint=None if standard else endpoint,
        ca=settings.ca,
        sign_payload=settings.sign_payload,
        checksums=settings.checksums,
        keys=keys,
    )


def _endpoint(written: str) -> str:
    """With its scheme. Raises GeneratorError, which does not repeat it, if S3 cannot be there."""
    endpoint = written if "://" in written else f"https://{written}"
    if "@" not in endpoint and is_address(endpoint):
        return endpoint
    found = "holds a login, and S3 takes none" if "@" in endpoint else "is not the address of a server"
    hint = "write https://host or https://host:port, and the keys as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    raise GeneratorError(f"AWS_S3_ENDPOINT {found}", hint=hint)


_KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")
# AWS's own endpoints, which botocore knows by the region. PrivateLink, FIPS and dual-stack ones are used as written.
_AWS: Final = re.compile(r"https?://s3(?:[.-](?P<region>[a-z]{2}(?:-[a-z]+)+-[0-9]+))?\.amazonaws\.com(?:\.cn)?")


class Root(NamedTuple):
    """A connection's prefix in its bucket, and all prefixes below it that the catalog refers to."""

    path: str
    access: Access
    referenced: frozenset[str]


def roots(catalog: Catalog, selected: Collection[str], settings: Settings) -> Iterator[Root]:
    """The prefix of each connection, once, also of those that no model uses any more; of the selected ones, if any.

    Raises GeneratorError when what is selected is not in the catalog, or variables fit several connections.
    """
    _require_known("connection", selected, catalog.connections)
    names = sorted(selected or catalog.connections)
    referenced = frozenset(
        artifact_prefix(catalog.connections[served.connection].prefix, served.name, served.commit)
        for model in catalog.models
        for served in (model.base, *model.served)
    )
    yield from dict.fromkeys(
        Root(connection.prefix, access_of(connection, _variables(name, names, settings.environ), settings), referenced)
        for name in names
        for connection in [catalog.connections[name]]
    )
