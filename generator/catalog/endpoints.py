"""Where a model answers."""

from generator.catalog.model import ServedModel


def url(served: ServedModel) -> str:
    """The URL inside the cluster; the Service is headless, so the port is the pod's.

    Headless by default: opendatahub-io/opendatahub-operator api/components/v1alpha1/kserve_types.go @ v3.4.0. The name
    is PredictorServiceName in opendatahub-io/kserve pkg/constants/constants.go, the proxy's port OauthProxyPort in
    constants_odh.go, @ odh-v3.4.
    """
    host = f"{served.name}-predictor.{served.namespace}.svc.cluster.local"
    return f"https://{host}:8443" if served.auth else f"http://{host}:8080"
