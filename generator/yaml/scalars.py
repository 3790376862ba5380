"""What a scalar without quotes means, if every YAML parser agrees."""

import math
import re
from typing import Any, Final

CONSTANTS: Final = {
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
    "null": None, "Null": None, "NULL": None, "~": None, "": None,
}  # fmt: skip
AMBIGUOUS: Final = object()
"""Stands for the value of text that means one thing to one parser and another to the next."""
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+\Z")
# Text that PyYAML (1.1), ruamel.yaml (1.2) and Go's two parsers do not all read alike; none of it means one thing.
_AMBIGUOUS = re.compile(
    r"""(?: [yYnN] | [yY]es | YES | [nN]o | NO | [oO]n | ON | [oO]ff | OFF      # booleans to some
        | = | <<                                                              # the value and merge keys
        | [-+]? [0-9][0-9_]* (?: :[0-5]?[0-9] )+ (?: \.[0-9_]* )?             # sexagesimal
        | (?: [-+]_* )? 0 (?: [oO][0-7_]+ | [xX][0-9a-fA-F_]+ | [bB][01_]+ | [0-9_]+ )  # other bases, leading zeros
        | (?: [-+]_* )? [0-9][0-9_]* (?: \.[0-9_]* )? (?: [eE][-+]?[0-9]+ )?  # underscores, signs, exponents
        | [-+]? \. [0-9][0-9_]* (?: [eE][-+]?[0-9]+ )?
        | [-+]? \. (?: inf | Inf | INF ) | \. (?: nan | NaN | NAN )
        | [0-9]{4} - [0-9]{1,2} - [0-9]{1,2} (?: [Tt\ \t] .* )?               # timestamps
        )\Z""",
    re.VERBOSE,
)
_NUMERIC_START: Final = frozenset("0123456789+-.")
_INT64_DIGITS: Final = 19


def value_of(text: str) -> Any:
    """What `text`, which is none of the CONSTANTS, means without quotes; AMBIGUOUS if that depends on the parser."""
    if text[0] in _NUMERIC_START:
        if _INTEGER.match(text):
            return int(text) if len(text) < _INT64_DIGITS else AMBIGUOUS
        if _DECIMAL.match(text):
            number = float(text)
            return number if math.isfinite(number) else AMBIGUOUS
    return AMBIGUOUS if _AMBIGUOUS.match(text) else text


def reads_as_text(text: str) -> bool:
    """Whether every YAML parser reads `text` as a string if it is not quoted."""
    return text not in CONSTANTS and value_of(text) is text
