"""Text as written, read back by every parser between Git and the cluster."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from fakes import LONG_S
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from manifests import built
from ruamel.yaml import YAML
from strategies import NASTY, allowed, texts

from generator.yaml.write import dump

TEXTS = tuple(text for text in NASTY if allowed(text))
VALUES = {f"value-{number:03d}": text for number, text in enumerate(TEXTS)}
KEYS = {text: "value" for text in TEXTS if text != "<<"}  # to kustomize, quoted or not, a merge
OBJECT = {"apiVersion": "example.com/v1", "kind": "Text", "metadata": {"name": "text"}, "values": VALUES, "keys": KEYS}
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [text.yaml]\n"
Tool = Callable[[str], Path]


@pytest.mark.parametrize("name", ["CSafeLoader", "SafeLoader"])
def test_pyyaml_reads_strings_back(name: str) -> None:
    """PyYAML, with libyaml and without, reads every string back."""
    assert yaml.load(dump(OBJECT), Loader=getattr(yaml, name)) == OBJECT  # noqa: S506 - both are safe


def test_ruamel_reads_strings_back() -> None:
    """ruamel.yaml, which follows YAML 1.2, reads every string back."""
    assert YAML(typ="safe", pure=True).load(dump(OBJECT)) == OBJECT


@pytest.mark.tool
def test_kustomize_reads_strings_back(tool: Tool, tmp_path: Path) -> None:
    """Go's parser in kustomize reads every string back, as a value and as a key."""
    assert _through_kustomize(tool("kustomize"), tmp_path, OBJECT) == OBJECT


@pytest.mark.tool
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=st.lists(texts(least=0), max_size=50))
def test_all_parsers_read_any_text_alike(tool: Tool, tmp_path: Path, values: list[str]) -> None:
    """Each of the three reads back any text that a catalog may contain."""
    obj = OBJECT | {"values": values}
    assert yaml.load(dump(obj), Loader=yaml.CSafeLoader) == obj
    assert YAML(typ="safe", pure=True).load(dump(obj)) == obj
    assert _through_kustomize(tool("kustomize"), tmp_path, obj) == obj


@pytest.mark.tool
def test_kubectl_reads_strings_back(tool: Tool, tmp_path: Path) -> None:
    """The parser of kubectl and Argo CD, in kubeconform, reads every string back: the schema lists each."""
    manifest, schema = tmp_path / "text.yaml", tmp_path / "text.json"
    manifest.write_text(dump(OBJECT), "utf-8")
    expected = {
        "values": {"properties": {key: {"const": text} for key, text in VALUES.items()}, "required": list(VALUES)},
        "keys": {"required": list(KEYS), "maxProperties": len(KEYS)},
    }
    schema.write_text(json.dumps({"properties": expected}), "utf-8")
    options = ["-strict", "-output", "json", "-verbose", "-schema-location", str(schema)]
    done = subprocess.run([tool("kubeconform"), *options, manifest], capture_output=True, check=False, timeout=LONG_S)
    findings = json.loads(done.stdout)["resources"]
    assert [finding["status"] for finding in findings] == ["statusValid"], findings


@pytest.mark.parametrize("text", ["-_1", "-__0"])
def test_underscores_do_not_make_a_number(text: str) -> None:
    """Some parsers ignore underscores between a sign and digits."""
    assert YAML(typ="safe", pure=True).load(dump({"value": text, text: "key"})) == {"value": text, text: "key"}


def _through_kustomize(kustomize: Path, folder: Path, obj: Mapping[str, Any]) -> Mapping[str, Any]:
    (folder / "kustomization.yaml").write_text(KUSTOMIZATION, "utf-8")
    (folder / "text.yaml").write_text(dump(obj), "utf-8")
    (read,) = built(kustomize, folder).values()
    return read
