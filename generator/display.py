"""Text from outside, made fit to be shown: from the catalog, the Hub, S3, other programs, or names on disk."""

import re
from typing import Final

from generator import credentials

LONGEST: Final = 4096
"""Longer text is not looked through for credentials, and so not shown."""
_EXCERPT: Final = 80
# Controls, line separators, surrogates, annotations and noncharacters; and what is not drawn at all, which is where
# bidirectional controls and zero-width characters are: Default_Ignorable_Code_Point in Unicode's
# DerivedCoreProperties.txt @ 15.1.0.
_ACTING = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_STAND_INS: Final = {"\n": "⏎", "\t": " "}


def visible(text: str) -> str:
    """The text on one line, with a character in place of each that would act on a terminal, or hide.

    As long as before, so that columns stay where they are.
    """
    return text if text.isascii() and text.isprintable() else _ACTING.sub(_stand_in, text)


def _stand_in(found: re.Match[str]) -> str:
    return _STAND_INS.get(found[0], "\N{REPLACEMENT CHARACTER}")


def shown(value: object) -> str:
    """A value or a key as a part of a message: short, on one line, and without credentials."""
    whole = str(value)[:LONGEST]
    if credentials.mentions_secret(whole):
        return credentials.HIDDEN
    text = visible(credentials.redact(whole))
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"
