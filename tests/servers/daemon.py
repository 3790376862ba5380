"""A server process that writes a log, and always ends."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from fakes import LONG_S

_LIFE_S = 6 * 3600
"""For servers that nobody stops."""


class Daemon:
    """A process in its own group, which ends even if nothing stops it: with its parent, or after a time limit."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self.name = Path(command[0]).name
        self.log = log
        wrappers = (["setpriv", "--pdeathsig", "TERM"], ["timeout", "-k", "3", str(_LIFE_S)])
        limits = [word for wrapper in wrappers if shutil.which(wrapper[0]) for word in wrapper]
        with log.open("ab") as written:
            self._process = subprocess.Popen(
                [*limits, *command],
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                env={"PATH": os.environ["PATH"], **environment},
                start_new_session=True,
            )

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        """End it, by force if need be."""
        self._process.terminate()
        try:
            self._process.wait(LONG_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(LONG_S)
