"""Markers for the contract's annotations that say what a field is when nobody sets it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Default:
    """The field's value when it is not given."""

    value: Any

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Tell the JSON Schema, too."""
        return {**handler(schema), "default": self.value}


@dataclass(frozen=True, slots=True)
class DefaultBy:
    """A default that depends on another field of the same block."""

    field: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Otherwise:
    """In words, what applies when the field is not given and no fixed value does: it completes "Default: …"."""

    words: str
