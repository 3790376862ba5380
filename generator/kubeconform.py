"""Validates the manifests on disk with kubeconform; each finding points to a line of the catalog."""

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from generator import programs as tools
from generator.diagnostics import Diagnostic, Loc, Position, ToolError
from generator.releases import Target
from generator.yaml.read import Document

_INNER: Final = "template-"
_NOISE = re.compile(
    r"problem validating schema\. Check JSON formatting:|jsonschema validation failed with|'?file://\S+#?'?"
)


@dataclass(frozen=True, slots=True)
class Checked:
    """What kubeconform said. `objects` counts the runtimes inside Templates, too."""

    diagnostics: tuple[Diagnostic, ...]
    objects: int
    release: str


def check(root: Path, target: Target, origins: Mapping[str, Loc], document: Document) -> Checked:
    """Validate every file at `origins`.

    Raises ToolError when kubeconform cannot be run, or did not report on every object: it exits 0 for no files.
    """
    with tempfile.TemporaryDirectory() as folder:
        inner = _inner_runtimes(root, Path(folder), origins)
        asked = {str(root / path): origin for path, origin in origins.items()} | inner
        findings = _kubeconform(root, target, sorted(asked))
    if len(findings) != len(asked):
        raise ToolError(f"kubeconform answered for {len(findings)} of {len(asked)} objects")
    found = [_diagnostic(finding, root, asked, document) for finding in findings if finding["status"] != "statusValid"]
    return Checked(tuple(sorted(found, key=lambda item: item.sort_key)), len(findings), target.release)


def _inner_runtimes(root: Path, folder: Path, origins: Mapping[str, Loc]) -> dict[str, Loc]:
    """The ServingRuntime of each Template as a file of its own: to the API server it is opaque, to us it is not."""
    written = {}
    for number, (path, origin) in enumerate(origins.items()):
        if Path(path).name.startswith(_INNER):
            template = yaml.safe_load((root / path).read_bytes())
            for position, obj in enumerate(template["objects"]):
                file = folder / f"{number}-{position}.yaml"
                file.write_text(json.dumps(obj, ensure_ascii=False), "utf-8")
                written[str(file)] = origin
    return written


def _kubeconform(root: Path, target: Target, paths: list[str]) -> list[dict[str, Any]]:
    program = tools.find("kubeconform", root)
    # Options, exit codes and output: yannh/kubeconform Readme.md @ v0.8.0.
    layout = "{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"
    options = [str(program), "-strict", "-verbose", "-output", "json", "-n", "4"]
    for folder in (f"kserve-{target.kserve}", "cluster"):
        options += ["-schema-location", f"{root}/schemas/{folder}/{layout}"]
    findings: list[dict[str, Any]] = []
    for batch in _batches(paths):
        done = tools.run([*options, *batch], ok=(0, 1))
        try:
            findings += json.loads(done.stdout)["resources"]
        except (ValueError, KeyError):
            raise ToolError("kubeconform's answer is not the JSON that it should be") from None
    return findings


def _batches(paths: list[str]) -> Iterator[list[str]]:
    """Groups of paths that fit on a command line."""
    for start in range(0, len(paths), _BATCH):
        yield paths[start : start + _BATCH]


_BATCH: Final = 1000


def _diagnostic(finding: Mapping[str, Any], root: Path, asked: Mapping[str, Loc], document: Document) -> Diagnostic:
    path = Path(finding["filename"])
    position = document.locate(asked[str(path)], key=True)
    words = " ".join(_NOISE.sub("", finding["msg"]).split()).removeprefix("- ")
    where = path.relative_to(root) if path.is_relative_to(root) else "inside its Template"
    message = f"{finding['kind']} {finding['name']} ({where}): {words}"
    hint = "this is a bug in the generator, or the file was edited by hand: run `generate`"
    return Diagnostic(document.path, position, "kubeconform", message, hint, source_line=document.line(position))


def foreign(origins: Mapping[str, Loc], root: Path) -> tuple[Diagnostic, ...]:
    """A finding for each file in `rendered/` that the catalog does not call for: Argo CD syncs whatever is there."""
    present = (path.relative_to(root).as_posix() for path in (root / "rendered").rglob("*") if not path.is_dir())
    message = "the catalog does not call for this file, and Argo CD syncs all there is"
    return tuple(
        Diagnostic(path, Position(1, 1), "foreign-manifest", message, "move it out of rendered/, or run `generate`")
        for path in sorted(present)
        if path not in origins
    )


def missing(origins: Mapping[str, Loc], root: Path, document: Document) -> tuple[Diagnostic, ...]:
    """A finding for each rendered file that the catalog calls for and the disk does not have."""
    return tuple(
        Diagnostic(document.path, document.locate(origin), "not-rendered", f"{path} does not exist", "run `generate`")
        for path, origin in origins.items()
        if not (root / path).is_file()
    )
