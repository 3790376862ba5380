"""Who may call a model with auth on: whoever may `get` its InferenceService, for that is what the proxy asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.catalog.model import ServedModel
from generator.kube.metadata import labels, own_annotations

if TYPE_CHECKING:
    from generator.kube.objects import ObjectMeta, Role, RoleBinding, ServiceAccount

_GROUP = "rbac.authorization.k8s.io"


def access(served: ServedModel) -> tuple[ServiceAccount, Role, RoleBinding]:
    """The three objects, named as the dashboard names them."""
    account, role, binding = f"{served.name}-sa", f"{served.name}-view-role", f"{served.name}-view"
    return (
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": _metadata("ServiceAccount", account, served),
            "automountServiceAccountToken": False,
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": _metadata("Role", role, served),
            "rules": [
                {
                    "apiGroups": ["serving.kserve.io"],
                    "resources": ["inferenceservices"],
                    "resourceNames": [served.name],
                    "verbs": ["get"],
                }
            ],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": _metadata("RoleBinding", binding, served),
            "roleRef": {"apiGroup": _GROUP, "kind": "Role", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": served.namespace or ""}],
        },
    )


def _metadata(kind: str, name: str, served: ServedModel) -> ObjectMeta:
    return {
        "name": name,
        "namespace": served.namespace or "",
        "labels": labels(dashboard=True),
        "annotations": own_annotations(kind, {}),
    }
