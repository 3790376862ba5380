"""The contract of `models.yaml`: every field with its type, limits, default, meaning and example, said once.

Strict and closed: no value is converted, no unknown key passes. What must fit together is left to `rules`. `make
contract` writes from it the schema that runs use (`frozen`), the one for editors, and the tables of
docs/models-yaml.md.
"""

from typing import Annotated, Final, Generic, NotRequired

from pydantic import Field, JsonValue
from typing_extensions import TypedDict

from generator.catalog.contract import scalars as s
from generator.catalog.contract.connection import Connection
from generator.catalog.contract.defaults import Default, Otherwise
from generator.catalog.contract.environment import Environment
from generator.catalog.contract.layer import Layer
from generator.catalog.contract.scalars import Null, closed
from generator.catalog.contract.settings import Settings
from generator.catalog.model import GPU
from generator.codes import AcceptableWarning


@closed
class ArgoCD(TypedDict):
    """Where Argo CD finds this repository."""

    repoURL: Annotated[
        s.GitUrl,
        Field(
            description="The Git URL of this repository, without credentials.",
            examples=["https://git.example.com/models.git"],
        ),
    ]
    targetRevision: NotRequired[
        Annotated[s.Line, Field(description="The branch, tag or commit to sync.", examples=["main"]), Default("main")]
    ]
    namespace: NotRequired[
        Annotated[
            s.Namespace,
            Field(description="The namespace of Argo CD.", examples=["openshift-gitops"]),
            Default("openshift-gitops"),
        ]
    ]
    project: NotRequired[
        Annotated[s.Name, Field(description="The AppProject's name.", examples=["models"]), Default("models")]
    ]
    serviceAccount: NotRequired[
        Annotated[
            s.ObjectName,
            Field(
                description="The ServiceAccount of Argo CD's controller, for the rights in `argocd/rights/`.",
                examples=["openshift-gitops-argocd-application-controller"],
            ),
            Default("openshift-gitops-argocd-application-controller"),
        ]
    ]


@closed
class Platform(TypedDict):
    """The OpenShift AI release and its dashboard."""

    target: Annotated[
        s.Release, Field(description="The OpenShift AI release to generate for, in quotes.", examples=["3.3"])
    ]
    dashboardNamespace: NotRequired[
        Annotated[
            s.Namespace,
            Field(
                description="The dashboard's namespace, `applicationsNamespace` in the DSCInitialization.",
                examples=["redhat-ods-applications"],
            ),
            Default("redhat-ods-applications"),
        ]
    ]
    argocd: NotRequired[
        Annotated[
            ArgoCD,
            Field(
                description="Where Argo CD finds this repository. Without it, `argocd/` is not written.",
                examples=[{"repoURL": "https://git.example.com/models.git"}],
            ),
            Otherwise("none"),
        ]
    ]


@closed
class Runtime(TypedDict):
    """A serving runtime: an entry in the dashboard's list, and the basis of each model's own ServingRuntime."""

    displayName: Annotated[
        s.Line, Field(description="The name in the dashboard's list of runtimes.", examples=["vLLM Embedding Runtime"])
    ]
    description: NotRequired[
        Annotated[
            s.Prose,
            Field(
                description="A description for the console, of one or more lines.",
                examples=["vLLM for models that turn text into vectors"],
            ),
            Otherwise("none"),
        ]
    ]
    task: Annotated[s.Task, Field(description="The task that the runtime serves.", examples=["embedding"])]
    image: Annotated[
        s.Image,
        Field(
            description="The vLLM image, with its registry and a tag or, preferably, a digest.",
            examples=["registry.redhat.io/rhaiis/vllm-cuda-rhel9:3.3.0-1771898916"],
        ),
    ]
    vllmVersion: NotRequired[
        Annotated[
            s.Version,
            Field(
                description="The image's vLLM version, in quotes. Arguments are checked against it.",
                examples=["0.13.0"],
            ),
            Otherwise("the version in the own images of `platform.target`"),
        ]
    ]
    accelerators: NotRequired[
        Annotated[
            list[s.Accelerator],
            Field(
                description="The resource names of the accelerators that the image is built for. `nvidia.com/gpu`"
                " includes its MIG slices.",
                examples=[["nvidia.com/gpu"]],
                min_length=1,
            ),
            Default([GPU]),
        ]
    ]
    args: NotRequired[
        Annotated[
            list[s.Argument],
            Field(
                description="Arguments for vLLM, each as --flag or --flag=value, for every model of the runtime.",
                examples=[["--enforce-eager"]],
            ),
            Default([]),
        ]
    ]
    env: NotRequired[
        Annotated[
            dict[s.EnvName, s.EnvValue],
            Field(
                description="Environment variables for every model of the runtime. Credentials are refused.",
                examples=[{"VLLM_LOGGING_LEVEL": "DEBUG"}],
            ),
            Default({}),
        ]
    ]


class _Named(TypedDict):
    name: Annotated[
        s.Name,
        Field(
            description="The name of the InferenceService and its ServingRuntime. At most 48 characters, or 30 if the "
            "dashboard should be able to edit the model.",
            examples=["minilm-embedding"],
        ),
    ]


_RUNTIME: Final = {
    "displayName": "vLLM Embedding Runtime",
    "task": "embedding",
    "image": "registry.redhat.io/rhaiis/vllm-cuda-rhel9:3.3.0-1771898916",
}
_CONNECTION: Final = {
    "displayName": "Embedding models",
    "endpoint": "https://s3.us-east-1.amazonaws.com",
    "bucket": "your-bucket",
    "secret": {"existing": "embedding-models"},
}
_MODEL: Final = {
    "name": "bge-base-en",
    "source": {"repo": "BAAI/bge-base-en-v1.5", "revision": "a5beb1e3e68b9ab74eb54cfd186867f64f240e1a"},
    "task": "embedding",
    "maxModelLen": 512,
    "dimensions": 768,
}
_SNIPPETS: Final[list[JsonValue]] = [
    {
        "label": f"{task} model",
        "description": f"A whole {task} model",
        "body": {
            "name": f"${{1:{name}}}",
            "source": {"repo": f"${{2:{repo}}}", "revision": "${3:commit}"},
            "task": task,
            "maxModelLen": "${4:512}",
            **rest,
        },
    }
    for task, name, repo, rest in (
        ("embedding", "bge-base-en", "BAAI/bge-base-en-v1.5", {"dimensions": "${5:768}"}),
        ("reranker", "bge-reranker-base", "BAAI/bge-reranker-base", {}),
    )
]


@closed
class Model(_Named, Layer[Null], Generic[Null], total=False):
    """One model."""


@closed
class Catalog(TypedDict):
    """All vLLM embedding and reranker models that a team serves on OpenShift AI."""

    version: Annotated[int, Field(description="The version of this format.", examples=[1], ge=1, le=1)]
    generator: NotRequired[
        Annotated[
            s.Specifier,
            Field(
                description="The versions of this tool that may read the catalog. Any other refuses, before anything "
                "else is looked at.",
                examples=[">=0.1"],
            ),
            Otherwise("any"),
        ]
    ]
    name: NotRequired[
        Annotated[
            s.Line,
            Field(
                description="The catalog's name in the buckets that it fills. `artifact-sync --prune` deletes only "
                "what the catalog of this name has synced, so each needs its own, and keeps it.",
                examples=["search-models"],
            ),
            Otherwise("`platform.argocd.repoURL#targetRevision`; without either, `--prune` refuses to run"),
        ]
    ]
    acceptedWarnings: NotRequired[
        Annotated[
            dict[AcceptableWarning, s.Line],
            Field(
                description="Warnings that are not to be printed, by code, each with the reason. One that does not "
                "occur is itself a warning.",
                examples=[{"image-without-digest": "the registry's tags are immutable"}],
            ),
            Otherwise("none"),
        ]
    ]
    platform: Annotated[
        Platform, Field(description="The OpenShift AI release and its dashboard.", examples=[{"target": "3.3"}])
    ]
    runtimes: Annotated[
        dict[s.Name, Runtime],
        Field(
            description="Serving runtimes by name. Their Templates have the same names, so choose unique ones.",
            examples=[{"vllm-embedding": _RUNTIME}],
            min_length=1,
        ),
    ]
    connections: Annotated[
        dict[s.Name, Connection],
        Field(description="S3 data connections by name.", examples=[{"embedding-models": _CONNECTION}], min_length=1),
    ]
    environments: Annotated[
        dict[s.Name, Environment],
        Field(description="Environments by name.", examples=[{"dev": {"namespace": "embeddings-dev"}}], min_length=1),
    ]
    classes: NotRequired[
        Annotated[
            dict[s.Name, Settings[None]],
            Field(
                description="Settings by a name for them, which a model's `class` chooses.",
                examples=[{"large": {"resources": {"cpu": "4", "memory": "16Gi"}, "maxSurge": 1}}],
            ),
            Default({}),
        ]
    ]
    defaults: NotRequired[
        Annotated[
            Layer[None],
            Field(
                description="Settings for every model.",
                examples=[{"replicas": 2, "resources": {"cpu": "2", "memory": "8Gi"}}],
            ),
            Otherwise("nothing"),
        ]
    ]
    models: Annotated[
        list[Model[None]],
        Field(
            description="The models to serve.",
            examples=[[_MODEL]],
            json_schema_extra={"defaultSnippets": _SNIPPETS},
        ),
    ]
