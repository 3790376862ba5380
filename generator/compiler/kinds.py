"""The kinds of object that are written, one row each."""

from typing import Final, NamedTuple

from generator.kube.metadata import SYNC_WAVE


class Kind(NamedTuple):
    """One kind of object."""

    name: str
    group: str
    version: str
    wave: int
    """Argo CD applies lower waves first, and waits for the health of each before the next."""
    synced: bool = True
    """Whether the AppProject must allow it: all but Argo CD's own objects, which are applied from outside."""

    subresources: tuple[str, ...] = ()
    """What a right to it does not include, and is needed all the same."""

    @property
    def api_version(self) -> str:
        """The value of the key `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def annotations(self, more: dict[str, str]) -> dict[str, str]:
        """The sync wave and `more`, sorted."""
        return dict(sorted({SYNC_WAVE: str(self.wave), **more}.items()))


# Groups and versions are those in generator/schemas/README.md. Models load slowly, so they are in the last wave:
# a sync does not wait for it (finalWave in argoproj/argo-cd gitops-engine/pkg/sync/sync_context.go @ v3.5.1).
KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind("Template", "template.openshift.io", "v1", -2),
        Kind("ExternalSecret", "external-secrets.io", "v1", -2),
        Kind("ServiceAccount", "", "v1", -2),
        Kind("Role", "rbac.authorization.k8s.io", "v1", -2),
        Kind("RoleBinding", "rbac.authorization.k8s.io", "v1", -2),
        Kind("PodDisruptionBudget", "policy", "v1", -2),
        Kind("ServingRuntime", "serving.kserve.io", "v1alpha1", -1),
        Kind("InferenceService", "serving.kserve.io", "v1beta1", 0),
        # Not before the models: a router may refuse a host, and Argo CD waits for the health of earlier waves.
        # custom-host: AllocateHost in openshift/library-go pkg/route/hostassignment/assignment.go.
        Kind("Route", "route.openshift.io", "v1", 0, subresources=("custom-host",)),
        Kind("AppProject", "argoproj.io", "v1alpha1", -1, synced=False),
        Kind("ApplicationSet", "argoproj.io", "v1alpha1", 0, synced=False),
    )
}
