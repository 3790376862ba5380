"""What has to be in a bucket before a change is merged, as far as the lock tells."""

from collections.abc import Mapping
from typing import NamedTuple

from generator.catalog.layout import artifact_prefix
from generator.catalog.model import Catalog, ServedModel
from generator.hub.files import ModelFile, select
from generator.lock.lockfile import Lock


class Place(NamedTuple):
    """Where a model's files are: a bucket and a prefix in it."""

    endpoint: str
    bucket: str
    prefix: str


class Transfer(NamedTuple):
    """A prefix that nothing of the catalog has used before.

    `sent_bytes` come from the Hub, `copied_bytes` from another commit of the model in the same bucket, if that is still
    there. Both are None if the lock does not know the files.
    """

    model: str
    repo: str
    commit: str
    place: Place
    environments: tuple[str, ...]
    sent_bytes: int | None
    copied_bytes: int | None


def transfers(before: Catalog | None, after: Catalog, lock_before: Lock, lock_after: Lock) -> tuple[Transfer, ...]:
    """The prefixes that are new, in order."""
    known = _places(before) if before else {}
    new = {place: served for place, served in _places(after).items() if place not in known}
    return tuple(_transfer(place, new[place], known, lock_before, lock_after) for place in sorted(new))


def place_of(catalog: Catalog, served: ServedModel) -> Place:
    """Where a served model's files are."""
    connection = catalog.connections[served.connection]
    prefix = artifact_prefix(connection.prefix, served.name, served.commit)
    return Place(connection.endpoint, connection.bucket, prefix)


def _places(catalog: Catalog) -> dict[Place, list[ServedModel]]:
    found: dict[Place, list[ServedModel]] = {}
    for model in catalog.models:
        for served in model.served:
            found.setdefault(place_of(catalog, served), []).append(served)
    return found


def _transfer(
    place: Place,
    users: list[ServedModel],
    known: Mapping[Place, list[ServedModel]],
    lock_before: Lock,
    lock_after: Lock,
) -> Transfer:
    served = users[0]
    environments = tuple(sorted({str(user.environment) for user in users}))
    wanted = _files(lock_after, served)
    transfer = Transfer(served.name, served.repo, served.commit, place, environments, None, None)
    if wanted is None:
        return transfer
    there = {
        (file.sha256, file.size)
        for other, (first, *_) in known.items()
        if other[:2] == place[:2] and first.name == served.name
        for file in _files(lock_before, first) or ()
        if file.sha256
    }
    copied = sum(file.size for file in wanted if (file.sha256, file.size) in there)
    return transfer._replace(sent_bytes=sum(file.size for file in wanted) - copied, copied_bytes=copied)


def _files(lock: Lock, served: ServedModel) -> tuple[ModelFile, ...] | None:
    locked = lock.repositories.get((served.repo, served.commit))
    return select(locked.files, served.include, served.exclude).chosen if locked else None
