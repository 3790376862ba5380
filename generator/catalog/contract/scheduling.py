"""Where pods may run, in the shapes of the Kubernetes API. What selects pods selects the model's own by default."""

from typing import Annotated, Generic, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from generator.catalog.contract import scalars as s
from generator.catalog.contract.defaults import Default, Otherwise
from generator.catalog.contract.scalars import Null, closed

_POOL = {"key": "nvidia.com/gpu.product", "operator": "In", "values": ["NVIDIA-L4", "NVIDIA-L40S"]}
_APART = {"topologyKey": "kubernetes.io/hostname"}


@closed
class TopologySpreadConstraint(TypedDict):
    """How the model's pods are spread over nodes or zones. Its `labelSelector` is written for you."""

    topologyKey: Annotated[
        s.LabelKey,
        Field(
            description="The node label to spread over: each of its values is a domain.",
            examples=["topology.kubernetes.io/zone"],
        ),
    ]
    maxSkew: NotRequired[
        Annotated[
            s.Count,
            Field(description="By how many pods two domains may differ.", examples=[1]),
            Default(1),
        ]
    ]
    whenUnsatisfiable: NotRequired[
        Annotated[
            s.WhenUnsatisfiable,
            Field(description="What happens to a pod that would break the rule.", examples=["DoNotSchedule"]),
            Default("ScheduleAnyway"),
        ]
    ]
    minDomains: NotRequired[
        Annotated[
            s.Count,
            Field(description="How many domains there must be, with DoNotSchedule.", examples=[3]),
            Otherwise("1"),
        ]
    ]
    nodeAffinityPolicy: NotRequired[
        Annotated[
            s.NodePolicy,
            Field(
                description="Whether nodes that `nodeSelector` and `affinity` exclude are left out.",
                examples=["Honor"],
            ),
            Otherwise("Honor"),
        ]
    ]
    nodeTaintsPolicy: NotRequired[
        Annotated[
            s.NodePolicy,
            Field(
                description="Whether nodes with taints that the pods do not tolerate are left out.", examples=["Honor"]
            ),
            Otherwise("Ignore"),
        ]
    ]


@closed
class NodeRequirement(TypedDict):
    """What a label of a node must be."""

    key: Annotated[s.LabelKey, Field(description="The label.", examples=["nvidia.com/gpu.product"])]
    operator: Annotated[s.NodeOperator, Field(description="How it is compared.", examples=["In"])]
    values: NotRequired[
        Annotated[
            list[s.LabelValue],
            Field(description="What it is compared with.", examples=[["NVIDIA-L4", "NVIDIA-L40S"]], min_length=1),
            Otherwise("none"),
        ]
    ]


@closed
class NodeSelectorTerm(TypedDict):
    """Nodes for which every requirement holds."""

    matchExpressions: Annotated[
        list[NodeRequirement],
        Field(description="Requirements for the node's labels.", examples=[[_POOL]], min_length=1),
    ]


@closed
class NodeSelector(TypedDict):
    """Nodes for which one of the terms holds."""

    nodeSelectorTerms: Annotated[
        list[NodeSelectorTerm],
        Field(description="Terms, of which one must hold.", examples=[[{"matchExpressions": [_POOL]}]], min_length=1),
    ]


@closed
class PreferredNodes(TypedDict):
    """Nodes to prefer."""

    weight: Annotated[
        s.Weight, Field(description="How much this counts among the preferences, from 1 to 100.", examples=[100])
    ]
    preference: Annotated[NodeSelectorTerm, Field(description="The nodes.", examples=[{"matchExpressions": [_POOL]}])]


@closed
class NodeAffinity(TypedDict, Generic[Null], total=False):
    """Which nodes may run the pods, and which should."""

    requiredDuringSchedulingIgnoredDuringExecution: Annotated[
        NodeSelector | Null,
        Field(
            description="The nodes that may run the pods.",
            examples=[{"nodeSelectorTerms": [{"matchExpressions": [_POOL]}]}],
        ),
        Otherwise("all nodes"),
    ]
    preferredDuringSchedulingIgnoredDuringExecution: Annotated[
        Annotated[list[PreferredNodes], Field(min_length=1)] | Null,
        Field(
            description="Nodes to prefer.", examples=[[{"weight": 100, "preference": {"matchExpressions": [_POOL]}}]]
        ),
        Otherwise("none"),
    ]


@closed
class LabelRequirement(TypedDict):
    """What a label of a pod must be."""

    key: Annotated[s.LabelKey, Field(description="The label.", examples=["app"])]
    operator: Annotated[s.LabelOperator, Field(description="How it is compared.", examples=["Exists"])]
    values: NotRequired[
        Annotated[
            list[s.LabelValue],
            Field(description="What it is compared with.", examples=[["cache"]], min_length=1),
            Otherwise("none"),
        ]
    ]


@closed
class LabelSelector(TypedDict, total=False):
    """Pods for which all of it holds."""

    matchLabels: Annotated[
        dict[s.LabelKey, s.LabelValue],
        Field(description="Labels that the pods have.", examples=[{"app": "cache"}], min_length=1),
        Otherwise("none"),
    ]
    matchExpressions: Annotated[
        list[LabelRequirement],
        Field(
            description="Requirements for the pods' labels.",
            examples=[[{"key": "app", "operator": "Exists"}]],
            min_length=1,
        ),
        Otherwise("none"),
    ]


@closed
class PodAffinityTerm(TypedDict):
    """Pods, and what counts as one place."""

    topologyKey: Annotated[
        s.LabelKey,
        Field(description="The node label whose value is the place.", examples=["kubernetes.io/hostname"]),
    ]
    labelSelector: NotRequired[
        Annotated[
            LabelSelector,
            Field(description="The pods.", examples=[{"matchLabels": {"app": "cache"}}]),
            Otherwise("the model's own"),
        ]
    ]
    namespaces: NotRequired[
        Annotated[
            list[s.Namespace],
            Field(description="The namespaces of the pods.", examples=[["team-cache"]], min_length=1),
            Otherwise("the model's own"),
        ]
    ]


@closed
class PreferredPods(TypedDict):
    """Pods to be near to, or far from, if possible."""

    weight: Annotated[
        s.Weight, Field(description="How much this counts among the preferences, from 1 to 100.", examples=[100])
    ]
    podAffinityTerm: Annotated[PodAffinityTerm, Field(description="The pods.", examples=[_APART])]


@closed
class PodAffinity(TypedDict, Generic[Null], total=False):
    """Which pods must run in the same place, or in another, and which should."""

    requiredDuringSchedulingIgnoredDuringExecution: Annotated[
        Annotated[list[PodAffinityTerm], Field(min_length=1)] | Null,
        Field(description="What must hold.", examples=[[_APART]]),
        Otherwise("nothing"),
    ]
    preferredDuringSchedulingIgnoredDuringExecution: Annotated[
        Annotated[list[PreferredPods], Field(min_length=1)] | Null,
        Field(description="What should hold.", examples=[[{"weight": 100, "podAffinityTerm": _APART}]]),
        Otherwise("nothing"),
    ]


@closed
class Affinity(TypedDict, Generic[Null], total=False):
    """Which nodes and which other pods the pods are drawn to, or kept from."""

    nodeAffinity: Annotated[
        NodeAffinity[Null] | Null,
        Field(
            description="Nodes.",
            examples=[
                {
                    "requiredDuringSchedulingIgnoredDuringExecution": {
                        "nodeSelectorTerms": [{"matchExpressions": [_POOL]}]
                    }
                }
            ],
        ),
        Otherwise("none"),
    ]
    podAffinity: Annotated[
        PodAffinity[Null] | Null,
        Field(
            description="Pods to be near to.",
            examples=[{"requiredDuringSchedulingIgnoredDuringExecution": [_APART]}],
        ),
        Otherwise("none"),
    ]
    podAntiAffinity: Annotated[
        PodAffinity[Null] | Null,
        Field(
            description="Pods to be far from.",
            examples=[{"requiredDuringSchedulingIgnoredDuringExecution": [_APART]}],
        ),
        Otherwise("none"),
    ]
