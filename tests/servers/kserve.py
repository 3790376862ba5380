"""KServe's own controller and webhooks, with the settings that OpenShift AI gives them."""

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from .kubernetes import ControlPlane
from .s3 import free_port

NAMESPACE: Final = "kserve"
_SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "deploy": {"defaultDeploymentMode": "RawDeployment"},
    "ingress": {"disableIngressCreation": True, "disableIstioVirtualHost": True},
    "security": {"autoMountServiceAccountToken": False},
    "inferenceService": {
        "serviceAnnotationDisallowedList": [
            "autoscaling.knative.dev/min-scale",
            "autoscaling.knative.dev/max-scale",
            "internal.serving.kserve.io/storage-initializer-sourceuri",
            "kubectl.kubernetes.io/last-applied-configuration",
            "security.opendatahub.io/enable-auth",
            "networking.knative.dev/visibility",
            "haproxy.router.openshift.io/timeout",
        ]
    },
}
"""opendatahub-io/kserve config/overlays/odh/patches/patch-inferenceservice-config.yaml @ odh-v3.3."""


def start(plane: ControlPlane, version: str) -> None:
    """Install the types of this version, and run its controller and webhooks; they end with the control plane."""
    definitions = plane.programs / "definitions" / f"kserve-{version}"
    plane.define(*sorted(definitions.glob("serving.kserve.io_*.yaml")))
    plane.kubectl("create", "namespace", NAMESPACE)
    plane.apply(_settings(definitions / "inferenceservice.yaml"))
    port = free_port()
    certificates = plane.folder / "webhook"
    certificates.mkdir()
    plane.certificate("webhook", "127.0.0.1")
    (plane.folder / "webhook.pem").rename(certificates / "tls.crt")
    (plane.folder / "webhook.key").rename(certificates / "tls.key")
    daemon = plane.run(
        f"kserve-{version}",
        f"--port={port}",
        f"--certificates={certificates}",
        environment={"POD_NAMESPACE": NAMESPACE},
    )
    plane.apply(*_webhooks(f"https://127.0.0.1:{port}", plane.ca))
    plane.wait("KServe", lambda: "Starting workers" in daemon.log.read_text("utf-8"))


def _settings(shipped: Path) -> dict[str, Any]:
    """The ConfigMap of KServe's release, with OpenShift AI's settings laid over it."""
    config: dict[str, Any] = yaml.safe_load(shipped.read_text("utf-8"))
    config["metadata"] = {"name": "inferenceservice-config", "namespace": NAMESPACE}
    config["data"].pop("_example", None)
    for name, own in _SETTINGS.items():
        config["data"][name] = json.dumps({**json.loads(config["data"].get(name, "{}")), **own})
    return config


def _webhooks(address: str, ca: bytes) -> Iterator[dict[str, Any]]:
    """The registrations of config/webhook/manifests.yaml in kserve/kserve @ v0.20.0, by address instead of Service."""
    service = {"apiGroups": ["serving.kserve.io"], "apiVersions": ["v1beta1"], "resources": ["inferenceservices"]}
    runtime = {"apiGroups": ["serving.kserve.io"], "apiVersions": ["v1alpha1"], "resources": ["servingruntimes"]}

    def hook(name: str, path: str, rule: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "name": name,
            "clientConfig": {"url": f"{address}/{path}", "caBundle": base64.b64encode(ca).decode()},
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "rules": [{"operations": ["CREATE", "UPDATE"], **rule}],
        }

    yield {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "inferenceservice.serving.kserve.io"},
        "webhooks": [hook("defaulter.kserve.io", "mutate-serving-kserve-io-v1beta1-inferenceservice", service)],
    }
    yield {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "inferenceservice.serving.kserve.io"},
        "webhooks": [
            hook("validator.kserve.io", "validate-serving-kserve-io-v1beta1-inferenceservice", service),
            hook("runtime.kserve.io", "validate-serving-kserve-io-v1alpha1-servingruntime", runtime),
        ],
    }
