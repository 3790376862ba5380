"""The AppProject: what Argo CD may sync for this repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from generator.catalog.model import ArgoCD, Catalog
from generator.compiler.kinds import KINDS
from generator.kube.metadata import labels, object_meta

if TYPE_CHECKING:
    from generator.kube.objects.argocd import AppProject

_KIND: Final = KINDS["AppProject"]


def app_project(catalog: Catalog, argocd: ArgoCD) -> AppProject:
    """An AppProject that allows this repository, these namespaces, and the kinds that are written; nothing else."""
    places = {
        (environment.cluster, namespace)
        for environment in catalog.environments.values()
        for namespace in (environment.namespace, environment.dashboard_namespace)
    }
    for model in catalog.models:
        for served in model.served:
            places.add((catalog.environments[str(served.environment)].cluster, str(served.namespace)))
    allowed = sorted((kind.group, kind.name) for kind in KINDS.values() if kind.synced)
    return {
        "apiVersion": _KIND.api_version,
        "kind": "AppProject",
        "metadata": object_meta(argocd.project, argocd.namespace, labels(), _KIND.annotations({})),
        "spec": {
            "description": "Embedding and reranker models on OpenShift AI",
            "sourceRepos": [argocd.repo_url],
            "destinations": [{"name": cluster, "namespace": namespace} for cluster, namespace in sorted(places)],
            "clusterResourceWhitelist": [],
            "namespaceResourceWhitelist": [{"group": group, "kind": kind} for group, kind in allowed],
        },
    }
