"""What Argo CD's controller may do in an environment's namespaces: no more than to sync what is written for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from generator.catalog.model import IN_CLUSTER, ArgoCD, Catalog, Environment
from generator.compiler.kinds import KINDS
from generator.kube.metadata import labels, object_meta

if TYPE_CHECKING:
    from generator.kube.objects.kubernetes import PolicyRule, Role, RoleBinding, Subject

_ROLE: Final = KINDS["Role"]
_BINDING: Final = KINDS["RoleBinding"]
_OF_THE_DASHBOARD: Final = "Template"
# To list and watch is to compare; server-side apply creates with `patch`; to prune is to delete.
_VERBS: Final = ("get", "list", "watch", "create", "update", "patch", "delete")


def rights(catalog: Catalog, argocd: ArgoCD, environment: Environment) -> Iterator[Role | RoleBinding]:
    """A Role and its RoleBinding per namespace; none on another cluster, where Argo CD has an account of that cluster.

    Kubernetes lets nobody grant more than they may do themselves: a model with `auth` has a Role that allows `get`.
    """
    if environment.cluster != IN_CLUSTER:
        return
    models = {kind for kind in KINDS if KINDS[kind].synced and kind != _OF_THE_DASHBOARD}
    kinds = {environment.dashboard_namespace: {_OF_THE_DASHBOARD}}
    for namespace in _namespaces(catalog, environment):
        kinds[namespace] = kinds.get(namespace, set()) | models
    for namespace in sorted(kinds):
        yield from _granted(argocd, namespace, kinds[namespace])


def _namespaces(catalog: Catalog, environment: Environment) -> set[str]:
    served = (served for model in catalog.models for served in model.served)
    return {environment.namespace} | {
        one.namespace for one in served if one.environment == environment.name and one.namespace
    }


def _granted(argocd: ArgoCD, namespace: str, kinds: set[str]) -> tuple[Role, RoleBinding]:
    name = f"{argocd.project}-sync"
    account: Subject = {"kind": "ServiceAccount", "name": argocd.service_account, "namespace": argocd.namespace}
    return (
        {
            "apiVersion": _ROLE.api_version,
            "kind": "Role",
            "metadata": object_meta(name, namespace, labels(), _ROLE.annotations({})),
            "rules": _rules(kinds),
        },
        {
            "apiVersion": _BINDING.api_version,
            "kind": "RoleBinding",
            "metadata": object_meta(name, namespace, labels(), _BINDING.annotations({})),
            "roleRef": {"apiGroup": _ROLE.group, "kind": "Role", "name": name},
            "subjects": [account],
        },
    )


def _rules(kinds: set[str]) -> list[PolicyRule]:
    """One rule per API group. Every resource is its kind's plural, as English has it."""
    groups: dict[str, list[str]] = {}
    for kind in sorted(kinds):
        plural = f"{kind.lower()}s"
        more = (f"{plural}/{subresource}" for subresource in KINDS[kind].subresources)
        groups.setdefault(KINDS[kind].group, []).extend([plural, *more])
    return [
        {"apiGroups": [group], "resources": resources, "verbs": [*_VERBS]}
        for group, resources in sorted(groups.items())
    ]
