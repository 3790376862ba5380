"""`artifact-sync --verify`: what it finds, and what the next sync does about it."""

import json
from collections.abc import Callable

import pytest
from fakes.faults import Fault
from fakes.faulty import Call, FaultyS3
from scene import FILES, MIB, WEIGHTS, Scene

pytestmark = pytest.mark.s3
SIZE = 12 * MIB + 5


def test_verify_reads_everything_back(scene: Scene, faulty_s3: FaultyS3) -> None:
    """First all is well; then it finds a change that keeps size and ETag, as on a broken disk."""
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


def test_verify_continues_after_an_unreadable_object(scene: Scene, faulty_s3: FaultyS3) -> None:
    """The bucket lists an object that it does not have: a finding, and the next sync sends the file again."""
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


def test_verify_records_only_certain_damage(scene: Scene, faulty_s3: FaultyS3) -> None:
    """A dry run writes nothing, and a file is not damaged because this key may not read it."""
    manifest = scene.manifest()
    faulty_s3.faults.denied(kind="GetObject", path=scene.prefix() + WEIGHTS)
    assert f"m: {WEIGHTS} is listed, but cannot be read: " in scene.sync("--verify").stdout
    faulty_s3.faults.clear()
    faulty_s3.faults.error(404, "NoSuchKey", kind="GetObject", path=scene.prefix() + WEIGHTS)
    assert scene.sync("--verify", "--dry-run").code == 1
    assert scene.manifest() == manifest


def test_verify_reports_that_it_cannot_record(scene: Scene, faulty_s3: FaultyS3) -> None:
    """A read-only key finds the damage, but cannot record it for the next sync."""
    faulty_s3.faults.error(404, "NoSuchKey", kind="GetObject", path=scene.prefix() + WEIGHTS)
    faulty_s3.faults.denied(kind="PutObject")
    ran = scene.sync("--verify")
    assert ran.code == 1
    assert "m: the next sync will not replace it, because the manifest could not be updated: " in ran.stdout


def test_verify_finds_missing_and_unknown_objects(scene: Scene) -> None:
    """Each has its own line, like a model that was never synced."""
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
