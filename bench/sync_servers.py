"""The servers of a copy, as processes that end with the block that starts them."""

import json
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from processes import MEMORY

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from fakes.faulty import FaultyS3  # noqa: E402 - found below tests/
from fakes.tls import Tls, make_tls  # noqa: E402
from servers.s3 import S3, Versitygw  # noqa: E402 - found below tests/

__all__ = ["REPO", "ROOT", "S3", "TOOLS", "FastHub", "FaultyS3", "LoggedS3", "Tls", "Versitygw", "make_tls", "roomy"]

TOOLS: Final = ROOT / ".tools/bin"
REPO: Final = "acme/model"


class FastHub:
    """A compiled Hub with one model at one commit: files of noise, by path and size. All of it speaks TLS.

    `sink` is the endpoint of an S3 server in the same process, which keeps sizes and metadata but no content: as if
    the real one were another machine.
    """

    def __init__(self, tls: Tls, commit: str, files: Mapping[str, int]) -> None:
        sizes = [f"{path}={size}" for path, size in files.items()]
        argv = [str(TOOLS / "hubserver"), "-cert", str(tls.cert), "-key", str(tls.key), "-commit", commit, *sizes]
        self.commit = commit
        self._trust = tls.client()
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            self.endpoint, self.sink = _urls(self._process)
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it; it also ends by itself when this process does."""
        self._process.terminate()
        self._process.communicate()

    def requests(self) -> int:
        """How many there were since the last time, to the Hub and for files."""
        return sum(self._told("counts").values())

    def held(self) -> dict[str, int]:
        """The sizes of what the sink was sent, by bucket and key."""
        return self._told("held")

    def _told(self, what: str) -> dict[str, int]:
        with urllib.request.urlopen(f"{self.endpoint}/{what}", context=self._trust) as reply:  # noqa: S310
            told: dict[str, int] = json.load(reply)
            return told


def _urls(process: "subprocess.Popen[str]") -> tuple[str, str]:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise RuntimeError("hubserver did not start")
    said = json.loads(line)
    return said["hub"], said["sink"]


class LoggedS3(Versitygw):
    """versitygw, which also writes a line for each request."""

    _seen = 0

    def arguments(self) -> list[str]:
        """Its log goes beside the buckets."""
        return ["--access-log", str(self._log), *super().arguments()]

    @property
    def _log(self) -> Path:
        return self.folder / "requests"

    def requests(self) -> int:
        """How many there were since the last time."""
        lines = self._log.read_bytes().count(b"\n") if self._log.exists() else 0
        since, self._seen = lines - self._seen, lines
        return since


@contextmanager
def roomy(bytes_needed: int) -> Iterator[Path]:
    """A folder in memory when there is room for so much, else on disk."""
    fits = MEMORY and min(_free_memory(), shutil.disk_usage(MEMORY).free) > bytes_needed
    with tempfile.TemporaryDirectory(prefix="bench-", dir=MEMORY if fits else None) as folder:
        yield Path(folder)


def _free_memory() -> int:
    """The memory available without swapping, caches included."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), 0)
