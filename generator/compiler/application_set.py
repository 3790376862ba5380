"""The ApplicationSet, which makes Argo CD's applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from generator.catalog.applications import applications
from generator.catalog.model import ArgoCD, Catalog
from generator.compiler.kinds import KINDS
from generator.kube.metadata import labels, object_meta

if TYPE_CHECKING:
    from generator.kube.objects.argocd import ApplicationSet

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
            "generators": [{"list": {"elements": _elements(catalog, argocd)}}],
            "template": _application(argocd),
            "templatePatch": _AUTOMATED,
        },
    }


# Only strings can be templated in a template, so what is on or off is in a patch: docs/operator-manual/applicationset/
# Template.md. An environment may lose its last model, and its folder then says so: compile.py. Without allowEmpty Argo
# CD never prunes the last object: docs/user-guide/auto_sync.md.
_AUTOMATED: Final = """\
spec:
  syncPolicy:
    automated: {{ if .automated }}{prune: true, selfHeal: true, allowEmpty: true}{{ else }}null{{ end }}
"""


def _elements(catalog: Catalog, argocd: ArgoCD) -> list[dict[str, Any]]:
    return [
        {
            "name": application.name,
            "path": f"rendered/{application.environment}/{application.part}",
            "revision": application.revision,
            "cluster": application.cluster,
            "namespace": application.namespace,
            "automated": application.automated,
        }
        for application in applications(catalog, argocd)
    ]


def _application(argocd: ArgoCD) -> dict[str, Any]:
    """The template, in one piece, as Argo CD's documentation shows it."""
    return {
        "metadata": {
            "name": "{{.name}}",
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
                "targetRevision": "{{.revision}}",
                "path": "{{.path}}",
                "directory": {"recurse": True},
            },
            "destination": {"name": "{{.cluster}}", "namespace": "{{.namespace}}"},
            "syncPolicy": {
                # docs/user-guide/sync-options.md. Not PruneLast: before it deletes a model, it waits for the health of
                # all others, which may need its GPU. Not FailOnSharedResource: when an application gets another name,
                # both have the objects for a while.
                "syncOptions": ["ServerSideApply=true", "ApplyOutOfSyncOnly=true", "RespectIgnoreDifferences=true"],
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
