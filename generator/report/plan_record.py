"""A plan as a value that JSON can hold, for programs."""

from collections.abc import Iterable
from typing import Any

from generator.plan.compare import Difference, EnvironmentChange, ModelChange
from generator.plan.dangers import Danger
from generator.plan.fields import FieldChange
from generator.plan.transfers import Transfer


def record(difference: Difference, dangers: Iterable[Danger], notes: Iterable[str]) -> dict[str, Any]:
    """What docs/plan.schema.json describes."""
    return {
        "version": 1,
        "before": difference.before.label,
        "after": difference.after.label,
        "changes": difference.changes,
        "notes": list(notes),
        "dangers": [danger._asdict() for danger in dangers],
        "shared": [{"subject": item.subject, "fields": _fields_json(item.fields)} for item in difference.shared],
        "environments": [_environment_json(item) for item in difference.environments],
        "transfers": [_transfer_json(item) for item in difference.transfers],
        "appliedByHand": list(difference.applied_by_hand),
        "deletedByHand": list(difference.deleted_by_hand),
    }


def _fields_json(fields: Iterable[FieldChange]) -> list[dict[str, Any]]:
    return [change._asdict() for change in fields]


def _environment_json(environment: EnvironmentChange) -> dict[str, Any]:
    objects = environment.objects
    return {
        "name": environment.name,
        "kind": environment.kind,
        "modelsBefore": environment.models_before,
        "modelsAfter": environment.models_after,
        "loads": [
            {
                "resource": load.resource,
                "before": load.before,
                "after": load.after,
                "quotaBefore": load.quota_before,
                "quotaAfter": load.quota_after,
            }
            for load in environment.loads
        ],
        "models": [_model_json(change) for change in environment.models],
        "objects": [
            {"kind": change.identity.kind, "namespace": change.identity.namespace, "name": change.identity.name}
            | {"change": "created" if change.before is None else "deleted" if change.after is None else "changed"}
            for change in objects.changes
        ],
        "linesAdded": objects.added,
        "linesRemoved": objects.removed,
    }


def _model_json(change: ModelChange) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "name": change.name,
        "formerName": change.before.name if change.kind == "renamed" and change.before else None,
        "fields": _fields_json(change.fields),
        "restart": change.restart._asdict() if change.restart else None,
        "switch": change.switch._asdict() if change.switch else None,
    }


def _transfer_json(transfer: Transfer) -> dict[str, Any]:
    return {
        "model": transfer.model,
        "repo": transfer.repo,
        "commit": transfer.commit,
        "prefix": f"s3://{transfer.place.bucket}/{transfer.place.prefix}",
        "environments": list(transfer.environments),
        "bytes": transfer.sent_bytes,
        "copiedBytes": transfer.copied_bytes,
    }
