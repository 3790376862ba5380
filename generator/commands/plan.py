"""`generator plan`: what a change of the catalog means for the cluster."""

from pathlib import Path
from typing import Final

import click

from generator.commands import options

ON_ERROR: Final = "no plan was made"


@click.command("plan")
@click.option(
    "--against",
    default="origin/main",
    show_default=True,
    help="Branch, tag or commit of Git: compare with where HEAD left it.",
)
@click.option("--target", help="Compare with the same catalog on another OpenShift AI release instead.")
@click.option("--bucket", is_flag=True, help="Look in the buckets, too, whether the files are there; only reads.")
@click.option("--fail-on", type=click.Choice(("danger",)), help="Exit 1 if the plan has a danger.")
@click.option("--link", help="Where the whole plan can be read, for a Markdown that is cut.")
@click.option(
    "--output",
    type=click.Choice(("text", "markdown", "json")),
    default="text",
    show_default=True,
    help="Output format.",
)
@options.root
def command(  # noqa: PLR0913 - the options
    *, against: str, target: str | None, bucket: bool, fail_on: str | None, link: str | None, output: str, root: Path
) -> bool:
    """Say what a change of models.yaml means: models, pods, GPUs, bytes and dangers."""
    from generator.commands import planning  # noqa: PLC0415 - slow to import, and not for --help
    from generator.report import plans, printing  # noqa: PLC0415 - the same

    plan = planning.for_target(root, target) if target else planning.against(root, against)
    if bucket:
        plan = planning.in_bucket(root, plan)
    printing.results(plans.RENDER[output](plan, link))
    if fail_on and plan.dangers:
        count = len(plan.dangers)
        printing.say(f"{count} danger{'s' * (count != 1)}; look at each, and merge without --fail-on if it is meant")
        return False
    return True
