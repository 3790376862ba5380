"""The contract as a JSON Schema (draft-07) for editors: completion, and errors while typing."""

import json
from typing import Any, Final

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"


def json_schema() -> str:
    """The schema's text, the same for the same contract."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - heavy, and needed only here

    from generator.catalog.contract import Catalog  # noqa: PLC0415 - as above

    schema = TypeAdapter(Catalog).json_schema()
    definitions = schema.pop("$defs")
    body = {"$schema": _DRAFT, "title": "models.yaml", **_draft_07(schema, definitions)}
    return json.dumps(body, indent=1, ensure_ascii=False) + "\n"


def _draft_07(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_draft_07(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        node = {**definitions[node["$ref"].rpartition("/")[2]], **node}
        del node["$ref"]
    closed = {"additionalProperties": False} if "patternProperties" in node else {}
    kept = {key: value for key, value in node.items() if key != "title" or not isinstance(value, str)}
    return {key: _draft_07(value, definitions) for key, value in {**closed, **kept}.items()}
