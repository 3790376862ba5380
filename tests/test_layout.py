"""Where a model's files are in its bucket, and what a manifest's key says."""

import pytest

from generator.catalog.layout import Recorded, artifact_prefix, manifest_key, owner_of, recorded

COMMIT = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"


def test_a_commits_files_are_below_a_prefix_of_their_own() -> None:
    """Its manifest is outside; that of a catalog with an id says whose it is."""
    assert artifact_prefix("models", "m", COMMIT) == "models/m/1110a243fdf4/"
    assert manifest_key("models", "m", COMMIT) == "models/.sync/m/1110a243fdf4.json"
    assert manifest_key("models", "m", COMMIT, "a") == "models/.sync/m/1110a243fdf4.ca978112ca1b.json"


def test_an_owner_is_a_digest_of_the_catalogs_id() -> None:
    """SHA-256, cut: any id fits into a key."""
    assert owner_of("a/b é") == "8449e370893a"


@pytest.mark.parametrize("prefix", ["models", "a/b", "a/b.sync"])
@pytest.mark.parametrize("catalog", [None, "a"])
def test_a_manifests_key_says_what_it_is_about(prefix: str, catalog: str | None) -> None:
    """What is written can be read back."""
    key = manifest_key(prefix, "m", COMMIT, catalog)
    assert recorded(key) == Recorded(artifact_prefix(prefix, "m", COMMIT), catalog and owner_of(catalog))


@pytest.mark.parametrize(
    "key",
    [
        "models/m/1110a243fdf4/config.json",
        "models/.sync/m/1110a243fdf4",
        "models/.sync/m/1110a243fdf4.txt",
        "models/.sync/m/.json",
        "models/.sync/1110a243fdf4.json",
        "models/.sync/m/n/1110a243fdf4.json",
        "models/.sync/m/.sync/n/1110a243fdf4.json",
        "models.sync/m/1110a243fdf4.json",
        "",
    ],
)
def test_another_key_is_no_manifests(key: str) -> None:
    """Whatever else is in the bucket is left alone."""
    assert recorded(key) is None
