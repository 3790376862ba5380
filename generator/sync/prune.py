"""What a catalog has synced and no longer uses: prefixes, and files that `files` no longer selects. Pure."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from generator.sync.manifest import Manifest


class Claim(NamedTuple):
    """A catalog's manifest of a prefix, the keys of other catalogs' manifests of it, and the files that those want.

    `unowned` is the key of a manifest that names no catalog, if there is one.
    """

    key: str
    prefix: str
    manifest: Manifest
    others: tuple[str, ...] = ()
    unowned: str | None = None
    shared: frozenset[str] = frozenset()


class Stale(NamedTuple):
    """A prefix, which ends with a slash, or a file that is not used: since when, and until when it stays at least.

    `shared`: another catalog has recorded the prefix too, so only this catalog's manifest goes. `unowned`: nobody knows
    who has, so nothing goes.
    """

    path: str
    since: datetime
    until: datetime
    due: bool
    shared: bool = False
    unowned: str | None = None


def unused(claim: Claim, referenced: Collection[str], now: datetime, grace: timedelta) -> tuple[Stale, ...]:
    """What goes when `grace` has passed since it was first seen unused. A file that others want is theirs."""
    if claim.prefix not in referenced:
        first = claim.manifest.unreferenced_since or now
        due = claim.unowned is None and now >= first + grace
        return (Stale(claim.prefix, first, first + grace, due, bool(claim.others), claim.unowned),)
    return tuple(
        Stale(claim.prefix + entry.path, since, since + grace, now >= since + grace)
        for entry in claim.manifest.files
        if (since := entry.unwanted_since) and entry.path not in claim.shared
    )


def updated(claim: Claim, stale: Collection[Stale]) -> Manifest:
    """The claim's manifest with what was found: whether, and since when, it is unreferenced, without files that go."""
    gone = {each.path for each in stale if each.due}
    since = next((each.since for each in stale if each.path == claim.prefix), None)
    files = tuple(entry for entry in claim.manifest.files if claim.prefix + entry.path not in gone)
    return claim.manifest._replace(unreferenced_since=since, files=files)
