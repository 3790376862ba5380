"""Text that is not YAML: what was meant, and where it went wrong. libyaml only says where it gave up."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import yaml

from generator.diagnostics import Position
from generator.display import shown

_CONFLICT = re.compile(r"(?:<{7}|>{7}|\|{7})(?: |$)|={7}$")
_NO_SPACE = re.compile(r"[ -]*[A-Za-z][A-Za-z0-9_-]*:(?=[^\s/])")
_QUOTES: Final = ('"', "'")
_CLOSING: Final = {"[": "]", "{": "}"}
_QUOTE_IT: Final = "put the value in quotes"
_BEGINS: Final = {
    "alias": "'*' without quotes starts an alias",
    "anchor": "'&' without quotes starts an anchor",
    "tag": "'!' without quotes starts a tag",
    "directive": "'%' at the start of a line starts a directive",
}


class Slip(NamedTuple):
    """What is wrong, and what to do."""

    at: Position
    message: str
    hint: str | None = None


class _Failure:
    """Where libyaml gave up: its words, and the text around."""

    def __init__(self, error: yaml.MarkedYAMLError, text: str, loader: type[Any]) -> None:
        self.problem, self.context = error.problem or "", error.context or ""
        self.lines = [line.removesuffix("\r") for line in text.split("\n")]
        self.at = self._inside(_position(error.problem_mark))
        self.began = self._inside(_position(error.context_mark or error.problem_mark))
        self.last: Any = None
        """The last scalar before the place."""
        self.open: list[Position] = []
        """The brackets that are open there."""
        for token in _tokens(text, loader):
            if _position(token.end_mark) > self.at:
                break
            self._take(token)

    def _take(self, token: Any) -> None:
        if isinstance(token, yaml.ScalarToken):
            self.last = token
        elif isinstance(token, yaml.FlowSequenceStartToken | yaml.FlowMappingStartToken):
            self.open.append(_position(token.start_mark))
        elif isinstance(token, yaml.FlowSequenceEndToken | yaml.FlowMappingEndToken) and self.open:
            self.open.pop()

    def _inside(self, position: Position) -> Position:
        """The position, or the end of the text when libyaml points past it."""
        if position.line <= len(self.lines):
            return position
        return Position(len(self.lines), len(self.lines[-1]) + 1)

    def line(self, at: Position) -> str:
        """The line of a place."""
        return self.lines[at.line - 1]

    def character(self, at: Position) -> str:
        """The character at a place; none at the end of a line."""
        return self.line(at)[at.column - 1 : at.column]

    def indent(self, at: Position) -> int:
        """How deep a line is indented."""
        line = self.line(at)
        return len(line) - len(line.lstrip(" "))

    def starts_line(self, at: Position) -> bool:
        """Whether nothing but blanks stands before a place."""
        return not self.line(at)[: at.column - 1].strip()


def explain(error: yaml.MarkedYAMLError, text: str, loader: type[Any]) -> Slip:
    """The slip behind an error; libyaml's own words where it is none of the common ones."""
    failure = _Failure(error, text, loader)
    for find in _SLIPS:
        if slip := find(failure):
            return slip
    what = " ".join(part for part in (failure.problem, failure.context) if part)
    since = f", which starts at {_place(failure.began)}" if failure.context and failure.began != failure.at else ""
    return Slip(failure.at, f"{shown(what)}{since}")


def _position(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1)


def _place(at: Position) -> str:
    return f"{at.line}:{at.column}"


def _tokens(text: str, loader: type[Any]) -> Iterator[Any]:
    """The tokens up to where they end, or cannot be told."""
    try:
        yield from yaml.scan(text, Loader=loader)
    except yaml.YAMLError:
        return


def _conflict(failure: _Failure) -> Slip | None:
    for number, line in enumerate(failure.lines, 1):
        if _CONFLICT.match(line):
            return Slip(
                Position(number, 1), "unresolved merge conflict", "keep one side, and remove the conflict markers"
            )
    return None


def _tab(failure: _Failure) -> Slip | None:
    line = failure.line(failure.at)
    blank = line[: len(line) - len(line.lstrip(" \t"))]
    if "\t" not in blank or not failure.starts_line(failure.at):
        return None
    return Slip(Position(failure.at.line, blank.index("\t") + 1), "tab in the indentation", "indent with spaces")


def _start(failure: _Failure) -> Slip | None:
    """A character that means something else where a value starts."""
    if "cannot start any token" in failure.problem:
        found = failure.character(failure.at)
        return Slip(failure.at, f"a value cannot start with '{shown(found)}' unless it is quoted", _QUOTE_IT)
    kind = failure.context.rpartition(" ")[2]
    if kind in _BEGINS:
        return Slip(failure.began, _BEGINS[kind], _QUOTE_IT)
    if failure.context.endswith("block scalar"):
        found = failure.character(failure.began)
        hint = "start the text on the next line, or put it in quotes"
        return Slip(failure.at, f"text on the line of '{shown(found)}', which starts a block of text", hint)
    return None


def _open_quote(failure: _Failure) -> Slip | None:
    """A quote that is never closed, or only by the one that was to open the next value."""
    if failure.context.endswith("quoted scalar"):
        if "escape" in failure.problem or "hexdecimal" in failure.problem:
            hint = r"write '\\' for a backslash, or use single quotes"
            return Slip(failure.at, "unknown escape sequence in double quotes", hint)
        quote = failure.character(failure.began)
        return Slip(failure.began, "this quote is never closed", f"close it with {quote}")
    if failure.last is None or failure.last.style not in _QUOTES:
        return None
    start, end = _position(failure.last.start_mark), _position(failure.last.end_mark)
    if end.line != failure.at.line:
        return None
    if start.line < end.line:
        message = f"this quote is closed only at {end.line}:{end.column - 1}"
        return Slip(start, message, f"close it with {failure.last.style} where its text ends")
    hint = "put all of it inside the quotes"
    return Slip(failure.at, "text after the closing quote", f"{hint}, or separate with ','" if failure.open else hint)


def _brackets(failure: _Failure) -> Slip | None:
    """A bracket without its other half."""
    found = failure.character(failure.at)
    if not failure.open:
        if found in ("]", "}"):
            return Slip(failure.at, f"'{found}' has no opening bracket", "remove it, or put the text in quotes")
        return None
    opened = failure.open[-1]
    bracket = failure.character(opened)
    closing = _CLOSING[bracket]
    if found in ("]", "}") and found != closing:
        message = f"'{found}' does not close the '{bracket}' opened at {_place(opened)}"
        return Slip(failure.at, message, f"close it with '{closing}'")
    at_end = not "".join(failure.lines[failure.at.line - 1 :])[failure.at.column - 1 :].strip()
    if at_end or (opened.line < failure.at.line and failure.indent(failure.at) <= failure.indent(opened)):
        return Slip(opened, f"this '{bracket}' is never closed", f"close it with '{closing}'")
    if f"',' or '{closing}'" in failure.problem:
        message = f"a ',' is missing before this, in the '{bracket}' opened at {_place(opened)}"
        return Slip(failure.at, message, f"separate with ',', or close it with '{closing}'")
    return None


def _colon(failure: _Failure) -> Slip | None:
    """A `:` too many, too few, or without its blank."""
    if "could not find expected ':'" in failure.problem:
        return _unspaced(failure, failure.began) or _no_colon(failure.began)
    if "mapping values are not allowed" not in failure.problem or failure.last is None:
        return None
    start = _position(failure.last.start_mark)
    if start.line == failure.at.line:
        return Slip(failure.at, "': ' is not allowed in unquoted text", "put the text in quotes")
    if slip := _unspaced(failure, start):
        return slip
    if failure.indent(failure.at) <= failure.indent(start):
        return _no_colon(start)
    here = Position(failure.at.line, failure.indent(failure.at) + 1)
    return Slip(here, f"this line is indented deeper than line {start.line}, so it continues its text", _ALIGN)


_ALIGN: Final = "align it with the lines that it belongs to"


def _no_colon(at: Position) -> Slip:
    return Slip(at, "':' is missing after this key", "write 'key: value'")


def _unspaced(failure: _Failure, at: Position) -> Slip | None:
    found = _NO_SPACE.match(failure.line(at))
    if found is None:
        return None
    return Slip(Position(at.line, found.end() + 1), "a space is missing after ':'", "write 'key: value'")


def _indentation(failure: _Failure) -> Slip | None:
    """A line whose indentation fits nowhere."""
    found, at = failure.character(failure.at), failure.at
    if "block sequence entries are not allowed" in failure.problem and not failure.starts_line(at):
        return Slip(at, "a list cannot start on the line of its key", "start it on the next line")
    if found == "," and (failure.starts_line(at) or "node content" in failure.problem):
        return Slip(at, "a value cannot start with ',' unless it is quoted", _QUOTE_IT)
    if found == ",":
        return Slip(at, "',' separates values inside brackets only", "remove it, or put the text in quotes")
    if not failure.context.startswith("while parsing a block") or not failure.starts_line(at):
        return None
    if at.column != failure.began.column:
        return Slip(at, "the indentation of this line matches no line above", _ALIGN)
    in_mapping = failure.context.endswith("mapping")
    if in_mapping != (found == "-"):
        return None
    what = "a list item among the keys of the mapping" if in_mapping else "a key among the items of the list"
    return Slip(at, f"{what} that starts at {_place(failure.began)}", _ALIGN)


_SLIPS: Final[tuple[Callable[[_Failure], Slip | None], ...]] = (
    _conflict,
    _tab,
    _start,
    _open_quote,
    _brackets,
    _colon,
    _indentation,
)
