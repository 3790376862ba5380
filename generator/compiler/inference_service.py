"""ServingRuntimes and InferenceServices, in the form that the target's webhooks leave unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from generator.catalog.layout import artifact_prefix
from generator.catalog.model import Autoscaling, Catalog, Runtime, ServedModel
from generator.kube.metadata import labels, own_annotations
from generator.kube.quantities import canonical
from generator.yaml.write import Shared

if TYPE_CHECKING:
    from generator.kube.objects import (
        Container,
        DeploymentStrategy,
        EnvVar,
        InferenceService,
        ModelSpec,
        ObjectMeta,
        Predictor,
        Probe,
        ResourceRequirements,
        SecurityContext,
        ServingRuntime,
        ServingRuntimeSpec,
    )

_PORT: Final = 8080
_METRICS_SERVER: Final = "https://thanos-querier.openshift-monitoring.svc.cluster.local:9092"
# OpenShift runs the container as a random user without a home or a name in /etc/passwd: every cache gets a place
# it may write to, and getpass an answer. Nothing in the pod reaches for the Hub, and no length is let through.
_NON_ROOT_ENV: Final = {
    "DO_NOT_TRACK": "1",
    "HF_HOME": "/tmp/hf_home",
    "HF_HUB_OFFLINE": "1",
    "HOME": "/tmp",
    "LOGNAME": "vllm",
    "NUMBA_CACHE_DIR": "/tmp/numba",
    "OUTLINES_CACHE_DIR": "/tmp/outlines",
    "TORCHINDUCTOR_CACHE_DIR": "/tmp/inductor",
    "TRANSFORMERS_OFFLINE": "1",
    "TRITON_CACHE_DIR": "/tmp/triton",
    "USER": "vllm",
    "VLLM_ALLOW_LONG_MAX_MODEL_LEN": "0",
    "VLLM_CACHE_ROOT": "/tmp/vllm",
    "VLLM_CONFIG_ROOT": "/tmp/vllm-config",
    "VLLM_NO_USAGE_STATS": "1",
    "XDG_CACHE_HOME": "/tmp/.cache",
    "XDG_CONFIG_HOME": "/tmp/.config",
}
_SECURITY_CONTEXT: Final[SecurityContext] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def _probe(*, period_s: int, timeout_s: int, failures: int) -> Probe:
    return {
        "httpGet": {"path": "/health", "port": _PORT},
        "periodSeconds": period_s,
        "timeoutSeconds": timeout_s,
        "failureThreshold": failures,
    }


# Ten minutes to load, as long as vLLM itself waits for its engine.
_STARTUP_PROBE: Final = _probe(period_s=10, timeout_s=5, failures=60)
_READINESS_PROBE: Final = _probe(period_s=10, timeout_s=5, failures=3)
_LIVENESS_PROBE: Final = _probe(period_s=30, timeout_s=10, failures=3)


def serving_runtime(served: ServedModel, runtime: Runtime) -> ServingRuntime:
    """The model's own ServingRuntime: the dashboard deletes a deployment's runtime with it, so none is shared."""
    return {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ServingRuntime",
        "metadata": _metadata(served, labels(dashboard=True), _runtime_annotations(runtime)),
        "spec": runtime_spec(runtime, served.max_model_len),
    }


def _runtime_annotations(runtime: Runtime) -> dict[str, str]:
    return own_annotations(
        "ServingRuntime",
        {
            "opendatahub.io/apiProtocol": "REST",
            "opendatahub.io/recommended-accelerators": accelerators_annotation(runtime),
            "opendatahub.io/runtime-version": f"v{runtime.vllm_version}",
            "opendatahub.io/serving-runtime-scope": "global",
            "opendatahub.io/template-display-name": runtime.display_name,
            "opendatahub.io/template-name": runtime.name,
            "openshift.io/display-name": runtime.display_name,
        },
    )


def accelerators_annotation(runtime: Runtime) -> str:
    """The annotation's value: a JSON list as text."""
    return "[" + ",".join(f'"{accelerator}"' for accelerator in runtime.accelerators) + "]"


@cache
def runtime_spec(runtime: Runtime, max_model_len: int | None) -> ServingRuntimeSpec:
    """The spec that a model's ServingRuntime and the dashboard's Template share; only the former bounds the length."""
    spec: ServingRuntimeSpec = {
        "annotations": {
            "opendatahub.io/kserve-runtime": "vllm",
            "prometheus.io/path": "/metrics",
            "prometheus.io/port": str(_PORT),
        },
        "containers": [_container(runtime, max_model_len)],
        "multiModel": False,
        "supportedModelFormats": [{"name": "vLLM", "autoSelect": True}],
        "volumes": [{"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "2Gi"}}],
    }
    return cast("ServingRuntimeSpec", Shared(spec))


def _container(runtime: Runtime, max_model_len: int | None) -> Container:
    # The upstream image has `python3` only, Red Hat's have both names.
    python = "python3" if "vllm/vllm-openai" in runtime.image else "python"
    length = [] if max_model_len is None else [f"--max-model-len={max_model_len}"]
    return {
        "name": "kserve-container",
        "image": runtime.image,
        "command": [python, "-m", "vllm.entrypoints.openai.api_server"],
        # KServe fills in {{.Name}}; the dashboard's metrics ask for the model by that name.
        "args": [f"--port={_PORT}", "--model=/mnt/models", "--served-model-name={{.Name}}", *length, *runtime.args],
        "env": _env({**_NON_ROOT_ENV, **dict(runtime.env)}),
        "ports": [{"containerPort": _PORT, "name": "http", "protocol": "TCP"}],
        "securityContext": _SECURITY_CONTEXT,
        "startupProbe": _STARTUP_PROBE,
        "readinessProbe": _READINESS_PROBE,
        "livenessProbe": _LIVENESS_PROBE,
        "volumeMounts": [{"name": "shm", "mountPath": "/dev/shm"}],
    }


def _env(variables: Mapping[str, str]) -> list[EnvVar]:
    """Variables by name. An empty value is left out, as KServe's webhook would."""
    return [{"name": name, "value": value} if value else {"name": name} for name, value in sorted(variables.items())]


def inference_service(served: ServedModel, catalog: Catalog) -> InferenceService:
    """The model's InferenceService."""
    visibility = {"networking.kserve.io/visibility": "exposed"} if served.exposed else {}
    queue = {"kueue.x-k8s.io/queue-name": served.queue} if served.queue else {}
    own_labels = dict(sorted({**labels(dashboard=True), **visibility, **queue, **served.labels}.items()))
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": _metadata(served, own_labels, _service_annotations(served, catalog)),
        "spec": {"predictor": _predictor(served, catalog)},
    }


def _metadata(served: ServedModel, own_labels: dict[str, str], own_annotations: dict[str, str]) -> ObjectMeta:
    if served.namespace is None:
        return {"name": served.name, "labels": own_labels, "annotations": own_annotations}
    return {"name": served.name, "namespace": served.namespace, "labels": own_labels, "annotations": own_annotations}


def _service_annotations(served: ServedModel, catalog: Catalog) -> dict[str, str]:
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
    return own_annotations("InferenceService", {**own, **served.annotations})


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
    """A toleration without an empty value, which KServe's webhook drops, and in the API's order."""
    return {key: raw[key] for key in _TOLERATION if raw.get(key, "") != ""}


_TOLERATION: Final = ("key", "operator", "value", "effect", "tolerationSeconds")


def _strategy(max_surge: int) -> DeploymentStrategy:
    """Without a surge, one pod goes before the next comes: a roll-out then needs no GPU that is not there."""
    return {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": max_surge, "maxUnavailable": 0 if max_surge else 1},
    }


def _request_scaling(served: ServedModel, scaling: Autoscaling) -> dict[str, Any]:
    """KEDA on the requests in vLLM's hands; odh-model-controller makes the credentials named here."""
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
        spec["env"] = _env(served.env)
    return spec


def _resources(served: ServedModel) -> ResourceRequirements:
    """Requests equal limits, as extended resources must; a hardware profile then has nothing left to fill in."""
    amounts = {"cpu": canonical(served.cpu), "memory": canonical(served.memory)}
    if served.gpus:
        amounts[served.accelerator] = str(served.gpus)
    return {"limits": amounts, "requests": amounts}
