"""`artifact-sync` on a bucket with objects: what is kept, sent again or deleted."""

from collections.abc import Callable

import pytest
from fakes.faulty import FaultyS3
from scene import FILES, MIB, WEIGHTS, Scene

from generator.hub.files import ModelFile
from generator.lock.lockfile import Locked

pytestmark = pytest.mark.s3
SIZE = 12 * MIB + 5


def test_an_up_to_date_model_costs_two_requests(scene: Scene, faulty_s3: FaultyS3) -> None:
    """Both go to S3, none to the Hub."""
    before = scene.present()
    ran = scene.sync()
    assert (ran.code, ran.stdout) == (0, "m: up to date\n")
    assert faulty_s3.counts == {"GetObject": 1, "ListObjectsV2": 1}
    assert scene.hub.requests == []
    assert scene.present() == before


DRIFT: dict[str, tuple[str, Callable[[Scene], None], str]] = {
    "edited": (WEIGHTS, lambda scene: scene.put(WEIGHTS, bytes(SIZE)), "changed since it was synced"),
    "cut": (WEIGHTS, lambda scene: scene.put(WEIGHTS, b"x" * 99), "99 bytes instead of 12,582,917"),
    "deleted": (WEIGHTS, lambda scene: scene.delete(WEIGHTS), "missing"),
    "small file edited": (
        "tokenizer.json",
        lambda scene: scene.put("tokenizer.json", b'{"version": "6.6"}'),
        "changed since it was synced",
    ),
}


@pytest.mark.parametrize("how", DRIFT)
def test_drift_is_seen_and_only_that_file_is_sent_again(how: str, scene: Scene, faulty_s3: FaultyS3) -> None:
    """Another program has replaced, truncated or deleted an object."""
    path, damage, reason = DRIFT[how]
    damage(scene)
    assert f"{path}  ({reason})" in scene.quick(dry_run=True).stdout
    scene.hub.reset()
    assert scene.quick().code == 0
    scene.expect()
    assert {request.file for request in scene.hub.seen("resolve")} == {path}
    made = faulty_s3.seen("PutObject") + faulty_s3.seen("CompleteMultipartUpload")
    assert {request.key.rpartition("/")[2] for request in made} == {path, f"{scene.models['m'][1][:12]}.json"}
    assert scene.hub.sent("cdn") == (SIZE if path == WEIGHTS else 0)


def test_an_unknown_object_is_deleted(scene: Scene, faulty_s3: FaultyS3) -> None:
    """KServe would download it; objects outside the prefix are left alone."""
    scene.put("extra/notes.txt", b"hello")
    client = scene.s3.client()
    client.put_object(Bucket=scene.s3.bucket, Key="models/m/README.txt", Body=b"stays")
    client.close()
    assert scene.quick().code == 0
    assert "models/m/README.txt" in scene.present()
    (scene.s3.root / "models/m/README.txt").unlink()
    scene.expect()
    assert len(scene.hub.seen("resolve")) == 0
    assert [request.key for request in faulty_s3.seen("DeleteObject", "*.txt")] == [f"{scene.prefix()}extra/notes.txt"]


def test_without_a_manifest_the_digests_in_metadata_suffice(scene: Scene, faulty_s3: FaultyS3) -> None:
    """One byte of each object is read; nothing is sent again."""
    (scene.s3.root / f"models/.sync/{scene.prefix()[7:-1]}.json").unlink()
    assert scene.quick().code == 0
    scene.expect()
    assert len([request for request in faulty_s3.seen("GetObject") if "range" in request.headers]) == len(FILES)
    assert (faulty_s3.counts["CompleteMultipartUpload"], faulty_s3.counts["PutObject"]) == (0, 1)
    assert len(scene.hub.seen("resolve")) == 0


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"schema": 2}'])
def test_an_unreadable_manifest_stops_the_model(raw: bytes, scene: Scene) -> None:
    """What another program wrote there is not overwritten; the message gives its key."""
    key = f"models/.sync/{scene.prefix()[7:-1]}.json"
    client = scene.s3.client()
    client.put_object(Bucket=scene.s3.bucket, Key=key, Body=raw)
    client.close()
    ran = scene.quick()
    assert ran.code == 1
    assert f"error: m: s3://{scene.s3.bucket}/{key} " in ran.stderr
    assert "hint: " in ran.stderr
    assert (scene.s3.root / key).read_bytes() == raw


def test_a_new_commit_fills_another_prefix(scene: Scene) -> None:
    """The old one stays complete until it is pruned."""
    before = scene.present()
    scene.move({**FILES, "tokenizer.json": b"{}"})
    assert scene.quick().code == 0
    assert before.items() < scene.present().items()
    scene.expect_whole()


def test_the_lock_is_binding(scene: Scene) -> None:
    """A model stops if the Hub's file is not the locked one, whatever the manifest says."""
    repo, commit = scene.models["m"]
    held = scene.hub.repos[repo].commits[commit]
    files = [
        ModelFile(
            path,
            entry.content.size,
            entry.content.sha256 if entry.lfs else None,
            None if entry.lfs else entry.content.git,
        )
        for path, entry in sorted(held.items())
    ]
    assert scene.quick(locked=[Locked(repo, commit, tuple(files))]).stdout == "m: up to date\n"
    wrong = [file._replace(sha256="d" * 64) if file.path == WEIGHTS else file for file in files]
    ran = scene.quick(locked=[Locked(repo, commit, tuple(wrong))])
    assert ran.code == 1
    assert (
        f"error: m: {WEIGHTS} is now {scene.promised()[WEIGHTS][1]} with {SIZE} bytes, expected {'d' * 64}"
        in ran.stderr
    )
    assert "hint: the file changed on the Hub" in ran.stderr
    scene.visible()
    assert scene.uploads() == []
