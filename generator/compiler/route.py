"""A Route of our own, for a model whose host is chosen: the one that the platform makes takes none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from generator.catalog.model import ServedModel
from generator.compiler.kinds import KINDS
from generator.kube.metadata import labels, object_meta

if TYPE_CHECKING:
    from generator.kube.objects.openshift import Route

_KIND: Final = KINDS["Route"]
_PORT: Final = 8080
_PROXY_PORT: Final = 8443
"""The auth proxy's. Both are the pod's: the Service is headless, and a router goes by its endpoints (pages.py)."""


def route(served: ServedModel, host: str) -> Route:
    """The Route to a model at a host, in the form of odh-model-controller's.

    createDesiredResource in opendatahub-io/odh-model-controller
    internal/controller/serving/reconcilers/kserve_raw_route_reconciler.go @ odh-v3.4. It deletes a Route with the
    model's name if the InferenceService lacks the label for one of its own, so this has another name. With auth, the
    router trusts the proxy's certificate, which is OpenShift's own.
    """
    timeout = {"haproxy.router.openshift.io/timeout": f"{served.timeout_s}s"} if served.timeout_s else {}
    return {
        "apiVersion": _KIND.api_version,
        "kind": "Route",
        "metadata": object_meta(served.route_name, served.namespace, labels(served.labels), _KIND.annotations(timeout)),
        "spec": {
            "host": host,
            "to": {"kind": "Service", "name": f"{served.name}-predictor", "weight": 100},
            "port": {"targetPort": _PROXY_PORT if served.auth else _PORT},
            "tls": {
                "termination": "reencrypt" if served.auth else "edge",
                "insecureEdgeTerminationPolicy": "Redirect",
            },
            "wildcardPolicy": "None",
        },
    }
