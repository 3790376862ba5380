"""`artifact-sync`: fill S3 with the models' files."""

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

import click

from generator import pipeline
from generator.commands import options
from generator.diagnostics import GeneratorError, InterruptedSyncError, ReportedError
from generator.report import progress, transfers
from generator.report.findings import show_error
from generator.retry import AGAIN
from generator.sync import models
from generator.sync.destinations import Selection
from generator.sync.engine import TransferLimits
from generator.sync.models import Sizes, Synced, Watch
from generator.sync.plan import Observe
from generator.sync.session import SyncContext, SyncOptions
from generator.sync.waits import Waits

ON_ERROR: Final = "nothing was synced"
_MIB: Final = 1 << 20
Mode = Literal["sync", "verify", "prune"]


@click.command("sync", context_settings=options.HELP)
@options.version("artifact-sync")
@click.option("--dry-run", is_flag=True, help="Print what would be done; change nothing.")
@click.option("--verify", is_flag=True, help="Read everything back from the bucket, and check its digests.")
@click.option("--prune", is_flag=True, help="Delete what this catalog no longer uses, and abandoned uploads.")
@click.option(
    "--grace", type=click.IntRange(0), default=7, show_default=True, help="Days unused before --prune deletes."
)
@click.option("--model", "names", multiple=True, help="Only this model. Can be repeated.")
@click.option("--env", "environments", multiple=True, help="Only the models of this environment. Can be repeated.")
@click.option("--connection", "connections", multiple=True, help="Only this connection. Can be repeated.")
@click.option("--keep-going", is_flag=True, help="Continue with the other models if one fails.")
@click.option("--memory", type=click.IntRange(32), default=128, show_default=True, help="MiB of file data in memory.")
@click.option("--jobs", type=click.IntRange(1, 64), default=4, show_default=True, help="Concurrent part transfers.")
@click.option("--sign-payload/--no-sign-payload", default=None, help="Sign the payload (default: only over http).")
@click.option("--checksums/--no-checksums", default=None, help="Send part checksums (default: with object lock).")
@click.option("--timeout", type=click.IntRange(1), default=360, show_default=True, help="Minutes for the whole run.")
@click.option("--output", type=click.Choice(("text", "json")), default="text", show_default=True, help="Output format.")
@options.root
def command(  # noqa: PLR0913 - the options
    *,
    dry_run: bool,
    verify: bool,
    prune: bool,
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
    """Copy the models' files from the Hugging Face Hub to S3, and verify each before it becomes visible.

    No disk is needed.
    """
    if verify and prune:
        raise click.UsageError("--verify and --prune cannot be used together")
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
        with progress.heartbeat(wanted.waits, options.say, as_json=output == "json"):
            well = act(wanted, "verify" if verify else "prune" if prune else "sync", output)
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
        click.echo(transfers.pruned_json(pruned) if output == "json" else transfers.pruned_text(pruned), nl=False)
        click.echo(transfers.pruned_total(pruned, dry_run=dry_run), err=True)
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
        click.echo(transfers.plan_json(synced.outcomes) if planning else transfers.outcome_json(synced))
    else:
        for line in transfers.plan_text(synced.outcomes) if planning else transfers.outcome_text(synced.outcomes):
            click.echo(line)
    for label, error in transfers.errors(synced.outcomes):
        show_error(error, label)
    if not planning:
        click.echo(transfers.total(synced), err=True)


def _watch(output: str) -> Watch:
    def watch(sizes: Sizes) -> AbstractContextManager[Observe]:
        terminal = output == "text" and sys.stderr.isatty()
        return progress.shown(sizes, terminal=terminal, as_json=output == "json", say=options.say)

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
    show_error(GeneratorError(message, hint=_OVER))
    os._exit(2)


_MINUTE_S: Final = 60.0
_LAST_S: Final = 120.0
_OVER: Final = f"{AGAIN}; --timeout gives it more time"
