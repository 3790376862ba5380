"""`generator init --upgrade`: the files of a repository as this version would write them, with their owner's changes.

A file that is still what was written is replaced. Any other is merged as Git merges a branch; the base, what was
written, is in the repository's objects once it was committed. The text that was merged in was never a file of its own,
so it is kept in `.generator.base/`, as the base of the next upgrade.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from packaging.version import Version

from generator import disk, git, tree
from generator.diagnostics import GeneratorError
from generator.requirement import PACKAGE, installed
from generator.scaffold import answers, files
from generator.scaffold.answers import Answers
from generator.tree import FileTree, TreeDiff

BASES: Final = ".generator.base"
_YOURS: Final = "yours"
_MARK: Final = re.compile(rf"^(<{{7}} {_YOURS}|>{{7}} generator \S+)\r?$", re.MULTILINE)
"""A line that marks a conflict, as `git merge-file` writes it with these labels."""


@dataclass
class Upgraded:
    """What is written, and which files need their owner.

    New conflicts are marked in them, or those of an earlier upgrade still are, or no base was found.
    """

    wanted: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)
    baseless: list[str] = field(default_factory=list)
    changes: TreeDiff = TreeDiff({}, {}, {})  # noqa: RUF009 - never changed


def upgrade(root: Path, package: str | None, *, write: bool) -> Upgraded:
    """Bring the files up to date; `package`, if any, is what they install from now on.

    Nothing is written where a base is missing: `changes` are what is left to do by hand.
    Raises GeneratorError when the folder was not set up by `generator init`, or by a later version.
    """
    with disk.locked(root, clean=write):
        before = _answers(root)
        setup = before.setup._replace(package=package or before.package)
        made = files.machine_made(setup)
        kept = files.kept(root, (path for path in made if path not in before.files))
        theirs = {path: content for path, content in made.items() if path not in kept}
        bases = {path: f"{BASES}/{path}" for path in theirs}
        present = disk.read_owned(root, [*theirs, *bases.values(), answers.FILE], (), b"")
        upgraded = Upgraded(kept={**kept, **_obsolete(before, made)})
        for path, content in theirs.items():
            _bring(root, path, content, before, present, upgraded)
        if upgraded.baseless:
            by_hand = {path: theirs[path] for path in upgraded.baseless}
            upgraded.wanted = by_hand
            upgraded.changes = tree.diff(by_hand, {path: present[path] for path in by_hand})
            return upgraded
        after = Answers(installed(), *setup, upgraded.blobs)
        upgraded.wanted[answers.FILE] = answers.dump(after)
        _keep_bases(bases, present, upgraded)
        touched = {path: content for path, content in present.items() if path in upgraded.wanted}
        idle = {path: content for path, content in present.items() if path.startswith(f"{BASES}/")}
        upgraded.changes = tree.diff(upgraded.wanted, {**touched, **idle})
        if upgraded.changes and write:
            disk.write(root, upgraded.wanted, upgraded.changes)
    return upgraded


def _answers(root: Path) -> Answers:
    try:
        before = answers.parse((root / answers.FILE).read_bytes(), str(root / answers.FILE))
    except FileNotFoundError:
        hint = "run `generator init` first"
        raise GeneratorError(f"{answers.FILE} does not exist: this folder was not set up", hint=hint) from None
    except OSError as error:
        raise GeneratorError(f"cannot read {answers.FILE}: {error.strerror}") from None
    if Version(installed()) < Version(before.generator):
        message = f"the files are of generator {before.generator}, and this is {installed()}"
        raise GeneratorError(message, hint=f"install {PACKAGE} {before.generator} or later")
    return before


def _obsolete(before: Answers, made: FileTree) -> dict[str, str]:
    gone = before.files.keys() - made.keys()
    return dict.fromkeys(sorted(gone), "this version does not write it; remove it if you do not need it")


def _bring(root: Path, path: str, theirs: bytes, before: Answers, present: FileTree, upgraded: Upgraded) -> None:
    """Decide on one file."""
    name, ours = before.files.get(path), present.get(path)
    made = git.blob_id(theirs, git.object_format(root))
    if ours is None and name is not None:
        upgraded.blobs[path], upgraded.kept[path] = name, "it was removed, and stays so"
    elif ours is not None and name is not None and _MARK.search(ours.decode("utf-8", "replace")):
        upgraded.blobs[path] = name
        upgraded.unresolved.append(path)
    elif name is None or ours is None or ours == theirs or git.is_blob(ours, name):
        upgraded.blobs[path], upgraded.wanted[path] = made, theirs
    elif git.is_blob(theirs, name):
        upgraded.blobs[path] = name
    elif (base := _base(root, path, name, present)) is None:
        upgraded.baseless.append(path)
    else:
        labels = (_YOURS, f"generator {before.generator}", f"generator {installed()}")
        upgraded.blobs[path] = made
        upgraded.wanted[f"{BASES}/{path}"] = theirs
        upgraded.wanted[path], conflict = git.merged(ours, base, theirs, labels)
        if conflict:
            upgraded.conflicts.append(path)


def _base(root: Path, path: str, name: str, present: FileTree) -> bytes | None:
    """What was written at `path` before its owner changed it."""
    kept = present.get(f"{BASES}/{path}")
    return kept if kept is not None and git.is_blob(kept, name) else git.blob(root, name)


def _keep_bases(bases: Mapping[str, str], present: FileTree, upgraded: Upgraded) -> None:
    """Keep the base of a file that was merged before, unless what was written there is a file again."""
    for path, base in bases.items():
        name, content = upgraded.blobs.get(path), present.get(base)
        if content is not None and name is not None and path not in upgraded.wanted and git.is_blob(content, name):
            upgraded.wanted[base] = content
