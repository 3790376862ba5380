"""Whether KCL's documents are our files: `python equal.py COUNT FOLDER STREAM…`.

Exits 1 and names what differs, or when there are not COUNT objects.

A process of its own, because what it holds in memory would count as the peak of every process measured after it.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

_OURS = (
    "base/models/*/inferenceservice.yaml",
    "base/models/*/servingruntime.yaml",
    "rendered/*/models/inferenceservice-*.yaml",
    "rendered/*/models/servingruntime-*.yaml",
)
_Key = tuple[str, str, str]


def main(count: int, folder: Path, streams: Iterable[Path]) -> str | None:
    """What is wrong, or None."""
    ours = _by_key(path for pattern in _OURS for path in folder.glob(pattern))
    theirs = _by_key(streams)
    differing = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
    if not differing:
        return None if len(ours) == count else f"{len(ours)} objects, and not {count}"
    shown = "\n".join(_difference(key, ours.get(key, ""), theirs.get(key, "")) for key in differing[:3])
    return f"{len(differing)} of {len(ours)} objects differ\n{shown}"


def _difference(key: _Key, ours: str, theirs: str) -> str:
    """Where two texts begin to differ."""
    pairs = enumerate(zip(ours, theirs, strict=False))
    at = next((index for index, (mine, other) in pairs if mine != other), min(len(ours), len(theirs)))
    return f"{key}: …{ours[max(at - 60, 0) : at]}\n  ours:   {ours[at : at + 60]}\n  theirs: {theirs[at : at + 60]}"


def _by_key(paths: Iterable[Path]) -> dict[_Key, str]:
    """Objects as JSON with sorted keys, in which, unlike in Python, `1` is not `true`."""
    objects: dict[_Key, str] = {}
    for obj in _documents(paths):
        key = (obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        if key in objects:
            raise ValueError(f"{key} is there twice")
        objects[key] = json.dumps(obj, sort_keys=True)
    return objects


def _documents(paths: Iterable[Path]) -> Iterator[Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for path in paths:
        yield from yaml.load_all(path.read_bytes(), Loader=loader)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2]), [Path(argument) for argument in sys.argv[3:]]))
