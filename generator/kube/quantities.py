"""Quantities in the form that the API server stores: what it would rewrite is written that way at once."""

from functools import cache
from typing import Final

# In thousandths, the smallest step of either kind that the contract lets through: all arithmetic is on integers.
_DECIMAL: Final[dict[str, int]] = {
    suffix: 1000**power for power, suffix in enumerate(("m", "", "k", "M", "G", "T", "P", "E"))
}
_BINARY: Final[dict[str, int]] = {
    suffix: 1000 * 1024**power for power, suffix in enumerate(("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))
}


@cache
def canonical(quantity: str) -> str:
    """A positive quantity with the largest suffix that keeps its number whole.

    The rules are those of `Quantity.CanonicalizeBytes`: 1000m → 1, 0.5 → 500m, 1024Mi → 1Gi, 1.5Gi → 1536Mi; a binary
    quantity that is no whole number of bytes takes decimal suffixes. kubernetes/apimachinery
    pkg/api/resource/quantity.go @ 357557a6.
    """
    amount = thousandths(quantity)
    units = _BINARY if quantity.endswith("i") and amount % 1000 == 0 else _DECIMAL
    suffix, unit = next((suffix, unit) for suffix, unit in reversed(units.items()) if amount % unit == 0)
    return f"{amount // unit}{suffix}"


@cache
def thousandths(quantity: str) -> int:
    """A positive quantity as a number, rounded down to the smallest step of the API server."""
    number = quantity.rstrip("kKMGTPEim")
    whole, _, fraction = number.partition(".")
    return int(whole + fraction.ljust(3, "0")) * (_DECIMAL | _BINARY)[quantity[len(number) :]] // 1000
