"""What must fit together in a catalog, beyond the shape of each value."""

from collections.abc import Iterator
from typing import Any

from generator.catalog.model import Catalog, Violation
from generator.catalog.rules import arguments, capacity, names, references, sizes, text

_RULES = (*names.RULES, *references.RULES, *arguments.RULES, *capacity.RULES, *sizes.RULES)


def check_text(data: Any) -> Iterator[Violation]:
    """Every violation by a catalog's text. It is judged as written, so that a broken contract hides no credential."""
    return text.check(data)


def check(catalog: Catalog) -> Iterator[Violation]:
    """Every violation of every other rule."""
    for rule in _RULES:
        yield from rule(catalog)
