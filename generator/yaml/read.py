"""Parses catalog text under stricter rules than YAML's; positions are found again only when needed."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import yaml

from generator import credentials
from generator.codes import Code
from generator.diagnostics import MOST, CatalogError, Diagnostic, Loc, Position
from generator.display import shown
from generator.yaml.scalars import AMBIGUOUS, CONSTANTS, value_of

MAX_BYTES: Final = 8 * 1024 * 1024
MAX_DEPTH: Final = 32

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# YAML 1.1 breaks lines at NEL, LS and PS and 1.2 does not; C0 controls, DEL and surrogates are outside YAML altogether.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]|\r(?!\n)")
_STARTS: Final = frozenset((yaml.MappingStartEvent, yaml.SequenceStartEvent))
_ENDS: Final = frozenset((yaml.MappingEndEvent, yaml.SequenceEndEvent))
_NODES: Final = frozenset((*_STARTS, *_ENDS, yaml.ScalarEvent, yaml.AliasEvent))
_NO_KEY: Final = object()


@dataclass(frozen=True)
class Document:
    """A parsed catalog: its data (dict, list, str, int, float, bool, None) and what its text got wrong."""

    path: str
    text: str
    data: Any
    problems: tuple[Diagnostic, ...] = ()

    @cached_property
    def lines(self) -> list[str]:
        """The text's lines, without their ends."""
        return [line.removesuffix("\r") for line in self.text.split("\n")]

    @cached_property
    def _root(self) -> Any:
        return yaml.compose(self.text, Loader=_Loader)

    def locate(self, loc: Loc, *, key: bool = False) -> Position:
        """Where the value at `loc` stands, or its key; the nearest enclosing value when `loc` is not in the text."""
        found = self._nodes(loc)
        if not found:
            return Position(1, 1)
        key_node, node = found[-1]
        wanted = key_node if key and len(found) == len(loc) and key_node is not None else node
        return _position(wanted.start_mark)

    @cached_property
    def hidden_lines(self) -> frozenset[int]:
        """The numbers of the lines that give a credential."""
        from generator import redaction  # noqa: PLC0415 - only needed on the way to an error

        return redaction.hidden_lines(self.lines)

    def line(self, position: Position) -> str | None:
        """The line of text at `position`; None past the end, and where it gives a credential."""
        if position.line > len(self.lines) or position.line in self.hidden_lines:
            return None
        return self.lines[position.line - 1]

    def extent(self, loc: Loc) -> tuple[Position, Position]:
        """Where the value at `loc` starts and ends; its key belongs to it."""
        found = self._nodes(loc)
        key, node = found[-1] if found else (None, self._root)
        return _position((key or node).start_mark), _position(node.end_mark)

    def _nodes(self, loc: Loc) -> list[tuple[Any, Any]]:
        """The key and the value of every step of `loc` that is in the text; items of lists have no key."""
        found: list[tuple[Any, Any]] = []
        for part in loc:
            step = _child(found[-1][1] if found else self._root, part)
            if step is None:
                break
            found.append(step)
        return found

    def diagnostic(self, position: Position, code: Code, message: str, hint: str | None = None) -> Diagnostic:
        """An error at `position`, with its source line."""
        return Diagnostic(self.path, position, code, message, hint, source_line=self.line(position))


def _position(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1)


def _child(node: Any, part: str | int) -> tuple[Any, Any] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((k, v) for k, v in reversed(node.value) if k.value == part), None)  # as data, the last one counts
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    return None


def parse(raw: bytes, path: str) -> Document:
    """Read a catalog. `Document.problems` holds what can be reported together with later findings.

    Raises CatalogError when the text gives no data to go on with: too large, not UTF-8, not YAML, nested too deep.
    """
    if len(raw) > MAX_BYTES:
        message = f"the catalog has {len(raw):,} bytes, but at most {MAX_BYTES:,} are allowed"
        raise CatalogError(
            (Diagnostic(path, Position(1, 1), "yaml-too-large", message, "give each team its own catalog"),)
        )
    body = raw.removeprefix(codecs.BOM_UTF8)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        before = body[: error.start].decode().split("\n")
        at = Position(len(before), len(before[-1]) + 1)
        message = f"byte 0x{body[error.start]:02x} is not valid UTF-8"
        raise CatalogError((Diagnostic(path, at, "yaml-encoding", message, "save the file as UTF-8"),)) from None
    document = Document(path, text, None)
    if unprintable := _UNPRINTABLE.search(text):
        at = _position_of(text, unprintable.start())
        raise CatalogError((document.diagnostic(at, "yaml-character", _character(unprintable), "remove it"),))
    return _read(document)


def _character(found: re.Match[str]) -> str:
    return f"character U+{ord(found[0]):04X} is not allowed in a catalog"


def _short(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def printable(text: str) -> str:
    """The text with a replacement for every character that a catalog must not hold."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _position_of(text: str, offset: int) -> Position:
    return Position(text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1)


def _read(document: Document) -> Document:
    reader = _Reader(document)
    try:
        data = reader.read()
    except yaml.MarkedYAMLError as error:
        from generator.yaml.slips import explain  # noqa: PLC0415 - only where the text is broken

        slip = explain(error, document.text, _Loader)
        found = document.diagnostic(slip.at, "yaml-syntax", f"not valid YAML: {slip.message}", slip.hint)
        raise CatalogError((*reader.problems, found)) from None
    return Document(document.path, document.text, data, tuple(reader.problems))


@dataclass
class _Reader:
    """Builds data from libyaml's events: no recursion, no node tree, so nothing in a file can exhaust either."""

    document: Document
    problems: list[Diagnostic] = field(default_factory=list)
    _plain: dict[str, Any] = field(default_factory=lambda: dict(CONSTANTS))

    def read(self) -> Any:
        """Return the one document's data; None when the text holds none."""
        container: Any = []  # stands for the stream; the document's value is its only member
        root, pending = container, _NO_KEY
        stack: list[tuple[Any, Any]] = []
        for event in self._events():
            kind = type(event)
            if kind in _ENDS:
                container, pending = stack.pop()
                continue
            is_key = pending is _NO_KEY and type(container) is dict
            value = self._scalar(event, is_key=is_key) if kind is yaml.ScalarEvent else self._value(event)
            if is_key:
                pending = self._key(event, value, container)
                if kind not in _STARTS:
                    continue
            elif type(container) is list:
                container.append(value)
            else:
                container[pending], pending = value, _NO_KEY
            if kind in _STARTS:
                if len(stack) == MAX_DEPTH:
                    self._stop(event, "yaml-too-deep", f"nested deeper than {MAX_DEPTH} levels")
                stack.append((container, pending))
                container, pending = value, _NO_KEY
        return root[0] if root else None

    def _value(self, event: Any) -> Any:
        """Return what a node other than a scalar begins as."""
        if type(event) is yaml.AliasEvent:
            self._report(event, "yaml-alias", f"alias '*{shown(event.anchor)}' is not allowed", "repeat the value")
            return None
        self._check_node(event)
        return {} if type(event) is yaml.MappingStartEvent else []

    def _events(self) -> Iterator[Any]:
        """Yield the events of the first document's nodes, their ends included."""
        loader = _Loader(self.document.text)
        documents = 0
        try:
            while type(event := loader.get_event()) is not yaml.StreamEndEvent:
                if type(event) in _NODES:
                    yield event
                elif type(event) is yaml.DocumentStartEvent:
                    documents += 1
                    if documents > 1:
                        self._stop(event, "yaml-multiple-documents", "a catalog is one YAML document", "remove '---'")
        finally:
            loader.dispose()

    def _scalar(self, event: Any, *, is_key: bool) -> Any:
        self._check_node(event)
        text: str = event.value
        if event.style:
            if unprintable := _UNPRINTABLE.search(text):
                self._report(event, "yaml-character", _character(unprintable), "remove it")
            return text
        try:
            return self._plain[text]
        except KeyError:
            value = value_of(text)
        if value is AMBIGUOUS:
            if is_key and text == "<<":
                self._report(event, "yaml-merge-key", "merge keys are not allowed", "repeat the fields")
            else:
                message = f"YAML parsers disagree on the meaning of {shown(text)}"
                hint = f'write "{text}"' if shown(text) == text else "put it in quotes"
                self._report(event, "yaml-ambiguous-scalar", message, hint)
            return text
        self._plain[text] = value
        return value

    def _key(self, event: Any, key: Any, container: dict[str, Any]) -> Any:
        if type(key) is not str:
            self._report(event, "yaml-key", "a key must be text", "put the key in quotes")
            return str(event.value) if isinstance(event, yaml.ScalarEvent) else ""
        if key in container:
            self._report(event, "yaml-duplicate-key", f"duplicate key '{shown(key)}'", "keep one of the two")
        return key

    def _check_node(self, event: Any) -> None:
        if event.anchor is not None:
            message = f"anchor '&{shown(event.anchor)}' is not allowed"
            self._report(event, "yaml-alias", message, "repeat the value where it is used")
        if event.tag is not None:
            self._report(event, "yaml-tag", f"tag '{shown(_short(event.tag))}' is not allowed", "remove the tag")

    def _report(self, event: Any, code: Code, message: str, hint: str | None = None) -> None:
        if len(self.problems) > MOST:
            return
        at = _position(event.start_mark)
        if at.line in self.document.hidden_lines:
            said = (
                getattr(event, "value", None),
                getattr(event, "anchor", None),
                _short(getattr(event, "tag", None) or ""),
            )
            parts = [shown(text) for text in said if text]
            message, hint = credentials.hide(message, parts), hint and credentials.hide(hint, parts)
        self.problems.append(self.document.diagnostic(at, code, message, hint))

    def _stop(self, event: Any, code: Code, message: str, hint: str | None = None) -> None:
        self._report(event, code, message, hint)
        raise CatalogError(tuple(self.problems))
