"""The objects we write, key by key, in the API's own words; a wrong key is a type error.

Only type checkers read this: making fifty classes would be a noticeable part of every start.
"""

from typing import Any, Literal, NotRequired, TypedDict


class ObjectMeta(TypedDict):
    name: str
    namespace: NotRequired[str]
    labels: NotRequired[dict[str, str]]
    annotations: NotRequired[dict[str, str]]


class EnvVar(TypedDict):
    name: str
    value: NotRequired[str]
    valueFrom: NotRequired[dict[str, Any]]


class Port(TypedDict):
    containerPort: int
    name: str
    protocol: str


class HTTPGet(TypedDict):
    path: str
    port: int


class Probe(TypedDict):
    httpGet: HTTPGet
    periodSeconds: int
    timeoutSeconds: int
    failureThreshold: int


class Capabilities(TypedDict):
    drop: list[str]


class SeccompProfile(TypedDict):
    type: str


class SecurityContext(TypedDict):
    allowPrivilegeEscalation: bool
    capabilities: Capabilities
    runAsNonRoot: bool
    seccompProfile: SeccompProfile


class VolumeMount(TypedDict):
    name: str
    mountPath: str


class EmptyDir(TypedDict):
    medium: str
    sizeLimit: str


class Volume(TypedDict):
    name: str
    emptyDir: EmptyDir


class Container(TypedDict):
    name: str
    image: str
    command: list[str]
    args: list[str]
    env: list[EnvVar]
    ports: list[Port]
    securityContext: SecurityContext
    startupProbe: Probe
    readinessProbe: Probe
    livenessProbe: Probe
    volumeMounts: list[VolumeMount]


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


class ResourceRequirements(TypedDict):
    limits: dict[str, str]
    requests: dict[str, str]


class ModelSpec(TypedDict):
    modelFormat: ModelFormat
    protocolVersion: NotRequired[str]
    runtime: str
    storage: Storage
    args: NotRequired[list[str]]
    env: NotRequired[list[EnvVar]]
    resources: ResourceRequirements


class RollingUpdate(TypedDict):
    maxSurge: int
    maxUnavailable: int


class DeploymentStrategy(TypedDict):
    type: str
    rollingUpdate: RollingUpdate


class Placement(TypedDict, total=False):
    nodeSelector: dict[str, str]
    tolerations: list[dict[str, Any]]
    topologySpreadConstraints: list[dict[str, Any]]
    affinity: dict[str, Any]


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


class Template(TypedDict):
    apiVersion: str
    kind: Literal["Template"]
    metadata: ObjectMeta
    objects: list[ServingRuntime]
    parameters: list[Any]


class RemoteRef(TypedDict):
    key: str
    property: str
    conversionStrategy: str
    decodingStrategy: str
    metadataPolicy: str


class ExternalSecretData(TypedDict):
    secretKey: str
    remoteRef: RemoteRef


class SecretMetadata(TypedDict):
    labels: dict[str, str]
    annotations: dict[str, str]


class SecretTemplate(TypedDict):
    engineVersion: str
    mergePolicy: str
    type: str
    metadata: SecretMetadata
    data: dict[str, str]


class SecretTarget(TypedDict):
    name: str
    creationPolicy: str
    deletionPolicy: str
    template: SecretTemplate


class SecretStoreRef(TypedDict):
    kind: str
    name: str


class ExternalSecretSpec(TypedDict):
    refreshInterval: str
    secretStoreRef: SecretStoreRef
    target: SecretTarget
    data: list[ExternalSecretData]


class ExternalSecret(TypedDict):
    apiVersion: str
    kind: Literal["ExternalSecret"]
    metadata: ObjectMeta
    spec: ExternalSecretSpec


class ServiceAccount(TypedDict):
    apiVersion: str
    kind: Literal["ServiceAccount"]
    metadata: ObjectMeta
    automountServiceAccountToken: bool


class PolicyRule(TypedDict):
    apiGroups: list[str]
    resources: list[str]
    resourceNames: NotRequired[list[str]]
    verbs: list[str]


class Role(TypedDict):
    apiVersion: str
    kind: Literal["Role"]
    metadata: ObjectMeta
    rules: list[PolicyRule]


class RoleRef(TypedDict):
    apiGroup: str
    kind: str
    name: str


class Subject(TypedDict):
    kind: str
    name: str
    namespace: NotRequired[str]


class RoleBinding(TypedDict):
    apiVersion: str
    kind: Literal["RoleBinding"]
    metadata: ObjectMeta
    roleRef: RoleRef
    subjects: list[Subject]


class RouteTarget(TypedDict):
    kind: str
    name: str
    weight: int


class RoutePort(TypedDict):
    targetPort: int


class RouteTLS(TypedDict):
    termination: str
    insecureEdgeTerminationPolicy: str


class RouteSpec(TypedDict):
    host: str
    to: RouteTarget
    port: RoutePort
    tls: RouteTLS
    wildcardPolicy: str


class Route(TypedDict):
    apiVersion: str
    kind: Literal["Route"]
    metadata: ObjectMeta
    spec: RouteSpec


class PodSelector(TypedDict):
    matchLabels: dict[str, str]


class PodDisruptionBudgetSpec(TypedDict):
    maxUnavailable: int
    selector: PodSelector
    unhealthyPodEvictionPolicy: str


class PodDisruptionBudget(TypedDict):
    apiVersion: str
    kind: Literal["PodDisruptionBudget"]
    metadata: ObjectMeta
    spec: PodDisruptionBudgetSpec


class AppProject(TypedDict):
    apiVersion: str
    kind: Literal["AppProject"]
    metadata: ObjectMeta
    spec: dict[str, Any]


class ApplicationSet(TypedDict):
    apiVersion: str
    kind: Literal["ApplicationSet"]
    metadata: ObjectMeta
    spec: dict[str, Any]


KubeObject = (
    ServingRuntime
    | InferenceService
    | Template
    | ExternalSecret
    | ServiceAccount
    | Role
    | RoleBinding
    | Route
    | PodDisruptionBudget
    | AppProject
    | ApplicationSet
)
