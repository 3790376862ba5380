"""Access to a model with auth on: a ServiceAccount, a Role and a RoleBinding, which only make sense together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from generator.catalog.model import ServedModel
from generator.compiler.kinds import KINDS, Kind
from generator.kube.metadata import labels, object_meta

if TYPE_CHECKING:
    from generator.kube.objects.kubernetes import ObjectMeta, Role, RoleBinding, ServiceAccount

_ACCOUNT: Final = KINDS["ServiceAccount"]
_ROLE: Final = KINDS["Role"]
_BINDING: Final = KINDS["RoleBinding"]


def access(served: ServedModel) -> tuple[ServiceAccount, Role, RoleBinding]:
    """The three objects, named as the dashboard names them; the proxy asks whether a caller may `get` the service.

    Names: opendatahub-io/odh-dashboard packages/kserve/src/deployUtils.ts @ v3.4.0. The question: createSarCm in
    opendatahub-io/kserve pkg/controller/v1beta1/inferenceservice/reconcilers/deployment/deployment_reconciler.go
    @ odh-v3.4.
    """
    account, role, binding = served.callers_account, f"{served.name}-view-role", f"{served.name}-view"
    return (
        {
            "apiVersion": _ACCOUNT.api_version,
            "kind": "ServiceAccount",
            "metadata": _metadata(_ACCOUNT, account, served),
            "automountServiceAccountToken": False,
        },
        {
            "apiVersion": _ROLE.api_version,
            "kind": "Role",
            "metadata": _metadata(_ROLE, role, served),
            "rules": [
                {
                    "apiGroups": [KINDS["InferenceService"].group],
                    "resources": ["inferenceservices"],
                    "resourceNames": [served.name],
                    "verbs": ["get"],
                }
            ],
        },
        {
            "apiVersion": _BINDING.api_version,
            "kind": "RoleBinding",
            "metadata": _metadata(_BINDING, binding, served),
            "roleRef": {"apiGroup": _ROLE.group, "kind": "Role", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": served.namespace or ""}],
        },
    )


def _metadata(kind: Kind, name: str, served: ServedModel) -> ObjectMeta:
    return object_meta(name, served.namespace, labels(served.labels, dashboard=True), kind.annotations({}))
