"""One short function per verb; reads like the diagram in docs/architecture.md."""

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from generator import disk, tree
from generator import pages as documents
from generator.catalog.model import Catalog
from generator.catalog.validate import validate
from generator.compiler import MARK, OWNED_FOLDERS, compile_catalog
from generator.diagnostics import CatalogError, Diagnostic, GeneratorError, TreeError
from generator.tree import FileTree, TreeDiff
from generator.yaml import read as source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import Event

    from generator.kubeconform import Checked
    from generator.lock.lockfile import Lock
    from generator.lock.update import Edited, Upgrade
    from generator.sync.models import Bench
    from generator.sync.session import Choice

CATALOG: Final = "models.yaml"
LOCK: Final = "models.lock.yaml"


@dataclass(frozen=True, slots=True)
class Generated:
    """What a command would change, or has changed. Without a lock, the catalog was not compared with the models."""

    wanted: FileTree
    changes: TreeDiff
    warnings: tuple[Diagnostic, ...] = ()
    locked: bool = True


def generate(root: Path, *, write: bool) -> Generated:
    """Compile the catalog below `root`, and unless `write` is false, bring the tree in line with it.

    Raises CatalogError with every diagnostic, or TreeError; then nothing is written.
    """
    document, lock = read(root), read_lock(root)
    catalog, warnings = validate(document) if lock is None else _validate_against(lock, document)
    wanted = {**compile_catalog(catalog).tree, **documents.pages(catalog)}
    changes = tree.diff(wanted, disk.read_owned(root, wanted, OWNED_FOLDERS, MARK.encode()))
    if changes and write:
        disk.write(root, wanted, changes)
    return Generated(wanted, changes, warnings, locked=lock is not None)


def _validate_against(lock: "Lock", document: source.Document) -> tuple[Catalog, tuple[Diagnostic, ...]]:
    from generator.lock import rules  # noqa: PLC0415 - not without a lock

    return validate(document, lambda catalog: rules.check(catalog, lock))


def read(root: Path) -> source.Document:
    """The catalog's text, parsed. Raises GeneratorError when there is none."""
    try:
        raw = (root / CATALOG).read_bytes()
    except OSError as error:
        raise GeneratorError(f"cannot read {CATALOG}: {error.strerror}", hint="run this where models.yaml is") from None
    return source.parse(raw, str(root / CATALOG))


def read_lock(root: Path) -> "Lock | None":
    """The lock, None when there is none. Raises CatalogError, with places in its file, when it is not valid."""
    path = root / LOCK
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GeneratorError(f"cannot read {LOCK}: {error.strerror}") from None
    from generator.lock import lockfile as lock  # noqa: PLC0415 - as above

    return lock.parse(raw, str(path))


def lock(root: Path, upgrade: "Upgrade", environ: "Mapping[str, str]", say: "Callable[[str], None]") -> Generated:
    """Lock what the catalog serves, and move revisions first when asked to.

    Raises CatalogError or HubError; then nothing is written.
    """
    from generator.hub import client as hub  # noqa: PLC0415 - as above
    from generator.lock import update as locking  # noqa: PLC0415 - as above

    document = read(root)
    edited = locking.lock(document, read_lock(root), upgrade, lambda: hub.of_environment(environ), say)
    return _edit(root, document, edited, write=True)


def add(
    root: Path,
    repo: str,
    name: str | None,
    environ: "Mapping[str, str]",
    say: "Callable[[str], None]",
    *,
    write: bool,
) -> Generated:
    """Append a model of the Hub to the catalog, and unless `write` is false, write it. Raises as `lock` does."""
    from generator.hub import client as hub  # noqa: PLC0415 - as above
    from generator.lock import update as locking  # noqa: PLC0415 - as above

    document = read(root)
    with hub.of_environment(environ) as opened:
        edited = locking.add(document, read_lock(root), repo, name, opened, say)
    return _edit(root, document, edited, write=write)


def _edit(root: Path, document: source.Document, edited: "Edited", *, write: bool) -> Generated:
    """Replace catalog and lock together, unless somebody has changed the catalog meanwhile."""
    from generator.lock import lockfile as lock  # noqa: PLC0415 - as above

    wanted = {CATALOG: edited.catalog.encode()}
    if edited.lock is not None:
        wanted[LOCK] = lock.dump(edited.lock).encode()
    present = {path: (root / path).read_bytes() for path in wanted if (root / path).exists()}
    before = present.get(CATALOG, b"")
    mark = codecs.BOM_UTF8 if before.startswith(codecs.BOM_UTF8) else b""
    wanted[CATALOG] = mark + wanted[CATALOG]
    if before != mark + document.text.encode():
        raise TreeError(f"{CATALOG} was changed meanwhile", hint="run this again")
    changes = tree.diff(wanted, present)
    if changes and write:
        disk.write(root, wanted, changes)
    return Generated(wanted, changes, edited.warnings)


def check(root: Path) -> "Checked":
    """Validate the manifests on disk that the catalog calls for.

    Raises CatalogError when the catalog is invalid, ToolError when kubeconform cannot be asked.
    """
    from generator import kubeconform  # noqa: PLC0415 - `generate` runs no tool, and starts without them

    document = read(root)
    catalog, _ = validate(document)
    origins = compile_catalog(catalog).origins
    if misplaced := (*kubeconform.missing(origins, root, document), *kubeconform.foreign(origins, root)):
        raise CatalogError(misplaced)
    return kubeconform.check(root, catalog.target, origins, document)


def editor_schema() -> str:
    """The JSON Schema of the catalog."""
    from generator.catalog import json_schema as editor  # noqa: PLC0415 - as above

    return editor.json_schema()


def bench(root: Path, choice: "Choice", environ: "Mapping[str, str]", stop: "Event") -> "Bench":
    """What the verbs of `artifact-sync` work with. Raises CatalogError when the catalog, or the lock, is invalid."""
    from generator.sync.models import Bench  # noqa: PLC0415 - boto3 and the Hub's client are slow to start

    lock = read_lock(root)
    document = read(root)
    catalog, _ = validate(document) if lock is None else _validate_against(lock, document)
    return Bench(catalog, lock.repositories if lock else {}, choice, environ, stop)
