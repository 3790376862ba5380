"""The difference between two trees of files, for reviewers and as an expected file."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

Tree = Mapping[str, bytes]

_CONTEXT: Final = 1
_FIRST, _SECOND = "minilm", "bge-base"
_HEADINGS: Final = {".md": ("# ", "## "), ".diff": ("+++ ", "@@ ")}


def difference(old: Tree, new: Tree) -> str:
    """A unified diff of two trees, which a line that is new in both of them leaves as it is.

    So a hunk is headed by the keys around it instead of line numbers, and has one line of context, which is enough to
    place an item in its list. A created file is shown whole, but a file of the model `bge-base` is compared with
    the one that `minilm` has in the old tree. Of a removed file, and of an exact copy, only the name is shown.
    """
    changed = sorted(path for path in {*old, *new} if old.get(path) != new.get(path))
    return "".join(f"{line}\n" for path in changed for line in _file(path, old, new))


def _file(path: str, old: Tree, new: Tree) -> Iterator[str]:
    origin = path if path in old else path.replace(_SECOND, _FIRST)
    yield f"--- a/{origin}" if origin in old else "--- /dev/null"
    yield f"+++ b/{path}" if path in new else "+++ /dev/null"
    if path in new:
        before, after = _lines(old.get(origin, b"")), _lines(new[path])
        yield from _hunks(before, after, _HEADINGS.get(PurePosixPath(path).suffix, ()))


def _lines(content: bytes) -> Sequence[str]:
    """A file's lines; only a line feed ends one, and a missing last one shows."""
    *lines, rest = content.decode().split("\n")
    return [*lines, rest, "\\ No newline at end of file"] if rest else lines


def _hunks(before: Sequence[str], after: Sequence[str], headings: Sequence[str]) -> Iterator[str]:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        tag, start, _, new_start, _ = next(opcode for opcode in group if opcode[0] != "equal")
        around = _around(before, start, headings) if tag == "delete" else _around(after, new_start, headings)
        yield " ".join(["@@", *around, "@@"])
        for tag, start, end, new_start, new_end in group:
            if tag == "equal":
                yield from (f" {line}" for line in before[start:end])
            else:
                yield from (f"-{line}" for line in before[start:end])
                yield from (f"+{line}" for line in after[new_start:new_end])


def _around(lines: Sequence[str], at: int, headings: Sequence[str]) -> Sequence[str]:
    """What a line is nested in, outermost first: keys and first lines of items, or headings."""
    found: list[str] = []
    depth = _depth(lines[at], headings)
    for line in reversed(lines[:at]):
        if line.strip() and _depth(line, headings) < depth:
            depth = _depth(line, headings)
            found.append(line.strip())
    return found[::-1]


def _depth(line: str, headings: Sequence[str]) -> int:
    """How deep a line is. An item of a list is deeper than its list's key, though written in the same column."""
    if headings:
        return next((depth for depth, start in enumerate(headings) if line.startswith(start)), len(headings))
    content = line.lstrip(" ")
    return 2 * (len(line) - len(content)) + content.startswith("- ")
