"""The catalog as the compiler sees it: defaults applied, references followed, nothing optional by accident.

Named tuples, not frozen dataclasses: as immutable, and made in a third of the time, of which a start would notice.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from generator.catalog import layers
from generator.codes import Code
from generator.diagnostics import Loc, Severity
from generator.releases import TARGETS, Target
from generator.vllm.versions import Version

if TYPE_CHECKING:
    from generator.catalog.contract import catalog as contract

GPU: Final = "nvidia.com/gpu"
"""opendatahub-io/odh-model-controller config/runtimes/vllm-cuda-template.yaml @ odh-v3.4."""
IN_CLUSTER: Final = "in-cluster"
"""Argo CD's name for the cluster it runs in: argoproj/argo-cd docs/operator-manual/declarative-setup.md @ v3.5.1."""


class Violation(NamedTuple):
    """A rule that the catalog breaks, at a path into it. The message ends with the line of `other`, if there is one.

    `at_key` points at the key instead of its value.
    """

    loc: Loc
    code: Code
    message: str
    hint: str | None = None
    severity: Severity = Severity.ERROR
    at_key: bool = False
    other: Loc | None = None


class ArgoCD(NamedTuple):
    """Where Argo CD finds this repository, under which project it syncs, and as which account."""

    repo_url: str
    target_revision: str
    namespace: str
    project: str
    service_account: str


class Runtime(NamedTuple):
    """A serving runtime of the dashboard's list."""

    name: str
    display_name: str
    description: str | None
    task: str
    image: str
    vllm_version: Version
    accelerators: tuple[str, ...]
    args: tuple[str, ...]
    env: tuple[tuple[str, str], ...]


class ExternalSecret(NamedTuple):
    """Where the External Secrets operator finds the two keys of a data connection."""

    store: str
    store_kind: str
    key: str
    access_key_property: str
    secret_key_property: str


class Connection(NamedTuple):
    """An S3 data connection. `secret_name` is the Secret in the models' namespace."""

    name: str
    display_name: str
    description: str | None
    endpoint: str
    region: str
    bucket: str
    prefix: str
    secret_name: str
    external_secret: ExternalSecret | None


class EnvironmentArgoCD(NamedTuple):
    """How Argo CD syncs an environment; `target_revision` is None where it is that of `ArgoCD`."""

    target_revision: str | None
    sync: str


class Environment(NamedTuple):
    """A namespace on a cluster, and the accelerators that may be asked for there.

    `target` is the OpenShift AI release of the cluster, and `dashboard_namespace` that of its dashboard.
    """

    name: str
    namespace: str
    cluster: str
    target: str
    dashboard_namespace: str
    argocd: EnvironmentArgoCD
    gpu_quota: int | None
    mig_quota: Mapping[str, int]


class Autoscaling(NamedTuple):
    """`target` is per replica: requests in flight, or percent of the requested CPU."""

    min_replicas: int
    max_replicas: int
    metric: str
    target: int


class ServedModel(NamedTuple):
    """One model in one environment, or, with `environment` and `namespace` None, its environment-neutral form.

    `entry` is its place in the list `models`.
    """

    entry: int
    name: str
    environment: str | None
    namespace: str | None
    display_name: str
    description: str | None
    repo: str
    commit: str
    task: str
    max_model_len: int
    dimensions: int | None
    runtime: str
    connection: str
    replicas: int
    autoscaling: Autoscaling | None
    max_surge: int
    cpu: str
    memory: str
    accelerator: str
    gpus: int
    hardware_profile: tuple[str, str] | None
    queue: str | None
    priority_class_name: str | None
    node_selector: Mapping[str, str]
    tolerations: tuple[Mapping[str, Any], ...]
    topology_spread_constraints: tuple[Mapping[str, Any], ...]
    affinity: Mapping[str, Any]
    pod_disruption_budget: bool
    args: tuple[str, ...]
    env: Mapping[str, str]
    env_value_from: Mapping[str, Mapping[str, Any]]
    shm_size: str | None
    startup_timeout_s: int
    image_pull_secrets: tuple[Mapping[str, str], ...]
    service_account_name: str | None
    aliases: tuple[str, ...]
    exposed: bool
    host: str | None
    auth: bool
    timeout_s: int | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    stopped: bool

    @property
    def callers_account(self) -> str:
        """The ServiceAccount whose token callers send, if `auth` is on."""
        return f"{self.name}-sa"

    @property
    def route_name(self) -> str:
        """The name of a Route with a chosen host. The platform's own has the model's name."""
        return f"{self.name}-route"

    @property
    def most_replicas(self) -> int:
        """Pods that may run at once, the surge of a rollout included."""
        return 0 if self.stopped else self.steady_replicas + self.max_surge

    @property
    def has_budget(self) -> bool:
        """Whether a drain must leave some of its replicas alone."""
        return self.pod_disruption_budget and self.steady_replicas > 1

    @property
    def steady_replicas(self) -> int:
        """Pods outside a rollout; with autoscaling, the most of them."""
        if self.stopped:
            return 0
        return self.autoscaling.max_replicas if self.autoscaling else self.replicas


class Model(NamedTuple):
    """A model: its neutral form and what it becomes in each environment that it is deployed to."""

    base: ServedModel
    served: tuple[ServedModel, ...]

    @property
    def name(self) -> str:
        """The model's name, and that of its InferenceService and ServingRuntime."""
        return self.base.name


class Catalog(NamedTuple):
    """The whole catalog.

    `id` tells it from others that fill the same buckets. It must not change with the contents, and two branches that
    are both deployed are two catalogs. `target` and `dashboard_namespace` are those of the bases. `data` is what was
    written, for finding where a resolved value came from.
    """

    id: str | None
    target: Target
    dashboard_namespace: str
    argocd: ArgoCD | None
    runtimes: Mapping[str, Runtime]
    connections: Mapping[str, Connection]
    environments: Mapping[str, Environment]
    models: tuple[Model, ...]
    data: "contract.Catalog"

    def entries(self) -> Sequence["contract.Model[None] | None"]:
        """The models as written; None stands for one that broke the contract and was set aside."""
        return self.data["models"]

    def forms(self) -> Iterator[ServedModel]:
        """Every form of every model, the neutral ones included."""
        for model in self.models:
            yield model.base
            yield from model.served

    def revisions(self) -> Iterator[str]:
        """The Git revision that each environment follows, as far as it is known."""
        for environment in self.environments.values():
            revision = environment.argocd.target_revision or (self.argocd and self.argocd.target_revision)
            if revision:
                yield revision

    def deployed(self) -> Iterator[ServedModel]:
        """Every form that reaches a cluster; of a model that does not, the neutral one."""
        for model in self.models:
            yield from model.served or (model.base,)

    def releases(self) -> tuple[str, ...]:
        """The OpenShift AI releases that the environments run, in their order."""
        used = {environment.target for environment in self.environments.values()}
        return tuple(release for release in TARGETS if release in used)

    def target_of(self, environment: str | None) -> Target:
        """The OpenShift AI release that an environment is compiled for; the neutral forms are for the catalog's own."""
        return TARGETS[self.environments[environment].target] if environment is not None else self.target

    def origin(self, served: ServedModel, *path: str | int) -> Loc:
        """Where the value at `path` of a served model was written."""
        return layers.origin(self.data, served.entry, served.environment, path)
