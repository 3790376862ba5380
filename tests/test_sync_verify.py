"""`artifact-sync --verify`: what it finds, and what the next sync makes of that."""

import json
from collections.abc import Callable

import pytest
from fakes.faults import Fault
from fakes.faulty import Call, FaultyS3
from scene import FILES, MIB, WEIGHTS, Scene

pytestmark = pytest.mark.s3
SIZE = 12 * MIB + 5


def test_verify_reads_everything_back(scene: Scene, faulty_s3: FaultyS3) -> None:
    """All is well; then an edit that keeps size and ETag, as only a broken disk makes it, is found."""
    ran = scene.sync("--verify")
    assert (ran.code, ran.stdout) == (0, "m: verified\n")
    assert faulty_s3.counts == {"GetObject": 1 + len(FILES), "ListObjectsV2": 1}
    with (scene.s3.root / scene.prefix() / WEIGHTS).open("r+b") as file:
        file.seek(7 * MIB)
        file.write(b"!!!!")
    assert scene.quick().stdout == "m: up to date\n"
    ran = scene.sync("--verify")
    assert ran.code == 1
    assert f"m: {WEIGHTS} has sha256 " in ran.stdout
    assert f", expected {scene.promised()[WEIGHTS][1]}" in ran.stdout
    told = json.loads(scene.sync("--verify", "--output", "json").stdout)["models"][0]
    assert (told["state"], len(told["findings"])) == ("damaged", 1)
    assert scene.hub.requests == []
    assert f"{WEIGHTS}  (damaged, according to --verify)" in scene.quick(dry_run=True).stdout
    assert scene.quick().code == 0
    assert scene.hub.sent("cdn") == SIZE
    scene.expect()
    assert scene.sync("--verify").stdout == "m: verified\n"


def test_verify_goes_on_after_what_cannot_be_read(scene: Scene, faulty_s3: FaultyS3) -> None:
    """The bucket lists an object that it does not have: a finding, and the next sync brings the file in again."""
    scene.add("other", FILES, "acme/other")
    assert scene.quick().code == 0
    scene.hub.reset()
    gone = faulty_s3.faults.error(404, "NoSuchKey", kind="GetObject", path=scene.prefix() + WEIGHTS)
    ran = scene.sync("--verify")
    assert ran.code == 1
    assert ran.stdout.splitlines()[0] == "m: damaged"
    assert ran.stdout.splitlines()[1].startswith(f"m: {WEIGHTS} is listed, but cannot be read: ")
    assert ran.stdout.splitlines()[2:] == ["other: verified"]
    faulty_s3.faults.add(_mended(gone), {"kind": "CompleteMultipartUpload", "path": scene.prefix() + WEIGHTS})
    assert scene.quick().code == 0
    assert scene.hub.sent("cdn") == SIZE
    scene.expect("m", "other")


def _mended(gone: Fault[Call]) -> Callable[[Call], Call]:
    def change(call: Call) -> Call:
        gone.limits["times"] = gone.hits
        return call

    return change


def test_verify_records_nothing_that_it_does_not_know(scene: Scene, faulty_s3: FaultyS3) -> None:
    """A dry run writes nothing; nor is a file damaged because this key may not read it."""
    manifest = scene.manifest()
    faulty_s3.faults.denied(kind="GetObject", path=scene.prefix() + WEIGHTS)
    assert f"m: {WEIGHTS} is listed, but cannot be read: " in scene.sync("--verify").stdout
    faulty_s3.faults.clear()
    faulty_s3.faults.error(404, "NoSuchKey", kind="GetObject", path=scene.prefix() + WEIGHTS)
    assert scene.sync("--verify", "--dry-run").code == 1
    assert scene.manifest() == manifest


def test_verify_says_when_it_may_not_record(scene: Scene, faulty_s3: FaultyS3) -> None:
    """A key that only reads finds the damage, and cannot have it mended."""
    faulty_s3.faults.error(404, "NoSuchKey", kind="GetObject", path=scene.prefix() + WEIGHTS)
    faulty_s3.faults.denied(kind="PutObject")
    ran = scene.sync("--verify")
    assert ran.code == 1
    assert "m: the next sync will not replace it, because the manifest could not be updated: " in ran.stdout


def test_verify_finds_what_is_missing_and_what_is_strange(scene: Scene) -> None:
    """Each with a line of its own; a model that was never synced, too."""
    scene.delete("tokenizer.json")
    scene.put("strange.json", b"{}")
    scene.add("other", FILES, "acme/other")
    ran = scene.sync("--verify")
    assert ran.code == 1
    assert ran.stdout.splitlines() == [
        "m: damaged",
        "m: strange.json is not in the manifest",
        "m: tokenizer.json is missing",
        "other: damaged",
        "other: there is no manifest: no sync has completed",
    ]
