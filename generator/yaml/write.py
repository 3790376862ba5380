"""Writes objects as YAML that PyYAML, ruamel.yaml and Go's parsers read back alike.

Block style, keys in the order given, lists not indented under their key: as kubectl and kustomize print it. A string
is written plain only when no YAML 1.1 or 1.2 parser can take it for anything else, as a literal block when it has
lines worth reading, and quoted otherwise. libyaml's emitter takes several times as long for the same text.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

_PLAIN = re.compile(
    r"(?:--?|/|(?:\.\./)+)?[A-Za-z][-\w./=@+()]*(?:[:,][-\w./=@+()]+| [\w/(][-\w./=@+()]*|, [\w/(][-\w./=@+()]*)*\Z",
    re.ASCII,
)
_AMOUNT = re.compile(r"[1-9][0-9]*(?:m|[KMGT]i)\Z")
_WORDS: Final = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])
_BLOCK = re.compile(r"[^\s#][^\n\r\t]*(?:\n[^\n\r\t]*)+\Z")
_TRAILING = re.compile(r" (?:\n|\Z)")
_SHORT: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_STEP: Final = "  "


class Shared(dict[str, Any]):
    """An immutable map that many objects share: its text is made once per indentation."""

    __slots__ = ("_texts",)
    _texts: dict[str, str]

    def text(self, indent: str) -> str:
        """The map's lines at `indent`."""
        if not hasattr(self, "_texts"):
            self._texts = {}
        if indent not in self._texts:
            lines: list[str] = []
            _mapping(self, indent, indent, lines)
            self._texts[indent] = "\n".join(lines)
        return self._texts[indent]


def dump(obj: Mapping[str, Any], header: str = "") -> str:
    """One object as one document, below an optional header line.

    Holds strings, integers, booleans, and lists and maps of them; a map or list in it is not empty by accident:
    `parameters: []` is written as such. Raises TypeError on anything else.
    """
    lines = [header] if header else []
    _mapping(obj, "", "", lines)
    lines.append("")
    return "\n".join(lines)


def _mapping(obj: Mapping[str, Any], first: str, indent: str, lines: list[str]) -> None:
    """`first` opens the first line: the indent, or the dash of the list item that the map is."""
    lead = first
    for key, value in obj.items():
        kind = type(value)
        if kind is str:
            lines.append(f"{lead}{scalar(key)}: {_text(value, indent)}")
        elif kind is dict and value:
            lines.append(f"{lead}{scalar(key)}:")
            deeper = indent + _STEP
            _mapping(value, deeper, deeper, lines)
        elif (kind is list or kind is tuple) and value:
            lines.append(f"{lead}{scalar(key)}:")
            _sequence(value, indent, lines)
        elif kind is Shared:
            lines += (f"{lead}{scalar(key)}:", value.text(indent + _STEP))
        else:
            lines.append(f"{lead}{scalar(key)}: {_atom(value)}")
        lead = indent


def _sequence(values: Sequence[Any], indent: str, lines: list[str]) -> None:
    dash = f"{indent}- "
    for value in values:
        kind = type(value)
        if kind is str:
            lines.append(f"{dash}{_text(value, indent)}")
        elif kind is dict and value:
            _mapping(value, dash, indent + _STEP, lines)
        elif (kind is list or kind is tuple) and value:
            raise TypeError("a list directly in a list does not occur in Kubernetes objects")
        else:
            lines.append(f"{dash}{_atom(value)}")


_ATOMS: Final[dict[type, Callable[[Any], str]]] = {
    bool: lambda value: "true" if value else "false",
    int: str,
    dict: lambda _: "{}",
    list: lambda _: "[]",
    tuple: lambda _: "[]",
}


def _atom(value: object) -> str:
    try:
        return _ATOMS[type(value)](value)
    except KeyError:
        raise TypeError(f"not written to YAML: {type(value).__name__}") from None


def _text(text: str, indent: str) -> str:
    if "\n" in text and _BLOCK.match(text) and text.replace("\n", "").isprintable() and not _TRAILING.search(text):
        body = text.removesuffix("\n")
        if not body.endswith("\n"):
            deeper = indent + _STEP
            mark = "|" if len(body) < len(text) else "|-"
            return "\n".join((mark, *(deeper + line if line else "" for line in body.split("\n"))))
    return scalar(text)


@lru_cache(maxsize=1 << 16)
def scalar(text: str) -> str:
    """A string as YAML, on one line."""
    if (_PLAIN.match(text) and text.lower() not in _WORDS) or _AMOUNT.match(text):
        return text
    if text.isprintable() and text.isascii():
        if '"' in text and "'" not in text:
            return f"'{text}'"
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code <= _BYTE else f"\\u{code:04x}" if code <= _BMP else f"\\U{code:08x}"


_BYTE: Final = 0xFF
_BMP: Final = 0xFFFF
