"""Server processes of tests end with the tests, however those end."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes import LONG_S
from helpers import ROOT
from scene import wait_for
from servers.daemon import Daemon

_SERVER = ("sh", "-c", "echo $$; exec sleep 3600")
_TESTS = f"""\
import sys
sys.path.insert(0, {str(ROOT / "tests")!r})
from pathlib import Path
from servers.daemon import Daemon
daemon = Daemon({_SERVER!r}, Path(sys.argv[1]), {{}})
sys.stdin.read()
"""
"""A test run that starts a server, and then hangs."""


def _runs(pid: int) -> bool:
    """Whether there is such a process; one that is dead, and that nobody has asked about, does not run."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def pid(tmp_path: Path) -> Callable[[], int]:
    """The server's own process, once it has started."""
    log = tmp_path / "log"

    def read() -> int:
        wait_for(lambda: log.exists() and log.read_text().endswith("\n"))
        return int(log.read_text())

    return read


def test_it_ends_when_the_tests_are_killed(tmp_path: Path, pid: Callable[[], int]) -> None:
    """With a signal that nobody can handle, on a machine without util-linux."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("cat", "sh", "sleep"):
        (folder / name).symlink_to(shutil.which(name) or name)
    argv = [sys.executable, "-c", _TESTS, str(tmp_path / "log")]
    tests = subprocess.Popen(argv, stdin=subprocess.PIPE, env={"PATH": str(folder)})
    assert tests.stdin
    try:
        server = pid()
        assert _runs(server)
    finally:
        tests.kill()
        tests.wait(LONG_S)
        tests.stdin.close()
    wait_for(lambda: not _runs(server))


@pytest.mark.parametrize("end", [Daemon.stop, Daemon.kill])
def test_it_can_be_ended(end: Callable[[Daemon], None], tmp_path: Path, pid: Callable[[], int]) -> None:
    """Politely or not; when the call returns, the process is gone."""
    daemon = Daemon(_SERVER, tmp_path / "log", {})
    server = pid()
    assert daemon.runs
    end(daemon)
    assert (daemon.runs, _runs(server)) == (False, False)


def test_its_own_end_is_seen(tmp_path: Path) -> None:
    """A server that cannot start is not waited for."""
    daemon = Daemon(["sh", "-c", "echo no such option; exit 3"], tmp_path / "log", {"LC_ALL": "C"})
    wait_for(lambda: not daemon.runs)
    assert daemon.last_words == "no such option\n"
    daemon.stop()
