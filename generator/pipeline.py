"""What commands share: reading catalog and lock, validating and compiling, and writing the result."""

import codecs
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from generator import disk, editor, pages, requirement, tree
from generator.catalog import accepted
from generator.catalog.model import Catalog
from generator.catalog.validate import validate
from generator.compiler import MARK, OWNED_FOLDERS, compile_catalog
from generator.diagnostics import Diagnostic, GeneratorError, Severity, TreeError
from generator.tree import FileTree, TreeDiff
from generator.yaml.read import Document, parse

if TYPE_CHECKING:
    from generator.lock.lockfile import Lock
    from generator.lock.update import Updated

CATALOG: Final = "models.yaml"
LOCK: Final = "models.lock.yaml"


class Project(NamedTuple):
    """What a folder holds: the catalog's text and meaning, and the lock, if there is one."""

    document: Document
    catalog: Catalog
    warnings: tuple[Diagnostic, ...]
    lock: "Lock | None" = None


class Changed(NamedTuple):
    """What a command would change, or has changed."""

    wanted: FileTree
    changes: TreeDiff
    warnings: tuple[Diagnostic, ...]


class Generated(NamedTuple):
    """The same, with the catalog that it was compiled from."""

    wanted: FileTree
    changes: TreeDiff
    warnings: tuple[Diagnostic, ...]
    catalog: Catalog


def load(root: Path, *, with_lock: bool = True) -> Project:
    """Read and validate the catalog, against the lock if there is one.

    Raises CatalogError with every diagnostic when the catalog, or the lock, is invalid.
    """
    document, lock = read(root), read_lock(root) if with_lock else None
    if lock is None:
        catalog, warnings = validate(document)
        if with_lock and catalog.models:
            warnings = (*warnings, *accepted.marked(catalog, [_unlocked(document)]))
    else:
        from generator.lock import rules  # noqa: PLC0415 - slow to import, and needed only with a lock

        catalog, warnings = validate(document, lambda catalog: rules.check(catalog, lock))
    return Project(document, catalog, (*warnings, *accepted.unused(catalog, document, warnings)), lock)


def _unlocked(document: Document) -> Diagnostic:
    message = f"there is no {LOCK}: the catalog was not compared with the models' own files"
    hint = "run `generator lock`"
    return Diagnostic(document.path, document.locate(("models",), key=True), "no-lock", message, hint, Severity.WARNING)


def generate(root: Path, *, write: bool) -> Generated:
    """Compile the catalog, and unless `write` is false, make the generated files match.

    Raises CatalogError with every diagnostic, or TreeError; then nothing is written.
    """
    with disk.locked(root, clean=write):
        project = load(root)
        wanted = {**compile_catalog(project.catalog).tree, **pages.pages(project.catalog, _known(project.lock))}
        if MARK.encode() in (_bytes(root, editor.SCHEMA) or b"").partition(b"\n")[0]:
            wanted[editor.SCHEMA] = editor.with_names(project.document.data).encode()
        changes = tree.diff(wanted, disk.read_owned(root, wanted, OWNED_FOLDERS, MARK.encode()))
        if changes and write:
            disk.write(root, wanted, changes)
    return Generated(wanted, changes, project.warnings, project.catalog)


def _known(lock: "Lock | None") -> pages.Known:
    return {key: locked.facts for key, locked in lock.repositories.items()} if lock else {}


def read(root: Path) -> Document:
    """Parse the catalog. Raises GeneratorError when there is none, and CatalogError when it is for another version."""
    raw = _bytes(root, CATALOG)
    if raw is None:
        raise GeneratorError(
            f"cannot read {CATALOG}: No such file or directory",
            hint="`generator init` writes one, or set --root to its folder",
        )
    document = parse(raw, str(root / CATALOG))
    requirement.check(document)
    return document


def read_lock(root: Path) -> "Lock | None":
    """The lock, None when there is none. Raises CatalogError, with places in its file, when it is not valid."""
    raw = _bytes(root, LOCK)
    if raw is None:
        return None
    from generator.lock import lockfile  # noqa: PLC0415 - as above

    return lockfile.parse(raw, str(root / LOCK))


def _bytes(root: Path, path: str) -> bytes | None:
    """A file's content, None when there is no such file."""
    try:
        return (root / path).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TreeError(f"cannot read {path}: {error.strerror}") from None


def edit(root: Path, document: Document, updated: "Updated", *, write: bool) -> Changed:
    """Replace catalog and lock together. Raises TreeError if the catalog has been changed since it was read."""
    from generator.lock import lockfile  # noqa: PLC0415 - as above

    wanted = {CATALOG: updated.catalog.encode()}
    if updated.lock is not None:
        wanted[LOCK] = lockfile.dump(updated.lock).encode()
    with disk.locked(root, clean=write):
        present = {path: raw for path in wanted if (raw := _bytes(root, path)) is not None}
        before = present.get(CATALOG, b"")
        mark = codecs.BOM_UTF8 if before.startswith(codecs.BOM_UTF8) else b""
        wanted[CATALOG] = mark + wanted[CATALOG]
        if before != mark + document.text.encode():
            raise TreeError(f"{CATALOG} was changed during the run", hint="run this again")
        changes = tree.diff(wanted, present)
        if changes and write:
            disk.write(root, wanted, changes)
    return Changed(wanted, changes, updated.warnings)
