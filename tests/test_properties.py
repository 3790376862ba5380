"""Properties of every catalog, tree and object."""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from fakes import LONG_S
from helpers import MINIMAL, ROOT, SHIPPED, files, project, run
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from strategies import NASTY, catalog_text, catalogs, reordered, texts

from generator import disk, tree
from generator import pages as documents
from generator.catalog.layers import merge
from generator.catalog.model import Catalog
from generator.catalog.validate import validate
from generator.compiler import MARK, OWNED_FOLDERS, compile_catalog
from generator.compiler.patches import Operation, diff
from generator.diagnostics import CatalogError, Diagnostic
from generator.yaml import read as source
from generator.yaml.write import dump

PATH = "models.yaml"
slow = settings(deadline=None, suppress_health_check=list(HealthCheck))


# Text


def judge(raw: bytes) -> Catalog | None:
    """The catalog in `raw`, or None, and the findings."""
    catalog, diagnostics = judged(raw)
    assert catalog or diagnostics
    lines = raw.decode("utf-8-sig", "replace").split("\n")
    for diagnostic in diagnostics:
        line, column = diagnostic.position
        assert 1 <= line <= len(lines), diagnostic
        assert 1 <= column <= len(lines[line - 1]) + 1, diagnostic
    return catalog


def judged(raw: bytes) -> tuple[Catalog | None, tuple[Diagnostic, ...]]:
    """The findings of a text."""
    try:
        return validate(source.parse(raw, PATH))
    except CatalogError as error:
        return None, error.diagnostics


@pytest.mark.parametrize("text", ["{", "a: [", "a: {b: 'c'"])
def test_a_finding_at_the_end_has_a_line_to_show(text: str) -> None:
    """A text that ends too early has its finding on the last line."""
    _, (finding,) = judged(text.encode())
    assert finding.source_line == text


@settings(slow, max_examples=200)
@given(st.text() | st.text(st.sampled_from("- :#[]{}'\"|>&*!%?,~\n\t ax0\ufeff\u2028")) | texts())
@example("")
@example("\ufeff")
@example("a: &a [*a]")
@example("? {a: b}\n: c")
@example("[" * 1000)
@example("- " * 1000)
@example("a: {" * 40)
@example("? " * 1000)
@example("--- \n--- ")
@example("%YAML 3.0\n---\na")
@example("{}")
@example("models: null")
@example("models: [null]")
@example("!!python/object/apply:os.system [true]")
def test_any_text_is_checked(text: str) -> None:
    """Any text is a catalog, or has findings with positions inside it."""
    judge(text.encode("utf-8", "surrogatepass"))


@settings(slow, max_examples=100)
@given(st.binary(max_size=200))
@example(b"\xff\xfe")
@example(b"\xef\xbb\xbf\xff")
def test_any_bytes_are_checked(raw: bytes) -> None:
    """The same for any bytes."""
    judge(raw)


@st.composite
def mutants(draw: st.DrawFn) -> str:
    """The shipped catalog with a few typing errors."""
    lines = SHIPPED.split("\n")
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["delete", "double", "swap", "indent", "outdent", "value", "key", "text"])):
            case "delete":
                lines.pop(at)
            case "double":
                lines.insert(at, lines[at])
            case "swap":
                lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(at))
            case "indent":
                lines[at] = " " * draw(st.integers(1, 4)) + lines[at]
            case "outdent":
                lines[at] = lines[at][draw(st.integers(1, 4)) :]
            case "value":
                lines[at] = f"{lines[at].partition(':')[0]}: {draw(_values)}"
            case "key":
                lines[at] = lines[at].replace(":", draw(st.sampled_from(["s:", ":\n", "", "::", ": - "])), 1)
            case "text":
                lines[at] = lines[at][: draw(st.integers(0, 20))] + draw(texts(least=0))
        lines = lines or [""]
    return "\n".join(lines)


_values = st.sampled_from(["[]", "{}", "[null]", "-1", "0", "1.5", "yes", "'x'", "{overrides: {}}"])
_values |= st.sampled_from([json.dumps(text) for text in NASTY if text.isascii()])


@settings(slow, max_examples=300)
@given(mutants())
def test_a_mistyped_catalog_is_checked(text: str) -> None:
    """Lines deleted, doubled, moved, indented or overwritten give a catalog, or findings inside the file."""
    if catalog := judge(text.encode()):
        compile_catalog(catalog)
        documents.pages(catalog)


# Trees


def compiled(data: Mapping[str, Any]) -> tree.FileTree:
    """Everything that is written for a catalog."""
    catalog, _ = validate(source.parse(catalog_text(data).encode(), PATH))
    return {**compile_catalog(catalog).tree, **documents.pages(catalog)}


@settings(slow, max_examples=30)
@given(catalogs(), st.data())
def test_the_order_of_entries_changes_no_byte(data: dict[str, Any], drawing: st.DataObject) -> None:
    """Models, runtimes, connections, environments and all keys may be in any order."""
    shuffled = reordered(drawing.draw, data)
    shuffled["models"] = drawing.draw(st.permutations(shuffled["models"]))
    assert compiled(shuffled) == compiled(data)


_trees = st.dictionaries(
    st.sampled_from(["base/a", "base/b/c", "base/b/d", "rendered/dev/x", "overlays/é"]),
    st.binary(max_size=20).map(lambda content: f"# {MARK}\n".encode() + content),
)


@given(_trees, _trees)
def test_a_difference_is_empty_only_between_equal_trees(wanted: dict[str, bytes], present: dict[str, bytes]) -> None:
    """A difference leads from one tree to the other, and is empty when there is nothing to do."""
    changes = tree.diff(wanted, present)
    assert bool(changes) == (wanted != present)
    kept = {path: content for path, content in present.items() if path not in changes.removed}
    assert kept | {path: wanted[path] for path in (*changes.created, *changes.changed)} == wanted


@settings(slow, max_examples=50)
@given(_trees, _trees)
def test_what_was_written_is_read_back(before: dict[str, bytes], after: dict[str, bytes]) -> None:
    """Writing one tree over another leaves exactly the second."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for wanted in (before, after):
            disk.write(root, wanted, tree.diff(wanted, owned(root, wanted)))
            assert owned(root, wanted) == wanted
            assert files(root) == wanted


def owned(root: Path, wanted: Mapping[str, bytes]) -> tree.FileTree:
    """Our files in a project."""
    return disk.read_owned(root, wanted, OWNED_FOLDERS, MARK.encode())


@settings(slow, max_examples=10)
@given(catalogs(), catalogs())
def test_a_second_run_writes_nothing(first: dict[str, Any], second: dict[str, Any]) -> None:
    """After any catalog, any other compiles to its own files and no others; a second run changes nothing."""
    with TemporaryDirectory() as folder:
        for data in (first, second):
            root = project(Path(folder), catalog_text(data))
            assert run("generate", root=root).code == 0
            assert files(root, without=[PATH]) == compiled(data)
            assert "up to date" in run("generate", root=root).stderr
            assert run("generate", "--check", root=root).code == 0


@pytest.mark.parametrize(
    ("seed", "locale", "umask"), [("0", "C", 0o022), ("1", "C.UTF-8", 0o077), ("random", "POSIX", 0o000)]
)
def test_each_process_writes_the_same_bytes(tmp_path: Path, seed: str, locale: str, umask: int) -> None:
    """Hash seed, locale, umask and working directory leave no trace."""
    root = project(tmp_path / "somewhere" / "else", SHIPPED)
    environ = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "PYTHONPATH": str(ROOT), "TZ": "Asia/Kolkata"}
    argv = [sys.executable, "-m", "generator", "generate", "--root", str(root)]
    subprocess.run(argv, check=True, capture_output=True, env=environ, cwd=tmp_path, umask=umask, timeout=LONG_S)
    catalog, _ = validate(source.parse(SHIPPED.encode(), PATH))
    assert files(root, without=[PATH]) == {**compile_catalog(catalog).tree, **documents.pages(catalog)}


# Objects

_text = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_keys = _text.filter(lambda key: key != "<<" and len(key) < 100)
_scalars = _text.filter(lambda text: not text.startswith("-_")) | st.integers(-(10**12), 10**12) | st.booleans()


def _mappings(children: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(_keys.filter(lambda key: not key.startswith("-_")), children, max_size=4)


_values_of_objects = st.recursive(
    _scalars,
    lambda children: _mappings(children) | st.lists(_scalars | _mappings(children), max_size=4),
    max_leaves=12,
)
objects = _mappings(_values_of_objects)


@settings(slow, max_examples=150)
@given(objects)
def test_an_object_is_read_back_as_it_was(obj: dict[str, Any]) -> None:
    """PyYAML and ruamel.yaml read back any object, including its types."""
    text = dump(obj, "# header")
    for read in (yaml.load(text, Loader=yaml.CSafeLoader), YAML(typ="safe", pure=True).load(text)):
        assert json.dumps(read or {}, sort_keys=True) == json.dumps(obj, sort_keys=True)


# Patches


def apply(operations: Iterable[Operation], document: Any) -> Any:
    """RFC 6902, as far as our patches use it; a test for null holds where there is nothing, as in kustomize."""
    document = copy.deepcopy(document)
    for operation in operations:
        parent, key = _resolve(document, operation["path"])
        match operation["op"]:
            case "test":
                present = parent[key] if isinstance(parent, list) else parent.get(key)
                assert present == operation["value"], operation
            case "add":
                parent[key] = operation["value"]
            case "replace":
                assert isinstance(parent, list) or key in parent
                parent[key] = operation["value"]
            case "remove":
                del parent[key]
            case op:
                raise AssertionError(op)
    return document


def _resolve(document: Any, path: str) -> tuple[Any, Any]:
    """The container that a JSON Pointer leads to, and its last step."""
    *steps, last = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]
    for step in steps:
        document = document[int(step) if isinstance(document, list) else step]
    return document, int(last) if isinstance(document, list) else last


@st.composite
def _edited(draw: st.DrawFn, value: Any) -> Any:
    """A value similar to another."""
    if isinstance(value, dict):
        kept = {key: draw(_edited(item)) for key, item in value.items() if draw(st.integers(0, 4))}
        return kept | draw(st.dictionaries(_text, _scalars, max_size=1))
    if isinstance(value, list) and draw(st.booleans()):
        return [draw(_edited(item)) for item in value]
    return value if draw(st.integers(0, 2)) else draw(_values_of_objects)


@settings(slow, max_examples=150)
@given(objects.flatmap(lambda base: st.tuples(st.just(base), _edited(base) | objects)))
def test_a_patch_leads_from_base_to_final(pair: tuple[dict[str, Any], Any]) -> None:
    """Applied in order, the operations turn the base into the final object, each after its test."""
    base, final = pair
    final = final if isinstance(final, dict) else {}
    operations = list(diff(base, final))
    assert apply(operations, base) == final
    assert [operation["op"] for operation in operations[::2]] == ["test"] * (len(operations) // 2)
    for test, change in zip(operations[::2], operations[1::2], strict=True):
        assert test["path"] == change["path"]
        assert change["op"] == ("add" if test["value"] is None else "remove" if "value" not in change else "replace")


# Merging


@pytest.mark.parametrize(
    ("below", "above", "merged"),
    [
        ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'),
        ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
        ('{"a":"b"}', '{"a":null}', "{}"),
        ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
        ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'),
        ('{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
        ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
        ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
        ('{"e":null}', '{"a":1}', '{"e":null,"a":1}'),
        ("{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'),
    ],
)
def test_merging_follows_the_rfc(below: str, above: str, merged: str) -> None:
    """The examples of RFC 7386, appendix A, in which both sides are maps."""
    layers = json.loads(below), json.loads(above)
    assert merge(*layers) == json.loads(merged)
    assert layers == (json.loads(below), json.loads(above))


@given(_mappings(_values_of_objects), _mappings(_values_of_objects | st.none()))
def test_merging_twice_is_merging_once(below: dict[str, Any], above: dict[str, Any]) -> None:
    """Applying a layer again changes nothing."""
    merged = merge(below, above)
    assert merge(merged, above) == merged
    assert merge(below, {}) == below


SETTING = {
    "displayName": "Name",
    "description": "Text",
    "aliases": ["other"],
    "class": "large",
    "replicas": 2,
    "autoscaling": {"max": 3},
    "maxSurge": 1,
    "hardwareProfile": {"name": "small"},
    "queue": "queue",
    "priorityClassName": "high",
    "nodeSelector": {"a": "b"},
    "tolerations": [{"operator": "Exists"}],
    "topologySpreadConstraints": [{"topologyKey": "zone"}],
    "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "host"}]}},
    "podDisruptionBudget": False,
    "args": ["--enforce-eager"],
    "env": {"A": "b"},
    "envValueFrom": {"B": {"secretKeyRef": {"name": "a", "key": "b"}}},
    "shmSize": "512Mi",
    "startupTimeout": 900,
    "imagePullSecrets": [{"name": "quay"}],
    "serviceAccountName": "server",
    "expose": True,
    "host": "embed.example.com",
    "auth": True,
    "timeout": 60,
    "labels": {"a.b/c": "d"},
    "annotations": {"a.b/c": "d"},
    "files": {"include": ["*"]},
    "stopped": True,
    "namespace": "elsewhere",
    "deployTo": ["dev"],
}


def minimal(defaults: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any]:
    """The minimal catalog for a target with every feature, and more."""
    data: dict[str, Any] = yaml.safe_load(MINIMAL)
    data["platform"]["target"] = "3.5"
    data["classes"] = {"large": {"replicas": 5}}
    data["defaults"] |= defaults
    data["models"][0] |= model
    return data


def test_null_removes_what_lies_below() -> None:
    """A null in a model or an override removes the setting."""
    plain = compiled(minimal({}, {}))
    for field, value in SETTING.items():
        assert compiled(minimal({field: value}, {field: None})) == plain, field
        if field != "deployTo":
            removed = compiled(minimal({}, {field: value, "overrides": {"dev": {field: None}}}))
            rendered = {path: content for path, content in removed.items() if path.startswith("rendered/")}
            assert rendered.items() <= plain.items(), field
            defaulted = minimal({"overrides": {"dev": {field: value}}}, {"overrides": {"dev": {field: None}}})
            assert compiled(defaulted) == plain, field


def test_null_in_defaults_has_no_effect() -> None:
    """There is no layer below `defaults`."""
    plain = compiled(minimal({}, {}))
    for field in SETTING:
        assert compiled(minimal({field: None}, {})) == plain, field
