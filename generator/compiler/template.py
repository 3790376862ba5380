"""OpenShift Templates: the serving runtimes that the dashboard offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.catalog.model import Catalog, Runtime
from generator.compiler.inference_service import accelerators_annotation, runtime_spec
from generator.kube.metadata import labels, own_annotations

if TYPE_CHECKING:
    from generator.kube.objects import ServingRuntime, Template


def template(runtime: Runtime, catalog: Catalog) -> Template:
    """A Template for the dashboard's namespace.

    It carries all three platform annotations on both levels: where one is missing, editing in the dashboard loses the
    others. It has no parameters, because the dashboard copies the runtime without processing them.
    """
    described = {"description": runtime.description} if runtime.description else {}
    return {
        "apiVersion": "template.openshift.io/v1",
        "kind": "Template",
        "metadata": {
            "name": runtime.name,
            "namespace": catalog.dashboard_namespace,
            "labels": labels(dashboard=True),
            "annotations": own_annotations(
                "Template",
                {
                    **described,
                    "opendatahub.io/apiProtocol": "REST",
                    "opendatahub.io/model-type": '["generative"]',
                    "opendatahub.io/modelServingSupport": '["single"]',
                    "openshift.io/display-name": runtime.display_name,
                },
            ),
        },
        "objects": [_serving_runtime(runtime)],
        "parameters": [],
    }


def _serving_runtime(runtime: Runtime) -> ServingRuntime:
    return {
        "apiVersion": "serving.kserve.io/v1alpha1",
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
        "spec": runtime_spec(runtime, None),
    }
