"""Options that several commands have."""

from pathlib import Path

import click

from generator.report.findings import FORMATS

root = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The folder that holds models.yaml; the current one unless given.",
)
output = click.option(
    "--output", type=click.Choice(FORMATS), default="text", show_default=True, help="How findings are printed."
)


def say(line: str) -> None:
    """Print a line beside the result."""
    click.echo(line, err=True)
