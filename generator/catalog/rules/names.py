"""Names, namespaces and metadata that the cluster would refuse, rewrite, or give to somebody else."""

from collections.abc import Iterator, Mapping
from typing import Final

from generator.catalog.resolved import Catalog, Violation
from generator.diagnostics import Loc, Severity

_DASHBOARD_LENGTH: Final = 30
_POD_LABEL_LENGTH: Final = 48  # of the pod label `app: isvc.NAME-predictor`, at most 63
_HOST_LENGTH: Final = 52  # of the host label `NAME-predictor-NAMESPACE`, at most 63
_OWNED_DOMAINS: Final = (
    "argocd.argoproj.io",
    "kubernetes.io",
    "k8s.io",
    "kserve.io",
    "knative.dev",
    "opendatahub.io",
    "openshift.io",
    "kubectl.kubernetes.io",
)
_OWNED_LABELS: Final = frozenset({"app", "modelFormat", "component"})
_OWNED_ENV: Final = {
    "HF_HUB_OFFLINE": "the files come from S3, never from the Hub",
    "TRANSFORMERS_OFFLINE": "the files come from S3, never from the Hub",
    "VLLM_ALLOW_LONG_MAX_MODEL_LEN": "it lets vLLM accept lengths that crash it; set `maxModelLen`",
}


def _unique(catalog: Catalog) -> Iterator[Violation]:
    first: dict[str, int] = {}
    for index, model in enumerate(catalog.data["models"]):
        if model is None:
            continue
        name = model["name"]
        if name in first:
            message = f"the name '{name}' is taken by model number {first[name] + 1}"
            yield Violation(("models", index, "name"), "duplicate-name", message, "choose another name")
        first.setdefault(name, index)


def _lengths(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.forms():
        name, namespace = served.name, served.namespace or ""
        if len(name) <= _DASHBOARD_LENGTH and len(name) + len(namespace) <= _HOST_LENGTH:
            continue
        limits = [
            (_POD_LABEL_LENGTH, "KServe puts it into the pod label 'app: isvc.NAME-predictor' of at most 63"),
            (_HOST_LENGTH - len(namespace), f"NAME-predictor-{namespace} is a host name's label of at most 63"),
        ]
        if served.auth and catalog.target.max_auth_name is not None:
            limits.append((catalog.target.max_auth_name, "with auth, NAME-kube-rbac-proxy-sar-config names a volume"))
        at = ("models", served.entry, "name")
        longest, reason = min(limits)
        if len(name) > longest:
            message = f"{len(name)} characters are {len(name) - longest} too many: {reason}"
            yield Violation(at, "name-too-long", message, f"shorten it to {longest} characters")
        elif len(name) > _DASHBOARD_LENGTH and served.environment is None:
            message = f"{len(name)} characters are more than the {_DASHBOARD_LENGTH} that the dashboard can edit"
            yield Violation(at, "name-long-for-dashboard", message, severity=Severity.WARNING)


def _reserved(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.forms():
        if served.name == "vllm":
            message = "a Service called vllm… injects VLLM_ variables into pods, which vLLM then reads as settings"
            yield Violation(("models", served.entry, "name"), "reserved-name", message, "choose another name")


def _namespaces(catalog: Catalog) -> Iterator[Violation]:
    owners: dict[tuple[str, str], str] = {}
    for environment in catalog.environments.values():
        for namespace, loc in _used_namespaces(catalog, environment.name):
            if namespace == catalog.dashboard_namespace or namespace.startswith(("kube-", "openshift-")):
                message = f"no model can be served in the platform's namespace '{namespace}'"
                yield Violation(loc, "reserved-namespace", message, "use a project of your own")
            owner = owners.setdefault((environment.cluster, namespace), environment.name)
            if owner != environment.name:
                message = f"namespace '{namespace}' on cluster '{environment.cluster}' belongs to environment '{owner}'"
                hint = "give each environment its own namespace, or name its `cluster`"
                yield Violation(loc, "shared-namespace", message, hint)


def _used_namespaces(catalog: Catalog, environment: str) -> Iterator[tuple[str, Loc]]:
    own = catalog.environments[environment].namespace
    yield own, ("environments", environment, "namespace")
    for model in catalog.models:
        for served in model.served:
            if served.environment == environment and served.namespace is not None and served.namespace != own:
                yield served.namespace, catalog.origin(served, "namespace")


def _metadata(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.forms():
        for field, pairs in (("labels", served.labels), ("annotations", served.annotations)):
            for key in pairs:
                domain = key.rpartition("/")[0]
                if key in _OWNED_LABELS or domain.endswith(_OWNED_DOMAINS):
                    message = f"'{key}' belongs to the platform, and is written by this tool or not at all"
                    hint = "use the model's own field for it, or a key in your own domain"
                    yield Violation(catalog.origin(served, field, key), "owned-metadata", message, hint, at_key=True)


def _variables(catalog: Catalog) -> Iterator[Violation]:
    blocked = catalog.target.blocked_env
    for runtime in catalog.runtimes.values():
        for variable in runtime.env:
            yield from _variable(variable, ("runtimes", runtime.name, "env", variable), blocked)
    for served in catalog.forms():
        for variable in served.env:
            yield from _variable(variable, catalog.origin(served, "env", variable), blocked)


def _variable(variable: str, loc: Loc, blocked: frozenset[str]) -> Iterator[Violation]:
    if variable in _OWNED_ENV:
        yield Violation(loc, "owned-env", f"{variable} is set by this tool", _OWNED_ENV[variable], at_key=True)
    if variable in blocked:
        message = f"KServe's admission refuses the variable {variable}"
        yield Violation(loc, "blocked-env", message, "remove it", at_key=True)


def _tolerations(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.forms():
        for position, toleration in enumerate(served.tolerations):
            if problem := _toleration(toleration):
                yield Violation(catalog.origin(served, "tolerations", position), "invalid-toleration", problem)


def _toleration(raw: Mapping[str, object]) -> str | None:
    exists = raw.get("operator", "Equal") == "Exists"
    if exists and raw.get("value"):
        return "operator Exists takes no value"
    if "key" not in raw and not exists:
        return "without a key, the operator must be Exists"
    if "tolerationSeconds" in raw and raw.get("effect") != "NoExecute":
        return "tolerationSeconds needs the effect NoExecute"
    return None


RULES = (_unique, _lengths, _reserved, _namespaces, _metadata, _variables, _tolerations)
