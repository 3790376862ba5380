"""Findings as text, JSON, GitHub commands, SARIF or JUnit."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import click

from generator.diagnostics import Diagnostic, Severity
from generator.display import visible
from generator.report import printing

TOOL: Final = "rhoai-model-gitops"
FORMATS: Final = ("text", "json", "github", "sarif", "junit")
_WITH_ACCEPTED: Final = ("json", "sarif")
_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


def diagnostics(found: Sequence[Diagnostic], form: str) -> str:
    """The findings in one of FORMATS; colours are stripped by click where nobody sees them.

    What the catalog accepts is left out, except where a format has a place for that and its reason.
    """
    listed = found if form in _WITH_ACCEPTED else _open(found)
    return _FORMATS[form]([_visible(item) for item in listed])


def show(found: Sequence[Diagnostic], form: str) -> None:
    """Print the findings: text to stderr, beside the result; the other forms to stdout, as the result."""
    if form == "text" and _open(found):
        click.echo(
            diagnostics(found, form), err=True, color=printing.colours()
        )  # past `printing`, which would take the colours for an attack
    elif _open(found) or form in ("json", "sarif", "junit"):
        printing.results(diagnostics(found, form))


def _visible(item: Diagnostic) -> Diagnostic:
    """The finding with every text in it fit to be shown, and its columns where they were."""
    return item._replace(
        path=visible(item.path),
        message=visible(item.message),
        hint=item.hint and visible(item.hint),
        source_line=item.source_line and visible(item.source_line),
        subject=item.subject and visible(item.subject),
        accepted=item.accepted and visible(item.accepted),
    )


def counts(found: Sequence[Diagnostic]) -> str:
    """`2 errors, 1 warning`; what is accepted is not counted."""
    number = {severity: sum(item.severity is severity for item in _open(found)) for severity in Severity}
    return ", ".join(f"{count} {severity}{'s' * (count != 1)}" for severity, count in number.items() if count)


def _open(found: Sequence[Diagnostic]) -> Sequence[Diagnostic]:
    """What the catalog does not accept."""
    return [item for item in found if item.accepted is None]


def _text(found: Sequence[Diagnostic]) -> str:
    """Warnings first, and equal ones once: where a terminal scrolls, the errors are what is left to be seen."""
    warnings: dict[tuple[str, ...], list[Diagnostic]] = {}
    for item in found:
        if item.severity is Severity.WARNING:
            warnings.setdefault((item.code, _unaddressed(item), item.hint or ""), []).append(item)
    errors = [[item] for item in found if item.severity is Severity.ERROR]
    return "\n".join(line for equal in (*warnings.values(), *errors) for line in _text_lines(*equal))


def _unaddressed(item: Diagnostic) -> str:
    """The message without its subject."""
    return item.message.removeprefix(f"{item.subject}: ")


def _text_lines(item: Diagnostic, *others: Diagnostic) -> Iterator[str]:
    line, column = item.position
    severity = click.style(f"{item.severity}:", fg=_COLOURS[item.severity], bold=True)
    message = _unaddressed(item) if others else item.message
    yield f"{item.path}:{line}:{column}: {severity} {message} [{item.code}]"
    if others:
        places = (f"{it.position.line}:{it.position.column} {it.subject or ''}".rstrip() for it in (item, *others))
        yield f"  {len(others) + 1} times: {', '.join(places)}"
    elif item.source_line is not None:
        shown, at = _window(item.source_line, column)
        yield f"{line:>5} | {shown}"
        yield f"      | {' ' * at}^"
    if item.hint:
        yield f"  hint: {item.hint}"


def _window(line: str, column: int) -> tuple[str, int]:
    """The part of a long line that holds `column`, and the offset of `column` in it."""
    if len(line) <= _WIDTH:
        return line, column - 1
    start = max(0, column - 1 - _WIDTH // 2)
    return f"…{line[start : start + _WIDTH]}…", column - start


_WIDTH: Final = 120


def _json(found: Sequence[Diagnostic]) -> str:
    return _dumps(
        [
            {
                "path": item.path,
                "line": item.position.line,
                "column": item.position.column,
                "severity": item.severity,
                "code": item.code,
                "message": item.message,
                "hint": item.hint,
                "accepted": item.accepted,
            }
            for item in found
        ]
    )


def _dumps(value: Any) -> str:
    import json  # noqa: PLC0415 - not for text

    return json.dumps(value, indent=2, ensure_ascii=False)


def _github(found: Sequence[Diagnostic]) -> str:
    """Workflow commands, which GitHub shows beside the line."""
    return "\n".join(
        f"::{item.severity} file={_property(item.path)},line={item.position.line},col={item.position.column},"
        f"title={_property(item.code)}::{_command(_with_hint(item))}"
        for item in found
    )


def _command(text: str) -> str:
    return text.replace("%", "%25")


def _property(text: str) -> str:
    return _command(text).replace(":", "%3A").replace(",", "%2C")


def _with_hint(item: Diagnostic) -> str:
    return f"{item.message} ({item.hint})" if item.hint else item.message


def _sarif(found: Sequence[Diagnostic]) -> str:
    results = [
        {
            "ruleId": item.code,
            "level": str(item.severity),
            "message": {"text": _with_hint(item)},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": item.path},
                        "region": {"startLine": item.position.line, "startColumn": item.position.column},
                    }
                }
            ],
            **({"suppressions": [{"kind": "external", "justification": item.accepted}]} if item.accepted else {}),
        }
        for item in found
    ]
    rules = [{"id": code} for code in sorted({item.code for item in found})]
    run = {"tool": {"driver": {"name": TOOL, "rules": rules}}, "results": results}
    return _dumps({"version": "2.1.0", "$schema": _SARIF_SCHEMA, "runs": [run]})


_SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def _junit(found: Sequence[Diagnostic]) -> str:
    import xml.etree.ElementTree as ET  # noqa: PLC0415 - writes only, and only here

    errors = [item for item in found if item.severity is Severity.ERROR]
    suite = ET.Element("testsuite", name=TOOL, tests=str(max(len(found), 1)), failures=str(len(errors)))
    for item in found:
        place = f"{item.path}:{item.position.line}:{item.position.column}"
        case = ET.SubElement(suite, "testcase", classname=item.code, name=place)
        if item.severity is Severity.ERROR:
            ET.SubElement(case, "failure", message=item.message, type=item.code).text = _with_hint(item)
        else:
            ET.SubElement(case, "system-out").text = _with_hint(item)
    if not found:
        ET.SubElement(suite, "testcase", classname=TOOL, name="models.yaml")
    return ET.tostring(suite, encoding="unicode")


_FORMATS: Final[dict[str, Callable[[Sequence[Diagnostic]], str]]] = {
    "text": _text,
    "json": _json,
    "github": _github,
    "sarif": _sarif,
    "junit": _junit,
}
