"""Diagnostics as values, and the errors that carry them."""

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from generator.codes import Code

Loc = tuple[str | int, ...]
"""A path into the catalog, as pydantic spells it: `("models", 3, "source", "revision")`."""

MOST: Final = 1000
"""So many findings are enough for one run, and a hostile file cannot make more."""


class Position(NamedTuple):
    """A place in a text file; line and column count from 1."""

    line: int
    column: int


class Severity(StrEnum):
    """An error stops the compile; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


_NEAR: Final = 0.8
_NEARER: Final = 0.85
"""The share of two words' letters that must agree, in order: more if they do not begin alike.

With less, `path` would suggest `auth`, and `minReplicas` `replicas`.
"""


def folded(word: str) -> str:
    """A word without what people spell in many ways: `max_model_len`, `maxModelLen`."""
    return "".join(filter(str.isalnum, word)).lower()


def suggestion(word: str, known: Iterable[str]) -> str | None:
    """The hint for a misspelt word, or None when nothing known is near."""
    import difflib  # noqa: PLC0415 - only needed on the way to an error

    typed, words = folded(word), {folded(name): name for name in sorted(known, reverse=True)}
    swapped = [name for name in words if sorted(name) == sorted(typed) and len(typed) > 2]  # noqa: PLR2004
    alike = [name for name in words if name[:1] == typed[:1]]
    near = (
        swapped
        or difflib.get_close_matches(typed, alike, n=1, cutoff=_NEAR)
        or difflib.get_close_matches(typed, words, n=1, cutoff=_NEARER)
    )
    return f"did you mean '{words[near[0]]}'?" if near else None


def choice(known: Iterable[str]) -> str:
    """The hint that names everything that may be written, in the order given."""
    words = tuple(known)
    return f"choose one of {', '.join(words)}" if len(words) > 1 else f"write {', '.join(words)}"


def correction(word: str, known: Collection[str]) -> str:
    """The hint for a word that is not among those known: the one that was meant, or all of them."""
    return suggestion(word, known) or choice(sorted(known))


class Diagnostic(NamedTuple):
    """One finding. `source_line` is the line to show under it, `hint` an action and nothing else.

    `subject` is who the message begins with, if it does. `accepted` is the reason why the catalog accepts a warning.
    """

    path: str
    position: Position
    code: Code
    message: str
    hint: str | None = None
    severity: Severity = Severity.ERROR
    source_line: str | None = None
    subject: str | None = None
    accepted: str | None = None

    @property
    def sort_key(self) -> tuple[str, Position, str, str]:
        """File order, then a total order, so that reports do not depend on the order of rules."""
        return (self.path, self.position, self.code, self.message)


class GeneratorError(Exception):
    """A failure whose text is meant for the user: a line, another with the hint, and a line for each of `details`."""

    def __init__(self, message: str, *, hint: str | None = None, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.hint = hint
        self.details = details


class ReportedError(GeneratorError):
    """A failure that was reported where it happened; it still decides the exit code."""


class CatalogError(GeneratorError):
    """The catalog is invalid. Carries every diagnostic, warnings included."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(f"{len(diagnostics)} problems in the catalog")
        self.diagnostics = diagnostics


class TreeError(GeneratorError):
    """The output tree cannot be read or written safely."""


class ToolError(GeneratorError):
    """An external tool failed."""


class InterruptedSyncError(GeneratorError):
    """A sync was asked to stop; or a part of a file cannot be used because another part failed."""
