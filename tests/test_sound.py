"""One mistake does not hide the next: every rule runs whose inputs are sound, and none where they are not."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
from helpers import MINIMAL, project, run
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import catalog_text, catalogs

from generator.catalog.validate import validate
from generator.diagnostics import CatalogError, Diagnostic
from generator.yaml.read import parse

MODEL: Final = MINIMAL.partition("models:\n")[2]
BROKEN: Final = {
    "version": ("version: 1", "version: 7"),
    "a field of platform": ('{target: "3.3"}', '{target: "3.3", dashboard: x}'),
    "the target": ('{target: "3.3"}', '{target: "9.9"}'),
    "platform": ('platform: {target: "3.3"}', "platform: x"),
    "no platform": ('platform: {target: "3.3"}\n', ""),
    "a root key": ("version: 1\n", "version: 1\nextra: x\n"),
    "a runtime": ("    displayName: vLLM Embedding Runtime\n", ""),
    "a runtime's task": ("    task: embedding\n    image", "    task: vision\n    image"),
    "a runtime's name": ("  vllm-embedding:", "  vLLM:"),
    "runtimes": ("runtimes:\n", "runtimes: {}\nold:\n"),
    "a connection": ("    bucket: models-bucket\n", ""),
    "an environment": ("{namespace: team-dev}", "{namespace: Team}"),
    "environments": ("environments:\n  dev: {namespace: team-dev}\n", ""),
    "defaults": ("defaults:\n", "defaults:\n  replicas: none\n"),
    "a key of defaults": ("defaults:\n", "defaults:\n  replica: 1\n"),
    "another model": ("models:\n", "models:\n  - name: Other\n"),
    "the model itself": ("    dimensions: 384\n", "    dimensions: many\n"),
}


def findings(text: str) -> tuple[Diagnostic, ...]:
    """Everything that is found in a catalog."""
    try:
        return validate(parse(text.encode(), "models.yaml"))[1]
    except CatalogError as error:
        return error.diagnostics


def codes(text: str) -> list[str]:
    """The codes of what is found, in file order."""
    return [item.code for item in findings(text)]


def broken(kind: str, text: str = MINIMAL) -> str:
    """The catalog with one thing in it that breaks the contract."""
    before, after = BROKEN[kind]
    assert text.count(before) == 1
    return text.replace(before, after)


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_contract_is_all_that_is_found(kind: str) -> None:
    """What refers to something that was set aside refers to something; and nothing is missing that is there."""
    assert len(codes(broken(kind))) == (2 if kind == "runtimes" else 1)


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_contract_hides_no_unknown_name(kind: str) -> None:
    """Names can be judged wherever there is a list of them."""
    text = broken(kind) + "    connection: s4\n    deployTo: [prod]\n    runtime: vllm\n"
    found = codes(text)
    assert "unknown-connection" in found
    assert ("unknown-environment" in found) == (kind != "environments")
    assert ("unknown-runtime" in found) == (kind != "runtimes")


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_contract_hides_no_unknown_name_in_an_override(kind: str) -> None:
    """Of the model, and of the defaults."""
    text = broken(kind) + "    overrides: {dev: {connection: s4}, prod: {replicas: 2}}\n"
    found = codes(text)
    assert ("unknown-environment" in found) == (kind != "environments")
    assert ("unknown-connection" in found) == (kind not in ("an environment", "environments"))


@pytest.mark.parametrize("kind", [kind for kind in BROKEN if kind not in ("defaults", "a key of defaults")])
def test_an_unknown_name_in_defaults_is_reported_once(kind: str) -> None:
    """However many models inherit it, set aside or not."""
    text = broken(kind).replace("defaults:\n", "defaults:\n  connection: s4\n") + MODEL.replace("minilm", "other")
    if kind != "the model itself":
        assert codes(text).count("unknown-connection") == 1


@pytest.mark.parametrize("kind", ["version", "a field of platform", "a root key", "a connection", "another model"])
def test_a_broken_contract_elsewhere_hides_no_rule(kind: str) -> None:
    """Rules about models, runtimes and connections whose own part is sound."""
    text = broken(kind, MINIMAL + "    args: [--modle=x]\n" + MODEL.replace("minilm", "vllm"))
    assert {"unknown-flag", "reserved-name"} <= set(codes(text))


@pytest.mark.parametrize("kind", BROKEN)
def test_a_name_that_is_taken_is_found(kind: str) -> None:
    """The names of the models are known whatever else is not."""
    if kind != "the model itself":
        assert "duplicate-name" in codes(broken(kind) + MODEL)


def test_without_a_target_rules_that_need_none_run() -> None:
    """A runtime that says its version can be judged without the target's."""
    text = broken("the target", MINIMAL + "    args: [--modle=x]\n")
    assert codes(text) == ["invalid-value"]
    versioned = text.replace(
        "    task: embedding\n    image", '    task: embedding\n    vllmVersion: "0.6.0"\n    image'
    )
    assert codes(versioned) == ["invalid-value", "vllm-too-old", "unknown-flag"]


def test_what_was_set_aside_is_used() -> None:
    """Nothing is called unused while not everything is known."""
    connection = MINIMAL.partition("connections:\n")[2].partition("environments:")[0].replace("  s3:", "  s4:")
    text = MINIMAL.replace(
        "environments:\n", f"{connection.replace('secret: {existing: s3}', 'prefix: b')}environments:\n"
    )
    assert codes(text + "    connection: s3\n") == ["missing-field"]


def test_errors_of_every_kind_come_in_one_run(tmp_path: Path) -> None:
    """What is wrong in `platform` and in a model is one push, not two."""
    ran = run("generate", root=project(tmp_path, broken("a field of platform") + "    connection: s4\n"))
    assert re.findall(r"\[([a-z-]+)\]$", ran.stderr, re.MULTILINE) == ["unknown-field", "unknown-connection"]


_junk = st.sampled_from([None, 7, True, "", "Not A Name", [], {}, [1], {"x": 1}, "a", ["a"], {"a": {"b": None}}])


@st.composite
def _mutants(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A catalog that compiles, and the same with something else in one place outside its models."""
    data = draw(catalogs())
    group = draw(st.sampled_from([key for key in data if key != "models"]))
    if isinstance(data[group], dict) and data[group] and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(data[group])))
        entry = data[group][name]
        if isinstance(entry, dict) and entry and draw(st.booleans()):
            field = draw(st.sampled_from(sorted(entry)))
            return data, {**data, group: {**data[group], name: {**entry, field: draw(_junk)}}}
        return data, {**data, group: {**data[group], name: draw(_junk)}}
    return data, {**data, group: draw(_junk)}


@settings(deadline=None, max_examples=150)
@given(_mutants())
def test_what_is_found_in_the_sound_part_is_true(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """A model that was sound names nothing unknown because something else is broken."""
    before, after = pair
    found = findings(catalog_text(after))
    names = {group: set(after[group]) for group in ("runtimes", "connections") if isinstance(after[group], dict)}
    same = all(names.get(group) == set(before[group]) for group in ("runtimes", "connections"))
    lines = catalog_text(after).split("\n")
    models_at = next(number for number, line in enumerate(lines, 1) if line.startswith(' "models"'))
    if same and isinstance(after["environments"], dict) and set(after["environments"]) == set(before["environments"]):
        wrong = [item for item in found if item.position.line > models_at and item.severity == "error"]
        broken_elsewhere = any(item.position.line < models_at and item.severity == "error" for item in found)
        assert not (wrong and broken_elsewhere and after.get("defaults") == before["defaults"]), wrong
