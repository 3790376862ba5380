"""How much content is in memory at once, and the buffers that hold it."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Condition, Event

from generator.diagnostics import InterruptedSyncError


class Budget:
    """Bytes that may be in memory at once, over all files and models. May be used by many threads.

    Buffers are used again: to let one grow costs as much as to fill it. In use or not, they are part of the budget.
    """

    def __init__(self, size: int) -> None:
        self._free = self._size = size
        self._changed = Condition()
        self._filled = 0
        self._spare: list[BytesIO] = []

    def take(self, amount: int, stop: Event) -> None:
        """Wait for `amount` bytes and take them. Raises InterruptedSyncError when asked to stop."""
        with self._changed:
            while self._free < min(amount, self._size):
                if stop.is_set():
                    raise InterruptedSyncError("interrupted")
                self._changed.wait(0.2)
            self._free -= amount

    def give(self, amount: int) -> None:
        """Give bytes back."""
        with self._changed:
            self._free += amount
            self._changed.notify_all()

    @contextmanager
    def buffer(self, size: int) -> Iterator[BytesIO]:
        """A buffer for `size` of the bytes that were taken. Its old content is still there."""
        with self._changed:
            buffer = self._spare.pop() if self._spare else BytesIO()
            self._filled += size
            self._trim()
        try:
            yield buffer
        finally:
            with self._changed:
                self._filled -= size
                self._spare.append(buffer)
                self._trim()

    def _trim(self) -> None:
        while self._spare and self._filled + sum(map(_held, self._spare)) > self._size:
            del self._spare[0]


def _held(buffer: BytesIO) -> int:
    with buffer.getbuffer() as content:
        return len(content)
