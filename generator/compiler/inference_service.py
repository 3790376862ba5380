"""InferenceServices, in the form that the target's webhooks leave unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from generator.catalog.layout import artifact_prefix
from generator.catalog.model import Autoscaling, Catalog, ServedModel
from generator.compiler.kinds import KINDS
from generator.compiler.serving_runtime import env_vars
from generator.kube.metadata import labels, object_meta
from generator.kube.quantities import canonical

if TYPE_CHECKING:
    from generator.kube.objects import (
        DeploymentStrategy,
        InferenceService,
        ModelSpec,
        Predictor,
        ResourceRequirements,
    )

_KIND: Final = KINDS["InferenceService"]
_METRICS_SERVER: Final = "https://thanos-querier.openshift-monitoring.svc.cluster.local:9092"


def inference_service(served: ServedModel, catalog: Catalog) -> InferenceService:
    """The model's InferenceService."""
    # A label, not an annotation, makes the Route: odh-model-controller
    # internal/controller/serving/reconcilers/kserve_raw_route_reconciler.go @ odh-v3.3.
    visibility = {"networking.kserve.io/visibility": "exposed"} if served.exposed else {}
    queue = {"kueue.x-k8s.io/queue-name": served.queue} if served.queue else {}
    own_labels = dict(sorted({**labels(dashboard=True), **visibility, **queue, **served.labels}.items()))
    return {
        "apiVersion": _KIND.api_version,
        "kind": "InferenceService",
        "metadata": object_meta(served.name, served.namespace, own_labels, _annotations(served, catalog)),
        "spec": {"predictor": _predictor(served, catalog)},
    }


def _annotations(served: ServedModel, catalog: Catalog) -> dict[str, str]:
    # What the dashboard writes: odh-dashboard packages/kserve/src/deployUtils.ts @ b9d0963. Modes and autoscaler
    # classes: kserve pkg/constants/constants.go @ odh-v3.3; without a class, KServe makes an HPA.
    target = catalog.target
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
    if served.timeout_s and served.exposed:
        own["haproxy.router.openshift.io/timeout"] = f"{served.timeout_s}s"
    return _KIND.annotations({**own, **served.annotations})


def _autoscaler_class(autoscaling: Autoscaling | None) -> str:
    if autoscaling is None:
        return "none"
    return "hpa" if autoscaling.metric == "cpu" else "keda"


def _predictor(served: ServedModel, catalog: Catalog) -> Predictor:
    scaling = served.autoscaling
    predictor: Predictor = {
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
    if served.node_selector:
        predictor["nodeSelector"] = dict(served.node_selector)
    if served.tolerations:
        predictor["tolerations"] = [_toleration(toleration) for toleration in served.tolerations]
    return predictor


def _toleration(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A toleration in the API's order, without an empty value, which the Go struct in KServe's webhook drops."""
    return {key: raw[key] for key in _TOLERATION if raw.get(key, "") != ""}


_TOLERATION: Final = ("key", "operator", "value", "effect", "tolerationSeconds")


def _strategy(max_surge: int) -> DeploymentStrategy:
    """Without a surge, one pod goes before the next comes: a roll-out then needs no GPU that is not there."""
    return {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": max_surge, "maxUnavailable": 0 if max_surge else 1},
    }


def _request_scaling(served: ServedModel, scaling: Autoscaling) -> dict[str, Any]:
    """KEDA on the requests that vLLM is working on or has queued.

    The credentials are made by odh-model-controller
    internal/controller/serving/reconcilers/kserve_keda_reconciler.go @ odh-v3.4; the metrics are those of
    vllm-project/vllm vllm/v1/metrics/loggers.py @ v0.13.0.
    """
    selector = f'model_name="{served.name}"'
    if served.namespace is not None:
        selector += f',namespace="{served.namespace}"'
    query = f"sum(vllm:num_requests_running{{{selector}}}) + sum(vllm:num_requests_waiting{{{selector}}})"
    metric = {"backend": "prometheus", "serverAddress": _METRICS_SERVER, "query": query}
    if served.namespace is not None:
        metric["namespace"] = served.namespace
    authentication = {"authModes": "bearer", "authenticationRef": {"name": "inference-prometheus-auth"}}
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
    if catalog.target.protocol_version:
        spec["protocolVersion"] = catalog.target.protocol_version
    if served.args:
        spec["args"] = list(served.args)
    if served.env:
        spec["env"] = env_vars(served.env)
    return spec


def _resources(served: ServedModel) -> ResourceRequirements:
    """Requests equal limits, as extended resources must; a hardware profile then has nothing left to fill in."""
    amounts = {"cpu": canonical(served.cpu), "memory": canonical(served.memory)}
    if served.gpus:
        amounts[served.accelerator] = str(served.gpus)
    return {"limits": amounts, "requests": amounts}
