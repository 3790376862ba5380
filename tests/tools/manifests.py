"""Objects by their key: those on disk, and those that kustomize builds."""

import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from fakes import LONG_S


class _GoLoader(yaml.CSafeLoader):
    """Reads kustomize's output as kustomize means it.

    It quotes each string that Go takes for something else, but not all of those that PyYAML does.
    """

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own way


for _tag, _pattern, _starts in (
    ("bool", r"(?:true|false)\Z", "tf"),
    ("int", r"-?(?:0|[1-9][0-9]*)\Z", "-0123456789"),
    ("null", r"null\Z", "n"),
):
    _GoLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_starts))


class Key(NamedTuple):
    """What identifies an object in the API server."""

    api_version: str
    kind: str
    namespace: str
    name: str


Objects = Mapping[Key, Mapping[str, Any]]


class BuildError(Exception):
    """kustomize failed; contains its output."""


def built(kustomize: Path, folder: Path) -> Objects:
    """What `kustomize build` prints for a folder."""
    done = subprocess.run([kustomize, "build", folder], capture_output=True, check=False, timeout=LONG_S)
    if done.returncode:
        raise BuildError(done.stderr.decode())
    return _by_key(yaml.load_all(done.stdout, Loader=_GoLoader))


def written(folder: Path) -> Objects:
    """The objects in the files of a folder; none when there is no such folder."""
    return _by_key(yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader) for path in sorted(folder.glob("*.yaml")))


def _by_key(objects: Iterable[Any]) -> Objects:
    found: dict[Key, Mapping[str, Any]] = {}
    for obj in objects:
        metadata = obj["metadata"]
        key = Key(obj["apiVersion"], obj["kind"], metadata.get("namespace", ""), metadata["name"])
        assert key not in found, key
        found[key] = obj
    return found


def assert_overlays_lead_to_rendered(kustomize: Path, root: Path) -> None:
    """Each overlay of a project builds the objects that are rendered for it, and nothing is rendered without one."""
    parts = {f"{path.name}/{part}" for path in (root / "overlays").iterdir() for part in ("models", "platform")}
    assert parts
    assert {path.relative_to(root / "rendered").as_posix() for path in (root / "rendered").glob("*/*")} <= parts
    for part in sorted(parts):
        assert (root / "rendered" / part).is_dir(), part
        assert built(kustomize, root / "overlays" / part) == written(root / "rendered" / part), part
