"""argv → one pipeline call → report → exit code."""

import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from generator import pipeline
from generator.diagnostics import CatalogError, Diagnostic, GeneratorError, Severity
from generator.report import findings as report

WELL: Final = 0
NO: Final = 1
UNKNOWN: Final = 2
BUG: Final = 70

_root = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The folder that holds models.yaml; the current one unless given.",
)
_output = click.option(
    "--output", type=click.Choice(report.FORMATS), default="text", show_default=True, help="How findings are printed."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rhoai-model-gitops", prog_name="generator")
def main() -> None:
    r"""Serve vLLM embedding and reranker models on OpenShift AI from one models.yaml.

    \b
    Exit codes: 0 all well, 1 the answer is no (invalid, or would change), 2 could not find out, 70 a bug.
    """


@main.command()
@click.option(
    "--check", "checking", is_flag=True, help="Write nothing; print what would change, and exit 1 if anything."
)
@_output
@_root
def generate(*, checking: bool, output: str, root: Path) -> None:
    """Compile models.yaml into base/, overlays/, rendered/, argocd/ and docs/catalog.md."""
    generated = _guarded(lambda: pipeline.generate(root, write=not checking), output, "nothing was written")
    _findings(generated.warnings, output)
    if not generated.locked:
        click.echo(_UNLOCKED, err=True)
    if not generated.changes:
        click.echo(f"{len(generated.wanted)} files are up to date", err=True)
    elif checking:
        for line in report.unified(generated.wanted, generated.changes):
            click.echo(line, nl=not line.endswith("\n"))
        click.echo(f"would be: {report.summary(generated.changes)}; run `generate`", err=True)
        sys.exit(NO)
    else:
        click.echo(report.summary(generated.changes), err=True)


_UNLOCKED: Final = f"without {pipeline.LOCK}, nothing was compared with the models' own files: run `generator lock`"


@main.command()
@_output
@_root
def check(output: str, root: Path) -> None:
    """Validate rendered/ with kubeconform against the target's schemas, offline."""
    checked = _guarded(lambda: pipeline.check(root), output, "nothing was checked")
    _findings(checked.diagnostics, output)
    if any(item.severity is Severity.ERROR for item in checked.diagnostics):
        click.echo(report.counts(checked.diagnostics), err=True)
        sys.exit(NO)
    click.echo(f"{checked.objects} objects are valid for OpenShift AI {checked.release}", err=True)


@main.command()
def schema() -> None:
    """Print the JSON Schema of models.yaml, for editors."""
    click.echo(pipeline.editor_schema(), nl=False)


@main.command()
@click.option("--dry-run", is_flag=True, help="Print the plan, and change nothing.")
@click.option("--verify", "verifying", is_flag=True, help="Read everything back from the bucket and hash it.")
@click.option("--prune", "pruning", is_flag=True, help="Delete complete prefixes that no model refers to any more.")
@click.option("--grace", type=click.IntRange(0), default=7, show_default=True, help="Days that --prune leaves alone.")
@click.option("--model", "models", multiple=True, help="Only this model; may be given more than once.")
@click.option("--env", "environments", multiple=True, help="Only what this environment serves.")
@click.option("--keep-going", is_flag=True, help="Sync the other models when one fails.")
@click.option("--memory", type=click.IntRange(32), default=128, show_default=True, help="MiB of file contents at once.")
@click.option("--jobs", type=click.IntRange(1, 64), default=4, show_default=True, help="Parts that move at once.")
@click.option("--sign-payload/--no-sign-payload", default=None, help="Sign contents too; only over http unless given.")
@click.option("--output", type=click.Choice(("text", "json")), default="text", show_default=True)
@_root
def sync(**options: Any) -> None:
    """Fill S3 with the models' files from the Hugging Face Hub: no disk, and verified before visible."""
    from generator.commands import sync as syncing  # noqa: PLC0415 - boto3 and the Hub's client are slow to start

    sys.exit(_guarded(lambda: syncing.run(**options), "text", "nothing was synced"))


@main.command()
@click.option("--upgrade", "names", multiple=True, metavar="NAME", help="Move this model to its newest commit first.")
@click.option("--upgrade-all", "everything", is_flag=True, help="Move every model to its newest commit first.")
@_root
def lock(*, names: tuple[str, ...], everything: bool, root: Path) -> None:
    """Write models.lock.yaml: each model's files with their digests, and what its configuration says."""
    from generator.lock.update import Upgrade  # noqa: PLC0415 - not for `generate`

    upgrade = Upgrade(names, everything)
    _edited(lambda: pipeline.lock(root, upgrade, os.environ, _say), "nothing was written")


@main.command()
@click.argument("repo", metavar="OWNER/NAME")
@click.option("--name", help="The model's name; made from the repository's unless given.")
@click.option("--dry-run", is_flag=True, help="Write nothing; print what would change.")
@_root
def add(*, repo: str, name: str | None, dry_run: bool, root: Path) -> None:
    """Append a model of the Hugging Face Hub to models.yaml, at its newest commit."""
    added = _edited(
        lambda: pipeline.add(root, repo, name, os.environ, _say, write=not dry_run), "nothing was written", dry=dry_run
    )
    if dry_run:
        for line in report.unified(added.wanted, added.changes):
            click.echo(line, nl=not line.endswith("\n"))


def _say(line: str) -> None:
    click.echo(line, err=True)


def _edited(call: Callable[[], pipeline.Generated], consequence: str, *, dry: bool = False) -> pipeline.Generated:
    """Run an edit of catalog and lock, and say what it came to."""
    edited: pipeline.Generated = _guarded(call, "text", consequence)
    _findings(edited.warnings, "text")
    _say(f"{'would be: ' if dry else ''}{report.changed(edited.changes)}")
    return edited


def generate_main() -> None:
    """The console script `generate`."""
    run(generate)


def sync_main() -> None:
    """The console script `artifact-sync`."""
    run(sync)


def run(command: click.Command = main) -> NoReturn:
    """Run a command; an exception nobody expected is a bug, and exits 70 with its traceback."""
    gc.disable()  # one short run that keeps what it makes: looking for garbage would only cost time
    try:
        command()
    except Exception:  # noqa: BLE001 - the last resort
        import traceback  # noqa: PLC0415

        traceback.print_exc()
        sys.exit(BUG)
    raise AssertionError("click exits by itself")


def _guarded(call: Callable[[], Any], output: str, consequence: str) -> Any:
    """The call's value, or its error reported and the process ended."""
    try:
        return call()
    except CatalogError as error:
        _findings(error.diagnostics, output)
        click.echo(f"{report.counts(error.diagnostics)}; {consequence}", err=True)
        sys.exit(NO)
    except GeneratorError as error:
        click.echo(f"error: {error}", err=True)
        if error.hint:
            click.echo(f"  hint: {error.hint}", err=True)
        sys.exit(UNKNOWN)


def _findings(found: tuple[Diagnostic, ...], output: str) -> None:
    """Text goes beside the result; the other formats are a result."""
    if found or output in ("json", "sarif", "junit"):
        click.echo(report.diagnostics(found, output), err=output == "text")
