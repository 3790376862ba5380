"""Ranges of files over HTTP, held to what was asked for; the one door to urllib3.

urllib3 reads TLS at a third of the CPU time that the Hub's own client takes, because it can be told to leave the body
as it is and to hand it over in large pieces.
"""

import ssl
from collections.abc import Mapping
from threading import Event
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from generator.artifacts.digest import InterruptedSyncError
from generator.artifacts.failures import RemoteError

_SCHEMES: Final = ("http", "https", "all")
_PIECE: Final = 1 << 20
_PARTIAL: Final = 206
_WHOLE: Final = 200
_TRANSIENT: Final = frozenset({408, 429, 500, 502, 503, 504})
_EXPIRED: Final = frozenset({401, 403})
_GONE: Final = frozenset({404, 410})


_AGAIN: Final = "run the sync again: what is in the bucket is not sent again"
_MANGLED: Final = "a proxy on the way changes what it passes on: let it leave the Hub's downloads alone"


class DownloadError(RemoteError):
    """Bytes did not come as asked for. `expired` means that a fresh URL may help."""

    def __init__(
        self, message: str, *, transient: bool, expired: bool = False, wait_s: float = 0, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint or _AGAIN, transient=transient, wait_s=wait_s)
        self.expired = expired


class Ranges:
    """Reads ranges of files from signed URLs. May be used by many threads; stops between pieces when `stop` is set.

    Proxies are those of the environment (HTTPS_PROXY, NO_PROXY …), as for boto3 and huggingface_hub.
    """

    def __init__(self, *, connections: int, ca: str | None, stop: Event, silence_s: float = 60) -> None:
        pool: dict[str, Any] = {
            "num_pools": 16,
            "maxsize": connections,
            "retries": False,
            "timeout": urllib3.Timeout(connect=min(10, silence_s), read=silence_s),
            # One for all connections: reading the system's authorities takes as long as reading 20 MB of a model.
            "ssl_context": ssl.create_default_context(cafile=ca),
        }
        self._direct = urllib3.PoolManager(**pool)
        self._proxied = {scheme: _through(proxy, pool) for scheme, proxy in getproxies().items() if scheme in _SCHEMES}
        self._stop = stop

    def _pool(self, url: str) -> urllib3.PoolManager:
        scheme, host = urlsplit(url)[:2]
        proxied = self._proxied.get(scheme) or self._proxied.get("all")
        return self._direct if proxied is None or proxy_bypass(host) else proxied

    def read(self, url: str, headers: Mapping[str, str], start: int, end: int, total: int) -> bytearray:
        """The bytes from `start` up to but not including `end` of a file of `total` bytes.

        Raises DownloadError when the server answers with anything else.
        """
        asked = {**headers, "Accept-Encoding": "identity", "Range": f"bytes={start}-{end - 1}"}
        try:
            response = self._pool(url).request("GET", url, headers=asked, preload_content=False, redirect=False)
            try:
                _check(response, start, end, total)
                return self._body(response, end - start)
            finally:
                response.close() if response.length_remaining else response.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise DownloadError(f"the connection failed: {_words(error)}", transient=True) from error

    def _body(self, response: Any, size: int) -> bytearray:
        body = bytearray()
        for piece in response.stream(_PIECE, decode_content=False):
            if self._stop.is_set():
                raise InterruptedSyncError("interrupted")
            body += piece
            if len(body) > size:
                raise DownloadError(f"more than the {size} bytes asked for came", transient=True)
        if len(body) != size:
            raise DownloadError(f"{len(body)} of {size} bytes came", transient=True)
        return body


def _through(proxy: str, pool: dict[str, Any]) -> urllib3.ProxyManager:
    address = urllib3.util.parse_url(proxy if "://" in proxy else f"http://{proxy}")
    login = urllib3.make_headers(proxy_basic_auth=unquote(address.auth)) if address.auth else None
    return urllib3.ProxyManager(address._replace(auth=None).url, proxy_headers=login, **pool)


def _check(response: Any, start: int, end: int, total: int) -> None:
    status = response.status
    if status in _EXPIRED:
        raise DownloadError(f"the file's URL was refused ({status})", transient=True, expired=True)
    if status in _GONE:  # where the file is now, or why it is not there, the Hub says when asked again
        raise DownloadError(f"the server answered {status}", transient=True, expired=True)
    if status == _WHOLE and (start, end) != (0, total):
        raise DownloadError("the server sent the whole file for a range", transient=True, hint=_MANGLED)
    if status not in (_PARTIAL, _WHOLE):
        raise DownloadError(f"the server answered {status}", transient=status in _TRANSIENT, wait_s=_wait_s(response))
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise DownloadError("the server sent the file compressed", transient=True, hint=_MANGLED)
    stated = response.headers.get("Content-Range")
    if status == _PARTIAL and stated != f"bytes {start}-{end - 1}/{total}":
        message = f"the server sent the range '{stated}' for {start}-{end - 1}/{total}"
        raise DownloadError(message, transient=True, hint=_MANGLED)


def _wait_s(response: Any) -> float:
    """How long the server asks to wait."""
    after = response.headers.get("Retry-After", "")
    return min(float(after), 60) if after.isdecimal() else 0


def _words(error: Exception) -> str:
    """An error's cause, without URL: a signed URL is a credential."""
    reason = getattr(error, "reason", None) or error
    return type(reason).__name__
