"""What the models of each environment ask for, beside what is available there."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from generator.catalog.model import Catalog, Environment, ServedModel

MIG: Final = "nvidia.com/mig-"
"""The prefix of a MIG slice's resource with the strategy `mixed`. UNVERIFIED: NVIDIA/k8s-device-plugin README.md."""


class Amount(NamedTuple):
    """So many of a resource, at the most, with the surge of a rollout and with autoscaling; None is no limit."""

    asked: int
    quota: int | None


class Usage(NamedTuple):
    """An environment: its models, and what they ask for. Whole GPUs count together, whoever made them."""

    environment: Environment
    models: tuple[ServedModel, ...]
    gpus: Amount
    slices: Mapping[str, Amount]


def usage(catalog: Catalog) -> Iterator[Usage]:
    """Every environment, in the order of the names."""
    served: dict[str | None, list[ServedModel]] = {name: [] for name in catalog.environments}
    for model in catalog.models:
        for form in model.served:
            served[form.environment].append(form)
    for environment in catalog.environments.values():
        models = tuple(served[environment.name])
        total = asked(models)
        whole = sum(count for name, count in total.items() if not name.startswith(MIG))
        quotas = environment.mig_quota
        names = sorted({name for name in total if name.startswith(MIG)} | {*quotas})
        slices = {name: Amount(total.get(name, 0), quotas.get(name)) for name in names}
        yield Usage(environment, models, Amount(whole, environment.gpu_quota), slices)


def asked(models: Iterable[ServedModel]) -> dict[str, int]:
    """How many of each accelerator the models may ask for at once."""
    total: dict[str, int] = {}
    for served in models:
        if served.gpus:
            total[served.accelerator] = total.get(served.accelerator, 0) + served.gpus * served.most_replicas
    return total
