"""OpenShift's types: Template and Route."""

from typing import Any, Literal, TypedDict

from generator.kube.objects.kserve import ServingRuntime
from generator.kube.objects.kubernetes import ObjectMeta


class Template(TypedDict):
    apiVersion: str
    kind: Literal["Template"]
    metadata: ObjectMeta
    objects: list[ServingRuntime]
    parameters: list[Any]


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
