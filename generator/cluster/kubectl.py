"""The door to a cluster: kubectl, or oc, with the user's kubeconfig. Nothing here changes anything."""

import json
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import yaml

from generator import programs
from generator.cluster.drift import Object, Sides
from generator.compiler.kinds import Kind
from generator.diagnostics import ToolError
from generator.kube.metadata import OWNER, OWNER_LABEL

_TIMEOUT: Final = "--request-timeout=60s"
_CONCURRENCY: Final = "--concurrency=16"
# kubectl gives an external program two folders, with a file for each object in which it has masked Secrets: the type
# DiffProgram in kubernetes/kubernetes staging/src/k8s.io/kubectl/pkg/cmd/diff/diff.go @ v1.34.0. This one keeps them.
_KEEP: Final = '#!/bin/sh\ncp -R "$1" "{kept}/live" && cp -R "$2" "{kept}/merged"\n'


class NoNamespaceError(ToolError):
    """The namespace does not exist, so nothing in it does."""


class Kubectl:
    """Runs kubectl. Raises ToolError, with kubectl's own words, when the cluster does not answer as wanted."""

    def __init__(self, context: str | None = None) -> None:
        self._program = programs.find("kubectl", "oc")
        self._options = [_TIMEOUT, *([f"--context={context}"] if context else [])]

    def dry_run(self, files: Sequence[Path]) -> list[Sides]:
        """Both sides of a server-side apply, with kubectl's own field manager and without conflicts.

        Raises NoNamespaceError if the objects' namespace does not exist.
        """
        with tempfile.TemporaryDirectory() as folder:
            keeper = Path(folder) / "keep"
            keeper.write_text(_KEEP.format(kept=folder), "utf-8")
            keeper.chmod(0o700)
            options = ["--server-side", "--force-conflicts", _CONCURRENCY, *(f"--filename={file}" for file in files)]
            try:
                self._run("diff", *options, ok=(0, 1), environment={"KUBECTL_EXTERNAL_DIFF": str(keeper)})
            except ToolError as error:
                if any("namespaces " in line and "not found" in line for line in error.details):
                    raise NoNamespaceError(str(error), details=error.details) from None
                raise
            return _sides(Path(folder))

    def owned(self, kind: Kind, namespace: str) -> list[Object]:
        """The objects of a kind that carry our label; none where the cluster does not have the kind."""
        resource = f"{kind.name}.{kind.version}.{kind.group}" if kind.group else kind.name
        selector = f"--selector={OWNER_LABEL}={OWNER}"
        try:
            answer = self._run("get", resource, f"--namespace={namespace}", selector, "--output=json")
        except ToolError as error:
            if any("the server doesn't have a resource type" in line for line in error.details):
                return []
            raise
        return list(json.loads(answer)["items"])

    def _run(self, *arguments: str, ok: Collection[int] = (0,), environment: dict[str, str] | None = None) -> bytes:
        command = [str(self._program), *arguments, *self._options]
        return programs.run(command, ok=ok, environment=environment).stdout


def _sides(folder: Path) -> list[Sides]:
    """What kubectl left: a file an object, with the same name on both sides; on the live one only what exists."""
    if not (folder / "merged").exists():
        raise ToolError("kubectl compared nothing")
    found = []
    for merged in sorted((folder / "merged").iterdir()):
        live = folder / "live" / merged.name
        text = live.read_text("utf-8") if live.exists() else ""
        found.append(Sides(yaml.safe_load(text), yaml.safe_load(merged.read_text("utf-8"))))
    return found
