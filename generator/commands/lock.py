"""`generator lock`: record what the Hub says about each model."""

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


@click.command("lock")
@click.option(
    "--upgrade",
    "names",
    multiple=True,
    metavar="NAME",
    shell_complete=completion.models,
    help="Move this model to its newest commit first.",
)
@click.option("--upgrade-all", "everything", is_flag=True, help="Move every model to its newest commit first.")
@options.root
def command(*, names: tuple[str, ...], everything: bool, root: Path) -> bool:
    """Write models.lock.yaml: each model's files, their digests, and its configuration."""
    document, present = pipeline.read(root), pipeline.read_lock(root)
    upgrade = update.Upgrade(names, everything)
    updated = update.lock(document, present, upgrade, lambda: of_environment(os.environ), printing.say)
    changes = pipeline.edit(root, document, updated, write=True)
    findings.show(changes.warnings, "text")
    printing.say(differences.changed(changes.changes))
    return True
