"""The progress of a sync: bars on a terminal, elsewhere a line every few seconds; all on stderr."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Final

from generator.display import visible
from generator.sync.models import Sizes
from generator.sync.plan import Action, Observe
from generator.sync.waits import Waits

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

_EVERY_S: Final = 10
_TICK_S: Final = 0.5
_BAR: Final = 12
"""Columns of a bar: beside it, the amounts, the speed and the time fill half of a line of 80."""


def size(count: float) -> str:
    """Bytes for people: 90.9 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < _STEP:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= _STEP
    return f"{count:.1f} TB"


_STEP: Final = 1000


class Plain:
    """A line every ten seconds: words, or a JSON object."""

    def __init__(self, total: int, say: Callable[[str], None], *, as_json: bool) -> None:
        self._total, self._say, self._as_json = total, say, as_json
        self._done, self._began = 0, time.monotonic()
        self._next = self._began + _EVERY_S
        self._lock = Lock()

    def observe(self, model: str, path: str, count: int, _action: Action) -> None:
        """Count bytes that have arrived in the bucket."""
        with self._lock:
            self._done += count
            now = time.monotonic()
            if now < self._next:
                return
            self._next = now + _EVERY_S
            self._say(self._line(model, path, self._done / (now - self._began)))

    def _line(self, model: str, path: str, rate: float) -> str:
        left = (self._total - self._done) / rate if rate else 0
        if self._as_json:
            told = {
                "bytes": self._done,
                "total": self._total,
                "bytesPerSecond": round(rate),
                "secondsLeft": round(left),
            }
            return json.dumps({**told, "model": model, "path": path}, ensure_ascii=False)
        return f"{size(self._done)} of {size(self._total)}, {size(rate)}/s, {left:.0f} s left ({model}: {path})"


class Bars:
    """A bar for each file that is under way, and one for all. A path that is too long for the line is cut."""

    def __init__(self, sizes: Sizes, console: "Console") -> None:
        from rich.progress import (  # noqa: PLC0415 - only on a terminal
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )
        from rich.table import Column  # noqa: PLC0415 - the same

        def whole() -> Column:
            return Column(no_wrap=True)

        self.progress = Progress(
            TextColumn(
                "{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)
            ),
            BarColumn(_BAR, table_column=whole()),
            DownloadColumn(table_column=whole()),
            TransferSpeedColumn(table_column=whole()),
            TimeRemainingColumn(table_column=whole()),
            console=console,
            expand=True,
        )
        self._sizes = sizes
        self._all = self.progress.add_task("all", total=sum(sizes.values()))
        self._files: dict[tuple[str, str], TaskID] = {}
        self._lock = Lock()

    def observe(self, model: str, path: str, count: int, _action: Action) -> None:
        """Move the bars."""
        with self._lock:
            file = (model, path)
            if file not in self._files:
                self._files[file] = self.progress.add_task(visible(f"{model}/{path}"), total=self._sizes.get(file))
            self.progress.update(self._files[file], advance=count)
            self.progress.update(self._all, advance=count)
            if self.progress.tasks[self._files[file]].finished:
                self.progress.update(self._files[file], visible=False)


class Heartbeat:
    """A line every ten seconds while nothing arrives: what is waited for, and for how long."""

    def __init__(self, waits: Waits, say: Callable[[str], None], *, as_json: bool) -> None:
        self._waits, self._say, self._as_json = waits, say, as_json
        self._next = 0.0

    def beat(self) -> None:
        """Say what is waited for, if it is time to."""
        wait, now = self._waits.stuck(_EVERY_S), time.monotonic()
        if wait is None or now < self._next:
            return
        self._next = now + _EVERY_S
        if self._as_json:
            self._say(json.dumps({"waiting": wait.doing, "seconds": round(wait.seconds)}, ensure_ascii=False))
        else:
            self._say(f"waiting for {wait.seconds:.0f} s to {wait.doing}")


@contextmanager
def heartbeat(waits: Waits, say: Callable[[str], None], *, as_json: bool) -> Iterator[None]:
    """Beat while the block runs. On a terminal, rich keeps such lines above its bars."""
    heart, done = Heartbeat(waits, say, as_json=as_json), Event()

    def beat() -> None:
        while not done.wait(_TICK_S):
            heart.beat()

    beating = Thread(target=beat, name="heartbeat", daemon=True)
    beating.start()
    try:
        yield
    finally:
        done.set()
        beating.join()


@contextmanager
def shown(sizes: Sizes, *, terminal: bool, as_json: bool, say: Callable[[str], None]) -> Iterator[Observe]:
    """Show progress while the block runs, if there is any to come; what it yields is called as bytes arrive."""
    if terminal and sizes:
        from rich.console import Console  # noqa: PLC0415 - only on a terminal

        bars = Bars(sizes, Console(stderr=True))
        with bars.progress:
            yield bars.observe
    else:
        yield Plain(sum(sizes.values()), say, as_json=as_json).observe
