"""What `artifact-sync` does: fill S3 with the models' files, read them back, or prune."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread, Timer
from typing import Final, Literal

from generator import pipeline
from generator.diagnostics import GeneratorError, InterruptedSyncError, ReportedError
from generator.report import printing, progress, transfers
from generator.retry import AGAIN
from generator.sync import models
from generator.sync.destinations import Selection
from generator.sync.engine import TransferLimits
from generator.sync.models import Sizes, Synced, Watch
from generator.sync.plan import Observe
from generator.sync.session import SyncContext, SyncOptions
from generator.sync.waits import Waits

_MIB: Final = 1 << 20
Mode = Literal["sync", "verify", "prune"]


def run(  # noqa: PLR0913 - the options
    mode: Mode,
    *,
    dry_run: bool,
    grace: int,
    names: tuple[str, ...],
    environments: tuple[str, ...],
    connections: tuple[str, ...],
    keep_going: bool,
    memory: int,
    jobs: int,
    sign_payload: bool | None,
    checksums: bool | None,
    timeout: int,
    output: str,
    root: Path,
) -> bool:
    """Do what the options say, until a signal stops it; whether all is well."""
    asked = SyncOptions(
        selection=Selection(names, environments, connections),
        dry_run=dry_run,
        keep_going=keep_going,
        grace=timedelta(days=grace),
        memory_bytes=memory * _MIB,
        sign_payload=sign_payload,
        checksums=checksums,
        limits=TransferLimits(jobs),
    )
    with _stop_on_signals() as stop, time_limit(timeout, stop, _end) as over:
        wanted = context(root, asked, stop)
        with progress.heartbeat(wanted.waits, printing.say, as_json=output == "json"):
            well = act(wanted, mode, output)
        if over.is_set() and not well:  # one model has failed by itself; what became of the others?
            raise InterruptedSyncError("interrupted")
        return well


def context(root: Path, asked: SyncOptions, stop: Event) -> SyncContext:
    """What a sync works with. Raises CatalogError when the catalog, or the lock, is invalid."""
    project = pipeline.load(root)
    locked = project.lock.repositories if project.lock else {}
    return SyncContext(project.catalog, locked, asked, os.environ, stop, Waits())


def act(context: SyncContext, mode: Mode, output: str) -> bool:
    """Sync, verify or prune, and report; whether all is well.

    Raises InterruptedSyncError when it was stopped, and ReportedError when a connection, or the Hub, cannot be used.
    """
    if mode == "prune":
        pruned, dry_run = models.prune(context), context.options.dry_run
        if output == "json":
            printing.results(transfers.pruned_json(pruned))
        else:
            for line in transfers.pruned_text(pruned):
                printing.result(line)
        printing.say(transfers.pruned_total(pruned, dry_run=dry_run))
        return True
    planning = mode == "sync" and context.options.dry_run
    synced = (models.verify if mode == "verify" else models.sync)(context, _watch(output))
    _show(synced, planning=planning, output=output)
    errors = [outcome.error for outcome in synced.outcomes if outcome.error]
    if context.stop.is_set() and errors and all(isinstance(error, InterruptedSyncError) for error in errors):
        raise InterruptedSyncError("interrupted; run the sync again: what is in the bucket is not sent again")
    if any(outcome.service for outcome in synced.outcomes):
        raise ReportedError("a connection, or the Hub, cannot be used")
    return not errors and not any(outcome.findings for outcome in synced.outcomes)


def _show(synced: Synced, *, planning: bool, output: str) -> None:
    if output == "json":
        printing.results(transfers.plan_json(synced.outcomes) if planning else transfers.outcome_json(synced))
    else:
        for line in transfers.plan_text(synced.outcomes) if planning else transfers.outcome_text(synced.outcomes):
            printing.result(line)
    for label, error in transfers.errors(synced.outcomes):
        printing.error(error, label)
    if not planning or not synced.outcomes:
        printing.say(transfers.total(synced))


def _watch(output: str) -> Watch:
    def watch(sizes: Sizes) -> AbstractContextManager[Observe]:
        terminal = output == "text" and sys.stderr.isatty()
        return progress.shown(sizes, terminal=terminal, as_json=output == "json", say=printing.say)

    return watch


@contextmanager
def _stop_on_signals() -> Iterator[Event]:
    """An event that Ctrl-C and SIGTERM set: a sync then aborts its uploads, and ends.

    Python runs a handler in the main thread only, which waits for the others and may not be the one that the signal
    wakes. So the handlers do nothing, and a thread reads the signals' numbers from the wake-up socket.
    """
    stop = Event()
    ours, theirs = socket.socketpair()
    theirs.settimeout(0)

    def watch() -> None:
        while ours.recv(1):
            stop.set()

    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    wakeup = signal.set_wakeup_fd(theirs.fileno())
    watcher = Thread(target=watch, name="signals", daemon=True)
    watcher.start()
    try:
        yield stop
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        theirs.close()
        watcher.join()
        ours.close()


@contextmanager
def time_limit(minutes: int, stop: Event, end: Callable[[str], None]) -> Iterator[Event]:
    """Stop what the block does when its time is over, as a signal would; `end` the process if that does not help.

    Yields whether it is over. InterruptedSyncError then becomes an error that says so.

    A thread that waits for a server does not stop before that answers, or its time limit is over.
    """
    message = f"the time limit of {minutes} minute{'' if minutes == 1 else 's'} is over"
    over = Event()

    def stop_in_time() -> None:
        over.set()
        stop.set()

    timers = [Timer(minutes * _MINUTE_S, stop_in_time), Timer(minutes * _MINUTE_S + _LAST_S, end, [message])]
    for timer in timers:
        timer.daemon = True
        timer.start()
    try:
        yield over
    except InterruptedSyncError:
        if over.is_set():
            raise GeneratorError(message, hint=_OVER) from None
        raise
    finally:
        for timer in timers:
            timer.cancel()


def _end(message: str) -> None:
    """End the process at once. A sync may be killed at any time."""
    printing.error(GeneratorError(message, hint=_OVER))
    os._exit(2)


_MINUTE_S: Final = 60.0
_LAST_S: Final = 120.0
_OVER: Final = f"{AGAIN}; --timeout gives it more time"
