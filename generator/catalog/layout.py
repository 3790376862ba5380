"""Where a model's files live in its bucket: the one function behind `storage.path` and behind sync."""

from generator.commits import short


def artifact_prefix(prefix: str, model: str, commit: str) -> str:
    """`<prefix>/<model>/<commit[:12]>/`, relative to the bucket.

    The commit makes the prefix immutable, so a new revision rolls the pods and `git revert` rolls them back. The final
    slash keeps KServe, which lists a plain string prefix, from also downloading `<model>-v2`: _download_s3 in
    opendatahub-io/kserve python/storage/kserve_storage/kserve_storage.py @ odh-v3.4.
    """
    return f"{prefix}/{model}/{short(commit)}/"


def manifest_key(prefix: str, model: str, commit: str) -> str:
    """`<prefix>/.sync/<model>/<commit[:12]>.json`, outside every prefix that is served."""
    return f"{prefix}/.sync/{model}/{short(commit)}.json"


def root_of(manifest: str) -> str:
    """The `<prefix>` of a manifest's key."""
    return manifest.partition("/.sync/")[0]
