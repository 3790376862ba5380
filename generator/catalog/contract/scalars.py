"""The contract's smallest parts: text by pattern, numbers by range, choices."""

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, JsonValue, with_config

from generator.catalog.contract import patterns as p
from generator.catalog.contract.defaults import NAMES
from generator.releases import TARGETS

closed = with_config(strict=True, extra="forbid")
"""Makes a TypedDict refuse unknown keys, and convert no value."""

Null = TypeVar("Null")
"""The type of an explicit null: None in a layer as written, where it removes what lies below; Never once merged."""


def _text(pattern: str, *, longest: int, shortest: int = 1, of: str | None = None) -> Any:
    """A string's limits, with the pattern explained to editors that would otherwise show the expression itself.

    `of` is the group of the catalog whose entries the text names.
    """
    words = f"This must be {p.SHAPES[pattern].must_be}."
    explained: dict[str, JsonValue] = {"patternErrorMessage": words, **({NAMES: of} if of else {"errorMessage": words})}
    return Field(pattern=pattern, min_length=shortest, max_length=longest, json_schema_extra=explained)


def _choices(*descriptions: str) -> Any:
    """What each value of a `Literal` means, in its order."""
    return Field(json_schema_extra={"enumDescriptions": list(descriptions)})


Name = Annotated[str, _text(p.NAME, longest=63)]
ClassName = Annotated[str, _text(p.NAME, longest=63, of="classes")]
RuntimeName = Annotated[str, _text(p.NAME, longest=63, of="runtimes")]
ConnectionName = Annotated[str, _text(p.NAME, longest=63, of="connections")]
EnvironmentName = Annotated[str, _text(p.NAME, longest=63, of="environments")]
Namespace = Annotated[str, _text(p.NAMESPACE, longest=63)]
ObjectName = Annotated[str, _text(p.OBJECT_NAME, longest=253)]
Line = Annotated[str, _text(p.LINE, longest=256)]
Prose = Annotated[str, _text(p.PROSE, longest=4096)]
LabelKey = Annotated[str, _text(p.LABEL_KEY, longest=253)]
LabelValue = Annotated[str, _text(p.LABEL_VALUE, longest=63, shortest=0)]
Accelerator = Annotated[str, _text(p.EXTENDED_RESOURCE, longest=253)]
MigSlice = Annotated[str, _text(p.MIG_SLICE, longest=63)]
EnvName = Annotated[str, _text(p.ENV_NAME, longest=256)]
ConfigKey = Annotated[str, _text(p.CONFIG_KEY, longest=253)]
EnvValue = Annotated[str, Field(max_length=32_768)]
Host = Annotated[str, _text(p.HOST, longest=253)]
Alias = Annotated[str, _text(p.ALIAS, longest=193)]
Argument = Annotated[str, _text(p.FLAG, longest=4096)]
Glob = Annotated[str, Field(min_length=1, max_length=256)]
GitUrl = Annotated[str, _text(p.GIT_URL, longest=2048)]
Image = Annotated[str, _text(p.IMAGE, longest=512)]
Version = Annotated[str, _text(p.VERSION, longest=64)]
Specifier = Annotated[str, _text(p.SPECIFIER, longest=128)]
Endpoint = Annotated[str, _text(p.ENDPOINT, longest=253)]
Bucket = Annotated[str, _text(p.BUCKET, longest=63)]
Region = Annotated[str, _text(p.REGION, longest=63)]
Prefix = Annotated[str, _text(p.PREFIX, longest=512)]
Repo = Annotated[str, _text(p.REPO, longest=193)]
Commit = Annotated[str, _text(p.COMMIT, longest=40)]
Memory = Annotated[str, _text(p.MEMORY, longest=16)]
CpuText = Annotated[str, _text(p.CPU, longest=16)]
# `cpu: 2` is the one number that Kubernetes reads as a quantity, too.
Cpu = Annotated[
    CpuText,
    BeforeValidator(
        p.whole_number_as_text, json_schema_input_type=CpuText | Annotated[int, Field(ge=1, le=1024, strict=True)]
    ),
]

Weight = Annotated[int, Field(ge=1, le=100)]
Count = Annotated[int, Field(ge=1, le=1000)]
Quota = Annotated[int, Field(ge=0, le=100_000)]

if TYPE_CHECKING:
    Release = str
else:
    Release = Literal[tuple(TARGETS)]

Task = Annotated[
    Literal["embedding", "reranker"],
    _choices("Text in, a vector out: /v1/embeddings", "A query and texts in, scores out: /v1/rerank and /v1/score"),
]
Metric = Annotated[
    Literal["requests", "cpu"],
    _choices(
        "Requests in flight, scaled by KEDA; needs OpenShift AI 3.4 or later",
        "CPU use in percent of the request, scaled by the HorizontalPodAutoscaler; not for models on a GPU",
    ),
]
SyncMode = Annotated[
    Literal["automatic", "manual"],
    _choices("Argo CD applies what is in Git, and undoes what is changed on the cluster", "Argo CD shows what differs"),
]
StoreKind = Annotated[
    Literal["SecretStore", "ClusterSecretStore"],
    _choices("A store in the models' own namespace", "A store for the whole cluster"),
]
Operator = Annotated[
    Literal["Exists", "Equal"], _choices("Any taint with this key", "A taint with this key and this value")
]
NodeOperator = Annotated[
    Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"],
    _choices(
        "One of the values",
        "None of the values, or no such label",
        "The label, with any value",
        "No such label",
        "A number above the value",
        "A number below the value",
    ),
]
LabelOperator = Annotated[
    Literal["In", "NotIn", "Exists", "DoesNotExist"],
    _choices("One of the values", "None of the values, or no such label", "The label, with any value", "No such label"),
]
WhenUnsatisfiable = Annotated[
    Literal["ScheduleAnyway", "DoNotSchedule"],
    _choices("It runs where the rule is broken least", "It waits until there is a node that keeps the rule"),
]
NodePolicy = Annotated[
    Literal["Honor", "Ignore"], _choices("Such nodes do not count", "Such nodes count like all others")
]
Effect = Annotated[
    Literal["NoSchedule", "PreferNoSchedule", "NoExecute"],
    _choices(
        "New pods stay away from the node", "New pods avoid the node", "Running pods are evicted from the node, too"
    ),
]
