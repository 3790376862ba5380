"""`generator diff`: what an apply would change on a cluster."""

from pathlib import Path
from typing import Final

import click

from generator.commands import completion, options

ON_ERROR: Final = "nothing was compared"


@click.command("diff")
@click.option(
    "--env",
    "environment",
    required=True,
    shell_complete=completion.environments,
    help="The environment to compare with its cluster.",
)
@click.option("--context", help="The context of the kubeconfig (default: the current one).")
@click.option(
    "--output",
    type=click.Choice(("text", "markdown", "json")),
    default="text",
    show_default=True,
    help="Output format.",
)
@options.root
def command(*, environment: str, context: str | None, output: str, root: Path) -> bool:
    """Compare an environment with its cluster, by kubectl's server-side dry run. Changes nothing.

    Exit codes: 0 no difference; 1 differences; 2 they could not be found out.
    """
    from generator.commands import comparing  # noqa: PLC0415 - slow to import, and not for --help
    from generator.report import drifts, printing  # noqa: PLC0415 - the same

    found = comparing.compare(root, environment, context)
    printing.results(drifts.RENDER[output](found))
    return not drifts.differs(found)
