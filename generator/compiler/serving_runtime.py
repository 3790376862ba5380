"""ServingRuntimes: one per model, and the spec that it shares with the dashboard's Template."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from generator.catalog.model import Runtime, ServedModel
from generator.compiler.kinds import KINDS
from generator.kube.metadata import labels, object_meta
from generator.kube.quantities import canonical
from generator.yaml.write import Shared

if TYPE_CHECKING:
    from generator.kube.objects.kserve import ServingRuntime, ServingRuntimeSpec
    from generator.kube.objects.kubernetes import Container, EnvVar, Probe, SecurityContext

_KIND: Final = KINDS["ServingRuntime"]
# Where nothing else is said, names and values are those of the product's own runtime:
# opendatahub-io/odh-model-controller config/runtimes/vllm-cuda-template.yaml @ odh-v3.4.
_PORT: Final = 8080
# OpenShift runs the container as a random user without a home or a name in /etc/passwd: every cache gets a place
# it may write to, and getpass an answer. Nothing in the pod reaches for the Hub, and no length is let through.
#   USER, LOGNAME: getpass.getuser, vllm-project/vllm vllm/config/vllm.py @ v0.18.0; without them vLLM 0.13 was seen to
#     stop with `getpwuid(): uid not found`.
#   VLLM_*, DO_NOT_TRACK: vllm-project/vllm vllm/envs.py @ v0.18.0. Red Hat's images may set the length's variable to 1:
#     UNVERIFIED today, opendatahub-io/vllm Dockerfile.ubi did in 2024.
#   OUTLINES_CACHE_DIR: vllm/v1/structured_output/utils.py, TORCHINDUCTOR_CACHE_DIR, TRITON_CACHE_DIR:
#     vllm/compilation/compiler_interface.py, both @ v0.18.0.
#   HF_HOME, HF_HUB_OFFLINE: huggingface/huggingface_hub src/huggingface_hub/constants.py @ v2.4.0.
#   NUMBA_CACHE_DIR, TRANSFORMERS_OFFLINE, XDG_*: UNVERIFIED, from those projects' documentation. vLLM 0.13, 0.18 and
#     0.32 were seen to serve with all of these, and with no other writable place than /tmp and /dev/shm.
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
# The profile "restricted": kubernetes/website content/en/docs/concepts/security/pod-security-standards.md, UNVERIFIED.
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


# `/health`: vllm-project/vllm vllm/entrypoints/serve/instrumentator/health.py @ v0.18.0. Periods and timeouts are ours.
_STARTUP_PERIOD_S: Final = 10
_READINESS_PROBE: Final = _probe(period_s=10, timeout_s=5, failures=3)
_LIVENESS_PROBE: Final = _probe(period_s=30, timeout_s=10, failures=3)


class Own(NamedTuple):
    """What a model's own ServingRuntime says in other words than the dashboard's Template."""

    max_model_len: int | None = None
    aliases: tuple[str, ...] = ()
    shm_size: str = "2Gi"
    """vllm-project/vllm docs/deployment/k8s.md @ v0.32.0."""
    startup_timeout_s: int = 600
    elsewhere: frozenset[str] = frozenset()
    """Variables whose values the InferenceService takes from a Secret: KServe would merge them with a value here."""


_TEMPLATE: Final = Own()


def serving_runtime(served: ServedModel, runtime: Runtime) -> ServingRuntime:
    """The model's own ServingRuntime: the dashboard deletes a deployment's runtime with it, so none is shared.

    deleteDeployment in opendatahub-io/odh-dashboard packages/kserve/src/deployments.ts @ v3.4.0.
    """
    return {
        "apiVersion": _KIND.api_version,
        "kind": "ServingRuntime",
        "metadata": object_meta(
            served.name, served.namespace, labels(served.labels, dashboard=True), _annotations(runtime)
        ),
        "spec": spec(runtime, _own(served)),
    }


def _own(served: ServedModel) -> Own:
    shm_size = served.shm_size or _TEMPLATE.shm_size
    elsewhere = frozenset(served.env_value_from)
    return Own(served.max_model_len, served.aliases, canonical(shm_size), served.startup_timeout_s, elsewhere)


@cache
def _annotations(runtime: Runtime) -> dict[str, str]:
    """What the dashboard writes when it makes a runtime from a Template.

    assembleServingRuntime in opendatahub-io/odh-dashboard packages/kserve/src/deployServer.ts @ v3.4.0.
    """
    own = {
        "opendatahub.io/apiProtocol": "REST",
        "opendatahub.io/recommended-accelerators": accelerators_annotation(runtime),
        "opendatahub.io/runtime-version": f"v{runtime.vllm_version}",
        "opendatahub.io/serving-runtime-scope": "global",
        "opendatahub.io/template-display-name": runtime.display_name,
        "opendatahub.io/template-name": runtime.name,
        "openshift.io/display-name": runtime.display_name,
    }
    return Shared(_KIND.annotations(own))


def accelerators_annotation(runtime: Runtime) -> str:
    """The annotation's value: a JSON list as text."""
    return "[" + ",".join(f'"{accelerator}"' for accelerator in runtime.accelerators) + "]"


@cache
def spec(runtime: Runtime, own: Own = _TEMPLATE) -> ServingRuntimeSpec:
    """The spec that a model's ServingRuntime and the dashboard's Template share; only the former has a model's values.

    Its form is that of the runtimes that OpenShift AI ships: odh-model-controller
    config/runtimes/vllm-cuda-template.yaml @ odh-v3.5-EA2. It has no /dev/shm; since 3.0 the dashboard adds none.
    """
    content: ServingRuntimeSpec = {
        "annotations": {
            "opendatahub.io/kserve-runtime": "vllm",
            "prometheus.io/path": "/metrics",
            "prometheus.io/port": str(_PORT),
        },
        "containers": [_container(runtime, own)],
        "multiModel": False,
        "supportedModelFormats": [{"name": "vLLM", "autoSelect": True}],
        "volumes": [{"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": own.shm_size}}],
    }
    return cast("ServingRuntimeSpec", Shared(content))


def _container(runtime: Runtime, own: Own) -> Container:
    # The upstream image has `python3` only (vllm-project/vllm docker/Dockerfile @ v0.32.0). UNVERIFIED: Red Hat's have
    # both names; their own runtimes call `python`.
    python = "python3" if "vllm/vllm-openai" in runtime.image else "python"
    length = [] if own.max_model_len is None else [f"--max-model-len={own.max_model_len}"]
    variables = {**_NON_ROOT_ENV, **dict(runtime.env)}
    failures = -(-own.startup_timeout_s // _STARTUP_PERIOD_S)
    return {
        "name": "kserve-container",
        "image": runtime.image,
        "command": [python, "-m", "vllm.entrypoints.openai.api_server"],
        # KServe fills in {{.Name}}: ReplacePlaceholders, opendatahub-io/kserve
        # pkg/controller/v1beta1/inferenceservice/utils/utils.go @ odh-v3.4. The dashboard's metrics ask for the model
        # by that name: opendatahub-io/odh-model-controller internal/controller/constants/runtime-metrics.go @ odh-v3.4.
        "args": [f"--port={_PORT}", "--model=/mnt/models", *_names(own.aliases), *length, *runtime.args],
        "env": env_vars({name: value for name, value in variables.items() if name not in own.elsewhere}),
        "ports": [{"containerPort": _PORT, "name": "http", "protocol": "TCP"}],
        "securityContext": _SECURITY_CONTEXT,
        "startupProbe": _probe(period_s=_STARTUP_PERIOD_S, timeout_s=5, failures=failures),
        "readinessProbe": _READINESS_PROBE,
        "livenessProbe": _LIVENESS_PROBE,
        "volumeMounts": [{"name": "shm", "mountPath": "/dev/shm"}],
    }


def _names(aliases: tuple[str, ...]) -> list[str]:
    """The names that vLLM answers to. The first is that of metrics and responses, and argparse takes one after a `=`.

    served_model_name in vllm-project/vllm vllm/config/model.py @ v0.18.0.
    """
    own = "{{.Name}}"
    return ["--served-model-name", own, *aliases] if aliases else [f"--served-model-name={own}"]


def env_vars(variables: Mapping[str, str]) -> list[EnvVar]:
    """Variables by name. An empty value is left out, as KServe's webhook would.

    UNVERIFIED: EnvVar.Value is `omitempty` in kubernetes/api core/v1/types.go.
    """
    return [{"name": name, "value": value} if value else {"name": name} for name, value in sorted(variables.items())]
