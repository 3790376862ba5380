"""A server process that writes a log, and always ends."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from fakes import LONG_S

# In the background, a shell reads from /dev/null unless told otherwise. The last `kill` is for the whole group.
_SUPERVISOR: Final = """\
exec 3<&0
"$@" 3<&- &
server=$!
{ cat <&3 >/dev/null; kill $server; sleep 3; kill -9 -- -$$; } 2>/dev/null &
exec 3<&-
wait $server
"""
"""Runs a server until it ends, or until the standard input does; then ends it, by force if need be."""


class Daemon:
    """A process in its own group. It ends when this one does, even by a kill: that closes its standard input."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self.name = Path(command[0]).name
        self.log = log
        with log.open("ab") as written:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _SUPERVISOR, self.name, *command],
                stdin=subprocess.PIPE,
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
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait(LONG_S)

    def kill(self) -> None:
        """End it at once."""
        if self.runs:
            os.killpg(self._process.pid, signal.SIGKILL)
        self.stop()
