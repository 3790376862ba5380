"""`generator check`: validate the manifests on disk against the target's own schemas."""

import gc
from pathlib import Path
from typing import Final

import click

from generator import kubeconform, pipeline
from generator.commands import options
from generator.compiler import compile_catalog
from generator.diagnostics import CatalogError, Severity
from generator.report import findings, printing

ON_ERROR: Final = "nothing was checked"


@click.command("check")
@options.output
@options.root
def command(*, findings_as: str, root: Path) -> bool:
    """Validate rendered/ and argocd/ with kubeconform against the target's schemas, offline."""
    gc.disable()  # as in `generate`
    project = pipeline.load(root, with_lock=False)
    compiled = compile_catalog(project.catalog)
    origins = compiled.origins
    misplaced = (
        *kubeconform.missing(origins, root, project.document),
        *kubeconform.foreign(compiled.tree, root),
    )
    if misplaced:
        raise CatalogError(misplaced)
    checked = kubeconform.check(root, project.catalog, origins, project.document)
    findings.show(checked.diagnostics, findings_as)
    if any(item.severity is Severity.ERROR for item in checked.diagnostics):
        printing.say(findings.counts(checked.diagnostics))
        return False
    runtimes = f"{checked.runtimes} runtime{'s' * (checked.runtimes != 1)} inside Templates"
    objects = f"{checked.objects} object{'s' * (checked.objects != 1)}"
    printing.say(f"{objects}, and the {runtimes}, are valid for OpenShift AI {checked.releases}")
    return True
