"""Sends the parts of multipart uploads by libcurl, in place of botocore's own HTTP client.

botocore signs and retries them, and reads the answers. Its client passes every 16 KiB through the interpreter, for
which the other threads wait (docs/performance.md).
"""

import math
from collections.abc import Iterator
from concurrent.futures import CancelledError
from threading import Event, local
from typing import Any, Final, NoReturn

import pycurl
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from generator.sync.pace import Pace, TooSlowError
from generator.sync.s3_client import Route

_BUFFER: Final = 512 << 10
_BY_CURL: Final = {"content-length", "expect"}


class PartSender:
    """Sends requests that botocore has signed. May be used by many threads."""

    def __init__(self, route: Route, pace: Pace, stop: Event) -> None:
        self._route, self._pace, self._stop = route, pace, stop
        self._own = local()

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Send a request with a body of bytes. Raises what botocore's client would: botocore then tries again.

        But not if the server is too slow (TooSlowError), or all is to stop (CancelledError).
        """
        if not isinstance(request.body, bytes | bytearray):
            raise TypeError("a part is bytes in memory")
        url, answer, curl = str(request.url), _Answer(), self._handle()
        headers = [(name, _text(value)) for name, value in request.headers.items() if name.lower() not in _BY_CURL]
        curl.setopt(pycurl.URL, url)
        # libcurl would first ask whether it may send, and wait a second for a server that does not answer that.
        curl.setopt(pycurl.HTTPHEADER, [*(f"{name}: {value}" for name, value in headers), "Expect:"])
        curl.setopt(pycurl.INFILESIZE_LARGE, len(request.body))
        curl.setopt(pycurl.HEADERFUNCTION, answer.on_header)
        curl.setopt(pycurl.WRITEFUNCTION, answer.on_body)
        with memoryview(request.body) as content:  # and then let go: the handle keeps its callbacks
            body = _Body(content)
            curl.setopt(pycurl.READFUNCTION, body.read)
            curl.setopt(pycurl.SEEKFUNCTION, body.seek)
            try:
                curl.perform()
            except pycurl.error as error:
                self._fail(error, url, connected=curl.getinfo(pycurl.PRETRANSFER_TIME) > 0, sent=body.at_end)
        return AWSResponse(url, curl.getinfo(pycurl.RESPONSE_CODE), answer.headers, answer)

    def _handle(self) -> pycurl.Curl:
        """The thread's own, which keeps its connection."""
        if not hasattr(self._own, "curl"):
            self._own.curl = self._new_handle()
        curl: pycurl.Curl = self._own.curl
        return curl

    def _new_handle(self) -> pycurl.Curl:
        curl = pycurl.Curl()
        curl.setopt(pycurl.UPLOAD, 1)
        curl.setopt(pycurl.UPLOAD_BUFFERSIZE, _BUFFER)
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.PATH_AS_IS, 1)  # the path is signed
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.TCP_KEEPALIVE, 1)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(1000 * min(10, self._pace.patience_s)))
        curl.setopt(pycurl.LOW_SPEED_LIMIT, max(1, self._pace.least_rate))  # bytes per second, in either direction
        curl.setopt(pycurl.LOW_SPEED_TIME, math.ceil(self._pace.patience_s))
        curl.setopt(pycurl.NOPROGRESS, 0)
        curl.setopt(pycurl.XFERINFOFUNCTION, self._on_progress)  # at least once a second
        curl.setopt(pycurl.PROXY, self._route.proxy)
        curl.setopt(pycurl.CAINFO, self._route.ca)
        return curl

    def _on_progress(self, *_: int) -> int:
        """Whether to stop."""
        return int(self._stop.is_set())

    def _fail(self, error: pycurl.error, url: str, *, connected: bool, sent: bool) -> NoReturn:
        match error.args[0]:
            case pycurl.E_ABORTED_BY_CALLBACK:
                raise CancelledError
            case pycurl.E_OPERATION_TIMEDOUT if connected and not sent:
                raise TooSlowError
            case pycurl.E_OPERATION_TIMEDOUT if connected:
                raise ReadTimeoutError(endpoint_url=url)
            case pycurl.E_OPERATION_TIMEDOUT:
                raise ConnectTimeoutError(endpoint_url=url)
            case pycurl.E_COULDNT_CONNECT | pycurl.E_COULDNT_RESOLVE_HOST:
                raise EndpointConnectionError(endpoint_url=url)
            case pycurl.E_COULDNT_RESOLVE_PROXY:
                raise ProxyConnectionError(proxy_url=self._route.proxy)
            case pycurl.E_SSL_CACERT | pycurl.E_SSL_CACERT_BADFILE | pycurl.E_SSL_CONNECT_ERROR:
                raise SSLError(endpoint_url=url, error=error)
            case _:
                raise ConnectionClosedError(endpoint_url=url)


class _Body:
    """What is sent, and again from the start where libcurl needs that."""

    def __init__(self, content: memoryview) -> None:
        self._content, self._at = content, 0

    @property
    def at_end(self) -> bool:
        """Whether all was read."""
        return self._at == len(self._content)

    def read(self, size: int) -> bytes:
        piece = bytes(self._content[self._at : self._at + size])
        self._at += len(piece)
        return piece

    def seek(self, offset: int, _origin: int) -> int:
        self._at = offset
        return pycurl.SEEKFUNC_OK


class _Answer:
    """What the server says, in the form that botocore reads."""

    def __init__(self) -> None:
        self.headers = HTTPHeaders()
        self._content = bytearray()

    def on_header(self, raw: bytes) -> None:
        """A line of the head. A new head, such as that after a proxy's, begins with a status."""
        name, _, value = raw.decode("latin-1").partition(":")
        if name.startswith("HTTP/"):
            self.headers = HTTPHeaders()
        elif value:
            self.headers[name] = value.strip()

    def on_body(self, piece: bytes) -> None:
        """Some of the body."""
        self._content += piece

    def stream(self) -> Iterator[bytes]:
        """All of the body."""
        yield bytes(self._content)


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
