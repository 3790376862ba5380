"""What must fit together in a catalog, beyond the shape of each value."""

from collections.abc import Iterator

from generator.catalog.resolved import Catalog, Violation
from generator.catalog.rules import arguments, capacity, names, references, text

_RULES = (*names.RULES, *references.RULES, *arguments.RULES, *capacity.RULES, *text.RULES)


def check(catalog: Catalog) -> Iterator[Violation]:
    """Every violation of every rule."""
    for rule in _RULES:
        yield from rule(catalog)
