"""Pages for readers."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from generator import templates
from generator.calls import CA, SEEN, calls, outside, token
from generator.catalog.endpoints import url
from generator.catalog.layout import artifact_prefix
from generator.catalog.model import Catalog, Model, ServedModel
from generator.catalog.usage import usage
from generator.commits import short
from generator.compiler import MARK
from generator.display import visible
from generator.tree import FileTree

if TYPE_CHECKING:
    from generator.vllm.model_config import Facts

CATALOG_PAGE: Final = "docs/catalog.md"
HTML_PAGE: Final = "docs/catalog.html"
FLEET_PAGE: Final = "docs/fleet.md"
PAGES: Final = (CATALOG_PAGE, HTML_PAGE, FLEET_PAGE)
_HERE: Final = Path(__file__).parent
Known = Mapping[tuple[str, str], "Facts"]
"""What the lock holds of models, by repository and commit."""


class Line(NamedTuple):
    """Something that the lock says of a model."""

    what: str
    value: str


def pages(catalog: Catalog, known: Known = MappingProxyType({})) -> FileTree:
    """The pages, by path: for callers as Markdown and as HTML, and for operators."""
    models = [served for model in catalog.models for served in model.served]
    running = [served for served in models if not served.stopped]
    values = {
        "mark": MARK,
        "catalog": catalog,
        "releases": _releases(catalog),
        "usage": list(usage(catalog)),
        "calls": list(calls(models)),
        "seen": SEEN,
        "locked": bool(known),
        "ca": CA,
        "guarded": next((served for served in running if served.auth), None),
        "routed": min(
            (served for served in running if served.exposed), key=lambda served: bool(served.host), default=None
        ),
    }
    filters: dict[str, Callable[..., Any]] = {
        "cell": _cell,
        "served": _served,
        "replicas": _replicas,
        "url": url,
        "token": token,
        "outside": outside,
        "where": lambda served: _where(served, catalog),
        "known": lambda model: _known(model, catalog, known),
        "about": lambda served: _facts(served, catalog, known),
    }
    names = {CATALOG_PAGE: "catalog.md.j2", FLEET_PAGE: "fleet.md.j2", HTML_PAGE: "catalog.html.j2"}
    rendered = {path: templates.render(_HERE / name, filters, **values) for path, name in names.items()}
    return {path: "\n".join(map(visible, text.split("\n"))).encode() for path, text in rendered.items()}


def _releases(catalog: Catalog) -> str:
    releases = catalog.releases()
    if len(releases) == 1:
        return releases[0]
    environments = catalog.environments.values()
    names = {release: [each.name for each in environments if each.target == release] for release in releases}
    return ", ".join(f"{release} in {' and '.join(of)}" for release, of in names.items())


@cache
def _cell(text: str) -> str:
    """Text escaped for a cell of a Markdown table."""
    return "".join(f"\\{character}" if character in "\\|`*_<>[]&#~$!" else character for character in text).replace(
        "\n", " "
    )


def _headline(served: ServedModel) -> str:
    described = f": {_cell(served.description)}" if served.description else ""
    return f"{_cell(served.display_name)}{described}"


_SHOWN: Final[Mapping[str, Callable[[ServedModel], str]]] = {
    "task": lambda served: served.task,
    "repository": lambda served: _cell(served.repo),
    "commit": lambda served: f"`{short(served.commit)}`",
    "length": lambda served: str(served.max_model_len),
    "dimensions": lambda served: str(served.dimensions or "\N{EN DASH}"),
    "headline": _headline,
    "aliases": lambda served: ", ".join(f"`{alias}`" for alias in served.aliases) or "no other name",
}


def _served(model: Model, what: str) -> str:
    """What a model's environments serve: one value if they agree, and otherwise each with its environments."""
    show, (first, *others) = _SHOWN[what], model.served or (model.base,)
    shown = show(first)
    if all(show(other) == shown for other in others):
        return shown
    environments: dict[str, list[str]] = {}
    for served in (first, *others):
        environments.setdefault(show(served), []).append(str(served.environment))
    return "; ".join(f"{value} in {', '.join(names)}" for value, names in environments.items())


def _where(served: ServedModel, catalog: Catalog) -> str:
    connection = catalog.connections[served.connection]
    return f"s3://{connection.bucket}/{artifact_prefix(connection.prefix, served.name, served.commit)}"


def _replicas(served: ServedModel) -> str:
    if served.stopped:
        return "stopped"
    scaling = served.autoscaling
    return f"{scaling.min_replicas}\N{EN DASH}{scaling.max_replicas}" if scaling else str(served.replicas)


_SCALES: Final = {"sigmoid": "0 to 1", "identity": "logits, of any size, also negative"}


def _known(model: Model, catalog: Catalog, known: Known) -> list[Line]:
    """What the lock says of a model, each value with its environments where they differ."""
    lines: dict[str, dict[str, list[str]]] = {}
    for served in model.served or (model.base,):
        for what, value in _facts(served, catalog, known):
            lines.setdefault(what, {}).setdefault(value, []).append(str(served.environment))
    return [
        Line(
            what,
            next(iter(values)) if len(values) == 1 else "; ".join(f"{v} in {', '.join(e)}" for v, e in values.items()),
        )
        for what, values in lines.items()
    ]


def _facts(served: ServedModel, catalog: Catalog, known: Known) -> Iterator[Line]:
    facts = known.get((served.repo, served.commit))
    if facts is None:
        return
    from generator.vllm.model_config import PROMPTS, PROMPTS_FILE, mapping  # noqa: PLC0415 - needed only with a lock
    from generator.vllm.serving import derive  # noqa: PLC0415 - the same

    runtime = catalog.runtimes[served.runtime]
    derived = derive(facts, runtime.vllm_version, (*runtime.args, *served.args))
    if facts.license:
        yield Line("Licence", facts.license)
    if derived.pooling:
        yield Line("Pooling", derived.pooling)
    if derived.task == "embedding":
        yield Line("Normalized", "yes" if derived.normalize else "no")
    for what, names in PROMPTS.items():
        prompts = mapping(mapping(facts.config, PROMPTS_FILE), "prompts")
        if prefix := next((prompts[name] for name in names if prompts.get(name)), None):
            yield Line(what, json.dumps(prefix, ensure_ascii=False))
    if derived.activation:
        yield Line("Scores", _SCALES.get(derived.activation, derived.activation))
