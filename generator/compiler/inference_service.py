"""InferenceServices, in the form that the target's webhooks leave unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, cast

from generator.catalog.layout import artifact_prefix
from generator.catalog.model import Autoscaling, Catalog, ServedModel
from generator.compiler.kinds import KINDS
from generator.compiler.placement import placement
from generator.compiler.serving_runtime import env_vars
from generator.kube.metadata import labels, object_meta
from generator.kube.quantities import canonical

if TYPE_CHECKING:
    from generator.kube.objects.kserve import InferenceService, ModelSpec, Predictor
    from generator.kube.objects.kubernetes import DeploymentStrategy, EnvVar, ResourceRequirements

_KIND: Final = KINDS["InferenceService"]
# Of opendatahub-io/kserve, where nothing else is said, at the tag odh-v3.4.
_METRICS_SERVER: Final = "https://thanos-querier.openshift-monitoring.svc.cluster.local:9092"
"""opendatahub-io/odh-model-controller internal/controller/serving/keda_fixtures_test.go @ odh-v3.4."""
_METRICS_AUTH: Final = "inference-prometheus-auth"
"""KEDAPrometheusAuthTriggerAuthName, internal/controller/serving/reconcilers/kserve_keda_reconciler.go there."""


def inference_service(served: ServedModel, catalog: Catalog) -> InferenceService:
    """The model's InferenceService.

    The label for a Route of the platform, which takes no host (route.py), is KserveNetworkVisibility in
    opendatahub-io/odh-model-controller internal/controller/constants/constants.go @ odh-v3.4; the one for a queue is
    Kueue's: kubernetes-sigs/kueue pkg/controller/constants/constants.go, UNVERIFIED.
    """
    visibility = {"networking.kserve.io/visibility": "exposed"} if served.exposed and not served.host else {}
    queue = {"kueue.x-k8s.io/queue-name": served.queue} if served.queue else {}
    own_labels = labels({**visibility, **queue, **served.labels}, dashboard=True)
    return {
        "apiVersion": _KIND.api_version,
        "kind": "InferenceService",
        "metadata": object_meta(served.name, served.namespace, own_labels, _annotations(served, catalog)),
        "spec": {"predictor": _predictor(served, catalog)},
    }


def _annotations(served: ServedModel, catalog: Catalog) -> dict[str, str]:
    """What the dashboard reads and writes, and what the webhooks would add.

    model-type, enable-auth and the names: opendatahub-io/odh-dashboard packages/kserve/src/deployUtils.ts @ v3.4.0.
    autoscalerClass and stop: pkg/constants/constants.go. Hardware profiles: opendatahub-io/opendatahub-operator
    internal/webhook/hardwareprofile/mutating.go @ v3.4.0, which adds a missing namespace. The Route's timeout:
    SetOpenshiftRouteTimeoutForIsvc in opendatahub-io/odh-model-controller internal/controller/utils/utils.go
    @ odh-v3.4.
    """
    target = catalog.target_of(served.environment)
    own = {
        "opendatahub.io/model-type": "generative",
        "openshift.io/display-name": served.display_name,
        "security.opendatahub.io/enable-auth": "true" if served.auth else "false",
        "serving.kserve.io/autoscalerClass": _autoscaler_class(served.autoscaling),
        "serving.kserve.io/deploymentMode": target.deployment_mode,
    }
    if served.description:
        own["openshift.io/description"] = served.description
    if target.model_format_annotation:
        own["modelFormat"] = "vLLM"
    if served.hardware_profile:
        own["opendatahub.io/hardware-profile-name"], own["opendatahub.io/hardware-profile-namespace"] = (
            served.hardware_profile
        )
    if served.stopped:
        own["serving.kserve.io/stop"] = "true"
    if served.timeout_s and served.exposed and not served.host:
        own["haproxy.router.openshift.io/timeout"] = f"{served.timeout_s}s"
    return _KIND.annotations({**own, **served.annotations})


def _autoscaler_class(autoscaling: Autoscaling | None) -> str:
    if autoscaling is None:
        return "none"
    return "hpa" if autoscaling.metric == "cpu" else "keda"


def _predictor(served: ServedModel, catalog: Catalog) -> Predictor:
    scaling = served.autoscaling
    predictor: Predictor = {
        # As the webhook would: disableAutomountServiceAccountToken in
        # pkg/apis/serving/v1beta1/inference_service_defaults.go, @ odh-v2.35 already.
        "automountServiceAccountToken": False,
        "minReplicas": scaling.min_replicas if scaling else served.replicas,
        "maxReplicas": scaling.max_replicas if scaling else served.replicas,
        "deploymentStrategy": _strategy(served.max_surge),
        "model": _model_spec(served, catalog),
    }
    if scaling and scaling.metric == "cpu":
        predictor["scaleMetric"] = "cpu"
        predictor["scaleTarget"] = scaling.target
    elif scaling:
        predictor["autoScaling"] = _request_scaling(served, scaling)
    if served.timeout_s:
        predictor["timeout"] = served.timeout_s
    if served.priority_class_name:
        predictor["priorityClassName"] = served.priority_class_name
    if served.service_account_name:
        predictor["serviceAccountName"] = served.service_account_name
    if served.image_pull_secrets:
        predictor["imagePullSecrets"] = [dict(secret) for secret in served.image_pull_secrets]
    return cast("Predictor", {**predictor, **placement(served)})


def _strategy(max_surge: int) -> DeploymentStrategy:
    """Without a surge, one pod goes before the next comes: a rollout then needs no GPU that is not there.

    KServe's own default is 25 % of both, which rounds to a surge of one: setDefaultDeploymentSpec in
    pkg/controller/v1beta1/inferenceservice/reconcilers/deployment/deployment_reconciler.go.
    """
    return {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": max_surge, "maxUnavailable": 0 if max_surge else 1},
    }


def _request_scaling(served: ServedModel, scaling: Autoscaling) -> dict[str, Any]:
    """KEDA on the requests in vLLM's hands; odh-model-controller makes the credentials named here.

    Fields: pkg/apis/serving/v1beta1/component.go. Metrics: vllm-project/vllm vllm/v1/metrics/loggers.py @ v0.18.0.
    """
    selector = f'model_name="{served.name}"'
    if served.namespace is not None:
        selector += f',namespace="{served.namespace}"'
    query = f"sum(vllm:num_requests_running{{{selector}}}) + sum(vllm:num_requests_waiting{{{selector}}})"
    metric = {"backend": "prometheus", "serverAddress": _METRICS_SERVER, "query": query}
    if served.namespace is not None:
        metric["namespace"] = served.namespace
    authentication = {"authModes": "bearer", "authenticationRef": {"name": _METRICS_AUTH}}
    external = {
        "metric": metric,
        "authenticationRef": authentication,
        "target": {"type": "Value", "value": canonical(str(scaling.target))},
    }
    return {"metrics": [{"type": "External", "external": external}]}


def _model_spec(served: ServedModel, catalog: Catalog) -> ModelSpec:
    connection = catalog.connections[served.connection]
    spec: ModelSpec = {
        "modelFormat": {"name": "vLLM"},
        "runtime": served.name,
        "storage": {
            "key": connection.secret_name,
            "path": artifact_prefix(connection.prefix, served.name, served.commit),
        },
        "resources": _resources(served),
    }
    target = catalog.target_of(served.environment)
    if target.protocol_version:
        spec["protocolVersion"] = target.protocol_version
    if served.args:
        spec["args"] = list(served.args)
    if env := [*env_vars({**_patience(served), **served.env}), *_references(served)]:
        spec["env"] = sorted(env, key=lambda variable: variable["name"])
    return spec


def _references(served: ServedModel) -> Iterator[EnvVar]:
    """Variables that the kubelet reads from a Secret or ConfigMap."""
    for name, source in served.env_value_from.items():
        yield {"name": name, "valueFrom": {kind: dict(key) for kind, key in source.items()}}


def _patience(served: ServedModel) -> dict[str, str]:
    """How long vLLM itself waits for its engine, where that is longer than it does by default.

    vllm-project/vllm vllm/envs.py @ v0.18.0.
    """
    name, waits_s = "VLLM_ENGINE_READY_TIMEOUT_S", 600
    return {name: str(served.startup_timeout_s)} if served.startup_timeout_s > waits_s else {}


def _resources(served: ServedModel) -> ResourceRequirements:
    """Requests equal limits, as extended resources must; a hardware profile then has nothing left to fill in.

    IsOvercommitAllowed in kubernetes/kubernetes pkg/apis/core/validation/validation.go @ v1.34.0.
    """
    amounts = {"cpu": canonical(served.cpu), "memory": canonical(served.memory)}
    if served.gpus:
        amounts[served.accelerator] = str(served.gpus)
    return {"limits": amounts, "requests": amounts}
