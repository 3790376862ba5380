"""What the models request, and what is available."""

import re
from collections.abc import Collection, Iterator
from typing import Final

from generator.catalog.contract.patterns import MIG_SLICE
from generator.catalog.model import GPU, Catalog, Violation
from generator.catalog.usage import MIG, Amount, Usage, usage
from generator.codes import Code
from generator.diagnostics import Loc
from generator.kube.quantities import canonical, thousandths

_MIG_SLICE = re.compile(MIG_SLICE)
_SHOWN = 3


def _quotas(catalog: Catalog) -> Iterator[Violation]:
    for used in usage(catalog):
        place: Loc = ("environments", used.environment.name)
        whole = {served.accelerator for served in used.models if not served.accelerator.startswith(MIG)}
        if _over(used.gpus):
            yield Violation((*place, "gpuQuota"), "gpu-over-quota", *_shortage(used, "GPUs", used.gpus, whole))
        for resource, amount in used.slices.items():
            if _over(amount):
                loc = (*place, "migQuota", resource)
                yield Violation(loc, "gpu-over-quota", *_shortage(used, resource, amount, {resource}))
        if used.gpus.quota is not None or used.environment.mig_quota:
            yield from _unnamed(used, place)


def _over(amount: Amount) -> bool:
    return amount.quota is not None and amount.asked > amount.quota


def _unnamed(used: Usage, place: Loc) -> Iterator[Violation]:
    """MIG slices that an environment's quotas leave out: what is counted there is meant to be all there is."""
    for resource in (name for name, amount in used.slices.items() if amount.quota is None):
        takers = sorted(served.name for served in used.models if served.accelerator == resource)
        message = f"migQuota does not name {resource}, for which {', '.join(takers[:_SHOWN])} asks"
        yield Violation(place, "gpu-over-quota", message, f"add {resource} to migQuota", at_key=True)


def _shortage(used: Usage, unit: str, amount: Amount, kinds: Collection[str]) -> tuple[str, str]:
    takers = sorted(
        (-served.gpus * served.most_replicas, served.name)
        for served in used.models
        if served.accelerator in kinds and served.gpus * served.most_replicas
    )
    most = ", ".join(f"{name} {-count}" for count, name in takers[:_SHOWN])
    message = (
        f"the models request {amount.asked} {unit}, including surge, but the quota is {amount.quota} (largest: {most})"
    )
    slices = "" if unit.startswith(MIG) else "move models to MIG slices, "
    return message, f"lower replicas or maxSurge, {slices}or raise the quota"


def _autoscaling(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.deployed():
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
        target = catalog.target_of(served.environment)
        if scaling.metric == "requests" and not target.keda:
            release = target.release
            message = f"KServe in OpenShift AI {release} cannot authenticate to the Prometheus that counts requests"
            loc = catalog.origin(served, "autoscaling")
            yield Violation(loc, "autoscaling-unsupported", message, "use a fixed `replicas`, or target 3.4 or later")
        if scaling.metric == "cpu" and scaling.target > _FULL:
            loc = catalog.origin(served, "autoscaling", "target")
            message = f"target is {scaling.target} % of the CPU, but at most 100 % can be used"
            yield Violation(loc, "out-of-range", message, "write 100 or less")


_FULL = 100


def _accelerators(catalog: Catalog) -> Iterator[Violation]:
    for runtime in catalog.runtimes.values():
        for position, name in enumerate(runtime.accelerators):
            if _NATIVE in name or name.startswith(_REQUESTS):
                message = f"'{name}' is no extended resource: Kubernetes keeps {_NATIVE} and {_REQUESTS} for itself"
                loc: Loc = ("runtimes", runtime.name, "accelerators", position)
                yield Violation(loc, "invalid-name", message, f"write the resource that nodes offer, such as {GPU}")
    for served in catalog.forms():
        known = catalog.runtimes[served.runtime].accelerators
        if not served.gpus or served.accelerator in known:
            continue
        if not (GPU in known and _MIG_SLICE.match(served.accelerator)):
            slices = " and its MIG slices, such as nvidia.com/mig-1g.10gb" if GPU in known else ""
            message = f"runtime '{served.runtime}' is built for {', '.join(known)}{slices}, not {served.accelerator}"
            loc = catalog.origin(served, "resources", "accelerator")
            hint = f"set resources.accelerator to {known[0]}, choose another runtime, or add it to its accelerators"
            yield Violation(loc, "accelerator-mismatch", message, hint)


_NATIVE: Final = "kubernetes.io/"
_REQUESTS: Final = "requests."
"""IsExtendedResourceName in kubernetes/kubernetes pkg/apis/core/v1/helper/helpers.go @ v1.34.0."""


def _amounts(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.forms():
        for amount, *path in ((served.memory, "resources", "memory"), (served.shm_size, "shmSize")):
            if amount and (problem := _memory(path[-1], amount)):
                yield Violation(catalog.origin(served, *path), *problem)
        if thousandths(served.cpu) > _MOST_CPUS * 1000:
            message = f"cpu is {served.cpu}, but must be at most {_MOST_CPUS}"
            yield Violation(catalog.origin(served, "resources", "cpu"), "out-of-range", message)


def _memory(field: str, amount: str) -> tuple[Code, str, str | None] | None:
    """What is wrong with an amount of memory, and what to do."""
    size, rest = divmod(thousandths(amount), 1000)
    if size < _LEAST_BYTES:
        hint = f"add a unit, such as {amount}Gi" if amount.isdecimal() else "use a larger unit, such as Gi"
        return "invalid-quantity", f"{field} {amount} is {size:,} bytes, too little for any model", hint
    if size > _MOST_BYTES:
        return "out-of-range", f"{field} is {amount}, but must be at most 64Ti", None
    if rest:
        message = f"{field} {amount} is no whole number of bytes, and Kubernetes would store it as {canonical(amount)}"
        return "invalid-quantity", message, "use a smaller unit without a fraction"
    return None


_MOST_CPUS: Final = 1024
_LEAST_BYTES: Final = 1_000_000
_MOST_BYTES: Final = 64 << 40


OF_THE_TARGET = (_autoscaling,)
RULES = (_quotas, _autoscaling, _accelerators, _amounts)
