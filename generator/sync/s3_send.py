"""Sends contents to S3 by libcurl, in place of botocore's own HTTP client.

botocore signs and retries the requests, and reads the answers. Its client passes every 16 KiB through the interpreter,
for which the other threads wait; libcurl reads the contents where they are (docs/performance.md).
"""

import math
from collections.abc import Iterator
from concurrent.futures import CancelledError
from io import BytesIO
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
_SMALL: Final = 256 << 10
"""Bytes that are sent even if all is to stop: a manifest is written if its files are there."""


class Sender:
    """Sends requests that botocore has signed. May be used by many threads."""

    def __init__(self, route: Route, pace: Pace, stop: Event) -> None:
        self._route, self._pace, self._stop = route, pace, stop
        self._own = local()

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Send a request with a body in memory. Raises what botocore's client would: botocore then tries again.

        But not if the server is too slow (TooSlowError), or all is to stop (CancelledError).
        """
        if not isinstance(request.body, BytesIO):  # which botocore makes of bytes
            raise TypeError("contents are bytes in memory")
        body = request.body.getvalue()  # these bytes, not a copy
        url, answer, curl = str(request.url), _Answer(), self._handle()
        progress = _Progress(len(body), self._stop)
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.HTTPHEADER, _lines(request.headers))
        curl.setopt(pycurl.HEADERFUNCTION, answer.on_header)
        curl.setopt(pycurl.WRITEFUNCTION, answer.on_body)
        curl.setopt(pycurl.XFERINFOFUNCTION, progress.on_progress)
        curl.setopt(pycurl.POSTFIELDS, body)
        try:
            curl.perform()
        except pycurl.error as error:
            self._fail(error, url, connected=curl.getinfo(pycurl.PRETRANSFER_TIME) > 0, sent=progress.at_end)
        finally:
            curl.setopt(pycurl.POSTFIELDS, b"")  # the handle would keep the contents
        return AWSResponse(url, curl.getinfo(pycurl.RESPONSE_CODE), answer.headers, answer)

    def _handle(self) -> pycurl.Curl:
        """The thread's own, which keeps its connection."""
        if not hasattr(self._own, "curl"):
            self._own.curl = self._new_handle()
        curl: pycurl.Curl = self._own.curl
        return curl

    def _new_handle(self) -> pycurl.Curl:
        curl = pycurl.Curl()
        curl.setopt(pycurl.CUSTOMREQUEST, "PUT")
        curl.setopt(pycurl.UPLOAD_BUFFERSIZE, _BUFFER)
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.PATH_AS_IS, 1)  # the path is signed
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.TCP_KEEPALIVE, 1)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(1000 * min(10, self._pace.patience_s)))
        curl.setopt(pycurl.LOW_SPEED_LIMIT, max(1, self._pace.least_rate))  # bytes per second, in either direction
        curl.setopt(pycurl.LOW_SPEED_TIME, math.ceil(self._pace.patience_s))
        curl.setopt(pycurl.NOPROGRESS, 0)
        curl.setopt(pycurl.PROXY, self._route.proxy)
        curl.setopt(pycurl.CAINFO, self._route.ca)
        return curl

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


class _Progress:
    """How far contents of `size` bytes have been sent; libcurl asks at least once a second whether to stop."""

    def __init__(self, size: int, stop: Event) -> None:
        self._size, self._stop = size, stop
        self.at_end = False
        """Whether all was sent."""

    def on_progress(self, _to_come: int, _received: int, _to_send: int, sent: int) -> int:
        """Whether to stop."""
        self.at_end = sent == self._size
        return int(self._size > _SMALL and self._stop.is_set())


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


def _lines(headers: HTTPHeaders) -> list[str]:
    """The headers as they were signed.

    By itself, libcurl would name a content type. It would also ask whether it may send, and wait a second for a server
    that does not answer that.
    """
    signed = {name.lower(): f"{name}: {_text(value)}" for name, value in headers.items()}
    lines = {"content-type": "Content-Type:", **signed, "expect": "Expect:"}
    return [line for name, line in lines.items() if name != "content-length"]  # which libcurl writes


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
