"""What KServe's controller makes of a model is what the catalog says: command, files, resources, probes, rollout."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import ROOT, SHIPPED

from cluster.conftest import Cluster
from cluster.deployed import apply, compiled, deployments, models
from generator import pipeline
from generator.catalog.layout import artifact_prefix
from generator.catalog.model import ServedModel


@pytest.fixture(scope="module")
def shipped(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped catalog on the cluster."""
    root = compiled(tmp_path_factory.mktemp("project"), SHIPPED, cluster.release)
    apply(cluster.plane, root)
    return root


def container(deployment: Any) -> Any:
    """The model server's."""
    [found] = [item for item in pod(deployment)["containers"] if item["name"] == "kserve-container"]
    return found


def pod(deployment: Any) -> Any:
    """The pods' specification."""
    return deployment["spec"]["template"]["spec"]


def served(root: Path) -> list[ServedModel]:
    """Every model in every environment."""
    return [form for model in pipeline.load(root).catalog.models for form in model.served]


def test_a_deployment_is_what_the_catalog_says(cluster: Cluster, shipped: Path) -> None:
    """For each shipped model in each environment."""
    catalog = pipeline.load(shipped).catalog
    for form in served(shipped):
        names = {*models(shipped, str(form.environment))}
        deployment = deployments(cluster.plane, str(form.namespace), names)[form.name]
        main = container(deployment)
        assert f"--served-model-name={form.name}" in main["args"]
        assert f"--max-model-len={form.max_model_len}" in main["args"]
        assert not [argument for argument in main["args"] if "{{" in argument]
        assert main["image"] == catalog.runtimes[form.runtime].image
        expected = {"cpu": form.cpu, "memory": form.memory, form.accelerator: str(form.gpus)}
        assert main["resources"] == {"limits": expected, "requests": expected}
        assert deployment["spec"]["replicas"] == form.replicas
        assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            assert main[probe]["httpGet"]["path"] == "/health"


def test_the_storage_initializer_reads_the_prefix_that_a_sync_fills(cluster: Cluster, shipped: Path) -> None:
    """KServe's path, from the annotation that its webhook for pods reads."""
    catalog = pipeline.load(shipped).catalog
    for form in served(shipped):
        names = {*models(shipped, str(form.environment))}
        template = deployments(cluster.plane, str(form.namespace), names)[form.name]["spec"]["template"]
        annotations = template["metadata"]["annotations"]
        connection = catalog.connections[form.connection]
        [path] = [value for key, value in annotations.items() if key.endswith("storage-initializer-sourceuri")] or [
            None
        ]
        assert path is not None, annotations
        assert str(path).endswith(artifact_prefix(connection.prefix, form.name, form.commit)), path


def test_the_summary_of_a_release(cluster: Cluster, shipped: Path, *, update_golden: bool) -> None:
    """Readable, and compared as a whole: one model of each kind."""
    found = deployments(cluster.plane, "embeddings-prod", {*models(shipped, "prod")})
    summary = {}
    for name in ("minilm-embedding", "bge-reranker-large"):
        template = found[name]["spec"]["template"]
        summary[name] = {
            "labels": dict(sorted(template["metadata"].get("labels", {}).items())),
            "annotations": dict(sorted(template["metadata"].get("annotations", {}).items())),
            "pod": dict(sorted(template["spec"].items())),
            "strategy": found[name]["spec"]["strategy"],
            "replicas": found[name]["spec"]["replicas"],
        }
    golden = ROOT / "tests" / "cluster" / "golden" / f"{cluster.release}.yaml"
    text = yaml.safe_dump(summary, sort_keys=False, width=120)
    if update_golden:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")
