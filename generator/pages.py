"""Pages for readers."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from generator import templates
from generator.catalog.layout import artifact_prefix
from generator.catalog.model import Catalog, Model, ServedModel
from generator.commits import short
from generator.compiler import MARK
from generator.display import visible
from generator.tree import FileTree

CATALOG_PAGE: Final = "docs/catalog.md"
_TEMPLATE: Final = Path(__file__).with_name("catalog.md.j2")


def pages(catalog: Catalog) -> FileTree:
    """The pages, by path."""
    values = {"mark": MARK, "catalog": catalog, "releases": _releases(catalog), "where": _where, "endpoint": _endpoint}
    text = templates.render(_TEMPLATE, _FILTERS, **values)
    return {CATALOG_PAGE: "\n".join(map(visible, text.split("\n"))).encode()}


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
    "runtime": lambda served: served.runtime,
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


_FILTERS: Final[Mapping[str, Callable[..., str]]] = {"cell": _cell, "served": _served}


def _where(served: ServedModel, catalog: Catalog) -> str:
    connection = catalog.connections[served.connection]
    return f"s3://{connection.bucket}/{artifact_prefix(connection.prefix, served.name, served.commit)}"


def _endpoint(served: ServedModel) -> dict[str, Any]:
    """How to call a model from inside the cluster; the Service is headless, so the port is the pod's.

    Headless by default: opendatahub-io/opendatahub-operator api/components/v1alpha1/kserve_types.go @ v3.4.0. The name
    is PredictorServiceName in opendatahub-io/kserve pkg/constants/constants.go, the proxy's port OauthProxyPort in
    constants_odh.go, @ odh-v3.4. Paths: vllm-project/vllm vllm/entrypoints/openai/api_server.py @ v0.7.3, and later.
    """
    host = f"{served.name}-predictor.{served.namespace}.svc.cluster.local"
    url = f"https://{host}:8443" if served.auth else f"http://{host}:8080"
    if served.task == "embedding":
        return {"url": url, "path": "/v1/embeddings", "body": f'{{"model": "{served.name}", "input": ["hello"]}}'}
    body = f'{{"model": "{served.name}", "query": "capital of France", "documents": ["Paris", "Berlin"]}}'
    return {"url": url, "path": "/v1/rerank", "body": body}
