"""Which synced prefixes the catalog no longer refers to. Pure."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple


class Stale(NamedTuple):
    """A complete prefix that nothing refers to, and when its manifest was written."""

    manifest_key: str
    prefix: str
    since: datetime


def stale(
    root: str, manifests: Mapping[str, datetime], referenced: Collection[str], now: datetime, grace: timedelta
) -> list[Stale]:
    """Prefixes below `root` to delete: recorded by a manifest, referenced by nothing, and older than `grace`.

    `manifests` maps the keys below `<root>/.sync/` to when they were written. Prefixes without a manifest are left
    alone: another sync may be filling them.
    """
    found = []
    for key, since in sorted(manifests.items()):
        name = key.removeprefix(f"{root}/.sync/").removesuffix(".json")
        prefix = f"{root}/{name}/"
        if key.endswith(".json") and name.count("/") == 1 and prefix not in referenced and now - since > grace:
            found.append(Stale(key, prefix, since))
    return found
