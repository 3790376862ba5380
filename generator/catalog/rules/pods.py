"""What of a pod the API server would refuse, or what would not work in one."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from generator.catalog.model import Catalog, Violation
from generator.kube.quantities import thousandths

Path = tuple[str | int, ...]


def _tolerations(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.forms():
        for position, toleration in enumerate(served.tolerations):
            if problem := _toleration(toleration):
                yield Violation(catalog.origin(served, "tolerations", position), "invalid-toleration", *problem)


def _toleration(raw: Mapping[str, object]) -> tuple[str, str] | None:
    """What the API server would refuse, and what to do.

    ValidateTolerations in kubernetes/kubernetes pkg/apis/core/validation/validation.go @ v1.34.0.
    """
    exists = raw.get("operator", "Equal") == "Exists"
    if exists and raw.get("value"):
        return "the operator Exists takes no value", "remove value or operator"
    if "key" not in raw and not exists:
        return "without a key, the operator must be Exists", "set key, or operator: Exists"
    if "tolerationSeconds" in raw and raw.get("effect") != "NoExecute":
        return "tolerationSeconds requires the effect NoExecute", "set effect: NoExecute, or remove tolerationSeconds"
    return None


def _spread(catalog: Catalog) -> Iterator[Violation]:
    """ValidateTopologySpreadConstraints in kubernetes/kubernetes pkg/apis/core/validation/validation.go @ v1.34.0."""
    for served in catalog.forms():
        seen: set[tuple[str, str]] = set()
        for position, raw in enumerate(served.topology_spread_constraints):
            loc = catalog.origin(served, "topologySpreadConstraints", position)
            how = raw.get("whenUnsatisfiable", "ScheduleAnyway")
            if "minDomains" in raw and how != "DoNotSchedule":
                hint = "set whenUnsatisfiable: DoNotSchedule, or remove minDomains"
                yield Violation(loc, "invalid-spread", "minDomains requires whenUnsatisfiable: DoNotSchedule", hint)
            if (raw["topologyKey"], how) in seen:
                message = f"{how} is already said of {raw['topologyKey']}"
                yield Violation(loc, "invalid-spread", message, "remove one of the two")
            seen.add((raw["topologyKey"], how))


def _affinity(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.forms():
        for path, block in _blocks(served.affinity, ("affinity",)):
            if problem := _requirement(block) or _selector(path, block):
                yield Violation(catalog.origin(served, *path), "invalid-affinity", *problem)


def _blocks(value: Any, path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every mapping in a value, and where it is."""
    if isinstance(value, Mapping):
        yield path, value
    for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
        if isinstance(item, Mapping | list):
            yield from _blocks(item, (*path, key))


def _requirement(raw: Mapping[str, Any]) -> tuple[str, str] | None:
    """ValidateNodeSelectorRequirement, and ValidateLabelSelectorRequirement in apimachinery, @ v1.34.0."""
    operator, values = raw.get("operator"), raw.get("values")
    if operator in ("In", "NotIn") and not values:
        return f"the operator {operator} needs values", "set values"
    if operator in ("Exists", "DoesNotExist") and values:
        return f"the operator {operator} takes no values", "remove values or operator"
    if operator in ("Gt", "Lt") and not (values and len(values) == 1 and _NUMBER.fullmatch(values[0])):
        return f"the operator {operator} needs one whole number in values", 'write it in quotes: values: ["8"]'
    return None


_NUMBER: Final = re.compile(r"(0|-?[1-9][0-9]{0,17})\Z")


def _selector(path: Path, raw: Mapping[str, Any]) -> tuple[str, str] | None:
    """Kubernetes takes an empty selector for all pods, and a reader may take it for none."""
    if path[-1] == "labelSelector" and not raw:
        return "labelSelector selects nothing in particular", "fill it in, or remove it for the model's own pods"
    return None


def _variables(catalog: Catalog) -> Iterator[Violation]:
    """ValidateEnvVarValueFrom in kubernetes/kubernetes pkg/apis/core/validation/validation.go @ v1.34.0."""
    for served in catalog.forms():
        for name, source in served.env_value_from.items():
            loc = catalog.origin(served, "envValueFrom", name)
            if len(source) != 1:
                message = f"{name} must have exactly one of secretKeyRef and configMapKeyRef"
                hint = "set the other one to null" if source else "set one of them, or the whole to null"
                yield Violation(loc, "value-from-choice", message, hint, at_key=True)
            if name in served.env:
                message = f"{name} is in env, too, and a variable has one value"
                hint = "remove one of the two, by null if it is in a weaker layer"
                yield Violation(loc, "value-from-choice", message, hint, at_key=True)


def _shared_memory(catalog: Catalog) -> Iterator[Violation]:
    """What is in /dev/shm counts towards the limit, so a larger one would not be full before the pod is killed.

    EmptyDirVolumeSource.SizeLimit in kubernetes/api core/v1/types.go @ v0.34.0.
    """
    for served in catalog.forms():
        if served.shm_size and thousandths(served.shm_size) >= thousandths(served.memory):
            message = f"shmSize {served.shm_size} is not less than memory {served.memory}, which it is a part of"
            hint = "lower shmSize, or raise resources.memory"
            yield Violation(catalog.origin(served, "shmSize"), "shm-over-memory", message, hint)


def _service_accounts(catalog: Catalog) -> Iterator[Violation]:
    """The ServiceAccount of a model's callers may call it, and its token is handed out: it is not for pods."""
    callers = {
        (form.environment, form.namespace, form.callers_account): form.name
        for model in catalog.models
        for form in model.served
        if form.auth
    }
    for served in catalog.forms():
        name = served.service_account_name
        if name and (owner := callers.get((served.environment, served.namespace, name))):
            message = f"the ServiceAccount {name} is that of the callers of model '{owner}'"
            loc = catalog.origin(served, "serviceAccountName")
            yield Violation(loc, "reserved-name", message, "name another ServiceAccount")


RULES = (_tolerations, _spread, _affinity, _variables, _shared_memory, _service_accounts)
