"""The contract: written once, complete, and the same in all its forms."""

import importlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pydantic_core
import pytest
import yaml
from helpers import MINIMAL, ROOT

from generator.catalog.contract import frozen
from generator.catalog.contract.catalog import Catalog
from generator.catalog.contract.core_schema import built_schema, frozen_schema
from generator.catalog.contract.defaults import Needed
from generator.catalog.contract.fields import Described, bare, every_block, fields, outline
from generator.catalog.contract.layer import Layer
from generator.catalog.contract.outline import Block, Choice, Map, at
from generator.catalog.contract.patterns import FLAG
from generator.catalog.validate import validate
from generator.diagnostics import CatalogError
from generator.yaml import read as source

CASES = sorted(path for folder in ("errors", "golden", "lock") for path in ROOT.glob(f"tests/{folder}/*/models.yaml"))


def _fields() -> Iterator[tuple[str, Described]]:
    for block in every_block(Catalog):
        for field in fields(block):
            yield f"{block.__name__}.{field.name}", field


FIELDS = dict(_fields())


def judged(text: bytes) -> tuple[Any, Any]:
    """What a catalog resolves to, and its findings."""
    try:
        catalog, warnings = validate(source.parse(text, "models.yaml"))
    except CatalogError as error:
        return None, error.diagnostics
    return catalog, warnings


def test_what_is_made_from_the_contract_is_current(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A change of the contract needs `make contract`."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    code = importlib.import_module("contract").main(["--check"])
    assert (code, capsys.readouterr().out) == (0, "")


def test_a_frozen_schema_is_used_with_its_own_pydantic_core_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version may read it differently, so the contract is built."""
    monkeypatch.setattr(frozen, "PYDANTIC_CORE", pydantic_core.__version__)
    assert frozen_schema() is not None
    monkeypatch.setattr(frozen, "PYDANTIC_CORE", "2.0.0")
    assert frozen_schema() is None


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.parent.name}/{path.parent.name}")
def test_frozen_and_built_schema_agree(path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catalog, findings and positions are the same for both."""
    monkeypatch.setattr("generator.catalog.contract.core_schema.frozen_schema", lambda: frozen.CORE_SCHEMA)
    fast = judged(path.read_bytes())
    monkeypatch.setattr("generator.catalog.contract.core_schema.frozen_schema", lambda: BUILT)
    assert judged(path.read_bytes()) == fast


BUILT = built_schema()


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_described(name: str) -> None:
    """A field has a description, which is a sentence, and an example."""
    field = FIELDS[name]
    assert field.description.endswith(".")
    assert field.examples


def _model() -> dict[str, Any]:
    """A model with every field of every block, from the contract's examples."""
    return {"name": "minilm", **_example(Layer)}


def _example(block: Any) -> dict[str, Any]:
    return {
        field.name: _example(nested) if (nested := bare(field.hint)) and is_block(nested) else field.examples[0]
        for field in fields(block)
    }


def is_block(hint: Any) -> bool:
    """Whether a type is a TypedDict."""
    return isinstance(outline(hint), Block)


def _paths(block: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Every field of a model that holds no others, and whether the contract marks it as needed."""
    for field in fields(block):
        inner = bare(field.hint)
        if is_block(inner):
            yield from _paths(inner, (*above, field.name))
        else:
            yield (*above, field.name), field.required or isinstance(field.missing, Needed)


NEEDS = {".".join(path): (path, needed) for path, needed in _paths(Layer)}


@pytest.mark.parametrize(("path", "needed"), NEEDS.values(), ids=NEEDS)
def test_the_contract_marks_what_a_merged_model_needs(path: tuple[str, ...], *, needed: bool) -> None:
    """A model that has every other field is incomplete only without it."""
    data = yaml.safe_load(MINIMAL) | {"models": [_model()], "defaults": {}, "classes": {"large": {}}}
    block = data["models"][0]
    for name in path[:-1]:
        block = block[name]
    del block[path[-1]]
    _, found = judged(json.dumps(data).encode())
    expected = [f"model 'minilm': needs {'.'.join(path)}"] if needed else []
    assert [finding.message for finding in found if finding.code == "missing-field"] == expected


@pytest.mark.parametrize(
    ("argument", "fits"),
    [
        ("--enforce-eager", True),
        ("--max_num_seqs=64", True),
        ('--hf-overrides={"a": "b c"}', True),
        ("--compilation-config.level=3", True),
        ("--override-generation-config.stop+=x", True),
        ("--chat-template={% if a %}\nb\n{% endif %}", True),
        ("--max-num-seqs=", True),
        ("--max-num-seqs 64", False),
        ("--max-num-seqs =64", False),
        ("-tp=2", False),
        ("64", False),
        ("--", False),
        ("--=64", False),
    ],
)
def test_an_argument_is_one_flag_with_its_value(argument: str, *, fits: bool) -> None:
    """The pattern takes what vLLM's parser takes from one list item, spelt in full."""
    text = MINIMAL + f"    args: [{json.dumps(argument)}]\n"
    _, found = judged(text.encode())
    shape = {"invalid-argument", "unknown-flag"} & {finding.code for finding in found}
    assert bool(re.search(FLAG, argument)) == fits
    assert fits or shape


def test_the_outline_follows_the_contract() -> None:
    """Keys, choices, maps and lists are found along any path into the data."""
    whole = outline(Catalog)
    assert isinstance(whole, Block)
    assert at(whole, ("models", 0, "task")) == Choice(("embedding", "reranker"))
    assert isinstance(at(whole, ("models", 0, "overrides")), Map)
    assert isinstance(at(whole, ("defaults", "overrides", "prod", "resources")), Block)
    assert at(whole, ("models", 0, "nothing", "here")) is None


ENVIRONMENT = "  dev: {namespace: team-dev}\n"
KEYS = {
    "a field of a block": ("existing: s3", "existing: s3, '[key]': 1", "unknown-field"),
    "a field of an entry": ("namespace: team-dev", "namespace: team-dev, '[key]': 1", "unknown-field"),
    "the key of an entry": ("  dev: {", "  '[key]': {", "invalid-name"),
    "an entry that is no block": (ENVIRONMENT, f"{ENVIRONMENT}  '[key]': 1\n", "wrong-type"),
    "a key of a map": ("maxModelLen: 256", "maxModelLen: 256\n    labels: {'[key]': x}", "invalid-label"),
    "a value of a map": ("maxModelLen: 256", "maxModelLen: 256\n    labels: {a/b: x, '[key]': 1}", "wrong-type"),
}


@pytest.mark.parametrize("case", KEYS)
def test_a_key_may_look_like_pydantics_marker_for_keys(case: str) -> None:
    """A finding about a user's key "[key]" is reported at that key, or at its value."""
    before, after, code = KEYS[case]
    text = MINIMAL.replace(before, after)
    _, found = judged(text.encode())
    [(number, line)] = [(number, line) for number, line in enumerate(text.splitlines(), 1) if "[key]" in line]
    places = {finding.code: line[finding.position.column - 1 :] for finding in found if finding.position.line == number}
    assert places[code].startswith("1" if code == "wrong-type" else "'[key]'")
