"""How fast contents must move: what is slower is begun again, on another connection."""

import time
from typing import Final, NamedTuple

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
