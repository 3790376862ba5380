"""How long and how often a server is asked before it is given up."""

import random
import time
from collections.abc import Callable
from itertools import count
from typing import NamedTuple, TypeVar

from generator.artifacts.failures import RemoteError

_T = TypeVar("_T")


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
