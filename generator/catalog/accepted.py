"""Warnings that the catalog accepts, each with a reason."""

from collections.abc import Collection, Iterable, Iterator
from typing import Final, get_args

from generator.catalog.model import Catalog
from generator.codes import OF_THE_LOCK, AcceptableWarning
from generator.diagnostics import Diagnostic, Severity
from generator.yaml.read import Document

FIELD: Final = "acceptedWarnings"
CODES: Final[tuple[str, ...]] = get_args(AcceptableWarning)


def marked(catalog: Catalog, found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The same findings; those that the catalog accepts carry its reason."""
    reasons = catalog.data.get(FIELD, {})
    return tuple(
        item._replace(accepted=reasons[item.code])
        if item.severity is Severity.WARNING and item.code in reasons
        else item
        for item in found
    )


def unused(catalog: Catalog, document: Document, found: Collection[Diagnostic]) -> Iterator[Diagnostic]:
    """A warning for each acceptance that accepts nothing. Without a lock nobody knows what it would give rise to."""
    occurred = {item.code for item in found}
    unknown = OF_THE_LOCK if "no-lock" in occurred else frozenset()
    for code in sorted({*catalog.data.get(FIELD, {})} - occurred - unknown):
        position, message = document.locate((FIELD, code), key=True), f"{FIELD}: '{code}' does not occur"
        found_none = document.diagnostic(position, "unused-acceptance", message, "remove it")
        yield found_none._replace(severity=Severity.WARNING)
