"""The contract as a JSON Schema (draft-07) for editors: completion, and errors while typing."""

import json
from typing import Any, Final

from generator.catalog import contract as schema

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"


def json_schema() -> str:
    """The schema's text, the same for the same contract."""
    from pydantic.json_schema import GenerateJsonSchema  # noqa: PLC0415 - heavy, and needed only here

    body = _draft_07(GenerateJsonSchema().generate(schema.CATALOG))
    body = {"$schema": _DRAFT, "title": "models.yaml", **body}
    return json.dumps(body, indent=1, ensure_ascii=False) + "\n"


def _draft_07(node: Any) -> Any:
    """Drop titles, and close the maps whose keys have a pattern; the rest reads alike in 2020-12 and in draft-07."""
    if isinstance(node, dict):
        closed = {"additionalProperties": False} if "patternProperties" in node else {}
        kept = {key: value for key, value in node.items() if key != "title" or not isinstance(value, str)}
        return {key: _draft_07(value) for key, value in {**closed, **kept}.items()}
    if isinstance(node, list):
        return [_draft_07(item) for item in node]
    return node
