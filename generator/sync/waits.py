"""What a sync is waiting for, and since when: what a stuck server is known by."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from threading import Lock
from typing import NamedTuple


class Wait(NamedTuple):
    """What is waited for, such as "read s3://…", and for how long."""

    doing: str
    seconds: float


class Waits:
    """The requests under way. May be used by many threads."""

    def __init__(self) -> None:
        self._numbers = count()
        self._open: dict[int, tuple[str, float]] = {}
        self._moved = time.monotonic()
        self._lock = Lock()

    @contextmanager
    def on(self, doing: str) -> Iterator[None]:
        """A block that waits for a server."""
        with self._lock:
            number = next(self._numbers)
            self._open[number] = (doing, time.monotonic())
        try:
            yield
        finally:
            with self._lock:
                del self._open[number]
                self._moved = time.monotonic()

    def move(self) -> None:
        """Note that bytes have arrived."""
        self._moved = time.monotonic()

    def stuck(self, quiet_s: float) -> Wait | None:
        """The longest wait, if nothing at all has arrived for `quiet_s` seconds of it."""
        now = time.monotonic()
        with self._lock:
            if not self._open:
                return None
            doing, since = min(self._open.values(), key=lambda each: each[1])
            return Wait(doing, now - since) if now - max(since, self._moved) >= quiet_s else None
