"""The verb `sync`: from options to exit code, with an eye on signals."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

import click

from generator import pipeline
from generator.report import progress, transfers
from generator.sync import models as verbs
from generator.sync.digest import InterruptedSyncError
from generator.sync.engine import Pace
from generator.sync.models import Bench, Observe, Synced
from generator.sync.plan import Plan
from generator.sync.session import Choice, Outcome

_WELL: Final = 0
_NO: Final = 1
_INTERRUPTED: Final = 130
_MIB: Final = 1 << 20


def run(
    *,
    root: Path,
    models: tuple[str, ...],
    environments: tuple[str, ...],
    memory: int,
    jobs: int,
    sign_payload: bool | None,
    **asked: Any,
) -> int:
    """Do what was asked for; the exit code. Raises GeneratorError when nothing could be begun."""
    choice = Choice(models, environments, memory * _MIB, Pace(jobs), sign_payload)
    with _stoppable() as stop:
        return act(pipeline.bench(root, choice, os.environ, stop), **asked)


def act(  # noqa: PLR0913 - the same
    bench: Bench, *, dry_run: bool, verifying: bool, pruning: bool, grace: int, keep_going: bool, output: str
) -> int:
    """Plan, transfer, verify or prune, and say what came of it; the exit code."""
    if pruning:
        return _prune(bench, timedelta(days=grace), dry_run=dry_run)
    if verifying:
        synced = verbs.verify(bench, dry_run=dry_run)
    else:
        synced = verbs.sync(bench, dry_run=dry_run, keep_going=keep_going, watch=_watch(output))
    _print(synced, dry_run=dry_run, output=output)
    if bench.stop.is_set() and _only_interrupted(synced.outcomes):
        click.echo("interrupted; run this again: what is in the bucket is not sent again", err=True)
        return _INTERRUPTED
    return _code(synced)


@contextmanager
def _stoppable() -> Iterator[Event]:
    """An event that Ctrl-C and SIGTERM set: a sync then gives up its uploads, and ends.

    A handler would run in the main thread only, which waits for the others, and the system may give the signal to
    any of them. So all block it, and one thread waits for nothing else.
    """
    stop, over, asked = Event(), Event(), {signal.SIGINT, signal.SIGTERM}

    def watch() -> None:
        while not over.is_set():
            if signal.sigtimedwait(asked, 0.1):
                stop.set()

    before = signal.pthread_sigmask(signal.SIG_BLOCK, asked)
    watcher = Thread(target=watch, name="signals", daemon=True)
    watcher.start()
    try:
        yield stop
    finally:
        over.set()
        watcher.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _watch(output: str) -> verbs.Watch:
    def watch(plans: list[Plan]) -> AbstractContextManager[Observe]:
        terminal = output == "text" and sys.stderr.isatty()
        return progress.shown(
            plans, terminal=terminal, as_json=output == "json", say=lambda line: click.echo(line, err=True)
        )

    return watch


def _print(synced: Synced, *, dry_run: bool, output: str) -> None:
    if output == "json":
        click.echo(transfers.plan_json(synced.outcomes) if dry_run else transfers.outcome_json(synced))
    else:
        for line in transfers.plan_text(synced.outcomes) if dry_run else transfers.outcome_text(synced.outcomes):
            click.echo(line)
    for outcome, label in zip(synced.outcomes, transfers.labels(synced.outcomes), strict=True):
        if outcome.error and not isinstance(outcome.error, InterruptedSyncError):
            click.echo(f"error: {label}: {outcome.error}", err=True)
            if outcome.error.hint:
                click.echo(f"  hint: {outcome.error.hint}", err=True)
    if not dry_run:
        click.echo(transfers.total(synced), err=True)


def _code(synced: Synced) -> int:
    return _NO if any(outcome.error or outcome.findings for outcome in synced.outcomes) else _WELL


def _only_interrupted(outcomes: Sequence[Outcome]) -> bool:
    errors = [outcome.error for outcome in outcomes if outcome.error]
    return bool(errors) and all(isinstance(error, InterruptedSyncError) for error in errors)


def _prune(bench: Bench, grace: timedelta, *, dry_run: bool) -> int:
    found = verbs.prune(bench, grace, dry_run=dry_run)
    for line in transfers.prune_text(found):
        click.echo(line)
    click.echo(transfers.pruned(found, dry_run=dry_run), err=True)
    return _WELL
