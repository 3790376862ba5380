"""The labels, annotations and sync waves that our objects carry."""

from typing import Final

OWNER: Final = "rhoai-model-gitops"
OWNER_LABEL: Final = "app.kubernetes.io/managed-by"
DASHBOARD_LABEL: Final = "opendatahub.io/dashboard"
SYNC_WAVE: Final = "argocd.argoproj.io/sync-wave"

# Argo CD waits for the health of a wave before the next; models that load slowly must be in the last one.
WAVES: Final = {
    "Template": "-2",
    "ExternalSecret": "-2",
    "ServiceAccount": "-2",
    "Role": "-2",
    "RoleBinding": "-2",
    "ServingRuntime": "-1",
    "InferenceService": "0",
    "AppProject": "-1",
    "ApplicationSet": "0",
}


def labels(*, dashboard: bool = False) -> dict[str, str]:
    """The ownership label, and the one without which the dashboard does not list an object."""
    owned = {OWNER_LABEL: OWNER}
    return owned | {DASHBOARD_LABEL: "true"} if dashboard else owned


def own_annotations(kind: str, more: dict[str, str]) -> dict[str, str]:
    """The kind's sync wave and `more`, sorted."""
    return dict(sorted({SYNC_WAVE: WAVES[kind], **more}.items()))
