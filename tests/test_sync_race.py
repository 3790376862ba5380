"""Two syncs at once, on a server where an Abort during a Complete destroys the finished object."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.ceph_race import CephRace
from fakes.faulty import FaultyS3
from fakes.hub import FakeHub, Sparse
from scene import FILES, MIB, WEIGHTS, Scene, wait_for
from servers.s3 import S3

pytestmark = pytest.mark.s3


@pytest.fixture
def scene(fake_hub: FakeHub, versitygw: S3, faulty_s3: FaultyS3, tmp_path: Path) -> Scene:
    """A project with one model, and an empty bucket behind the proxy."""
    scene = Scene(tmp_path / "project", fake_hub, versitygw)
    scene.add("m", {**FILES, WEIGHTS: Sparse(36 * MIB, seed=1)})
    scene.environ["AWS_S3_ENDPOINT"] = faulty_s3.endpoint
    return scene


@pytest.fixture
def readable(scene: Scene, faulty_s3: FaultyS3) -> Callable[[], bool]:
    """Whether the weights can be read back, and are right."""

    def read() -> bool:
        client = scene.s3.through(faulty_s3.endpoint).client()
        try:
            body = client.get_object(Bucket=scene.s3.bucket, Key=scene.prefix() + WEIGHTS)["Body"].read()
        except client.exceptions.NoSuchKey:
            return False
        finally:
            client.close()
        return hashlib.sha256(body).hexdigest() == scene.promised()[WEIGHTS][1]

    return read


def test_a_sync_leaves_the_uploads_of_others_alone(
    scene: Scene, faulty_s3: FaultyS3, readable: Callable[[], bool]
) -> None:
    """One sync starts and ends while the server completes another's upload: both succeed, nothing is lost."""
    ceph = CephRace(faulty_s3)
    first = scene.start()
    wait_for(lambda: ceph.running is not None)
    assert scene.sync().code == 0
    ceph.release.set()
    assert scene.finish(first).code == 0
    assert readable()
    assert not ceph.lost
    scene.expect()


def test_an_object_lost_at_once_is_detected(scene: Scene, faulty_s3: FaultyS3) -> None:
    """Another client's Abort met our Complete: the run fails, and the next one repairs it."""
    ceph = CephRace(faulty_s3)
    ceph.aborted = True
    ceph.release.set()
    ran = scene.quick()
    assert ran.code == 1
    assert ran.stderr.startswith(f"error: m: {WEIGHTS} was uploaded, but cannot be read back\n  hint: ")
    assert scene.manifest() is None
    assert scene.quick().code == 0
    assert not ceph.lost
    scene.expect()


def test_an_object_lost_later_is_found_and_sent_again(scene: Scene, faulty_s3: FaultyS3) -> None:
    """The manifest was written before the parts were lost: --verify finds it, and the next run repairs it."""
    ceph = CephRace(faulty_s3)
    ceph.release.set()
    assert scene.quick().code == 0
    ceph.aborted = True
    assert scene.quick().stdout == "m: up to date\n"
    ran = scene.sync("--verify")
    assert ran.code == 1
    assert ran.stdout.splitlines()[1].startswith(f"m: {WEIGHTS} is listed, but cannot be read: ")
    assert scene.quick().code == 0
    assert not ceph.lost
    scene.expect()
    assert scene.sync("--verify").stdout == "m: verified\n"


def test_an_object_lost_before_the_manifest_is_sent_again(scene: Scene, faulty_s3: FaultyS3) -> None:
    """A killed run has left it, with our sha256 in its metadata: it is read before it is kept."""
    ceph = CephRace(faulty_s3)
    ceph.release.set()
    faulty_s3.faults.denied(kind="PutObject", path="*/config.json", times=1)
    assert scene.quick().code == 1
    ceph.aborted = True
    assert f"{WEIGHTS}  (not verified)" in scene.quick(dry_run=True).stdout
    assert scene.quick().code == 0
    assert not ceph.lost
    scene.expect()
