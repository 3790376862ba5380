"""How fast contents must move: what is slower is begun again, on another connection."""

import time
from concurrent.futures import CancelledError
from threading import Event
from typing import Final, NamedTuple

_PIECE: Final = 256 << 10


LEAST_RATE: Final = 10_000
"""Bytes per second. The default of four parts at once then needs 0.3 Mbit/s."""


class Pace(NamedTuple):
    """The least rate of a part, in bytes per second, and for how many seconds it may be missed."""

    least_rate: int
    patience_s: float


class Meter:
    """Bytes since a time that moves on while they come fast enough."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self.begin()

    def begin(self) -> None:
        """Count from here."""
        self._since, self._count = time.monotonic(), 0

    def add(self, count: int) -> bool:
        """Count bytes that have moved; whether they did fast enough."""
        self._count += count
        passed = time.monotonic() - self._since
        if passed < self._pace.patience_s:
            return True
        enough = self._count >= passed * self._pace.least_rate
        self.begin()
        return enough


class TooSlowError(TimeoutError):
    """The other side takes, or sends, fewer bytes than it must."""


class PacedBody:
    """Bytes to send, as a file that is read in pieces: each has its own time limit, and all together the least rate.

    In one piece, they would have to be sent within the time limit for one (Python 3.5 changed what a socket's timeout
    means for sendall), and nobody could stop it.
    """

    def __init__(self, body: bytes | bytearray, pace: Pace, stop: Event) -> None:
        self._view, self._stop, self._meter = memoryview(body), stop, Meter(pace)
        self._at = 0

    def __len__(self) -> int:
        return len(self._view)

    def tell(self) -> int:
        """Where reading goes on."""
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go on there; botocore goes back to the start to send, after it has hashed, and to send again."""
        self._at = offset + (0, self._at, len(self))[whence]
        self._meter.begin()
        return self._at

    def read(self, size: int = -1) -> memoryview:
        """The next piece, longer than what HTTP clients ask for. What is small is sent even if all is to stop."""
        if self._at and self._stop.is_set():
            raise CancelledError  # the one error that botocore passes on, and does not try again
        piece = self._view[self._at : self._at + (max(size, _PIECE) if size >= 0 else len(self))]
        if not self._meter.add(len(piece)):
            raise TooSlowError
        self._at += len(piece)
        return piece
