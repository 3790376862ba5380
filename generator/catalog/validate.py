"""Document → Catalog, or every diagnostic at once: paths become positions, and pydantic's findings our words."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic_core import ErrorDetails, SchemaValidator, ValidationError

from generator.catalog import credentials, rules, schema
from generator.catalog.patterns import SHAPES
from generator.catalog.resolve import resolve
from generator.catalog.resolved import Catalog, Violation
from generator.diagnostics import CatalogError, Diagnostic, Loc, Severity, suggestion
from generator.source import Document

_GROUPS: Final = {"models": "model", "runtimes": "runtime", "connections": "connection", "environments": "environment"}
_TYPES: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "list_type": "a list",
}


def validate(document: Document) -> tuple[Catalog, tuple[Diagnostic, ...]]:
    """The catalog and its warnings.

    Raises CatalogError with all diagnostics, in file order, when any of them is an error. Entries that break the
    contract are set aside, so that the rules still judge the others in the same run.
    """
    contract = schema.validator()
    violations: list[Violation] = []
    catalog = None
    try:
        data = contract.validate_python(document.data)
    except ValidationError as error:
        violations.extend(_violations(error))
        data = _without_broken_entries(contract, document.data, violations)
    if data is not None:
        catalog, unresolved = resolve(data)
        violations.extend(unresolved)
        violations.extend(rules.check(catalog))
    diagnostics = _located(document, violations)
    if catalog is None or any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics):
        raise CatalogError(diagnostics)
    return catalog, diagnostics


def _without_broken_entries(contract: SchemaValidator, data: Any, violations: Iterable[Violation]) -> Any:
    """The data without the models that break the contract; None when something else does, or none are left."""
    broken = {
        violation.loc[1] for violation in violations if violation.loc[0:1] == ("models",) and len(violation.loc) > 1
    }
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


def _violations(error: ValidationError) -> list[Violation]:
    found: dict[Loc, Violation] = {}
    for details in error.errors(include_url=False):
        violation = _violation(details)
        found.setdefault((*violation.loc, violation.at_key, violation.message), violation)
    return list(found.values())


def _violation(details: ErrorDetails) -> Violation:
    """Our words for one of pydantic's findings."""
    at_key = details["loc"][-1:] == ("[key]",)
    loc = details["loc"][:-1] if at_key else details["loc"]
    value, limits, field = details["input"], details.get("ctx", {}), _field(loc)
    match details["type"]:
        case "extra_forbidden":
            known = _known_keys(loc)
            hint = suggestion(str(field), known) or (f"known: {', '.join(known)}" if known else None)
            return Violation(loc, "unknown-field", f"unknown field '{field}'", hint, at_key=True)
        case "missing":
            return Violation(loc[:-1], "missing-field", f"needs {field}")
        case "string_pattern_mismatch":
            shape = SHAPES[limits["pattern"]]
            what = "key" if at_key else _field(loc)
            message = f"{what} '{_shown(value)}' is not {shape.must_be}"
            return Violation(loc, shape.code, message, shape.hint, at_key=at_key)
        case "literal_error":
            return _not_a_choice(loc, value, limits["expected"])
        case "greater_than_equal" | "less_than_equal":
            bound = f"at least {limits['ge']}" if "ge" in limits else f"at most {limits['le']}"
            return Violation(loc, "out-of-range", f"{field} is {value}, but must be {bound}")
        case "string_too_long":
            message = f"{len(str(value))} characters are more than the {limits['max_length']} allowed here"
            return Violation(loc, "too-long", message, at_key=at_key)
        case "string_too_short" | "too_short":
            return Violation(loc, "empty", f"{field} is empty", "fill it in, or remove it", at_key=at_key)
        case kind:
            wanted = _TYPES.get(kind, "something else")
            return Violation(
                loc, "wrong-type", f"{field} must be {wanted}, not {_typed(value)}", _type_hint(kind, value)
            )


def _field(loc: Loc) -> str:
    """What a path's end is called: its key, or for the item of a list the list's."""
    return next((part for part in reversed(loc) if isinstance(part, str)), "the catalog")


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
    choices = [choice.strip("'") for choice in expected.replace(" or ", ", ").split(", ")]
    if str(value) in choices:
        return Violation(
            loc, "wrong-type", f"{loc[-1]} must be text, not {_typed(value)}", f'put it in quotes: "{value}"'
        )
    hint = suggestion(str(value), choices) or f"choose one of {', '.join(choices)}"
    return Violation(loc, "invalid-value", f"'{_shown(value)}' is not a known {loc[-1]}", hint)


def _typed(value: Any) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text '{_shown(value)}'"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _type_hint(kind: str, value: Any) -> str | None:
    if kind == "string_type" and isinstance(value, bool | int | float):
        return f'put it in quotes: "{str(value).lower()}"'
    if kind in ("int_type", "bool_type") and isinstance(value, str):
        return "write it without quotes"
    return None


def _shown(value: object) -> str:
    """User text fit for one line of a message."""
    text = credentials.redact(str(value)).replace("\n", "⏎").replace("\t", " ")
    return text if len(text) <= _SHOWN_LENGTH else text[:_SHOWN_LENGTH] + "…"


_SHOWN_LENGTH: Final = 80


def _located(document: Document, violations: Iterable[Violation]) -> tuple[Diagnostic, ...]:
    """Diagnostics in file order. A place that the text itself got wrong is not faulted again by a rule."""
    from_text = {problem.position for problem in document.problems}
    located = list(document.problems)
    for violation in violations:
        position = document.locate(violation.loc, key=violation.at_key)
        if position in from_text:
            continue
        subject = _subject(violation.loc, document.data)
        line = document.line(position) or ""
        secret = violation.code == credentials.CODE or credentials.kind(line)
        located.append(
            Diagnostic(
                path=document.path,
                position=position,
                code=violation.code,
                message=f"{subject}: {violation.message}" if subject else violation.message,
                hint=violation.hint,
                severity=violation.severity,
                source_line=None if secret else line,
            )
        )
    return tuple(sorted(set(located), key=lambda diagnostic: diagnostic.sort_key))


def _subject(loc: Loc, data: Any) -> str | None:
    """Who a diagnostic speaks about: `model 'minilm'`, `defaults`."""
    if not loc:
        return None
    group, *rest = loc
    if group not in _GROUPS or not rest:
        return str(group)
    name = rest[0]
    if group == "models" and isinstance(name, int):
        entry = data["models"][name]
        name = entry.get("name", f"number {name + 1}") if isinstance(entry, Mapping) else f"number {name + 1}"
    return f"{_GROUPS[str(group)]} '{_shown(name)}'"
