"""`generator init`: set up a repository, or bring one up to date."""

from pathlib import Path
from typing import Final

import click
from click.core import ParameterSource

from generator.commands import options
from generator.releases import TARGETS
from generator.report import differences, printing
from generator.scaffold import answers, files, start, upgrade

ON_ERROR: Final = "nothing was written"
_BY_HAND: Final = (
    "nothing was written; take over what you want of the difference above, remove each file's line from"
    f" {answers.FILE}, which makes the file your own, and run this again"
)
_OPTIONS: Final = ("target", "environments", "argocd", "endpoint", "bucket", "forge")


@click.command("init")
@click.option(
    "--target",
    type=click.Choice(tuple(TARGETS)),
    default=files.NEWEST,
    show_default=True,
    help="The OpenShift AI release.",
)
@click.option(
    "--env", "environments", multiple=True, metavar="NAME", default=("dev", "prod"), show_default=True,
    help="An environment; may be given several times.",
)  # fmt: skip
@click.option("--argocd", metavar="URL", help="The Git URL of this repository, for Argo CD.")
@click.option(
    "--endpoint", metavar="URL", default="https://s3.us-east-1.amazonaws.com", show_default=True, help="The S3 service."
)
@click.option("--bucket", metavar="NAME", default="your-bucket", show_default=True, help="The bucket for the models.")
@click.option(
    "--forge", type=click.Choice(files.FORGES), default=files.FORGES[0], show_default=True, help="Where pipelines run."
)
@click.option("--upgrade", "upgrading", is_flag=True, help="Bring the files of an earlier version up to date.")
@click.option("--dry-run", is_flag=True, help="Write nothing; print what would change.")
@options.root
@click.pass_context
def command(  # noqa: PLR0913 - the options
    context: click.Context,
    *,
    target: str,
    environments: tuple[str, ...],
    argocd: str | None,
    endpoint: str,
    bucket: str,
    forge: str,
    upgrading: bool,
    dry_run: bool,
    root: Path,
) -> bool:
    """Set up a repository of your own: models.yaml, its schema, a pipeline, and what else the first day needs.

    No file that exists is replaced.
    """
    if not upgrading:
        chosen = files.Options(target, environments, argocd, endpoint, bucket)
        return _start(root, chosen, forge, dry_run=dry_run)
    if any(context.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in _OPTIONS):
        raise click.UsageError("--upgrade takes --dry-run and --root alone: the other options are of the first day")
    return _upgrade(root, dry_run=dry_run)


def _start(root: Path, chosen: files.Options, forge: str, *, dry_run: bool) -> bool:
    started = start.start(root, chosen, forge, write=not dry_run)
    _say_kept(started.kept)
    for path in sorted(started.changes.created):
        printing.say(f"{path} would be created" if dry_run else f"{path} created")
    if dry_run:
        for line in differences.unified(started.wanted, started.changes):
            printing.result(line)
    elif files.CATALOG in started.wanted:
        printing.say(f"next: read the first lines of {files.CATALOG}, then `generator add OWNER/NAME`")
    return True


def _upgrade(root: Path, *, dry_run: bool) -> bool:
    upgraded = upgrade.upgrade(root, write=not dry_run)
    _say_kept(upgraded.kept)
    if upgraded.baseless:
        for line in differences.unified(upgraded.wanted, upgraded.changes):
            printing.result(line)
        for path in upgraded.baseless:
            printing.say(f"{path}: changed, and Git does not have what `generator init` wrote, so it cannot be merged")
        printing.say(_BY_HAND)
        return False
    printing.say(differences.changed(upgraded.changes, would=dry_run))
    if dry_run:
        for line in differences.unified(upgraded.wanted, upgraded.changes):
            printing.result(line)
    for path in upgraded.conflicts:
        printing.say(f"{path}: {'would have conflicts' if dry_run else 'resolve the conflicts that are marked in it'}")
    return not upgraded.conflicts


def _say_kept(kept: dict[str, str]) -> None:
    for path, reason in kept.items():
        printing.say(f"{path} not written: {reason}")
