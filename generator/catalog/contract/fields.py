"""Reads the contract's classes: each block's fields with all that is said about them, and the outline."""

from collections.abc import Iterator
from types import UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic.fields import FieldInfo
from typing_extensions import is_typeddict

from generator.catalog.contract.defaults import Missing
from generator.catalog.contract.outline import Block, Choice, List, Map, Node


class Described(NamedTuple):
    """A field of a block."""

    name: str
    hint: Any
    required: bool
    description: str
    missing: Missing | None
    examples: tuple[Any, ...]


def fields(block: Any) -> tuple[Described, ...]:
    """The fields of a TypedDict, in order."""
    block = get_origin(block) or block
    hints = get_type_hints(block, include_extras=True)
    return tuple(_described(name, hint, required=name in block.__required_keys__) for name, hint in hints.items())


def _described(name: str, hint: Any, *, required: bool) -> Described:
    description, missing, examples = "", None, ()
    for item in _metadata(hint):
        if isinstance(item, FieldInfo):
            description, examples = item.description or description, tuple(item.examples or examples)
        elif isinstance(item, Missing):
            missing = item
    return Described(name, hint, required, description, missing, examples)


def _metadata(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) in (Required, NotRequired):
        return _metadata(get_args(hint)[0])
    return hint.__metadata__ if get_origin(hint) is Annotated else ()


def bare(hint: Any) -> Any:
    """A type without what is said about it, and without the null that it may be."""
    origin = get_origin(hint)
    if origin in (Annotated, Required, NotRequired):
        return bare(get_args(hint)[0])
    if origin in (Union, UnionType):
        return bare(get_args(hint)[0])  # null stands last
    return hint


def outline(hint: Any) -> Node:
    """What a type looks like to someone who walks through data."""
    hint = bare(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if is_typeddict(origin or hint):
        return Block({field.name: outline(field.hint) for field in fields(hint)})
    if origin is dict:
        return Map(outline(arguments[1]))
    if origin is list:
        return List(outline(arguments[0]))
    return Choice(arguments) if origin is Literal else None


def every_block(hint: Any) -> Iterator[Any]:
    """Every TypedDict that a type is made of, itself first, each once."""
    return iter(dict.fromkeys(_nested(hint)))


def _nested(hint: Any) -> Iterator[Any]:
    hint = bare(hint)
    origin = get_origin(hint)
    if is_typeddict(origin or hint):
        yield origin or hint
        for field in fields(hint):
            yield from _nested(field.hint)
    elif origin in (dict, list):
        yield from _nested(get_args(hint)[-1])
