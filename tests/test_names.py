"""The editors' schema with a catalog's own names: what it allows, and how it is kept current."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from helpers import MINIMAL, ROOT, files, project, run

TOKEN = "AKIA" + "IOSFODNN7EXAMPLE"
NAMING = f"""{MINIMAL}    runtime: vllm-embedding
    class: large
    connection: s3
    deployTo: [dev]
    overrides: {{dev: {{runtime: vllm-embedding}}}}
classes:
  large: {{maxSurge: 1}}
"""
"""A catalog that uses each kind of name, in a model and in an override."""


def _printed(root: Path) -> Any:
    ran = run("schema", "--with-names", root=root)
    assert (ran.code, ran.stderr) == (0, "")
    return json.loads(ran.stdout)


def _errors(schema: Any, catalog: str) -> list[str]:
    return [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(yaml.safe_load(catalog))]


def with_file(folder: Path, catalog: str = NAMING) -> Path:
    """A compiled project that has the schema with names."""
    root = project(folder, catalog)
    (root / "schemas").mkdir()
    (root / "schemas/models.schema.json").write_text(run("schema", "--with-names", root=root).stdout, "utf-8")
    assert run("generate", root=root).code == 0
    return root


def test_only_the_names_of_the_catalog_are_allowed(tmp_path: Path) -> None:
    """Wherever a model, `defaults` or an override names something."""
    schema = _printed(project(tmp_path, NAMING))
    jsonschema.Draft7Validator.check_schema(schema)
    assert not _errors(schema, NAMING)
    for right, wrong in (
        ("runtime: vllm-embedding\n", "runtime: vllm-embeding\n"),
        ("connection: s3\n", "connection: s4\n"),
        ("class: large\n", "class: lage\n"),
        ("deployTo: [dev]", "deployTo: [prod]"),
        ("overrides: {dev:", "overrides: {prod:"),
        ("{dev: {runtime: vllm-embedding}}", "{dev: {runtime: other}}"),
        ("defaults:\n", "defaults:\n  connection: s4\n"),
    ):
        assert right in NAMING
        assert _errors(schema, NAMING.replace(right, wrong)), wrong


def test_names_come_with_what_they_are_called(tmp_path: Path) -> None:
    """What an editor shows beside each, and what it says of any other."""
    model = _printed(project(tmp_path, NAMING))["properties"]["models"]["items"]["properties"]
    names = model["runtime"]["anyOf"][0]
    assert (names["enum"], names["enumDescriptions"]) == (["vllm-embedding"], ["vLLM Embedding Runtime"])
    assert names["errorMessage"] == "This must be one of vllm-embedding; `generate` updates this list."
    keys = model["overrides"]["propertyNames"]
    assert (keys["enum"], keys["enumDescriptions"]) == (["dev"], ["team-dev"])
    assert "doNotSuggest" not in keys


@pytest.mark.parametrize("broken", ["runtimes: []", "runtimes: {}", "runtimes: 3", "{}", "[]", "x"])
def test_a_broken_catalog_has_the_names_that_it_has(broken: str, tmp_path: Path) -> None:
    """People complete names while the rest is not valid yet; what cannot be read leaves any name allowed."""
    schema = _printed(project(tmp_path, f"{broken}\n"))
    assert "enum" not in schema["properties"]["models"]["items"]["properties"]["runtime"]["anyOf"][0]


def test_hostile_names_stay_inert(tmp_path: Path) -> None:
    """No quote ends a string, no control reaches an editor, and no credential is copied."""
    entry = f'{{displayName: "\\e[31m\\"}} {TOKEN}", namespace: x}}'
    name = 'a"}, \\"x\\": {\u202e'
    root = project(tmp_path, f"environments:\n  {json.dumps(name)}: {entry}\n  {'b' * 300}: {entry}\n")
    keys = _printed(root)["properties"]["defaults"]["properties"]["overrides"]["propertyNames"]
    assert keys["enum"] == [name.replace("\u202e", "\N{REPLACEMENT CHARACTER}")]
    assert TOKEN not in keys["enumDescriptions"][0]
    assert "\x1b" not in keys["enumDescriptions"][0]


def test_generate_keeps_the_file_current(tmp_path: Path) -> None:
    """It is a generated file like any other: reported when it is stale, then written."""
    root = with_file(tmp_path)
    assert (root / "schemas/models.schema.json").read_text("utf-8") == run("schema", "--with-names", root=root).stdout
    project(tmp_path, NAMING.replace("s3", "bucket-of-models"))
    stale = run("generate", "--check", root=root)
    assert stale.code == 1
    assert "schemas/models.schema.json:1:1: error: differs from what models.yaml compiles to" in stale.stderr
    assert run("generate", root=root).code == 0
    assert '"bucket-of-models"' in (root / "schemas/models.schema.json").read_text("utf-8")
    assert run("generate", "--check", root=root).code == 0


def test_generate_leaves_any_other_file_alone(tmp_path: Path) -> None:
    """The schema without names, or one's own; and it writes none where there is none."""
    root = project(tmp_path / "none")
    assert run("generate", root=root).code == 0
    assert "schemas/models.schema.json" not in files(root)
    root = project(tmp_path / "plain")
    (root / "schemas").mkdir()
    plain = run("schema", root=root).stdout
    (root / "schemas/models.schema.json").write_text(plain, "utf-8")
    assert run("generate", root=root).code == 0
    assert (root / "schemas/models.schema.json").read_text("utf-8") == plain


def test_the_shipped_catalog_has_its_names() -> None:
    """Its own editors offer them."""
    assert (ROOT / "schemas/models.schema.json").read_text("utf-8") == run("schema", "--with-names", root=ROOT).stdout
