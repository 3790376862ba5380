"""What of a pod the API server would refuse, or what would not work in one."""

from collections.abc import Iterator, Mapping

from generator.catalog.model import Catalog, Violation
from generator.kube.quantities import thousandths


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


RULES = (_tolerations, _shared_memory, _service_accounts)
