"""The contract's structure as plain values: which keys a block has, and which values a choice."""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from generator.diagnostics import Loc


class Block(NamedTuple):
    """A mapping with known keys."""

    fields: Mapping[str, "Node"]


class Map(NamedTuple):
    """A mapping from names to values of one kind."""

    values: "Node"


class List(NamedTuple):
    """A list."""

    items: "Node"


class Choice(NamedTuple):
    """One of a few words."""

    values: tuple[str, ...]


Node: TypeAlias = Block | Map | List | Choice | None
"""None is any other scalar."""


def at(node: Node, loc: Loc) -> Node:
    """The part of the contract that a path into the data is held to."""
    for part in loc:
        match node:
            case Block(fields):
                node = fields.get(str(part))
            case Map(inner) | List(inner):
                node = inner
            case _:
                return None
    return node
