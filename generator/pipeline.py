"""One short function per verb; reads like the diagram in docs/architecture.md."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from generator import disk, documents, source, tree
from generator.catalog.validate import validate
from generator.compiler import MARK, OWNED_FOLDERS, compile_catalog
from generator.diagnostics import CatalogError, Diagnostic, GeneratorError
from generator.tree import FileTree, TreeDiff

if TYPE_CHECKING:
    from generator.check import Checked

CATALOG: Final = "models.yaml"


@dataclass(frozen=True, slots=True)
class Generated:
    """What a `generate` would change, or has changed."""

    wanted: FileTree
    changes: TreeDiff
    warnings: tuple[Diagnostic, ...]


def generate(root: Path, *, write: bool) -> Generated:
    """Compile the catalog below `root`, and unless `write` is false, bring the tree in line with it.

    Raises CatalogError with every diagnostic, or TreeError; then nothing is written.
    """
    catalog, warnings = validate(read(root))
    wanted = {**compile_catalog(catalog).tree, **documents.pages(catalog)}
    changes = tree.diff(wanted, disk.read_owned(root, wanted, OWNED_FOLDERS, MARK.encode()))
    if changes and write:
        disk.write(root, wanted, changes)
    return Generated(wanted, changes, warnings)


def read(root: Path) -> source.Document:
    """The catalog's text, parsed. Raises GeneratorError when there is none."""
    try:
        raw = (root / CATALOG).read_bytes()
    except OSError as error:
        raise GeneratorError(f"cannot read {CATALOG}: {error.strerror}", hint="run this where models.yaml is") from None
    return source.parse(raw, str(root / CATALOG))


def check(root: Path) -> "Checked":
    """Validate the manifests on disk that the catalog calls for.

    Raises CatalogError when the catalog is invalid, ToolError when kubeconform cannot be asked.
    """
    from generator import check as kubeconform  # noqa: PLC0415 - `generate` runs no tool, and starts without them

    document = read(root)
    catalog, _ = validate(document)
    origins = compile_catalog(catalog).origins
    if misplaced := (*kubeconform.missing(origins, root, document), *kubeconform.foreign(origins, root)):
        raise CatalogError(misplaced)
    return kubeconform.check(root, catalog.target, origins, document)


def editor_schema() -> str:
    """The JSON Schema of the catalog."""
    from generator import editor  # noqa: PLC0415 - as above

    return editor.json_schema()
