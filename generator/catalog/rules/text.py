"""Text that something between Git and the container would expand, skip, or leak."""

import re
from collections.abc import Iterator
from typing import Any, Final

from generator import credentials
from generator.catalog.model import Violation
from generator.diagnostics import Loc

# KServe: ReplacePlaceholders (compiler/serving_runtime.py). External Secrets: runtime/template/v2/template.go @ v1.3.2.
# Templates: openshift/api template/v1/types.go @ 264e80a2b6e7. Flux and the kubelet: UNVERIFIED, from their pages.
_EXPANDED: Final = {
    "{{": "KServe and External Secrets expand it as a Go template",
    "${": "OpenShift Templates and Flux expand it",
    "$(": "the kubelet expands it",
}
_SKIP_MARKER: Final = "+argocd:skip-file-rendering"
"""argoproj/argo-cd docs/user-guide/directory.md @ v3.5.1."""
_HAZARD: Final = re.compile(r"\{\{|\$\{|\$\(|\+argocd:|" + credentials.TOKEN.pattern)
_SECRET_ARGUMENT: Final = re.compile(r"(--(?:api[-_]key|hf[-_]token))[= ].")
_LONGEST: Final = 32_768  # the contract lets nothing longer through
_REVOKE: Final = "revoke it, and keep it in a Secret or a vault"


def check(data: Any) -> Iterator[Violation]:
    """Every violation in what was written, valid or not."""
    for loc, value in _scalars(data, ()):
        if value not in (None, "") and _is_secret_variable(loc):
            message = f"the name {loc[-1]} suggests a credential, and its value would be stored in Git"
            yield Violation(loc, credentials.CODE, message, _REVOKE)
        elif isinstance(value, str) and _is_argument(loc) and (found := _SECRET_ARGUMENT.match(value)):
            message = f"{found[1]} takes a credential, which would be stored in Git"
            yield Violation(loc, credentials.CODE, message, _REVOKE)
        elif isinstance(value, str) and len(value) <= _LONGEST and _HAZARD.search(value):
            yield from _hazards(loc, value)


def _scalars(data: Any, loc: Loc) -> Iterator[tuple[Loc, Any]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _scalars(value, (*loc, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _scalars(value, (*loc, index))
    else:
        yield loc, data


def _hazards(loc: Loc, text: str) -> Iterator[Violation]:
    if what := credentials.kind(text):
        yield Violation(loc, credentials.CODE, f"this looks like {what}, which would stay in the Git history", _REVOKE)
    for mark, engine in _EXPANDED.items():
        if mark in text:
            yield Violation(loc, "text-expansion", f"'{mark}' cannot be used: {engine}", f"write it without '{mark}'")
    if _SKIP_MARKER in text:
        message = f"'{_SKIP_MARKER}' makes Argo CD skip the whole file that contains it"
        yield Violation(loc, "argocd-skip-marker", message, "reword it")


def _is_secret_variable(loc: Loc) -> bool:
    return loc[-2:-1] == ("env",) and isinstance(loc[-1], str) and credentials.names_secret(loc[-1])


def _is_argument(loc: Loc) -> bool:
    return loc[-2:-1] in (("args",), ("extraArgs",))
