"""The part of the contract that layers: what a model may set, `defaults` preset, and `overrides` change.

Everything here is optional, because the layers are merged (`resolve`) before anything is required of them. `Null` is
the type of an explicit null: None in a layer as written, where merging removes what lies below, and Never once merged.
"""

from typing import Annotated, Generic, TypeVar

from pydantic import Field
from typing_extensions import TypedDict

from generator.catalog import scalars as s
from generator.catalog.defaults import Default, DefaultBy, Otherwise
from generator.catalog.model import GPU
from generator.catalog.scalars import closed

Null = TypeVar("Null")


@closed
class Source(TypedDict, Generic[Null], total=False):
    """A repository on the Hugging Face Hub, pinned to a commit."""

    repo: Annotated[
        s.Repo | Null,
        Field(
            description="The repository on the Hugging Face Hub, as owner/name.",
            examples=["sentence-transformers/all-MiniLM-L6-v2"],
        ),
    ]
    revision: Annotated[
        s.Commit | Null,
        Field(
            description="The commit, as 40 hexadecimal digits. Branches and tags move, so they are refused.",
            examples=["1110a243fdf4706b3f48f1d95db1a4f5529b4d41"],
        ),
    ]


@closed
class Autoscaling(TypedDict, Generic[Null], total=False):
    """Scale between min and max replicas so that each replica stays near the target of a metric."""

    min: Annotated[s.Count | Null, Field(description="The fewest replicas.", examples=[1]), Default(1)]
    max: Annotated[s.Count | Null, Field(description="The most replicas.", examples=[4])]
    metric: Annotated[
        s.Metric | Null,
        Field(description="What is measured: requests in flight, or CPU use.", examples=["requests"]),
        Default("requests"),
    ]
    target: Annotated[
        Annotated[int, Field(ge=1, le=100_000)] | Null,
        Field(
            description="The metric's target per replica: a number of requests, or percent of the requested CPU.",
            examples=[8],
        ),
        DefaultBy("metric", {"requests": 8, "cpu": 80}),
    ]


@closed
class Resources(TypedDict, Generic[Null], total=False):
    """What each replica requests. Limits equal requests."""

    cpu: Annotated[s.Cpu | Null, Field(description="CPUs, in cores or in millicores (m).", examples=["2", "500m"])]
    memory: Annotated[
        s.Memory | Null,
        Field(description="Memory in bytes, with a suffix such as Mi or Gi.", examples=["8Gi"]),
    ]
    gpu: Annotated[
        Annotated[int, Field(ge=0, le=16)] | Null,
        Field(description="The number of accelerator devices; 0 serves on the CPU.", examples=[1]),
        Default(1),
    ]
    accelerator: Annotated[
        s.Accelerator | Null,
        Field(
            description="The resource name of the accelerator, whole GPUs or MIG slices, that gpu counts.",
            examples=["nvidia.com/mig-1g.10gb"],
        ),
        Default(GPU),
    ]


@closed
class HardwareProfile(TypedDict, Generic[Null], total=False):
    """A hardware profile of OpenShift AI."""

    name: Annotated[s.ObjectName | Null, Field(description="The HardwareProfile's name.", examples=["small-gpu"])]
    namespace: Annotated[
        s.Namespace | Null,
        Field(description="The HardwareProfile's namespace.", examples=["redhat-ods-applications"]),
        Otherwise("platform.dashboardNamespace"),
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
        Field(description="How key and value are compared with the taint's.", examples=["Exists"]),
        Otherwise("Equal, by Kubernetes"),
    ]
    value: Annotated[
        s.LabelValue,
        Field(description="The taint's value, with the operator Equal.", examples=["embedding"]),
        Otherwise("empty"),
    ]
    effect: Annotated[
        s.Effect, Field(description="The taint's effect.", examples=["NoSchedule"]), Otherwise("all effects")
    ]
    tolerationSeconds: Annotated[
        Annotated[int, Field(ge=0, le=2**31 - 1)],
        Field(
            description="Seconds that a pod may stay on a node with a NoExecute taint.",
            examples=[300],
        ),
        Otherwise("no limit"),
    ]


@closed
class Files(TypedDict, Generic[Null], total=False):
    """Which files of the repository are copied to S3."""

    include: Annotated[
        list[s.Glob] | Null,
        Field(description="Globs of files to copy besides those that vLLM reads.", examples=[["*.txt"]]),
        Default([]),
    ]
    exclude: Annotated[
        list[s.Glob] | Null,
        Field(description="Globs of files to leave out.", examples=[["onnx/*"]]),
        Default([]),
    ]


@closed
class Settings(TypedDict, Generic[Null], total=False):
    """What differs in this environment."""

    displayName: Annotated[
        s.Line | Null,
        Field(description="The name in the dashboard.", examples=["all-MiniLM-L6-v2"]),
        Otherwise("the model's name"),
    ]
    description: Annotated[
        s.Prose | Null,
        Field(description="A description for the dashboard.", examples=["Small and fast, for English sentences"]),
    ]
    source: Annotated[Source[Null] | Null, Field(description="Where the model's files come from.")]
    task: Annotated[s.Task | Null, Field(description="What the model does.", examples=["embedding"])]
    maxModelLen: Annotated[
        Annotated[int, Field(ge=1, le=10_000_000)] | Null,
        Field(description="The longest input, in tokens. It becomes --max-model-len.", examples=[512]),
    ]
    dimensions: Annotated[
        Annotated[int, Field(ge=1, le=100_000)] | Null,
        Field(
            description="The length of an embedding. Embedding models need it, rerankers have none.",
            examples=[384],
        ),
    ]
    runtime: Annotated[
        s.Name | Null,
        Field(description="The runtime's name under `runtimes`.", examples=["vllm-embedding"]),
        Otherwise("the only runtime for the task"),
    ]
    connection: Annotated[
        s.Name | Null,
        Field(description="The data connection's name under `connections`.", examples=["embedding-models"]),
        Otherwise("the only connection"),
    ]
    namespace: Annotated[
        s.Namespace | Null,
        Field(description="The project to deploy to, if not the environment's.", examples=["team-search"]),
        Otherwise("the environment's namespace"),
    ]
    replicas: Annotated[
        s.Count | Null,
        Field(description="The number of replicas. `autoscaling` takes precedence.", examples=[2]),
        Default(1),
    ]
    autoscaling: Annotated[
        Autoscaling[Null] | Null,
        Field(description="Scale by load instead of running a fixed number of replicas."),
        Otherwise("none"),
    ]
    maxSurge: Annotated[
        Annotated[int, Field(ge=0, le=100)] | Null,
        Field(
            description="Extra pods that a rollout may start before it stops old ones. 0 needs no spare GPU.",
            examples=[1],
        ),
        Default(0),
    ]
    resources: Annotated[Resources[Null] | Null, Field(description="What each replica requests.")]
    hardwareProfile: Annotated[
        HardwareProfile[Null] | Null,
        Field(description="The hardware profile that the dashboard shows for the model."),
        Otherwise("none"),
    ]
    queue: Annotated[
        s.Name | Null,
        Field(description="The Kueue LocalQueue that admits the pods.", examples=["gpu-queue"]),
        Otherwise("none"),
    ]
    nodeSelector: Annotated[
        dict[s.LabelKey, s.LabelValue | Null] | Null,
        Field(description="Labels that a node must have.", examples=[{"nvidia.com/gpu.product": "NVIDIA-L4"}]),
        Default({}),
    ]
    tolerations: Annotated[list[Toleration] | Null, Field(description="Taints that the pods tolerate."), Default([])]
    args: Annotated[
        list[s.Argument] | Null,
        Field(
            description="More arguments for vLLM, each as --flag=value. They follow the runtime's.",
            examples=[["--max-num-seqs=64"]],
        ),
        Default([]),
    ]
    env: Annotated[
        dict[s.EnvName, s.EnvValue | Null] | Null,
        Field(
            description="Environment variables of the container. Credentials are refused.",
            examples=[{"OMP_NUM_THREADS": "4"}],
        ),
        Default({}),
    ]
    expose: Annotated[bool | Null, Field(description="Create a Route.", examples=[True]), Default(value=False)]
    auth: Annotated[
        bool | Null, Field(description="Require a token of callers.", examples=[True]), Default(value=False)
    ]
    timeout: Annotated[
        Annotated[int, Field(ge=1, le=3600)] | Null,
        Field(description="The longest time for a request, in seconds.", examples=[60]),
        Otherwise("the platform's"),
    ]
    labels: Annotated[
        dict[s.LabelKey, s.LabelValue | Null] | Null,
        Field(description="Labels of the InferenceService.", examples=[{"example.com/team": "search"}]),
        Default({}),
    ]
    annotations: Annotated[
        dict[s.LabelKey, s.Prose | Null] | Null,
        Field(description="Annotations of the InferenceService.", examples=[{"example.com/owner": "The search team"}]),
        Default({}),
    ]
    files: Annotated[
        Files[Null] | Null, Field(description="Which files of the repository are copied to S3."), Default({})
    ]
    stopped: Annotated[
        bool | Null, Field(description="Keep the model without pods.", examples=[True]), Default(value=False)
    ]


@closed
class Layer(Settings[Null], Generic[Null], total=False):
    """What every model starts from."""

    deployTo: Annotated[
        Annotated[list[s.Name], Field(min_length=1)] | Null,
        Field(description="The environments to deploy to, by name.", examples=[["dev"]]),
        Otherwise("all"),
    ]
    overrides: Annotated[
        dict[s.Name, Settings[Null]] | Null,
        Field(
            description="Settings for one environment, by the environment's name.",
            examples=[{"prod": {"replicas": 2}}],
        ),
        Default({}),
    ]
