"""The progress of a sync without a terminal."""

import contextlib
import io
import json
import os
import pty
import re
import subprocess
import sys

import pytest
from fakes import LONG_S
from rich.console import Console

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


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_wraps_on_a_terminal(width: int) -> None:
    """Long paths are cut; the file's bar goes when the file is there."""
    written = io.StringIO()
    console = Console(file=written, width=width, force_terminal=True, color_system=None)
    path = "a-folder-with-a-long-name/" * 5 + "model-00001-of-00004.safetensors"
    sizes = {
        ("a-model-with-a-name-of-thirty-ch", path): 123_456_789_000,
        ("m", "config.json"): 600,
        ("m", "[b].txt"): 9,
    }
    bars = progress.Bars(sizes, console)
    with bars.progress:
        for (model, name), size in sizes.items():
            bars.observe(model, name, size // 2, "upload")
    lines = [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line) for line in written.getvalue().splitlines()]
    assert max(map(len, lines)) <= width
    last = [line for line in lines if line.strip()][-len(sizes) - 1 :]
    assert [line.split()[0][:7] for line in last] == ["all", "a-model", "m/confi", "m/[b].t"]
    assert "…" in last[1]
    assert "61.7/123.5 GB" in last[1]


def test_no_bar_without_work(capsys: pytest.CaptureFixture[str]) -> None:
    """A sync that has nothing to do says so, and draws nothing."""
    with progress.shown({}, terminal=True, as_json=False, say=print):
        pass
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (90_868_376, "90.9 MB"), (2e13, "20.0 TB")]
)
def test_sizes_are_human_readable(count: float, text: str) -> None:
    """In powers of a thousand."""
    assert progress.size(count) == text


BESIDE_BARS = """\
from generator.report import printing, progress

sizes = {("m", "model.safetensors"): 1000}
with progress.shown(sizes, terminal=True, as_json=False, say=printing.say) as observe:
    observe("m", "model.safetensors", 300, "upload")
    printing.say("waiting")
"""


def test_a_line_beside_the_bars_has_a_line_of_its_own() -> None:
    """On a terminal the bars are below; click alone would write into them."""
    terminal, theirs = pty.openpty()
    argv, env = [sys.executable, "-c", BESIDE_BARS], {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(argv, stderr=theirs, env=env)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # Linux's way to say that the other end is closed
        while piece := os.read(terminal, 4096):
            shown += piece
    os.close(terminal)
    assert process.wait(LONG_S) == 0
    assert re.search(rb"(\n|\x1b\[2K)(\x1b\[0m)?waiting\r?\n", shown), shown
