"""What differs between OpenShift AI releases, in one table.

Here and elsewhere, a source is `owner/repository path @ tag`, and what no public source confirms is UNVERIFIED. Release
2.25 is read at the tag odh-v2.35, and 3.x at odh-v3.x. That the product's images are built from these tags is
UNVERIFIED.
"""

from typing import Final, NamedTuple

from generator.vllm.versions import Version, parse


class Target(NamedTuple):
    """One OpenShift AI release, as far as manifests depend on it."""

    release: str
    kserve: str
    """The KServe version whose schemas apply: kserve/kserve config/crd/full @ this version.

    opendatahub-io/kserve python/kserve/pyproject.toml names it @ each release's tag; @ odh-v3.5 it says 0.20.0rc0. The
    InferenceService's schema is the same in both from 3.4 on; before, the fork has fields that upstream has not.
    """
    vllm: Version
    """The vLLM version in the release's own images; a runtime's `vllmVersion` overrides it.

    The annotation opendatahub.io/runtime-version in opendatahub-io/odh-model-controller
    config/runtimes/vllm-cuda-template.yaml @ 9a6f65a9 (2.25), 4c1152a9 (3.0), 4bf57ab4 (3.2), d276af3c (3.3),
    aa5f265b (3.4), and config/runtimes/vllm/vllm-cuda-template.yaml @ 30facf28 (3.5). People write it there by hand;
    for 3.0 and 3.3 the tag has an older one. UNVERIFIED on the images: a server's `/version` is the proof.
    """
    deployment_mode: str
    """The word for a plain Deployment. KServe 0.17 renamed it, and its webhook rewrites the old one.

    DeploymentModeType in opendatahub-io/kserve pkg/constants/constants.go @ odh-v3.3 and odh-v3.4; the rewriting in
    pkg/apis/serving/v1beta1/inference_service_defaults.go @ odh-v3.4.
    """
    model_format_annotation: bool
    """KServe 0.17 and later add the annotation `modelFormat` to an InferenceService that lacks it.

    ModelFormatAnnotationKey in opendatahub-io/kserve pkg/apis/serving/v1beta1/inference_service_defaults.go @ odh-v3.4;
    not @ odh-v3.3.
    """
    protocol_version: str | None
    """KServe 0.20 and later fill in `protocolVersion` for the format vLLM.

    SupportedModelVLLM in the same file @ odh-v3.5; @ odh-v3.4 for Triton alone.
    """
    max_auth_name: int | None
    """The auth sidecar's volume was named after the model until 3.5, within a volume name's 63 characters.

    OauthProxySARCMName in opendatahub-io/kserve
    pkg/controller/v1beta1/inferenceservice/reconcilers/deployment/deployment_reconciler.go @ odh-v3.0 to odh-v3.4;
    sarVolumeNameForDeployment @ odh-v3.5. UNVERIFIED for 2.25: @ odh-v2.35 there is no such volume.
    """
    keda: bool
    """Whether this KServe can scale by a metric that needs credentials, as OpenShift's Prometheus does.

    AuthenticationRef in kserve/kserve pkg/apis/serving/v1beta1/component.go @ v0.17.0; not @ v0.15.2, whose schema we
    hold. UNVERIFIED before 3.4: opendatahub-io/kserve has it @ odh-v2.35 already.
    """
    blocked_env: frozenset[str]
    """Variables that KServe's admission refuses.

    DefaultBlockedEnvVars in opendatahub-io/kserve pkg/validation/env_policy.go @ odh-v3.4; not @ odh-v3.3.
    """
    image: str
    """The image of Red Hat AI Inference Server with this vLLM: what a new catalog begins with.

    Release and tag are named together in model cards of RedHatAI on the Hub ("Validated on RHOAI 2.25", "RHAIIS 3.2.2",
    "vLLM: 0.10.1.1"; 3.2 with 3.2.5) and in redhat-ai-services/vllm-kserve @ 0.7.0 (3.3). UNVERIFIED for 3.0, 3.4 and
    3.5: there it is the product's tag of the same vLLM. Since 3.4 the registry's folder is rhaii, no longer rhaiis.
    """


_PYTHONPATH: Final = frozenset({"PYTHONPATH"})
_NONE: Final[frozenset[str]] = frozenset()
_RHAIIS: Final = "registry.redhat.io/rhaiis/vllm-cuda-rhel9"
_RHAII: Final = "registry.redhat.io/rhaii/vllm-cuda-rhel9"

TARGETS: Final[dict[str, Target]] = {
    target.release: target
    for target in (
        #      release kserve    vllm               deployment mode  format protocol auth  KEDA   blocked env  image
        Target("2.25", "0.15.2", parse("0.10.1.1"), "RawDeployment", False, None, 36, False, _NONE, f"{_RHAIIS}:3.2.2"),
        Target("3.0", "0.15.2", parse("0.11.0"), "RawDeployment", False, None, 36, False, _NONE, f"{_RHAIIS}:3.2.3"),
        Target("3.2", "0.15.2", parse("0.11.2"), "RawDeployment", False, None, 36, False, _NONE, f"{_RHAIIS}:3.2.5"),
        Target("3.3", "0.15.2", parse("0.13.0"), "RawDeployment", False, None, 36, False, _NONE, f"{_RHAIIS}:3.3.0"),
        Target("3.4", "0.17.0", parse("0.18.0"), "Standard", True, None, 36, True, _PYTHONPATH, f"{_RHAII}:3.4.0"),
        Target("3.5", "0.20.0", parse("0.24.0"), "Standard", True, "v2", None, True, _PYTHONPATH, f"{_RHAII}:3.5.0"),
    )
}
