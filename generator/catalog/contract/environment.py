"""The part of the contract that says where models are deployed to."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from generator.catalog.contract import scalars as s
from generator.catalog.contract.defaults import Default, Otherwise
from generator.catalog.contract.scalars import closed
from generator.catalog.model import IN_CLUSTER


@closed
class EnvironmentArgoCD(TypedDict, total=False):
    """How Argo CD syncs one environment."""

    targetRevision: Annotated[
        s.Line,
        Field(description="The branch, tag or commit to sync to this environment.", examples=["v1.4.0"]),
        Otherwise("platform.argocd.targetRevision"),
    ]
    sync: Annotated[
        s.SyncMode,
        Field(description="Whether Argo CD syncs by itself, or waits for somebody to do it.", examples=["manual"]),
        Default("automatic"),
    ]


@closed
class Environment(TypedDict):
    """A place to deploy to: a namespace on a cluster, with its quotas."""

    namespace: Annotated[
        s.Namespace, Field(description="The namespace that the models are deployed to.", examples=["embeddings-dev"])
    ]
    cluster: NotRequired[
        Annotated[
            s.Line, Field(description="Argo CD's name for the cluster.", examples=["in-cluster"]), Default(IN_CLUSTER)
        ]
    ]
    target: NotRequired[
        Annotated[
            s.Release,
            Field(
                description="The OpenShift AI release of the environment's cluster, in quotes, if it is another one.",
                examples=["3.5"],
            ),
            Otherwise("platform.target"),
        ]
    ]
    dashboardNamespace: NotRequired[
        Annotated[
            s.Namespace,
            Field(description="The dashboard's namespace there, if it is another one.", examples=["opendatahub"]),
            Otherwise("platform.dashboardNamespace"),
        ]
    ]
    argocd: NotRequired[
        Annotated[
            EnvironmentArgoCD,
            Field(
                description="How Argo CD syncs this environment. Needs `platform.argocd`.",
                examples=[{"targetRevision": "v1.4.0", "sync": "manual"}],
            ),
            Default({}, "as platform.argocd says"),
        ]
    ]
    gpuQuota: NotRequired[
        Annotated[
            s.Quota,
            Field(
                description="How many whole GPUs all models together may request, including surge and autoscaling.",
                examples=[8],
            ),
            Otherwise("no limit"),
        ]
    ]
    migQuota: NotRequired[
        Annotated[
            dict[s.MigSlice, s.Quota],
            Field(
                description="How many MIG slices they may request, by resource name. If the environment has a quota,"
                " a slice that is not named here is an error.",
                examples=[{"nvidia.com/mig-1g.10gb": 4}],
            ),
            Default({}),
        ]
    ]
