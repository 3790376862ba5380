"""Addresses of servers: whether a text is one, and how it is shown."""

import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

_LOGIN: Final = re.compile(r"(://|^(?!\S*://))[^\s\"']*@")


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
    return _LOGIN.sub(r"\1", text)


def is_address(url: str) -> bool:
    """Whether `url` names an HTTP server. A login is part of it only if its special characters are escaped."""
    try:
        parts = urlsplit(url)
        port = parts.port  # raises when it is none
    except ValueError:
        return False
    named = parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0
    return named and not re.search(r"\s", url) and "@" not in parts.path + parts.query + parts.fragment
