"""Which changes of a model restart its pods, as KServe's controller answers: `generator plan` must say the same."""

import copy
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from helpers import MINIMAL
from servers.kubernetes import ControlPlane

from cluster.conftest import Cluster
from cluster.deployed import apply, compiled, deployments
from generator.catalog.contract import json_schema
from generator.plan import objects

NAMESPACE: Final = "team-dev"
HOST: Final = {"topologyKey": "kubernetes.io/hostname"}
ZONE: Final = {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway"}
CHANGES: Final[Mapping[str, Mapping[str, Any]]] = {
    "affinity": {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [HOST]}}},
    "aliases": {"aliases": ["other-name"]},
    "annotations": {"annotations": {"example.com/owner": "search"}},
    "args": {"args": ["--dtype=float16"]},
    "auth": {"auth": True},
    "description": {"description": "Small"},
    "displayName": {"displayName": "MiniLM"},
    "env": {"env": {"VLLM_LOGGING_LEVEL": "DEBUG"}},
    "envValueFrom": {"envValueFrom": {"TOKEN": {"secretKeyRef": {"name": "gateway", "key": "token"}}}},
    "expose": {"expose": True},
    "extraArgs": {"extraArgs": ["--dtype=float16"]},
    "extraTolerations": {"extraTolerations": [{"key": "example.com/pool", "operator": "Exists"}]},
    "hardwareProfile": {"hardwareProfile": {"name": "small"}},
    "host": {"expose": True, "host": "embed.apps.example.com"},
    "imagePullSecrets": {"imagePullSecrets": [{"name": "registry"}]},
    "labels": {"labels": {"example.com/team": "search"}},
    "maxModelLen": {"maxModelLen": 128},
    "maxSurge": {"maxSurge": 1},
    "nodeSelector": {"nodeSelector": {"example.com/gpu": "L4"}},
    "podDisruptionBudget": {"podDisruptionBudget": False},
    "priorityClassName": {"priorityClassName": "serving"},
    "queue": {"queue": "gpus"},
    "replicas": {},
    "resources": {"resources": {"memory": "12Gi"}},
    "serviceAccountName": {"serviceAccountName": "embedder"},
    "shmSize": {"shmSize": "2Gi"},
    "source": {"source": {"repo": "acme/next", "revision": "f" * 40}},
    "startupTimeout": {"startupTimeout": 900},
    "timeout": {"timeout": 60},
    "tolerations": {"tolerations": [{"key": "example.com/pool", "operator": "Exists"}]},
    "topologySpreadConstraints": {"topologySpreadConstraints": [ZONE]},
}
"""A change of each field that has its own effect. Each also adds a replica, by which one sees that it was taken in."""
BY_THE_PROXY: Final = frozenset({"auth", "timeout"})
"""What restarts only in OpenShift AI's fork: its auth proxy is a container that has these as arguments.

addOauthContainerToDeployment in opendatahub-io/kserve
pkg/controller/v1beta1/inferenceservice/reconcilers/deployment/deployment_reconciler.go @ odh-v3.5.
"""
ELSEWHERE: Final = frozenset(
    {"autoscaling", "class", "connection", "dimensions", "files", "name", "namespace", "runtime", "stopped", "task"}
)
"""Autoscaling takes the replicas' place; the others make another model, refer to what is shared, or reach no object."""


def test_every_field_is_measured() -> None:
    """A new field needs a line above."""
    known = json.loads(json_schema.json_schema())["properties"]["models"]["items"]["properties"]
    assert {*known} == {*CHANGES, *ELSEWHERE, "overrides", "deployTo"}


@pytest.mark.parametrize("field", CHANGES)
def test_the_plan_knows_what_restarts(cluster: Cluster, field: str, tmp_path: Path) -> None:
    """Two forms of one model, one after the other on the cluster: the pod template changes if the plan says so."""
    name = f"m-{field.lower()}"
    before, after = (
        compiled(tmp_path / moment, catalog(name, change, replicas), cluster.release)
        for moment, change, replicas in (("before", {}, 1), ("after", CHANGES[field], 2))
    )
    apply(cluster.plane, before)
    was = settled(cluster.plane, name, 1)
    apply(cluster.plane, after)
    now = settled(cluster.plane, name, 2)
    found = objects.compare(tree(before), tree(after), "dev").changes
    said = any(change.restarts for change in found)
    assert (was["spec"]["template"] != now["spec"]["template"]) == (said and field not in BY_THE_PROXY)


def catalog(name: str, change: Mapping[str, Any], replicas: int) -> str:
    """The smallest catalog, with one model of this name and this change."""
    data = yaml.safe_load(MINIMAL)
    [model] = data["models"]
    model |= {"name": name, "replicas": replicas, **copy.deepcopy(change)}
    return yaml.safe_dump(data, sort_keys=False)


def settled(plane: ControlPlane, name: str, replicas: int) -> Any:
    """The Deployment, once it has this number of replicas: then the controller has taken in what was applied."""
    while True:
        deployment = deployments(plane, NAMESPACE, {name})[name]
        if deployment["spec"]["replicas"] == replicas:
            return deployment
        time.sleep(0.2)


def tree(root: Path) -> dict[str, bytes]:
    """What is rendered."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.glob("rendered/**/*.yaml")}
