"""What `artifact-sync` does: fill S3 with the models' files, read them back, or prune."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Final, Literal

from generator import pipeline
from generator.diagnostics import InterruptedSyncError, ReportedError
from generator.report import printing, progress, transfers
from generator.sync import models
from generator.sync.destinations import Selection
from generator.sync.engine import TransferLimits
from generator.sync.models import Sizes, Synced, Watch
from generator.sync.plan import Observe
from generator.sync.session import SyncContext, SyncOptions

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
        limits=TransferLimits(jobs),
    )
    with _stop_on_signals() as stop:
        return act(context(root, asked, stop), mode, output)


def context(root: Path, asked: SyncOptions, stop: Event) -> SyncContext:
    """What a sync works with. Raises CatalogError when the catalog, or the lock, is invalid."""
    project = pipeline.load(root)
    locked = project.lock.repositories if project.lock else {}
    return SyncContext(project.catalog, locked, asked, os.environ, stop)


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
    if not planning:
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
