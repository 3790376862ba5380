"""The blocks among a model's settings. Each of their fields may come from another layer, as those of `Settings`."""

from typing import Annotated, Generic

from pydantic import Field
from typing_extensions import TypedDict

from generator.catalog.contract import scalars as s
from generator.catalog.contract.defaults import Default, DefaultBy, Needed, Otherwise
from generator.catalog.contract.scalars import Null, closed
from generator.catalog.model import GPU


@closed
class Source(TypedDict, Generic[Null], total=False):
    """A repository on the Hugging Face Hub, pinned to a commit."""

    repo: Annotated[
        s.Repo | Null,
        Field(
            description="The repository on the Hugging Face Hub, as owner/name.",
            examples=["sentence-transformers/all-MiniLM-L6-v2"],
        ),
        Needed("for every model"),
    ]
    revision: Annotated[
        s.Commit | Null,
        Field(
            description="The full commit hash. Branches and tags are refused, because they move.",
            examples=["1110a243fdf4706b3f48f1d95db1a4f5529b4d41"],
        ),
        Needed("for every model"),
    ]


@closed
class Autoscaling(TypedDict, Generic[Null], total=False):
    """Scale between min and max replicas to keep a metric near its target."""

    min: Annotated[s.Count | Null, Field(description="The minimum number of replicas.", examples=[1]), Default(1)]
    max: Annotated[
        s.Count | Null,
        Field(description="The maximum number of replicas.", examples=[4]),
        Needed("if autoscaling is set"),
    ]
    metric: Annotated[
        s.Metric | Null,
        Field(
            description="What to scale by: requests in flight (with KEDA, from OpenShift AI 3.4 on), or CPU use (not "
            "for models on a GPU).",
            examples=["requests"],
        ),
        Default("requests"),
    ]
    target: Annotated[
        Annotated[int, Field(ge=1, le=100_000)] | Null,
        Field(
            description="The target per replica: a number of requests, or a percentage of the requested CPU.",
            examples=[8],
        ),
        DefaultBy("metric", {"requests": 8, "cpu": 80}),
    ]


@closed
class Resources(TypedDict, Generic[Null], total=False):
    """Resources of each replica. Limits equal requests."""

    cpu: Annotated[
        s.Cpu | Null,
        Field(description="CPU, in cores or in millicores (m).", examples=["2", "500m"]),
        Needed("for every model"),
    ]
    memory: Annotated[
        s.Memory | Null,
        Field(description="Memory, with a suffix such as Mi or Gi.", examples=["8Gi"]),
        Needed("for every model"),
    ]
    gpu: Annotated[
        Annotated[int, Field(ge=0, le=16)] | Null,
        Field(description="The number of accelerators; 0 runs the model on the CPU.", examples=[1]),
        Default(1),
    ]
    accelerator: Annotated[
        s.Accelerator | Null,
        Field(
            description="The resource name of the accelerator: a whole GPU or a MIG slice.",
            examples=["nvidia.com/mig-1g.10gb"],
        ),
        Default(GPU),
    ]


@closed
class HardwareProfile(TypedDict, Generic[Null], total=False):
    """A hardware profile of OpenShift AI."""

    name: Annotated[
        s.ObjectName | Null,
        Field(description="The HardwareProfile's name.", examples=["small-gpu"]),
        Needed("if hardwareProfile is set"),
    ]
    namespace: Annotated[
        s.Namespace | Null,
        Field(description="The HardwareProfile's namespace.", examples=["redhat-ods-applications"]),
        Otherwise("the dashboard's namespace"),
    ]


@closed
class SecretName(TypedDict):
    """A Secret in the model's namespace, as in the Kubernetes API."""

    name: Annotated[s.ObjectName, Field(description="The Secret's name.", examples=["quay-pull"])]


@closed
class KeyRef(TypedDict):
    """A key of a Secret or ConfigMap in the model's namespace, as in the Kubernetes API."""

    name: Annotated[s.ObjectName, Field(description="The name of the Secret or ConfigMap.", examples=["gateway"])]
    key: Annotated[s.ConfigKey, Field(description="The key in it.", examples=["token"])]


@closed
class ValueFrom(TypedDict, Generic[Null], total=False):
    """Exactly one of `secretKeyRef` and `configMapKeyRef`."""

    secretKeyRef: Annotated[
        KeyRef | Null,
        Field(description="A key of a Secret.", examples=[{"name": "gateway", "key": "token"}]),
        Otherwise("none"),
    ]
    configMapKeyRef: Annotated[
        KeyRef | Null,
        Field(description="A key of a ConfigMap.", examples=[{"name": "gateway", "key": "url"}]),
        Otherwise("none"),
    ]


@closed
class Toleration(TypedDict, total=False):
    """A toleration, as in the Kubernetes API."""

    key: Annotated[
        s.LabelKey,
        Field(description="The taint's key. Without one, operator must be Exists.", examples=["nvidia.com/gpu"]),
        Otherwise("all keys"),
    ]
    operator: Annotated[
        s.Operator,
        Field(description="How the key and value are compared with those of the taint.", examples=["Exists"]),
        Otherwise("Equal"),
    ]
    value: Annotated[
        s.LabelValue,
        Field(description="The taint's value, if the operator is Equal.", examples=["embedding"]),
        Otherwise("empty"),
    ]
    effect: Annotated[
        s.Effect, Field(description="The taint's effect.", examples=["NoSchedule"]), Otherwise("all effects")
    ]
    tolerationSeconds: Annotated[
        Annotated[int, Field(ge=0, le=2**31 - 1)],
        Field(
            description="How many seconds a pod may stay on a node with a NoExecute taint.",
            examples=[300],
        ),
        Otherwise("no limit"),
    ]


@closed
class Files(TypedDict, Generic[Null], total=False):
    """Changes to which files of the repository are copied to S3."""

    include: Annotated[
        list[s.Glob] | Null,
        Field(description="Globs of files to copy in addition to those that vLLM reads.", examples=[["vocab/*.txt"]]),
        Default([]),
    ]
    exclude: Annotated[
        list[s.Glob] | Null,
        Field(description="Globs of files to leave out.", examples=[["onnx/*"]]),
        Default([]),
    ]
