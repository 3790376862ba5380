"""What is compiled, applied to a real API server with KServe's own webhooks and controller behind it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import SHIPPED

from cluster.conftest import Cluster
from cluster.deployed import apply, compiled, deployments, models


@pytest.fixture(scope="module")
def shipped(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped catalog on the cluster, with what KServe made of it."""
    root = compiled(tmp_path_factory.mktemp("project"), SHIPPED, cluster.release)
    apply(cluster.plane, root)
    for environment in ("dev", "prod"):
        deployments(cluster.plane, f"embeddings-{environment}", {*models(root, environment)})
    return root


def test_a_strict_dry_run_finds_nothing(cluster: Cluster, shipped: Path) -> None:
    """No unknown field, and no warning."""
    for folder in sorted(shipped.glob("rendered/*/*")):
        ran = cluster.plane.kubectl(
            "apply",
            "--server-side",
            "--force-conflicts",
            "--dry-run=server",
            "--validate=strict",
            f"--filename={folder}",
        )
        assert ran.stderr == ""
        assert len(ran.stdout.splitlines()) == len([*folder.glob("*.yaml")])


@pytest.mark.parametrize("side", [(), ("--server-side", "--force-conflicts")], ids=["client", "server"])
def test_after_webhooks_and_controller_have_acted_there_is_no_difference(
    cluster: Cluster, shipped: Path, side: tuple[str, ...]
) -> None:
    """As `kubectl diff` sees it, and so as Argo CD does."""
    for folder in sorted(shipped.glob("rendered/*/*")):
        assert cluster.plane.kubectl("diff", *side, f"--filename={folder}", ok=(0, 1)).stdout == ""


def test_a_second_apply_changes_nothing(cluster: Cluster, shipped: Path) -> None:
    """No object has another generation after it; those that have none, no other version.

    What kubectl prints is no proof: it reports a PodDisruptionBudget as configured whenever it is applied.
    """
    for folder in sorted(shipped.glob("rendered/*/*")):
        before = generations(cluster, folder)
        cluster.plane.kubectl("apply", f"--filename={folder}")
        assert generations(cluster, folder) == before


def generations(cluster: Cluster, folder: Path) -> dict[str, object]:
    """How often each object was changed."""
    found = cluster.plane.get(f"--filename={folder}")["items"]
    return {
        f"{obj['kind']}/{obj['metadata']['name']}": obj["metadata"].get(
            "generation", obj["metadata"]["resourceVersion"]
        )
        for obj in found
    }


def test_overlays_are_the_same_objects(cluster: Cluster, shipped: Path) -> None:
    """Kubectl's own kustomize builds what is there already."""
    for folder in sorted(shipped.glob("overlays/*/*")):
        assert cluster.plane.kubectl("diff", f"--kustomize={folder}", ok=(0, 1)).stdout == ""


def test_every_value_is_kept_as_it_was_written(cluster: Cluster, shipped: Path) -> None:
    """What a webhook rewrites would be drift to whoever compares without a dry run."""
    assert rewritten(cluster, shipped) == []


@pytest.mark.usefixtures("shipped")
def test_what_is_compiled_for_another_kserve_is_rewritten(cluster: Cluster, tmp_path: Path) -> None:
    """So that the test before means something."""
    assert rewritten(cluster, compiled(tmp_path, SHIPPED, "3.5" if cluster.release == "3.3" else "3.3")) != []


def rewritten(cluster: Cluster, root: Path) -> list[str]:
    """Where the objects on the cluster are not what this project wrote for `dev`."""
    found = []
    for path in sorted(root.glob("rendered/dev/models/*.yaml")):
        wanted = yaml.safe_load(path.read_text("utf-8"))
        kind, metadata = wanted["kind"], wanted["metadata"]
        live = cluster.plane.get(kind, metadata["name"], f"--namespace={metadata['namespace']}")
        found += [f"{path.name}: {place}" for place in differences(wanted, live)]
    return found


def differences(wanted: Any, live: Any, place: str = "") -> Iterator[str]:
    """Where a value is missing, or another one."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        for key, value in wanted.items():
            yield from differences(value, live.get(key), f"{place}.{key}")
    elif isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        for number, (one, other) in enumerate(zip(wanted, live, strict=True)):
            yield from differences(one, other, f"{place}[{number}]")
    elif wanted != live:
        yield f"{place}: {wanted!r} became {live!r}"


def test_a_misspelt_field_is_noticed(cluster: Cluster, shipped: Path) -> None:
    """The API server holds manifests to the real types."""
    path = next(shipped.glob("rendered/dev/models/inferenceservice-*.yaml"))
    text = path.read_text("utf-8").replace("minReplicas", "minReplica")
    ran = cluster.plane.kubectl("apply", "--validate=strict", "--dry-run=server", "--filename=-", stdin=text, ok=(1,))
    assert "minReplica" in ran.stderr
