"""kustomization.yaml files: bases, and overlays whose patches are derived from the finished objects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import to_json

from generator.compiler.patches import Operation, diff

if TYPE_CHECKING:
    from generator.kube.objects import KubeObject

_HEAD: Final = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
# JSON may hold these as they are. YAML forbids some and breaks lines at others, and a reviewer sees none of them.
_INVISIBLE = re.compile(r"[\x7f-\xa0\xad\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff0-\uffff]")


def kustomization(
    resources: Sequence[str], *, namespace: str | None = None, patches: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """A kustomization over `resources`; kind and apiVersion are written because kubeconform asks for them."""
    content: dict[str, Any] = dict(_HEAD)
    if namespace is not None:
        content["namespace"] = namespace
    content["resources"] = list(resources)
    if patches:
        content["patches"] = list(patches)
    return content


def patches(pairs: Iterable[tuple[KubeObject, KubeObject]]) -> list[dict[str, Any]]:
    """A patch for each pair of base and final object that differ in more than their namespace."""
    return [
        {"target": _target(base), "patch": _text(operations)}
        for base, final in pairs
        if (operations := [operation for operation in diff(base, final) if operation["path"] != "/metadata/namespace"])
    ]


def _target(obj: KubeObject) -> dict[str, str]:
    group, _, version = obj["apiVersion"].rpartition("/")
    return {"group": group, "version": version, "kind": obj["kind"], "name": obj["metadata"]["name"]}


def _text(operations: Iterable[Operation]) -> str:
    """One operation a line: YAML whose items are JSON, which needs no second set of quoting rules."""
    lines = "\n".join(f"- {to_json(operation).decode()}" for operation in operations)
    return _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", lines)
