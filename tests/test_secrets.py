"""No credential is printed, wherever it stands and whatever else is wrong."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from helpers import MINIMAL, files, project, run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.catalog.validate import validate
from generator.diagnostics import CatalogError
from generator.report import findings
from generator.report.differences import unified
from generator.tree import diff
from generator.yaml.read import parse

MARKER: Final = "Hunter2-Marker"
"""Looks like nothing; only its name or its place says what it is."""
TOKEN: Final = "AKIA" + "IOSFODNN7EXAMPLE"
"""Says by itself what it is."""
Place = tuple[str | int, ...]

FULL: Final[dict[str, Any]] = {
    "version": 1,
    "platform": {
        "target": "3.5",
        "dashboardNamespace": "redhat-ods-applications",
        "argocd": {"repoURL": "https://git.example.com/x.git", "targetRevision": "main", "namespace": "argo"},
    },
    "runtimes": {
        "vllm": {
            "displayName": "vLLM",
            "description": "Text",
            "task": "embedding",
            "image": "quay.io/vllm/vllm-cuda:0.13.0",
            "vllmVersion": "0.13.0",
            "accelerators": ["nvidia.com/gpu"],
            "args": ["--enforce-eager"],
            "env": {"VLLM_LOGGING_LEVEL": "DEBUG"},
        }
    },
    "connections": {
        "s3": {
            "displayName": "S3",
            "description": "Text",
            "endpoint": "https://s3.example.com",
            "region": "us-east-1",
            "bucket": "models-bucket",
            "prefix": "models",
            "secret": {"existing": "s3"},
        },
        "vault": {
            "displayName": "S3",
            "endpoint": "https://s3.example.com",
            "bucket": "models-bucket",
            "prefix": "others",
            "secret": {
                "externalSecret": {
                    "store": "vault",
                    "key": "teams/search",
                    "storeKind": "SecretStore",
                    "accessKeyProperty": "access-key",
                    "secretKeyProperty": "secret-key",
                }
            },
        },
    },
    "environments": {"dev": {"namespace": "team-dev", "cluster": "dev", "gpuQuota": 8}},
    "defaults": {"resources": {"cpu": "2", "memory": "8Gi"}, "overrides": {"dev": {"env": {"A": "b"}}}},
    "models": [
        {
            "name": "minilm",
            "displayName": "MiniLM",
            "description": "Text",
            "source": {
                "repo": "sentence-transformers/all-MiniLM-L6-v2",
                "revision": "1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
            },
            "task": "embedding",
            "maxModelLen": 256,
            "dimensions": 384,
            "runtime": "vllm",
            "connection": "s3",
            "namespace": "elsewhere",
            "replicas": 1,
            "autoscaling": {"max": 2, "metric": "requests"},
            "resources": {"gpu": 1, "accelerator": "nvidia.com/gpu"},
            "hardwareProfile": {"name": "small", "namespace": "profiles"},
            "queue": "queue",
            "nodeSelector": {"example.com/node": "a"},
            "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
            "args": ["--max-num-seqs=8", "--enforce-eager"],
            "env": {"OMP_NUM_THREADS": "1"},
            "expose": True,
            "auth": True,
            "timeout": 60,
            "labels": {"example.com/team": "search"},
            "annotations": {"example.com/owner": "The search team"},
            "files": {"include": ["*.txt"], "exclude": ["onnx/*"]},
            "deployTo": ["dev"],
            "overrides": {"dev": {"replicas": 2, "args": ["--enforce-eager"]}},
        }
    ],
}


def _places(data: Any, path: Place = ()) -> Iterator[Place]:
    """Every place of a catalog: each mapping, list and scalar."""
    yield path
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from _places(value, (*path, key))


def _changed(path: Place, value: Any) -> Any:
    """FULL, with another value at `path`."""
    data = copy.deepcopy(FULL)
    parent: Any = data
    for part in path[:-1]:
        parent = parent[part]
    if path:
        parent[path[-1]] = value
    return data if path else value


NAMES: Final = ("password", "token", "apiKey", "secretAccessKey", "DB_PASS", "OPENAI_KEY", "hf_token", "credentials")


def _with_marker(value: Any) -> Iterator[Any]:
    """What people write at a place where a value stands."""
    pair = {NAMES[len(str(value)) % len(NAMES)]: MARKER}
    yield pair
    yield {**value, **pair} if isinstance(value, dict) else [*value, pair] if isinstance(value, list) else [pair]
    yield from ({"secret": MARKER}, {"secret": {"accessKeyId": MARKER}}, {"secret": {"key": MARKER}})
    yield from ({"password": [MARKER]}, {"password": {"a": {"b": MARKER}}}, {"secret": {MARKER: None}})
    yield from ([{"name": "DB_PASSWORD", "value": MARKER}], ["--api-key", MARKER], [f"--api-key={MARKER}"])
    yield from (f"--hf-token {MARKER}", f"--some-password={MARKER}", f"https://{MARKER}@git.example.com/x.git")
    yield f"https://me:{MARKER}@git.example.com"
    yield TOKEN
    yield {TOKEN: "x"}
    yield [TOKEN]
    if isinstance(value, dict):
        yield {**value, TOKEN: "x"}
        yield {TOKEN: next(iter(value.values()), None), **value}
    if isinstance(value, list):
        yield [*value, TOKEN]
    if isinstance(value, str):
        yield f"{value}/{TOKEN}"
        yield f"{value} {TOKEN}"


STYLES: Final = (
    lambda data: yaml.safe_dump(data, sort_keys=False),
    lambda data: yaml.safe_dump(data, sort_keys=False, default_flow_style=True, width=60),
    json.dumps,
)


def _reported(text: str) -> str:
    """All that there is to say about a catalog, in every format."""
    try:
        _, found = validate(parse(text.encode(), "models.yaml"))
    except CatalogError as error:
        found = error.diagnostics
    return "\n".join(findings.diagnostics(found, form) for form in findings.FORMATS)


def _leaks(text: str) -> bool:
    return re.search(f"{MARKER}|{TOKEN}", text) is not None


@pytest.mark.parametrize("path", list(_places(FULL)), ids=lambda path: ".".join(map(str, path)) or "all")
def test_a_credential_is_printed_from_no_place(path: Place) -> None:
    """At every place of a catalog: instead of what is there, beside it, in it, and as a key."""
    value: Any = FULL
    for part in path:
        value = value[part]
    for number, marked in enumerate(_with_marker(value), len(path)):
        text = STYLES[number % len(STYLES)](_changed(path, marked))
        assert not _leaks(_reported(text)), text


BROKEN: Final = ("]", "}", '"', "'", ": :", "\t- x", "&a", "*a", "!!x y", "x: 08", "---", "%", "? ", "- - x", "a: b: c")


@pytest.mark.parametrize("name", [*NAMES, "secret"])
def test_a_credential_in_a_text_that_is_not_yaml_is_not_printed(name: str) -> None:
    """On the line that is wrong, before it and after it."""
    before, _, after = MINIMAL.partition("    bucket: models-bucket\n")
    for line in (f"    {name}: {MARKER}", f"    {name}:\n      {MARKER}", f"    {name}: |\n      {MARKER}"):
        for broken in BROKEN:
            for text in (f"{line}{broken}", f"{line} {broken}", f"    {broken}\n{line}", f"{line}\n{broken}"):
                assert not _leaks(_reported(f"{before}{text}\n{after}")), text


KEY: Final = "\n".join(("-----BEGIN RSA " + "PRIVATE KEY-----", MARKER, MARKER, "-----END RSA " + "PRIVATE KEY-----"))


@pytest.mark.parametrize("indent", ["", "  ", "      "])
def test_no_line_of_a_private_key_is_printed(indent: str) -> None:
    """People paste keys without indentation, and the first line that is not YAML is one of the key's."""
    for start in ("key: ", "description: |\n", "# ", ""):
        for broken in ("", "]"):
            key = KEY.replace("\n", f"{broken}\n{indent}")
            text = MINIMAL.replace("    bucket: models-bucket\n", f"    {start}{indent}{key}\n    bucket: x\n")
            assert not _leaks(_reported(text)), text


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_slip_of_the_keyboard_prints_no_credential(data: st.DataObject) -> None:
    """Lines deleted, doubled, moved, indented or cut around a credential."""
    lines = MINIMAL.split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    indent = " " * data.draw(st.integers(0, 8))
    form = data.draw(
        st.sampled_from([": {}", ": '{}'", ': "{}"', ": [{}]", ": {{a: {}}}", ": {{{}", ":{}", " {}", " : {}"])
    )
    lines.insert(at, f"{indent}{data.draw(st.sampled_from(NAMES))}{form.format(MARKER)}")
    for _ in range(data.draw(st.integers(0, 3))):
        other = data.draw(st.integers(0, len(lines) - 1))
        if MARKER not in lines[other]:
            lines[other] = data.draw(
                st.sampled_from(
                    ["", lines[at], " " + lines[other], lines[other][2:], lines[other][:9], lines[other] + "]"]
                )
            )
    assert not _leaks(_reported("\n".join(lines)))


@pytest.mark.parametrize(
    "lines",
    [
        f"      DB_PASSWORD: {MARKER}\n",
        f"        - name: DB_PASSWORD\n          value: {MARKER}\n",
        f"        - --api-key={MARKER}\n",
        f"        - --api-key\n        - {MARKER}\n",
        f"  stringData:\n    password: |\n      {MARKER}\n      {MARKER}\n",
        f"  token: {TOKEN}\n",
        f"  anything: {TOKEN}\n",
        f"  # password: {MARKER}\n",
        f"  key: |\n    {KEY}\n",
    ],
)
def test_a_difference_shows_no_credential(lines: str, tmp_path: Path) -> None:
    """What somebody wrote into a generated file by hand is in the diff of `--check`, without its value."""
    root = project(tmp_path)
    assert run("generate", root=root).code == 0
    for path in files(root, without=["models.yaml"]):
        with (root / path).open("a", encoding="utf-8") as file:
            file.write(lines)
    ran = run("generate", "--check", root=root)
    assert ran.code == 1
    assert "+++ b/rendered/dev/models/inferenceservice-minilm.yaml" in ran.stdout
    assert not _leaks(ran.stdout + ran.stderr)


def test_a_difference_still_shows_everything_else() -> None:
    """Names of keys and of Secrets are no credentials."""
    text = (
        "kind: ExternalSecret\nsecretStoreRef:\n  name: vault\ndata:\n- secretKey: AWS_SECRET_ACCESS_KEY\n"
        "  remoteRef:\n    property: secret\nautomountServiceAccountToken: false\n"
    )
    wanted = {"a": text.encode()}
    assert "".join(unified(wanted, diff(wanted, {}))).count("***") == 0


def test_an_entry_may_be_named_like_a_secret(tmp_path: Path) -> None:
    """A connection, a runtime or an environment called so is none; and its values are shown in messages."""
    text = MINIMAL.replace("  s3:\n", "  models-secret:\n").replace("  dev:", "  token:")
    text = text.replace("  vllm-embedding:\n", "  api-key:\n").replace("minilm", "password")
    assert run("generate", root=project(tmp_path, text)).code == 0
    assert "'Bad_Bucket' is not a bucket name" in _reported(text.replace("models-bucket", "Bad_Bucket"))


def test_a_reference_to_a_secret_is_no_credential() -> None:
    """As Kubernetes writes them; the catalog has no such field, but nothing has to be revoked."""
    by_key = "env: {DB_PASSWORD: {valueFrom: {secretKeyRef: {name: db, key: password}}}}"
    by_name = "env: [{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}]"
    for field in (by_key, by_name, "imagePullSecrets: [{name: quay}]", "envFrom: [{secretRef: {name: db}}]"):
        assert "credential-in-catalog" not in _reported(f"{MINIMAL}    {field}\n"), field
