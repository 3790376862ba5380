"""Names, namespaces and metadata that the cluster would refuse, rewrite, or assign to something else."""

from collections.abc import Iterator
from typing import Final

from generator.catalog.applications import applications
from generator.catalog.model import Catalog, Environment, ServedModel, Violation
from generator.diagnostics import Loc, Severity
from generator.kube.metadata import OWNER_LABEL
from generator.yaml.scalars import reads_as_text

_DASHBOARD_LENGTH: Final = 30
"""ROUTE_BASED_NAME_LENGTH in opendatahub-io/odh-dashboard
frontend/src/concepts/k8s/K8sNameDescriptionField/utils.ts @ v3.4.0.
"""
_POD_LABEL_LENGTH: Final = 48
"""Of the pod label `app: isvc.NAME-predictor`, at most 63: GetRawServiceLabel in opendatahub-io/kserve
pkg/constants/constants.go @ odh-v3.4. odh-model-controller's own limit, MaxISVCLength, is 53.
"""
_HOST_LENGTH: Final = 52
"""Of the host label `NAME-predictor-NAMESPACE`, at most 63: GenerateDomainName in opendatahub-io/kserve
pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/domain.go @ odh-v3.4, by the domainTemplate of
config/overlays/odh/patches/inferenceservice-config-patch.yaml.
"""
_OWNED_DOMAINS: Final = (
    "argocd.argoproj.io",
    "k8s.io",
    "knative.dev",
    "kserve.io",
    "kubernetes.io",
    "opendatahub.io",
    "openshift.io",
    "x-k8s.io",
)
_DOTTED_DOMAINS: Final = tuple(f".{domain}" for domain in _OWNED_DOMAINS)
_FIELD_OR_DOMAIN: Final = "use the model's field for it, or a key in your own domain"
_OWNED_KEYS: Final = {
    **dict.fromkeys(("app", "modelFormat", "component"), _FIELD_OR_DOMAIN),
    "app.kubernetes.io/instance": (
        "use app.kubernetes.io/part-of or app.kubernetes.io/name: Argo CD may prune what has this label"
    ),
    OWNER_LABEL: "remove it: it says that this tool writes the object",
}
"""The first three are KServe's: RawDeploymentAppLabel and others in opendatahub-io/kserve pkg/constants/constants.go
@ odh-v3.4. `instance` may be Argo CD's: GetAppName in argoproj/argo-cd util/argo/resource_tracking.go @ v3.5.1.
"""
_RECOMMENDED: Final = "app.kubernetes.io"
"""Kubernetes' domain for labels that anybody sets: common-labels.md (metadata.py). KServe and odh-model-controller
select by them only what is an LLMInferenceService's, @ odh-v3.4.
"""
_OWNED_ENV: Final = {
    "HF_HUB_OFFLINE": ("the files come from S3, never from the Hub", "remove it"),
    "TRANSFORMERS_OFFLINE": ("the files come from S3, never from the Hub", "remove it"),
    "VLLM_ENGINE_READY_TIMEOUT_S": ("it must agree with the container's probe", "set `startupTimeout`"),
    "VLLM_ALLOW_LONG_MAX_MODEL_LEN": ("it lets vLLM accept lengths that make it crash", "set `maxModelLen`"),
}
# The webhook refuses the dashboard's namespace alone: opendatahub-io/odh-model-controller
# internal/webhook/serving/v1beta1/inferenceservice_webhook.go @ odh-v3.4. The rest is OpenShift's convention.
_PLATFORM_NAMESPACES: Final = frozenset({"default", "istio-system", "knative-serving", "openshift", "system"})
_PLATFORM_PREFIXES: Final = ("kube-", "openshift-", "redhat-ods-")


def _unique(catalog: Catalog) -> Iterator[Violation]:
    first: dict[str, int] = {}
    for index, model in enumerate(catalog.entries()):
        if model is None:
            continue
        name = model["name"]
        if name in first:
            message = f"the name '{name}' is already used by model number {first[name] + 1}"
            yield Violation(("models", index, "name"), "duplicate-name", message, "choose another name")
        first.setdefault(name, index)


def _aliases(catalog: Catalog) -> Iterator[Violation]:
    """A name leads to one model in each environment, also where a gateway puts all of them behind one address."""
    for environment in catalog.environments:
        served = [form for model in catalog.models for form in model.served if form.environment == environment]
        owners = {form.name: form.name for form in served}
        for form in served:
            for position, alias in enumerate(form.aliases):
                if alias in owners:
                    whose = "its own" if owners[alias] == form.name else f"that of model '{owners[alias]}'"
                    message = f"the name '{alias}' is already {whose}"
                    loc = catalog.origin(form, "aliases", position)
                    yield Violation(loc, "duplicate-name", message, "remove it, or choose another")
                owners.setdefault(alias, form.name)


def _lengths(catalog: Catalog) -> Iterator[Violation]:
    for model in catalog.models:
        length = len(model.name)
        namespace = max((len(served.namespace or "") for served in model.served), default=0)
        if length <= _DASHBOARD_LENGTH and length + namespace <= _HOST_LENGTH:
            continue
        forms = model.served or (model.base,)
        longest, reason, hint = min(limit for served in forms for limit in _limits(served, catalog))
        at: Loc = ("models", model.base.entry, "name")
        if length > longest:
            too_many = (
                f"{length} characters are {length - longest} too many" if longest > 0 else "no name is short enough"
            )
            message = f"{too_many}: {reason}"
            yield Violation(at, "name-too-long", message, hint)
        elif length > _DASHBOARD_LENGTH:
            message = f"{length} characters: the dashboard cannot edit models with names over {_DASHBOARD_LENGTH}"
            hint = f"shorten it to {_DASHBOARD_LENGTH} characters"
            yield Violation(at, "name-long-for-dashboard", message, hint, Severity.WARNING)


def _limits(served: ServedModel, catalog: Catalog) -> Iterator[tuple[int, str, str]]:
    """How long the name may be, why, and what to do."""
    shorten = "shorten it to {} characters".format
    reason = "KServe puts it in the pod label 'app: isvc.NAME-predictor', which holds at most 63"
    yield _POD_LABEL_LENGTH, reason, shorten(_POD_LABEL_LENGTH)
    if served.namespace is not None:
        longest = _HOST_LENGTH - len(served.namespace)
        reason = f"NAME-predictor-{served.namespace} is part of a host name, limited to 63"
        hint = f"{shorten(longest)}, or the namespace" if longest > 0 else "shorten the namespace"
        yield longest, reason, hint
    target = catalog.target_of(served.environment)
    if served.auth and target.max_auth_name is not None:
        reason = f"with auth, OpenShift AI {target.release} names a volume NAME-kube-rbac-proxy-sar-config"
        yield target.max_auth_name, f"{reason}, limited to 63", shorten(target.max_auth_name)


def _reserved(catalog: Catalog) -> Iterator[Violation]:
    """vllm-project/vllm docs/configuration/env_vars.md @ v0.32.0, and get_vllm_port in vllm/envs.py."""
    for served in catalog.forms():
        if served.name == "vllm":
            message = "Kubernetes injects VLLM_ variables for a Service called vllm…, and vLLM reads them as settings"
            yield Violation(("models", served.entry, "name"), "reserved-name", message, "choose another name")
    for connection in catalog.connections.values():
        if connection.secret_name == _STORAGE_CONFIG:
            external = connection.external_secret is not None
            loc: Loc = ("connections", connection.name, *(() if external else ("secret", "existing")))
            message = f"OpenShift AI writes the Secret {_STORAGE_CONFIG} itself, from all connections of a namespace"
            hint = "name the connection's own Secret" if not external else "choose another name for the connection"
            yield Violation(loc, "reserved-name", message, hint, at_key=external)


_STORAGE_CONFIG: Final = "storage-config"
"""DefaultStorageConfig in opendatahub-io/odh-model-controller internal/controller/constants/constants.go @ odh-v3.4."""


def _applications(catalog: Catalog) -> Iterator[Violation]:
    """Argo CD tracks what it deployed by a label with the application's name, which it cuts where it is too long.

    LabelMaxLength in argoproj/argo-cd util/argo/resource_tracking.go @ v3.5.1.
    """
    if catalog.argocd is None:
        return
    clusters: dict[str, str] = {}
    for name, _, part, cluster, _, _, _, loc in applications(catalog, catalog.argocd):
        at_key = len(loc) == _ENTRY
        if len(name) > _LABEL_LENGTH:
            message = f"Argo CD's application '{name}' has {len(name)} characters, and a label takes {_LABEL_LENGTH}"
            hint = f"shorten the {'environment' if at_key else 'cluster'}'s name, or platform.argocd.project"
            yield Violation(loc, "name-too-long", message, hint, at_key=at_key)
        other = clusters.setdefault(name, cluster) if part == "platform" else cluster
        if other != cluster:
            message = f"Argo CD's application '{name}' would be that of cluster '{other}', too"
            yield Violation(loc, "duplicate-name", message, "give one of the clusters another name in Argo CD")


def _clusters(catalog: Catalog) -> Iterator[Violation]:
    """What is a cluster's, and so the same for all its environments; without Argo CD, `cluster` may not be set."""
    first: dict[str, Environment] = {}
    for environment in catalog.environments.values() if catalog.argocd else ():
        other = first.setdefault(environment.cluster, environment)
        for field, one, two in (
            ("target", other.target, environment.target),
            ("dashboardNamespace", other.dashboard_namespace, environment.dashboard_namespace),
        ):
            if one != two:
                written = field in catalog.data["environments"][environment.name]
                name = environment.name if written else other.name
                message = f"{field} is {one} in {other.name} and {two} in {environment.name}, which are on one cluster"
                hint = f"write one {field} for both, or set `cluster` of each to its name in Argo CD"
                yield Violation(("environments", name, field), "mixed-cluster", message, hint)


_LABEL_LENGTH: Final = 63
_ENTRY: Final = 2
"""The length of a path to an environment."""


def _namespaces(catalog: Catalog) -> Iterator[Violation]:
    owners: dict[tuple[str, str], str] = {}
    for environment, namespace, loc in (*_own_namespaces(catalog), *_overridden_namespaces(catalog)):
        platform = namespace in _PLATFORM_NAMESPACES or namespace.startswith(_PLATFORM_PREFIXES)
        if platform or namespace == environment.dashboard_namespace:
            message = f"models cannot be served in '{namespace}', a namespace of the platform"
            yield Violation(loc, "reserved-namespace", message, "use a namespace of your own")
        owner = owners.setdefault((environment.cluster, namespace), environment.name)
        if owner != environment.name:
            message = f"namespace '{namespace}' on cluster '{environment.cluster}' belongs to environment '{owner}'"
            hint = "give each environment its own namespace, or set its `cluster`"
            yield Violation(loc, "shared-namespace", message, hint)


def _own_namespaces(catalog: Catalog) -> Iterator[tuple[Environment, str, Loc]]:
    for environment in catalog.environments.values():
        yield environment, environment.namespace, ("environments", environment.name, "namespace")


def _overridden_namespaces(catalog: Catalog) -> Iterator[tuple[Environment, str, Loc]]:
    for model in catalog.models:
        for served in model.served:
            environment = catalog.environments[str(served.environment)]
            if served.namespace is not None and served.namespace != environment.namespace:
                yield environment, served.namespace, catalog.origin(served, "namespace")


def _metadata(catalog: Catalog) -> Iterator[Violation]:
    for served in catalog.forms():
        for field, pairs in (("labels", served.labels), ("annotations", served.annotations)):
            for key in pairs:
                if hint := _owned(key):
                    message = f"'{key}' is reserved for the platform, and cannot be set here"
                    yield Violation(catalog.origin(served, field, key), "owned-metadata", message, hint, at_key=True)
                elif not reads_as_text(key):
                    message = f"kustomize writes the key '{key}' without quotes, so it would not be read as text"
                    hint = "prefix it with a domain, as in 'example.com/key'"
                    yield Violation(catalog.origin(served, field, key), "invalid-label", message, hint, at_key=True)


def _owned(key: str) -> str | None:
    """What to do instead, if a key of metadata is not for users."""
    domain = key.rpartition("/")[0]
    if key in _OWNED_KEYS or domain == _RECOMMENDED:
        return _OWNED_KEYS.get(key)
    return _FIELD_OR_DOMAIN if f".{domain}".endswith(_DOTTED_DOMAINS) else None


def _variables(catalog: Catalog) -> Iterator[Violation]:
    blocked = frozenset[str]().union(*(catalog.target_of(name).blocked_env for name in catalog.environments))
    for runtime in catalog.runtimes.values():
        for variable, _ in runtime.env:
            yield from _variable(variable, ("runtimes", runtime.name, "env", variable), blocked)
    for served in catalog.deployed():
        blocked = catalog.target_of(served.environment).blocked_env
        for field, variables in (("env", served.env), ("envValueFrom", served.env_value_from)):
            for variable in variables:
                yield from _variable(variable, catalog.origin(served, field, variable), blocked)


def _variable(variable: str, loc: Loc, blocked: frozenset[str]) -> Iterator[Violation]:
    if variable in _OWNED_ENV:
        reason, hint = _OWNED_ENV[variable]
        yield Violation(loc, "owned-env", f"{variable} is set by this tool: {reason}", hint, at_key=True)
    if variable in blocked:
        message = f"KServe's admission webhook refuses the variable {variable}"
        yield Violation(loc, "blocked-env", message, "remove it", at_key=True)


OF_THE_TARGET = (_lengths, _clusters, _variables)
RULES = (_unique, _aliases, _lengths, _reserved, _applications, _clusters, _namespaces, _metadata, _variables)
