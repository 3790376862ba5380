"""`generator init`: the first files of a repository, of which none replaces one that is there."""

import re
from pathlib import Path
from typing import Final, NamedTuple

from generator import disk, editor, git, tree
from generator.catalog.contract.patterns import NAME, SHAPES
from generator.catalog.validate import validate
from generator.diagnostics import CatalogError, GeneratorError, Severity
from generator.display import shown
from generator.requirement import installed
from generator.scaffold import answers, files
from generator.scaffold.answers import Answers
from generator.scaffold.files import Options
from generator.tree import FileTree, TreeDiff
from generator.yaml import read as source


class Started(NamedTuple):
    """What is written, and by path why a file is not."""

    wanted: FileTree
    changes: TreeDiff
    kept: dict[str, str]


def start(root: Path, options: Options, forge: str, *, write: bool) -> Started:
    """Write the files. Raises GeneratorError, and writes none, when the options or the folder do not allow it."""
    machine_made = files.machine_made(forge)
    catalog = _catalog(options)
    names = editor.with_names(source.parse(catalog, files.CATALOG).data)
    made = {files.CATALOG: catalog, editor.SCHEMA: names.encode(), **machine_made}
    with disk.locked(root, clean=write):
        if (root / answers.FILE).exists():
            message = f"{answers.FILE} exists: this folder has been set up already"
            raise GeneratorError(message, hint="`generator init --upgrade` brings its files up to date")
        kept = files.kept(root, made)
        wanted = {path: content for path, content in made.items() if path not in kept}
        form = git.object_format(root)
        blobs = {path: git.blob_id(content, form) for path, content in wanted.items() if path in machine_made}
        wanted[answers.FILE] = answers.dump(Answers(installed(), forge, blobs))
        changes = tree.diff(wanted, disk.read_owned(root, wanted, (), b""))
        if write:
            disk.write(root, wanted, changes)
    return Started(wanted, changes, kept)


def _catalog(options: Options) -> bytes:
    """The catalog's text. Raises GeneratorError with everything that the options make wrong in it."""
    good = tuple(name for name in options.environments if _NAME.search(name) and len(name) <= _LONGEST_NAME)
    others = {"--argocd": options.argocd or "", "--endpoint": options.endpoint, "--bucket": options.bucket}
    wrong = [f"--env '{shown(name)}' is not {_MUST_BE}" for name in options.environments if name not in good]
    garbled = [f"{option} is not UTF-8" for option, text in others.items() if _SURROGATE.search(text)]
    text = files.catalog(options._replace(environments=good or ("dev",)))
    if not garbled:
        wrong += _errors(text)
    if wrong or garbled:
        details = (*wrong, *garbled)
        raise GeneratorError("these options give no valid catalog", hint="see `generator init --help`", details=details)
    return text


def _errors(text: bytes) -> list[str]:
    try:
        validate(source.parse(text, files.CATALOG))
    except CatalogError as error:
        errors = [item for item in error.diagnostics if item.severity is Severity.ERROR]
        return [item.message if item.hint is None else f"{item.message}: {item.hint}" for item in errors]
    return []


_NAME: Final = re.compile(NAME)
_LONGEST_NAME: Final = 63 - len(files.NAMESPACE_PREFIX)
_MUST_BE: Final = f"{SHAPES[NAME].must_be}, of at most {_LONGEST_NAME} characters"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
"""What Python makes of a byte of the command line that is not UTF-8."""
