"""A plan as text for terminals, as Markdown for a pull request, or as JSON."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from generator.commits import short
from generator.plan.compare import Difference, EnvironmentChange, Load, ModelChange, Restart, Switch
from generator.plan.dangers import Danger
from generator.plan.fields import FieldChange
from generator.plan.transfers import Transfer
from generator.report import plan_record
from generator.report.progress import size

FORMATS: Final = ("text", "markdown", "json")
MOST_MARKDOWN: Final = 60_000
"""Characters. GitHub takes 65,536 in a comment, and GitLab a million: UNVERIFIED, the forges' documentation."""
_NOTHING: Final = "nothing changes on a cluster"
_MARKS: Final = {"created": "+", "removed": "-", "renamed": ">", "changed": "~"}
_MOST_NAMES: Final = 5


class Plan(NamedTuple):
    """What is reported. `notes` are sentences about the whole: in which order to do what."""

    difference: Difference
    dangers: tuple[Danger, ...]
    notes: tuple[str, ...] = ()


def text(plan: Plan) -> Iterator[str]:
    """Lines for a terminal."""
    difference = plan.difference
    yield f"{difference.after.label} against {difference.before.label}"
    for place, danger in _placed(plan.dangers):
        yield f"DANGER {f'{place}: ' * bool(place)}{danger.message} [{danger.kind}]"
        yield f"  {danger.advice}"
    yield from plan.notes
    for shared in difference.shared:
        yield f"{shared.subject}: {_fields(shared.fields)}"
    for environment in difference.environments:
        yield from _environment_text(environment)
    if difference.transfers:
        yield "in the bucket before the sync (`artifact-sync`):"
        yield from (f"  {transfer.model}: {_transfer(transfer)}" for transfer in difference.transfers)
    yield from (f"{what}: {', '.join(paths)}" for what, paths in _by_hand(difference))
    if not difference.changes:
        yield _NOTHING


def _environment_text(environment: EnvironmentChange) -> Iterator[str]:
    if not environment.changes:
        return
    yield f"{environment.name}: {_summary(environment)}"
    rows = [*_rows(environment)]
    width = max((len(row.names) for row in rows), default=0)
    for row in rows:
        yield f"  {row.mark} {row.names:<{width}}  {row.what}"
    yield f"  {_objects(environment)}"


def _by_hand(difference: Difference) -> Iterator[tuple[str, Sequence[str]]]:
    if difference.applied_by_hand:
        yield "to be applied by hand", difference.applied_by_hand
    if difference.deleted_by_hand:
        yield "to be deleted from the cluster by hand", difference.deleted_by_hand


class _Row(NamedTuple):
    mark: str
    names: str
    what: str


def _rows(environment: EnvironmentChange) -> Iterator[_Row]:
    """A row for each model; those that change alike, as after an upgrade of the generator, share one."""
    alike: dict[tuple[Any, ...], list[ModelChange]] = {}
    for change in environment.models:
        key: tuple[Any, ...] = (change.kind, change.name)
        if change.kind == "changed":
            key = (change.kind, change.fields, change.restart, change.switch)
        alike.setdefault(key, []).append(change)
    for group in alike.values():
        names = ", ".join(change.name for change in group[:_MOST_NAMES])
        more = f" and {len(group) - _MOST_NAMES} more" if len(group) > _MOST_NAMES else ""
        yield _Row(_MARKS[group[0].kind], f"{names}{more}", _what(group[0]))


def _what(change: ModelChange) -> str:
    parts = []
    if change.kind == "created" and change.after:
        parts.append(f"{change.after.repo}@{short(change.after.commit)}")
    elif change.kind == "removed":
        parts.append(f"Argo CD deletes {', '.join(sorted({gone.kind for gone in change.deleted})) or 'nothing'}")
    elif change.kind == "renamed" and change.before:
        parts.append(f"was {change.before.name}")
    if change.kind != "created":
        parts.extend(filter(None, [_fields(change.fields)]))
    if change.kind == "changed" and not change.fields:
        parts.append("the entry is the same, its manifests are not")
    if change.kind == "changed":
        parts.append(_switch(change.switch) if change.switch else _restart(change.restart))
    return "; ".join(parts)


_GAPS: Final = {
    "none": "new ones start first, so there is no gap",
    "fewer": "one at a time, so one is missing until it has loaded",
    "all": "the model is not served until it has loaded again",
}


def _restart(restart: Restart | None) -> str:
    if restart is None:
        return "no restart"
    return f"restarts {_pods(restart.pods)}: {_GAPS[restart.gap]}"


def _switch(switch: Switch) -> str:
    if switch.to == "stopped":
        return f"stops {_pods(switch.pods)}: not served any more"
    return f"starts {_pods(switch.pods)}: served again when loaded"


def _pods(count: int) -> str:
    return f"{count} pod{'s' * (count != 1)}"


def _fields(fields: Sequence[FieldChange]) -> str:
    return ", ".join(_field(change) for change in fields)


def _field(change: FieldChange) -> str:
    if change.before is None:
        return f"{change.field} {'+' if change.item else 'set to'} {change.after}"
    if change.after is None:
        return f"{change.field} {f'- {change.before}' if change.item else f'unset (was {change.before})'}"
    shown = short if change.field == "source.revision" else str
    return f"{change.field} {shown(change.before)} → {shown(change.after)}"


def _summary(environment: EnvironmentChange) -> str:
    models = f"{_move(environment.models_before, environment.models_after)} models"
    kept = "" if environment.kind == "kept" else f"{environment.kind}; "
    return "; ".join([f"{kept}{models}", *map(_load, environment.loads)])


def _load(load: Load) -> str:
    quota = "" if load.quota_after is None else f" of {_move(load.quota_before, load.quota_after)}"
    return f"{_move(load.before, load.after)}{quota} {load.resource}"


def _move(before: int | None, after: int) -> str:
    return f"{before} → {after}" if before is not None and before != after else str(after)


def _objects(environment: EnvironmentChange) -> str:
    found = environment.objects
    created = sum(change.before is None for change in found.changes)
    deleted = sum(change.after is None for change in found.changes)
    changed = len(found.changes) - created - deleted
    return (
        f"objects: {created} created, {changed} changed, {deleted} deleted; "
        f"lines: {found.added} added, {found.removed} removed"
    )


def _transfer(transfer: Transfer) -> str:
    where = f"s3://{transfer.place.bucket}/{transfer.place.prefix}"
    if transfer.sent_bytes is None:
        return f"size unknown, since the lock does not have it  →  {where}"
    copied = f", {size(transfer.copied_bytes)} copied in the bucket" if transfer.copied_bytes else ""
    return f"{size(transfer.sent_bytes)} from the Hub{copied}  →  {where}"


def _placed(dangers: Iterable[Danger]) -> Iterator[tuple[str, Danger]]:
    """Each danger with its model and environments: the same one in several environments once."""
    alike: dict[Danger, list[str]] = {}
    for danger in dangers:
        alike.setdefault(danger._replace(environment=None), []).append(danger.environment or "")
    for danger, environments in alike.items():
        yield " in ".join(filter(None, (danger.model, ", ".join(filter(None, environments))))), danger


def markdown(plan: Plan, link: str | None) -> str:
    """A comment for a pull request, at most MOST_MARKDOWN characters; `link` leads to the whole plan.

    Nothing in it acts: no link, image, mention or HTML from the catalog.
    """
    blocks = [*_markdown(plan)]
    end = f"\n\n…and more: {link or 'run `generator plan` for the rest'}\n"
    kept: list[str] = []
    length = 0
    for block in blocks:
        length += len(block) + 1
        if length > MOST_MARKDOWN - len(end):
            return "\n".join(kept) + end
        kept.append(block)
    return "\n".join(kept) + "\n"


def _markdown(plan: Plan) -> Iterator[str]:
    difference = plan.difference
    yield f"### Plan: {_inert(difference.after.label)} against {_inert(difference.before.label)}\n"
    if not difference.changes:
        yield f"{_NOTHING.capitalize()}."
        return
    for place, danger in _placed(plan.dangers):
        where = f"**{_inert(place)}**: " if place else ""
        yield f"- :warning: {where}{_inert(danger.message)}  \n  {_inert(danger.advice)}"
    yield from (f"- {_inert(note)}" for note in plan.notes)
    for shared in difference.shared:
        yield f"- **{_inert(shared.subject)}**: {_inert(_fields(shared.fields))}"
    for environment in (environment for environment in difference.environments if environment.changes):
        yield f"\n**{_inert(environment.name)}**: {_inert(_summary(environment))}\n"
        for row in _rows(environment):
            yield f"- `{row.mark}` **{_inert(row.names)}**: {_inert(row.what)}"
        yield f"\n<details><summary>{_inert(_objects(environment))}</summary>\n"
        for change in environment.objects.changes:
            mark = "+" if change.before is None else "-" if change.after is None else "~"
            yield f"- `{mark}` {_inert(str(change.identity))}"
        yield "\n</details>"
    if difference.transfers:
        yield "\nIn the bucket before the sync (`artifact-sync`):\n"
        yield from (f"- {_inert(transfer.model)}: {_inert(_transfer(transfer))}" for transfer in difference.transfers)
    for what, paths in _by_hand(difference):
        yield f"\n{what.capitalize()}: {_inert(', '.join(paths))}"


_ACTIVE: Final = re.compile(r"[^\w \-,;:()'→…/.]|_|(?<=www)\.|:(?=\S)", re.ASCII | re.IGNORECASE)


def _inert(value: str) -> str:
    """Text in which Markdown, HTML, mentions and addresses mean nothing, by character references."""
    return _ACTIVE.sub(lambda found: "".join(f"&#{ord(character)};" for character in found[0]), value)


def as_json(plan: Plan) -> str:
    """For programs; docs/plan.schema.json says what is in it."""
    return json.dumps(plan_record.record(plan.difference, plan.dangers, plan.notes), indent=2, ensure_ascii=False)


RENDER: Final[dict[str, Callable[[Plan, str | None], str]]] = {
    "text": lambda plan, _: "\n".join(text(plan)),
    "markdown": markdown,
    "json": lambda plan, _: as_json(plan),
}
"""A plan and a link to the whole of it → text, by format."""
