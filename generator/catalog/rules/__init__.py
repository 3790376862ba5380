"""What must fit together in a catalog, beyond the shape of each value."""

from collections.abc import Iterator
from typing import Any, Final

from generator.catalog.model import Catalog, Violation
from generator.catalog.rules import arguments, capacity, names, pods, references, sizes, text

_MODULES: Final = (names, references, arguments, capacity, pods, sizes)
_RULES: Final = tuple(rule for module in _MODULES for rule in module.RULES)
_OF_THE_TARGET: Final = tuple(rule for module in _MODULES for rule in getattr(module, "OF_THE_TARGET", ()))
_OF_THE_WHOLE: Final = tuple(rule for module in _MODULES for rule in getattr(module, "OF_THE_WHOLE", ()))


def check_text(data: Any) -> Iterator[Violation]:
    """Every violation by a catalog's text. It is judged as written, so that a broken contract hides no credential."""
    return text.check(data)


def check(catalog: Catalog, *, target_known: bool = True, whole: bool = True) -> Iterator[Violation]:
    """Every violation of every other rule whose inputs are sound: some need the target, or all that was written."""
    unsound = (() if target_known else _OF_THE_TARGET) + (() if whole else _OF_THE_WHOLE)
    for rule in _RULES:
        if rule not in unsound:
            yield from rule(catalog)
