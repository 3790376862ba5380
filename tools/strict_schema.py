"""Strict JSON Schemas: closed objects, checked metadata, each repeated part written once."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

Schema = dict[str, Any]


class SchemaError(Exception):
    """A schema that cannot be made strict without losing a rule."""


# Arbitrary JSON by design, though OpenAPI gives them no mark that says so.
OPEN_DEFINITIONS = frozenset(
    {
        "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
        "io.k8s.apimachinery.pkg.runtime.RawExtension",
    }
)


def from_crd(crd: Schema, group: str, version: str, kind: str) -> Schema:
    spec = crd["spec"]
    if (spec["group"], spec["names"]["kind"]) != (group, kind):
        raise SchemaError(f"not the CRD of {kind} in {group}")
    for served in spec["versions"]:
        if served["name"] == version:
            schema: Schema = served["schema"]["openAPIV3Schema"]
            return schema
    raise SchemaError(f"{kind} has no version {version}")


def from_openapi(definitions: Mapping[str, Schema], name: str) -> Schema:
    """The definition with every reference replaced by what it points to."""
    if name in OPEN_DEFINITIONS:
        return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    if name not in definitions:
        raise SchemaError(f"no definition {name}")

    def inline(node: Any) -> Any:
        if isinstance(node, list):
            return [inline(child) for child in node]
        if not isinstance(node, dict):
            return node
        if isinstance(node.get("$ref"), str):
            return from_openapi(definitions, node["$ref"].removeprefix("#/definitions/"))
        return {key: inline(child) for key, child in node.items()}

    schema: Schema = inline(definitions[name])
    return schema


DROPPED = frozenset({"default", "description", "example", "title"})
OPENAPI_FORMATS = frozenset({"double", "int32", "int64"})
VERBATIM = frozenset(
    {
        "enum",
        "format",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "pattern",
        "required",
        "type",
    }
)


def strict(schema: Schema) -> Schema:
    """The schema without its texts, closed wherever the API server would prune or refuse."""
    if schema.get("format") == "int-or-string":  # OpenAPI has no other way to say it, and adds `type: string`
        schema = {key: value for key, value in schema.items() if key not in ("format", "type")}
        schema["x-kubernetes-int-or-string"] = True
    result = {key: strict_part(key, value) for key, value in schema.items() if is_kept(key, value)}
    if schema.get("x-kubernetes-int-or-string"):
        result.setdefault("anyOf", [{"type": "integer"}, {"type": "string"}])
    if schema.get("type") == "object" and not schema.get("x-kubernetes-preserve-unknown-fields"):
        result.setdefault("additionalProperties", False)
    return result


def is_kept(key: str, value: Any) -> bool:
    if key == "format":
        return value not in OPENAPI_FORMATS
    return key not in DROPPED and not key.startswith("x-")


def strict_part(key: str, value: Any) -> Any:
    match key:
        case "properties":
            return {name: strict(child) for name, child in value.items()}
        case "items":
            return strict(value)
        case "anyOf" | "oneOf" | "allOf":
            return [strict(child) for child in value]
        case "additionalProperties":
            return strict(value) if isinstance(value, dict) else value
        case _ if key in VERBATIM:
            return value
    # Losing a keyword unseen would loosen the check.
    raise SchemaError(f"schema keyword {key!r} is not handled")


DNS_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
DNS_1035_LABEL = "[a-z]([-a-z0-9]*[a-z0-9])?"
DNS_SUBDOMAIN = rf"{DNS_LABEL}(\.{DNS_LABEL})*"
PATH_SEGMENT = "[^/%]+"
QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
KEY_LENGTHS = "^([^/]{1,253}/)?[^/]{1,63}$"
# What only a server or a controller writes, and generateName, which apply refuses.
NOT_IN_GIT = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generateName",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)


def text(pattern: str, max_length: int) -> Schema:
    return {"type": "string", "pattern": f"^{pattern}$", "maxLength": max_length}


def key_names(prefix: str) -> Schema:
    return {"allOf": [{"pattern": KEY_LENGTHS}, {"pattern": f"^({prefix}/)?{QUALIFIED}$"}]}


def object_meta(schema: Schema, name_pattern: str) -> Schema:
    """ObjectMeta as it stands in Git, with the rules the API server keeps outside its OpenAPI."""
    result = strict(schema)
    fields = {k: v for k, v in result["properties"].items() if k not in NOT_IN_GIT}
    fields["name"] = text(name_pattern, 253)
    fields["namespace"] = text(DNS_LABEL, 63)
    fields["labels"] |= {
        "propertyNames": key_names(DNS_SUBDOMAIN),
        "additionalProperties": text(f"({QUALIFIED})?", 63),
    }
    # Annotation keys are compared in lower case, so their prefix may have capitals.
    fields["annotations"] |= {"propertyNames": key_names(DNS_SUBDOMAIN.replace("a-z", "A-Za-z"))}
    return result | {"properties": fields, "required": ["name"]}


def manifest(schema: Schema, metadata: Schema, api_version: str, kind: str) -> Schema:
    """The schema of one kind as written in Git: without `status`, which only controllers write."""
    required = {*schema.get("required", ()), "apiVersion", "kind", "metadata"}
    fields = dict(schema["properties"])
    if "spec" in fields:
        required.add("spec")
    if "status" not in required:
        fields.pop("status", None)
    result = strict(schema | {"properties": fields})
    result["properties"] |= {
        "apiVersion": {"const": api_version},
        "kind": {"const": kind},
        "metadata": metadata,
    }
    return result | {"required": sorted(required)}


NESTED = ("additionalProperties", "items")
SHARE_FROM_CHARACTERS = 120


def canonical(schema: Schema) -> str:
    return json.dumps(schema, sort_keys=True, separators=(",", ":"))


def children(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Sub-schemas that a reference may replace, each with the field it stands under."""
    yield from sorted(schema.get("properties", {}).items())
    for key in NESTED:
        if isinstance(schema.get(key), dict):
            yield key, schema[key]


def repeated(schema: Schema) -> dict[str, str]:
    """The content that stands in several places, with its name: a field and a digest."""
    uses: Counter[str] = Counter()
    names: dict[str, str] = {}

    def count(field: str, node: Schema) -> None:
        content = canonical(node)
        if len(content) < SHARE_FROM_CHARACTERS:
            return
        uses[content] += 1
        if uses[content] == 1:
            names[content] = f"{field}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"
            for name, child in children(node):
                count(name, child)

    for field, child in children(schema):
        count(field, child)
    return {content: name for content, name in names.items() if uses[content] > 1}


def share(schema: Schema) -> Schema:
    """Move repeated sub-schemas into `definitions`: a tenth of the size, and the same meaning."""
    names = repeated(schema)
    definitions: dict[str, Schema] = {}

    def refer(node: Schema) -> Schema:
        name = names.get(canonical(node))
        if name is None:
            return shrink(node)
        if name not in definitions:
            definitions[name] = shrink(node)
        return {"$ref": f"#/definitions/{name}"}

    def shrink(node: Schema) -> Schema:
        result = dict(node)
        if "properties" in node:
            result["properties"] = {k: refer(v) for k, v in node["properties"].items()}
        for key in NESTED:
            if isinstance(node.get(key), dict):
                result[key] = refer(node[key])
        return result

    return shrink(schema) | {"definitions": definitions}
