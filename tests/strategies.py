"""Valid random catalogs, full of text that parsers stumble over."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from hypothesis import strategies as st

from generator import credentials
from generator.releases import TARGETS

_WORDS = r"""
    y Y n N yes Yes YES no No NO on On ON off Off OFF true True TRUE false False FALSE null Null NULL ~ = << * & ! % @ `
    0 1 -1 +1 08 09 007 017 0o17 0O17 0x1F 0X1f 0b11 -0b1 1_000 _1 -_1 +_1 1__ 0_ 1. .5 -.5 +.5 1.0 1.10 3.3 1e3 1E3
    -1e3 1e-3 1e+3 1.5e3 12e03 6.02E23 1e1000 .e1 .inf -.inf +.inf .Inf .INF .nan .NaN inf NaN Infinity 0x 0b 0o
    1:2 12:30 12:30:45 -1:2 190:20:30.15 2024-01-01 2024-1-1 2024-01-01T00:00:00Z 1000m 8Gi 5Mi 10k 1.5Gi 5e 5E 3.3.0
    - -- --- ... ? : , [ ] { } [] {} # ' " ' | > \ a: :a a:b a::b a# #a a,b [a] {a} {a:b} %TAG !!str &a *a @a `a >- |+
    --flag=value --flag={"a":1} /mnt/models ../../base a/b a=b a@b (a) $HOME \n \u0041 %20 e1 E1 e _ -a -y -n --y
"""
NASTY: Final = (
    *_WORDS.split(),
    *("2024-01-01 00:00:00", "a: b", "a:  b", "a :b", "a #b", "a, b", "- a", "? a", ": a", "| a", "> a", "! a"),
    *("a ", " a", "it's", 'say "hi"', "'quoted'", '"quoted"', "both ' and \"", "trailing\\", "# comment", "key:"),
    *("a\nb", "a\nb\n", "a\n\nb", "\na", "a\n\n", "\n", " \n", "a \nb", "a\n b", " a\nb", "a\n\tb", "a\tb", "\ta"),
    *("# a\nb", "- a\n- b\n", "a: b\nc: d\n", "---\na", "a\n---\nb", "...\n", "a\n...\n", "|\na", "%a\nb"),
    *("a\r\nb", "a\rb", "\x00", "\x07", "\x1b[0m", "\x7f", "a\x85b", "\xa0", "a\xa0b\nc", "\xad", "\u200b", "\u200fa"),
    *(
        "a\u2028b",
        "a\u2029b",
        "a\u2028b\nc",
        "\ufeff",
        "\ufeffa",
        "a\ufeffb\nc",
        "\ufffe",
        "\uffff",
        "\ue000",
        "\u0378",
    ),
    *("é", "ß: 'é'", "小さい", "🙂", "🙂\n🙂", "\U0001f469\u200d\U0001f52c", "\U0001fffe", "\U0010ffff"),
    *("\u0130", "\u212a", "\u017f", "\xb9", "\uff11", "y" * 200, "word " * 60 + "end"),
)
"""Text that some YAML parser reads as something else, or some emitter writes badly."""

_EXPANDED = re.compile(r"\{\{|\$\{|\$\(|\+argocd:")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\r(?!\n)")
# The emitter writes these as they are, and Go and ruamel.yaml read numbers. To go when it quotes them.
_MISREAD = re.compile(r"-_+[0-9][0-9_]*(?:[.eE]|\Z)")
_RAW = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_ANY = st.characters(exclude_categories=["Cs"])
_YAMLISH = st.text(st.sampled_from("- :#,[]{}'\"\\|>&*!%@`\n\t ~=<?.0123456789abexonyENT_/+\u00e9\u2028\x85\U0001f642"))
_NAMES = ("alpha", "beta-2", "n", "no", "true", "on", "y", "null", "e1", "a" * 20)
_DOMAINS = ("", "example.com/", "team-1.example/", "a.b.c/")


def allowed(text: str) -> bool:
    """Whether a catalog may contain `text`: it is printable, is not expanded, and does not look like a credential."""
    refused = _EXPANDED.search(text) or _UNPRINTABLE.search(text) or _MISREAD.match(text)
    return not refused and credentials.kind(text) is None


def texts(*, least: int = 1) -> st.SearchStrategy[str]:
    """Free text."""
    free = st.sampled_from(NASTY) | _YAMLISH | st.text(_ANY, max_size=40)
    return free.filter(lambda text: len(text) >= least and allowed(text))


def prose() -> st.SearchStrategy[str]:
    """Lines of free text."""
    return texts().map(lambda text: re.sub(r"[\r\t]", " ", text))


def lines() -> st.SearchStrategy[str]:
    """One line of free text, without blanks at its ends."""
    return texts().map(lambda text: re.sub(r"[\n\r\t]", " ", text).strip()).filter(_is_line)


def _is_line(text: str) -> bool:
    return 0 < len(text) <= 256


_LABEL_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?\Z")
label_values: Final = st.sampled_from(["", *filter(_LABEL_VALUE.match, NASTY)])
label_keys: Final = st.builds(
    str.__add__,
    st.sampled_from(_DOMAINS),
    st.sampled_from([text for text in NASTY if text and _LABEL_VALUE.match(text)]),
)
_variables = st.sampled_from(["X", "_", "y", "NO", "on", "E1", "OMP_NUM_THREADS", "VLLM_LOGGING_LEVEL"])
_commits = st.sampled_from(["0" * 40, "1e10" * 10, "0123456789" * 4, "deadbeef" * 5])
_args = st.lists(
    st.sampled_from(["--enforce-eager", "--dtype=auto", "--max-num-seqs=8", '--hf-overrides={"a": [1, "b"]}'])
    | texts().filter(lambda text: text[0] != "{").map(lambda text: f"--chat-template={text}"),
    max_size=3,
    unique=True,
)
_tolerations = st.lists(
    st.sampled_from(
        [
            {"operator": "Exists"},
            {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
            {"key": "example.com/pool", "value": "on"},
            {"key": "example.com/pool", "operator": "Equal", "value": ""},
            {"key": "y", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 0},
        ]
    ),
    max_size=2,
)


_keys = st.fixed_dictionaries(
    {"name": st.sampled_from(["gateway", "1e3", "a.b"]), "key": st.sampled_from(["on", ".a_B-"])}
)
_references = st.dictionaries(
    st.sampled_from(["HOME", "GATEWAY_TOKEN", "n"]),
    st.fixed_dictionaries({"secretKeyRef": _keys}) | st.none(),
    max_size=2,
)
_spread: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.sampled_from(
        [
            {"topologyKey": "topology.kubernetes.io/zone"},
            {"topologyKey": "kubernetes.io/hostname", "maxSkew": 2, "whenUnsatisfiable": "ScheduleAnyway"},
            {"topologyKey": "y", "whenUnsatisfiable": "DoNotSchedule", "minDomains": 2, "nodeTaintsPolicy": "Honor"},
        ]
    ),
    max_size=2,
    unique_by=lambda constraint: str(constraint["topologyKey"]),
)
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"
_nodes = st.sampled_from(
    [
        {"matchExpressions": [{"key": "on", "operator": "In", "values": ["", "no", "1e3"]}]},
        {"matchExpressions": [{"key": "a.b/c", "operator": "Exists"}, {"key": "n", "operator": "Gt", "values": ["8"]}]},
    ]
)
_pods = st.sampled_from(
    [
        {"topologyKey": "kubernetes.io/hostname"},
        {"topologyKey": "y", "labelSelector": {"matchLabels": {"on": "off"}}, "namespaces": ["on"]},
        {"topologyKey": "y", "labelSelector": {"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}},
    ]
)
_weights = st.integers(1, 100)
_pod_affinity = st.fixed_dictionaries(
    {},
    optional={
        _REQUIRED: st.lists(_pods, min_size=1, max_size=2) | st.none(),
        _PREFERRED: st.lists(
            st.fixed_dictionaries({"weight": _weights, "podAffinityTerm": _pods}), min_size=1, max_size=2
        ),
    },
)
_affinity = st.fixed_dictionaries(
    {},
    optional={
        "nodeAffinity": st.fixed_dictionaries(
            {},
            optional={
                _REQUIRED: st.fixed_dictionaries({"nodeSelectorTerms": st.lists(_nodes, min_size=1, max_size=2)}),
                _PREFERRED: st.lists(
                    st.fixed_dictionaries({"weight": _weights, "preference": _nodes}), min_size=1, max_size=2
                ),
            },
        )
        | st.none(),
        "podAffinity": _pod_affinity,
        "podAntiAffinity": _pod_affinity | st.none(),
    },
)


def _map(keys: st.SearchStrategy[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, str | None]]:
    """A map that removes some keys of the one below it."""
    return st.dictionaries(keys, values | values | st.none(), max_size=3)


_own_keys = label_keys.filter(lambda key: "/" in key)
_annotations = _map(_own_keys, prose())
_labels = _map(_own_keys, label_values)
_node_labels = _map(label_keys, label_values)
_env = _map(_variables, texts(least=0))


def _settings(targets: Iterable[str], *, on_gpu: bool) -> dict[str, st.SearchStrategy[Any]]:
    """Every field that any layer may set, except those specific to one model."""
    scaling = _scaling("requests", 100_000) if on_gpu else _scaling("cpu", 100)
    accelerators = st.sampled_from(["nvidia.com/gpu", "nvidia.com/mig-1g.10gb"])
    devices = {"gpu": st.integers(1, 4) | st.none(), "accelerator": accelerators | st.none()} if on_gpu else {}
    amounts = {"cpu": st.sampled_from(["2", "1000m", "0.5", "1500m", "1.001", 3]), "memory": _memory, **devices}
    fields: dict[str, st.SearchStrategy[Any]] = {
        "displayName": lines(),
        "description": prose(),
        "maxModelLen": st.integers(1, 8192),
        "maxSurge": st.integers(0, 2),
        "replicas": st.integers(1, 3),
        "resources": st.fixed_dictionaries({}, optional=amounts),
        "hardwareProfile": st.fixed_dictionaries({"name": _objects}, optional={"namespace": st.just("profiles")}),
        "queue": st.sampled_from(_NAMES),
        "priorityClassName": _objects,
        "nodeSelector": _node_labels,
        "tolerations": _tolerations,
        "extraTolerations": _tolerations,
        "topologySpreadConstraints": _spread,
        "affinity": _affinity,
        "podDisruptionBudget": st.booleans(),
        "args": _args,
        "extraArgs": _args,
        "env": _env,
        "envValueFrom": _references,
        "shmSize": st.sampled_from(["1000k", "1.5Mi", "2000000"]),
        "startupTimeout": st.integers(10, 86_400),
        "imagePullSecrets": st.lists(st.fixed_dictionaries({"name": _objects}), max_size=2),
        "serviceAccountName": _objects,
        "expose": st.booleans(),
        "auth": st.booleans(),
        "timeout": st.integers(1, 3600),
        "labels": _labels,
        "annotations": _annotations,
        "files": st.fixed_dictionaries({}, optional={"include": st.lists(lines(), max_size=2)}),
        "stopped": st.booleans(),
    }
    if not on_gpu or all(TARGETS[target].keda for target in targets):
        fields["autoscaling"] = scaling
    return fields


_CLASSES: Final = ("large", "e1")
_memory = st.sampled_from(["8Gi", "1024Mi", "1.5Gi", "0.5Gi", "3000k", "12G", "500000000"])
_objects = st.sampled_from(["small", "8", "1e3", "no", "a.b", "0x1"])
_NEVER_NULL: Final = ("maxModelLen", "extraArgs", "extraTolerations")


def _scaling(metric: str, most: int) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"max": st.integers(3, 9), "metric": st.just(metric)},
        optional={"min": st.integers(1, 3), "target": st.sampled_from([1, 80, most])},
    )


@st.composite
def _layer(draw: st.DrawFn, fields: Mapping[str, st.SearchStrategy[Any]], *, nulls: bool) -> dict[str, Any]:
    """Some of the fields; with `nulls`, some of them removed."""
    chosen = draw(st.lists(st.sampled_from(sorted(fields)), max_size=6, unique=True))
    layer = {}
    for name in chosen:
        removable = nulls and name not in _NEVER_NULL
        layer[name] = None if removable and draw(st.integers(0, 3)) == 0 else draw(fields[name])
    if layer.get("resources", 0) is None:
        layer["resources"] = {}
    return layer


@st.composite
def catalogs(draw: st.DrawFn, *, targets: tuple[str, ...] = tuple(TARGETS)) -> dict[str, Any]:
    """A catalog that compiles, with warnings at most."""
    target = draw(st.sampled_from(targets))
    on_gpu = draw(st.booleans())
    runtimes = draw(_runtimes())
    connections = draw(_connections())
    platform = {"target": target, **draw(_platform)}
    environments = draw(_environments(argocd="argocd" in platform, targets=targets))
    fields = _settings({target, *(each.get("target", target) for each in environments.values())}, on_gpu=on_gpu)
    files = fields.pop("files")  # environments that read one prefix must agree on them
    classes = {name: draw(_layer(fields, nulls=True)) for name in _CLASSES}
    fields["class"] = st.sampled_from(_CLASSES)
    device = {} if on_gpu else {"gpu": 0}
    names = draw(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=3, unique=True))
    models = [draw(_model(name, fields, files, runtimes, connections, environments)) for name in names]
    defaults = _without_nulls(draw(_layer({**fields, "files": files}, nulls=False)))
    defaults["resources"] = {"cpu": "1", "memory": "1Gi", **defaults.get("resources", {}), **device}
    defaults["overrides"] = {name: draw(_layer(fields, nulls=True)) for name in environments if draw(st.booleans())}
    return {
        "version": 1,
        "platform": platform,
        "runtimes": runtimes,
        "connections": connections,
        "environments": environments,
        "classes": classes,
        "defaults": defaults,
        "models": models,
    }


def _without_nulls(data: Any) -> Any:
    return (
        {key: _without_nulls(value) for key, value in data.items() if value is not None}
        if isinstance(data, dict)
        else data
    )


_platform = st.fixed_dictionaries(
    {},
    optional={
        "dashboardNamespace": st.sampled_from(["opendatahub", "redhat-ods-applications", "on"]),
        "argocd": st.fixed_dictionaries(
            {"repoURL": st.just("https://git.example.com/models.git")},
            optional={"targetRevision": lines(), "project": st.sampled_from(_NAMES)},
        ),
    },
)


_given_env = st.dictionaries(_variables, texts(least=0), max_size=3)


@st.composite
def _runtimes(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from([*_NAMES, "vllm"]), min_size=1, max_size=3, unique=True))
    return {
        name: {
            "displayName": draw(lines()),
            "task": draw(st.sampled_from(["embedding", "reranker"])),
            "image": draw(st.sampled_from(["quay.io/v/vllm:1.10", "vllm/vllm-openai@sha256:" + "1e3f" * 16])),
            **draw(st.fixed_dictionaries({}, optional={"description": prose(), "args": _args, "env": _given_env})),
        }
        for name in names
    }


_external = st.fixed_dictionaries(
    {"store": _objects, "key": lines()},
    optional={
        "storeKind": st.sampled_from(["SecretStore", "ClusterSecretStore"]),
        "accessKeyProperty": lines(),
        "secretKeyProperty": lines(),
    },
)


@st.composite
def _connections(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=2, unique=True))
    secrets = st.fixed_dictionaries({"existing": _objects}) | st.fixed_dictionaries({"externalSecret": _external})
    return {
        name: {
            "displayName": draw(lines()),
            "endpoint": "https://s3.example.com:9000",
            "bucket": draw(st.sampled_from(["123", "1e3", "off", "a.b"])),
            "prefix": f"0x{number}/1e3",
            "secret": draw(secrets),
            **draw(st.fixed_dictionaries({}, optional={"description": prose(), "region": st.just("1e3")})),
        }
        for number, name in enumerate(names)
    }


_CLUSTERS: Final = sorted(
    {
        re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-"): text
        for text in NASTY
        if len(text) < 20 and allowed(text) and text.strip() == text and text.isprintable()
    }.values()
)
"""Argo CD's applications have them in their names, of which no two may be alike."""


@st.composite
def _environments(draw: st.DrawFn, *, argocd: bool, targets: tuple[str, ...]) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=2, unique=True))
    fields: dict[str, st.SearchStrategy[Any]] = {"cluster": st.sampled_from(_CLUSTERS)}
    if argocd:
        modes = st.sampled_from(["automatic", "manual"])
        fields["argocd"] = st.fixed_dictionaries({}, optional={"targetRevision": lines(), "sync": modes})
    else:  # which says what is on one cluster
        fields["target"] = st.sampled_from(targets)
        fields["dashboardNamespace"] = st.sampled_from(["opendatahub", "redhat-ods-applications"])
    optional = st.fixed_dictionaries({}, optional=fields)
    return {name: {"namespace": f"{number}8", **draw(optional)} for number, name in enumerate(names)}


@st.composite
def _model(  # noqa: PLR0913, PLR0917 - all that a model refers to
    draw: st.DrawFn,
    name: str,
    fields: Mapping[str, st.SearchStrategy[Any]],
    files: st.SearchStrategy[Any],
    runtimes: Mapping[str, Any],
    connections: Mapping[str, Any],
    environments: Mapping[str, Any],
) -> dict[str, Any]:
    fields = {**fields, "aliases": st.lists(st.sampled_from([f"{name}.", f"1e3/{name}", f"{name}:08"]), unique=True)}
    runtime = draw(st.sampled_from(sorted(runtimes)))
    task = runtimes[runtime]["task"]
    same: dict[str, st.SearchStrategy[Any]] = {
        "runtime": st.sampled_from([other for other in sorted(runtimes) if runtimes[other]["task"] == task]),
        "connection": st.sampled_from(sorted(connections)),
        "source": st.fixed_dictionaries({}, optional={"revision": _commits, "repo": st.just("1e3/no")}),
    }
    if task == "embedding":
        same["dimensions"] = st.integers(1, 1024)
    return {
        "name": name,
        **draw(_layer({**fields, "files": files}, nulls=True)),
        "source": {"repo": "on/off", "revision": draw(_commits)},
        "task": task,
        "maxModelLen": draw(fields["maxModelLen"]),
        **({"dimensions": 384} if task == "embedding" else {}),
        "runtime": runtime,
        "connection": draw(same["connection"]),
        **draw(st.fixed_dictionaries({}, optional={"deployTo": _some(environments)})),
        "overrides": {
            environment: {
                **draw(
                    _layer(
                        {
                            **fields,
                            **same,
                            "namespace": st.just(f"own-{environment[:8]}"),
                            "host": st.just(f"{name}.{environment}.08"),
                        },
                        nulls=False,
                    )
                ),
                **draw(_layer(fields, nulls=True)),
            }
            for environment in environments
            if draw(st.booleans())
        },
    }


def _some(names: Mapping[str, Any]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(sorted(names)), min_size=1, unique=True)


def catalog_text(data: Mapping[str, Any]) -> str:
    """The catalog as YAML: JSON, with extra characters escaped that YAML does not allow."""
    return _RAW.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(data, ensure_ascii=False, indent=1))


def reordered(draw: Callable[[st.SearchStrategy[Any]], Any], data: Any) -> Any:
    """The same data with the keys of every map in another order."""
    if isinstance(data, dict):
        return {key: reordered(draw, data[key]) for key in draw(st.permutations(list(data)))}
    if isinstance(data, list):
        return [reordered(draw, item) for item in data]
    return data
