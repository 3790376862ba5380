"""Text that some engine between Git and the container would expand, skip, or leak."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

from generator import credentials
from generator.catalog.contract import frozen
from generator.catalog.contract.outline import at
from generator.catalog.model import Violation
from generator.diagnostics import Loc, folded

# KServe: ReplacePlaceholders (compiler/serving_runtime.py). External Secrets: runtime/template/v2/template.go @ v1.3.2.
# Templates: openshift/api template/v1/types.go @ 264e80a2b6e7. Flux and the kubelet: UNVERIFIED, from their pages.
_EXPANDED: Final = {
    "{{": "KServe and External Secrets expand it as a Go template",
    "${": "OpenShift Templates and Flux expand it",
    "$(": "the kubelet expands it",
}
_SKIP_MARKER: Final = "+argocd:skip-file-rendering"
"""argoproj/argo-cd docs/user-guide/directory.md @ v3.5.1."""
_MARK: Final = re.compile(r"\{\{|\$\{|\$\(|\+argocd:")
_BLOCKS: Final = ("secret", "externalSecret")
"""Fields of the contract that are named like a credential, and hold none when they are mappings, wherever they are."""
_NAMING: Final = ("classes", "environments", "overrides", "runtimes")
"""Fields whose keys are names that the catalog chooses, other than those of connections."""
_REFERENCES: Final = ("From", "Ref")
"""With which a field of Kubernetes ends that says where a value is: `secretKeyRef`."""
_ASSIGNING: Final = frozenset(("annotations", "args", "env", "extraArgs"))
_LONGEST: Final = 32_768  # the contract lets nothing longer through
_REVOKE: Final = "revoke it, and keep it in a Secret or a vault"
_REVOKE_KEYS: Final = "revoke it, keep it in a Secret, and name that in `secret.existing`"
_REVOKE_VARIABLE: Final = "revoke it, keep it in a Secret, and name that in a model's `envValueFrom`"
_FOR_THE_HUB: Final = "revoke it, and set HF_TOKEN where `artifact-sync` runs"
_FOR_CALLERS: Final = "revoke it, and set `auth: true`"
_INSTEAD: Final = {
    "apikey": _FOR_CALLERS,
    "hftoken": _FOR_THE_HUB,
    "huggingfacehubtoken": _FOR_THE_HUB,
    "vllmapikey": _FOR_CALLERS,
}
"""By the folded name of a credential: what does here what people want it for."""


def check(data: Any) -> Iterator[Violation]:
    """Every violation in what was written, valid or not."""
    return _judge(data, ())


def _judge(value: Any, loc: Loc) -> Iterator[Violation]:
    if isinstance(value, dict):
        yield from _mapping(value, loc)
    elif isinstance(value, list):
        yield from _list(value, loc)
    elif isinstance(value, str) and len(value) <= _LONGEST:
        yield from _text(value, loc)


def _mapping(data: dict[str, Any], loc: Loc) -> Iterator[Violation]:
    for key, value in data.items():
        inner = (*loc, key)
        if what := credentials.kind(key):
            yield _credential(inner, f"this key looks like {what}, which would stay in the Git history", at_key=True)
        elif (name := _secret_name(key, data)) and not _is_block(inner, value) and _holds_text(value):
            yield _credential(
                inner, f"the name {name} suggests a credential, and its value would be stored in Git", name
            )
        else:
            yield from _judge(value, inner)


def _secret_name(key: str, data: dict[str, Any]) -> str | None:
    """The name that makes a value a credential: its key, or beside `value`, as in a pod's variables, the `name`."""
    name = data.get("name") if key == "value" else key
    return name if isinstance(name, str) and credentials.names_secret(name) else None


def _is_block(loc: Loc, value: Any) -> bool:
    """Whether a name is one of the contract's, or an entry's own, and so says nothing about what is in it."""
    return at(frozen.OUTLINE, loc) is not None or (loc[-1] in _BLOCKS and isinstance(value, dict))


def _holds_text(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_text(inner) for key, inner in value.items() if not key.endswith(_REFERENCES))
    if isinstance(value, list):
        return any(map(_holds_text, value))
    return not credentials.is_switch(value)


def _list(items: list[Any], loc: Loc) -> Iterator[Violation]:
    flag = None
    for index, item in enumerate(items):
        if flag and isinstance(item, str) and not item.startswith("-"):
            yield _credential((*loc, index), f"{flag} takes a credential, which would be stored in Git", flag)
        else:
            yield from _judge(item, (*loc, index))
        flag = item if isinstance(item, str) and item.startswith("-") and credentials.names_secret(item) else None


def _text(text: str, loc: Loc) -> Iterator[Violation]:
    if flag := credentials.secret_flag(text):
        yield _credential(loc, f"{flag} takes a credential, which would be stored in Git", flag)
    elif what := credentials.kind(text):
        yield _credential(loc, f"this looks like {what}, which would stay in the Git history")
    elif not _ASSIGNING.isdisjoint(loc) and (name := credentials.assigned_secret(text)):
        yield _credential(loc, f"the name {name} suggests a credential, and its value would be stored in Git", name)
    elif _MARK.search(text):
        yield from _expanded(loc, text)


def _credential(loc: Loc, message: str, name: str = "", *, at_key: bool = False) -> Violation:
    hint = _REVOKE_KEYS if loc[:1] == ("connections",) else _INSTEAD.get(folded(name))
    if hint is None:
        hint = _REVOKE_VARIABLE if _is_variable(loc) else _REVOKE
    return Violation(loc, credentials.CODE, message, hint, at_key=at_key)


def _is_variable(loc: Loc) -> bool:
    """Whether it is in an `env`, and not in what only is called so, such as an environment."""
    return any(part == "env" and above not in _NAMING for above, part in pairwise((None, *loc)))


def _expanded(loc: Loc, text: str) -> Iterator[Violation]:
    for mark, engine in _EXPANDED.items():
        if mark in text:
            yield Violation(loc, "text-expansion", f"'{mark}' cannot be used: {engine}", f"write it without '{mark}'")
    if _SKIP_MARKER in text:
        message = f"'{_SKIP_MARKER}' makes Argo CD skip the whole file that contains it"
        yield Violation(loc, "argocd-skip-marker", message, "reword it")
