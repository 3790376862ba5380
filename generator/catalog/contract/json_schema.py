"""The contract as a JSON Schema (draft-07) for editors: completion, hovers, and errors while typing."""

import json
from collections.abc import Mapping
from typing import Any, Final

from generator.catalog.contract.defaults import NEEDED, OTHERWISE

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_NULL: Final = {"type": "null"}
_ONLY_NULL: Final = {"not": {"type": ["array", "boolean", "number", "object", "string"]}}
"""Null, in a form that no editor offers."""
_REMOVES: Final = "Remove the value of a lower layer"
_OFFERS: Final = {"defaults": False, "models": True, "overrides": True}
"""Where there may be a layer below, and where not."""
_DROPPED: Final = frozenset({"$ref", "title", "description", "patternProperties", "propertyNames", NEEDED, OTHERWISE})


def json_schema() -> str:
    """The schema's text, the same for the same contract."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - heavy, and needed only here

    from generator.catalog.contract.catalog import Catalog  # noqa: PLC0415 - as above

    schema = TypeAdapter(Catalog).json_schema()
    definitions = schema.pop("$defs")
    body = {"$schema": _DRAFT, "title": "models.yaml", **_Draft07(definitions).node(schema, offer_null=False)}
    return json.dumps(body, indent=1, ensure_ascii=False) + "\n"


class _Draft07:
    """pydantic's JSON Schema, rewritten for editors: no references, and null offered only where it is useful."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions

    def node(self, node: Mapping[str, Any], *, offer_null: bool, itself: bool | None = None) -> dict[str, Any]:
        """A schema and what it contains.

        `offer_null` says whether its fields may have a value in a lower layer, for null to remove; `itself` says the
        same of the whole, where that differs.
        """
        if "$ref" in node:  # beside one, draft-07 ignores everything
            node = {**self._definitions[node["$ref"].rpartition("/")[2]], **node}
        result = {key: self._keyword(key, node[key], offer_null=offer_null) for key in node if key not in _DROPPED}
        if "patternProperties" in node:
            [(pattern, values)] = node["patternProperties"].items()
            result["propertyNames"] = {"pattern": pattern, **node["propertyNames"]}
            result["additionalProperties"] = self.node(values, offer_null=offer_null)
        if description := _description(node):
            result = {"description": description, **result}
        return _nullable(result, offered=NEEDED not in node and (offer_null if itself is None else itself))

    def _keyword(self, keyword: str, value: Any, *, offer_null: bool) -> Any:
        match keyword:
            case "properties":
                return {
                    name: self.node(field, offer_null=_OFFERS.get(name, offer_null), itself=offer_null)
                    for name, field in value.items()
                }
            case "items":
                return self.node(value, offer_null=offer_null)
            case "anyOf":
                return [self.node(one, offer_null=offer_null) for one in value]
            case _:
                return value


def _description(node: Mapping[str, Any]) -> str:
    """What a field means, with what JSON Schema has no keyword for."""
    default = f" Default: {node[OTHERWISE]}." if OTHERWISE in node else ""
    needed = f" Required {node[NEEDED]}." if NEEDED in node else ""
    return f"{node.get('description', '')}{default}{needed}"


def _nullable(node: dict[str, Any], *, offered: bool) -> dict[str, Any]:
    """The node in a form that takes null as pydantic does, but makes editors offer it only on request."""
    alternatives = node.get("anyOf", ())
    if _NULL not in alternatives:
        return node
    about = {key: value for key, value in node.items() if key != "anyOf"}
    others = [_undescribed(one) for one in alternatives if one != _NULL]
    if len(others) > 1:
        return {**about, "anyOf": [*others, _NULL if offered else _ONLY_NULL]}
    [other] = others
    if not offered:
        # An `if` gives clearer messages and hovers, but editors look into it for neither an enum's words nor items.
        if "enum" in other or "items" in other:
            other["examples"] = about.pop("examples")  # beside `anyOf`, an editor would offer it as text
            return {**about, "anyOf": [other, _ONLY_NULL]}
        return {**about, "if": {"not": _NULL}, "then": other}
    if "enum" in other:
        other |= {"enum": [*other["enum"], None], "enumDescriptions": [*other["enumDescriptions"], _REMOVES]}
    return {**about, **other, "type": [other["type"], "null"]}


def _undescribed(node: Mapping[str, Any]) -> dict[str, Any]:
    """A block within a field: of the two descriptions, the field's is the better one."""
    return {key: value for key, value in node.items() if key != "description"}
