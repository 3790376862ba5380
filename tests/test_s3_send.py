"""Contents by libcurl: what is sent, and which of botocore's errors each failure is, so that botocore retries it."""

import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Event

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ProxyConnectionError, SSLError
from fakes import LONG_S
from fakes.tls import Tls

from generator.sync.pace import Pace
from generator.sync.s3_client import Route
from generator.sync.s3_send import Sender

BODY = bytes(range(256)) * 9000  # several calls for more, and an uneven last one


class _Parts(BaseHTTPRequestHandler):
    """Answers each part with its length, and refuses one with headers that nobody signed.

    Closes the connection after every second answer, without a word.
    """

    protocol_version = "HTTP/1.1"
    answered = 0

    def do_PUT(self) -> None:
        """Take a part."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(400 if {"content-type", "expect"} & {*map(str.lower, self.headers)} else 200)
        self.send_header("ETag", f'"{len(body)}-{self.headers["X-Signed"]}-{self.path}"')
        self.send_header("Content-Length", "2" if body == BODY else "0")
        self.end_headers()
        self.wfile.write(b"ok" if body == BODY else b"")
        self.answered += 1
        self.close_connection = self.answered == 2

    def log_message(self, *_: object) -> None:
        """In silence."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """A server of parts."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Parts) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _sender(
    ca: str = ssl.get_default_verify_paths().cafile or "", proxy: str = "", stop: Event | None = None
) -> Sender:
    return Sender(Route(ca, proxy), Pace(0, LONG_S), stop or Event())


def _request(port: int, body: bytes = BODY, scheme: str = "http") -> AWSPreparedRequest:
    headers = HTTPHeaders()
    headers["X-Signed"] = b"1"  # type: ignore[assignment]  # botocore's are text or bytes
    headers["Content-Length"] = str(len(body))
    url = f"{scheme}://127.0.0.1:{port}/b/a/../key?partNumber=1"
    return AWSPreparedRequest("PUT", url, headers, BytesIO(body), stream_output=False)


def test_a_part_arrives_as_it_was_signed(server: ThreadingHTTPServer) -> None:
    """Headers, path and body are unchanged, also when the server has closed the connection in between."""
    sender = _sender()
    for _ in range(5):
        answer = sender.send(_request(server.server_port))
        assert (answer.status_code, answer.content) == (200, b"ok")
        assert answer.headers["etag"] == f'"{len(BODY)}-1-/b/a/../key?partNumber=1"'


def test_a_sent_part_is_not_kept(server: ThreadingHTTPServer) -> None:
    """Its memory is free as soon as it was sent: nothing holds on to it until the next part."""
    body, sender = bytes(bytearray(BODY)), _sender()
    held = sys.getrefcount(body)
    assert sender.send(_request(server.server_port, body)).content == b"ok"
    assert sys.getrefcount(body) == held


def test_a_closed_port() -> None:
    """A port that is taken, and on which nobody listens."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        with pytest.raises(EndpointConnectionError):
            _sender().send(_request(deaf.getsockname()[1]))


def test_an_unknown_proxy(server: ThreadingHTTPServer) -> None:
    """The proxy's name is not known."""
    with pytest.raises(ProxyConnectionError):
        _sender(proxy="http://proxy.invalid:3128").send(_request(server.server_port))


def test_no_tls_where_tls_is_wanted(server: ThreadingHTTPServer) -> None:
    """The server speaks plain HTTP."""
    with pytest.raises(SSLError):
        _sender().send(_request(server.server_port, scheme="https"))


def test_an_authority_that_is_not_trusted(server: ThreadingHTTPServer, tls: Tls) -> None:
    """The certificate is signed by another authority than the one given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.cert, tls.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    assert _sender(ca=str(tls.ca)).send(_request(server.server_port, scheme="https")).content == b"ok"
    with pytest.raises(SSLError):
        _sender().send(_request(server.server_port, scheme="https"))


def test_a_connection_that_is_cut(server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server closes the connection instead of answering."""
    monkeypatch.setattr(_Parts, "do_PUT", lambda self: setattr(self, "close_connection", True))
    with pytest.raises(ConnectionClosedError):
        _sender().send(_request(server.server_port))


def test_a_part_that_is_not_needed_any_more_is_not_sent(server: ThreadingHTTPServer) -> None:
    """Once the sync is to stop; botocore passes this error on, and does not try again."""
    stop = Event()
    sender = _sender(stop=stop)
    sender.send(_request(server.server_port))
    stop.set()
    with pytest.raises(CancelledError):
        sender.send(_request(server.server_port))


def test_what_is_small_is_sent_all_the_same(server: ThreadingHTTPServer) -> None:
    """A manifest, when all files of its model are there."""
    stop = Event()
    stop.set()
    answer = _sender(stop=stop).send(_request(server.server_port, BODY[:1000]))
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1000-1-/b/a/../key?partNumber=1"')
