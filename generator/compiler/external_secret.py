"""ExternalSecrets, for data connections that ask for one. A Secret itself is never written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from generator.catalog.model import Connection
from generator.catalog.model import ExternalSecret as SecretSource
from generator.compiler.kinds import KINDS
from generator.kube.metadata import labels, object_meta

if TYPE_CHECKING:
    from generator.kube.objects.external_secrets import ExternalSecret, ExternalSecretData, SecretTemplate

_KIND: Final = KINDS["ExternalSecret"]


def external_secret(connection: Connection, source: SecretSource, namespace: str | None) -> ExternalSecret:
    """An ExternalSecret whose Secret OpenShift AI takes for an S3 data connection, on 2.x and 3.x alike.

    Values and defaults: external-secrets/external-secrets apis/externalsecrets/v1/externalsecret_types.go @ v1.3.2.
    """
    return {
        "apiVersion": _KIND.api_version,
        "kind": "ExternalSecret",
        "metadata": object_meta(connection.name, namespace, labels(), _KIND.annotations({})),
        "spec": {
            "refreshInterval": "1h0m0s",
            "secretStoreRef": {"kind": source.store_kind, "name": source.store},
            "target": {
                "name": connection.secret_name,
                "creationPolicy": "Owner",
                "deletionPolicy": "Retain",
                "template": _secret_template(connection),
            },
            "data": [
                _entry("AWS_ACCESS_KEY_ID", source.key, source.access_key_property),
                _entry("AWS_SECRET_ACCESS_KEY", source.key, source.secret_key_property),
            ],
        },
    }


def _secret_template(connection: Connection) -> SecretTemplate:
    described = {"openshift.io/description": connection.description} if connection.description else {}
    return {
        "engineVersion": "v2",
        "mergePolicy": "Merge",  # the three keys below join the two that are fetched
        "type": "Opaque",
        "metadata": {
            # A Secret is copied into KServe's storage-config only with both labels, and with the type s3:
            # opendatahub-io/odh-model-controller internal/controller/core/secret_controller.go @ odh-v3.4. The other
            # two annotations: opendatahub-io/odh-dashboard frontend/src/concepts/connectionTypes/utils.ts @ v3.4.0.
            "labels": {"opendatahub.io/dashboard": "true", "opendatahub.io/managed": "true"},
            "annotations": {
                "opendatahub.io/connection-type": "s3",
                "opendatahub.io/connection-type-protocol": "s3",
                "opendatahub.io/connection-type-ref": "s3",
                **described,
                "openshift.io/display-name": connection.display_name,
            },
        },
        # The names of the five keys: opendatahub-io/odh-dashboard manifests/common/connection-types/s3.yaml @ v3.4.0.
        "data": {
            "AWS_DEFAULT_REGION": connection.region,
            "AWS_S3_BUCKET": connection.bucket,
            "AWS_S3_ENDPOINT": connection.endpoint,
        },
    }


def _entry(key: str, remote_key: str, remote_property: str) -> ExternalSecretData:
    return {
        "secretKey": key,
        "remoteRef": {
            "key": remote_key,
            "property": remote_property,
            # The operator's own defaults. The CRD @ v1.3.2 writes them into the object, @ v2.9.0 it does not.
            "conversionStrategy": "Default",
            "decodingStrategy": "None",
            "metadataPolicy": "None",
        },
    }
