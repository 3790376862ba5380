"""Which lines of a text may be printed, YAML or not: none that gives a credential, by its form, name or place."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from generator import credentials

_LONGEST: Final = 4096
"""A longer line is not looked through, and not printed."""
_FLAG: Final = re.compile(r"(?<![\w-])(--[A-Za-z][\w-]{0,255})")
_KEY: Final = re.compile(r"([\"']?([\w./-]{1,256})[\"']?[ \t]{0,16}:)")
# A key without its value, a flag without its value, the name of a variable whose value comes next.
_OPEN: Final = re.compile(
    r"(?<![\w./-])(?:([\w./-]{1,256})[\"']?[ \t]{0,16}:[ \t]{0,16}(?:[|>][-+0-9]{0,2})?|(--[\w-]{1,256})[\"']?,?"
    r"|name[\"']?[ \t]{0,16}:[ \t]{0,16}[\"']?([\w.-]{1,256})[\"']?,?)[ \t]{0,16}\Z"
)
_FIRST: Final = re.compile(r"[\"']?([\w./-]{1,256})")
_VARIABLE: Final = re.compile(r"\bname[\"']?[ \t]{0,16}:[ \t]{0,16}[\"']?([\w.-]{1,256})")


# What the contract wants: the name of a Secret. In a message about it, the line may be read.
_NAME_OF_SECRET: Final = re.compile(
    r"(?:secret:[ \t]{0,16}(?:\{[ \t]{0,16})?)?(?:existing:[ \t]{0,16}[a-z0-9][-.a-z0-9]{0,252})?"
    r"[ \t]{0,16}\}?[ \t]{0,16}\Z"
)


class _Reader:
    """Follows a text from line to line: what a line means is often said by one above it."""

    def __init__(self) -> None:
        self._key = ""  # the key that stands for a secret, while its value goes on
        self._column = 0
        self._armoured = False
        self._next = False

    def hides(self, line: str) -> bool:
        """Whether the next line gives a credential."""
        if len(line) > _LONGEST:
            return True
        text = line.lstrip(" -\t")
        if not text:
            return False
        column = len(line) - len(text)
        if column <= self._column:
            self._key = ""
        key = _KEY.match(text)
        if not self._key and key and credentials.names_secret(key[2]):
            self._key, self._column = key[2], column
        if "PRIVATE KEY" in line:
            self._armoured = "BEGIN" in line
        named = self._key == "secret" and _NAME_OF_SECRET.match(text) is not None
        told = self._next or (self._key and column > self._column) or _says_secret(line)
        last = _OPEN.search(line)
        self._next = last is not None and credentials.names_secret(last[last.lastindex or 0])
        return self._armoured or bool(told and not named) or credentials.kind(line) is not None


def _says_secret(line: str) -> bool:
    if credentials.assigned_secret(line, prose=True):
        return True
    names = [found[1] for pattern in (_FLAG, _VARIABLE) for found in pattern.finditer(line)]
    if ":" not in line and (first := _FIRST.match(line.lstrip(" -\t"))):  # a key without its colon
        names.append(first[1])
    return any(map(credentials.names_secret, names))


def hidden_lines(lines: Iterable[str]) -> frozenset[int]:
    """The numbers, from 1, of the lines that must not be printed."""
    reader = _Reader()
    return frozenset(number for number, line in enumerate(lines, 1) if reader.hides(line))


def masked(difference: Iterable[str]) -> Iterator[str]:
    """The lines of a unified diff without the credentials in them."""
    reader = _Reader()
    for line in difference:
        content = line[1:].rstrip("\n")
        if line.startswith(("@@", "--- ", "+++ ")):
            reader = _Reader()
            yield credentials.redact(line)
        elif not reader.hides(content):
            yield line
        else:
            text = content.lstrip(" -\t")
            key = _KEY.match(text)
            start = line[: len(line.rstrip("\n")) - len(text)]
            yield f"{start}{key[1] + ' ' if key else ''}{credentials.HIDDEN}{line[1 + len(content) :]}"
