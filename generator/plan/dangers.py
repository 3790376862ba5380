"""What in a change deserves a second look before it is merged."""

from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple

from generator.catalog.model import ServedModel
from generator.commits import short
from generator.plan.compare import Difference, EnvironmentChange, Load, ModelChange, Snapshot
from generator.vllm.serving import Derived, derive

Kind = Literal[
    "environment-emptied",
    "environment-removed",
    "exposed-without-auth",
    "auth-removed",
    "model-deleted",
    "model-renamed",
    "model-stopped",
    "re-index",
    "image-tag-moved",
    "quota-nearly-full",
    "deleted-and-created",
    "not-in-bucket",
]


class Danger(NamedTuple):
    """One of them: where, what happens, and what to do about it. `model` and `environment` may be None."""

    kind: Kind
    environment: str | None
    model: str | None
    message: str
    advice: str


def dangers(difference: Difference) -> tuple[Danger, ...]:
    """All that two versions show by themselves: of the whole first, then by environment, the worst first."""
    found = [danger for rule in _OF_THE_WHOLE for danger in rule(difference)]
    for environment in difference.environments:
        for rule in _OF_AN_ENVIRONMENT:
            found.extend(rule(environment, difference))
    return tuple(found)


def _image_tags(difference: Difference) -> Iterator[Danger]:
    old, new = difference.before.catalog.runtimes, difference.after.catalog.runtimes
    for name in sorted(old.keys() & new.keys()):
        before, after = old[name].image, new[name].image
        if before != after and "@" not in after:
            message = f"runtime '{name}' moves to {after}, a tag that may come to name another image"
            yield Danger("image-tag-moved", None, None, message, "append the digest of the tag: '@sha256:…'")


def _emptied(environment: EnvironmentChange, _: Difference) -> Iterator[Danger]:
    gone = environment.models_before
    if environment.kind == "removed":
        message = f"the environment leaves the catalog with {_count(gone, 'model')} deployed"
        advice = "Argo CD deletes the application, not what it deployed: empty the environment first, and sync"
        yield Danger("environment-removed", environment.name, None, message, advice)
    elif gone and not environment.models_after:
        message = f"no model is left of {gone}: Argo CD deletes all of them"
        yield Danger("environment-emptied", environment.name, None, message, "check that nothing calls them any more")


def _exposed(environment: EnvironmentChange, _: Difference) -> Iterator[Danger]:
    for change in environment.models:
        was, now = change.before, change.after
        if now is None:
            continue
        if _open(now) and not (was and _open(was)):
            message = "gets a Route and has no auth: whoever reaches the Route may call it"
            yield _of(environment, change, "exposed-without-auth", message, "set `auth: true`, or leave out `expose`")
        elif was and was.auth and not now.auth:
            message = "loses its auth: callers need no token any more"
            yield _of(environment, change, "auth-removed", message, "keep `auth: true`")


def _open(served: ServedModel) -> bool:
    return served.exposed and not served.auth


def _deleted(environment: EnvironmentChange, _: Difference) -> Iterator[Danger]:
    for change in environment.models:
        if change.kind == "removed" and environment.kind != "removed" and environment.models_after:
            message = "is deleted from the cluster with the next sync"
            yield _of(environment, change, "model-deleted", message, "check that nothing calls it any more")
        elif change.kind == "renamed" and change.before:
            message = f"is called {change.before.name} today: that name, and its URL, are gone after the sync"
            advice = "deploy it under both names first, and remove the old one when callers have moved"
            yield _of(environment, change, "model-renamed", message, advice)


def _stopped(environment: EnvironmentChange, _: Difference) -> Iterator[Danger]:
    for change in environment.models:
        if change.switch and change.switch.to == "stopped":
            message = "is stopped: it has no pods after the sync, and is not served"
            yield _of(environment, change, "model-stopped", message, "check that nothing calls it any more")


def _re_index(environment: EnvironmentChange, difference: Difference) -> Iterator[Danger]:
    for change in environment.models:
        was, now = change.before, change.after
        if was is None or now is None or now.task != "embedding":
            continue
        if reason := _other_vectors(difference, was, now):
            advice = "callers must embed everything again: serve it under a new name beside the old one until they have"
            yield _of(environment, change, "re-index", f"{reason}, so its vectors do not fit those of before", advice)


def _other_vectors(difference: Difference, was: ServedModel, now: ServedModel) -> str | None:
    """Why vectors made before cannot be compared with those made after."""
    if was.repo != now.repo:
        return f"the model becomes {now.repo}"
    if was.dimensions != now.dimensions:
        return f"dimensions change from {was.dimensions} to {now.dimensions}"
    old, new = _derived(difference.before, was), _derived(difference.after, now)
    if old is None or new is None:
        return None
    for what, before, after in (
        ("the architecture", old.architecture, new.architecture),
        ("dimensions", old.dimensions, new.dimensions),
        ("pooling", old.pooling, new.pooling),
        ("normalization", old.normalize, new.normalize),
    ):
        if before != after:
            return f"{what} changes from {before} to {after} at {short(now.commit)}"
    return None


def _derived(snapshot: Snapshot, served: ServedModel) -> Derived | None:
    locked = snapshot.lock.repositories.get((served.repo, served.commit))
    runtime = snapshot.catalog.runtimes[served.runtime]
    return derive(locked.facts, runtime.vllm_version, (*runtime.args, *served.args)) if locked else None


def _quotas(environment: EnvironmentChange, _: Difference) -> Iterator[Danger]:
    for load in environment.loads:
        if load.quota_after and _share(load.after, load.quota_after) > _NEARLY and _worse(load):
            share = f"{load.after} of {load.quota_after} {load.resource}"
            message = f"{share} are asked for: little is left for a rollout with surge, or for another model"
            yield Danger("quota-nearly-full", environment.name, None, message, "raise the quota, or lower replicas")


def _worse(load: Load) -> bool:
    return load.quota_before is None or _share(load.after, load.quota_after or 1) > _share(
        load.before, load.quota_before or 1
    )


def _share(asked: int, quota: int) -> float:
    return asked / quota


_NEARLY: Final = 0.9


def _moved(environment: EnvironmentChange, difference: Difference) -> Iterator[Danger]:
    here, there = (side.catalog.environments.get(environment.name) for side in (difference.before, difference.after))
    if here and there and here.cluster != there.cluster:
        yield from _to_another_cluster(environment, here.cluster, there.cluster)
        return  # a namespace that changes, too, is left on the old cluster like everything else
    for change in environment.models:
        was, now = change.before, change.after
        if was and now and was.namespace != now.namespace:
            message = (
                f"moves from namespace {was.namespace} to {now.namespace}: it is deleted there, and its URL changes"
            )
            yield _of(
                environment, change, "deleted-and-created", message, "tell its callers, and provide the Secret there"
            )


def _to_another_cluster(environment: EnvironmentChange, was: str, now: str) -> Iterator[Danger]:
    """Argo CD looks for what an application deployed on its present destination only."""
    if environment.models_before:
        models = _count(environment.models_before, "model")
        message = f"moves from cluster {was} to {now}: its models start on {now}, and their URLs change; "
        message += f"{models} and what belongs to them stay on {was}, where nothing syncs or deletes them"
        advice = (
            f"provide namespaces and Secrets on {now}, and delete by hand what is left on {was} when callers have moved"
        )
        yield Danger("deleted-and-created", environment.name, None, message, advice)


def _of(environment: EnvironmentChange, change: ModelChange, kind: Kind, message: str, advice: str) -> Danger:
    return Danger(kind, environment.name, change.name, message, advice)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


_OF_THE_WHOLE: Final[tuple[Callable[[Difference], Iterator[Danger]], ...]] = (_image_tags,)
_OF_AN_ENVIRONMENT: Final[tuple[Callable[[EnvironmentChange, Difference], Iterator[Danger]], ...]] = (
    _emptied,
    _exposed,
    _deleted,
    _stopped,
    _re_index,
    _moved,
    _quotas,
)
