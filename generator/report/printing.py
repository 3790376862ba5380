"""Printing: whatever goes to the terminal goes through here, a line at a time."""

import os
import sys

import click

from generator.diagnostics import GeneratorError
from generator.display import visible


def say(line: str) -> None:
    """Print a line beside the result, to stderr.

    Rich puts what is written there above its bars; what click writes, it does not see.
    """
    sys.stderr.write(f"{visible(line)}\n")
    sys.stderr.flush()


def result(line: str) -> None:
    """Print a line of the result, to stdout."""
    click.echo(visible(line))


def results(text: str) -> None:
    """Print a result whose own syntax has lines: JSON, XML, or workflow commands. Text in it has none."""
    for line in text.removesuffix("\n").split("\n"):
        result(line)


def colours() -> bool | None:
    """Whether to print in colours: None where that depends on the terminal.

    Of https://no-color.org and https://force-color.org; rich does the same for its bars.
    """
    if os.environ.get("NO_COLOR"):
        return False
    return True if os.environ.get("FORCE_COLOR") else None


def error(raised: GeneratorError, label: str | None = None) -> None:
    """Print an error, and what to do about it."""
    say(f"error: {label}: {raised}" if label else f"error: {raised}")
    if raised.hint:
        say(f"  hint: {raised.hint}")
    for line in raised.details:
        say(f"  {line}")
