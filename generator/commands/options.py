"""Options that several commands have."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from generator.report.findings import FORMATS

HELP: Final = {"help_option_names": ["-h", "--help"]}
"""The context settings of what is installed as a script; a subcommand inherits them."""

root = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The folder that contains models.yaml (default: the current one).",
)
output = click.option(
    "--output", type=click.Choice(FORMATS), default="text", show_default=True, help="Output format of the findings."
)


def version(script: str) -> Callable[[Any], Any]:
    """The option `--version` of an installed script."""
    return click.version_option(package_name="rhoai-model-gitops", prog_name=script)


def say(line: str) -> None:
    """Print a line to stderr, so that stdout holds only the result.

    Rich puts what is written there above its bars; what click writes, it does not see.
    """
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
