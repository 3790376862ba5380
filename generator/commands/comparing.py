"""What `generator diff` compares: what the catalog compiles to, and what a cluster holds."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from generator import pipeline
from generator.cluster.drift import Drifted, Object, Sides, drifted, pruned
from generator.cluster.kubectl import Kubectl, NoNamespaceError
from generator.compiler import compile_catalog
from generator.compiler.kinds import KINDS
from generator.diagnostics import CatalogError, GeneratorError, correction
from generator.kube.identity import identity
from generator.report.drifts import ClusterDiff


def compare(root: Path, environment: str, context: str | None) -> ClusterDiff:
    """Compare one environment, a namespace at a time: one that does not exist would hide all other differences.

    Raises GeneratorError if the catalog is invalid or has no such environment, and ToolError if kubectl fails.
    """
    try:
        catalog = pipeline.load(root).catalog
    except CatalogError as error:
        message = f"the catalog is invalid ({len(error.diagnostics)} findings), so there is nothing to compare"
        raise GeneratorError(message, hint="run `generate`, and correct what it reports") from None
    if environment not in catalog.environments:
        hint = correction(environment, catalog.environments)
        raise GeneratorError(f"the catalog has no environment {environment!r}", hint=hint)
    tree = compile_catalog(catalog).tree
    rendered = {
        path: yaml.safe_load(content)
        for path, content in tree.items()
        if path.startswith("rendered/") and path.endswith(".yaml")
    }
    own = [obj for path, obj in rendered.items() if path.startswith(f"rendered/{environment}/")]
    kubectl = Kubectl(context)
    found: list[Drifted] = []
    missing: list[str] = []
    for namespace in sorted({obj["metadata"]["namespace"] for obj in own}):
        objects = [obj for obj in own if obj["metadata"]["namespace"] == namespace]
        try:
            found.extend(_dry_run(kubectl, objects))
        except NoNamespaceError:
            missing.append(namespace)
            found.extend(drifted(Sides(None, obj) for obj in objects))
        else:
            found.extend(pruned(_owned(kubectl, namespace), map(identity, rendered.values())))
    return ClusterDiff(environment, tuple(found), tuple(missing))


def _dry_run(kubectl: Kubectl, objects: Sequence[Object]) -> Iterator[Drifted]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "objects.yaml"
        file.write_text(yaml.safe_dump_all(objects, allow_unicode=True), "utf-8")
        return drifted(kubectl.dry_run([file]))


def _owned(kubectl: Kubectl, namespace: str) -> Iterator[Object]:
    for kind in KINDS.values():
        if kind.synced:
            yield from kubectl.owned(kind, namespace)
