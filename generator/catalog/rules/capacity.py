"""What the models request, and what is available."""

from collections.abc import Iterator

from generator.catalog.model import Catalog, Environment, ServedModel, Violation
from generator.diagnostics import Loc

_MIG = "nvidia.com/mig-"
"""The prefix of a MIG slice's resource with the strategy `mixed`. UNVERIFIED: NVIDIA/k8s-device-plugin README.md."""
_SHOWN = 3


def _quotas(catalog: Catalog) -> Iterator[Violation]:
    for environment in catalog.environments.values():
        asked = _asked(catalog, environment)
        whole = {name: total for name, total in asked.items() if not name.startswith(_MIG)}
        quota = environment.gpu_quota
        if quota is not None and (total := sum(whole.values())) > quota:
            loc: Loc = ("environments", environment.name, "gpuQuota")
            yield Violation(loc, "gpu-over-quota", *_shortage(catalog, environment, "GPUs", total, quota, whole))
        for resource, slices in environment.mig_quota.items():
            if (total := asked.get(resource, 0)) > slices:
                loc = ("environments", environment.name, "migQuota", resource)
                words = _shortage(catalog, environment, resource, total, slices, {resource: total})
                yield Violation(loc, "gpu-over-quota", *words)


def _served(catalog: Catalog, environment: Environment) -> Iterator[ServedModel]:
    return (form for model in catalog.models for form in model.served if form.environment == environment.name)


def _asked(catalog: Catalog, environment: Environment) -> dict[str, int]:
    asked: dict[str, int] = {}
    for served in _served(catalog, environment):
        if served.gpus:
            asked[served.accelerator] = asked.get(served.accelerator, 0) + served.gpus * served.most_replicas
    return asked


def _shortage(
    catalog: Catalog, environment: Environment, unit: str, total: int, quota: int, kinds: dict[str, int]
) -> tuple[str, str]:
    takers = sorted(
        (-served.gpus * served.most_replicas, served.name)
        for served in _served(catalog, environment)
        if served.accelerator in kinds and served.gpus * served.most_replicas
    )
    most = ", ".join(f"{name} {-count}" for count, name in takers[:_SHOWN])
    message = f"the models request {total} {unit}, including surge, but the quota is {quota} (largest: {most})"
    slices = "" if unit.startswith(_MIG) else "move models to MIG slices, "
    return message, f"lower replicas or maxSurge, {slices}or raise the quota"


def _autoscaling(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.forms():
        scaling = served.autoscaling
        if scaling is None:
            continue
        if scaling.min_replicas > scaling.max_replicas:
            message = f"min {scaling.min_replicas} is above max {scaling.max_replicas}"
            loc = catalog.origin(served, "autoscaling", "min")
            yield Violation(loc, "autoscaling-range", message, "swap them")
        if scaling.metric == "cpu" and served.gpus:
            message = "CPU use does not show the load of an encoder on a GPU"
            loc = catalog.origin(served, "autoscaling", "metric")
            yield Violation(loc, "cpu-autoscaling-on-gpu", message, "set `metric: requests`, or use a fixed `replicas`")
        if scaling.metric == "requests" and not catalog.target.keda:
            release = catalog.target.release
            message = f"KServe in OpenShift AI {release} cannot authenticate to the Prometheus that counts requests"
            loc = catalog.origin(served, "autoscaling")
            yield Violation(loc, "autoscaling-unsupported", message, "use a fixed `replicas`, or target 3.4 or later")
        if scaling.metric == "cpu" and scaling.target > _FULL:
            loc = catalog.origin(served, "autoscaling", "target")
            message = f"target is {scaling.target} % of the CPU, but at most 100 % can be used"
            yield Violation(loc, "out-of-range", message, "write 100 or less")


_FULL = 100


def _accelerators(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.forms():
        known = catalog.runtimes[served.runtime].accelerators
        vendor = served.accelerator.partition("/")[0]
        if served.gpus and not any(vendor == accelerator.partition("/")[0] for accelerator in known):
            message = f"runtime '{served.runtime}' is built for {', '.join(known)}, not {served.accelerator}"
            loc = catalog.origin(served, "resources", "accelerator")
            hint = f"set resources.accelerator to {known[0]}, or choose a runtime for {served.accelerator}"
            yield Violation(loc, "accelerator-mismatch", message, hint)


def _memory(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.forms():
        if served.memory.isdecimal() and int(served.memory) < _LEAST_BYTES:
            message = f"memory is {served.memory} bytes, too little for any model"
            loc = catalog.origin(served, "resources", "memory")
            yield Violation(loc, "invalid-quantity", message, f"add a unit, such as {served.memory}Gi")


_LEAST_BYTES = 1_000_000


OF_THE_TARGET = (_autoscaling,)
RULES = (_quotas, _autoscaling, _accelerators, _memory)
