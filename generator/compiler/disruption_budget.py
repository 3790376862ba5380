"""PodDisruptionBudgets: how many replicas of a model may go at once when nodes are drained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from generator.catalog.model import ServedModel
from generator.compiler.kinds import KINDS
from generator.kube.metadata import labels, object_meta, pod_labels

if TYPE_CHECKING:
    from generator.kube.objects.kubernetes import PodDisruptionBudget

_KIND: Final = KINDS["PodDisruptionBudget"]


def disruption_budget(served: ServedModel) -> PodDisruptionBudget:
    """One replica at a time, so a drain is never blocked; and a pod that is not ready may always go.

    kubernetes/website content/en/docs/tasks/run-application/configure-pdb.md, UNVERIFIED.
    """
    return {
        "apiVersion": _KIND.api_version,
        "kind": "PodDisruptionBudget",
        "metadata": object_meta(served.name, served.namespace, labels(served.labels), _KIND.annotations({})),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": pod_labels(served.name)},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }
