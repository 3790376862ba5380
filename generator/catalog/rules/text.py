"""Text that some engine between Git and the container would expand, skip, or leak."""

import re
from collections.abc import Iterator
from typing import Any

from generator.catalog import credentials
from generator.catalog.resolved import Catalog, Violation
from generator.diagnostics import Loc

_EXPANDED = {
    "{{": "KServe and External Secrets expand it as a Go template",
    "${": "OpenShift Templates and Flux expand it",
    "$(": "the kubelet expands it",
}
_SKIP_MARKER = "+argocd:skip-file-rendering"
_HAZARD = re.compile(r"\{\{|\$\{|\$\(|\+argocd:|" + credentials.TOKEN.pattern)


def _hazards(catalog: Catalog) -> Iterator[Violation]:
    for loc, text in _strings(catalog.data, ()):
        if not _HAZARD.search(text):
            continue
        if what := credentials.kind(text):
            message = f"this looks like {what}; Git keeps it for ever"
            yield Violation(loc, credentials.CODE, message, "revoke it, and keep it in a Secret or a vault")
        for mark, engine in _EXPANDED.items():
            if mark in text:
                yield Violation(loc, "text-expansion", f"'{mark}' cannot be used: {engine}", "write it another way")
        if _SKIP_MARKER in text:
            message = f"'{_SKIP_MARKER}' makes Argo CD skip the whole file that contains it"
            yield Violation(loc, "argocd-skip-marker", message, "write it another way")


def _strings(data: Any, loc: Loc) -> Iterator[tuple[Loc, str]]:
    if isinstance(data, str):
        yield loc, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _strings(value, (*loc, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _strings(value, (*loc, index))


def _secret_variables(catalog: Catalog) -> Iterator[Violation]:
    for runtime in catalog.runtimes.values():
        for variable, value in runtime.env.items():
            yield from _secret_variable(variable, value, ("runtimes", runtime.name, "env", variable))
    for served in catalog.forms():
        for variable, value in served.env.items():
            yield from _secret_variable(variable, value, catalog.origin(served, "env", variable))


def _secret_variable(variable: str, value: str, loc: Loc) -> Iterator[Violation]:
    if value and credentials.names_secret(variable):
        message = f"{variable} names a credential, and its value stands in Git"
        yield Violation(loc, credentials.CODE, message, "revoke it, and keep it in a Secret or a vault")


RULES = (_hazards, _secret_variables)
