"""The part of the contract that says where model files are: S3 data connections and their Secrets."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from generator.catalog.contract import scalars as s
from generator.catalog.contract.defaults import Default, Otherwise
from generator.catalog.contract.scalars import closed


@closed
class ExternalSecret(TypedDict):
    """Where the External Secrets Operator finds the keys of a data connection."""

    store: Annotated[s.ObjectName, Field(description="The store's name.", examples=["vault"])]
    key: Annotated[s.Line, Field(description="The entry in the store.", examples=["teams/search/s3"])]
    storeKind: NotRequired[
        Annotated[
            s.StoreKind,
            Field(description="The kind of the store.", examples=["SecretStore"]),
            Default("ClusterSecretStore"),
        ]
    ]
    accessKeyProperty: NotRequired[
        Annotated[
            s.Line,
            Field(description="The entry's property with the access key id.", examples=["access-key"]),
            Default("AWS_ACCESS_KEY_ID"),
        ]
    ]
    secretKeyProperty: NotRequired[
        Annotated[
            s.Line,
            Field(description="The entry's property with the secret access key.", examples=["secret-key"]),
            Default("AWS_SECRET_ACCESS_KEY"),
        ]
    ]


@closed
class Secret(TypedDict, total=False):
    """Exactly one of: the name of an existing Secret, or where to get one from."""

    existing: Annotated[
        s.ObjectName,
        Field(
            description="The data connection's Secret, which exists in each namespace that uses it.",
            examples=["embedding-models"],
        ),
        Otherwise("none"),
    ]
    externalSecret: Annotated[
        ExternalSecret,
        Field(
            description="Write an ExternalSecret that fetches the keys from a store.",
            examples=[{"store": "vault", "key": "teams/search/s3"}],
        ),
        Otherwise("none"),
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
                description="The key prefix that holds the models. Files of a model are in "
                "`<prefix>/<model>/<first 12 digits of the commit>/`.",
                examples=["models"],
            ),
            Default("models"),
        ]
    ]
    secret: Annotated[
        Secret,
        Field(
            description="The Secret with the access keys: name it, or say where to fetch it.",
            examples=[{"existing": "embedding-models"}],
        ),
    ]
