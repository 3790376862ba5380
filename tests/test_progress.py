"""The progress of a sync without a terminal."""

import json

import pytest

from generator.report import progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that the test moves."""
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_a_line_every_ten_seconds(clock: list[float]) -> None:
    """Not one per piece, because people read a Job's log."""
    said: list[str] = []
    plain = progress.Plain(4_000_000, said.append, as_json=False)
    for _ in range(4):
        clock[0] += 5
        plain.observe("m", "model.safetensors", 1_000_000, "upload")
    assert said == [
        "2.0 MB of 4.0 MB, 200.0 kB/s, 10 s left (m: model.safetensors)",
        "4.0 MB of 4.0 MB, 200.0 kB/s, 0 s left (m: model.safetensors)",
    ]


def test_progress_as_json(clock: list[float]) -> None:
    """One JSON object a line."""
    said: list[str] = []
    plain = progress.Plain(4_000_000, said.append, as_json=True)
    clock[0] += 10
    plain.observe("m", "a", 1_000_000, "upload")
    assert [json.loads(line) for line in said] == [
        {
            "bytes": 1_000_000,
            "total": 4_000_000,
            "bytesPerSecond": 100_000,
            "secondsLeft": 30,
            "model": "m",
            "path": "a",
        }
    ]


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (90_868_376, "90.9 MB"), (2e13, "20.0 TB")]
)
def test_sizes_are_human_readable(count: float, text: str) -> None:
    """In powers of a thousand."""
    assert progress.size(count) == text
