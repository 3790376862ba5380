"""`generator schema`: the catalog's JSON Schema, for editors."""

from pathlib import Path
from typing import Final

import click

from generator import editor, pipeline
from generator.commands import options
from generator.report import printing

ON_ERROR: Final = "nothing was printed"


@click.command("schema")
@click.option(
    "--with-names",
    is_flag=True,
    help=f"Offer the catalog's own names, too. Written to {editor.SCHEMA}, `generate` keeps it current.",
)
@click.option("--markdown", is_flag=True, help="Print every field as a page for readers instead.")
@options.root
def command(*, with_names: bool, markdown: bool, root: Path) -> bool:
    """Print the JSON Schema of models.yaml, for editors."""
    if markdown and with_names:
        raise click.UsageError("--markdown is for readers, and --with-names for editors: choose one")
    if markdown:
        printing.results(editor.reference())
        return True
    printing.results(editor.with_names(pipeline.read(root).data) if with_names else editor.schema())
    return True
