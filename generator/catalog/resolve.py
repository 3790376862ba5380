"""What was written → what is meant: layers merged, defaults applied, references followed.

A model is `defaults` merged with its entry; in an environment, that merged with `overrides.<environment>`.
Merging is JSON Merge Patch (RFC 7386): maps merge key by key, scalars and lists replace, `null` removes.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from generator.catalog.model import (
    GPU,
    IN_CLUSTER,
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
    origin,
)
from generator.codes import Code
from generator.diagnostics import Loc, suggestion
from generator.releases import TARGETS
from generator.vllm.versions import Version, parse

_NO_LAYER: Final[dict[str, Any]] = {}
_Where = tuple[int, str | None]  # a model's index, an environment's name
_DEFAULT_TARGET: Final = {"requests": 8, "cpu": 80}


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below` by RFC 7386."""
    merged = dict(below)
    for key, value in above.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            lower = merged.get(key)
            merged[key] = merge(lower if isinstance(lower, dict) else _NO_LAYER, value)
        else:
            merged[key] = value
    return merged


def resolve(data: Mapping[str, Any]) -> tuple[Catalog, list[Violation]]:
    """Resolve validated data. A model that cannot be resolved is left out and its violations are returned."""
    platform = data["platform"]
    target = TARGETS[platform["target"]]
    argocd = platform.get("argocd")
    names = _Names(data)
    models = [model for index in range(len(data["models"])) if (model := names.model(index))]
    catalog = Catalog(
        target=target,
        dashboard_namespace=names.dashboard_namespace,
        argocd=_argocd(argocd) if argocd else None,
        runtimes={name: _runtime(name, raw, target.vllm) for name, raw in sorted(data["runtimes"].items())},
        connections={name: _connection(name, raw) for name, raw in sorted(data["connections"].items())},
        environments=names.environments,
        models=tuple(sorted(models, key=lambda model: model.name)),
        data=data,
    )
    return catalog, list(names.violations)


def _argocd(raw: Mapping[str, Any]) -> ArgoCD:
    return ArgoCD(
        raw["repoURL"],
        raw.get("targetRevision", "main"),
        raw.get("namespace", "openshift-gitops"),
        raw.get("project", "models"),
    )


def _runtime(name: str, raw: Mapping[str, Any], vllm: Version) -> Runtime:
    return Runtime(
        name=name,
        display_name=raw["displayName"],
        description=raw.get("description"),
        task=raw["task"],
        image=raw["image"],
        vllm_version=parse(raw["vllmVersion"]) if "vllmVersion" in raw else vllm,
        accelerators=tuple(raw.get("accelerators", (GPU,))),
        args=tuple(raw.get("args", ())),
        env=tuple(sorted(raw.get("env", _NO_LAYER).items())),
    )


def _connection(name: str, raw: Mapping[str, Any]) -> Connection:
    external = raw["secret"].get("externalSecret")
    return Connection(
        name=name,
        display_name=raw["displayName"],
        description=raw.get("description"),
        endpoint=raw["endpoint"],
        region=raw.get("region", "us-east-1"),
        bucket=raw["bucket"],
        prefix=raw.get("prefix", "models"),
        secret_name=raw["secret"].get("existing", name),
        external_secret=external
        and ExternalSecret(
            store=external["store"],
            store_kind=external.get("storeKind", "ClusterSecretStore"),
            key=external["key"],
            access_key_property=external.get("accessKeyProperty", "AWS_ACCESS_KEY_ID"),
            secret_key_property=external.get("secretKeyProperty", "AWS_SECRET_ACCESS_KEY"),
        ),
    )


def _environment(name: str, raw: Mapping[str, Any]) -> Environment:
    return Environment(
        name, raw["namespace"], raw.get("cluster", IN_CLUSTER), raw.get("gpuQuota"), raw.get("migQuota", _NO_LAYER)
    )


class _Names:
    """Resolves models one by one against the names that the catalog declares."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.violations: dict[Violation, None] = {}
        self.dashboard_namespace: str = data["platform"].get("dashboardNamespace", "redhat-ods-applications")
        self.environments = {name: _environment(name, raw) for name, raw in sorted(data["environments"].items())}
        self._data = data
        self._defaults: Mapping[str, Any] = data.get("defaults", _NO_LAYER)
        self._lowest = merge(_NO_LAYER, self._defaults)  # there is nothing below for a `null` to remove
        self._runtime_tasks: dict[str, str] = {name: raw["task"] for name, raw in data["runtimes"].items()}

    def model(self, index: int) -> Model | None:
        """The model at `index`, or None with the reasons in `violations`."""
        if self._data["models"][index] is None:
            return None  # set aside by `validate`
        merged = merge(self._lowest, self._data["models"][index])
        merged.pop("overrides", None)
        layers = self._overrides(index)
        deploy_to = merged.get("deployTo")
        self._check_environments(index, deploy_to or (), dict.fromkeys(name for layer in layers for name in layer))
        base = self._served(index, merged, None)
        served = []
        for environment in self.environments.values():
            if deploy_to is None or environment.name in deploy_to:
                form = merged
                for layer in layers:  # one by one: merged with each other first, they would lose their `null`s
                    form = merge(form, layer[environment.name]) if environment.name in layer else form
                served.append(self._served(index, form, environment))
        forms = tuple(form for form in served if form is not None)
        return Model(base, forms) if base and len(forms) == len(served) else None

    def _overrides(self, index: int) -> tuple[Mapping[str, Any], ...]:
        """What differs by environment, weakest first; the model's `null` takes back what `defaults` says."""
        own = self._data["models"][index].get("overrides", _NO_LAYER)
        return () if own is None else (self._defaults.get("overrides") or _NO_LAYER, own)

    def _served(self, index: int, raw: Mapping[str, Any], environment: Environment | None) -> ServedModel | None:
        where = (index, environment.name if environment else None)
        complete, runtime = self._complete(where, raw), self._runtime(where, raw)
        connection = self._connection(where, raw)
        if not complete or runtime is None or connection is None:
            return None
        source, resources = raw["source"], raw["resources"]
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
            replicas=raw.get("replicas", 1),
            autoscaling=_autoscaling(raw.get("autoscaling")),
            max_surge=raw.get("maxSurge", 0),
            cpu=resources["cpu"],
            memory=resources["memory"],
            accelerator=resources.get("accelerator", GPU),
            gpus=resources.get("gpu", 1),
            hardware_profile=self._hardware_profile(raw.get("hardwareProfile")),
            queue=raw.get("queue"),
            node_selector=_sorted(raw.get("nodeSelector")),
            tolerations=tuple(raw.get("tolerations", ())),
            args=tuple(raw.get("args", ())),
            env=_sorted(raw.get("env")),
            exposed=raw.get("expose", False),
            auth=raw.get("auth", False),
            timeout_s=raw.get("timeout"),
            labels=_sorted(raw.get("labels")),
            annotations=_sorted(raw.get("annotations")),
            include=tuple((raw.get("files") or _NO_LAYER).get("include") or ()),
            exclude=tuple((raw.get("files") or _NO_LAYER).get("exclude") or ()),
            stopped=raw.get("stopped", False),
        )

    def _complete(self, where: _Where, raw: Mapping[str, Any]) -> bool:
        """Whether nothing that is needed is missing from a model, or gone by an override."""
        index, environment = where
        missing = [path for path in _required(raw) if _get(raw, path) is None]
        for path in missing:
            above = path[:-1] if isinstance(_get(self._data["models"][index], path[:-1]), dict) else ()
            at: Loc = ("models", index, *above)
            message = f"needs {'.'.join(path)}"
            lack = Violation(at, "missing-field", message, "set it here or in defaults", at_key=True)
            if environment is not None and lack not in self.violations:
                at, message = origin(self._data, index, environment, ()), f"{message} in {environment}"
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
            self._violate(Violation(("models", where[0]), "missing-field", "needs connection", _choice(declared)))
        return None

    def _hardware_profile(self, raw: Mapping[str, Any] | None) -> tuple[str, str] | None:
        return (raw["name"], raw.get("namespace", self.dashboard_namespace)) if raw else None

    def _unknown(self, code: Code, name: str, loc: Loc, known: Iterable[str], *, at_key: bool = False) -> None:
        hint = suggestion(name, known) or _choice(known)
        self._violate(Violation(loc, code, f"{code.replace('-', ' ')} '{name}'", hint, at_key=at_key))

    def _violate(self, violation: Violation) -> None:
        self.violations[violation] = None


def _choice(known: Iterable[str]) -> str:
    names = ", ".join(sorted(known))
    return f"choose one of {names}" if "," in names else f"write {names}"


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


def _get(raw: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        raw = raw.get(key) if isinstance(raw, dict) else None
    return raw


def _autoscaling(raw: Mapping[str, Any] | None) -> Autoscaling | None:
    if not raw:
        return None
    metric = raw.get("metric", "requests")
    return Autoscaling(raw.get("min", 1), raw["max"], metric, raw.get("target", _DEFAULT_TARGET[metric]))


def _sorted(raw: Mapping[str, str] | None) -> Mapping[str, str]:
    return dict(sorted(raw.items())) if raw else _NO_LAYER
