"""Retries: as often and as long as the policy allows, and never for permanent errors."""

from collections.abc import Callable, Iterator

import pytest

from generator.retry import RemoteError, RetryPolicy, retry


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that stands still."""
    monkeypatch.setattr("time.monotonic", lambda: 100.0)


POLICY = RetryPolicy(attempts=4, wait_initial_s=1, wait_max_s=3, timeout_s=60)


class OursError(RemoteError):
    """An error of this server."""


class TheirsError(RemoteError):
    """An error of another server, whose own policy is already exhausted."""


def failing(*errors: Exception) -> Callable[[], str]:
    """Raise these errors one by one, then succeed."""
    left: Iterator[Exception] = iter(errors)

    def once() -> str:
        error = next(left, None)
        if error:
            raise error
        return "answer"

    return once


def busy(wait_s: float = 0) -> RemoteError:
    """An error that a retry may cure."""
    return RemoteError("busy", hint=None, transient=True, wait_s=wait_s)


def test_waits_grow_up_to_the_longest_and_with_jitter() -> None:
    """At most half as long again, at least half as long."""
    pauses: list[float] = []
    assert retry(failing(busy(), busy(), busy()), POLICY, (RemoteError,), pauses.append) == "answer"
    assert [0.5 * usual <= pause <= 1.5 * usual for pause, usual in zip(pauses, (1, 2, 3), strict=True)] == [True] * 3


def test_the_server_may_ask_for_more() -> None:
    """For example for a rate limit."""
    pauses: list[float] = []
    retry(failing(busy(40)), POLICY, (RemoteError,), pauses.append)
    assert pauses == [40]


@pytest.mark.parametrize(
    ("errors", "said", "waited"),
    [
        ([busy()] * 9, "busy (4 tries)", 3),
        ([busy(61)], "busy", 0),
        ([RemoteError("no", hint=None, transient=False)], "no", 0),
        ([busy(), RemoteError("no", hint=None, transient=False)], "no (2 tries)", 1),
    ],
    ids=["too often", "too long", "final", "final in the end"],
)
def test_retries_end(errors: list[Exception], said: str, waited: int) -> None:
    """The last error is raised, with the number of tries."""
    pauses: list[float] = []
    with pytest.raises(RemoteError) as failed:
        retry(failing(*errors), POLICY, (RemoteError,), pauses.append)
    assert (str(failed.value), len(pauses)) == (said, waited)


def test_other_failures_are_not_retried() -> None:
    """An error that another policy has already retried is not retried."""
    with pytest.raises(TheirsError) as failed:
        retry(failing(TheirsError("odd", hint=None, transient=True)), POLICY, (OursError,))
    assert str(failed.value) == "odd"
