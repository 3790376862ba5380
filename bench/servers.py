"""The other ends of a copy, as processes and threads that end with the block that starts them."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from standins.hub import StandInHub  # noqa: E402 - found below tests/
from standins.s3 import S3, Versitygw  # noqa: E402
from standins.tls import Tls, make_tls  # noqa: E402

__all__ = ["ROOT", "S3", "TOOLS", "FastHub", "LoggedS3", "StandInHub", "Tls", "Versitygw", "make_tls"]

TOOLS: Final = ROOT / ".tools/bin"
COMMIT: Final = "c0ffee00" * 5
REPO: Final = "acme/model"
_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a file system in memory, if there is one


class Urls(NamedTuple):
    """Where the fast Hub listens, and the S3 server that keeps nothing."""

    hub: str
    sink: str


class FastHub:
    """The compiled Hub with one model: files of noise by path and size."""

    def __init__(self, tls: Tls, files: Mapping[str, int]) -> None:
        sizes = [f"{path}={size}" for path, size in files.items()]
        argv = [str(TOOLS / "hubserver"), "-cert", str(tls.cert), "-key", str(tls.key), "-commit", COMMIT, *sizes]
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._tls = tls
        try:
            self.urls = Urls(**json.loads(_line(self._process)))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End it; it also ends by itself when this process does."""
        self._process.terminate()
        self._process.communicate()

    def counts(self) -> int:
        """Requests since the last time, to the Hub and for files."""
        import ssl  # noqa: PLC0415 - keeps this process small for those who only build
        import urllib.request  # noqa: PLC0415

        context = ssl.create_default_context(cafile=str(self._tls.ca))
        with urllib.request.urlopen(f"{self.urls.hub}/counts", context=context) as reply:  # noqa: S310
            return sum(json.load(reply).values())


def _line(process: subprocess.Popen[str]) -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise RuntimeError("hubserver did not start")
    return line


class LoggedS3(Versitygw):
    """versitygw, which also writes a line for each request."""

    def arguments(self) -> list[str]:
        """Its log goes beside the buckets."""
        return ["--access-log", str(self.requests), *super().arguments()]

    @property
    def requests(self) -> Path:
        """The log."""
        return self.folder / "requests"

    def count(self) -> int:
        """Requests since the last time."""
        lines = self.requests.read_bytes().count(b"\n") if self.requests.exists() else 0
        since, self._seen = lines - getattr(self, "_seen", 0), lines
        return since


def build() -> None:
    """Compile the fast Hub. Raises CalledProcessError, or FileNotFoundError without Go."""
    target = TOOLS / "hubserver"
    subprocess.run(["go", "build", "-o", str(target), "."], cwd=ROOT / "bench/hubserver", check=True)  # noqa: S607


@contextmanager
def roomy(bytes_needed: int) -> Iterator[Path]:
    """A folder in memory when there is room for so much, else on disk."""
    shared = _SHARED_MEMORY
    fits = os.access(shared, os.W_OK) and min(shutil.disk_usage(shared).free, _free_memory()) > bytes_needed
    with tempfile.TemporaryDirectory(prefix="bench-", dir=shared if fits else None) as folder:
        yield Path(folder)


def _free_memory() -> int:
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
