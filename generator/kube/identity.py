"""What Kubernetes tells objects apart by."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Identity(NamedTuple):
    """The kind, the namespace if it has one, and the name of an object."""

    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def identity(obj: Mapping[str, Any]) -> Identity:
    """That of an object as the API server reads it. Raises KeyError or TypeError for what is no object."""
    metadata = obj["metadata"]
    return Identity(str(obj["kind"]), metadata.get("namespace"), str(metadata["name"]))
