"""Quantities, compared with `resource.MustParse(…).String()` of k8s.io/apimachinery."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.catalog.contract import patterns
from generator.kube.quantities import canonical

ANSWERS = """
1 1           4 4            16 16          1000 1k         1024 1024       2500 2500      500000000 500M
1000m 1       1500m 1500m    250m 250m      2000m 2         999m 999m       1001m 1001m    1m 1m
0.5 500m      0.1 100m       0.25 250m      0.001 1m        1.5 1500m       2.0 2          2.50 2500m     10.05 10050m
8Gi 8Gi       1024Mi 1Gi     1.5Gi 1536Mi   2048Mi 2Gi      1536Mi 1536Mi   1234Mi 1234Mi  1048576Ki 1Gi
1Ki 1Ki       1000Ki 1000Ki  1000Mi 1000Mi  0.5Gi 512Mi     0.25Ti 256Gi    1024Gi 1Ti     1024Ti 1Pi
0.3Mi 314572800m  0.1Gi 107374182400m  0.001Ki 1024m  1.001Ki 1025024m  1.1Ti 1209462790553600m
1k 1k         1000k 1M       1000M 1G       1.5G 1500M      12G 12G         1500M 1500M    1000T 1P       1000000T 1E
0.5k 500      0.001k 1       1.25T 1250G    8589934592 8589934592           1073741824 1073741824
""".split()
_UNITS = {
    "": Fraction(1),
    "m": Fraction(1, 1000),
    **{suffix: Fraction(1000**power) for power, suffix in enumerate("kMGTPE", 1)},
    **{f"{suffix}i": Fraction(1024**power) for power, suffix in enumerate("KMGTPE", 1)},
}
_LARGEST = 2**63 - 1
quantities = st.one_of(
    [st.from_regex(pattern.removesuffix("$") + r"\Z") for pattern in (patterns.CPU, patterns.MEMORY)]
).filter(lambda quantity: len(quantity) <= 16 and amount(quantity) <= _LARGEST)


def amount(quantity: str) -> Fraction:
    """The amount of a quantity."""
    number = quantity.rstrip("kKMGTPEim")
    return Fraction(number) * _UNITS[quantity.removeprefix(number)]


@pytest.mark.parametrize(("quantity", "answer"), list(zip(ANSWERS[::2], ANSWERS[1::2], strict=True)))
def test_a_quantity_is_written_as_the_api_server_would(quantity: str, answer: str) -> None:
    """Each quantity takes the form that the API server stores."""
    assert canonical(quantity) == answer


@given(quantities)
def test_any_quantity_keeps_its_amount(quantity: str) -> None:
    """The form changes, the amount does not, and the form is final."""
    written = canonical(quantity)
    assert amount(written) == amount(quantity)
    assert canonical(written) == written
    assert re.fullmatch(r"[1-9][0-9]*(?:m|[kMGTPE]|[KMGTPE]i)?", written)


@given(quantities)
def test_a_quantity_takes_the_largest_suffix_that_fits(quantity: str) -> None:
    """With any larger suffix of its kind, the number would not be whole."""
    written = canonical(quantity)
    suffix = written.lstrip("0123456789")
    kind = [unit for unit in _UNITS if unit.endswith("i") == suffix.endswith("i") or not unit]
    larger = [unit for unit in kind if _UNITS[unit] > _UNITS[suffix]]
    if suffix or not quantity.endswith("i"):
        assert all((amount(written) / _UNITS[unit]).denominator != 1 for unit in larger)
