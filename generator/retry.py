"""Retries with growing waits and jitter, and the errors that can be retried."""

import random
import time
from collections.abc import Callable
from itertools import count
from typing import Final, NamedTuple, TypeVar

from generator.diagnostics import GeneratorError

UNTRUSTED: Final = "if a proxy or mirror has its own CA, set SSL_CERT_FILE to the file of that CA"
AGAIN: Final = "run the sync again: files in the bucket are not sent again"
_T = TypeVar("_T")


class RemoteError(GeneratorError):
    """A server did not do what it was asked. If `transient`, a retry may help, but not before `wait_s` seconds.

    `everywhere`: it would refuse every other request alike.
    """

    everywhere = False

    def __init__(self, message: str, *, hint: str | None, transient: bool, wait_s: float = 0) -> None:
        super().__init__(message, hint=hint)
        self.transient = transient
        self.wait_s = wait_s


class RetryPolicy(NamedTuple):
    """How often a request is tried, and for how long.

    A try ends after `read_timeout_s` seconds without a byte; all tries, with the waits between them, after `timeout_s`.
    Waits double from `wait_initial_s` to `wait_max_s`, give or take half (jitter).
    """

    attempts: int = 6
    timeout_s: float = 300
    wait_initial_s: float = 0.5
    wait_max_s: float = 30
    read_timeout_s: float = 60


def retry(
    once: Callable[[], _T],
    policy: RetryPolicy,
    on: tuple[type[RemoteError], ...],
    sleep: Callable[[float], object] = time.sleep,
) -> _T:
    """Call `once` until it succeeds. Raises the last error of the kinds `on` when the policy is exhausted."""
    until, wait_s = time.monotonic() + policy.timeout_s, policy.wait_initial_s
    for attempt in count(1):
        try:
            return once()
        except on as error:
            pause_s = max(error.wait_s, wait_s * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
            if not error.transient or attempt == policy.attempts or time.monotonic() + pause_s > until:
                error.args = (f"{error} ({attempt} tries)" if attempt > 1 else str(error),)
                raise
        sleep(pause_s)
        wait_s = min(2 * wait_s, policy.wait_max_s)
    raise AssertionError("the last attempt returns or raises")
