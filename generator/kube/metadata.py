"""The metadata that our objects carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from generator.kube.objects.kubernetes import ObjectMeta

OWNER: Final = "rhoai-model-gitops"
OWNER_LABEL: Final = "app.kubernetes.io/managed-by"
"""kubernetes/website content/en/docs/concepts/overview/working-with-objects/common-labels.md @ bca8c4b6."""
DASHBOARD_LABEL: Final = "opendatahub.io/dashboard"
"""LABEL_SELECTOR_DASHBOARD_RESOURCE in opendatahub-io/odh-dashboard frontend/src/const.ts @ v3.4.0."""
SYNC_WAVE: Final = "argocd.argoproj.io/sync-wave"
"""argoproj/argo-cd docs/user-guide/sync-waves.md @ v3.5.1."""


def labels(more: Mapping[str, str] | None = None, *, dashboard: bool = False) -> dict[str, str]:
    """The ownership label, the one without which the dashboard does not list an object, and `more`."""
    owned = {OWNER_LABEL: OWNER, DASHBOARD_LABEL: "true"} if dashboard else {OWNER_LABEL: OWNER}
    return dict(sorted({**owned, **more}.items())) if more else owned


def pod_labels(name: str) -> dict[str, str]:
    """The label by which the pods of a model are found.

    GetRawServiceLabel in opendatahub-io/kserve pkg/constants/constants.go @ odh-v2.35 and odh-v3.5.
    """
    return {"app": f"isvc.{name}-predictor"}


def object_meta(name: str, namespace: str | None, own: dict[str, str], annotations: dict[str, str]) -> ObjectMeta:
    """Metadata with the labels `own`; without a namespace when it is None."""
    if namespace is None:
        return {"name": name, "labels": own, "annotations": annotations}
    return {"name": name, "namespace": namespace, "labels": own, "annotations": annotations}
