"""The part of the contract that layers: what a model may set, `defaults` preset, and `overrides` change.

Everything here is optional, because the layers are merged (`resolve`) before anything is required of them.
"""

from typing import Annotated, Generic

from pydantic import Field
from typing_extensions import TypedDict

from generator.catalog.contract import blocks, scheduling
from generator.catalog.contract import scalars as s
from generator.catalog.contract.defaults import Default, Needed, Otherwise
from generator.catalog.contract.scalars import Null, closed


@closed
class Settings(TypedDict, Generic[Null], total=False):
    """Settings of a class of models."""

    displayName: Annotated[
        s.Line | Null,
        Field(description="The name in the dashboard.", examples=["all-MiniLM-L6-v2"]),
        Otherwise("the model's name"),
    ]
    description: Annotated[
        s.Prose | Null,
        Field(description="A description for the dashboard.", examples=["Small and fast, for English sentences"]),
        Otherwise("none"),
    ]
    aliases: Annotated[
        list[s.Alias] | Null,
        Field(
            description="Other names that clients may send as `model`, beside the model's own.",
            examples=[["sentence-transformers/all-MiniLM-L6-v2"]],
        ),
        Default([]),
    ]
    source: Annotated[
        blocks.Source[Null] | Null,
        Field(
            description="Where the model's files come from.",
            examples=[{"repo": "BAAI/bge-base-en-v1.5", "revision": "a5beb1e3e68b9ab74eb54cfd186867f64f240e1a"}],
        ),
        Needed("for every model"),
    ]
    task: Annotated[
        s.Task | Null, Field(description="What the model does.", examples=["embedding"]), Needed("for every model")
    ]
    maxModelLen: Annotated[
        Annotated[int, Field(ge=1, le=10_000_000)] | Null,
        Field(description="The longest input, in tokens: vLLM's --max-model-len.", examples=[512]),
        Needed("for every model"),
    ]
    dimensions: Annotated[
        Annotated[int, Field(ge=1, le=100_000)] | Null,
        Field(
            description="How many numbers an embedding has. Rerankers have none.",
            examples=[384],
        ),
        Needed("for embedding models"),
    ]
    runtime: Annotated[
        s.RuntimeName | Null,
        Field(description="The runtime's name under `runtimes`.", examples=["vllm-embedding"]),
        Otherwise("the only runtime for the task"),
    ]
    connection: Annotated[
        s.ConnectionName | Null,
        Field(description="The data connection's name under `connections`.", examples=["embedding-models"]),
        Otherwise("the only connection"),
    ]
    namespace: Annotated[
        s.Namespace | Null,
        Field(description="The namespace to deploy to, if not the environment's.", examples=["team-search"]),
        Otherwise("the environment's namespace"),
    ]
    replicas: Annotated[
        s.Count | Null,
        Field(description="The number of replicas. `autoscaling` takes precedence.", examples=[2]),
        Default(1),
    ]
    autoscaling: Annotated[
        blocks.Autoscaling[Null] | Null,
        Field(
            description="Scale by load instead of running a fixed number of replicas.",
            examples=[{"min": 1, "max": 4, "metric": "requests", "target": 8}],
        ),
        Otherwise("none"),
    ]
    maxSurge: Annotated[
        Annotated[int, Field(ge=0, le=100)] | Null,
        Field(
            description="Extra pods that a rollout may start before it stops old ones. With 0, no spare GPU is needed.",
            examples=[1],
        ),
        Default(0),
    ]
    resources: Annotated[
        blocks.Resources[Null] | Null,
        Field(description="What each replica requests.", examples=[{"cpu": "2", "memory": "8Gi", "gpu": 1}]),
        Needed("for every model"),
    ]
    hardwareProfile: Annotated[
        blocks.HardwareProfile[Null] | Null,
        Field(
            description="The hardware profile that the dashboard shows for the model.",
            examples=[{"name": "small-gpu"}],
        ),
        Otherwise("none"),
    ]
    queue: Annotated[
        s.Name | Null,
        Field(description="The Kueue LocalQueue that admits the pods.", examples=["gpu-queue"]),
        Otherwise("none"),
    ]
    priorityClassName: Annotated[
        s.ObjectName | Null,
        Field(
            description="The PriorityClass of the pods. It must exist in the cluster.", examples=["production-models"]
        ),
        Otherwise("the cluster's"),
    ]
    nodeSelector: Annotated[
        dict[s.LabelKey, s.LabelValue | Null] | Null,
        Field(
            description="Labels that a node must have to run the pods.",
            examples=[{"nvidia.com/gpu.product": "NVIDIA-L4"}],
        ),
        Default({}),
    ]
    tolerations: Annotated[
        list[blocks.Toleration] | Null,
        Field(
            description="Tolerations of the pods, instead of those from weaker layers.",
            examples=[[{"key": "nvidia.com/gpu", "operator": "Exists"}]],
        ),
        Default([]),
    ]
    extraTolerations: Annotated[
        list[blocks.Toleration],
        Field(
            description="Tolerations to add to `tolerations`, and to those from weaker layers.",
            examples=[[{"key": "example.com/pool", "value": "embedding"}]],
        ),
        Otherwise("none"),
    ]
    topologySpreadConstraints: Annotated[
        list[scheduling.TopologySpreadConstraint] | Null,
        Field(
            description="How the model's pods are spread over nodes or zones.",
            examples=[[{"topologyKey": "topology.kubernetes.io/zone"}]],
        ),
        Default([], "the scheduler's own"),
    ]
    affinity: Annotated[
        scheduling.Affinity[Null] | Null,
        Field(
            description="Which nodes and which other pods the pods are drawn to, or kept from.",
            examples=[
                {
                    "podAntiAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "kubernetes.io/hostname"}]
                    }
                }
            ],
        ),
        Default({}),
    ]
    podDisruptionBudget: Annotated[
        bool | Null,
        Field(
            description="Let only one replica at a time go when nodes are drained, if there is more than one. Turn it"
            " off if you have a PodDisruptionBudget of your own: of two for one pod, Kubernetes evicts none.",
            examples=[False],
        ),
        Default(value=True),
    ]
    args: Annotated[
        list[s.Argument] | Null,
        Field(
            description="More arguments for vLLM, each as --flag or --flag=value, after those of the runtime and"
            " instead of those from weaker layers. If a flag occurs twice, the last one counts.",
            examples=[["--max-num-seqs=64"]],
        ),
        Default([]),
    ]
    extraArgs: Annotated[
        list[s.Argument],
        Field(
            description="Arguments to add to `args`, and to those from weaker layers.",
            examples=[["--dtype=float16"]],
        ),
        Otherwise("none"),
    ]
    env: Annotated[
        dict[s.EnvName, s.EnvValue | Null] | Null,
        Field(
            description="Environment variables of the container. They replace the runtime's of the same name. "
            "Credentials are refused.",
            examples=[{"VLLM_LOGGING_LEVEL": "DEBUG"}],
        ),
        Default({}),
    ]
    envValueFrom: Annotated[
        dict[s.EnvName, blocks.ValueFrom[Null] | Null] | Null,
        Field(
            description="Environment variables whose values are in a Secret or ConfigMap of the model's namespace. They"
            " replace the runtime's of the same name. Pods read them once, when they start.",
            examples=[{"GATEWAY_TOKEN": {"secretKeyRef": {"name": "gateway", "key": "token"}}}],
        ),
        Default({}),
    ]
    shmSize: Annotated[
        s.Memory | Null,
        Field(
            description="The size limit of /dev/shm. What is written there counts towards `resources.memory`.",
            examples=["4Gi"],
        ),
        Otherwise("2Gi"),
    ]
    startupTimeout: Annotated[
        Annotated[int, Field(ge=10, le=86_400)] | Null,
        Field(
            description="How long vLLM may take to load the model before the container is restarted, in seconds,"
            " rounded up to tens. The download from S3 comes before and does not count.",
            examples=[1800],
        ),
        Default(600),
    ]
    imagePullSecrets: Annotated[
        list[blocks.SecretName] | Null,
        Field(
            description="Secrets for pulling images, in the model's namespace. They replace those of the pods'"
            " ServiceAccount.",
            examples=[[{"name": "quay-pull"}]],
        ),
        Default([], "those of the pods' ServiceAccount"),
    ]
    serviceAccountName: Annotated[
        s.ObjectName | Null,
        Field(
            description="The ServiceAccount of the pods. It must exist in the model's namespace. Callers of a model"
            " with `auth` have another one.",
            examples=["model-server"],
        ),
        Otherwise("the namespace's `default`"),
    ]
    expose: Annotated[bool | Null, Field(description="Create a Route.", examples=[True]), Default(value=False)]
    host: Annotated[
        s.Host | Null,
        Field(
            description="The Route's host. Needs `expose`. The Route is then `<model>-route`, written by this tool, "
            "since the platform's takes no host.",
            examples=["embed.apps.example.com"],
        ),
        Otherwise("the router's choice"),
    ]
    auth: Annotated[
        bool | Null, Field(description="Require callers to send a token.", examples=[True]), Default(value=False)
    ]
    timeout: Annotated[
        Annotated[int, Field(ge=1, le=3600)] | Null,
        Field(description="The request timeout, in seconds.", examples=[60]),
        Otherwise("the platform's"),
    ]
    labels: Annotated[
        dict[s.LabelKey, s.LabelValue | Null] | Null,
        Field(
            description=(
                "Labels of the InferenceService, of the model's other objects and of its pods, which restart when one"
                " changes. `app.kubernetes.io/instance` is refused, since an Argo CD that tracks by label would take"
                " the objects for that application's."
            ),
            examples=[{"app.kubernetes.io/part-of": "search"}],
        ),
        Default({}),
    ]
    annotations: Annotated[
        dict[s.LabelKey, s.Prose | Null] | Null,
        Field(description="Annotations of the InferenceService.", examples=[{"example.com/owner": "The search team"}]),
        Default({}),
    ]
    files: Annotated[
        blocks.Files[Null] | Null,
        Field(
            description="Changes to which files of the repository are copied to S3.", examples=[{"exclude": ["onnx/*"]}]
        ),
        Default({}, "the files that vLLM reads"),
    ]
    stopped: Annotated[
        bool | Null, Field(description="Keep the model, but run no pods.", examples=[True]), Default(value=False)
    ]
