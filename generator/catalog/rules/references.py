"""References that fit: tasks to runtimes, connections to Secrets and to each other's prefixes, and nothing unused."""

from collections.abc import Iterator
from itertools import pairwise

from generator.catalog.resolved import Catalog, Violation
from generator.diagnostics import Severity


def _tasks(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.forms():
        runtime = catalog.runtimes[served.runtime]
        if runtime.task != served.task:
            message = f"task {served.task}, but runtime '{runtime.name}' serves the task {runtime.task}"
            yield Violation(
                catalog.origin(served, "runtime"), "task-mismatch", message, "choose a runtime for the task"
            )
        if served.task == "reranker" and served.dimensions is not None:
            message = "a reranker returns scores, it has no dimensions"
            yield Violation(
                catalog.origin(served, "dimensions"), "dimensions-of-reranker", message, "remove dimensions"
            )


def _secrets(catalog: Catalog) -> Iterator[Violation]:
    for name, raw in catalog.data["connections"].items():
        if len(raw["secret"]) != 1:
            message = "secret must have exactly one of existing and externalSecret"
            yield Violation(("connections", name, "secret"), "secret-choice", message, "keep one of the two")


def _prefixes(catalog: Catalog) -> Iterator[Violation]:
    """KServe lists prefixes as plain strings, and sync owns all below a connection's: none may reach into another."""
    buckets: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for connection in catalog.connections.values():
        bucket = buckets.setdefault((connection.endpoint, connection.bucket), [])
        bucket.append((f"{connection.prefix}/", connection.name))
    for entries in buckets.values():
        entries.sort()
        for (outer, owner), (inner, name) in pairwise(entries):
            if inner != outer and inner.startswith(outer):
                message = f"prefix '{inner}' lies inside '{outer}' of connection '{owner}', in the same bucket"
                yield Violation(("connections", name, "prefix"), "prefix-overlap", message, "put them side by side")


def _unused(catalog: Catalog) -> Iterator[Violation]:
    if len(catalog.models) != len(catalog.data["models"]):
        return  # a model that could not be resolved may be the one that uses it
    runtimes = {served.runtime for served in catalog.forms()}
    connections = {served.connection for served in catalog.forms()}
    for name in catalog.connections.keys() - connections:
        loc = ("connections", name)
        yield Violation(loc, "unused-connection", "no model uses it", severity=Severity.WARNING, at_key=True)
    for name in catalog.runtimes.keys() - runtimes:
        loc = ("runtimes", name)
        yield Violation(loc, "unused-runtime", "no model uses it", severity=Severity.WARNING, at_key=True)
    for model in catalog.models:
        if not model.served:
            message = "is deployed to no environment"
            yield Violation(("models", model.base.entry), "not-deployed", message, severity=Severity.WARNING)


def _exposure(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.forms():
        if served.exposed and not served.auth:
            where = f" in {served.environment}" if served.environment else ""
            message = f"its Route answers anyone{where}: expose is on and auth is off"
            loc = catalog.origin(served, "expose")
            yield Violation(loc, "exposed-without-auth", message, "turn auth on", severity=Severity.WARNING)


def _images(catalog: Catalog) -> Iterator[Violation]:
    for runtime in catalog.runtimes.values():
        if "@sha256:" not in runtime.image:
            message = "the image has no digest: its tag may move under running models"
            loc = ("runtimes", runtime.name, "image")
            hint = "append the tag's digest, '@sha256:…'"
            yield Violation(loc, "image-without-digest", message, hint, severity=Severity.WARNING)


RULES = (_tasks, _secrets, _prefixes, _unused, _exposure, _images)
