"""Where a model's files live in its bucket: the one function behind `storage.path` and behind sync."""

import hashlib
from typing import NamedTuple

from generator.commits import short


def artifact_prefix(prefix: str, model: str, commit: str) -> str:
    """`<prefix>/<model>/<commit[:12]>/`, relative to the bucket.

    The commit makes the prefix immutable, so a new revision rolls the pods and `git revert` rolls them back. The final
    slash keeps KServe, which lists a plain string prefix, from also downloading `<model>-v2`: _download_s3 in
    opendatahub-io/kserve python/storage/kserve_storage/kserve_storage.py @ odh-v3.4.
    """
    return f"{prefix}/{model}/{short(commit)}/"


def manifest_key(prefix: str, model: str, commit: str, catalog: str | None = None) -> str:
    """`<prefix>/.sync/<model>/<commit[:12]>.<catalog>.json`, outside every prefix that is served.

    Each catalog writes a manifest of its own, so that none overwrites or deletes what another relies on. A catalog
    without an id has none in the key, as every manifest of earlier versions.
    """
    owner = f".{owner_of(catalog)}" if catalog else ""
    return f"{prefix}/.sync/{model}/{short(commit)}{owner}.json"


def owner_of(catalog: str) -> str:
    """A catalog's id as part of a key."""
    return hashlib.sha256(catalog.encode()).hexdigest()[:12]


class Recorded(NamedTuple):
    """What a manifest's key says: the prefix that it is about, and a digest of its catalog's id if there is one."""

    prefix: str
    owner: str | None


def recorded(key: str) -> Recorded | None:
    """The same for any key; None if it is not that of a manifest."""
    root, _, rest = key.partition("/.sync/")
    model, _, name = rest.removesuffix(".json").partition("/")
    commit, _, owner = name.partition(".")
    if not rest.endswith(".json") or not commit or "/" in name:
        return None
    return Recorded(artifact_prefix(root, model, commit), owner or None)
