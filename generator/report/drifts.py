"""How a cluster differs from what is rendered, as text, Markdown or JSON."""

import difflib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from generator import redaction
from generator.cluster.drift import Drifted, Object, State
from generator.yaml.write import dump

FORMATS: Final = ("text", "markdown", "json")
_ORDER: Final[tuple[State, ...]] = ("created", "changed", "pruned", "unchanged")
_WOULD: Final = {"created": "would be created", "changed": "would be changed", "pruned": "would be pruned"}
_MOST_MARKDOWN: Final = 60_000


class ClusterDiff(NamedTuple):
    """An environment's objects. `missing` are its namespaces that do not exist: all of theirs would be created."""

    environment: str
    objects: tuple[Drifted, ...]
    missing: tuple[str, ...]


def differs(found: ClusterDiff) -> bool:
    """Whether an apply would change anything, or something would be pruned."""
    return any(item.state != "unchanged" for item in found.objects)


def summary(found: ClusterDiff) -> str:
    """`prod: 2 would be created, 1 would be changed, 30 unchanged`."""
    counts = Counter(item.state for item in found.objects)
    words = [f"{counts[state]} {_WOULD.get(state, state)}" for state in _ORDER if counts[state]]
    return f"{found.environment}: {', '.join(words) or 'no objects'}"


def text(found: ClusterDiff) -> Iterator[str]:
    """The summary first, then each object that differs; of one that would be changed, what."""
    yield summary(found)
    for namespace in found.missing:
        yield f"namespace {namespace} does not exist"
    for item in _differing(found.objects):
        yield f"{_WOULD[item.state]}: {item.named}"
        if item.state == "changed":
            yield from _difference(item)


def _differing(objects: Sequence[Drifted]) -> list[Drifted]:
    differing = [item for item in objects if item.state != "unchanged"]
    return sorted(differing, key=lambda item: (_ORDER.index(item.state), str(item.named)))


def _difference(item: Drifted) -> Iterator[str]:
    lines = difflib.unified_diff(_lines(item.live), _lines(item.wanted), "cluster", "rendered", lineterm="")
    yield from redaction.masked(lines)


def _lines(obj: Object | None) -> list[str]:
    return dump(obj).splitlines() if obj else []


def markdown(found: ClusterDiff) -> str:
    """For a comment: folded, fenced so that nothing in a manifest ends the fence, at most 60,000 characters."""
    blocks = [f"### Cluster: {summary(found)}", *(f"- namespace `{name}` does not exist" for name in found.missing)]
    for item in _differing(found.objects):
        lines = [*_difference(item)] if item.state == "changed" else []
        title = f"{_WOULD[item.state]}: {item.named}"
        blocks.append(_folded(title, "\n".join(lines)) if lines else f"- {title}")
    kept: list[str] = []
    length = 0
    for block in blocks:
        length += len(block) + 2
        if length > _MOST_MARKDOWN:
            return "\n\n".join([*kept, "…and more: run `generator diff` for the rest"])
        kept.append(block)
    return "\n\n".join(kept)


def _folded(title: str, body: str) -> str:
    fence = "`" * max(_FENCE, _longest_ticks(body) + 1)
    return f"<details><summary>{title}</summary>\n\n{fence}diff\n{body}\n{fence}\n\n</details>"


_FENCE: Final = 3
_TICKS: Final = re.compile("`+")


def _longest_ticks(body: str) -> int:
    return max(map(len, _TICKS.findall(body)), default=0)


def as_json(found: ClusterDiff) -> str:
    """For programs."""
    return json.dumps(
        {
            "environment": found.environment,
            "differs": differs(found),
            "missingNamespaces": list(found.missing),
            "objects": [_object(item) for item in found.objects],
        },
        indent=2,
        ensure_ascii=False,
    )


def _object(item: Drifted) -> dict[str, Any]:
    difference = [*_difference(item)] if item.state == "changed" else []
    return {**item.named._asdict(), "state": item.state, "difference": difference}


RENDER: Final[dict[str, Callable[[ClusterDiff], str]]] = {
    "text": lambda found: "\n".join(text(found)),
    "markdown": markdown,
    "json": as_json,
}
"""By format."""
