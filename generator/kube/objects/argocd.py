"""Argo CD's types: AppProject and ApplicationSet."""

from typing import Any, Literal, TypedDict

from generator.kube.objects.kubernetes import ObjectMeta


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
