"""`generator list`: what the catalog serves, and where."""

import json
from pathlib import Path
from typing import Final

import click

from generator import pipeline
from generator.commands import completion, options
from generator.diagnostics import GeneratorError, correction
from generator.display import shown
from generator.report import listing, printing

ON_ERROR: Final = "nothing was listed"


@click.command("list")
@click.option(
    "--env", "environment", shell_complete=completion.environments, help="Only the models of this environment."
)
@click.option(
    "--output",
    type=click.Choice(("text", "wide", "json")),
    default="text",
    show_default=True,
    help="Output format; wide has more columns.",
)
@options.root
def command(*, environment: str | None, output: str, root: Path) -> bool:
    """List the models with their environments, length, dimensions, GPUs and URL."""
    catalog = pipeline.load(root, with_lock=False).catalog
    if environment is not None and environment not in catalog.environments:
        hint = correction(environment, catalog.environments.keys())
        raise GeneratorError(f"there is no environment '{shown(environment)}'", hint=hint)
    models = [
        served for model in catalog.models for served in model.served if environment in (None, served.environment)
    ]
    if output == "json":
        printing.results(json.dumps(listing.records(models), indent=2, ensure_ascii=False))
    for line in listing.table(models, wide=output == "wide") if output != "json" else ():
        printing.result(line)
    if not models:
        printing.say(f"No models found in {environment}." if environment else "No models found.")
    return True
