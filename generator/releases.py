"""What differs between OpenShift AI releases, in one table.

Sources, here and elsewhere, are `repository path @ tag`; kserve, odh-model-controller and odh-dashboard are those of
opendatahub-io. OpenShift AI 2.25 was read at odh-v2.35, a release 3.x at odh-v3.x; that the numbers correspond is
UNVERIFIED, as no shipped image was opened.
"""

from dataclasses import dataclass
from typing import Final

from generator.vllm.versions import Version, parse


@dataclass(frozen=True, slots=True)
class Target:
    """One OpenShift AI release, as far as manifests depend on it."""

    release: str
    kserve: str
    """The KServe version whose schemas apply: the release that kserve @ odh-v3.x is a fork of."""
    vllm: Version
    """The vLLM version in the release's own images; a runtime's `vllmVersion` overrides it.

    The annotation runtime-version in odh-model-controller config/runtimes/vllm-cuda-template.yaml @ odh-v3.x.
    """
    deployment_mode: str
    """The word for a plain Deployment. KServe 0.17 renamed it, and its webhook rewrites the old one.

    kserve pkg/constants/constants.go (DeploymentModeType) @ odh-v3.3 and odh-v3.4; the rewriting in
    pkg/apis/serving/v1beta1/inference_service_defaults.go @ odh-v3.4.
    """
    model_format_annotation: bool
    """KServe 0.17 and later add the annotation `modelFormat` to an InferenceService that lacks it.

    kserve pkg/apis/serving/v1beta1/inference_service_defaults.go @ odh-v3.4, absent @ odh-v3.3.
    """
    protocol_version: str | None
    """KServe 0.20 and later fill in `protocolVersion` for the format vLLM.

    The same file @ odh-v3.5, by pkg/constants/constants.go (SupportedModelVLLM).
    """
    max_auth_name: int | None
    """The auth sidecar's volume was named after the model until 3.5, within a volume name's 63 characters.

    `NAME-kube-rbac-proxy-sar-config`: kserve pkg/constants (OauthProxySARCMName) @ odh-v3.4; pull request 1496.
    """
    keda: bool
    """Whether this KServe can scale by a metric that needs credentials, as OpenShift's Prometheus does.

    `authenticationRef` of an external metric: kserve pkg/apis/serving/v1beta1/component.go @ odh-v3.4, not @ odh-v3.3.
    """
    blocked_env: frozenset[str]
    """Variables that KServe's admission refuses: kserve pkg/validation/env_policy.go @ odh-v3.4."""


_PYTHONPATH: Final = frozenset({"PYTHONPATH"})
_NONE: Final[frozenset[str]] = frozenset()

TARGETS: Final[dict[str, Target]] = {
    target.release: target
    for target in (
        #      release kserve    vllm               deployment mode  format protocol auth  KEDA   blocked env
        Target("2.25", "0.15.2", parse("0.10.1.1"), "RawDeployment", False, None, 36, False, _NONE),
        Target("3.0", "0.15.2", parse("0.11.0"), "RawDeployment", False, None, 36, False, _NONE),
        Target("3.2", "0.15.2", parse("0.11.2"), "RawDeployment", False, None, 36, False, _NONE),
        Target("3.3", "0.15.2", parse("0.13.0"), "RawDeployment", False, None, 36, False, _NONE),
        Target("3.4", "0.17.0", parse("0.18.0"), "Standard", True, None, 36, True, _PYTHONPATH),
        Target("3.5", "0.20.0", parse("0.24.0"), "Standard", True, "v2", None, True, _PYTHONPATH),
    )
}
