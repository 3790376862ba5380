"""pydantic's findings, in this project's words."""

import re
from collections.abc import Iterable
from typing import Any, Final, get_args

from pydantic_core import ErrorDetails

from generator import credentials
from generator.catalog.contract import frozen
from generator.catalog.contract.outline import Block, Choice, Map, at
from generator.catalog.contract.patterns import COMMIT, FLAG, SHAPES
from generator.catalog.model import Violation
from generator.codes import AcceptableWarning, Code
from generator.diagnostics import Loc, choice, correction
from generator.display import shown
from generator.vllm import arguments

GROUPS: Final = {
    "models": "model",
    "runtimes": "runtime",
    "connections": "connection",
    "environments": "environment",
} | {"classes": "class"}
"""The catalog's lists and maps of entries, and what one entry is called."""
ENTRY: Final = 2
"""The length of a path to one model, runtime, connection, or environment."""
_TYPES: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "list_type": "a list",
}
_ZERO: Final = {"replicas": "to run no pods, set `stopped: true`"}
_WRITTEN: Final = {
    "args": "write a list of `--flag=value`",
    "env": "write `env: {NAME: value}`",
    "image": "write one text: registry/path:tag@sha256:…",
    "models": "write a list, or `models: []` for no models",
    "secret": "write `secret: {existing: NAME}`, with the name of a Secret",
    "source": "write `source: {repo: OWNER/NAME, revision: COMMIT}`",
}
"""How a field is written that people give as text, list or mapping when it is none."""
_HEXADECIMAL: Final = frozenset("0123456789abcdefABCDEF")
_COMMIT_LENGTH: Final = 40
_SHORTEST_COMMIT: Final = 7
_REFERENCES: Final = frozenset({"configMapKeyRef", "secretKeyRef", "secretRef", "valueFrom"})
"""How Kubernetes names another object in a variable's place."""
_PLAIN: Final = re.compile(r"[A-Za-z][\w./-]{0,80}")
_DIGITS: Final = re.compile(r"[0-9]{1,18}")


def violations_of(found: Iterable[ErrorDetails]) -> Iterable[Violation]:
    """Each finding once."""
    return dict.fromkeys(_violation(details) for details in found)


def _violation(details: ErrorDetails) -> Violation:
    loc, at_key = _place(details)
    value, limits, field = _public(loc, details["input"]), details.get("ctx", {}), _field(loc)
    match details["type"]:
        case "extra_forbidden":
            from generator.catalog import habits  # noqa: PLC0415 - only needed on the way to an error

            name = shown(field if value is not None else _public(loc[:-1], field))  # without a value, it may be one
            hint = habits.hint(loc, _known_keys(loc))
            return Violation(loc, "unknown-field", f"unknown field '{name}'", hint, at_key=True)
        case "missing":
            return Violation(loc[:-1], "missing-field", _needs(loc), at_key=True)
        case "string_pattern_mismatch":
            return _misshapen(loc, value, limits["pattern"], at_key=at_key)
        case "literal_error":
            return _not_acceptable(loc) if at_key else _not_a_choice(loc, value)
        case "greater_than_equal" | "less_than_equal":
            bound = f"at least {limits['ge']}" if "ge" in limits else f"at most {limits['le']}"
            message = f"{field} is {shown(value)}, but must be {bound}"
            return Violation(loc, "out-of-range", message, _ZERO.get(field) if value == 0 else None)
        case "string_too_long":
            longest = limits["max_length"]
            message = (
                f"{'key' if at_key else field} has {len(str(value))} characters, but at most {longest} are allowed"
            )
            return Violation(loc, "too-long", message, at_key=at_key)
        case "string_too_short" | "too_short":
            message = "a key is empty" if at_key else f"{field} is empty"
            return Violation(loc, "empty", message, "fill it in, or remove it", at_key=at_key)
        case kind:
            wanted = _TYPES.get(kind, "something else")
            message = f"{field} must be {wanted}, not {_typed(value)}"
            return Violation(loc, "wrong-type", message, _type_hint(loc, kind, value))


def _public(loc: Loc, value: Any) -> Any:
    """A value as far as it may be printed: no text in a place that is named for a credential."""
    fields = loc[ENTRY:] if len(loc) > ENTRY and loc[0] in GROUPS else loc  # a mapping in these may have any name
    secret = any(isinstance(part, str) and credentials.names_secret(part) for part in fields)
    return credentials.HIDDEN if secret and isinstance(value, str) else value


def _misshapen(loc: Loc, value: Any, pattern: str, *, at_key: bool) -> Violation:
    if pattern == FLAG:
        fault = arguments.unknown(shown(value))
        return Violation(loc, fault.code, fault.message, fault.hint)
    shape = SHAPES[pattern]
    message = f"{'key' if at_key else _last(loc)} '{shown(value)}' is not {shape.must_be}"
    hint = _commit_hint(value) if pattern == COMMIT else shape.hint
    return Violation(loc, shape.code, message, hint or shape.hint, at_key=at_key)


def _commit_hint(value: str) -> str | None:
    """A commit that is not written as Git does is no branch, and needs another hint."""
    if not _SHORTEST_COMMIT <= len(value) <= _COMMIT_LENGTH or not _HEXADECIMAL.issuperset(value):
        return None
    return "write it in lowercase" if len(value) == _COMMIT_LENGTH else f"write all {_COMMIT_LENGTH} digits"


def _place(details: ErrorDetails) -> tuple[Loc, bool]:
    """Where a finding is, and whether it is about the key there.

    pydantic puts "[key]" behind a map's key that it refuses, and somebody's own key may be called the same.
    """
    loc = details["loc"]
    marked = loc[-1:] == ("[key]",) and details["type"] != "extra_forbidden"
    if marked and isinstance(at(frozen.OUTLINE, loc[:-2]), Map):
        return loc[:-1], True
    return loc, False


def _needs(loc: Loc) -> str:
    """`needs secret.externalSecret.store`, from the entry on that the subject names, if there is one."""
    if len(loc) <= ENTRY:
        return f"the catalog needs {'.'.join(map(shown, loc))}"
    return f"needs {'.'.join(map(shown, loc[ENTRY if loc[0] in GROUPS else 1 :]))}"


def _field(loc: Loc) -> str:
    """What a value is called: by its key, as an item of its list, or `it` where the subject says it already."""
    if len(loc) == ENTRY and loc[0] in GROUPS:
        return "it"
    return f"an item of {_last(loc)}" if loc and isinstance(loc[-1], int) else _last(loc)


def _last(loc: Loc) -> str:
    return shown(next((part for part in reversed(loc) if isinstance(part, str)), "the catalog"))


def _known_keys(loc: Loc) -> tuple[str, ...]:
    """The keys that the contract knows beside an unknown one."""
    block = at(frozen.OUTLINE, loc[:-1])
    return tuple(block.fields) if isinstance(block, Block) else ()


def _not_a_choice(loc: Loc, value: Any) -> Violation:
    field, node = _field(loc), at(frozen.OUTLINE, loc)
    choices = node.values if isinstance(node, Choice) else ()
    if isinstance(value, str):
        return Violation(loc, "invalid-value", f"'{shown(value)}' is not a known {field}", choice(choices))
    if str(value) in choices:
        return Violation(loc, "wrong-type", f"{field} must be text, not a number", f'put it in quotes: "{value}"')
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Violation(loc, "invalid-value", f"'{shown(value)}' is not a known {field}", choice(choices))
    return Violation(loc, "wrong-type", f"{field} must be text, not {_typed(value)}", choice(choices))


def _not_acceptable(loc: Loc) -> Violation:
    """A key of `acceptedWarnings`, the only map whose keys the contract names."""
    code = str(loc[-1])
    if code in get_args(Code):
        message, hint = f"'{code}' cannot be accepted", "cure it where it is reported"
    else:
        message, hint = f"there is no warning '{shown(code)}'", correction(code, get_args(AcceptableWarning))
    return Violation(loc, "unknown-warning", message, hint, at_key=True)


def _typed(value: Any) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return str(value).lower()
        case int():
            return "a number"
        case float():
            return f"the number {value}"
        case credentials.HIDDEN:
            return "text"
        case str():
            return f"the text '{shown(value)}'"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _type_hint(loc: Loc, kind: str, value: Any) -> str | None:
    """How to write it: as the type wants it, or the field, or else as a list of one."""
    field = _field(loc)
    if kind == "string_type" and "env" in loc[:-1] and isinstance(value, dict) and _REFERENCES & value.keys():
        owner = " of the model" if loc[0] == "runtimes" else ""
        return f"set `envValueFrom: {{{shown(field)}: {{secretKeyRef: {{name: …, key: …}}}}}}`{owner}"
    if hint := _scalar_hint(kind, value) or _WRITTEN.get(field):
        return hint
    if kind == "list_type" and isinstance(value, str):
        return f"write a list: [{value if _PLAIN.fullmatch(value) and shown(value) == value else '…'}]"
    return None


def _scalar_hint(kind: str, value: Any) -> str | None:
    if kind == "string_type" and isinstance(value, bool | int | float):
        return "put it in quotes"
    if kind == "bool_type":
        return "write it without quotes" if value in ("true", "false") else "write true or false"
    if kind == "int_type" and isinstance(value, str):
        if not _DIGITS.fullmatch(value):
            return "write a whole number in plain digits"
        return "write it without quotes" if value == str(int(value)) else f"write {int(value)}"
    return None
