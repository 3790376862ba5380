"""KServe's types: ServingRuntime and InferenceService."""

from typing import Any, Literal, NotRequired, TypedDict

from generator.kube.objects.kubernetes import (
    Container,
    DeploymentStrategy,
    EnvVar,
    ObjectMeta,
    Placement,
    ResourceRequirements,
    Volume,
)


class SupportedModelFormat(TypedDict):
    name: str
    autoSelect: bool


class ServingRuntimeSpec(TypedDict):
    annotations: dict[str, str]
    containers: list[Container]
    multiModel: bool
    supportedModelFormats: list[SupportedModelFormat]
    volumes: list[Volume]


class ServingRuntime(TypedDict):
    apiVersion: str
    kind: Literal["ServingRuntime"]
    metadata: ObjectMeta
    spec: ServingRuntimeSpec


class ModelFormat(TypedDict):
    name: str


class Storage(TypedDict):
    key: str
    path: str


class ModelSpec(TypedDict):
    modelFormat: ModelFormat
    protocolVersion: NotRequired[str]
    runtime: str
    storage: Storage
    args: NotRequired[list[str]]
    env: NotRequired[list[EnvVar]]
    resources: ResourceRequirements


class Predictor(Placement):
    automountServiceAccountToken: bool
    minReplicas: int
    maxReplicas: int
    scaleMetric: NotRequired[str]
    scaleTarget: NotRequired[int]
    autoScaling: NotRequired[dict[str, Any]]
    deploymentStrategy: DeploymentStrategy
    timeout: NotRequired[int]
    priorityClassName: NotRequired[str]
    serviceAccountName: NotRequired[str]
    imagePullSecrets: NotRequired[list[dict[str, str]]]
    model: ModelSpec


class InferenceServiceSpec(TypedDict):
    predictor: Predictor


class InferenceService(TypedDict):
    apiVersion: str
    kind: Literal["InferenceService"]
    metadata: ObjectMeta
    spec: InferenceServiceSpec
