"""What was written → what is meant: layers merged, defaults applied, references followed.

A model is `defaults` merged with its entry; in an environment, each of the two with its `overrides.<environment>`.
Merging is JSON Merge Patch (RFC 7386): maps merge key by key, scalars and lists replace, `null` removes. The items of
`extraArgs` and `extraTolerations` are appended.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Never, TypeAlias, cast

from generator.catalog.layers import lay, origin, removed, value_at, with_defaults
from generator.catalog.model import (
    ArgoCD,
    Autoscaling,
    Catalog,
    Connection,
    Environment,
    ExternalSecret,
    Model,
    Runtime,
    ServedModel,
    Violation,
)
from generator.codes import Code
from generator.diagnostics import Loc, choice, correction
from generator.releases import TARGETS
from generator.vllm.versions import Version, parse

if TYPE_CHECKING:  # pydantic, which the contract imports, would double the time of a start
    from generator.catalog.contract import blocks, connection, settings
    from generator.catalog.contract import catalog as contract

    Merged: TypeAlias = contract.Model[Never]

_NO_LAYER: Final[dict[str, Any]] = {}
_Where = tuple[int, str | None]  # a model's index, an environment's name


def resolve(data: "contract.Catalog") -> tuple[Catalog, list[Violation]]:
    """Resolve validated data. A model that cannot be resolved is left out and its violations are returned."""
    platform = with_defaults("Platform", data["platform"])
    target = TARGETS[platform["target"]]
    argocd = with_defaults("ArgoCD", platform["argocd"]) if "argocd" in platform else None
    resolver = _ModelResolver(data, platform["dashboardNamespace"])
    models = [model for index in range(len(data["models"])) if (model := resolver.model(index))]
    catalog = Catalog(
        id=data.get("name") or (f"{argocd['repoURL']}#{argocd['targetRevision']}" if argocd else None),
        target=target,
        dashboard_namespace=platform["dashboardNamespace"],
        argocd=ArgoCD(argocd["repoURL"], argocd["targetRevision"], argocd["namespace"], argocd["project"])
        if argocd
        else None,
        runtimes={name: _runtime(name, raw, target.vllm) for name, raw in sorted(data["runtimes"].items())},
        connections={name: _connection(name, raw) for name, raw in sorted(data["connections"].items())},
        environments=resolver.environments,
        models=tuple(sorted(models, key=lambda model: model.name)),
        data=data,
    )
    return catalog, list(resolver.violations)


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


def _environment(name: str, given: "contract.Environment") -> Environment:
    raw = with_defaults("Environment", given)
    return Environment(name, raw["namespace"], raw["cluster"], raw.get("gpuQuota"), raw["migQuota"])


class _ModelResolver:
    """Resolves models one by one against the names that the catalog declares."""

    def __init__(self, data: "contract.Catalog", dashboard_namespace: str) -> None:
        self.violations: dict[Violation, None] = {}
        self.environments = {name: _environment(name, raw) for name, raw in sorted(data["environments"].items())}
        self._dashboard_namespace = dashboard_namespace
        self._data = data
        self._models: Sequence[contract.Model[None] | None] = data["models"]  # None was set aside by `validate`
        self._defaults: settings.Layer[None] = data.get("defaults", {})
        self._lowest = lay(_NO_LAYER, self._defaults)  # there is nothing below for a `null` to remove
        self._presets = self._defaults.get("overrides", {})
        self._lowest_in = {name: lay(self._lowest, preset) for name, preset in self._presets.items()}
        self._runtime_tasks: dict[str, str] = {name: raw["task"] for name, raw in data["runtimes"].items()}

    def model(self, index: int) -> Model | None:
        """The model at `index`, or None with the reasons in `violations`."""
        own = self._models[index]
        if own is None:
            return None
        merged, overrides = lay(self._lowest, own), own.get("overrides", {})
        deploy_to = merged.get("deployTo")
        self._check_environments(index, deploy_to or (), dict.fromkeys((*self._presets, *overrides)))
        base = self._served(index, merged, None)
        served = []
        for name, environment in self.environments.items():
            if deploy_to is None or name in deploy_to:
                form = lay(self._lowest_in[name], own) if name in self._lowest_in else merged
                form = lay(form, overrides[name]) if name in overrides else form
                served.append(self._served(index, form, environment))
        forms = tuple(form for form in served if form is not None)
        return Model(base, forms) if base and len(forms) == len(served) else None

    def _served(self, index: int, merged: Mapping[str, Any], environment: Environment | None) -> ServedModel | None:
        where = (index, environment.name if environment else None)
        complete, runtime = self._complete(where, merged), self._runtime(where, merged)
        connection = self._connection(where, merged)
        if not complete or runtime is None or connection is None:
            return None
        raw = with_defaults("Model", cast("Merged", merged))
        source, files = raw["source"], with_defaults("Files", raw["files"])
        resources = with_defaults("Resources", raw["resources"])
        return ServedModel(
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
            hardware_profile=self._hardware_profile(raw.get("hardwareProfile")),
            queue=raw.get("queue"),
            node_selector=_sorted(raw["nodeSelector"]),
            tolerations=tuple(raw["tolerations"]),
            args=tuple(raw["args"]),
            env=_sorted(raw["env"]),
            exposed=raw["expose"],
            auth=raw["auth"],
            timeout_s=raw.get("timeout"),
            labels=_sorted(raw["labels"]),
            annotations=_sorted(raw["annotations"]),
            include=tuple(files["include"]),
            exclude=tuple(files["exclude"]),
            stopped=raw["stopped"],
        )

    def _complete(self, where: _Where, raw: Mapping[str, Any]) -> bool:
        """Whether nothing that is needed is missing from a model, or gone by an override."""
        index, environment = where
        missing = [path for path in _required(raw) if value_at(raw, path) is None]
        for path in missing:
            above = path[:-1] if isinstance(value_at(self._models[index], path[:-1]), dict) else ()
            at: Loc = ("models", index, *above)
            message = f"needs {'.'.join(path)}"
            lack = Violation(at, "missing-field", message, "set it here or in defaults", at_key=True)
            if environment is not None and lack not in self.violations:
                at, message = removed(self._data, index, environment, path[0]), f"{message} in {environment}"
                lack = Violation(at, "missing-field", message, "set it in the override", at_key=True)
            self._violate(lack)
        return not missing

    def _check_environments(self, index: int, deploy_to: Iterable[str], overrides: Iterable[str]) -> None:
        for position, name in enumerate(deploy_to):
            if name not in self.environments:
                at = origin(self._data, index, None, ("deployTo", position))
                self._unknown("unknown-environment", name, at, self.environments)
        for name in overrides:
            if name not in self.environments:
                at = origin(self._data, index, None, ("overrides", name))
                self._unknown("unknown-environment", name, at, self.environments, at_key=True)

    def _runtime(self, where: _Where, raw: Mapping[str, Any]) -> str | None:
        name, task = raw.get("runtime"), raw.get("task")
        if name in self._runtime_tasks:
            return str(name)
        if name is not None:
            self._unknown("unknown-runtime", name, origin(self._data, *where, ("runtime",)), self._runtime_tasks)
        elif task is not None:
            fitting: list[str] = sorted(runtime for runtime, of in self._runtime_tasks.items() if of == task)
            if len(fitting) == 1:
                return fitting[0]
            if fitting:
                message = f"more than one runtime serves the task {task}: {', '.join(fitting)}"
                self._violate(Violation(("models", where[0]), "ambiguous-runtime", message, "set `runtime` to one"))
            else:
                at, message = origin(self._data, *where, ("task",)), f"no runtime serves the task {task}"
                self._violate(Violation(at, "no-runtime", message, "add one under `runtimes`"))
        return None

    def _connection(self, where: _Where, raw: Mapping[str, Any]) -> str | None:
        declared, name = self._data["connections"], raw.get("connection")
        if name in declared:
            return str(name)
        if name is not None:
            self._unknown("unknown-connection", name, origin(self._data, *where, ("connection",)), declared)
        elif len(declared) == 1:
            return str(next(iter(declared)))
        else:
            self._violate(
                Violation(("models", where[0]), "missing-field", "needs connection", choice(sorted(declared)))
            )
        return None

    def _hardware_profile(self, raw: "blocks.HardwareProfile[Never] | None") -> tuple[str, str] | None:
        return (raw["name"], raw.get("namespace", self._dashboard_namespace)) if raw else None

    def _unknown(self, code: Code, name: str, loc: Loc, known: Collection[str], *, at_key: bool = False) -> None:
        message, hint = f"{code.replace('-', ' ')} '{name}'", correction(name, known)
        self._violate(Violation(loc, code, message, hint, at_key=at_key))

    def _violate(self, violation: Violation) -> None:
        self.violations[violation] = None


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
