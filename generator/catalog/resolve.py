"""What was written → what is meant: layers merged, defaults applied, references followed.

A model is `defaults` merged with its entry; in an environment, each of the two with its `overrides.<environment>`; and
between the two, with the class that the strongest of these chooses.
Merging is JSON Merge Patch (RFC 7386): maps merge key by key, scalars and lists replace, `null` removes. The items of
`extraArgs` and `extraTolerations` are appended.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Never, TypeAlias, cast

from generator.catalog.declared import Declared, Where
from generator.catalog.layers import class_of, lay, removed, value_at, with_defaults
from generator.catalog.model import (
    ArgoCD,
    Autoscaling,
    Catalog,
    Connection,
    Environment,
    EnvironmentArgoCD,
    ExternalSecret,
    Model,
    Runtime,
    ServedModel,
    Violation,
)
from generator.catalog.sound import Sound
from generator.diagnostics import Loc
from generator.releases import TARGETS
from generator.vllm.versions import Version, parse

if TYPE_CHECKING:  # pydantic, which the contract imports, would double the time of a start
    from generator.catalog.contract import blocks, connection, environment
    from generator.catalog.contract import catalog as contract

    Merged: TypeAlias = contract.Model[Never]

_NO_LAYER: Final[dict[str, Any]] = {}


def resolve(sound: Sound) -> tuple[Catalog, list[Violation]]:
    """Resolve what is sound. A model that cannot be resolved is left out and its violations are returned."""
    data = sound.data
    platform = with_defaults("Platform", data["platform"])
    target = TARGETS[platform["target"]]
    argocd = with_defaults("ArgoCD", platform["argocd"]) if "argocd" in platform else None
    runtimes = {
        name: _runtime(name, raw, target.vllm)
        for name, raw in sorted(data["runtimes"].items())
        if sound.target_known or "vllmVersion" in raw
    }
    resolver = _ModelResolver(sound, runtimes, platform)
    models = [model for index in range(len(data["models"])) if (model := resolver.model(index))]
    catalog = Catalog(
        id=data.get("name") or (f"{argocd['repoURL']}#{argocd['targetRevision']}" if argocd else None),
        target=target,
        dashboard_namespace=platform["dashboardNamespace"],
        argocd=_argocd(argocd) if argocd else None,
        runtimes=runtimes,
        connections={name: _connection(name, raw) for name, raw in sorted(data["connections"].items())},
        environments=resolver.environments,
        models=tuple(sorted(models, key=lambda model: model.name)),
        data=data,
    )
    return catalog, list(resolver.declared.violations)


def _runtime(name: str, given: "contract.Runtime", vllm: Version) -> Runtime:
    raw = with_defaults("Runtime", given)
    return Runtime(
        name=name,
        display_name=raw["displayName"],
        description=raw.get("description"),
        task=raw["task"],
        image=raw["image"],
        vllm_version=parse(raw["vllmVersion"]) if "vllmVersion" in raw else vllm,
        accelerators=tuple(raw["accelerators"]),
        args=tuple(raw["args"]),
        env=tuple(sorted(raw["env"].items())),
    )


def _argocd(raw: Mapping[str, Any]) -> ArgoCD:
    return ArgoCD(raw["repoURL"], raw["targetRevision"], raw["namespace"], raw["project"], raw["serviceAccount"])


def _connection(name: str, given: "connection.Connection") -> Connection:
    raw = with_defaults("Connection", given)
    external = raw["secret"].get("externalSecret")
    return Connection(
        name=name,
        display_name=raw["displayName"],
        description=raw.get("description"),
        endpoint=raw["endpoint"],
        region=raw["region"],
        bucket=raw["bucket"],
        prefix=raw["prefix"],
        secret_name=raw["secret"].get("existing", name),
        external_secret=_external_secret(external) if external else None,
    )


def _external_secret(given: "connection.ExternalSecret") -> ExternalSecret:
    raw = with_defaults("ExternalSecret", given)
    return ExternalSecret(
        store=raw["store"],
        store_kind=raw["storeKind"],
        key=raw["key"],
        access_key_property=raw["accessKeyProperty"],
        secret_key_property=raw["secretKeyProperty"],
    )


def _environment(name: str, given: "environment.Environment", platform: "contract.Platform") -> Environment:
    raw = with_defaults("Environment", given)
    argocd = with_defaults("EnvironmentArgoCD", raw["argocd"])
    return Environment(
        name=name,
        namespace=raw["namespace"],
        cluster=raw["cluster"],
        target=raw.get("target", platform["target"]),
        dashboard_namespace=raw.get("dashboardNamespace", platform["dashboardNamespace"]),
        argocd=EnvironmentArgoCD(argocd.get("targetRevision"), argocd["sync"]),
        gpu_quota=raw.get("gpuQuota"),
        mig_quota=raw["migQuota"],
    )


class _ModelResolver:
    """Resolves models one by one against the names that the catalog declares."""

    def __init__(self, sound: Sound, runtimes: Collection[str], platform: "contract.Platform") -> None:
        data = sound.data
        self.environments = {
            name: _environment(name, raw, platform) for name, raw in sorted(data["environments"].items())
        }
        self._dashboard_namespace = platform["dashboardNamespace"]
        self._runtimes, self._named = runtimes, sound.named
        self._models: Sequence[Any] = [sound.named.get(index, own) for index, own in enumerate(data["models"])]
        # A model that cannot be resolved is laid over what `defaults` names, and nothing else is looked at.
        self._defaults: Any = data.get("defaults", sound.named_defaults)
        self._data: Any = {**data, "defaults": self._defaults, "models": self._models}
        self._classes: Any = data.get("classes", {})
        self._lowest = lay(_NO_LAYER, self._defaults)  # there is nothing below for a `null` to remove
        self._presets = self._defaults.get("overrides") or {}
        self._lowest_in = {name: lay(self._lowest, preset) for name, preset in self._presets.items()}
        self.declared = Declared(sound, self._data)

    def model(self, index: int) -> Model | None:
        """The model at `index`, or None with the reasons in `declared.violations`."""
        own = self._models[index]
        overrides = own.get("overrides") or {}
        deploy_to = own["deployTo"] if "deployTo" in own else self._lowest.get("deployTo")
        self.declared.environments(index, deploy_to or (), dict.fromkeys((*self._presets, *overrides)))
        base_form = self._merged((index, None), own, None)
        forms: list[tuple[Mapping[str, Any] | None, Environment | None]] = [(base_form, None)]
        for name, environment in self.environments.items():
            if deploy_to is None or name in deploy_to:
                plain = name not in self._lowest_in and name not in overrides
                form = base_form if plain else self._merged((index, name), own, overrides.get(name))
                forms.append((form, environment))
        if index in self._named:
            for named, at in forms:
                self.declared.names((index, at.name if at else None), named or {})
            return None
        base, *served = [self._served(index, form, at) if form is not None else None for form, at in forms]
        resolved = tuple(form for form in served if form is not None)
        return Model(base, resolved) if base and len(resolved) == len(served) else None

    def _merged(self, where: Where, own: Any, override: Any) -> Mapping[str, Any] | None:
        """A model's layers laid over each other; None where the class among them is not known."""
        below = self._lowest_in.get(where[1], self._lowest) if where[1] is not None else self._lowest
        chosen = class_of((below, own, override))
        if chosen is not None:
            self.declared.size(where, chosen)
            if chosen not in self._classes:
                self.declared.names(where, lay(lay(below, own), override or _NO_LAYER))
                return None
            below = lay(below, self._classes[chosen])
        merged = lay(below, own)
        return lay(merged, override) if override else merged

    def _served(self, index: int, merged: Mapping[str, Any], environment: Environment | None) -> ServedModel | None:
        where = (index, environment.name if environment else None)
        complete, runtime = self._complete(where, merged), self.declared.runtime(where, merged)
        connection = self.declared.connection(where, merged)
        if not complete or runtime is None or runtime not in self._runtimes or connection is None:
            return None
        raw = with_defaults("Model", cast("Merged", merged))
        source, files = raw["source"], with_defaults("Files", raw["files"])
        resources = with_defaults("Resources", raw["resources"])
        return ServedModel(  # a line for each field
            entry=index,
            name=raw["name"],
            environment=environment.name if environment else None,
            namespace=raw.get("namespace", environment.namespace) if environment else None,
            display_name=raw.get("displayName", raw["name"]),
            description=raw.get("description"),
            repo=source["repo"],
            commit=source["revision"],
            task=raw["task"],
            max_model_len=raw["maxModelLen"],
            dimensions=raw.get("dimensions"),
            runtime=runtime,
            connection=connection,
            replicas=raw["replicas"],
            autoscaling=_autoscaling(raw.get("autoscaling")),
            max_surge=raw["maxSurge"],
            cpu=resources["cpu"],
            memory=resources["memory"],
            accelerator=resources["accelerator"],
            gpus=resources["gpu"],
            hardware_profile=self._hardware_profile(raw.get("hardwareProfile"), environment),
            queue=raw.get("queue"),
            priority_class_name=raw.get("priorityClassName"),
            node_selector=_sorted(raw["nodeSelector"]),
            tolerations=tuple(raw["tolerations"]),
            topology_spread_constraints=tuple(raw["topologySpreadConstraints"]),
            affinity=raw["affinity"],
            pod_disruption_budget=raw["podDisruptionBudget"],
            args=tuple(raw["args"]),
            env=_sorted(raw["env"]),
            env_value_from=cast("Mapping[str, Mapping[str, Any]]", raw["envValueFrom"]),
            shm_size=raw.get("shmSize"),
            startup_timeout_s=raw["startupTimeout"],
            image_pull_secrets=tuple(cast("Sequence[Mapping[str, str]]", raw["imagePullSecrets"])),
            service_account_name=raw.get("serviceAccountName"),
            aliases=tuple(raw["aliases"]),
            exposed=raw["expose"],
            host=raw.get("host"),
            auth=raw["auth"],
            timeout_s=raw.get("timeout"),
            labels=_sorted(raw["labels"]),
            annotations=_sorted(raw["annotations"]),
            include=tuple(files["include"]),
            exclude=tuple(files["exclude"]),
            stopped=raw["stopped"],
        )

    def _complete(self, where: Where, raw: Mapping[str, Any]) -> bool:
        """Whether nothing that is needed is missing from a model, or gone by an override."""
        index, environment = where
        missing = [path for path in _required(raw) if value_at(raw, path) is None]
        for path in missing:
            above = path[:-1] if isinstance(value_at(self._models[index], path[:-1]), dict) else ()
            at: Loc = ("models", index, *above)
            message = f"needs {'.'.join(path)}"
            lack = Violation(at, "missing-field", message, "set it here or in defaults", at_key=True)
            if environment is not None and lack not in self.declared.violations:
                at, message = removed(self._data, index, environment, path[0]), f"{message} in {environment}"
                lack = Violation(at, "missing-field", message, "set it in the override", at_key=True)
            self.declared.violate(lack)
        return not missing

    def _hardware_profile(
        self, raw: "blocks.HardwareProfile[Never] | None", environment: Environment | None
    ) -> tuple[str, str] | None:
        dashboard = environment.dashboard_namespace if environment else self._dashboard_namespace
        return (raw["name"], raw.get("namespace", dashboard)) if raw else None


def _required(raw: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    yield ("source", "repo")
    yield ("source", "revision")
    yield ("task",)
    yield ("maxModelLen",)
    if raw.get("task") == "embedding":
        yield ("dimensions",)
    yield ("resources", "cpu")
    yield ("resources", "memory")
    if raw.get("hardwareProfile") is not None:
        yield ("hardwareProfile", "name")
    if raw.get("autoscaling") is not None:
        yield ("autoscaling", "max")


def _autoscaling(given: "blocks.Autoscaling[Never] | None") -> Autoscaling | None:
    if not given:
        return None
    raw = with_defaults("Autoscaling", given)
    return Autoscaling(raw["min"], raw["max"], raw["metric"], raw["target"])


def _sorted(raw: Mapping[str, str]) -> Mapping[str, str]:
    return dict(sorted(raw.items())) if raw else _NO_LAYER
