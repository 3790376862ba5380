"""The ApplicationSet: one Argo CD application per environment for its models, and per cluster for Templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from generator.catalog.model import ArgoCD, Catalog
from generator.compiler.kinds import KINDS
from generator.kube.metadata import labels, object_meta

if TYPE_CHECKING:
    from generator.kube.objects import ApplicationSet

_KIND: Final = KINDS["ApplicationSet"]
_SERVED: Final = KINDS["InferenceService"]


def application_set(catalog: Catalog, argocd: ArgoCD) -> ApplicationSet:
    """Applications over `rendered/`, as plain directories. Removing one never removes what it has deployed.

    preserveResourcesOnDeletion: argoproj/argo-cd docs/operator-manual/applicationset/Application-Deletion.md @ v3.5.1.
    """
    return {
        "apiVersion": _KIND.api_version,
        "kind": "ApplicationSet",
        "metadata": object_meta(argocd.project, argocd.namespace, labels(), _KIND.annotations({})),
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
    """The template, in one piece, as Argo CD's documentation shows it."""
    return {
        "metadata": {
            "name": f"{argocd.project}-{{{{.environment}}}}-{{{{.part}}}}",
            "annotations": {
                # Compares what the API server would store, so that a webhook's defaults are no drift:
                # docs/user-guide/diff-strategies.md; the other: docs/user-guide/annotations-and-labels.md.
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
                # An environment may lose its last model, and its folder then says so: compile.py. Without allowEmpty
                # Argo CD never prunes the last object: docs/user-guide/auto_sync.md.
                "automated": {"prune": True, "selfHeal": True, "allowEmpty": True},
                # docs/user-guide/sync-options.md
                "syncOptions": [
                    "ServerSideApply=true",
                    "ApplyOutOfSyncOnly=true",
                    "PruneLast=true",
                    "FailOnSharedResource=true",
                    "RespectIgnoreDifferences=true",
                ],
                "retry": {"limit": 5, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "20m"}},
            },
            # The dashboard's Start and Stop buttons write this annotation: opendatahub-io/odh-dashboard
            # packages/model-serving/src/concepts/utils.ts @ v3.4.0.
            "ignoreDifferences": [
                {
                    "group": _SERVED.group,
                    "kind": _SERVED.name,
                    "jsonPointers": ["/metadata/annotations/serving.kserve.io~1stop"],
                }
            ],
        },
    }
