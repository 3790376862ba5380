"""Kubernetes' own types: metadata, what is in a pod, accounts and rights, budgets for drains."""

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


class ResourceRequirements(TypedDict):
    limits: dict[str, str]
    requests: dict[str, str]


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
