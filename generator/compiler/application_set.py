"""Argo CD objects: one project, and one ApplicationSet with an application per environment and kind of rights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from generator.catalog.model import ArgoCD, Catalog
from generator.kube.metadata import labels, own_annotations

if TYPE_CHECKING:
    from generator.kube.objects import Custom, ObjectMeta

_KINDS: Final = (
    ("", "ServiceAccount"),
    ("external-secrets.io", "ExternalSecret"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
    ("serving.kserve.io", "InferenceService"),
    ("serving.kserve.io", "ServingRuntime"),
    ("template.openshift.io", "Template"),
)


def project(catalog: Catalog, argocd: ArgoCD) -> Custom:
    """An AppProject that allows this repository, these namespaces, and the kinds that are written; nothing else."""
    places = {
        (environment.cluster, namespace)
        for environment in catalog.environments.values()
        for namespace in (environment.namespace, catalog.dashboard_namespace)
    }
    for model in catalog.models:
        for served in model.served:
            places.add((catalog.environments[str(served.environment)].cluster, str(served.namespace)))
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": _metadata("AppProject", argocd),
        "spec": {
            "description": "Embedding and reranker models on OpenShift AI",
            "sourceRepos": [argocd.repo_url],
            "destinations": [{"name": cluster, "namespace": namespace} for cluster, namespace in sorted(places)],
            "clusterResourceWhitelist": [],
            "namespaceResourceWhitelist": [{"group": group, "kind": kind} for group, kind in _KINDS],
        },
    }


def application_set(catalog: Catalog, argocd: ArgoCD) -> Custom:
    """Applications over `rendered/`, as plain directories. Removing one never removes what it has deployed."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": _metadata("ApplicationSet", argocd),
        "spec": {
            "goTemplate": True,
            "goTemplateOptions": ["missingkey=error"],
            "syncPolicy": {"preserveResourcesOnDeletion": True},
            "generators": [{"list": {"elements": _elements(catalog)}}],
            "template": _application(argocd),
        },
    }


def _elements(catalog: Catalog) -> list[dict[str, str]]:
    """One application per environment for its models, and one per cluster for the dashboard's Templates."""
    elements, clusters = [], set()
    for environment in catalog.environments.values():
        parts = [("models", environment.namespace)]
        if environment.cluster not in clusters:
            clusters.add(environment.cluster)
            parts.append(("platform", catalog.dashboard_namespace))
        elements += [
            {"environment": environment.name, "part": part, "cluster": environment.cluster, "namespace": namespace}
            for part, namespace in parts
        ]
    return elements


def _application(argocd: ArgoCD) -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"{argocd.project}-{{{{.environment}}}}-{{{{.part}}}}",
            "annotations": {
                # Compares what the API server would store, so that a webhook's defaults are no drift.
                "argocd.argoproj.io/compare-options": "ServerSideDiff=true",
                "argocd.argoproj.io/manifest-generate-paths": ".",
            },
        },
        "spec": {
            "project": argocd.project,
            "source": {
                "repoURL": argocd.repo_url,
                "targetRevision": argocd.target_revision,
                "path": "rendered/{{.environment}}/{{.part}}",
                "directory": {"recurse": True},
            },
            "destination": {"name": "{{.cluster}}", "namespace": "{{.namespace}}"},
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                "syncOptions": [
                    "ServerSideApply=true",
                    "ApplyOutOfSyncOnly=true",
                    "PruneLast=true",
                    "FailOnSharedResource=true",
                    "RespectIgnoreDifferences=true",
                ],
                "retry": {"limit": 5, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "20m"}},
            },
            # The dashboard's Start and Stop buttons write this annotation.
            "ignoreDifferences": [
                {
                    "group": "serving.kserve.io",
                    "kind": "InferenceService",
                    "jsonPointers": ["/metadata/annotations/serving.kserve.io~1stop"],
                }
            ],
        },
    }


def _metadata(kind: str, argocd: ArgoCD) -> ObjectMeta:
    return {
        "name": argocd.project,
        "namespace": argocd.namespace,
        "labels": labels(),
        "annotations": own_annotations(kind, {}),
    }
