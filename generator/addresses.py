"""Addresses of servers: whether a text is one, and how it is shown."""

import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

_WORD: Final = re.compile(r"[^\s\"']+")
_BLANK: Final = re.compile(r"\s")


class Proxy(NamedTuple):
    """A proxy without its login, and the variable that names it."""

    host: str
    variable: str

    def __str__(self) -> str:
        return f"the proxy {self.host} ({self.variable})"

    @property
    def hint(self) -> str:
        """What to do when it cannot be used."""
        return f"check {self.variable} and NO_PROXY"


def without_login(text: str) -> str:
    """`text` without the logins of the addresses in it."""
    return _WORD.sub(_bare, text)


def _bare(word: re.Match[str]) -> str:
    """A word without what stands before its last `@`, if it is an address: the first word may have no scheme."""
    start, scheme, rest = word[0].partition("://")
    if scheme:
        return f"{start}://{rest.rpartition('@')[2]}"
    return word[0] if word.start() else word[0].rpartition("@")[2]


def is_address(url: str) -> bool:
    """Whether `url` names an HTTP server. A login is part of it only if its special characters are escaped."""
    try:
        parts = urlsplit(url)
        port = parts.port  # raises when it is none
    except ValueError:
        return False
    named = parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0
    return named and not _BLANK.search(url) and "@" not in parts.path + parts.query + parts.fragment
