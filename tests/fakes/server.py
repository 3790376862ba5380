"""An HTTP/1.1 server on the loopback, in a thread, that can be stopped at any moment."""

import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .tls import Tls

_TICK = 0.05


@dataclass
class Reply:
    """The response, and what goes wrong with it."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    chunks: Iterable[bytes] = ()
    length: int = 0
    start: int = 0
    full: "Callable[[], Reply] | None" = None
    """Set on the body of a file: how to answer with all of it."""
    hang: float | None = None
    rate: int | None = None
    cut: int | None = None
    reset: bool = False

    @property
    def is_file(self) -> bool:
        """Whether the body is (part of) a file."""
        return self.full is not None

    @classmethod
    def of(cls, body: bytes, kind: str, status: int = 200, **headers: str) -> "Reply":
        """Answer with `body`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(status, {"Content-Type": kind, **named}, (body,), len(body))


class Exchange(BaseHTTPRequestHandler):
    """One connection; every method goes to the function the server was given."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Loopback"

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return lambda: self.server.serve(self)
        raise AttributeError(name)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
        """Stay quiet."""

    def send(self, reply: Reply, count: Callable[[int], object] = lambda _: None) -> None:
        """Send `reply` with its faults. Each piece of its body is counted before the client can have it."""
        if reply.hang is not None:
            self.server.pause(reply.hang)
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        headers = {"Date": self.date_time_string(), "Content-Length": str(reply.length), **reply.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD" or reply.status in (204, 304):
            return
        sent = 0
        for piece in self._pieces(reply):
            sent += len(piece)
            count(len(piece))
            self.wfile.write(piece)
        if sent < int(headers["Content-Length"]):
            self.hang_up(reset=reply.reset)

    def sip(self, rate: int, size: int) -> None:
        """Read a body of `size` bytes slowly, and hang up; nothing waits in large buffers meanwhile."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 12)
        step = max(1, int(rate * _TICK))
        for _ in range(0, size, step):
            if not self.rfile.read(step) or self.server.pause(_TICK):
                break
        self.hang_up(reset=True)

    def hang_up(self, *, reset: bool = False) -> None:
        """Close the connection after this exchange, with a reset if asked."""
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _pieces(self, reply: Reply) -> Iterator[bytes]:
        left = reply.length if reply.cut is None else min(reply.cut, reply.length)
        step = max(1, int(reply.rate * _TICK)) if reply.rate else 1 << 20
        for chunk in reply.chunks:
            for at in range(0, min(len(chunk), left), step):
                piece = chunk[at : min(at + step, left)]
                yield piece
                if reply.rate and self.server.pause(len(piece) / reply.rate):
                    return
            left -= min(len(chunk), left)
            if not left:
                return


class Loopback(ThreadingHTTPServer):
    """Listen on a free port of 127.0.0.1, with TLS if given."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, serve: Callable[[Exchange], None], tls: Tls | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        if tls:
            self.socket = tls.server().wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.serve = serve
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server_port}"
        self.stopping = threading.Event()
        self.failures: list[BaseException] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": _TICK}, daemon=True)
        self._thread.start()

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Remember the connection, so that it can be closed."""
        if isinstance(request, socket.socket):
            with self._lock:
                self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Forget the connection."""
        super().shutdown_request(request)
        if isinstance(request, socket.socket):
            with self._lock:
                self._open.discard(request)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - standard library
        """Keep errors of the fake itself; a client that disconnects is not one."""
        error = sys.exception()
        if (
            error
            and not isinstance(error, ConnectionError | TimeoutError | ssl.SSLError)
            and not self.stopping.is_set()
        ):
            self.failures.append(error)

    def pause(self, seconds: float) -> bool:
        """Wait, but no longer than the server runs; returns whether it is stopping."""
        return self.stopping.wait(seconds)

    def stop(self) -> None:
        """Close every connection and end every thread."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        for connection in self._connections():
            try:
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            except OSError:
                continue
        deadline = time.monotonic() + 5
        while self._connections() and time.monotonic() < deadline:
            time.sleep(0.005)
        self.server_close()
        if self.failures:
            raise self.failures[0]

    @property
    def busy(self) -> bool:
        """Whether a client is connected."""
        return bool(self._connections())

    def _connections(self) -> list[socket.socket]:
        with self._lock:
            return list(self._open)
