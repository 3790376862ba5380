"""The contract as a JSON Schema (draft-07) for editors: completion, hovers, and errors while typing.

Its form is what the YAML language server makes the most of (redhat-developer/yaml-language-server @ 1.25.0).
"""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, Final

from generator.catalog.contract.defaults import NAMES, NEEDED, OTHERWISE
from generator.yaml.write import dump

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_NULL: Final = {"type": "null"}
_ONLY_NULL: Final = {"title": "null", "not": {"type": ["array", "boolean", "number", "object", "string"]}}
"""Null, in a form that no editor offers; without a title, a hover would show the alternatives' descriptions."""
_DROPPED: Final = frozenset(
    {"$ref", "title", "description", "default", "patternProperties", "propertyNames", NEEDED, OTHERWISE}
)
"""What is said in another way. With `default`, an editor would write fields of a block that nobody asked for."""
_AMBIGUOUS: Final = re.compile(r"[0-9.]+\Z")


def json_schema() -> str:
    """The schema's text, the same for the same contract."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - heavy, and needed only here
    from pydantic.json_schema import GenerateJsonSchema  # noqa: PLC0415 - as above

    from generator.catalog.contract.catalog import Catalog  # noqa: PLC0415 - as above

    class InOrder(GenerateJsonSchema):
        """Keeps the order in which the contract is written."""

        def sort(self, value: Any, parent_key: str | None = None) -> Any:  # noqa: ARG002 - pydantic's signature
            return value

    schema = TypeAdapter(Catalog).json_schema(schema_generator=InOrder)
    definitions = schema.pop("$defs")
    body = {"$schema": _DRAFT, **_Draft07(definitions).node(schema)}
    return json.dumps(body, indent=1, ensure_ascii=False) + "\n"


class _Draft07:
    """pydantic's JSON Schema, rewritten for editors: no references, and null accepted but not offered."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions

    def node(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """A schema and what it contains."""
        if "$ref" in node:  # beside one, draft-07 ignores everything
            node = {**self._definitions[node["$ref"].rpartition("/")[2]], **node}
        result = {key: self._keyword(key, node[key]) for key in node if key not in _DROPPED}
        if "enum" in node.get("propertyNames", {}):
            result["propertyNames"] = node["propertyNames"]
        if "patternProperties" in node:
            [(pattern, values)] = node["patternProperties"].items()
            # The server would offer the expression itself.
            result["propertyNames"] = {"pattern": pattern, **node["propertyNames"], "doNotSuggest": True}
            result["additionalProperties"] = self.node(values)
        return {**_described(node), **_nullable(_exemplified(result))}

    def _keyword(self, keyword: str, value: Any) -> Any:
        match keyword:
            case "properties":
                return {name: self.node(field) for name, field in value.items()}
            case "items":
                return self.node(value)
            case "anyOf":
                return [self.node(one) for one in value]
            case _:
                return value


def _described(node: Mapping[str, Any]) -> dict[str, str]:
    """What a field means, with what JSON Schema has no keyword for, or one that no hover shows."""
    words = [node["description"]] if "description" in node else []
    if NEEDED in node:
        words.append(f"Required {node[NEEDED]}.")
    if OTHERWISE in node:
        words.append(f"Default: {node[OTHERWISE]}.")
    elif "default" in node:
        words.append(f"Default: `{_flow(node['default'])}`.")
    if not words:
        return {}
    text = " ".join(words)
    examples = "".join(f"\n\nExample:\n\n```yaml\n{_block(example)}```" for example in _told(node))
    return {"description": text, "markdownDescription": f"{text}{examples}"}


def _told(node: Mapping[str, Any]) -> list[Any]:
    """The examples that editors would offer as they are, but cannot write, or should not: the names are not real."""
    named = _names(node)
    return [example for example in node.get("examples", ()) if named or _structured(example)]


def _exemplified(node: dict[str, Any]) -> dict[str, Any]:
    """The node with a snippet in place of such an example."""
    told = _told(node)
    if not told:
        return node
    rest = {key: value for key, value in node.items() if key != "examples"}
    if _names(node):
        return rest
    # In a list, the server puts the dash before it.
    entry = told[0][0] if isinstance(told[0], list) else told[0]
    return {"defaultSnippets": [{"label": _flow(entry), "body": _body(entry, count(1))}], **rest}


def _names(node: Mapping[str, Any]) -> bool:
    """Whether it is a name of something else in the catalog, a list of such names, or a mapping by them."""
    inner = (*node.get("anyOf", ()), node.get("items", {}), node.get("propertyNames", {}))
    return NAMES in node or any(map(_names, filter(None, inner)))


def _structured(example: Any) -> bool:
    """Whether it is, or holds, a mapping."""
    return isinstance(example, dict) or (isinstance(example, list) and any(map(_structured, example)))


def _body(example: Any, stops: Iterator[int]) -> Any:
    """An example as a snippet, in which each value is a place to type."""
    if isinstance(example, dict):
        return {key: _body(value, stops) for key, value in example.items()}
    if isinstance(example, list):
        return [_body(value, stops) for value in example]
    return f"${{{next(stops)}:{_flow(example)}}}"


def _block(example: Any) -> str:
    """An example as YAML on lines of its own."""
    if isinstance(example, dict):
        return dump(example)
    return dump({"": example}).partition("\n")[2] if isinstance(example, list) else f"{_flow(example)}\n"


def _flow(value: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, str) and not _AMBIGUOUS.match(value):
        return value
    return json.dumps(value)


def _nullable(node: dict[str, Any]) -> dict[str, Any]:
    """The node in a form that takes null as pydantic does, where it removes a lower layer's value; not offered."""
    alternatives = node.get("anyOf", ())
    if _NULL not in alternatives:
        return node
    about = {key: value for key, value in node.items() if key != "anyOf"}
    others = [_undescribed(one) for one in alternatives if one != _NULL]
    if len(others) > 1 or others[0]["type"] == "boolean" or {"enum", "items", NAMES} & others[0].keys():
        # An `if` gives clearer messages and hovers, but editors don't look for words and items in it.
        for key in ("examples", "defaultSnippets"):
            if key in about and len(others) == 1:
                others[0][key] = about.pop(key)  # beside `anyOf`, an editor would not know the type
        return {**about, "anyOf": [*others, _ONLY_NULL]}
    return {**about, "if": {"not": _NULL}, "then": others[0]}


def _undescribed(node: Mapping[str, Any]) -> dict[str, Any]:
    """A block within a field: of the two descriptions, the field's is the better one."""
    return {key: value for key, value in node.items() if key not in ("description", "markdownDescription")}
