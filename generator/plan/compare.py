"""Two versions of a project → what the change means, per environment and model. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

from generator.catalog.model import Catalog, Environment, ServedModel
from generator.catalog.usage import MIG, asked
from generator.kube.identity import Identity
from generator.lock.lockfile import Lock
from generator.plan import objects
from generator.plan.fields import FieldChange, Record, changes
from generator.plan.objects import EnvironmentObjects, ObjectChange
from generator.plan.transfers import Transfer, transfers
from generator.tree import FileTree

ChangeKind = Literal["created", "removed", "renamed", "changed"]
Gap = Literal["none", "fewer", "all"]
"""Which of a model's replicas are missing while its pods restart."""


class Snapshot(NamedTuple):
    """A project at one moment. `rendered` is what is below rendered/ and argocd/."""

    label: str
    catalog: Catalog
    lock: Lock
    rendered: FileTree


class Restart(NamedTuple):
    """The pods of a running model are replaced."""

    pods: int
    gap: Gap


class Switch(NamedTuple):
    """`stopped` is set or unset: so many pods end for good, or start again."""

    to: Literal["stopped", "started"]
    pods: int


class ModelChange(NamedTuple):
    """What becomes of one model in one environment.

    Without `fields`, the entry means the same and only objects change: after an upgrade of the generator, or a change
    of what the model refers to. `deleted` are the objects that Argo CD deletes.
    """

    kind: ChangeKind
    name: str
    before: ServedModel | None
    after: ServedModel | None
    fields: tuple[FieldChange, ...]
    restart: Restart | None
    switch: Switch | None
    deleted: tuple[Identity, ...]


class Load(NamedTuple):
    """What is asked of one resource, surge included, and the quota, before and after; None where there is none."""

    resource: str
    before: int
    after: int
    quota_before: int | None
    quota_after: int | None


class EnvironmentChange(NamedTuple):
    """What becomes of one environment. `loads` has a row for each resource that is asked for, changed or not."""

    name: str
    kind: Literal["created", "removed", "kept"]
    models_before: int
    models_after: int
    models: tuple[ModelChange, ...]
    loads: tuple[Load, ...]
    objects: EnvironmentObjects

    @property
    def changes(self) -> bool:
        """Whether anything does."""
        return bool(self.models or self.objects.changes or self.kind != "kept")


class SharedChange(NamedTuple):
    """A change of what models refer to, such as `runtime 'vllm-embedding'`, or of the whole: `platform`."""

    subject: str
    fields: tuple[FieldChange, ...]


class Difference(NamedTuple):
    """All of it. No application syncs argocd/: what changes there is applied by hand, and what goes is deleted so."""

    before: Snapshot
    after: Snapshot
    shared: tuple[SharedChange, ...]
    environments: tuple[EnvironmentChange, ...]
    transfers: tuple[Transfer, ...]
    applied_by_hand: tuple[str, ...]
    deleted_by_hand: tuple[str, ...]

    @property
    def changes(self) -> bool:
        """Whether anything does on a cluster."""
        by_hand = self.applied_by_hand or self.deleted_by_hand
        return bool(self.shared or by_hand or any(environment.changes for environment in self.environments))


def nothing(catalog: Catalog) -> Catalog:
    """What there was before the first catalog."""
    return catalog._replace(argocd=None, runtimes={}, connections={}, environments={}, models=())


def compare(before: Snapshot, after: Snapshot) -> Difference:
    """Everything that `after` changes. Raises GeneratorError if a rendered file of `before` holds no object."""
    old, new = before.catalog, after.catalog
    was, now = _by_hand(before), _by_hand(after)
    return Difference(
        before,
        after,
        tuple(_shared(old, new)),
        tuple(_environment(before, after, name) for name in sorted({*old.environments, *new.environments})),
        transfers(old, new, before.lock, after.lock),
        tuple(sorted(path for path, content in now.items() if content != was.get(path))),
        tuple(sorted(was.keys() - now.keys())),
    )


def _by_hand(snapshot: Snapshot) -> FileTree:
    return {path: content for path, content in snapshot.rendered.items() if path.startswith(_ARGOCD)}


_ARGOCD: Final = "argocd/"


def _shared(old: Catalog, new: Catalog) -> Iterator[SharedChange]:
    platform = (
        *changes(old.argocd, new.argocd, "argocd"),
        *_single("target", old.target.release, new.target.release),
        *_single("dashboardNamespace", old.dashboard_namespace, new.dashboard_namespace),
    )
    if platform:
        yield SharedChange("platform", platform)
    for subject, was, now in (
        ("runtime", old.runtimes, new.runtimes),
        ("connection", old.connections, new.connections),
        ("environment", old.environments, new.environments),
    ):
        yield from _named(subject, was, now)


def _single(field: str, before: str, after: str) -> tuple[FieldChange, ...]:
    return (FieldChange(field, before, after),) if before != after else ()


def _named(subject: str, old: Mapping[str, Record], new: Mapping[str, Record]) -> Iterator[SharedChange]:
    """What is in both; what comes or goes is seen by the models that use it."""
    for name in sorted(old.keys() & new.keys()):
        if found := changes(old[name], new[name]):
            yield SharedChange(f"{subject} '{name}'", found)


def _environment(before: Snapshot, after: Snapshot, name: str) -> EnvironmentChange:
    was, now = before.catalog.environments.get(name), after.catalog.environments.get(name)
    old, new = _served(before.catalog, name), _served(after.catalog, name)
    found = objects.compare(before.rendered, after.rendered, name)
    return EnvironmentChange(
        name,
        "created" if was is None else "removed" if now is None else "kept",
        len(old),
        len(new),
        tuple(_models(old, new, found.changes)),
        tuple(_loads(was, now, old.values(), new.values())),
        found,
    )


def _served(catalog: Catalog, environment: str) -> dict[str, ServedModel]:
    forms = (served for model in catalog.models for served in model.served)
    return {served.name: served for served in forms if served.environment == environment}


def _models(
    old: Mapping[str, ServedModel], new: Mapping[str, ServedModel], found: Iterable[ObjectChange]
) -> Iterator[ModelChange]:
    owned = _by_model(found, {*old, *new})
    renamed = _renamed(old, new)
    for name in sorted({*old, *new} - {*renamed.values()}):
        was, now = old.get(renamed.get(name, name)), new.get(name)
        theirs = (*owned.get(name, ()), *owned.get(renamed.get(name, ""), ()))
        fields = changes(was, now) if was and now else ()
        kind: ChangeKind = "created" if was is None else "removed" if now is None else "changed"
        if name in renamed:
            kind = "renamed"
        elif kind == "changed" and not fields and not theirs:
            continue
        restart = _restart(was, now) if was and now and any(change.restarts for change in theirs) else None
        switch = _switch(was, now) if was and now else None
        deleted = tuple(change.identity for change in theirs if change.after is None)
        yield ModelChange(kind, name, was, now, fields, restart, switch, deleted)


def _renamed(old: Mapping[str, ServedModel], new: Mapping[str, ServedModel]) -> dict[str, str]:
    """The former name of each model that is new but has the source of exactly one that is gone."""
    gone = [served for name, served in old.items() if name not in new]
    come = [served for name, served in new.items() if name not in old]
    return {
        candidate.name: pair[0].name
        for candidate in come
        for pair in [[served for served in gone if served.repo == candidate.repo]]
        if len(pair) == 1 and sum(other.repo == candidate.repo for other in come) == 1
    }


def _by_model(found: Iterable[ObjectChange], names: Iterable[str]) -> dict[str, list[ObjectChange]]:
    """The objects of each model: those with its name, and those whose names go on with a dash after it."""
    owned: dict[str, list[ObjectChange]] = {}
    by_length = sorted(names, key=len, reverse=True)
    for change in found:
        whole = change.identity.name
        owner = next((name for name in by_length if whole == name or whole.startswith(f"{name}-")), None)
        if owner is not None and change.identity.kind not in _NOT_OF_A_MODEL:
            owned.setdefault(owner, []).append(change)
    return owned


_NOT_OF_A_MODEL: Final = frozenset({"Template", "ExternalSecret"})


def _restart(was: ServedModel, now: ServedModel) -> Restart | None:
    """How the Deployment replaces the pods: by the strategy that the new form gives it."""
    if was.stopped or now.stopped:
        return None
    pods = _pods(was)
    if now.max_surge:
        return Restart(pods, "none")
    return Restart(pods, "all" if pods == 1 else "fewer")


def _switch(was: ServedModel, now: ServedModel) -> Switch | None:
    if was.stopped == now.stopped:
        return None
    return Switch("stopped", _pods(was)) if now.stopped else Switch("started", _pods(now))


def _pods(served: ServedModel) -> int:
    """How many run while nobody calls the model."""
    return served.autoscaling.min_replicas if served.autoscaling else served.replicas


def _loads(
    was: Environment | None, now: Environment | None, old: Iterable[ServedModel], new: Iterable[ServedModel]
) -> Iterator[Load]:
    before, after = asked(old), asked(new)
    for resource in sorted({*before, *after}):
        yield Load(
            resource,
            before.get(resource, 0),
            after.get(resource, 0),
            _quota(was, resource),
            _quota(now, resource),
        )


def _quota(environment: Environment | None, resource: str) -> int | None:
    if environment is None:
        return None
    if resource.startswith(MIG):
        return environment.mig_quota.get(resource)
    return environment.gpu_quota
