"""What kubeconform makes of the schemas that `make schemas` derives from OpenAPI."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes import LONG_S
from strict_schema import from_openapi, manifest, object_meta

pytestmark = pytest.mark.tool

INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
# The same form as in kubernetes/kubernetes api/openapi-spec/swagger.json @ v1.34.0.
DEFINITIONS: dict[str, Any] = {
    INT_OR_STRING: {"description": "A number or a text.", "format": "int-or-string", "type": "string"},
    "Budget": {
        "type": "object",
        "properties": {
            "metadata": {"type": "object"},
            "spec": {
                "type": "object",
                "properties": {"maxUnavailable": {"$ref": f"#/definitions/{INT_OR_STRING}"}},
            },
        },
    },
}
META = {"type": "object", "properties": {"labels": {"type": "object"}, "annotations": {"type": "object"}}}


@pytest.mark.parametrize(("value", "valid"), [(1, True), ("50%", True), (True, False), ([1], False), (1.5, False)])
def test_int_or_string_takes_a_number_or_a_text(
    value: object, *, valid: bool, tool: Callable[[str], Path], tmp_path: Path
) -> None:
    """OpenAPI calls it a string with a format, which a validator of JSON Schema would take at its word."""
    schema = manifest(from_openapi(DEFINITIONS, "Budget"), object_meta(META, ".+"), "policy/v1", "Budget")
    (tmp_path / "budget.json").write_text(json.dumps(schema), "utf-8")
    budget = {"apiVersion": "policy/v1", "kind": "Budget", "metadata": {"name": "b"}, "spec": {"maxUnavailable": value}}
    (tmp_path / "budget.yaml").write_text(json.dumps(budget), "utf-8")
    argv = [str(tool("kubeconform")), "-schema-location", str(tmp_path / "budget.json"), str(tmp_path / "budget.yaml")]
    ran = subprocess.run(argv, capture_output=True, text=True, timeout=LONG_S, check=False)
    assert (ran.returncode == 0) is valid, ran.stdout
    assert valid or "maxUnavailable" in ran.stdout
