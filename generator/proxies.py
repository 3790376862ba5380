"""Which proxy the environment names for a server: for messages only, as each HTTP client finds its own."""

import os
from urllib.parse import urlsplit

from generator.addresses import Proxy, without_login


def proxy_of(url: str) -> Proxy | None:
    """The proxy through which a server is reached, None if it is reached directly."""
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - only on the way to an error

    parts, proxies = urlsplit(url), getproxies()
    kind = next((kind for kind in (parts.scheme, "all") if kind in proxies), None)
    if kind is None or proxy_bypass(parts.hostname or ""):
        return None
    variable = f"{kind}_proxy"
    host = without_login(proxies[kind]).rpartition("://")[2].rstrip("/")
    return Proxy(host, variable if variable in os.environ else variable.upper())
