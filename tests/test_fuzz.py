"""Whatever models.yaml holds, there is a tree or there are findings that can be printed. `make fuzz` tries longer."""

import json
from xml.etree import ElementTree as ET

import click
import yaml
from hypothesis import HealthCheck, example, given, settings
from mutations import mutated_bytes

from generator import pages
from generator.catalog.validate import validate
from generator.compiler import compile_catalog
from generator.diagnostics import CatalogError, Diagnostic
from generator.display import visible
from generator.report import findings
from generator.yaml import read

_patient = settings(suppress_health_check=list(HealthCheck))


@_patient
@given(mutated_bytes())
@example(b'"[key]": 1')
@example(b"\xef\xbb\xbfa: \xff")
def test_any_catalog_is_judged(raw: bytes) -> None:
    """A damaged catalog compiles to YAML, or has findings that lie in its text and can be printed."""
    try:
        catalog, found = validate(read.parse(raw, "models.yaml"))
    except CatalogError as error:
        catalog, found = None, error.diagnostics
    assert catalog or found
    for finding in found:
        _inside(finding, raw)
    _printable(found)
    if catalog:
        for path, content in {**compile_catalog(catalog).tree, **pages.pages(catalog)}.items():
            assert not path.startswith(("/", "../")), path
            if path.endswith(".yaml"):
                assert isinstance(yaml.load(content, Loader=yaml.CSafeLoader), dict), path


def _inside(finding: Diagnostic, raw: bytes) -> None:
    """The finding points into the text, or right behind one of its lines."""
    lines = raw.decode("utf-8-sig", "replace").split("\n")
    line, column = finding.position
    assert 1 <= line <= len(lines), finding
    assert 1 <= column <= len(lines[line - 1]) + 1, finding


def _printable(found: tuple[Diagnostic, ...]) -> None:
    """Every format can be read again, and no line does more than say something."""
    for form in findings.FORMATS:
        lines = click.unstyle(findings.diagnostics(found, form)).split("\n")
        assert [visible(line) for line in lines] == lines
    assert len(json.loads(findings.diagnostics(found, "json"))) == len(found)
    assert len(json.loads(findings.diagnostics(found, "sarif"))["runs"][0]["results"]) == len(found)
    assert ET.fromstring(findings.diagnostics(found, "junit")).tag == "testsuite"
    told = [finding for finding in found if finding.accepted is None]
    assert len(findings.diagnostics(found, "github").splitlines()) == len(told)
