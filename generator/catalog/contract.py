"""The contract of `models.yaml`: what may be written, closed and strict. `rules` says what fits together.

It is written in pydantic-core's own schema language, not as `BaseModel` classes: building the classes at every start
takes longer than all the rest of a `generate`. Engine, error types and JSON Schema are the same.

Inside `defaults`, a model, and `overrides`, everything is optional, because the three are merged (`resolve`) before
anything is required of them. `null` is allowed there wherever a field is: merged over a value, it removes it.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from pydantic_core import CoreSchema, SchemaValidator
from pydantic_core import core_schema as cs

from generator.catalog import patterns as p
from generator.releases import TARGETS

TASKS: Final = ("embedding", "reranker")
METRICS: Final = ("requests", "cpu")


def _text(pattern: str | None = None, *, longest: int) -> CoreSchema:
    return cs.str_schema(pattern=pattern, min_length=1, max_length=longest, strict=True)


def _whole(least: int, most: int) -> CoreSchema:
    return cs.int_schema(ge=least, le=most, strict=True)


def _choice(values: Iterable[str | int]) -> CoreSchema:
    return cs.literal_schema(list(values))


def _list(of: CoreSchema, *, least: int | None = None) -> CoreSchema:
    return cs.list_schema(of, min_length=least, strict=True)


def _map(keys: CoreSchema, values: CoreSchema, *, least: int | None = None) -> CoreSchema:
    return cs.dict_schema(keys, values, min_length=least, strict=True)


def _object(required: Mapping[str, CoreSchema], optional: Mapping[str, CoreSchema], doc: str) -> CoreSchema:
    """A mapping with these keys and no other."""
    fields = {key: cs.typed_dict_field(schema, required=True) for key, schema in required.items()}
    fields |= {key: cs.typed_dict_field(schema, required=False) for key, schema in optional.items()}
    return cs.typed_dict_schema(
        fields, extra_behavior="forbid", strict=True, metadata={"pydantic_js_updates": {"description": doc}}
    )


def _mergeable(fields: dict[str, CoreSchema], doc: str) -> CoreSchema:
    """A mapping that is merged with others: every key optional, and `null` to remove what lies below."""
    return _object({}, {key: cs.nullable_schema(schema) for key, schema in fields.items()}, doc)


def _whole_number_as_text(value: object) -> object:
    return str(value) if type(value) is int else value


_NAME = _text(p.NAME, longest=63)
_NAMESPACE = _text(p.NAMESPACE, longest=63)
_OBJECT_NAME = _text(p.OBJECT_NAME, longest=253)
_LINE = _text(p.LINE, longest=256)
_PROSE = _text(p.PROSE, longest=4096)
_LABEL_KEY = _text(p.LABEL_KEY, longest=253)
_LABEL_VALUE = cs.str_schema(pattern=p.LABEL_VALUE, max_length=63, strict=True)
_ACCELERATOR = _text(p.EXTENDED_RESOURCE, longest=253)
_ENV_NAME = _text(p.ENV_NAME, longest=256)
_ENV_VALUE = cs.str_schema(max_length=32_768, strict=True)
_ARGS = _list(_text(p.FLAG, longest=4096))
_GLOBS = _list(_text(longest=256))
_BOOL = cs.bool_schema(strict=True)
_COUNT = _whole(1, 1000)
_QUOTA = _whole(0, 100_000)
# `cpu: 2` is the one number that Kubernetes, too, reads as a quantity.
_CPU = cs.no_info_before_validator_function(
    _whole_number_as_text,
    _text(p.CPU, longest=16),
    json_schema_input_schema=cs.union_schema([_text(p.CPU, longest=16), _whole(1, 1024)]),
)

_ARGOCD = _object(
    {"repoURL": _text(p.GIT_URL, longest=2048)},
    {"targetRevision": _LINE, "namespace": _NAMESPACE, "project": _NAME},
    "Where Argo CD finds this repository.",
)
_PLATFORM = _object(
    {"target": _choice(TARGETS)},
    {"dashboardNamespace": _NAMESPACE, "argocd": _ARGOCD},
    "The OpenShift AI release, and where its dashboard lives.",
)
_RUNTIME = _object(
    {"displayName": _LINE, "task": _choice(TASKS), "image": _text(p.IMAGE, longest=512)},
    {
        "description": _PROSE,
        "vllmVersion": _text(p.VERSION, longest=64),
        "accelerators": _list(_ACCELERATOR, least=1),
        "args": _ARGS,
        "env": _map(_ENV_NAME, _ENV_VALUE),
    },
    "A serving runtime: an entry in the dashboard's list, and the form of each model's own ServingRuntime.",
)
_EXTERNAL_SECRET = _object(
    {"store": _OBJECT_NAME, "key": _LINE},
    {
        "storeKind": _choice(("SecretStore", "ClusterSecretStore")),
        "accessKeyProperty": _LINE,
        "secretKeyProperty": _LINE,
    },
    "Where the External Secrets operator finds the keys of a data connection.",
)
_CONNECTION = _object(
    {
        "displayName": _LINE,
        "endpoint": _text(p.ENDPOINT, longest=253),
        "bucket": _text(p.BUCKET, longest=63),
        "secret": _object(
            {},
            {"existing": _OBJECT_NAME, "externalSecret": _EXTERNAL_SECRET},
            "Exactly one of: the name of a Secret that exists, or where one comes from.",
        ),
    },
    {"description": _PROSE, "region": _text(p.REGION, longest=63), "prefix": _text(p.PREFIX, longest=512)},
    "An S3 data connection, by reference: this file never holds credentials.",
)
_ENVIRONMENT = _object(
    {"namespace": _NAMESPACE},
    {"cluster": _LINE, "gpuQuota": _QUOTA, "migQuota": _map(_ACCELERATOR, _QUOTA)},
    "A place to deploy to. gpuQuota counts whole GPUs, migQuota MIG slices by resource name.",
)
_TOLERATION = _object(
    {},
    {
        "key": _LABEL_KEY,
        "operator": _choice(("Exists", "Equal")),
        "value": _LABEL_VALUE,
        "effect": _choice(("NoSchedule", "PreferNoSchedule", "NoExecute")),
        "tolerationSeconds": _whole(0, 2**31 - 1),
    },
    "As in the Kubernetes API.",
)

SETTINGS: Final[dict[str, CoreSchema]] = {
    "displayName": _LINE,
    "description": _PROSE,
    "source": _mergeable(
        {"repo": _text(p.REPO, longest=193), "revision": _text(p.COMMIT, longest=40)},
        "A repository on the Hugging Face Hub, at a commit.",
    ),
    "task": _choice(TASKS),
    "maxModelLen": _whole(1, 10_000_000),
    "dimensions": _whole(1, 100_000),
    "runtime": _NAME,
    "connection": _NAME,
    "namespace": _NAMESPACE,
    "replicas": _COUNT,
    "autoscaling": _mergeable(
        {"min": _COUNT, "max": _COUNT, "metric": _choice(METRICS), "target": _whole(1, 100_000)},
        "Replicas between min and max, kept at `target` per replica of the metric.",
    ),
    "maxSurge": _whole(0, 100),
    "resources": _mergeable(
        {"cpu": _CPU, "memory": _text(p.MEMORY, longest=16), "gpu": _whole(0, 16), "accelerator": _ACCELERATOR},
        "What one replica asks for; limits equal requests. gpu counts devices of the kind `accelerator`.",
    ),
    "hardwareProfile": _mergeable(
        {"name": _OBJECT_NAME, "namespace": _NAMESPACE},
        "An OpenShift AI hardware profile; its namespace is the dashboard's unless given.",
    ),
    "queue": _NAME,
    "nodeSelector": _map(_LABEL_KEY, cs.nullable_schema(_LABEL_VALUE)),
    "tolerations": _list(_TOLERATION),
    "args": _ARGS,
    "env": _map(_ENV_NAME, cs.nullable_schema(_ENV_VALUE)),
    "expose": _BOOL,
    "auth": _BOOL,
    "timeout": _whole(1, 3600),
    "labels": _map(_LABEL_KEY, cs.nullable_schema(_LABEL_VALUE)),
    "annotations": _map(_LABEL_KEY, cs.nullable_schema(_PROSE)),
    "files": _mergeable(
        {"include": _GLOBS, "exclude": _GLOBS}, "Which files of the repository are copied to S3, as globs."
    ),
    "stopped": _BOOL,
}
"""Everything that a model may set, `defaults` may preset, and `overrides` may change for one environment."""

_OVERRIDES = _map(_NAME, _mergeable(SETTINGS, "What differs in this environment."))
_LAYERS = {**SETTINGS, "deployTo": _list(_NAME, least=1), "overrides": _OVERRIDES}
_nullable_layers = {key: cs.nullable_schema(schema) for key, schema in _LAYERS.items()}

CATALOG: Final = _object(
    {
        "version": _whole(1, 1),
        "platform": _PLATFORM,
        "runtimes": _map(_NAME, _RUNTIME, least=1),
        "connections": _map(_NAME, _CONNECTION, least=1),
        "environments": _map(_NAME, _ENVIRONMENT, least=1),
        "models": _list(_object({"name": _NAME}, _nullable_layers, "One model."), least=1),
    },
    {"defaults": _object({}, _nullable_layers, "What every model starts from.")},
    "All vLLM embedding and reranker models that a team serves on OpenShift AI.",
)


def validator() -> SchemaValidator:
    """The contract, ready to check data. Building it takes milliseconds: once a run is enough."""
    return SchemaValidator(CATALOG)
