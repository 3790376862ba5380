"""`generator init`: set up a repository, or bring one up to date."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import click
from click.core import ParameterSource

from generator import credentials, editor
from generator.commands import options
from generator.display import shown
from generator.releases import TARGETS
from generator.report import differences, printing
from generator.scaffold import answers, files, start, upgrade
from generator.tree import FileTree, TreeDiff

ON_ERROR: Final = "nothing was written"
_BY_HAND: Final = (
    "nothing was written; take over what you want of the difference above, remove each file's line from"
    f" {answers.FILE}, which makes the file your own, and run this again"
)
_RESOLVE: Final = "resolve the conflicts that are marked in it"
_OPTIONS: Final = ("target", "environments", "argocd", "endpoint", "bucket", "forge")

_SPEC: Final = re.compile(files.SPEC)


def _requirement(context: click.Context, parameter: click.Parameter, given: str | None) -> str | None:  # noqa: ARG001 - click's signature
    """The value of --package. Raises BadParameter unless every file can hold it as it is."""
    if given is None:
        return None
    if credentials.kind(given):
        raise click.BadParameter("it holds a credential, which would be committed: configure pip with it instead")
    if not _SPEC.search(given):
        raise click.BadParameter(
            "it is not a requirement of pip without spaces and quotes: NAME==VERSION or an address"
        )
    return given


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
@click.option(
    "--package", metavar="SPEC", callback=_requirement,
    help="What pipelines install with pip: NAME==VERSION, or the address of a wheel or a Git tag; {version} stands for"
    f" the generator's version.  [default: {files.DEFAULT_PACKAGE}]",
)  # fmt: skip
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
    package: str | None,
    upgrading: bool,
    dry_run: bool,
    root: Path,
) -> bool:
    """Set up a repository of your own: models.yaml, its schema and a pipeline.

    No file that exists is replaced.
    """
    if not upgrading:
        chosen = files.Options(target, environments, argocd, endpoint, bucket)
        return _start(root, chosen, files.Setup(forge, package or files.DEFAULT_PACKAGE), dry_run=dry_run)
    if any(context.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in _OPTIONS):
        raise click.UsageError("--upgrade takes --package, --dry-run and --root alone: the others are of the first day")
    return _upgrade(root, package, dry_run=dry_run)


def _start(root: Path, chosen: files.Options, setup: files.Setup, *, dry_run: bool) -> bool:
    started = start.start(root, chosen, setup, write=not dry_run)
    _say_kept(started.kept, started.missing)
    for line in differences.each(started.changes, would=dry_run):
        printing.say(line)
    _warn_of_folder(started.folder, setup.forge)
    if dry_run:
        _show(started.wanted, started.changes)
        return True
    if setup.from_an_index:
        printing.say(f"next: see that pip finds {setup.requirement} in an index that you trust, or name another place:")
        printing.say("  `generator init --upgrade --package SPEC`")
    if files.CATALOG in started.wanted:
        printing.say(f"next: read the first lines of {files.CATALOG}, then `generator add OWNER/NAME`")
    return True


def _show(wanted: FileTree, changes: TreeDiff) -> None:
    """Print the difference; of the schema, which has thousands of lines, its size alone."""
    created = {path: content for path, content in changes.created.items() if path != editor.SCHEMA}
    for line in differences.unified(wanted, changes._replace(created=created)):
        printing.result(line)
    if len(created) < len(changes.created):
        lines = wanted[editor.SCHEMA].count(b"\n")
        printing.say(f"{editor.SCHEMA}: {lines:,} lines, which are not shown; `generator schema` prints them")


def _warn_of_folder(folder: str, forge: str) -> None:
    """Pipelines, and most of the other files, are read at the top of a repository alone."""
    if not folder:
        return
    where = shown(folder.rstrip("/"))
    printing.say(f"warning: this folder is {where} in its Git repository: no pipeline runs from here")
    use = f"use this project's action.yml with `folder: {where}`, or " if forge == "github" else ""
    printing.say(f"  hint: {use}move the pipeline to the top, and add `--root {where}` to its commands")


def _upgrade(root: Path, package: str | None, *, dry_run: bool) -> bool:
    upgraded = upgrade.upgrade(root, package, write=not dry_run)
    _say_kept(upgraded.kept, {})
    if upgraded.baseless:
        _show(upgraded.wanted, upgraded.changes)
        for path in upgraded.baseless:
            printing.say(f"{path}: changed, and Git does not have what `generator init` wrote, so it cannot be merged")
        printing.say(_BY_HAND)
        return False
    for line in differences.each(upgraded.changes, would=dry_run):
        printing.say(line)
    if dry_run:
        _show(upgraded.wanted, upgraded.changes)
    for path in upgraded.conflicts:
        printing.say(f"{path}: {'would have conflicts' if dry_run else _RESOLVE}")
    for path in upgraded.unresolved:
        printing.say(f"{path}: {_RESOLVE}")
    good = not upgraded.conflicts and not upgraded.unresolved
    if good and not upgraded.changes:
        printing.say(differences.UP_TO_DATE)
    return good


def _say_kept(kept: Mapping[str, str], missing: Mapping[str, Sequence[str]]) -> None:
    for path, reason in kept.items():
        lines = missing.get(path)
        printing.say(f"{path} not written: {reason}{'; add these lines to it:' if lines else ''}")
        for line in lines or ():
            printing.say(f"  {line}")
