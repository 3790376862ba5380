"""Which layer's word counts, and where a finding about it points."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from helpers import MINIMAL
from strategies import catalog_text

from generator.catalog.model import Catalog, ServedModel
from generator.catalog.validate import validate
from generator.diagnostics import CatalogError, Diagnostic
from generator.yaml import read as source

Layer = Mapping[str, Any]


def text(defaults: Layer, model: Layer) -> str:
    """The minimal catalog with these layers, for two environments."""
    data: dict[str, Any] = yaml.safe_load(MINIMAL)
    data["environments"]["prod"] = {"namespace": "team-prod"}
    data["defaults"] |= defaults
    data["models"][0] |= model
    return catalog_text(data)


def catalog(defaults: Layer, model: Layer) -> Catalog:
    """What the layers resolve to."""
    return validate(source.parse(text(defaults, model).encode(), "models.yaml"))[0]


def served(defaults: Layer, model: Layer) -> dict[str | None, ServedModel]:
    """The model's neutral form, and those of its environments."""
    return {form.environment: form for form in catalog(defaults, model).forms()}


def refused(defaults: Layer, model: Layer) -> Diagnostic:
    """The one finding about the layers."""
    with pytest.raises(CatalogError) as error:
        catalog(defaults, model)
    [found] = error.value.diagnostics
    return found


def test_what_an_entry_says_beats_all_that_defaults_say() -> None:
    """Who reads `expose: false` in an entry does not look for a preset that says otherwise."""
    preset = {"overrides": {"prod": {"expose": True, "auth": True, "resources": {"memory": "16Gi", "cpu": "4"}}}}
    own = served(preset, {"expose": False, "auth": False, "resources": {"memory": "12Gi"}})["prod"]
    assert (own.exposed, own.auth, own.memory, own.cpu) == (False, False, "12Gi", "4")


def test_an_entry_may_still_say_something_else_for_one_environment() -> None:
    """From the weakest: defaults, their overrides, the entry, its overrides."""
    layers = {"overrides": {"prod": {"replicas": 2}}, "replicas": 1}, {"overrides": {"prod": {"replicas": 4}}}
    assert [form.replicas for form in served(*layers).values()] == [1, 1, 4]
    assert [form.replicas for form in served(layers[0], {**layers[1], "replicas": 3}).values()] == [3, 3, 4]
    assert [form.replicas for form in served(layers[0], {"replicas": 3}).values()] == [3, 3, 3]
    assert [form.replicas for form in served(layers[0], {}).values()] == [1, 1, 2]
    assert [form.replicas for form in served(layers[0], {"replicas": None}).values()] == [1, 1, 1]


@pytest.mark.parametrize("layer", ["defaults", "model"])
def test_empty_overrides_are_refused(layer: str) -> None:
    """`overrides:` with its last line commented out would otherwise remove what protects every model in prod."""
    preset = {"overrides": {"prod": {"auth": True}}}
    found = refused({"overrides": None}, {}) if layer == "defaults" else refused(preset, {"overrides": None})
    assert (found.code, found.message.partition(": ")[2]) == ("wrong-type", "overrides must be a mapping, not empty")


def test_extra_lists_add_and_plain_lists_replace() -> None:
    """One more flag in prod does not drop the one without which the model does not load."""
    trust, eager, few, many = "--trust-remote-code", "--enforce-eager", "--max-num-seqs=8", "--max-num-seqs=64"
    preset = {"args": [eager], "overrides": {"prod": {"extraArgs": [many]}}}
    assert [form.args for form in served(preset, {"extraArgs": [trust]}).values()] == [
        (eager, trust),
        (eager, trust),
        (eager, many, trust),
    ]
    override = {"overrides": {"prod": {"args": [few], "extraArgs": [many]}}}
    assert [form.args for form in served({"extraArgs": [eager]}, {"args": [trust], **override}).values()] == [
        (trust,),
        (trust,),
        (few, many),
    ]
    assert served({"args": [eager]}, {"args": None, "extraArgs": [trust]})[None].args == (trust,)


def test_extra_tolerations_add() -> None:
    """Taints of one environment's nodes come on top."""
    one, two = {"key": "one", "operator": "Exists"}, {"key": "two", "operator": "Exists"}
    forms = served({"tolerations": [one]}, {"overrides": {"prod": {"extraTolerations": [two]}}})
    assert [form.tolerations for form in forms.values()] == [(one,), (one,), (one, two)]


def test_a_finding_about_an_item_points_to_the_layer_that_wrote_it() -> None:
    """An item's place in the merged list is not its place in the text."""
    preset = {"args": ["--enforce-eager"], "overrides": {"prod": {"extraArgs": ["--dtype=auto"]}}}
    model = {"extraArgs": ["--max-num-seqs=8", "--no-such-flag=1"]}
    found = refused(preset, model)
    assert found.code == "unknown-flag"
    assert found.source_line is not None
    assert found.source_line.strip() == '"--no-such-flag=1"'
    tolerant = {"tolerations": [{"operator": "Exists"}], "extraTolerations": [{"operator": "Exists", "value": "x"}]}
    found = refused({}, {"overrides": {"prod": tolerant}})
    assert found.code == "invalid-toleration"
    lines = text({}, {"overrides": {"prod": tolerant}}).splitlines()
    assert '"extraTolerations"' in lines[found.position.line - 2]


def test_a_credential_among_extra_arguments_is_refused() -> None:
    """They are arguments like any others."""
    assert refused({}, {"extraArgs": ["--api-key=not-a-real-key"]}).code == "credential-in-catalog"


def test_an_override_of_defaults_that_removes_what_is_needed_is_named() -> None:
    """The entry did nothing wrong."""
    found = refused({"overrides": {"prod": {"resources": {"cpu": None}}}}, {"resources": {"gpu": 1}})
    assert (found.code, found.message) == ("missing-field", "defaults: needs resources.cpu in prod")


def test_a_finding_about_a_list_that_replaces_another_points_into_it() -> None:
    """What it replaces has the same places, and nothing to do with it."""
    found = refused({"args": ["--enforce-eager", "--dtype=auto"]}, {"args": ["--no-such-flag=1"]})
    assert found.source_line is not None
    assert (found.code, found.source_line.strip()) == ("unknown-flag", '"--no-such-flag=1"')


WITHOUT_CPU: Layer = {"resources": {"cpu": None}}


@pytest.mark.parametrize(
    ("preset", "override", "subject", "section"),
    [
        (WITHOUT_CPU, None, "defaults", 0),
        (WITHOUT_CPU, {"replicas": 2}, "defaults", 0),
        ({"replicas": 2}, WITHOUT_CPU, "model 'minilm'", 1),
        (None, WITHOUT_CPU, "model 'minilm'", 1),
        (WITHOUT_CPU, WITHOUT_CPU, "model 'minilm'", 1),
    ],
)
def test_the_override_that_took_something_away_is_to_blame(
    preset: Layer | None, override: Layer | None, subject: str, section: int
) -> None:
    """The strongest one that says anything about the field, not the strongest one."""
    defaults, model = ({"overrides": {"prod": layer}} if layer else {} for layer in (preset, override))
    found = refused(defaults, model)
    assert (found.code, found.message) == ("missing-field", f"{subject}: needs resources.cpu in prod")
    lines = text(defaults, model).splitlines()
    overrides = [number for number, line in enumerate(lines, 1) if line.strip().startswith('"overrides"')]
    nearest = max(number for number in overrides if number <= found.position.line)
    assert overrides.index(nearest) == section * (preset is not None)


@pytest.mark.parametrize(
    ("below", "own", "needed"),
    [
        ({"hardwareProfile": {"namespace": "profiles"}}, {}, "hardwareProfile.name"),
        ({"hardwareProfile": {"name": "l40s"}}, {"hardwareProfile": {"name": None}}, "hardwareProfile.name"),
        ({"autoscaling": {"min": 1}}, {"replicas": None}, "autoscaling.max"),
        ({}, {"source": {"repo": "a/b"}}, "source.revision"),
        ({}, {"source": {"revision": "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"}}, "source.repo"),
        ({}, {"resources": {"memory": None}}, "resources.memory"),
        ({}, {"task": None}, "task"),
        ({}, {"maxModelLen": None}, "maxModelLen"),
        ({}, {"dimensions": None}, "dimensions"),
    ],
)
def test_what_a_model_needs_may_be_in_any_layer_but_must_be_in_one(below: Layer, own: Layer, needed: str) -> None:
    """Parts of a block come from several layers, so only the whole shows what is missing."""
    found = refused(below, own)
    assert (found.code, found.message) == ("missing-field", f"model 'minilm': needs {needed}")


def test_a_block_may_be_removed_whole() -> None:
    """What is needed inside it is then not needed."""
    model = served({"hardwareProfile": {"name": "l40s"}}, {"hardwareProfile": None})["prod"]
    assert model.hardware_profile is None


LARGE: Layer = {"resources": {"memory": "16Gi", "cpu": "4"}, "replicas": 3, "extraArgs": ["--dtype=auto"]}


def with_classes(defaults: Layer, model: Layer, **classes: Layer) -> str:
    """The catalog of these layers, and these classes."""
    return catalog_text({**yaml.safe_load(text(defaults, model)), "classes": classes})


def classed(defaults: Layer, model: Layer, **classes: Layer) -> list[ServedModel]:
    """The forms of the model with these classes."""
    source_text = with_classes(defaults, model, **classes)
    return list(validate(source.parse(source_text.encode(), "models.yaml"))[0].forms())


def test_a_class_is_over_defaults_and_under_the_entry() -> None:
    """Wherever it is chosen, what the entry says counts more, and what `defaults` say counts less."""
    defaults = {"replicas": 1, "overrides": {"prod": {"replicas": 2, "maxSurge": 2}}}
    for chosen in ({}, {"overrides": {"dev": {"class": "large"}, "prod": {"class": "large"}}}):
        own = {"resources": {"cpu": "8"}, **({} if chosen else {"class": "large"}), **chosen}
        _, dev, prod = classed(defaults, own, large=LARGE)
        assert [(form.replicas, form.max_surge, form.cpu, form.memory) for form in (dev, prod)] == [
            (3, 0, "8", "16Gi"),
            (3, 2, "8", "16Gi"),
        ]


@pytest.mark.parametrize(
    ("defaults", "model", "replicas"),
    [
        ({}, {}, [1, 1, 1]),
        ({"class": "large"}, {}, [3, 3, 3]),
        ({"class": "large"}, {"class": "small"}, [2, 2, 2]),
        ({"class": "large"}, {"class": None}, [1, 1, 1]),
        ({"overrides": {"prod": {"class": "large"}}}, {}, [1, 1, 3]),
        ({"overrides": {"prod": {"class": "large"}}}, {"class": "small"}, [2, 2, 2]),
        ({"class": "large", "overrides": {"prod": {"class": None}}}, {}, [3, 3, 1]),
        ({"class": "large"}, {"overrides": {"prod": {"class": "small"}}}, [3, 3, 2]),
        ({"class": "large"}, {"overrides": {"prod": {"class": None}}}, [3, 3, 1]),
    ],
)
def test_the_strongest_layer_that_names_a_class_chooses_it(defaults: Layer, model: Layer, replicas: list[int]) -> None:
    """As with any other field; null chooses none."""
    forms = classed(defaults, model, large=LARGE, small={"replicas": 2})
    assert [form.replicas for form in forms] == replicas


def test_a_class_adds_to_lists_between_defaults_and_the_entry() -> None:
    """In the order of the layers."""
    forms = classed({"args": ["--enforce-eager"]}, {"class": "large", "extraArgs": ["--max-num-seqs=8"]}, large=LARGE)
    assert forms[0].args == ("--enforce-eager", "--dtype=auto", "--max-num-seqs=8")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"extraArgs": ["--no-such-flag=1"]}, "unknown-flag"),
        ({"runtime": "triton"}, "unknown-runtime"),
        ({"resources": {"cpu": "2000"}}, "out-of-range"),
        ({"replicas": "two"}, "wrong-type"),
        ({"replica": 2}, "unknown-field"),
        ({"class": "small"}, "unknown-field"),
        ({"overrides": {}}, "unknown-field"),
    ],
)
def test_what_is_wrong_with_a_class_is_reported_once_and_in_the_class(wrong: Layer, code: str) -> None:
    """However many environments and models choose it."""
    lines = with_classes({"class": "large"}, {"maxSurge": 1}, large=wrong)
    with pytest.raises(CatalogError) as error:
        validate(source.parse(lines.encode(), "models.yaml"))
    [found] = error.value.diagnostics
    assert found.code == code
    assert found.position.line > lines[: lines.index('"classes"')].count("\n")


def test_a_model_of_a_broken_class_lacks_nothing() -> None:
    """What the class would give is not missed, and what else is wrong with the model is said."""
    lines = with_classes(
        {"resources": None}, {"class": "large", "connection": "s4"}, large={"resources": LARGE["replicas"]}
    )
    with pytest.raises(CatalogError) as error:
        validate(source.parse(lines.encode(), "models.yaml"))
    assert [found.code for found in error.value.diagnostics] == ["unknown-connection", "wrong-type"]
