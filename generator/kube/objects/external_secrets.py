"""The type of the External Secrets Operator."""

from typing import Literal, TypedDict

from generator.kube.objects.kubernetes import ObjectMeta


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
