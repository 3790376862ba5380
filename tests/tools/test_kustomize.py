"""The invariant of rendered/: for each overlay, kustomize builds exactly the objects that are there."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from helpers import CASES, MINIMAL, ROOT, compiled_case, project, run
from hypothesis import HealthCheck, given, settings
from manifests import BuildError, assert_overlays_lead_to_rendered, built
from strategies import catalog_text, catalogs

pytestmark = pytest.mark.tool

Tool = Callable[[str], Path]


@pytest.mark.parametrize("case", CASES)
def test_the_overlays_of_a_golden_case_build_what_is_rendered(tool: Tool, case: str, tmp_path: Path) -> None:
    """Every overlay of the whole tree builds its rendered objects."""
    assert_overlays_lead_to_rendered(tool("kustomize"), compiled_case(case, tmp_path))


def test_the_shipped_overlays_build_what_is_rendered(tool: Tool) -> None:
    """Every overlay that is committed builds the rendered objects beside it."""
    assert_overlays_lead_to_rendered(tool("kustomize"), ROOT)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(catalogs())
def test_the_overlays_of_any_catalog_build_what_is_rendered(tool: Tool, data: dict[str, Any]) -> None:
    """For any catalog, every overlay builds its rendered objects."""
    kustomize = tool("kustomize")
    with TemporaryDirectory() as folder:
        root = project(Path(folder), catalog_text(data))
        ran = run("generate", root=root)
        assert ran.code == 0, ran.stderr
        assert_overlays_lead_to_rendered(kustomize, root)


NUMBERS = ["0x1F", "0X1F", "0b11", "0B11", "0o17", "0O17", "0X1_F", "1_000", "1e3", "1E3", "017", "08", "1.5", "12"]
WORDS = ["0xg", "0B2", "1-1", "e1", "Inf", "NAN", "0x"]


@pytest.mark.parametrize("key", [*NUMBERS, *WORDS])
def test_a_label_of_any_name_builds_or_is_refused(tool: Tool, tmp_path: Path, key: str) -> None:
    """Kustomize writes the keys of labels without quotes, and fails when its parser then reads a number."""
    root = project(tmp_path, f'{MINIMAL}    labels: {{"{key}": x}}\n    annotations: {{"{key}": x}}\n')
    ran = run("generate", root=root)
    assert "[invalid-label]" in ran.stderr if ran.code else key in WORDS
    if not ran.code:
        assert_overlays_lead_to_rendered(tool("kustomize"), root)


@pytest.mark.parametrize(
    ("case", "file", "before", "after"),
    [
        pytest.param("mig-slice-in-prod", "inferenceservice", 'gpu: "1"', 'gpu: "2"', id="a-removed-value"),
        pytest.param(
            "override-changes-only-its-environment", "inferenceservice", "memory: 8Gi", "memory: 9Gi", id="a-value"
        ),
        pytest.param(
            "override-changes-only-its-environment", "servingruntime", "=256", "=257", id="an-argument-in-place"
        ),
        pytest.param(
            "override-changes-only-its-environment",
            "servingruntime",
            "    - --port=8080\n",
            "    - --enforce-eager\n    - --port=8080\n",
            id="an-argument-moved",
        ),
        pytest.param(
            "override-changes-only-its-environment",
            "inferenceservice",
            "  labels:\n",
            "  labels:\n    example.com/tier: silver\n",
            id="a-label-that-the-overlay-adds",
        ),
        pytest.param(
            "autoscaling-by-requests",
            "inferenceservice",
            "  predictor:\n",
            "  predictor:\n    autoScaling: {metrics: []}\n",
            id="a-map-that-the-overlay-adds",
        ),
    ],
)
def test_a_drifted_base_fails_the_build(
    tool: Tool, tmp_path: Path, case: str, file: str, before: str, after: str
) -> None:
    """A base that was edited by hand where an overlay patches it is refused, not patched wrongly."""
    root = compiled_case(case, tmp_path)
    base = root / "base" / "models" / "minilm" / f"{file}.yaml"
    text = base.read_text("utf-8")
    assert before in text
    base.write_text(text.replace(before, after), "utf-8")
    with pytest.raises(BuildError, match="test failed"):
        built(tool("kustomize"), root / "overlays" / "prod" / "models")
    assert built(tool("kustomize"), root / "overlays" / "dev" / "models")
