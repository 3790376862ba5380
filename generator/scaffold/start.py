"""`generator init`: the first files of a repository, of which none replaces one that is there."""

import re
from pathlib import Path
from typing import Final, NamedTuple

from generator import disk, editor, git, tree
from generator.catalog.contract.patterns import NAME, SHAPES
from generator.catalog.validate import validate
from generator.diagnostics import CatalogError, Diagnostic, GeneratorError, Loc, Severity
from generator.display import shown
from generator.requirement import installed
from generator.scaffold import answers, files
from generator.scaffold.answers import Answers
from generator.scaffold.files import Options, Setup
from generator.tree import FileTree, TreeDiff
from generator.yaml import read as source


class Started(NamedTuple):
    """What is written, and by path why a file is not, and which lines its owner should add; and where the folder is."""

    wanted: FileTree
    changes: TreeDiff
    kept: dict[str, str]
    missing: dict[str, list[str]]
    folder: str


def start(root: Path, options: Options, setup: Setup, *, write: bool) -> Started:
    """Write the files. Raises GeneratorError, and writes none, when the options or the folder do not allow it."""
    machine_made = files.machine_made(setup)
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
        wanted[answers.FILE] = answers.dump(Answers(installed(), *setup, blobs))
        changes = tree.diff(wanted, disk.read_owned(root, wanted, (), b""))
        if write:
            disk.write(root, wanted, changes)
    return Started(wanted, changes, kept, files.missing_lines(root, made, kept), git.folder_in_repository(root))


def _catalog(options: Options) -> bytes:
    """The catalog's text. Raises GeneratorError with everything that the options make wrong in it."""
    names = tuple(dict.fromkeys(options.environments))
    good = tuple(name for name in names if _NAME.search(name) and len(name) <= _LONGEST_NAME)
    others = {"--argocd": options.argocd or "", "--endpoint": options.endpoint, "--bucket": options.bucket}
    wrong = [f"--env '{shown(name)}' is not {_MUST_BE}" for name in names if name not in good]
    wrong += [f"--env '{name}' is given more than once" for name in good if options.environments.count(name) > 1]
    garbled = [f"{option} is not UTF-8" for option, text in others.items() if _SURROGATE.search(text)]
    text = files.catalog(options._replace(environments=good or ("dev",)))
    if not garbled:
        wrong += _errors(text)
    if wrong or garbled:
        raise GeneratorError("these options give no valid catalog", details=(*wrong, *garbled))
    return text


def _errors(text: bytes) -> list[str]:
    document = source.parse(text, files.CATALOG)
    try:
        validate(document)
    except CatalogError as error:
        options = {document.locate(loc).line: option for loc, option in _OPTIONS.items()}
        errors = [item for item in error.diagnostics if item.severity is Severity.ERROR]
        return [_of_option(item, options.get(item.position.line)) for item in errors]
    return []


def _of_option(error: Diagnostic, option: str | None) -> str:
    """The error of a field, as one of the option that was written there."""
    message = error.message if error.hint is None else f"{error.message}: {error.hint}"
    return message if option is None else f"{option}: {message.removeprefix(f'{error.subject}: ')}"


_OPTIONS: Final[dict[Loc, str]] = {
    ("platform", "argocd", "repoURL"): "--argocd",
    ("connections", "model-files", "endpoint"): "--endpoint",
    ("connections", "model-files", "bucket"): "--bucket",
}
_NAME: Final = re.compile(NAME)
_LONGEST_NAME: Final = 63 - len(files.NAMESPACE_PREFIX)
_MUST_BE: Final = f"{SHAPES[NAME].must_be}, of at most {_LONGEST_NAME} characters"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
"""What Python makes of a byte of the command line that is not UTF-8."""
