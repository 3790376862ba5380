"""What must fit together in a catalog, beyond the shape of each value."""

from collections.abc import Iterator
from typing import Any

from generator.catalog.model import Catalog, Violation
from generator.catalog.rules import arguments, capacity, names, references, sizes, text

_RULES = (*names.RULES, *references.RULES, *arguments.RULES, *capacity.RULES, *sizes.RULES)
_OF_THE_TARGET = (*names.OF_THE_TARGET, *capacity.OF_THE_TARGET)


def check_text(data: Any) -> Iterator[Violation]:
    """Every violation by a catalog's text. It is judged as written, so that a broken contract hides no credential."""
    return text.check(data)


def check(catalog: Catalog, *, target_known: bool = True, whole: bool = True) -> Iterator[Violation]:
    """Every violation of every other rule whose inputs are sound: some need the target, or all that was written."""
    unsound = (() if target_known else _OF_THE_TARGET) + (() if whole else references.OF_THE_WHOLE)
    for rule in _RULES:
        if rule not in unsound:
            yield from rule(catalog)
