"""What differs between OpenShift AI releases, in one table.

Read from the public sources of KServe, odh-model-controller, the OpenShift AI operator and dashboard at the tags that
each release ships; KServe's versions are those whose custom resource definitions the release installs.
"""

from dataclasses import dataclass
from typing import Final

from generator.vllm.versions import Version, parse


@dataclass(frozen=True, slots=True)
class Target:
    """One OpenShift AI release, as far as manifests depend on it."""

    release: str
    kserve: str
    """The KServe version whose schemas apply."""
    vllm: Version
    """The vLLM version in the release's own images; a runtime's `vllmVersion` overrides it."""
    deployment_mode: str
    """The word for a plain Deployment. KServe 0.17 renamed it, and its webhook rewrites the old one."""
    model_format_annotation: bool
    """KServe 0.17 and later add the annotation `modelFormat` to an InferenceService that lacks it."""
    protocol_version: str | None
    """KServe 0.20 and later fill in `protocolVersion` for the format vLLM."""
    max_auth_name: int | None
    """The auth sidecar's volume was named after the model until 3.5, within a volume name's 63 characters."""
    keda: bool
    """Whether this KServe can scale by a metric that needs credentials, as OpenShift's Prometheus does."""
    blocked_env: frozenset[str]
    """Variables that KServe's admission refuses."""


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
