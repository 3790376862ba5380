"""Plans and outcomes of a sync → text or JSON."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from generator.commits import short
from generator.diagnostics import GeneratorError, InterruptedSyncError
from generator.report.progress import size
from generator.sync.models import Synced
from generator.sync.plan import Plan
from generator.sync.prune import Stale
from generator.sync.session import Outcome
from generator.sync.sweep import Pruned


def labels(outcomes: Sequence[Outcome]) -> list[str]:
    """The model of each outcome, with its prefix if a model goes to several."""
    times = Counter(outcome.wanted.name for outcome in outcomes)
    return [
        wanted.name if times[wanted.name] == 1 else f"{wanted.name} (s3://{wanted.bucket}/{wanted.prefix})"
        for wanted in (outcome.wanted for outcome in outcomes)
    ]


def errors(outcomes: Sequence[Outcome]) -> Iterator[tuple[str, GeneratorError]]:
    """What failed, with its error. A connection, or a Hub, that cannot be used is one failure, not one a model."""
    lost = set()
    for outcome, label in zip(outcomes, labels(outcomes), strict=True):
        if outcome.error and outcome.service not in lost and not isinstance(outcome.error, InterruptedSyncError):
            yield outcome.service or label, outcome.error
        if outcome.service:
            lost.add(outcome.service)


def plan_text(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A table of what would happen; an up-to-date model takes one line."""
    for outcome in outcomes:
        plan = outcome.plan
        if plan is None:
            continue
        where = f"s3://{plan.wanted.bucket}/{plan.wanted.prefix}"
        yield f"{plan.wanted.name}  {plan.wanted.repo}@{short(plan.wanted.commit)}  →  {where}"
        if not plan.work:
            yield f"  up to date, {len(plan.operations)} files"
            continue
        for operation in plan.operations:
            yield f"  {operation.action:<7} {size(operation.size):>9}  {operation.path}  ({operation.reason})"
        yield "  write             the manifest, last"


def plan_json(outcomes: Sequence[Outcome]) -> str:
    """The same for programs."""
    return json.dumps([_plan(outcome) for outcome in outcomes], indent=2, ensure_ascii=False)


def _plan(outcome: Outcome) -> dict[str, Any]:
    if outcome.plan is None:
        return {"model": outcome.wanted.name, "error": str(outcome.error)}
    plan: Plan = outcome.plan
    operations = [
        {"action": item.action, "path": item.path, "size": item.size, "reason": item.reason} for item in plan.operations
    ]
    wanted = plan.wanted
    return {
        "model": wanted.name,
        "repo": wanted.repo,
        "commit": wanted.commit,
        "prefix": f"s3://{wanted.bucket}/{wanted.prefix}",
        "work": plan.work,
        "bytes": plan.upload_bytes,
        "copiedBytes": plan.copy_bytes,
        "operations": operations,
    }


def outcome_text(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A line for each model that did not fail, and the findings of reading it back."""
    for outcome, label in zip(outcomes, labels(outcomes), strict=True):
        state = _state(outcome)
        if state == "synced":
            copied = _copied(outcome.copied_bytes)
            yield f"{label}: {size(outcome.sent_bytes)} sent and verified{copied} in {outcome.seconds:.1f} s"
        elif state != "failed":
            yield f"{label}: {state.replace('-', ' ')}"
        yield from (f"{label}: {finding}" for finding in outcome.findings)


def outcome_json(synced: Synced) -> str:
    """The outcome of each model, and the totals."""
    models = [
        {
            "model": outcome.wanted.name,
            "prefix": f"s3://{outcome.wanted.bucket}/{outcome.wanted.prefix}",
            "state": _state(outcome),
            "seconds": round(outcome.seconds, 3),
            "bytes": outcome.sent_bytes,
            "copiedBytes": outcome.copied_bytes,
            "findings": [*outcome.findings],
            "error": str(outcome.error) if outcome.error else None,
        }
        for outcome in synced.outcomes
    ]
    moved = {"bytes": synced.sent_bytes, "copiedBytes": synced.copied_bytes}
    total = {**moved, "seconds": round(synced.seconds, 3), "s3Requests": synced.s3_requests}
    return json.dumps({"models": models, **total}, indent=2, ensure_ascii=False)


def _state(outcome: Outcome) -> str:
    if outcome.error:
        return "interrupted" if isinstance(outcome.error, InterruptedSyncError) else "failed"
    if outcome.plan is None:
        return "damaged" if outcome.findings else "verified"
    if not outcome.plan.work:
        return "up-to-date"
    return "not-begun" if outcome.sent is None else "synced"


def _copied(count: int) -> str:
    return f", {size(count)} copied" if count else ""


def total(synced: Synced) -> str:
    """The last line."""
    if not synced.outcomes:
        return "there are no models to sync"
    done = sum(_state(outcome) in _IN for outcome in synced.outcomes)
    return (
        f"{done} of {len(synced.outcomes)} models complete; "
        f"{size(synced.sent_bytes)} sent{_copied(synced.copied_bytes)} in {synced.seconds:.1f} s, "
        f"{synced.s3_requests} requests to S3"
    )


_IN: Final = frozenset({"synced", "up-to-date", "verified"})


def pruned_text(found: Pruned) -> Iterator[str]:
    """What is or will be deleted, and what is left alone: one line each."""
    yield from map(_stale_line, found.stale)
    for each in found.unowned:
        yield f"leave {each.prefix}: {each.key} names no catalog; delete both if no catalog uses them"
    for upload in found.uploads:
        yield f"abort an upload of {upload.key} (no part received for a day)"


def _stale_line(stale: Stale) -> str:
    unused = f"unused since {stale.since:%Y-%m-%d}"
    if stale.unowned:
        return f"leave {stale.path} ({unused}): {stale.unowned} names no catalog; delete it if no other catalog uses it"
    if not stale.due:
        return f"keep {stale.path} until {stale.until:%Y-%m-%d} ({unused})"
    if stale.shared:
        return f"release {stale.path} ({unused}; another catalog has synced it too)"
    return f"delete {stale.path} ({unused})"


def pruned_json(found: Pruned) -> str:
    """The same for programs."""
    unused = [
        {
            "action": _stale_line(stale).partition(" ")[0],
            "path": stale.path,
            "unusedSince": stale.since.isoformat(timespec="seconds"),
            "keptUntil": stale.until.isoformat(timespec="seconds"),
        }
        for stale in found.stale
    ]
    uploads = [{"key": upload.key, "uploadId": upload.id} for upload in found.uploads]
    told = {"unused": unused, "unowned": [each._asdict() for each in found.unowned], "uploads": uploads}
    return json.dumps(told, indent=2, ensure_ascii=False)


def pruned_total(found: Pruned, *, dry_run: bool) -> str:
    """The last line."""
    gone = [stale.path for stale in found.stale if stale.due and not stale.shared]
    prefixes = sum(path.endswith("/") for path in gone)
    counts = ((prefixes, "prefix", "es", "deleted"), (len(gone) - prefixes, "file", "s", "deleted"))
    would = "would be " if dry_run else ""
    words = [
        f"{count} {noun}{'' if count == 1 else plural} {would}{done}"
        for count, noun, plural, done in (*counts, (len(found.uploads), "upload", "s", "aborted"))
        if count or noun == "prefix"
    ]
    return ", ".join(words)
