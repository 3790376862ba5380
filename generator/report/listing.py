"""The models of a catalog as a table, or as JSON."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from generator.catalog.endpoints import url
from generator.catalog.model import ServedModel
from generator.commits import short

_NONE: Final = "-"
_GAP: Final = "   "


def table(models: Sequence[ServedModel], *, wide: bool = False) -> Iterator[str]:
    """Columns under a header, as `kubectl get` prints them."""
    rows = [_row(served, wide=wide) for served in models]
    if not rows:
        return
    lines = [[*rows[0]], *([*row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield _GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _row(served: ServedModel, *, wide: bool) -> dict[str, str]:
    row = {
        "NAME": served.name,
        "ENV": str(served.environment),
        "TASK": served.task,
        "LENGTH": str(served.max_model_len),
        "DIMENSIONS": str(served.dimensions or _NONE),
        "GPUS": _gpus(served),
        "URL": url(served),
    }
    more = {
        "STOPPED": "yes" if served.stopped else "no",
        "HOST": served.host or _NONE,
        "ALIASES": ",".join(served.aliases) or _NONE,
        "ROLLOUT-GPUS": str(served.gpus * served.most_replicas),
        "REPLICAS": _replicas(served),
        "ACCELERATOR": served.accelerator if served.gpus else _NONE,
        "RUNTIME": served.runtime,
        "REPOSITORY": served.repo,
        "COMMIT": short(served.commit),
    }
    return {**row, **more} if wide else row


def _gpus(served: ServedModel) -> str:
    """Those of all pods together outside a rollout; with autoscaling, the most."""
    return str(served.gpus * served.steady_replicas)


def _replicas(served: ServedModel) -> str:
    if served.stopped:
        return "0"
    scaling = served.autoscaling
    return f"{scaling.min_replicas}-{scaling.max_replicas}" if scaling else str(served.replicas)


def records(models: Sequence[ServedModel]) -> list[dict[str, Any]]:
    """The same as plain values."""
    return [
        {
            "name": served.name,
            "environment": served.environment,
            "namespace": served.namespace,
            "task": served.task,
            "maxModelLen": served.max_model_len,
            "dimensions": served.dimensions,
            "gpus": served.gpus * served.steady_replicas,
            "gpusInRollout": served.gpus * served.most_replicas,
            "accelerator": served.accelerator if served.gpus else None,
            "replicas": _replicas(served),
            "stopped": served.stopped,
            "runtime": served.runtime,
            "repo": served.repo,
            "revision": served.commit,
            "url": url(served),
            "auth": served.auth,
            "exposed": served.exposed,
            "host": served.host,
            "aliases": list(served.aliases),
        }
        for served in models
    ]
