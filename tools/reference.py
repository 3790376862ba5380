"""The tables of docs/models-yaml.md, from the contract."""

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args, get_origin

import yaml
from pydantic import TypeAdapter

from generator.catalog.contract import patterns, scalars
from generator.catalog.contract.catalog import Catalog
from generator.catalog.contract.defaults import Default, DefaultBy, Needed, Otherwise
from generator.catalog.contract.fields import Described, bare, fields, outline
from generator.catalog.contract.outline import Block

MARK = "<!-- `make contract` writes everything below from generator/catalog/contract/. -->\n"
PATTERNS = {
    value: name for name, value in vars(patterns).items() if isinstance(value, str) and value in patterns.SHAPES
}
MODEL = "models[]"
ROOT = "Top level"
LAYERED = ("defaults", "overrides", "classes")  # they repeat what a model has


def page(present: str) -> str:
    """The page with its introduction kept and its tables made again."""
    introduction, mark, _ = present.partition(MARK)
    if not mark:
        message = f"the page has lost its line {MARK}"
        raise ValueError(message)
    return introduction + MARK + "\n".join(("", *sections(Catalog, ROOT), *forms(), ""))


def sections(block: Any, path: str) -> Iterator[str]:
    """A table for the block, and one for each block within it."""
    title = path if path == ROOT else f"`{path}`"
    yield from (f"### {title}", "", block.__doc__, "")
    yield "| Field | Type | Required | Default | Meaning | Example |"
    yield "| --- | --- | --- | --- | --- | --- |"
    below = "" if path == ROOT else f"{path}."
    for field in fields(block):
        yield row(field, f"{below}{field.name}", example=path != ROOT or not nested(field.hint))
    yield ""
    for field in fields(block):
        if (inner := nested(field.hint)) and field.name not in LAYERED:
            yield from sections(inner, place(field.hint, f"{below}{field.name}"))


def row(field: Described, path: str, *, example: bool) -> str:
    """A line of a block's table."""
    cells = (
        f"`{field.name}`",
        kind(field.hint, path),
        required(field),
        default(field),
        field.description,
        f"`{flow(field.examples[0])}`" if example else "below",
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def required(field: Described) -> str:
    """Whether, or when, a field must be set."""
    if isinstance(field.missing, Needed):
        return field.missing.when
    return "yes" if field.required else "no"


def default(field: Described) -> str:
    """What applies when a field is not set."""
    match field.missing:
        case Default(value, empty):
            return f"`{flow(value)}`" if value not in ([], {}) else empty
        case DefaultBy() | Otherwise():
            return field.missing.words
        case _:
            return ""


def kind(hint: Any, path: str) -> str:
    """A type in words."""
    plain = bare(hint)
    origin, arguments = get_origin(plain), get_args(plain)
    if isinstance(outline(plain), Block):
        name = MODEL if path in LAYERED else path
        words = "as a model" if path in LAYERED else "block"
        return f"[{words}](#{anchor(name)})"
    if origin is dict:
        own = {"overrides": "an override", "classes": "settings"}.get(path.rpartition(".")[2])
        values = own or kind(arguments[1], f"{path}.<name>")
        return f"map of {kind(arguments[0], path)} to {values}"
    if origin is list:
        return f"list of {kind(arguments[0], f'{path}[]')}"
    if origin is Literal:
        return ", ".join(f"`{flow(word)}`" for word in arguments)
    return "true or false" if plain is bool else scalar(hint)


def scalar(hint: Any) -> str:
    """Text or a number in words, with its limits."""
    schema = TypeAdapter(value_of(hint)).json_schema()
    if "minimum" in schema:
        least, most = schema["minimum"], schema["maximum"]
        return f"`{least}`" if least == most else f"whole number, {least:,} to {most:,}"
    schema = schema.get("anyOf", [schema])[0]  # the text among the forms that a number of CPUs may have
    form = PATTERNS.get(schema.get("pattern", ""))
    return f"[{words_of(form)}](#forms-of-text)" if form else f"text, up to {schema['maxLength']:,} characters"


def value_of(hint: Any) -> Any:
    """The type of a field that is not null, with its limits."""
    inner = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    alternatives = get_args(inner)
    return alternatives[0] if alternatives and not isinstance(inner, type) else hint


def nested(hint: Any) -> Any:
    """The block that a field is, or holds some of; None for other fields."""
    plain = bare(hint)
    if get_origin(plain) in (dict, list):
        return nested(get_args(plain)[-1])
    return (get_origin(plain) or plain) if isinstance(outline(plain), Block) else None


def place(hint: Any, path: str) -> str:
    """The path to the block that `nested` found."""
    origin = get_origin(bare(hint))
    return f"{path}.<name>" if origin is dict else f"{path}[]" if origin is list else path


def forms() -> Iterator[str]:
    """What each form of text is."""
    yield from ("### Forms of text", "", "| Form | What it is | Characters |", "| --- | --- | --- |")
    limits = lengths()
    for pattern, name in sorted(PATTERNS.items(), key=lambda item: item[1]):
        shortest, longest = limits[pattern]
        length = f"up to {longest:,}{'' if shortest else ', or none'}"
        yield f"| {words_of(name)} | {patterns.SHAPES[pattern].must_be} | {length} |"


def lengths() -> dict[str, tuple[int, int]]:
    """The least and most characters of each form of text."""
    texts = (hint for hint in vars(scalars).values() if get_origin(hint) is Annotated and bare(hint) is str)
    schemas = (TypeAdapter(text).json_schema() for text in texts)
    return {one["pattern"]: (one["minLength"], one["maxLength"]) for one in schemas if "pattern" in one}


def words_of(name: str) -> str:
    """`LABEL_KEY` for people."""
    known = {"CPU": "CPU", "ENV_NAME": "variable name", "GIT_URL": "Git URL"}
    return known.get(name, name.replace("_", " ").lower())


def anchor(heading: str) -> str:
    """GitHub's anchor of a heading."""
    return re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-")


def flow(value: Any) -> str:
    """The value as YAML on one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{flow(key)}: {flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(flow, value))}]"
    if isinstance(value, str):
        try:
            same = yaml.safe_load(f"[{value}]") == [value]
        except yaml.YAMLError:
            same = False
        return value if same else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)
