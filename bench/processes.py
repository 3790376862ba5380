"""Whole processes, measured from outside: wall time, processor time, peak memory."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

# Children compile to bytecode once and find it again, whatever this process was told.
ENVIRONMENT: Final = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
MEMORY: Final = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - files in memory
_RSS_BYTES: Final = 1 if sys.platform == "darwin" else 1024


class ChildError(Exception):
    """A process that should have succeeded did not."""


class Sample(NamedTuple):
    """One run of a process and its children: `rss_bytes` is the peak of the largest.

    `rss_bytes` is never below this process's own peak, which must therefore stay small. `disk_bytes` is what they gave
    to a disk to write, None where the kernel does not count it; what is written to memory does not count.
    """

    wall_s: float
    cpu_s: float
    rss_bytes: int
    disk_bytes: int | None


@dataclass(frozen=True, slots=True)
class Command:
    """What to run where. `before` sets the scene each time, and is not measured."""

    argv: tuple[str, ...]
    folder: Path
    before: Callable[[], None] = lambda: None
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figures:
    """The runs of one command."""

    samples: tuple[Sample, ...]

    @property
    def least_s(self) -> float:
        """The lowest wall time."""
        return min(sample.wall_s for sample in self.samples)

    @property
    def median_s(self) -> float:
        """The median wall time."""
        return median(sample.wall_s for sample in self.samples)

    @property
    def cpu_s(self) -> float:
        """User and system time, where the least was used."""
        return min(sample.cpu_s for sample in self.samples)

    @property
    def rss_bytes(self) -> int:
        """Peak memory of the largest."""
        return max(sample.rss_bytes for sample in self.samples)


def run(command: Command) -> Sample:
    """Set the scene, and measure one run to its end. Raises ChildError when it fails."""
    command.before()
    with tempfile.TemporaryFile(dir=MEMORY) as errors:  # what it says there must not count as written to a disk
        begin = time.perf_counter()
        with subprocess.Popen(
            command.argv,
            cwd=command.folder,
            env={**ENVIRONMENT, **command.env},
            stdout=subprocess.DEVNULL,
            stderr=errors,
        ) as process:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            wall_s = time.perf_counter() - begin
            disk_bytes = _disk_bytes(process.pid)  # known until the process is waited for
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            text = errors.read().decode(errors="replace")
            raise ChildError(f"{' '.join(command.argv[:3])} exited {process.returncode}\n{text}")
    return Sample(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _RSS_BYTES, disk_bytes)


def _disk_bytes(pid: int) -> int | None:
    try:
        counters = Path(f"/proc/{pid}/io").read_text("ascii").splitlines()
    except OSError:
        return None
    return next(int(line.split()[1]) for line in counters if line.startswith("write_bytes:"))


def alternate(commands: Sequence[Command], *, rounds: int, limit_s: float) -> list[Figures]:
    """Run the commands in turns, so that what disturbs one disturbs all; no round begins after `limit_s`."""
    samples: list[list[Sample]] = [[] for _ in commands]
    end = time.monotonic() + limit_s
    for number in range(rounds):
        if number and time.monotonic() > end:
            break
        for command, own in zip(commands, samples, strict=True):
            own.append(run(command))
    return [Figures(tuple(own)) for own in samples]
