"""What a catalog comes to, an environment a line."""

from collections.abc import Iterator

from generator.catalog.model import Catalog
from generator.catalog.usage import Amount, Usage, usage


def totals(catalog: Catalog) -> Iterator[str]:
    """`prod: 7 models, 10 of 16 GPUs, 4 of 4 mig-1g.10gb`, for each environment."""
    for used in usage(catalog):
        yield f"{used.environment.name}: {', '.join(_parts(used))}"


def _parts(used: Usage) -> Iterator[str]:
    count, stopped = len(used.models), sum(served.stopped for served in used.models)
    yield f"{count} model{'s' * (count != 1)}{f' ({stopped} stopped)' if stopped else ''}"
    if used.gpus.asked or used.gpus.quota is not None:
        yield f"{of(used.gpus)} GPU{'s' * (used.gpus != Amount(1, None))}"
    for resource, amount in used.slices.items():
        yield f"{of(amount)} {resource.rpartition('/')[2]}"


def of(amount: Amount) -> str:
    """`10 of 16`, or `10` where there is no limit."""
    return str(amount.asked) if amount.quota is None else f"{amount.asked} of {amount.quota}"
