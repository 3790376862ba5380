"""References that fit: tasks to runtimes, connections to Secrets and to each other's prefixes, and nothing unused."""

from collections.abc import Iterator

from generator.catalog.model import Catalog, Violation
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
        hint = "remove it, unless people use it from the dashboard"
        yield Violation(loc, "unused-runtime", "no model uses it", hint, Severity.WARNING, at_key=True)


def _idle_overrides(catalog: Catalog) -> Iterator[Violation]:
    for model in catalog.models:
        deployed = {served.environment for served in model.served}
        loc: Loc = ("models", model.base.entry, "overrides")
        for name in catalog.data["models"][model.base.entry].get("overrides") or ():
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


def _images(catalog: Catalog) -> Iterator[Violation]:
    for runtime in catalog.runtimes.values():
        if "@sha256:" not in runtime.image:
            message = "the image has no digest, so the tag may move to another image while models run"
            loc = ("runtimes", runtime.name, "image")
            hint = "append the digest of the tag: '@sha256:…'"
            yield Violation(loc, "image-without-digest", message, hint, severity=Severity.WARNING)


OF_THE_WHOLE = (_unused,)
RULES = (_tasks, _secrets, _prefixes, _unused, _idle_overrides, _exposure, _images)
