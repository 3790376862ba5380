"""References that fit: tasks to runtimes, connections to Secrets and to each other's prefixes, and nothing unused."""

from collections.abc import Iterator

from generator.catalog.model import Catalog, Violation
from generator.diagnostics import Loc, Severity


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
            hint = "keep one of the two" if raw["secret"] else "write one of the two"
            yield Violation(("connections", name, "secret"), "secret-choice", message, hint)


def _prefixes(catalog: Catalog) -> Iterator[Violation]:
    """KServe lists prefixes as plain strings, and sync owns all below a connection's: none may reach into another.

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
                message = f"prefix '{inner}' lies inside '{outer}' of connection '{owner}', in the same bucket"
                yield Violation(("connections", name, "prefix"), "prefix-overlap", message, "put them side by side")
            else:
                outer, owner = inner, name


def _unused(catalog: Catalog) -> Iterator[Violation]:
    if len(catalog.models) != len(catalog.data["models"]):
        return  # a model that could not be resolved may be the one that uses it
    runtimes = {served.runtime for served in catalog.forms()}
    connections = {served.connection for served in catalog.forms()}
    for name in catalog.connections.keys() - connections:
        loc = ("connections", name)
        yield Violation(loc, "unused-connection", "no model uses it", "remove it", Severity.WARNING, at_key=True)
    for name in catalog.runtimes.keys() - runtimes:
        loc = ("runtimes", name)
        hint = "remove it, unless it is there for the dashboard's users"
        yield Violation(loc, "unused-runtime", "no model uses it", hint, Severity.WARNING, at_key=True)


def _idle_overrides(catalog: Catalog) -> Iterator[Violation]:
    for model in catalog.models:
        deployed = {served.environment for served in model.served}
        loc: Loc = ("models", model.base.entry, "overrides")
        for name in catalog.data["models"][model.base.entry].get("overrides") or ():
            if name in catalog.environments and name not in deployed:
                message = f"it is not deployed to {name}, so this override changes nothing"
                hint = f"add {name} to deployTo, or remove the override"
                yield Violation((*loc, name), "not-deployed", message, hint, Severity.WARNING, at_key=True)


def _exposure(catalog: Catalog) -> Iterator[Violation]:
    for model in catalog.models:
        open_in: dict[Loc, list[str]] = {}
        for served in model.served:
            if served.exposed and not served.auth:
                open_in.setdefault(catalog.origin(served, "expose"), []).append(str(served.environment))
        for loc, environments in open_in.items():
            message = f"expose is on and auth is off: its Route answers anyone in {', '.join(environments)}"
            yield Violation(loc, "exposed-without-auth", message, "set `auth: true`", Severity.WARNING)


def _images(catalog: Catalog) -> Iterator[Violation]:
    for runtime in catalog.runtimes.values():
        if "@sha256:" not in runtime.image:
            message = "the image has no digest: its tag may move under running models"
            loc = ("runtimes", runtime.name, "image")
            hint = "append the tag's digest, '@sha256:…'"
            yield Violation(loc, "image-without-digest", message, hint, severity=Severity.WARNING)


RULES = (_tasks, _secrets, _prefixes, _unused, _idle_overrides, _exposure, _images)
