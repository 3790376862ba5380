"""Whatever a catalog, the Hub, a bucket or a disk holds: what is printed acts on no terminal, and hides nothing."""

import ast
import json
import os
import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from helpers import MINIMAL, ROOT, Ran, project, run
from hypothesis import example, given, settings
from hypothesis import strategies as st

from generator import programs
from generator.diagnostics import GeneratorError, ToolError
from generator.display import LONGEST, shown, visible
from generator.report import differences, findings, printing
from generator.tree import diff

FORMATS: Final = ("text", "json", "sarif", "junit", "github")
ZERO_WIDTH: Final = "\xad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2064\u3164\ufe0f\ufeff\U000e0041"
BIDI: Final = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
ACTING: Final = "\x1b\x07\b\r\x7f\x85\x9b\u2028\u2029" + BIDI + ZERO_WIDTH
FORGED: Final = "x\nmodels.yaml:1:1: error: forged [forged]\n::error::forged\n"


def acts(text: str) -> list[str]:
    """The characters of a text that a terminal, a page or a reader would be deceived by; newlines are structure."""
    return [
        character
        for character in text
        if (unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") and character != "\n")
        or character in BIDI + ZERO_WIDTH
    ]


def check_output(ran: Ran, form: str) -> None:
    """Nothing acts, nothing is forged, and a program can read it."""
    assert not acts(ran.stdout + ran.stderr)
    assert not re.search(r"^(?:models.yaml:1:1: error: forged|::error::forged)", ran.stdout + ran.stderr, re.MULTILINE)
    if form in ("json", "sarif"):
        json.loads(ran.stdout)
    elif form == "junit":
        ET.fromstring(ran.stdout)
    elif form == "github":
        assert all(line.startswith(("::error file=", "::warning file=")) for line in ran.stdout.splitlines())


def quoted(text: str) -> str:
    """The text as a scalar that YAML reads as exactly this."""
    return '"' + "".join(f"\\U{ord(character):08x}" for character in text) + '"'


def tag(text: str) -> str:
    """A tag whose text comes out of YAML's reader unescaped."""
    return "!" + "".join(f"%{byte:02X}" for byte in text.encode())


HOSTILE: Final[dict[str, Callable[[str], str]]] = {
    "root key": lambda text: f"{MINIMAL}{quoted(text)}: 1\n",
    "key of a model": lambda text: f"{MINIMAL}    {quoted(text)}: 1\n",
    "key of a key": lambda text: f"{MINIMAL}    {quoted(text)}: {{{quoted(text)}: [x]}}\n",
    "key twice": lambda text: f"{MINIMAL}    {quoted(text)}: 1\n    {quoted(text)}: 2\n",
    "label": lambda text: f"{MINIMAL}    labels: {{{quoted(text)}: [1]}}\n",
    "variable": lambda text: f"{MINIMAL}    env: {{{quoted(text)}: 1}}\n",
    "value of a label": lambda text: f"{MINIMAL}    labels: {{example.com/a: {quoted(text)}}}\n",
    "choice": lambda text: MINIMAL.replace("task: embedding\n    max", f"task: {quoted(text)}\n    max"),
    "number": lambda text: f"{MINIMAL}    replicas: {quoted(text)}\n",
    "argument": lambda text: f"{MINIMAL}    args: [{quoted('--' + text)}, {quoted('--dtype ' + text)}]\n",
    "value of an argument": lambda text: f"{MINIMAL}    args: [{quoted('--hf-overrides={' + text)}]\n",
    "name of a model": lambda text: MINIMAL.replace("name: minilm", f"name: {quoted(text)}") + "    replicas: x\n",
    "name of a runtime": lambda text: MINIMAL.replace("  vllm-embedding:", f"  {quoted(text)}:"),
    "name of an environment": lambda text: f"{MINIMAL}    overrides: {{{quoted(text)}: {{replicas: x}}}}\n",
    "tag": lambda text: MINIMAL.replace("name: minilm", f"name: {tag(text)} minilm"),
    "tag of a key": lambda text: f"{MINIMAL}    {tag(text)} a: 1\n",
    "anchor": lambda _: MINIMAL.replace("name: minilm", "name: &a-b minilm"),
    "comment": lambda text: f"{MINIMAL}    replicas: x # {re.sub('[^ -~]', '', text)}\n",
    "display name": lambda text: MINIMAL.replace("displayName: S3", f"displayName: {quoted(text)}"),
    "description": lambda text: f"{MINIMAL}    description: {quoted(text)}\n",
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("place", HOSTILE)
def test_hostile_text_in_a_catalog_does_nothing(place: str, form: str, tmp_path: Path) -> None:
    """Keys, tags and anchors are the user's text, as values are."""
    for number, text in enumerate((FORGED, BIDI, ZERO_WIDTH, "a\x1b[31mb", "\x9b31m", "\x85\u2028", "x" * 10_000)):
        root = project(tmp_path / str(number), HOSTILE[place](text))
        check_output(run("generate", "--output", form, root=root), form)
        check_output(run("generate", "--check", root=root), "text")


@pytest.mark.parametrize("text", [BIDI, ZERO_WIDTH, "a\u202eb"])
def test_hostile_text_does_not_pass_into_the_page(text: str, tmp_path: Path) -> None:
    """The page is read by people who trust it."""
    catalog = MINIMAL.replace("Runtime\n", f"Runtime{text}x\n", 1) + f'    displayName: "a{text}b"\n'
    root = project(tmp_path, catalog.replace("\ufeff", "") + f'    description: "a{text.replace(chr(0xFEFF), "")}b"\n')
    catalog = (root / "models.yaml").read_text("utf-8").replace("\ufeff", "")
    (root / "models.yaml").write_text(catalog, "utf-8")
    assert run("generate", root=root).code == 0
    for page in ("catalog.md", "catalog.html", "fleet.md"):
        assert not acts((root / "docs" / page).read_text("utf-8"))


def test_the_caret_stands_under_its_character(tmp_path: Path) -> None:
    """Each character that is not shown has one in its place."""
    comment = f"# {BIDI}{ZERO_WIDTH}".replace("\ufeff", "")
    ran = run("generate", root=project(tmp_path, f"{MINIMAL}    labels: {{'{BIDI}': x, \"a b\": y}} {comment}\n"))
    _, line, caret, *_ = ran.stderr.splitlines()
    assert line[caret.index("^")] == "'"
    assert not acts(ran.stderr)


def test_what_is_replaced_keeps_its_length() -> None:
    """Columns stay where they are."""
    everything = "".join(map(chr, range(0x110000)))
    assert len(visible(everything)) == len(everything)
    assert not acts(visible(everything))
    assert "\n" not in visible(everything)


def test_what_is_shown_is_short_and_without_credentials() -> None:
    """However long a key is, and wherever in it the credential stands."""
    assert shown("a" * 1_000_000) == "a" * 80 + "…"
    assert "AKIA" not in shown("x" * (LONGEST - 4) + "AKIAIOSFODNN7EXAMPLE")
    assert shown("AKIAIOSFODNN7EXAMPLE") == "***"


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(sorted(HOSTILE)),
    st.text(st.sampled_from(ACTING + "aA:/-.\n\t ") | st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(FORMATS),
)
@example("tag", "\x1b[31m", "junit")
def test_no_catalog_makes_the_output_act(
    tmp_path_factory: pytest.TempPathFactory, place: str, text: str, form: str
) -> None:
    """Whatever the catalog, and whatever the format."""
    root = project(tmp_path_factory.mktemp("project"), HOSTILE[place](text))
    check_output(run("generate", "--output", form, root=root), form)


def test_names_on_disk_do_nothing(tmp_path: Path) -> None:
    """A file's name is whatever somebody called it, UTF-8 or not."""
    root = project(tmp_path)
    assert run("generate", root=root).code == 0
    for name in (f"a{BIDI}", "a\x1b[31m.yaml", FORGED.replace("/", ""), os.fsdecode(b"\xff.yaml")):
        (root / "rendered" / "dev" / name).write_text("x", "utf-8")
    for form in FORMATS:
        check_output(run("check", "--output", form, root=root), form)
    (root / "rendered" / "dev" / FORGED).unlink()
    (root / "rendered" / "dev" / FORGED).symlink_to("nowhere")
    check_output(run("generate", root=root), "text")


def test_a_difference_does_nothing(tmp_path: Path) -> None:
    """A generated file that was edited by hand is shown, line by line, as it is in the diff."""
    root = project(tmp_path)
    run("generate", root=root)
    [path] = root.glob("rendered/dev/models/servingruntime-*.yaml")
    path.write_text(path.read_text("utf-8") + f"# {ACTING}\x0b\x0c\x1c\n", "utf-8")
    ran = run("generate", "--check", root=root)
    assert ran.code == 1
    assert not acts(ran.stdout)
    assert sum(line.startswith("-# ") for line in ran.stdout.splitlines()) == 1


def test_a_missing_newline_is_a_difference() -> None:
    """Otherwise a file would be changed, and no line say so."""
    wanted = {"a": b"x\n"}
    shown_lines = list(differences.unified(wanted, diff(wanted, {"a": b"x"})))
    assert shown_lines == ["--- a/a", "+++ b/a", "@@ -1,2 +1 @@", " x", "-\\ No newline at end of file"]


def test_what_another_program_says_does_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line of it is a line, indented below the error."""
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nprintf 'a\\033[31m\\nerror: forged\\n' >&2\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(ToolError) as raised:
        programs.run([str(program)])
    printing.error(raised.value)
    assert capsys.readouterr().err == "error: program exited 3\n  a\ufffd[31m\n  error: forged\n"


@pytest.mark.parametrize("text", [FORGED, ACTING])
def test_an_error_is_a_line(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the Hub, S3, or a command line."""
    printing.error(GeneratorError(text, hint=text, details=[text]), text)
    printing.say(text)
    printing.result(text)
    printed = capsys.readouterr()
    assert not acts(printed.out + printed.err)
    assert [line[:8] for line in printed.err.splitlines()[:2]] == [f"error: {visible(text)[0]}", "  hint: "]
    assert len(printed.err.splitlines()) == 4


def test_everything_is_printed_in_one_place() -> None:
    """Text that goes past it would not be looked at."""
    printers = {"click.echo", "click.secho", "print", "sys.stdout.write", "sys.stderr.write", "traceback.print_exc"}
    found = {
        f"{path.relative_to(ROOT / 'generator')}: {name}"
        for path in (ROOT / "generator").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and (name := ast.unparse(call.func)) in printers
    }
    printing = {f"report/printing.py: {name}" for name in ("click.echo", "sys.stderr.write")}
    assert found == {*printing, "report/findings.py: click.echo"}
    assert findings.diagnostics((), "text") == ""
