"""Validates the manifests on disk with kubeconform; each finding points to a line of the catalog."""

import json
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import yaml

from generator import credentials, json_text
from generator import programs as tools
from generator.catalog.model import Catalog
from generator.compiler import MARK
from generator.diagnostics import Diagnostic, Loc, Position, ToolError
from generator.releases import Target
from generator.tree import FileTree
from generator.yaml.read import Document

_LONGEST_MARK: Final = 1024
_INNER: Final = "template-"
_NOISE = re.compile(
    r"problem validating schema\. Check JSON formatting:|jsonschema validation failed with|'?file://\S+#?'?"
)


_NO_SCHEMA: Final = "could not find schema for "
"""How the message begins: yannh/kubeconform pkg/validator/validator.go @ v0.8.0."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What kubeconform reported on `objects`, and on the `runtimes` inside Templates."""

    diagnostics: tuple[Diagnostic, ...]
    objects: int
    runtimes: int
    releases: str


def check(root: Path, catalog: Catalog, origins: Mapping[str, Loc], document: Document) -> Checked:
    """Validate every file at `origins`, for the release of its environment.

    Raises ToolError when kubeconform cannot be run, or did not report on every object: it exits 0 for no files.
    """
    with tempfile.TemporaryDirectory() as folder, resources.as_file(resources.files("generator") / "schemas") as ours:
        inner = _inner_runtimes(root, Path(folder), origins)
        found: list[Diagnostic] = []
        for target, paths in _by_target(catalog, origins).items():
            asked = {str(root / path): origins[path] for path in paths}
            asked |= {file: origins[path] for file, path in inner.items() if path in paths}
            findings = _kubeconform((root / "schemas", ours), target, sorted(asked))
            if len(findings) != len(asked):
                raise ToolError(f"kubeconform reported on {len(findings)} of {len(asked)} objects")
            found += [
                _diagnostic(finding, root, target, asked, document)
                for finding in findings
                if finding["status"] != "statusValid"
            ]
    found.sort(key=lambda item: item.sort_key)
    return Checked(tuple(found), len(origins), len(inner), " and ".join(catalog.releases()))


def _by_target(catalog: Catalog, paths: Iterable[str]) -> Mapping[Target, frozenset[str]]:
    """The files of each release's environments; those of Argo CD's own objects are with the catalog's release."""
    found: dict[Target, set[str]] = {}
    for path in paths:
        folder, environment, *_ = path.split("/")
        target = catalog.target_of(environment if folder == "rendered" else None)
        found.setdefault(target, set()).add(path)
    return {target: frozenset(members) for target, members in found.items()}


def _inner_runtimes(root: Path, folder: Path, paths: Iterable[str]) -> dict[str, str]:
    """The ServingRuntime of each Template as a file of its own: to the API server it is opaque, to us it is not.

    By file, where the Template is.
    """
    written = {}
    for number, path in enumerate(paths):
        if Path(path).name.startswith(_INNER):
            for position, obj in enumerate(_objects(root, path)):
                file = folder / f"{number}-{position}.yaml"
                file.write_text(json.dumps(obj, ensure_ascii=False), "utf-8")
                written[str(file)] = path
    return written


def _objects(root: Path, path: str) -> list[Any]:
    """What a Template holds. Raises ToolError when the file cannot be read, or is none."""
    try:
        objects = yaml.safe_load((root / path).read_bytes())["objects"]
        json.dumps(objects, ensure_ascii=False).encode()
        return list(objects)
    except OSError as error:
        raise ToolError(f"cannot read {path}: {error.strerror}") from None
    except (yaml.YAMLError, KeyError, RecursionError, TypeError, ValueError) as error:
        hint = "it was edited by hand: run `generate`"
        raise ToolError(f"{path} is not a Template: {type(error).__name__}", hint=hint) from None


def _require_readable(folder: Path) -> None:
    """Check every schema, since kubeconform takes one that it cannot read for a fault of the object."""
    for path in sorted(folder.rglob("*.json")):
        try:
            path.read_bytes()
        except OSError as error:
            hint = "make it readable, or remove it: then the schema that comes with this tool is used"
            raise ToolError(f"cannot read {path}: {error.strerror}", hint=hint) from None


def _kubeconform(schemas: tuple[Path, ...], target: Target, paths: list[str]) -> list[dict[str, Any]]:
    """What kubeconform says of each object; of the folders of schemas, the first that has the kind decides."""
    program = tools.find("kubeconform")
    # Options, exit codes and output: yannh/kubeconform Readme.md @ v0.8.0.
    layout = "{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"
    options = [str(program), "-strict", "-verbose", "-output", "json", "-n", "4"]
    for folder in (base / name for base in schemas for name in _parts(target)):
        _require_readable(folder)
        options += ["-schema-location", f"{folder}/{layout}"]
    findings: list[dict[str, Any]] = []
    for batch in _batches(paths):
        done = tools.run([*options, *batch], ok=(0, 1))
        try:
            findings += json_text.parse(done.stdout)["resources"]
        except (ValueError, KeyError, TypeError):
            raise ToolError("kubeconform printed something other than the expected JSON") from None
    return findings


def _parts(target: Target) -> tuple[str, str]:
    """What of a folder of schemas applies to the target."""
    return f"kserve-{target.kserve}", "cluster"


def _batches(paths: list[str]) -> Iterator[list[str]]:
    """Groups of paths that fit on a command line."""
    for start in range(0, len(paths), _BATCH):
        yield paths[start : start + _BATCH]


_BATCH: Final = 1000


def _diagnostic(
    finding: Mapping[str, Any], root: Path, target: Target, asked: Mapping[str, Loc], document: Document
) -> Diagnostic:
    path = Path(finding["filename"])
    position = document.locate(asked[str(path)], key=True)
    words = " ".join(_NOISE.sub("", finding["msg"]).split()).removeprefix("- ")
    where = path.relative_to(root) if path.is_relative_to(root) else "inside its Template"
    hint = "run `generate`, in case the file was edited by hand; if the error stays, report it as a bug in this tool"
    if words.startswith(_NO_SCHEMA):
        words = f"no schema for {finding['kind']} {finding['version']} in {' or '.join(_parts(target))}"
        hint = "run `generate`, in case the file was edited by hand; if the error stays, install this tool again"
    message = credentials.redact(f"{finding['kind']} {finding['name']} ({where}): {words}")
    return Diagnostic(document.path, position, "kubeconform", message, hint, source_line=document.line(position))


def foreign(tree: FileTree, root: Path) -> tuple[Diagnostic, ...]:
    """A finding for each file in `rendered/` that the catalog does not produce: Argo CD syncs everything there."""
    folder = (root / "rendered").rglob("*")
    present = {path.relative_to(root).as_posix(): path for path in folder if not path.is_dir()}
    message = "the catalog does not produce this file, and Argo CD syncs everything in the folder"
    return tuple(
        Diagnostic(name, Position(1, 1), "foreign-manifest", message, _way_out(path))
        for name, path in sorted(present.items())
        if name not in tree
    )


def _way_out(path: Path) -> str:
    """`generate` removes its own files, and no others."""
    with path.open("rb") as file:
        ours = MARK.encode() in file.readline(_LONGEST_MARK)
    return "run `generate`" if ours else "move it out of rendered/"


def missing(origins: Mapping[str, Loc], root: Path, document: Document) -> tuple[Diagnostic, ...]:
    """A finding for each file that the catalog produces and the disk does not have."""
    return tuple(
        Diagnostic(document.path, document.locate(origin), "not-rendered", f"{path} does not exist", "run `generate`")
        for path, origin in origins.items()
        if not _is_file(root, path)
    )


def _is_file(root: Path, path: str) -> bool:
    try:
        return (root / path).is_file()
    except OSError as error:
        raise ToolError(f"cannot read {path}: {error.strerror}") from None
