"""Quantities in the form that the API server stores: what it would rewrite is written that way at once."""

from decimal import Decimal
from functools import cache
from typing import Final

_DECIMAL: Final = {"m": -1, "": 0, "k": 1, "M": 2, "G": 3, "T": 4}
_BINARY: Final = {"": 0, "Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4}


@cache
def canonical(quantity: str) -> str:
    """A positive quantity with the largest suffix that keeps its number whole.

    The rules are those of k8s.io/apimachinery's `resource.Quantity`: 1000m → 1, 0.5 → 500m, 1024Mi → 1Gi,
    1.5Gi → 1536Mi; a binary quantity that is no whole number of bytes takes decimal suffixes.
    """
    number = quantity.rstrip("KMGTikm")
    suffix = quantity[len(number) :]
    if suffix in _BINARY and suffix:
        amount = Decimal(number) * 1024 ** _BINARY[suffix]
        return (
            _largest(amount, _BINARY, 1024)
            if amount == amount.to_integral_value()
            else _largest(amount, _DECIMAL, 1000)
        )
    return _largest(Decimal(number) * Decimal(1000) ** _DECIMAL[suffix], _DECIMAL, 1000)


def _largest(amount: Decimal, suffixes: dict[str, int], base: int) -> str:
    for suffix, power in reversed(suffixes.items()):
        scaled = amount / Decimal(base) ** power
        if scaled >= 1 and scaled == scaled.to_integral_value():
            return f"{int(scaled)}{suffix}"
    raise AssertionError(f"the contract lets no such quantity through: {amount}")
