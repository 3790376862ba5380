"""argv → one pipeline call → report → exit code."""

import gc
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from generator import pipeline, report
from generator.diagnostics import CatalogError, Diagnostic, GeneratorError, Severity

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
    if not generated.changes:
        click.echo(f"{len(generated.wanted)} files are up to date", err=True)
    elif checking:
        for line in report.unified(generated.wanted, generated.changes):
            click.echo(line, nl=not line.endswith("\n"))
        click.echo(f"would be: {report.summary(generated.changes)}; run `generate`", err=True)
        sys.exit(NO)
    else:
        click.echo(report.summary(generated.changes), err=True)


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


def generate_main() -> None:
    """The console script `generate`."""
    run(generate)


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
