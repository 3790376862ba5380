"""`generate`: compile the catalog, and write what has changed."""

import gc
from pathlib import Path
from typing import Final

import click

from generator import pipeline
from generator.commands import options
from generator.report import differences, findings, printing, totals

ON_ERROR: Final = "nothing was written"


@click.command("generate", context_settings=options.HELP)
@click.option(
    "--check", "checking", is_flag=True, help="Write nothing; print what would change, and exit 1 if anything would."
)
@options.output
@options.root
def command(*, checking: bool, findings_as: str, root: Path) -> bool:
    """Compile models.yaml into base/, overlays/, rendered/, argocd/ and docs/."""
    gc.disable()  # a short run that keeps what it makes: a collection finds nothing and takes time
    generated = pipeline.generate(root, write=not checking)
    drift = differences.drift(generated.changes, root) if checking else ()
    findings.show((*generated.warnings, *drift), findings_as)
    for line in totals.totals(generated.catalog):
        printing.say(line)
    if not generated.changes:
        printing.say(f"{len(generated.wanted)} files are up to date")
        return True
    if checking:
        for line in differences.unified(generated.wanted, generated.changes):
            (printing.result if findings_as == "text" else printing.say)(line)  # any other format is all of stdout
        printing.say(f"{differences.summary(generated.changes, would=True)}; run `generate`")
        return False
    printing.say(differences.summary(generated.changes))
    return True
