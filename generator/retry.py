"""How long and how often a server is asked before it is given up."""

import random
import time
from collections.abc import Callable
from itertools import count
from typing import Final, NamedTuple, TypeVar

from generator.diagnostics import GeneratorError

UNTRUSTED: Final = "if a proxy or a mirror signs with a CA of its own, set SSL_CERT_FILE to that CA's file"
AGAIN: Final = "run the sync again: what is in the bucket is not sent again"
_T = TypeVar("_T")


class RemoteError(GeneratorError):
    """A server did not do what it was asked. When `transient`, another try may help, not before `wait_s` seconds."""

    def __init__(self, message: str, *, hint: str | None, transient: bool, wait_s: float = 0) -> None:
        super().__init__(message, hint=hint)
        self.transient = transient
        self.wait_s = wait_s


class Patience(NamedTuple):
    """How long a server may say nothing, and how often and how long a request is tried before it fails."""

    silence_s: float = 60
    attempts: int = 6
    first_wait_s: float = 0.5
    longest_wait_s: float = 30
    total_s: float = 300


def persist(
    once: Callable[[], _T],
    patience: Patience,
    failures: tuple[type[RemoteError], ...],
    pause: Callable[[float], object] = time.sleep,
) -> _T:
    """Try until it works, with growing waits, a few times and not for ever. Raises the last of these failures."""
    until, wait_s = time.monotonic() + patience.total_s, patience.first_wait_s
    for attempt in count(1):
        try:
            return once()
        except failures as error:
            pause_s = max(error.wait_s, wait_s * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
            if not error.transient or attempt == patience.attempts or time.monotonic() + pause_s > until:
                error.args = (f"{error} ({attempt} tries)" if attempt > 1 else str(error),)
                raise
        pause(pause_s)
        wait_s = min(2 * wait_s, patience.longest_wait_s)
    raise AssertionError("the last attempt returns or raises")
