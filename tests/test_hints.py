"""A hint names what was meant, and where it goes, or nothing that is far away."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from helpers import MINIMAL, ROOT
from strategies import catalog_text

from generator.catalog.contract.patterns import NAME, SHAPES
from generator.catalog.habits import FIELDS as HABITS
from generator.catalog.habits import OWNERS, REMOVED, fields
from generator.catalog.validate import validate
from generator.diagnostics import CatalogError, suggestion
from generator.vllm.flags import FLAGS
from generator.yaml.read import parse

MODEL: Final = ("models", 0)
RUNTIME: Final = ("runtimes", "vllm-embedding")
CONNECTION: Final = ("connections", "s3")
ENVIRONMENT: Final = ("environments", "dev")
TYPED: Final = [
    # KServe's InferenceService and ServingRuntime
    (MODEL, "minReplicas", "set `autoscaling.min`"),
    (MODEL, "maxReplicas", "set `autoscaling.max`"),
    (MODEL, "scaleTarget", "set `autoscaling.target`"),
    (MODEL, "storageUri", "set `source.repo`, and `connection` for the bucket"),
    (MODEL, "modelFormat", "remove it: it is written for you"),
    (MODEL, "protocolVersion", "remove it: it is written for you"),
    (MODEL, "servingRuntime", "set `runtime`"),
    (MODEL, "serviceAccount", "set `serviceAccountName`"),
    (MODEL, "startupProbe", "set `startupTimeout`"),
    (MODEL, "priorityClass", "set `priorityClassName`"),
    (MODEL, "containers", "set `args`, `env` and `resources`"),
    (MODEL, "image", "set `image` of the runtime"),
    (MODEL, "image.repository", "set `image` of the runtime"),
    (MODEL, "limits", "set `resources`: limits equal requests"),
    (MODEL, "timeoutSeconds", "set `timeout`"),
    (RUNTIME, "supportedModelFormats", "remove it: it is written for you"),
    (RUNTIME, "nodeSelector", "set `nodeSelector` of the model"),
    (ENVIRONMENT, "replicas", "set `replicas` of the model"),
    # Helm charts
    (MODEL, "replicaCount", "set `replicas`"),
    (MODEL, "podAnnotations", "set `annotations`"),
    (MODEL, "extraEnv", "set `env`"),
    (MODEL, "ingress", "set `expose`"),
    (MODEL, "nodeAffinity", "set `affinity.nodeAffinity`"),
    (MODEL, "pdb", "set `podDisruptionBudget`"),
    (RUNTIME, "imageTag", "set `image`"),
    (CONNECTION, "existingSecret", "set `secret.existing`"),
    # vLLM's command line
    (MODEL, "max_model_len", "did you mean 'maxModelLen'?"),
    (MODEL, "max-model-len", "did you mean 'maxModelLen'?"),
    (MODEL, "MaxModelLen", "did you mean 'maxModelLen'?"),
    (RUNTIME, "maxModelLen", "set `maxModelLen` of the model"),
    (RUNTIME, "max_model_len", "set `maxModelLen` of the model"),
    (MODEL, "modelName", "set `name`"),
    (MODEL, "servedModelName", "set `aliases`"),
    (MODEL, "tensor_parallel_size", "add `--tensor-parallel-size=VALUE` to `args`"),
    (MODEL, "gpuMemoryUtilization", "add `--gpu-memory-utilization=VALUE` to `args`"),
    (RUNTIME, "enforceEager", "add `--enforce-eager` to `args`"),
    (MODEL, "trust-remote-code", "add `--trust-remote-code` to `args`"),
    (MODEL, "downloadDir", "remove it"),
    # Anybody
    (MODEL, "gpu", "set `resources.gpu`"),
    (MODEL, "gpus", "set `resources.gpu`"),
    (MODEL, "gpu_count", "set `resources.gpu`"),
    (MODEL, "nvidia.com/gpu", "set `resources.gpu`"),
    ((*MODEL, "resources"), "gpus", "set `resources.gpu`"),
    ((*MODEL, "overrides", "dev"), "minReplicas", "set `autoscaling.min`"),
    (("defaults",), "minReplicas", "set `autoscaling.min`"),
    (("defaults",), "memory", "set `resources.memory`"),
    (MODEL, "revision", "set `source.revision`"),
    (MODEL, "path", "remove it: the path is made of the connection's prefix and the model's name"),
    (MODEL, "dimension", "did you mean 'dimensions'?"),
    (MODEL, "nmae", "did you mean 'name'?"),
    (CONNECTION, "path", "set `prefix`"),
    (CONNECTION, "url", "set `endpoint`"),
    (CONNECTION, "nodeSelector", "set `nodeSelector` of the model"),
    ((*CONNECTION, "secret"), "name", "choose one of existing, externalSecret"),
    (ENVIRONMENT, "name", "choose one of argocd, cluster, dashboardNamespace, gpuQuota, migQuota, namespace, target"),
    (ENVIRONMENT, "quota", "set `gpuQuota`"),
    (("platform",), "version", "set `target`"),
    ((), "model", "did you mean 'models'?"),
    # A field of another part of the catalog, unless it is typed inside a block
    (("defaults",), "bucket", "set `bucket` of the connection"),
    (("platform",), "bucket", "set `bucket` of the connection"),
    (MODEL, "bucket", "set `bucket` of the connection"),
    ((*MODEL, "overrides", "dev"), "bucket", "set `bucket` of the connection"),
    ((*MODEL, "overrides", "dev", "resources"), "bucket", "choose one of accelerator, cpu, gpu, memory"),
    ((*MODEL, "resources"), "bucket", "choose one of accelerator, cpu, gpu, memory"),
    (("defaults", "resources"), "bucket", "choose one of accelerator, cpu, gpu, memory"),
    (MODEL, "cudagraphCaptureSizes", "add `--cudagraph-capture-sizes=VALUE` to `args`"),
]


@pytest.mark.parametrize(("place", "typed", "hint"), TYPED, ids=lambda value: value if isinstance(value, str) else "")
def test_a_field_of_another_tool_leads_to_ours(place: tuple[str | int, ...], typed: str, hint: str) -> None:
    """People who come from KServe, Helm and `vllm serve` find their field, with its place."""
    data: dict[str, Any] = yaml.safe_load(MINIMAL)
    block: Any = data
    for part in place:
        block = block.setdefault(part, {}) if isinstance(block, dict) else block[part]
    block[typed] = "x"
    with pytest.raises(CatalogError) as error:
        validate(parse(yaml.safe_dump(data).encode(), "models.yaml"))
    assert [(found.code, found.hint) for found in error.value.diagnostics if "unknown" in found.code] == [
        ("unknown-field", hint)
    ]


BARE: Final = "write it without quotes"
TASKS: Final = "choose one of embedding, reranker"
TARGETS: Final = "choose one of 2.25, 3.0, 3.2, 3.3, 3.4, 3.5"
TARGET: Final = ("platform", "target")
REVISION: Final = (*MODEL, "source", "revision")
NO_COMMIT: Final = "is not a commit of 40 hexadecimal digits"
PIN: Final = "branches and tags move: pin the commit; `generator lock --upgrade NAME` writes it here"
MISTAKES: Final = [
    ((*MODEL, "auth"), "true", "wrong-type", "auth must be true or false, not the text 'true'", BARE),
    ((*MODEL, "auth"), "false", "wrong-type", "auth must be true or false, not the text 'false'", BARE),
    ((*MODEL, "auth"), "yes", "wrong-type", "auth must be true or false, not the text 'yes'", "write true or false"),
    ((*MODEL, "auth"), 1, "wrong-type", "auth must be true or false, not a number", "write true or false"),
    ((*MODEL, "replicas"), "2", "wrong-type", "replicas must be a whole number, not the text '2'", BARE),
    ((*MODEL, "replicas"), "02", "wrong-type", "replicas must be a whole number, not the text '02'", "write 2"),
    ((*MODEL, "replicas"), "two", "wrong-type", "replicas must be a whole number, not the text 'two'",
     "write a whole number in plain digits"),
    ((*MODEL, "replicas"), 0, "out-of-range", "replicas is 0, but must be at least 1",
     "to run no pods, set `stopped: true`"),
    ((*MODEL, "task"), ["embedding"], "wrong-type", "task must be text, not a list", TASKS),
    ((*MODEL, "task"), True, "wrong-type", "task must be text, not true", TASKS),
    ((*MODEL, "task"), 5, "invalid-value", "'5' is not a known task", TASKS),
    (TARGET, 3.3, "wrong-type", "target must be text, not a number", 'put it in quotes: "3.3"'),
    (TARGET, 9.9, "invalid-value", "'9.9' is not a known target", TARGETS),
    (TARGET, "9.9", "invalid-value", "'9.9' is not a known target", TARGETS),
    ((*MODEL, "displayName"), 5, "wrong-type", "displayName must be text, not a number", "put it in quotes"),
    ((*MODEL, "displayName"), "", "empty", "displayName is empty", "fill it in, or remove it"),
    ((*MODEL, "env"), {"": "x"}, "empty", "a key is empty", "fill it in, or remove it"),
    ((*MODEL, "args"), [5], "wrong-type", "an item of args must be text, not a number", "put it in quotes"),
    ((*MODEL, "labels"), {"a": "x" * 64}, "too-long", "a has 64 characters, but at most 63 are allowed", None),
    ((*MODEL, "labels"), {"a" * 400: "x"}, "too-long", "key has 400 characters, but at most 253 are allowed", None),
    ((*MODEL, "replicas"), -1, "out-of-range", "replicas is -1, but must be at least 1", None),
    ((*MODEL, "replicas"), 1.5, "wrong-type", "replicas must be a whole number, not the number 1.5", None),
    ((*MODEL, "timeout"), 3601, "out-of-range", "timeout is 3601, but must be at most 3600", None),
    ((*MODEL, "args"), "x", "wrong-type", "args must be a list, not the text 'x'", "write a list of `--flag=value`"),
    ((*MODEL, "deployTo"), [], "empty", "deployTo is empty", "fill it in, or remove it"),
    ((*MODEL, "resources"), 5, "wrong-type", "resources must be a mapping, not a number", None),
    ((*MODEL, "displayName"), {}, "wrong-type", "displayName must be text, not a mapping", None),
    (CONNECTION, 5, "wrong-type", "it must be a mapping, not a number", None),
    (("platform", "argocd"), {}, "missing-field", "needs argocd.repoURL", None),
    ((*MODEL, "name"), "ABCDEF1", "invalid-name",
     f"name 'ABCDEF1' is not {SHAPES[NAME].must_be}", None),
    (REVISION, "abcdef", "revision-not-a-commit", f"revision 'abcdef' {NO_COMMIT}", PIN),
    (REVISION, "abcdef1", "revision-not-a-commit", f"revision 'abcdef1' {NO_COMMIT}", "write all 40 digits"),
    (REVISION, "F" * 40, "revision-not-a-commit", f"revision '{'F' * 40}' {NO_COMMIT}", "write it in lowercase"),
    (REVISION, "g" * 40, "revision-not-a-commit", f"revision '{'g' * 40}' {NO_COMMIT}", PIN),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value", "code", "message", "hint"), MISTAKES)
def test_a_wrong_value_is_named_with_what_to_write(
    place: tuple[str | int, ...], value: Any, code: str, message: str, hint: str | None
) -> None:
    """The field, what is wrong with its value, and how the value is written, in the line where it stands."""
    data: dict[str, Any] = yaml.safe_load(MINIMAL)
    block: Any = data
    for part in place[:-1]:
        block = block[part]
    block[place[-1]] = value
    with pytest.raises(CatalogError) as error:
        validate(parse(catalog_text(data).encode(), "models.yaml"))
    [found] = error.value.diagnostics
    subjects = {"models": f"model '{data['models'][0]['name']}'", "connections": "connection 's3'"}
    subject = subjects.get(str(place[0]), place[0])
    assert (found.code, found.message, found.hint) == (code, f"{subject}: {message}", hint)
    lines = catalog_text(data).splitlines()
    key = f'"{place[-1]}":'
    inside = value == [5] or (isinstance(value, dict) and bool(value))
    assert key in lines[found.position.line - 1 - inside]


@pytest.mark.parametrize("key", ["", "a" * 400, "é", "-a"])
def test_a_finding_about_a_key_points_to_the_key(key: str) -> None:
    """And not to its value, which is fine."""
    data: dict[str, Any] = yaml.safe_load(MINIMAL)
    data["models"][0]["labels"] = {key: "x"}
    with pytest.raises(CatalogError) as error:
        validate(parse(catalog_text(data).encode(), "models.yaml"))
    [found] = error.value.diagnostics
    assert found.source_line is not None
    assert found.source_line[found.position.column - 1 :].strip() == f'"{key}": "x"'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "the catalog must be a mapping, not a list"),
        ("5", "the catalog must be a mapping, not a number"),
        ("", "the catalog must be a mapping, not empty"),
    ],
)
def test_a_catalog_is_a_mapping(text: str, message: str) -> None:
    """What is none is no catalog at all."""
    with pytest.raises(CatalogError) as error:
        validate(parse(text.encode(), "models.yaml"))
    assert [(found.code, found.message) for found in error.value.diagnostics] == [("wrong-type", message)]


def test_what_a_catalog_needs_is_named_with_its_place() -> None:
    """A part of the catalog, of an entry, or of a block in it."""
    with pytest.raises(CatalogError) as error:
        validate(
            parse(
                b"version: 1\nplatform: {}\nenvironments: {}\nconnections: {s3: {secret: {externalSecret: {}}}}",
                "models.yaml",
            )
        )
    needs = {found.message for found in error.value.diagnostics if found.code == "missing-field"}
    assert needs >= {
        "the catalog needs models",
        "the catalog needs platform.target",
        "connection 's3': needs bucket",
        "connection 's3': needs secret.externalSecret.store",
    }


def test_every_hint_names_a_field_that_exists() -> None:
    """The contract may change; the tables must follow."""
    for owner, habits in HABITS.items():
        assert set(habits.values()) <= set(fields(owner)), owner
        known = {name.rpartition(".")[2] for name in fields(owner) if "." not in name}
        assert not {name.lower() for name in known} & habits.keys(), owner
    assert all(name == name.lower() and name.isalnum() for habits in (*HABITS.values(), REMOVED) for name in habits)
    assert HABITS.keys() == OWNERS.keys()


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("memroy", ("memory", "cpu"), "memory"),
        ("replica", ("replicas", "name"), "replicas"),
        ("maxModelLength", ("maxModelLen", "maxSurge"), "maxModelLen"),
        ("taks", ("task", "tags"), "task"),
        ("Autoscaling", ("autoscaling",), "autoscaling"),
        ("vllm_embedding", ("vllm-embedding", "vllm-reranker"), "vllm-embedding"),
        ("--max-num-sequences", FLAGS, "--max-num-seqs"),
        ("--enforce-eagerly", FLAGS, "--enforce-eager"),
        ("--max_num_seq", FLAGS, "--max-num-seqs"),
        ("path", ("auth", "args"), None),
        ("minReplicas", ("replicas", "max"), None),
        ("--some-password", FLAGS, None),
        ("--some-option", FLAGS, None),
        ("triton", ("vllm", "task"), None),
        ("x", ("cpu", "env", "y"), None),
        ("", ("name",), None),
    ],
)
def test_a_suggestion_is_near(word: str, known: tuple[str, ...], meant: str | None) -> None:
    """A slip of the keyboard, another case or another separator; a word that shares some letters is no suggestion."""
    assert suggestion(word, known) == (meant and f"did you mean '{meant}'?")


def test_no_message_names_a_task_of_this_repository() -> None:
    """Who has installed the package has no Makefile."""
    texts = [text for path in sorted((ROOT / "generator").rglob("*.py")) for text in printed(path)]
    assert len(texts) > 1_000
    assert [text for text in texts if re.search(r"`make\b|Makefile", text)] == []


def printed(path: Path) -> Iterator[str]:
    """The texts in a module that may be printed: all but docstrings, and theirs in commands."""
    tree = ast.parse(path.read_text("utf-8"))
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    notes = [] if path.parent.name == "commands" else [id(statement.value) for statement in statements]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in notes:
            yield node.value


def found(text: str) -> dict[str, tuple[str, str | None]]:
    """Message and hint by code."""
    with pytest.raises(CatalogError) as caught:
        validate(parse(text.encode(), "models.yaml"))
    return {diagnostic.code: (diagnostic.message, diagnostic.hint) for diagnostic in caught.value.diagnostics}


@pytest.mark.parametrize(
    ("field", "hint"),
    [
        ("aliases: x", "write a list: [x]"),
        ("deployTo: dev", "write a list: [dev]"),
        ("imagePullSecrets: 'a, b'", "write a list: […]"),
        ("args: --dtype=half", "write a list of `--flag=value`"),
    ],
)
def test_a_scalar_where_a_list_belongs(field: str, hint: str) -> None:
    """The value is repeated where it is plain."""
    assert found(f"{MINIMAL}    {field}\n")["wrong-type"][1] == hint


@pytest.mark.parametrize(
    "written", ["{secretKeyRef: {name: a, key: b}}", "{valueFrom: {secretKeyRef: {name: a, key: b}}}"]
)
def test_a_reference_in_env_belongs_elsewhere(written: str) -> None:
    """`env` is for plain values; runtimes have no references."""
    hint = "set `envValueFrom: {SETTING: {secretKeyRef: {name: …, key: …}}}`"
    field = f"    env: {{SETTING: {written}}}\n"
    assert found(f"{MINIMAL}{field}")["wrong-type"][1] == hint
    in_runtime = MINIMAL.replace("    task: embedding\n    image:", f"    task: embedding\n{field}    image:")
    assert found(in_runtime)["wrong-type"][1] == f"{hint} of the model"


def test_a_misspelt_field_below_a_secret_name_is_named() -> None:
    """The key is no secret; its value, and a key that stands alone and may be one, stay hidden."""
    field = "    envValueFrom: {{GATEWAY_TOKEN: {{{}}}}}\n"
    said = found(MINIMAL + field.format("secretRef: {name: opensesame, key: token}"))["unknown-field"]
    assert "unknown field 'secretRef'" in said[0]
    assert "opensesame" not in f"{said}"
    assert "unknown field 'secretRef'" in found(MINIMAL + field.format("secretRef: opensesame"))["unknown-field"][0]
    assert "opensesame" not in f"{found(MINIMAL + field.format('opensesame'))}"


CHOICES: Final = MINIMAL.replace("defaults:", "classes:\n  large: {resources: {memory: 16Gi}}\ndefaults:").replace(
    "environments:",
    "  other: {displayName: S, endpoint: https://s3.example.com, bucket: other, secret: {existing: s}}\nenvironments:",
)


@pytest.mark.parametrize(
    "field",
    [
        "class: lage",
        "connection: othr",
        "runtime: vllm-embeding",
        "overrides: {prd: {connection: other, class: large}}",
    ],
)
def test_nothing_is_unused_while_a_reference_of_its_kind_is_broken(field: str) -> None:
    """A typo must not advise to remove what was meant."""
    connection = "" if "connection" in field[:10] else "    connection: s3\n"
    sound = CHOICES.partition("models:\n")[2].replace("minilm", "sound") + "    connection: s3\n"
    codes = found(f"{CHOICES}{connection}    {field}\n{sound}").keys()
    kind = {"class": "class", "connection": "connection", "runtime": "runtime", "overrides": "connection"}
    assert f"unused-{kind[field.partition(':')[0]]}" not in codes
