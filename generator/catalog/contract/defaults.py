"""Markers for the contract's annotations that say what holds when a field is not given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

OTHERWISE: Final = "x-default"
NEEDED: Final = "x-needed"
"""Where `json_schema` finds what the markers say."""


@dataclass(frozen=True, slots=True)
class Default:
    """The field's value when it is not given."""

    value: Any

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Tell the JSON Schema, too; but an empty list or mapping is nothing that an editor should fill in."""
        return {**handler(schema), **({OTHERWISE: "none"} if self.value in ([], {}) else {"default": self.value})}


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
        """For people."""
        return ", ".join(f"{value} for {word}" for word, value in self.values.items())


@dataclass(frozen=True, slots=True)
class Otherwise:
    """In words, what holds when the field is not given and no fixed value does: it completes "Default: …"."""

    words: str

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Tell the JSON Schema, which has no word for it."""
        return {**handler(schema), OTHERWISE: self.words}


@dataclass(frozen=True, slots=True)
class Needed:
    """A field of a layer that must be given by one of them: for "every model", or for which."""

    by: str

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Tell the JSON Schema, which has no word for it."""
        return {**handler(schema), NEEDED: self.by}


Missing = Default | DefaultBy | Otherwise | Needed
"""What may be said about a field that is not given."""
