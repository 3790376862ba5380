"""The part of the contract that says where model files are: S3 data connections and their Secrets."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from generator.catalog.contract import scalars as s
from generator.catalog.contract.defaults import Default, Needed, Otherwise
from generator.catalog.contract.scalars import closed


@closed
class ExternalSecret(TypedDict):
    """Where the External Secrets Operator finds the access keys of a data connection."""

    store: Annotated[s.ObjectName, Field(description="The store's name.", examples=["vault"])]
    key: Annotated[s.Line, Field(description="The path of the entry in the store.", examples=["teams/search/s3"])]
    storeKind: NotRequired[
        Annotated[
            s.StoreKind,
            Field(
                description="Whether the store belongs to one namespace or to the whole cluster.",
                examples=["SecretStore"],
            ),
            Default("ClusterSecretStore"),
        ]
    ]
    accessKeyProperty: NotRequired[
        Annotated[
            s.Line,
            Field(description="The property that holds the access key ID.", examples=["access-key"]),
            Default("AWS_ACCESS_KEY_ID"),
        ]
    ]
    secretKeyProperty: NotRequired[
        Annotated[
            s.Line,
            Field(description="The property that holds the secret access key.", examples=["secret-key"]),
            Default("AWS_SECRET_ACCESS_KEY"),
        ]
    ]


@closed
class Secret(TypedDict, total=False):
    """Exactly one of `existing` and `externalSecret`."""

    existing: Annotated[
        s.ObjectName,
        Field(
            description="The data connection's Secret, which must exist in every namespace that uses it.",
            examples=["embedding-models"],
        ),
        Needed("unless externalSecret is set"),
    ]
    externalSecret: Annotated[
        ExternalSecret,
        Field(
            description="Write an ExternalSecret that fetches the keys from a secret store.",
            examples=[{"store": "vault", "key": "teams/search/s3"}],
        ),
        Needed("unless existing is set"),
    ]


@closed
class Connection(TypedDict):
    """An S3 data connection, by reference. This file never holds credentials."""

    displayName: Annotated[s.Line, Field(description="The name in the dashboard.", examples=["Embedding models"])]
    description: NotRequired[
        Annotated[
            s.Prose,
            Field(description="A description for the dashboard.", examples=["Models of the search team"]),
            Otherwise("none"),
        ]
    ]
    endpoint: Annotated[
        s.Endpoint,
        Field(
            description="The URL of the S3 service, without a path.", examples=["https://s3.us-east-1.amazonaws.com"]
        ),
    ]
    region: NotRequired[
        Annotated[
            s.Region, Field(description="The region of the bucket.", examples=["us-east-1"]), Default("us-east-1")
        ]
    ]
    bucket: Annotated[s.Bucket, Field(description="The bucket's name.", examples=["your-bucket"])]
    prefix: NotRequired[
        Annotated[
            s.Prefix,
            Field(
                description="The key prefix of all models. A model's files are in "
                "`<prefix>/<model>/<first 12 digits of the commit>/`.",
                examples=["models"],
            ),
            Default("models"),
        ]
    ]
    secret: Annotated[
        Secret,
        Field(
            description="The Secret with the access keys: an existing one, or one to fetch from a store.",
            examples=[{"existing": "embedding-models"}],
        ),
    ]
