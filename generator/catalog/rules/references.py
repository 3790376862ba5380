"""References that fit: tasks to runtimes, connections to Secrets and to each other's prefixes, and nothing unused."""

import re
from collections.abc import Iterator
from typing import Any, Final

from generator.catalog.model import Catalog, ServedModel, Violation
from generator.diagnostics import Loc, Severity


def _tasks(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.forms():
        runtime = catalog.runtimes[served.runtime]
        if runtime.task != served.task:
            message = f"the task is {served.task}, but runtime '{runtime.name}' serves {runtime.task}"
            yield Violation(
                catalog.origin(served, "runtime"), "task-mismatch", message, "choose a runtime for the task"
            )
        if served.task == "reranker" and served.dimensions is not None:
            message = "a reranker returns scores, so it has no dimensions"
            yield Violation(
                catalog.origin(served, "dimensions"), "dimensions-of-reranker", message, "remove dimensions"
            )


def _secrets(catalog: Catalog) -> Iterator[Violation]:
    for name, raw in catalog.data["connections"].items():
        if len(raw["secret"]) != 1:
            message = "secret must have exactly one of existing and externalSecret"
            hint = "remove one of them" if raw["secret"] else "set one of them"
            yield Violation(("connections", name, "secret"), "secret-choice", message, hint)


def _buckets(catalog: Catalog) -> Iterator[Violation]:
    """UNVERIFIED: docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html.

    Its reserved suffixes are left alone: they mark aliases of access points, which may be used in a bucket's place.
    """
    for connection in catalog.connections.values():
        bucket = connection.bucket
        if len(bucket) < _SHORTEST_BUCKET or bucket.startswith(_RESERVED_BUCKETS) or _ADDRESS.match(bucket):
            message = f"bucket '{bucket}' cannot exist: S3 refuses names of less than {_SHORTEST_BUCKET} characters, "
            message += f"IP addresses, and names that start with {', '.join(_RESERVED_BUCKETS)}"
            yield Violation(("connections", connection.name, "bucket"), "invalid-bucket", message)


_SHORTEST_BUCKET: Final = 3
_RESERVED_BUCKETS: Final = ("xn--", "sthree-", "amzn-s3-demo-")
_ADDRESS: Final = re.compile(r"([0-9]+\.){3}[0-9]+\Z")


def _placeholders(catalog: Catalog) -> Iterator[Violation]:
    """A bucket that nobody means. Argo CD would deploy models that find no files there."""
    used = {served.connection for model in catalog.models for served in model.served}
    for name, connection in catalog.connections.items():
        if name in used and connection.bucket == _PLACEHOLDER:
            message = f"bucket '{_PLACEHOLDER}' is a placeholder" + (
                ", and Argo CD would sync it" * bool(catalog.argocd)
            )
            severity = Severity.ERROR if catalog.argocd else Severity.WARNING
            loc = ("connections", name, "bucket")
            yield Violation(loc, "placeholder-bucket", message, "write the name of your own bucket", severity)


_PLACEHOLDER: Final = "your-bucket"
"""In the examples of the contract, in what `generator init` writes, and in the shipped catalog."""


def _prefixes(catalog: Catalog) -> Iterator[Violation]:
    """KServe lists prefixes as plain strings, and sync owns everything below a connection's: none may contain another.

    The source is in catalog/layout.py.
    """
    buckets: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for connection in catalog.connections.values():
        bucket = buckets.setdefault((connection.endpoint, connection.bucket), [])
        bucket.append((f"{connection.prefix}/", connection.name))
    for entries in buckets.values():
        outer, owner = "/", ""
        for inner, name in sorted(entries):
            if inner != outer and inner.startswith(outer):
                message = f"prefix '{inner}' is inside '{outer}' of connection '{owner}', in the same bucket"
                yield Violation(("connections", name, "prefix"), "prefix-overlap", message, "use separate prefixes")
            else:
                outer, owner = inner, name


def _files(catalog: Catalog) -> Iterator[Violation]:
    """A prefix belongs to a connection, a model and a commit: whatever is in it, every pod that reads it downloads."""
    for model in catalog.models:
        first: dict[tuple[str, str], ServedModel] = {}
        for served in model.served:
            other = first.setdefault((served.connection, served.commit), served)
            if _selected(served) != _selected(other):
                message = f"`files` differ between {other.environment} and {served.environment}, which read one prefix"
                hint = "write the same `files` for both, or give one another connection or revision"
                places = (catalog.origin(served, "files"), catalog.origin(other, "files"))
                loc, elsewhere = sorted(places, key=len, reverse=True)  # the override is to blame, not the default
                yield Violation(loc, "files-differ", message, hint, other=elsewhere)


def _selected(served: ServedModel) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(served.include), frozenset(served.exclude)


def _unused(catalog: Catalog) -> Iterator[Violation]:
    if not catalog.models or len(catalog.models) != len(catalog.data["models"]):
        return  # there are none yet, or one that could not be resolved may be the one that uses it
    overrides = {name for layer in _layers(catalog) for name in layer.get("overrides", {})}
    if overrides - catalog.environments.keys():
        return  # an override that is for no environment may be the one
    runtimes = {served.runtime for served in catalog.forms()}
    connections = {served.connection for served in catalog.forms()}
    for name in catalog.connections.keys() - connections:
        loc = ("connections", name)
        hint = "remove it, after `artifact-sync --prune` has deleted what was synced there"
        yield Violation(loc, "unused-connection", "no model uses it", hint, Severity.WARNING, at_key=True)
    for name in catalog.runtimes.keys() - runtimes:
        loc = ("runtimes", name)
        hint = "remove it, unless people use it from the dashboard"
        yield Violation(loc, "unused-runtime", "no model uses it", hint, Severity.WARNING, at_key=True)


def _layers(catalog: Catalog) -> list[Any]:
    """`defaults` and the models, as they were written."""
    return [catalog.data.get("defaults") or {}, *filter(None, catalog.entries())]


def _unused_classes(catalog: Catalog) -> Iterator[Violation]:
    known = catalog.data.get("classes", {}).keys()
    layers = _layers(catalog)
    chosen = {layer.get("class") for layer in layers} if catalog.models else set(known)
    chosen |= {override.get("class") for layer in layers for override in layer.get("overrides", {}).values()}
    if chosen - {None} - known:
        return  # the class that is meant may be one of these
    for name in known - chosen:
        loc = ("classes", name)
        yield Violation(loc, "unused-class", "no model chooses it", "remove it", Severity.WARNING, at_key=True)


def _idle_overrides(catalog: Catalog) -> Iterator[Violation]:
    for model in catalog.models:
        deployed = {served.environment for served in model.served}
        loc: Loc = ("models", model.base.entry, "overrides")
        for name in catalog.data["models"][model.base.entry].get("overrides", ()):
            if name in catalog.environments and name not in deployed:
                message = f"not deployed to {name}, so this override has no effect"
                hint = f"add {name} to deployTo, or remove the override"
                yield Violation((*loc, name), "not-deployed", message, hint, Severity.WARNING, at_key=True)


def _exposure(catalog: Catalog) -> Iterator[Violation]:
    for model in catalog.models:
        open_in: dict[Loc, list[str]] = {}
        for served in model.served:
            if served.exposed and not served.auth:
                open_in.setdefault(catalog.origin(served, "expose"), []).append(str(served.environment))
        for loc, environments in open_in.items():
            message = f"expose is on and auth is off, so the Route is open to anyone in {', '.join(environments)}"
            yield Violation(loc, "exposed-without-auth", message, "set `auth: true`", Severity.WARNING)


def _hosts(catalog: Catalog) -> Iterator[Violation]:
    """A router gives a host to the oldest Route that asks for it, and refuses the others."""
    owners: dict[tuple[str, str], ServedModel] = {}
    names = {(form.environment, form.namespace, form.name) for model in catalog.models for form in model.served}
    for served in (form for model in catalog.models for form in model.served if form.host):
        loc, environment = catalog.origin(served, "host"), catalog.environments[str(served.environment)]
        if not served.exposed:
            message = f"expose is off in {environment.name}, so host has no effect there"
            yield Violation(loc, "host-not-exposed", message, "set `expose: true`, or remove host", Severity.WARNING)
            continue
        other = owners.setdefault((environment.cluster, str(served.host)), served)
        if other is not served:
            message = f"the host {served.host} is already that of {other.name} in {other.environment}"
            hint = "choose one host for each, in `overrides`, or set the environments' `cluster`"
            yield Violation(loc, "duplicate-host", message, hint)
        if (served.environment, served.namespace, served.route_name) in names:
            message = f"its Route would be called {served.route_name}, like a model, whose Route the platform manages"
            yield Violation(loc, "duplicate-name", message, "rename one of the two models")


def _argocd(catalog: Catalog) -> Iterator[Violation]:
    for name, raw in catalog.data["environments"].items():
        if "argocd" in raw and catalog.argocd is None:
            message = "argocd has no effect without platform.argocd, which says where the repository is"
            yield Violation(("environments", name, "argocd"), "missing-field", message, "set platform.argocd.repoURL")


def _images(catalog: Catalog) -> Iterator[Violation]:
    for runtime in catalog.runtimes.values():
        loc = ("runtimes", runtime.name, "image")
        if len(_TAG.sub("", runtime.image)) > _LONGEST_IMAGE:
            message = f"the image's name has more than {_LONGEST_IMAGE} characters"
            yield Violation(loc, "invalid-image", message, "give it a shorter path in its registry")
        if "@sha256:" not in runtime.image:
            message = "the image has no digest, so the tag may move to another image while models run"
            hint = "append the digest of the tag: '@sha256:…'"
            yield Violation(loc, "image-without-digest", message, hint, severity=Severity.WARNING)


_TAG: Final = re.compile(r"(:[^:/]+)?(@.*)?\Z")
_LONGEST_IMAGE: Final = 255
"""RepositoryNameTotalLengthMax in distribution/reference reference.go @ 727f80d4."""


OF_THE_WHOLE = (_unused, _unused_classes, _argocd)
RULES = (
    _tasks,
    _secrets,
    _buckets,
    _placeholders,
    _prefixes,
    _files,
    _unused,
    _unused_classes,
    _idle_overrides,
    _exposure,
    _hosts,
    _argocd,
    _images,
)
