"""The editor's schema says what the contract says."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml
from helpers import MINIMAL, SHIPPED

from generator.catalog.contract import json_schema as editor

SCHEMA = json.loads(editor.json_schema())


def _errors(catalog: str) -> list[Any]:
    return list(jsonschema.Draft7Validator(SCHEMA).iter_errors(yaml.safe_load(catalog)))


def test_the_schema_is_draft_07() -> None:
    """The YAML language server reads no later draft."""
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("catalog", [MINIMAL, SHIPPED], ids=["minimal", "shipped"])
def test_good_catalogs_pass(catalog: str) -> None:
    """A catalog that compiles has no errors in the editor."""
    assert not _errors(catalog)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("maxModelLen: 256", "maxModelLen: '256'"),
        ("maxModelLen: 256", "maxModelLenn: 256"),
        ("task: embedding\n    maxModelLen", "task: embeding\n    maxModelLen"),
        ("revision: 1110a243fdf4706b3f48f1d95db1a4f5529b4d41", "revision: main"),
        ('target: "3.3"', 'target: "3.1"'),
        ("dev: {namespace", "Dev: {namespace"),
        ('cpu: "2"', "cpu: 0.5"),
        ("    dimensions: 384\n", "    dimensions: 384\n    overrides: {dev: {deployTo: [dev]}}\n"),
    ],
)
def test_bad_catalogs_fail(right: str, wrong: str) -> None:
    """What breaks the contract is marked while it is typed."""
    assert right in MINIMAL
    assert _errors(MINIMAL.replace(right, wrong))


def test_null_may_remove_and_a_number_may_be_cpu() -> None:
    """The editor accepts both."""
    assert not _errors(MINIMAL + "    overrides: {dev: {description: null, resources: {cpu: 4}}}\n")


def _properties(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every field at every position of the schema."""
    if isinstance(node, dict):
        for name, child in node.items():
            if name == "properties":
                for field, schema in child.items():
                    yield f"{path}.{field}", schema
                    yield from _properties(schema, f"{path}.{field}")
            elif name not in ("examples", "default", "defaultSnippets"):
                yield from _properties(child, path)
    elif isinstance(node, list):
        for child in node:
            yield from _properties(child, path)


def _nodes(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _nodes(child)


PROPERTIES = list(_properties(SCHEMA))
FIELDS_OF_ALL = 225
WORDS = re.compile(r"Default: .+\.$|Required .+\.$")


def test_every_field_says_what_it_means_defaults_to_and_looks_like() -> None:
    """A hover has all three everywhere; a required field has no default. A mapping is shown where editors show text."""
    assert len(PROPERTIES) >= FIELDS_OF_ALL
    required = {name for node in _nodes(SCHEMA) for name in node.get("required", ())}
    for path, schema in PROPERTIES:
        assert schema["description"], path
        examples = "examples" in schema or "examples" in schema.get("anyOf", [{}])[0]
        assert examples != ("\n\nExample:\n\n```yaml\n" in schema["markdownDescription"]), path
        given = path.rpartition(".")[2] in required
        assert given or WORDS.search(schema["description"]), path


def test_examples_are_valid() -> None:
    """An editor must not offer what it then marks as an error."""
    for path, schema in PROPERTIES:
        validator = jsonschema.Draft7Validator(schema)
        for value in schema.get("examples", ()):
            assert validator.is_valid(value), (path, value)


def test_no_default_is_written_unasked() -> None:
    """With this keyword, editors complete a block with all of its defaults."""
    assert not [node for node in _nodes(SCHEMA) if "default" in node and "type" in node]


def test_a_pattern_is_explained_in_words() -> None:
    """Users never see a regular expression."""
    patterns = [node for node in _nodes(SCHEMA) if isinstance(node.get("pattern"), str)]
    assert patterns
    assert all(node["patternErrorMessage"].startswith("This must be ") for node in patterns)


def _offers_null(schema: Any) -> bool:
    """Whether an editor would put `null` into its list: by type or enum, also of an alternative."""
    types = schema.get("type", ())
    return (
        "null" in (types if isinstance(types, list) else [types])
        or None in schema.get("enum", ())
        or any(map(_offers_null, schema.get("anyOf", ())))
    )


def test_null_is_accepted_but_never_offered() -> None:
    """All that it does is to remove a lower layer's value, where there is one."""
    assert not {path for path, schema in PROPERTIES if _offers_null(schema)}
    for text in ("  description: null\n  auth: null\n  task: null\n  args: null\n", "  resources: null\n"):
        assert not _errors(MINIMAL.partition("defaults:\n")[0] + f"defaults:\n{text}models:\n  - name: a\n")


def test_whole_models_are_offered() -> None:
    """The snippets have every field that a model of their task needs."""
    snippets = SCHEMA["properties"]["models"]["defaultSnippets"]
    assert [snippet["label"] for snippet in snippets] == ["embedding model", "reranker model"]
    for snippet in snippets:
        body = re.sub(r"\$\{\d:([^}]*)\}", r"\1", json.dumps(snippet["body"])).replace("commit", "a" * 40)
        assert not _errors(
            MINIMAL.partition("models:\n")[0] + f"models:\n  - {body}".replace('"512"', "512").replace('"768"', "768")
        )
