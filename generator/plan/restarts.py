"""Which changes of an object restart a model's pods: those that reach the pod template of its Deployment.

Of opendatahub-io/kserve pkg/controller/v1beta1/inferenceservice @ odh-v3.3 and odh-v3.5: components/predictor.go copies
an InferenceService's labels and annotations and the runtime's spec into the pod template, and
reconcilers/deployment/deployment_reconciler.go makes the Deployment of it.
"""

from collections.abc import Mapping
from typing import Any, Final

_NEVER_COPIED: Final = frozenset(
    {
        "autoscaling.knative.dev/max-scale",
        "autoscaling.knative.dev/min-scale",
        "haproxy.router.openshift.io/timeout",
        "internal.serving.kserve.io/storage-initializer-sourceuri",
        "kubectl.kubernetes.io/last-applied-configuration",
        "networking.knative.dev/visibility",
    }
)
"""serviceAnnotationDisallowedList in config/overlays/odh/patches/patch-inferenceservice-config.yaml @ odh-v2.35."""
_OF_THE_DEPLOYMENT: Final = frozenset(
    {"autoScaling", "deploymentStrategy", "maxReplicas", "minReplicas", "scaleMetric", "scaleTarget"}
)
"""What the predictor says about the Deployment and its autoscaler, not about a pod."""
_OF_THE_RUNTIME: Final = frozenset({"disabled", "multiModel", "protocolVersions", "supportedModelFormats"})
"""What a ServingRuntime says about itself, not about a pod."""


def restarts(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether pods that run by the first form of an InferenceService or ServingRuntime are replaced for the second.

    Other kinds restart nothing.
    """
    return bool(_reaching(before) != _reaching(after))


def _reaching(obj: Mapping[str, Any]) -> Any:
    """The part of an object that reaches the pod template."""
    kind, metadata, spec = obj.get("kind"), obj.get("metadata", {}), obj.get("spec", {})
    if kind == "ServingRuntime":
        return {key: value for key, value in spec.items() if key not in _OF_THE_RUNTIME}
    if kind != "InferenceService":
        return None
    predictor = spec.get("predictor", {})
    return (
        metadata.get("labels", {}),
        {key: value for key, value in metadata.get("annotations", {}).items() if key not in _NEVER_COPIED},
        {key: value for key, value in predictor.items() if key not in _OF_THE_DEPLOYMENT},
    )
