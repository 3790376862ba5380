"""Reads ranges of files over HTTP, and checks that they are what was asked for. Only this module imports pycurl.

libcurl reads TLS outside of Python, and its 16 KiB at a time go to a buffer without running any Python code: with
urllib3, a sync takes much more CPU time, and its threads wait for one another (docs/performance.md).
"""

import math
import ssl
from collections.abc import Mapping
from io import BytesIO
from threading import Event, local
from typing import Final, NoReturn
from urllib.parse import urlsplit

import pycurl

from generator.diagnostics import InterruptedSyncError
from generator.proxies import proxy_of
from generator.retry import UNTRUSTED
from generator.sync.download_errors import DownloadError
from generator.sync.pace import LEAST_RATE, Pace
from generator.sync.waits import Waits

_BUFFER: Final = 512 << 10
_HTTP: Final = pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS
_MOST_REDIRECTS: Final = 5
_PARTIAL: Final = 206
_WHOLE: Final = 200
_REDIRECT: Final = 3
_TRANSIENT: Final = frozenset({408, 429, 500, 502, 503, 504})
_EXPIRED: Final = frozenset({401, 403})
_GONE: Final = frozenset({404, 410})


_MANGLED: Final = "a proxy is altering the downloads: exempt the Hub from it"
_SLOW: Final = "check the network and the proxy; on such a slow link, use --jobs 1"


class RangeReader:
    """Reads ranges of files from signed URLs. May be used by many threads; stops when `stop` is set.

    Proxies are those of the environment (https_proxy, no_proxy …). Without `ca`, the system's authorities are trusted.
    """

    def __init__(
        self,
        *,
        ca: str | None,
        stop: Event,
        read_timeout_s: float = 60,
        least_rate: int = LEAST_RATE,
        waits: Waits | None = None,
    ) -> None:
        self._ca, self._stop, self._pace = ca, stop, Pace(least_rate, read_timeout_s)
        self._waits, self._own = waits or Waits(), local()

    def read(self, url: str, headers: Mapping[str, str], start: int, end: int, total: int, buffer: BytesIO) -> bytes:
        """The bytes from `start` up to but not including `end` of a file of `total` bytes, which then fill `buffer`.

        Raises DownloadError when the server answers with anything else.
        """
        response = _Response(start, end, total, buffer, self._stop, self._waits)
        curl = self._handle()
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.RANGE, f"{start}-{end - 1}")
        sent = {**headers, "Accept-Encoding": "identity"}
        curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in sent.items()])
        curl.setopt(pycurl.REDIR_PROTOCOLS, _HTTP if url.startswith("http://") else pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.HEADERFUNCTION, response.on_header)
        curl.setopt(pycurl.WRITEFUNCTION, buffer.write)
        curl.setopt(pycurl.XFERINFOFUNCTION, response.on_progress)
        try:
            with self._waits.on(f"read bytes {start:,} to {end:,} of a file from {urlsplit(url).hostname}"):
                curl.perform()
        except pycurl.error as error:
            _require_proxy(url, int(error.args[0]), int(curl.getinfo(pycurl.HTTP_CONNECTCODE)))
            response.fail(int(error.args[0]))
        finally:
            for callback in (pycurl.HEADERFUNCTION, pycurl.WRITEFUNCTION, pycurl.XFERINFOFUNCTION):
                curl.unsetopt(callback)  # the handle would keep the buffer
        return response.body()

    def _handle(self) -> pycurl.Curl:
        """The thread's own, which keeps its connections."""
        if not hasattr(self._own, "curl"):
            self._own.curl = _curl(self._ca, self._pace)
        curl: pycurl.Curl = self._own.curl
        return curl


def _curl(ca: str | None, pace: Pace) -> pycurl.Curl:
    curl = pycurl.Curl()
    curl.setopt(pycurl.PROTOCOLS, _HTTP)  # a Hub must not name our own files
    # Mirrors answer a GET with a redirect. libcurl sends Authorization to the first host and port only.
    curl.setopt(pycurl.FOLLOWLOCATION, 1)
    curl.setopt(pycurl.MAXREDIRS, _MOST_REDIRECTS)
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.BUFFERSIZE, _BUFFER)
    curl.setopt(pycurl.NOPROGRESS, 0)
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(1000 * min(10, pace.patience_s)))
    curl.setopt(pycurl.LOW_SPEED_LIMIT, pace.least_rate)  # libcurl closes the connection then
    curl.setopt(pycurl.LOW_SPEED_TIME, math.ceil(pace.patience_s))
    system = ssl.get_default_verify_paths()  # what comes with pycurl may know none
    if file := ca or system.cafile:
        curl.setopt(pycurl.CAINFO, file)
    elif system.capath:
        curl.setopt(pycurl.CAPATH, system.capath)
    return curl


def _require_proxy(url: str, code: int, connect_status: int) -> None:
    """Raise DownloadError if it is the proxy that failed."""
    refused = connect_status not in (0, _WHOLE)
    if (refused or code in _UNREACHABLE) and (proxy := proxy_of(url)):
        failed = f"answered {connect_status} instead of a connection" if refused else "cannot be reached"
        raise DownloadError(f"{proxy} {failed}", transient=True, hint=proxy.hint)


class _Response:
    """What a server says, checked while it speaks: libcurl must be told to stop, errors cannot pass through it."""

    def __init__(self, start: int, end: int, total: int, buffer: BytesIO, stop: Event, waits: Waits) -> None:
        self._start, self._end, self._total, self._stop, self._waits = start, end, total, stop, waits
        self._status = 0
        self._headers: dict[str, str] = {}
        self._heard = False  # the whole head
        self._size = end - start
        self._seen = 0
        self._buffer = buffer
        self._buffer.seek(0)
        self._error: Exception | None = None

    def on_header(self, raw: bytes) -> None:
        """A line of the head. A new head, such as that after a proxy's, begins with a status."""
        line = raw.decode("latin-1").strip()
        if line.startswith("HTTP/"):
            self._status, self._headers, self._heard = int(line.split()[1]), {}, False
        elif line:
            name, _, value = line.partition(":")
            self._headers[name.lower()] = value.strip()
        else:
            self._heard = self._status // 100 != _REDIRECT  # what comes after it may be cut

    def on_progress(self, *_: int) -> int:
        """Whether to stop. libcurl asks after it has read what there was, and at least once a second."""
        if self._received > self._seen:
            self._error = (None if self._seen else self._refusal()) or self._excess()
            self._seen = self._received
            self._waits.move()
        if self._stop.is_set():
            self._error = InterruptedSyncError("interrupted")
        return int(self._error is not None)

    @property
    def _received(self) -> int:
        return self._buffer.tell()

    def body(self) -> bytes:
        """The body of an answer that has ended."""
        error = self._error or self._refusal() or self._excess()
        if error is None and self._received < self._size:
            error = DownloadError(f"the server sent {self._received} of {self._size} bytes", transient=True)
        if error:
            raise error
        self._buffer.truncate()
        return self._buffer.getvalue()  # without a copy, as nothing is behind it

    def fail(self, code: int) -> NoReturn:
        """Raise for an answer that has not ended: with what was wrong with it, or with the connection."""
        if code == pycurl.E_TOO_MANY_REDIRECTS:
            raise DownloadError(f"more than {_MOST_REDIRECTS} redirects", transient=False, hint=_MANGLED)
        if error := self._error or (self._refusal() if self._heard else None):
            raise error
        if code == pycurl.E_OPERATION_TIMEDOUT and self._received:  # another URL may lead to another server
            raise DownloadError("the server is too slow", transient=True, expired=True, hint=_SLOW)
        if code in _CUT:
            raise DownloadError(f"the connection was cut after {self._received} of {self._size} bytes", transient=True)
        words = _FAILURES.get(code, f"libcurl error {code}")
        hint = UNTRUSTED if code == pycurl.E_SSL_CACERT else None
        raise DownloadError(f"the connection failed: {words}", transient=hint is None, hint=hint)

    def _excess(self) -> DownloadError | None:
        """More than was asked for."""
        if self._received <= self._size:
            return None
        return DownloadError(f"the server sent more than the {self._size} bytes requested", transient=True)

    def _refusal(self) -> DownloadError | None:
        """What is wrong with the head, if anything is."""
        status, whole = self._status, (self._start, self._end) == (0, self._total)
        if status in _EXPIRED:
            return DownloadError(f"the server refused the file's URL ({status})", transient=True, expired=True)
        if status in _GONE:  # where the file is now, or why it is not there, the Hub says when asked again
            return DownloadError(f"the server answered {status}", transient=True, expired=True)
        if status == _WHOLE and not whole:
            return DownloadError("the server sent the whole file instead of a range", transient=True, hint=_MANGLED)
        if status not in (_PARTIAL, _WHOLE):
            return DownloadError(f"the server answered {status}", transient=status in _TRANSIENT, wait_s=self._wait_s())
        if self._headers.get("content-encoding", "identity") != "identity":
            return DownloadError("the server sent the file compressed", transient=True, hint=_MANGLED)
        stated = self._headers.get("content-range")
        if status == _PARTIAL and stated != f"bytes {self._start}-{self._end - 1}/{self._total}":
            message = f"the server sent the range '{stated}' instead of {self._start}-{self._end - 1}/{self._total}"
            return DownloadError(message, transient=True, hint=_MANGLED)
        return None

    def _wait_s(self) -> float:
        """How long the server asks to wait."""
        after = self._headers.get("retry-after", "")
        return min(float(after), 60) if after.isdecimal() else 0


# With a proxy, it is the proxy to which a connection is made.
_UNREACHABLE: Final = {pycurl.E_COULDNT_RESOLVE_PROXY, pycurl.E_COULDNT_CONNECT}
# Words of our own: those of libcurl may hold a URL, and a signed URL is a credential.
_FAILURES: Final = {
    pycurl.E_COULDNT_RESOLVE_HOST: "the server's host name cannot be resolved",
    pycurl.E_COULDNT_CONNECT: "the connection was refused",
    pycurl.E_OPERATION_TIMEDOUT: "the server stopped responding",
    pycurl.E_SSL_CONNECT_ERROR: "the TLS handshake failed",
    pycurl.E_SSL_CACERT: "the server's certificate is not trusted",
}
# Which of these it is depends on whether the server's last bytes or its reset come first.
_CUT: Final = {pycurl.E_PARTIAL_FILE, pycurl.E_GOT_NOTHING, pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR}
