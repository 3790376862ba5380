"""`generator schema`: the catalog's JSON Schema, for editors."""

from typing import Final

import click

from generator.catalog.contract import json_schema
from generator.report import printing

ON_ERROR: Final = "nothing was printed"


@click.command("schema")
def command() -> bool:
    """Print the JSON Schema of models.yaml, for editors."""
    printing.results(json_schema.json_schema())
    return True
