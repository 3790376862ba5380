"""OpenShift Templates: the serving runtimes that the dashboard offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from generator.catalog.model import Runtime
from generator.compiler.kinds import KINDS
from generator.compiler.serving_runtime import accelerators_annotation, spec
from generator.kube.metadata import labels, object_meta

if TYPE_CHECKING:
    from generator.kube.objects.kserve import ServingRuntime
    from generator.kube.objects.openshift import Template

_KIND: Final = KINDS["Template"]


def template(runtime: Runtime, dashboard_namespace: str) -> Template:
    """A Template for the dashboard's namespace.

    It carries all three platform annotations: where one is missing, editing in the dashboard loses the others
    (updateServingRuntimeTemplateBackend in opendatahub-io/odh-dashboard frontend/src/services/templateService.ts
    @ v3.4.0). It has no parameters, because the dashboard copies the runtime without processing them
    (assembleServingRuntime in packages/kserve/src/deployServer.ts). Keys and values are those of the product's own
    Template: opendatahub-io/odh-model-controller config/runtimes/vllm-cuda-template.yaml @ odh-v3.4.
    """
    return {
        "apiVersion": _KIND.api_version,
        "kind": "Template",
        "metadata": object_meta(runtime.name, dashboard_namespace, labels(dashboard=True), _annotations(runtime)),
        "objects": [_serving_runtime(runtime)],
        "parameters": [],
    }


def _annotations(runtime: Runtime) -> dict[str, str]:
    described = {"description": runtime.description} if runtime.description else {}
    return _KIND.annotations(
        {
            **described,
            "opendatahub.io/apiProtocol": "REST",
            "opendatahub.io/model-type": '["generative"]',
            "opendatahub.io/modelServingSupport": '["single"]',
            "openshift.io/display-name": runtime.display_name,
        }
    )


def _serving_runtime(runtime: Runtime) -> ServingRuntime:
    return {
        "apiVersion": KINDS["ServingRuntime"].api_version,
        "kind": "ServingRuntime",
        "metadata": {
            "name": runtime.name,
            "labels": labels(dashboard=True),
            "annotations": {
                "opendatahub.io/apiProtocol": "REST",
                "opendatahub.io/recommended-accelerators": accelerators_annotation(runtime),
                "opendatahub.io/runtime-version": f"v{runtime.vllm_version}",
                "openshift.io/display-name": runtime.display_name,
            },
        },
        "spec": spec(runtime),
    }
