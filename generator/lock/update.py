"""`generator lock` and `generator add`: the new texts of catalog and lock."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from generator.catalog.contract.patterns import COMMIT, REPO, SHAPES
from generator.catalog.model import Catalog
from generator.catalog.validate import validate
from generator.commits import short
from generator.diagnostics import Diagnostic, GeneratorError, Loc, correction
from generator.display import shown
from generator.hub.client import Hub
from generator.lock import edit, rules
from generator.lock import lockfile as locks
from generator.lock.inspect import inspect
from generator.lock.lockfile import Lock, Locked
from generator.yaml import read as source
from generator.yaml.read import Document

Say = Callable[[str], None]
Open = Callable[[], Hub]
"""Opens the Hub; called only when something must be asked."""


class Updated(NamedTuple):
    """New texts; `lock` is None when there is none to be written."""

    catalog: str
    lock: Lock | None
    warnings: tuple[Diagnostic, ...] = ()


class Upgrade(NamedTuple):
    """The models whose revision moves to the newest commit."""

    names: tuple[str, ...] = ()
    everything: bool = False

    def __bool__(self) -> bool:
        return self.everything or bool(self.names)


def lock(document: Document, present: Lock | None, upgrade: Upgrade, opened: Open, say: Say) -> Updated:
    """Lock what the catalog serves. The Hub is asked only for what is not locked yet."""
    hub = _Lazy(opened)
    try:
        text, pinned = _pinned(document, upgrade, hub, say)
        catalog, _ = validate(source.parse(text.encode(), document.path))
        if upgrade:
            text = _upgraded(text, _pins(catalog, upgrade, pinned), hub, say)
            catalog, _ = validate(source.parse(text.encode(), document.path))
        if not catalog.models:
            say("the catalog has no models yet, so the lock is empty")
        wanted = locks.wanted(catalog)
        known = present or locks.EMPTY
        found = [_inspected(hub, repo, commit, say) for repo, commit in locks.missing(known, wanted)]
        return Updated(text, locks.merge(known, found, wanted))
    finally:
        hub.close()


def add(document: Document, present: Lock | None, repo: str, name: str | None, hub: Hub, say: Say) -> Updated:
    """Append a model to the catalog, and to the lock where there is one."""
    if not _REPO.search(repo):
        message = f"'{shown(repo)}' is not {SHAPES[REPO].must_be}"
        raise GeneratorError(message, hint="give the owner, too, as in BAAI/bge-small-en-v1.5")
    before = edit.with_list(document)
    catalog, _ = validate(source.parse(before.encode(), document.path))
    locked = _inspected(hub, repo, hub.head(repo), say)
    text = edit.append(before, edit.entry(name or edit.name_of(repo), locked, catalog))
    grown = source.parse(text.encode(), document.path)
    catalog, _ = validate(grown)
    wanted = locks.wanted(catalog)
    if present is None:
        return Updated(text, None, validate(grown)[1])
    lock = Lock({**present.repositories, (locked.repo, locked.commit): locked})
    if locks.missing(lock, wanted):
        return Updated(text, None, validate(grown)[1])  # stale already; `generate` says so
    lock = locks.merge(lock, (), wanted)
    return Updated(text, lock, validate(grown, lambda catalog: rules.check(catalog, lock))[1])


class _Lazy:
    """A Hub that is opened at the first request."""

    def __init__(self, opened: Open) -> None:
        self._opened = opened
        self._hub: Hub | None = None

    @property
    def hub(self) -> Hub:
        if self._hub is None:
            self._hub = self._opened()
        return self._hub

    def close(self) -> None:
        if self._hub is not None:
            self._hub.close()


def _inspected(hub: _Lazy | Hub, repo: str, commit: str, say: Say) -> Locked:
    say(f"asking the Hub for {repo} at {short(commit)}")
    return inspect(hub.hub if isinstance(hub, _Lazy) else hub, repo, commit)


def _pinned(document: Document, upgrade: Upgrade, hub: _Lazy, say: Say) -> tuple[str, set[Loc]]:
    """The catalog's text with a commit where a model to upgrade names a branch or tag, and where that was."""
    text, found = document.text, set()
    for loc, (repo, revision) in _moving(document.data, upgrade):
        commit = hub.hub.head(repo, revision)
        say(f"{repo}: '{revision}' stands at {short(commit)}")
        text = edit.repin(text, loc, revision, commit)
        found.add(loc)
    return text, found


def _moving(data: Any, upgrade: Upgrade) -> Iterator[tuple[Loc, tuple[str, str]]]:
    """Entries to upgrade whose own revision is no commit; with whatever else is wrong, `validate` deals."""
    models, defaults = (_get(data, key) for key in ("models", "defaults"))
    for index, model in enumerate(models if isinstance(models, list) else ()):
        revision = _get(_get(model, "source"), "revision")
        repo = _get(_get(model, "source"), "repo") or _get(_get(defaults, "source"), "repo")
        asked = upgrade.everything or _get(model, "name") in upgrade.names
        named = isinstance(repo, str) and _REPO.search(repo) and isinstance(revision, str)
        if asked and named and not _COMMIT.search(revision) and _REF.fullmatch(revision):
            yield ("models", index, "source", "revision"), (repo, revision)


_REPO: Final = re.compile(REPO)
_COMMIT: Final = re.compile(COMMIT)
_REF: Final = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z._/-]{0,198}[0-9A-Za-z_-])?")
"""A branch, a tag or a short commit, without the characters that Git itself or a terminal would trip over."""


def _get(data: Any, key: str) -> Any:
    return data.get(key) if isinstance(data, dict) else None


def _upgraded(text: str, pins: Mapping[Loc, tuple[str, str]], hub: _Lazy, say: Say) -> str:
    """The catalog's text with the newest commits of the models to upgrade."""
    heads: dict[str, str] = {}
    for loc, (repo, commit) in sorted(pins.items(), key=str):
        if repo not in heads:
            heads[repo] = hub.hub.head(repo)
        if heads[repo] != commit:
            say(f"{repo} moves from {short(commit)} to {short(heads[repo])}")
            text = edit.repin(text, loc, commit, heads[repo])
        else:
            say(f"{repo} is at its newest commit, {short(commit)}")
    return text


def _pins(catalog: Catalog, upgrade: Upgrade, pinned: Collection[Loc]) -> Mapping[Loc, tuple[str, str]]:
    """Where the revisions to move are written. One that was just pinned, or that an environment overrides, stays."""
    bases = {model.name: model.base for model in catalog.models}
    _refuse_unknown(upgrade.names, bases)
    chosen = bases.values() if upgrade.everything else [bases[name] for name in upgrade.names]
    found = {catalog.origin(base, "source", "revision"): (base.repo, base.commit) for base in chosen}
    return {loc: pin for loc, pin in found.items() if loc not in pinned}


def _refuse_unknown(names: Iterable[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            hint = correction(name, known)
            raise GeneratorError(f"there is no model '{name}'", hint=hint)
