"""A proxy in front of an S3 server that makes it fail in the ways real ones do."""

import http.client
import ssl
import threading
import time
from collections import Counter
from dataclasses import dataclass, replace
from email.utils import formatdate
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import Self, Unpack
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from .faults import Fault, Faults, Limits, Target
from .server import Exchange, Loopback, Reply
from .tls import Tls

_OBJECT = {
    "GET": {"uploadId": "ListParts", "": "GetObject"},
    "HEAD": {"": "HeadObject"},
    "PUT": {"uploadId": "UploadPart", "": "PutObject"},
    "POST": {"uploads": "CreateMultipartUpload", "uploadId": "CompleteMultipartUpload"},
    "DELETE": {"uploadId": "AbortMultipartUpload", "": "DeleteObject"},
}
_COPY = {"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}
_HOP = {"connection", "keep-alive", "content-length", "transfer-encoding", "expect"}
_BUCKET = {
    "GET": {
        "uploads": "ListMultipartUploads",
        "list-type": "ListObjectsV2",
        "policy": "GetBucketPolicy",
        "location": "GetBucketLocation",
        "object-lock": "GetObjectLockConfiguration",
        "": "ListObjects",
    },
    "HEAD": {"": "HeadBucket"},
    "PUT": {"policy": "PutBucketPolicy", "": "CreateBucket"},
    "POST": {"delete": "DeleteObjects"},
    "DELETE": {"": "DeleteBucket"},
}


@dataclass
class S3Request:
    """One request, by the name of its operation, and how it ended."""

    operation: str
    bucket: str
    key: str
    """The prefix, for listings."""
    size: int
    """Of the body that came with it."""
    headers: dict[str, str]
    """By lower-case name, without Authorization."""
    upload: str = ""
    """The id of the multipart upload, if it is about one."""
    status: int = 0
    """Stays 0 when no answer was given."""


@dataclass
class Call:
    """A request to the server, and the fault to apply."""

    size: int
    request: S3Request | None = None
    wrong: tuple[int, ...] = ()
    """Offsets of the bytes of the body to change on the way."""
    read: int | None = None
    """Read so much of the body, then reset the connection."""
    instead: Reply | None = None
    """Answer this, and never ask the server."""
    afterwards: Reply | None = None
    """Ask the server, then answer this."""
    lost: bool = False
    """Ask the server, then reset the connection without an answer."""
    ahead: float = 0
    """By how many seconds the server's clock is ahead in its answer."""
    sip: int | None = None
    """Read the body at this many bytes per second."""
    rate: int | None = None
    """Pass the answer's body on at this many bytes per second."""
    held: threading.Event | None = None
    """Wait for this before anything else, a minute at most."""
    delay: float = 0
    """Wait so many seconds, as if the server were far away."""


@dataclass
class S3Faults(Faults[Call]):
    """What can go wrong with S3; every call returns the fault, whose `hits` can be read."""

    def error(
        self, status: int, code: str, message: str = "", headers: dict[str, str] | None = None, **limits: Unpack[Limits]
    ) -> Fault[Call]:
        """Refuse with this status and code, without asking the server."""
        reply = refusal(status, code, message)
        reply.headers |= headers or {}
        return self.add(lambda call: replace(call, instead=reply), limits)

    def slow_down(self, **limits: Unpack[Limits]) -> Fault[Call]:
        """503 SlowDown."""
        return self.error(503, "SlowDown", "Please reduce your request rate.", **limits)

    def internal(self, **limits: Unpack[Limits]) -> Fault[Call]:
        """500 InternalError; `kind="CompleteMultipartUpload"` for the worst place."""
        return self.error(500, "InternalError", "We encountered an internal error.", **limits)

    def no_bucket(self, **limits: Unpack[Limits]) -> Fault[Call]:
        """404 NoSuchBucket."""
        return self.error(404, "NoSuchBucket", "The specified bucket does not exist", **limits)

    def no_upload(self, **limits: Unpack[Limits]) -> Fault[Call]:
        """404 NoSuchUpload."""
        return self.error(404, "NoSuchUpload", "The specified upload does not exist.", **limits)

    def denied(self, **limits: Unpack[Limits]) -> Fault[Call]:
        """403 AccessDenied; `path="models/m/*"` for one prefix."""
        return self.error(403, "AccessDenied", "Access Denied", **limits)

    def expired_token(self, **limits: Unpack[Limits]) -> Fault[Call]:
        """400 ExpiredToken; `after=N` for credentials that expire during a run."""
        return self.error(400, "ExpiredToken", "The provided token has expired.", **limits)

    def skewed(self, seconds: float, **limits: Unpack[Limits]) -> Fault[Call]:
        """403 RequestTimeTooSkewed, from a server whose clock is this far ahead of ours."""

        def change(call: Call) -> Call:
            reply = refusal(403, "RequestTimeTooSkewed", "The difference between the times is too large.")
            reply.headers["Date"] = formatdate(time.time() + seconds, usegmt=True)
            return replace(call, instead=reply)

        return self.add(change, limits)

    def error_in_200(self, code: str = "InternalError", **limits: Unpack[Limits]) -> Fault[Call]:
        """200 with an error in its body, without asking the server; by default for CompleteMultipartUpload."""
        reply = replace(refusal(500, code, "We encountered an internal error."), status=200)
        return self.add(lambda call: replace(call, instead=reply), _complete(limits))

    def lose_response(self, **limits: Unpack[Limits]) -> Fault[Call]:
        """Ask the server, then reset the connection; by default for CompleteMultipartUpload."""
        return self.add(lambda call: replace(call, lost=True), _complete(limits))

    def fail_after(self, status: int, code: str, **limits: Unpack[Limits]) -> Fault[Call]:
        """Ask the server, then answer with an error; by default for CompleteMultipartUpload."""
        return self.add(lambda call: replace(call, afterwards=refusal(status, code, "")), _complete(limits))

    def later(self, hours: float, **limits: Unpack[Limits]) -> Fault[Call]:
        """Answer as if so much time had passed; by default for ListMultipartUploads."""
        return self.add(lambda call: replace(call, ahead=hours * 3600), {"kind": "ListMultipartUploads", **limits})

    def far(self, seconds: float, **limits: Unpack[Limits]) -> Fault[Call]:
        """Answer each request so much later."""
        return self.add(lambda call: replace(call, delay=seconds), limits)

    def reset(self, at: int = 0, **limits: Unpack[Limits]) -> Fault[Call]:
        """Reset the connection after `at` bytes of the request's body, without asking the server."""
        return self.add(lambda call: replace(call, read=at), limits, lambda call: call.size >= at)

    def hang(self, seconds: float = 600, **limits: Unpack[Limits]) -> Fault[Call]:
        """Accept, and never answer."""
        return self.add(lambda call: replace(call, instead=Reply(hang=seconds)), limits)

    def sip(self, rate: int, **limits: Unpack[Limits]) -> Fault[Call]:
        """Read a request's body at this many bytes per second."""
        return self.add(lambda call: replace(call, sip=rate), limits)

    def drip(self, rate: int, **limits: Unpack[Limits]) -> Fault[Call]:
        """Pass an answer's body on at this many bytes per second."""
        return self.add(lambda call: replace(call, rate=rate), limits)

    def flip(self, at: int, **limits: Unpack[Limits]) -> Fault[Call]:
        """Forward a request's body with a wrong byte at this offset."""
        return self.add(lambda call: replace(call, wrong=(*call.wrong, at)), limits, lambda call: call.size > at)


class FaultyS3:
    """The proxy; a context manager, usable at once. It leaves Host alone, so signatures stay valid."""

    def __init__(self, upstream: str, ca: Path | None = None, tls: Tls | None = None) -> None:
        self.faults = S3Faults()
        self.requests: list[S3Request] = []
        self.ca = tls.ca if tls else None
        self._upstream = urlsplit(upstream)
        self._context = ssl.create_default_context(cafile=str(ca)) if ca else None
        self._server = Loopback(self._serve, tls)
        self.endpoint = self._server.url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop, and raise if the proxy itself failed."""
        self._server.stop()

    @property
    def busy(self) -> bool:
        """Whether a client is connected: data of a killed client may still be on its way to the server."""
        return self._server.busy

    @property
    def counts(self) -> Counter[str]:
        """How many requests of each operation."""
        return Counter(request.operation for request in list(self.requests))

    def seen(self, operation: str = "*", path: str = "*") -> list[S3Request]:
        """The requests of this operation and key (patterns)."""
        return [
            request
            for request in list(self.requests)
            if fnmatchcase(request.operation, operation) and fnmatchcase(request.key, path)
        ]

    def _serve(self, exchange: Exchange) -> None:
        request = _request(exchange)
        self.requests.append(request)
        target = Target(exchange.command, (request.operation,), (request.key,))
        call = self.faults.apply(target, Call(request.size, request=request))
        if call.held:
            call.held.wait(60)
        if call.delay:
            time.sleep(call.delay)
        if call.read is not None:
            exchange.rfile.read(call.read)
            exchange.hang_up(reset=True)
            return
        if call.sip:
            exchange.sip(call.sip, call.size)
            return
        body = bytearray(_body(exchange))
        for at in call.wrong:
            body[at] ^= 0xFF
        if call.instead is None:
            answer = self._ask(exchange, bytes(body), request, call)
            if answer is None or call.lost:
                exchange.hang_up(reset=True)
                return
        reply = call.instead or call.afterwards
        if reply is not None:
            request.status = 0 if reply.hang is not None else reply.status
            exchange.send(reply)

    def _ask(self, exchange: Exchange, body: bytes, request: S3Request, call: Call) -> bool | None:
        """Send the request and, unless a fault prevents it, pass the answer on; None if the client is gone."""
        upstream = self._connect()
        try:
            upstream.putrequest(exchange.command, exchange.path, skip_host=True, skip_accept_encoding=True)
            for name, value in exchange.headers.items():
                if name.lower() not in _HOP:
                    upstream.putheader(name, value)
            if body or exchange.command in ("PUT", "POST"):
                upstream.putheader("Content-Length", str(len(body)))
            upstream.endheaders(body)
            answer = upstream.getresponse()
            request.status = answer.status
            if not call.lost and call.afterwards is None:
                exchange.send(replace(_reply(answer, call.ahead), rate=call.rate))
        except (http.client.HTTPException, ConnectionError):
            return None
        finally:
            upstream.close()
        return True

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._upstream.hostname or "", self._upstream.port
        if self._context:
            return http.client.HTTPSConnection(host, port, timeout=60, context=self._context)
        return http.client.HTTPConnection(host, port, timeout=60)


def _reply(answer: http.client.HTTPResponse, ahead: float) -> Reply:
    headers = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
    if ahead:
        headers["Date"] = formatdate(time.time() + ahead, usegmt=True)
    length = answer.headers["Content-Length"]
    if length is None or answer.length is None:
        body = answer.read()
        return Reply(answer.status, headers, (body,), int(length or len(body)))
    return Reply(answer.status, headers, iter(lambda: answer.read(1 << 18), b""), int(length))


def _request(exchange: Exchange) -> S3Request:
    url = urlsplit(exchange.path)
    asked = parse_qs(url.query, keep_blank_values=True)
    bucket, _, key = unquote(url.path).lstrip("/").partition("/")
    names = (_OBJECT if key else _BUCKET).get(exchange.command, {})
    operation = "ListBuckets" if not bucket else next((names[name] for name in names if name in asked), names.get(""))
    headers = {name.lower(): value for name, value in exchange.headers.items() if name.lower() != "authorization"}
    if operation and "x-amz-copy-source" in headers:
        operation = _COPY[operation]
    key = key or asked.get("prefix", [""])[0]
    upload = asked.get("uploadId", [""])[0]
    return S3Request(operation or "Other", bucket, key, int(headers.get("content-length", 0)), headers, upload)


def _body(exchange: Exchange) -> bytes:
    if exchange.headers.get("Transfer-Encoding", "").lower() != "chunked":
        return exchange.rfile.read(int(exchange.headers.get("Content-Length", 0)))
    pieces = []
    while size := int(exchange.rfile.readline().partition(b";")[0], 16):
        pieces.append(exchange.rfile.read(size))
        exchange.rfile.readline()
    exchange.rfile.readline()
    return b"".join(pieces)


def refusal(status: int, code: str, message: str) -> Reply:
    """An error in S3's own form."""
    text = f"<Code>{code}</Code><Message>{escape(message)}</Message><RequestId>STANDIN</RequestId>"
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{text}</Error>'
    return Reply.of(body.encode(), "application/xml", status)


def _complete(limits: Limits) -> Limits:
    return {"kind": "CompleteMultipartUpload", **limits}
