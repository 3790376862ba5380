"""Document → Catalog, or every diagnostic at once: paths become positions, and pydantic's findings our words."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

from pydantic_core import ErrorDetails, SchemaValidator, ValidationError

from generator import credentials
from generator.catalog import contract as schema
from generator.catalog import rules
from generator.catalog.model import Catalog, Violation
from generator.catalog.patterns import SHAPES
from generator.catalog.resolve import resolve
from generator.diagnostics import CatalogError, Diagnostic, Loc, Position, Severity, suggestion
from generator.yaml.read import Document, printable

_GROUPS: Final = {"models": "model", "runtimes": "runtime", "connections": "connection", "environments": "environment"}
_TYPES: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "list_type": "a list",
}
_MOST: Final = 1000
"""So many findings are enough for one run, and a hostile file cannot make more."""


Rule = Callable[[Catalog], Iterable[Violation]]


def _no_further(_: Catalog) -> Iterable[Violation]:
    return ()


def validate(document: Document, further: Rule = _no_further) -> tuple[Catalog, tuple[Diagnostic, ...]]:
    """The catalog and its warnings; `further` judges it beside the catalog's own rules.

    Raises CatalogError with the diagnostics, in file order, when any of them is an error. Entries that break the
    contract are set aside, so that the rules still judge the others in the same run.
    """
    violations = list(rules.check_text(document.data))
    if len(document.problems) > _MOST or any(problem.code == "yaml-alias" for problem in document.problems):
        raise CatalogError(_of_the_text(document, leaking=bool(violations)))
    contract = schema.validator()
    catalog = None
    try:
        data = contract.validate_python(document.data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        violations.extend(_violations(found[:_MOST]))
        data = _without_broken_entries(contract, document.data, found)
    if data is not None:
        catalog, unresolved = resolve(data)
        violations.extend(unresolved)
        violations.extend(rules.check(catalog))
        violations.extend(further(catalog))
    diagnostics = _located(document, violations)
    errors = tuple(diagnostic for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR)
    if catalog is None or errors:
        raise CatalogError(diagnostics if len(diagnostics) <= _MOST else errors[:_MOST])
    return catalog, diagnostics[:_MOST]


def _of_the_text(document: Document, *, leaking: bool) -> tuple[Diagnostic, ...]:
    """What the text got wrong, and nothing else: of the values that aliases stand for, none was read."""
    problems = document.problems[:_MOST]
    line = _public_lines(document, {problem.position.line for problem in problems} if leaking else set())
    return tuple(replace(problem, source_line=line(problem.position.line)) for problem in problems)


def _without_broken_entries(contract: SchemaValidator, data: Any, found: Iterable[ErrorDetails]) -> Any:
    """The data without the models that break the contract; None when something else does, or none are left."""
    broken = {details["loc"][1] for details in found if details["loc"][:1] == ("models",) and len(details["loc"]) > 1}
    if not isinstance(data, dict) or not isinstance(data.get("models"), list):
        return None
    # A placeholder keeps the others' indexes, and so their positions; it resolves to nothing.
    sound = {**data, "models": [None if index in broken else model for index, model in enumerate(data["models"])]}
    rest = {**sound, "models": [model for model in sound["models"] if model is not None]}
    try:
        checked = contract.validate_python(rest)
    except ValidationError:
        return None
    valid = iter(checked["models"])
    return {**checked, "models": [None if model is None else next(valid) for model in sound["models"]]}


def _violations(found: Iterable[ErrorDetails]) -> Iterable[Violation]:
    return dict.fromkeys(_violation(details) for details in found)


def _violation(details: ErrorDetails) -> Violation:
    """Our words for one of pydantic's findings."""
    at_key = details["loc"][-1:] == ("[key]",)
    loc = details["loc"][:-1] if at_key else details["loc"]
    value, limits, field = details["input"], details.get("ctx", {}), _field(loc)
    match details["type"]:
        case "extra_forbidden":
            known = _known_keys(loc)
            meant = suggestion(str(field), known) or f"use one of {', '.join(known)}"
            return Violation(loc, "unknown-field", f"unknown field '{_shown(field)}'", meant, at_key=True)
        case "missing":
            return Violation(loc[:-1], "missing-field", _needs(loc), at_key=True)
        case "string_pattern_mismatch":
            shape = SHAPES[limits["pattern"]]
            message = f"{'key' if at_key else _last(loc)} '{_shown(value)}' is not {shape.must_be}"
            return Violation(loc, shape.code, message, shape.hint, at_key=at_key)
        case "literal_error":
            return _not_a_choice(loc, value, limits["expected"])
        case "greater_than_equal" | "less_than_equal":
            bound = f"at least {limits['ge']}" if "ge" in limits else f"at most {limits['le']}"
            hint = _ZERO.get(field) if value == 0 else None
            return Violation(loc, "out-of-range", f"{field} is {_shown(value)}, but must be {bound}", hint)
        case "string_too_long":
            longest = limits["max_length"]
            message = f"{'key' if at_key else field} has {len(str(value))} characters, and at most {longest} fit here"
            return Violation(loc, "too-long", message, at_key=at_key)
        case "string_too_short" | "too_short":
            message = "a key is empty" if at_key else f"{field} is empty"
            return Violation(loc, "empty", message, "fill it in, or remove it", at_key=at_key)
        case kind:
            wanted = _TYPES.get(kind, "something else")
            return Violation(
                loc, "wrong-type", f"{field} must be {wanted}, not {_typed(value)}", _type_hint(kind, value)
            )


_ZERO: Final = {"replicas": "to keep the model without pods, set `stopped: true`"}


def _needs(loc: Loc) -> str:
    """`needs secret.externalSecret.store`, from the entry on that the subject names."""
    known = min(len(loc) - 1, _ENTRY if loc[0] in _GROUPS else 1)
    return f"{'' if known else 'the catalog '}needs {'.'.join(map(str, loc[known:]))}"


def _field(loc: Loc) -> str:
    """What a value is called: by its key, as an item of its list, or `it` where the subject says it already."""
    if len(loc) == _ENTRY and loc[0] in _GROUPS:
        return "it"
    return f"an item of {_last(loc)}" if loc and isinstance(loc[-1], int) else _last(loc)


def _last(loc: Loc) -> str:
    return next((part for part in reversed(loc) if isinstance(part, str)), "the catalog")


_ENTRY: Final = 2
"""The length of a path to one model, runtime, connection, or environment."""


def _known_keys(loc: Loc) -> list[str]:
    """The keys that the contract knows beside an unknown one."""
    node: Any = schema.CATALOG
    for part in loc[:-1]:
        node = _inner(node)
        node = (
            node["fields"][part]["schema"] if "fields" in node else node.get("values_schema", node.get("items_schema"))
        )
    return sorted(_inner(node)["fields"])


def _inner(node: Any) -> Any:
    return node["schema"] if node["type"] == "nullable" else node


def _not_a_choice(loc: Loc, value: Any, expected: str) -> Violation:
    field = _field(loc)
    choices = [choice.strip("'") for choice in expected.replace(" or ", ", ").split(", ")]
    hint = f"choose one of {', '.join(choices)}" if len(choices) > 1 else f"write {choices[0]}"
    wanted = "a number" if all(choice.isdecimal() for choice in choices) else "text"
    if value in choices:
        return Violation(loc, "wrong-type", f"{field} must be {wanted}, not text", "write it without quotes")
    if not isinstance(value, str) and str(value) in choices:
        return Violation(loc, "wrong-type", f"{field} must be {wanted}, not a number", f'put it in quotes: "{value}"')
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return Violation(loc, "wrong-type", f"{field} must be {wanted}, not {_typed(value)}", hint)
    return Violation(loc, "invalid-value", f"'{_shown(value)}' is not a known {field}", hint)


def _typed(value: Any) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return str(value).lower()
        case int() | float():
            return "a number"
        case str():
            return f"the text '{_shown(value)}'"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _type_hint(kind: str, value: Any) -> str | None:
    if kind == "string_type" and isinstance(value, bool | int | float):
        return "put it in quotes"
    if kind == "bool_type" and value not in ("true", "false"):
        return "write true or false"
    if kind == "int_type" and isinstance(value, str) and not value.isdecimal() and value[:1] in _SIGNS:
        return "write a plain whole number"
    if kind in ("int_type", "bool_type") and isinstance(value, str):
        return "write it without quotes"
    return None


_SIGNS: Final = tuple("0123456789+-.")


def _shown(value: object) -> str:
    """User text fit for one line of a message."""
    text = printable(credentials.redact(str(value)[:_LONGEST])).replace("\n", "⏎").replace("\t", " ")
    return text if len(text) <= _SHOWN_LENGTH else text[:_SHOWN_LENGTH] + "…"


_SHOWN_LENGTH: Final = 80
_LONGEST: Final = 4096


def _located(document: Document, violations: Iterable[Violation]) -> tuple[Diagnostic, ...]:
    """Diagnostics in file order.

    A place that the text itself got wrong is not faulted again by a rule, and nothing more is said of a credential.
    """
    found = [(document.locate(violation.loc, key=violation.at_key), violation) for violation in violations]
    secrets = {position for position, violation in found if violation.code == credentials.CODE}
    # Where text is not wanted at all, to put an ambiguous scalar in quotes is no cure.
    better = secrets | {position for position, violation in found if violation.code == "wrong-type"}
    unquoted = {problem.position for problem in document.problems if problem.code == "yaml-ambiguous-scalar"}
    problems = [problem for problem in document.problems if problem.position not in secrets | (better & unquoted)]
    silent = secrets | {problem.position for problem in problems}
    # Where a key stands twice, the first is found, and the last one's value counts: so the problems' lines, too.
    line = _public_lines(document, {position.line for position in silent} if secrets else set())
    located = [replace(problem, source_line=line(problem.position.line)) for problem in problems[:_MOST]]
    for position, violation in found:
        if violation.code == credentials.CODE or position not in silent:
            subject = _subject(violation.loc, document.data)
            located.append(
                Diagnostic(
                    path=document.path,
                    position=position,
                    code=violation.code,
                    message=f"{subject}: {violation.message}" if subject else violation.message,
                    hint=violation.hint,
                    severity=violation.severity,
                    source_line=line(position.line),
                )
            )
    return tuple(sorted(set(located), key=lambda diagnostic: diagnostic.sort_key))


def _public_lines(document: Document, hidden: Collection[int]) -> Callable[[int], str | None]:
    """The text's lines by number; None for those that hold a credential, or are too long to be looked through."""

    @cache
    def line(number: int) -> str | None:
        text = document.line(Position(number, 1)) or ""
        return None if number in hidden or len(text) > _LONGEST or credentials.kind(text) else text

    return line


def _subject(loc: Loc, data: Any) -> str | None:
    """Who a diagnostic speaks about: `model 'minilm'`, `defaults`."""
    if len(loc) < _ENTRY:
        return None
    group, name = str(loc[0]), loc[1]
    if group not in _GROUPS:
        return group
    if group == "models" and isinstance(name, int):
        entry = data["models"][name]
        if not (isinstance(entry, Mapping) and isinstance(entry.get("name"), str)):
            return f"model number {name + 1}"
        name = entry["name"]
    return f"{_GROUPS[group]} '{_shown(name)}'"
