"""Options that several commands have."""

from pathlib import Path
from typing import Final

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
    "--output",
    "findings_as",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="Output format of the findings.",
)
"""The commands whose stdout is findings: of others, findings are text on stderr."""


version = click.version_option(package_name="rhoai-model-gitops", prog_name=None)
"""The option `--version`, which names the script that was called."""
