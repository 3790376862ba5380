"""Markers for the contract's annotations: what applies when a field is not set, and what a text names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

OTHERWISE: Final = "x-default"
NEEDED: Final = "x-needed"
NAMES: Final = "x-names"
"""Where `json_schema` finds what the markers say."""


@dataclass(frozen=True, slots=True)
class Default:
    """The field's value when it is not set; `empty` says what an empty list or mapping means."""

    value: Any
    empty: str = "none"

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Tell the JSON Schema, too; but editors should not fill in an empty list or mapping."""
        return {**handler(schema), **({OTHERWISE: self.empty} if self.value in ([], {}) else {"default": self.value})}


@dataclass(frozen=True, slots=True)
class DefaultBy:
    """A default that depends on another field of the same block."""

    field: str
    values: Mapping[str, Any]

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Tell the JSON Schema, which has no word for it."""
        return {**handler(schema), OTHERWISE: self.words}

    @property
    def words(self) -> str:
        """The default for readers."""
        return ", ".join(f"{value} for {word}" for word, value in self.values.items())


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A default that is not one fixed value, in words: it completes "Default: …"."""

    words: str

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Tell the JSON Schema, which has no word for it."""
        return {**handler(schema), OTHERWISE: self.words}


@dataclass(frozen=True, slots=True)
class Needed:
    """When a field is required that its TypedDict does not require: it completes "Required …"."""

    when: str

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Tell the JSON Schema, which has no word for it."""
        return {**handler(schema), NEEDED: self.when}


Missing = Default | DefaultBy | Otherwise | Needed
"""What can apply to a field that is not set."""
