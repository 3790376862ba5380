"""A catalog, compiled into a folder and applied to a cluster."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from helpers import project, run
from servers.kubernetes import ControlPlane

_WITHIN_S: Final = 120.0
_TICK_S: Final = 0.2


def compiled(root: Path, catalog: str, release: str) -> Path:
    """A project with this catalog for this release, compiled."""
    data = yaml.safe_load(catalog)
    data["platform"]["target"] = release
    project(root, yaml.safe_dump(data, sort_keys=False))
    ran = run("generate", root=root)
    assert ran.code == 0, ran.stderr
    return root


def namespaces(root: Path) -> set[str]:
    """Those in which the rendered objects are."""
    found = (yaml.safe_load(path.read_text("utf-8")) for path in root.glob("rendered/**/*.yaml"))
    return {obj["metadata"]["namespace"] for obj in found if "namespace" in obj["metadata"]}


def apply(plane: ControlPlane, root: Path) -> None:
    """Make the namespaces, and apply everything as a user would, from rendered/."""
    for namespace in sorted(namespaces(root)):
        plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    for folder in sorted(root.glob("rendered/*/*")):
        if any(folder.glob("*.yaml")):
            plane.kubectl("apply", "--validate=strict", f"--filename={folder}")


def deployments(plane: ControlPlane, namespace: str, names: set[str]) -> Mapping[str, Any]:
    """What KServe's controller makes of the models in a namespace, by model, once all are there."""
    until = time.monotonic() + _WITHIN_S
    while True:
        items = plane.get("deployments", f"--namespace={namespace}")["items"]
        found = {item["metadata"]["name"].removesuffix("-predictor"): item for item in items}
        if names <= found.keys() or time.monotonic() > until:
            assert names <= found.keys(), f"KServe made no Deployment of {sorted(names - found.keys())}"
            return found
        time.sleep(_TICK_S)


def models(root: Path, environment: str) -> dict[str, Any]:
    """The InferenceServices of an environment, by name."""
    folder = root / "rendered" / environment / "models"
    found = (yaml.safe_load(path.read_text("utf-8")) for path in folder.glob("inferenceservice-*.yaml"))
    return {obj["metadata"]["name"]: obj for obj in found}
