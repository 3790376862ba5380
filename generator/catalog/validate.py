"""Document → Catalog, or every diagnostic at once: paths become positions, and pydantic's findings our words."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from pydantic_core import ValidationError

from generator import credentials
from generator.catalog import rules
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
    violations = list(rules.check_text(document.data))
    if len(document.problems) > MOST or any(problem.code == "yaml-alias" for problem in document.problems):
        raise CatalogError(_of_the_text(document, leaking=bool(violations)))
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
    errors = tuple(diagnostic for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR)
    if catalog is None or errors:
        raise CatalogError(diagnostics if len(diagnostics) <= MOST else errors[:MOST])
    return catalog, diagnostics[:MOST]


def _of_the_text(document: Document, *, leaking: bool) -> tuple[Diagnostic, ...]:
    """What the text got wrong, and nothing else: of the values that aliases stand for, none was read."""
    problems = document.problems[:MOST]
    line = _public_lines(document, {problem.position.line for problem in problems} if leaking else set())
    return tuple(replace(problem, source_line=line(problem.position.line)) for problem in problems)


def _located(document: Document, violations: Iterable[Violation]) -> tuple[Diagnostic, ...]:
    """Diagnostics in file order.

    A place that the text itself got wrong is not faulted again by a rule, and nothing more is said of a credential.
    """
    found = [(document.locate(violation.loc, key=violation.at_key), violation) for violation in violations]
    secrets = {position for position, violation in found if violation.code == credentials.CODE}
    # Where text is not wanted at all, to put an ambiguous scalar in quotes is no cure.
    better = secrets | {position for position, violation in found if violation.code == "wrong-type"}
    unquoted = {problem.position for problem in document.problems if problem.code == "yaml-ambiguous-scalar"}
    problems = [problem for problem in document.problems if problem.position not in secrets | (better & unquoted)]
    silent = secrets | {problem.position for problem in problems}
    # Where a key stands twice, the first is found, and the last one's value counts: so the problems' lines, too.
    line = _public_lines(document, {position.line for position in silent} if secrets else set())
    located = [replace(problem, source_line=line(problem.position.line)) for problem in problems[:MOST]]
    for position, violation in found:
        if violation.code == credentials.CODE or position not in silent:
            subject, message = _subject(violation.loc, document.data), violation.message
            if violation.other is not None:
                message = f"{message} (see line {document.locate(violation.other).line})"
            located.append(
                Diagnostic(
                    path=document.path,
                    position=position,
                    code=violation.code,
                    message=f"{subject}: {message}" if subject else message,
                    hint=violation.hint,
                    severity=violation.severity,
                    source_line=line(position.line),
                )
            )
    return tuple(sorted(set(located), key=lambda diagnostic: diagnostic.sort_key))


def _public_lines(document: Document, hidden: Collection[int]) -> Callable[[int], str | None]:
    """The text's lines by number; None for those that must not be shown."""

    @cache
    def line(number: int) -> str | None:
        return None if number in hidden else document.line(Position(number, 1))

    return line


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
