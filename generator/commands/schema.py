"""`generator schema`: the catalog's JSON Schema, for editors."""

from typing import Final

import click

from generator.catalog.contract import json_schema

ON_ERROR: Final = "nothing was printed"


@click.command("schema")
def command() -> bool:
    """Print the JSON Schema of models.yaml, for editors."""
    click.echo(json_schema.json_schema(), nl=False)
    return True
