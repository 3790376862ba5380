"""`generator add`: append a model from the Hub to the catalog."""

import os
from pathlib import Path
from typing import Final

import click

from generator import pipeline
from generator.commands import completion, options
from generator.hub.client import of_environment
from generator.lock import update
from generator.report import differences, findings, printing

ON_ERROR: Final = "nothing was written"


@click.command("add")
@click.argument("repo", metavar="OWNER/NAME", shell_complete=completion.repositories)
@click.option("--name", help="The model's name (default: derived from the repository's).")
@click.option("--dry-run", is_flag=True, help="Write nothing; print what would change.")
@options.root
def command(*, repo: str, name: str | None, dry_run: bool, root: Path) -> bool:
    """Append a model from the Hugging Face Hub to models.yaml, at its newest commit."""
    document, present = pipeline.read(root), pipeline.read_lock(root)
    with of_environment(os.environ) as hub:
        updated = update.add(document, present, repo, name, hub, printing.say)
    added = pipeline.edit(root, document, updated, write=not dry_run)
    findings.show(added.warnings, "text")
    printing.say(differences.changed(added.changes, would=dry_run))
    if dry_run:
        for line in differences.unified(added.wanted, added.changes):
            printing.result(line)
    return True
