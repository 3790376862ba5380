"""The editor's schema says what the contract says."""

import json
from typing import Any

import jsonschema
import pytest
import yaml
from helpers import MINIMAL, SHIPPED

from generator.catalog import json_schema as editor

SCHEMA = json.loads(editor.json_schema())


def _errors(catalog: str) -> list[Any]:
    return list(jsonschema.Draft7Validator(SCHEMA).iter_errors(yaml.safe_load(catalog)))


def test_the_schema_is_draft_07() -> None:
    """The YAML language server reads no later draft."""
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("catalog", [MINIMAL, SHIPPED], ids=["minimal", "shipped"])
def test_good_catalogs_pass(catalog: str) -> None:
    """What compiles has no error in the editor."""
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
    """The two conveniences of the contract are known to the editor."""
    assert not _errors(MINIMAL + "    overrides: {dev: {description: null, resources: {cpu: 4}}}\n")
