"""Document → Catalog, or every diagnostic at once: paths become positions, and pydantic's findings our words."""

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import islice
from typing import Any

from pydantic_core import ValidationError

from generator import credentials
from generator.catalog import accepted, rules
from generator.catalog.contract.core_schema import validator
from generator.catalog.model import Catalog, Violation
from generator.catalog.resolve import resolve
from generator.catalog.sound import sound, whole
from generator.catalog.violations import ENTRY, GROUPS, violations_of
from generator.diagnostics import MOST, CatalogError, Diagnostic, Loc, Position, Severity
from generator.display import shown
from generator.yaml.read import Document

Rule = Callable[[Catalog], Iterable[Violation]]


def _no_further(_: Catalog) -> Iterable[Violation]:
    return ()


def validate(document: Document, further: Rule = _no_further) -> tuple[Catalog, tuple[Diagnostic, ...]]:
    """The catalog and its warnings; `further` judges it beside the catalog's own rules.

    Raises CatalogError with the diagnostics, in file order, when any of them is an error. What breaks the contract is
    set aside, so that the rules still judge the rest in the same run.
    """
    if len(document.problems) > MOST or any(problem.code == "yaml-alias" for problem in document.problems):
        raise CatalogError(document.problems[:MOST])
    violations = list(islice(rules.check_text(document.data), MOST))
    contract = validator()
    catalog, part = None, None
    try:
        part = whole(contract.validate_python(document.data))
    except ValidationError as error:
        found = error.errors(include_url=False)
        violations.extend(violations_of(found[:MOST]))
        part = sound(contract, document.data, found)
    if part is not None:
        catalog, unresolved = resolve(part)
        violations.extend(unresolved)
        violations.extend(rules.check(catalog, target_known=part.target_known, whole=part.whole))
        violations.extend(further(catalog))
    diagnostics = _located(document, violations)
    if catalog is not None:
        diagnostics = accepted.marked(catalog, diagnostics)
    errors = tuple(diagnostic for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR)
    if catalog is None or errors:
        raise CatalogError(diagnostics if len(diagnostics) <= MOST else errors[:MOST])
    return catalog, diagnostics[:MOST]


def _located(document: Document, violations: Collection[Violation]) -> tuple[Diagnostic, ...]:
    """Diagnostics in file order.

    A place that the text itself got wrong is not faulted again by a rule, and nothing more is said of a credential.
    """
    secrets = {violation.loc for violation in violations if violation.code == credentials.CODE}
    hidden = [document.extent(loc) for loc in secrets]
    found = [
        (document.locate(violation.loc, key=violation.at_key), violation)
        for violation in violations
        if violation.code == credentials.CODE or not _inside(violation.loc, secrets)
    ]
    # Where text is not wanted at all, to put an ambiguous scalar in quotes is no cure.
    better = {position for position, violation in found if violation.code == "wrong-type"}
    problems = [
        problem
        for problem in document.problems
        if not (problem.code == "yaml-ambiguous-scalar" and problem.position in better)
        and not any(start <= problem.position < end for start, end in hidden)
    ]
    silent = {problem.position for problem in problems}
    lines = {number for start, end in hidden for number in range(start.line, end.line + (end.column > 1))}
    located = [
        problem._replace(source_line=None) if problem.position.line in lines else problem for problem in problems
    ]
    for position, violation in found:
        if violation.code == credentials.CODE or position not in silent:
            line = None if position.line in lines else document.line(position)
            located.append(_diagnostic(document, position, violation, line))
    return tuple(sorted(set(located), key=lambda diagnostic: diagnostic.sort_key))


def _inside(loc: Loc, places: Collection[Loc]) -> bool:
    return any(loc[:length] in places for length in range(len(loc) + 1))


def _diagnostic(document: Document, position: Position, violation: Violation, line: str | None) -> Diagnostic:
    """A violation at its place. Words of the catalog's own, as in a choice of names, may be credentials, too."""
    subject, message = _subject(violation.loc, document.data), violation.message
    if violation.other is not None:
        message = f"{message} (see line {document.locate(violation.other).line})"
    if subject:
        message = f"{subject}: {message}"
    return Diagnostic(
        path=document.path,
        position=position,
        code=violation.code,
        message=credentials.redact(message),
        hint=violation.hint and credentials.redact(violation.hint),
        severity=violation.severity,
        source_line=line,
        subject=subject,
    )


def _subject(loc: Loc, data: Any) -> str | None:
    """Who a diagnostic speaks about: `model 'minilm'`, `defaults`."""
    if len(loc) < ENTRY:
        return None
    group, name = str(loc[0]), loc[1]
    if group not in GROUPS:
        return shown(group)
    if group == "models" and isinstance(name, int):
        entry = data["models"][name]
        if not (isinstance(entry, Mapping) and isinstance(entry.get("name"), str)):
            return f"model number {name + 1}"
        name = entry["name"]
    return f"{GROUPS[group]} '{shown(name)}'"
