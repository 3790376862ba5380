"""Unfinished multipart uploads: aborted once no sync can be using them, and left alone before."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from fakes.faulty import FaultyS3
from fakes.server import Reply
from scene import WEIGHTS, Scene

pytestmark = pytest.mark.s3


def _begin_upload(scene: Scene, key: str) -> str:
    client = scene.s3.client()
    upload = client.create_multipart_upload(Bucket=scene.s3.bucket, Key=key)["UploadId"]
    client.upload_part(Bucket=scene.s3.bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"half")
    client.close()
    return upload


def _minio(faulty_s3: FaultyS3) -> None:
    """List uploads only for a whole key, as MinIO does."""
    empty = Reply.of(b"<ListMultipartUploadsResult/>", "application/xml")
    faulty_s3.faults.add(
        lambda call: dataclasses.replace(call, instead=empty), {"kind": "ListMultipartUploads", "path": "*/"}
    )


@pytest.mark.parametrize("minio", [False, True], ids=["any server", "MinIO"])
def test_an_upload_that_is_idle_for_a_day_is_aborted(minio: bool, scene: Scene, faulty_s3: FaultyS3) -> None:  # noqa: FBT001
    """A killed run has left it: by the server's clock, it got no part for longer than any retry lasts."""
    scene.delete(WEIGHTS)
    _begin_upload(scene, scene.prefix() + WEIGHTS)
    if minio:
        _minio(faulty_s3)
    faulty_s3.faults.later(hours=25)
    assert scene.quick().code == 0
    scene.expect()
    asked = [request.key for request in faulty_s3.seen("ListMultipartUploads")]
    assert asked == [scene.prefix(), scene.prefix() + WEIGHTS][: 1 + minio]


def test_an_upload_that_may_be_in_use_is_left_alone(scene: Scene, faulty_s3: FaultyS3) -> None:
    """It was started an hour ago; or a day ago, and got a part since; or the server gives no date."""
    scene.delete(WEIGHTS)
    key = scene.prefix() + WEIGHTS
    upload = _begin_upload(scene, key)
    faulty_s3.faults.later(hours=23)
    assert scene.quick().code == 0
    faulty_s3.faults.clear()
    scene.delete(WEIGHTS)
    faulty_s3.faults.later(hours=25)
    part = f"<Part><PartNumber>1</PartNumber><LastModified>{_in_hours(24)}</LastModified></Part>"
    listed = Reply.of(f"<ListPartsResult>{part}</ListPartsResult>".encode(), "application/xml")
    faulty_s3.faults.add(lambda call: dataclasses.replace(call, instead=listed), {"kind": "ListParts"})
    assert scene.quick().code == 0
    faulty_s3.faults.clear()
    scene.delete(WEIGHTS)
    item = f"<Upload><Key>{key}</Key><UploadId>{upload}</UploadId></Upload>"
    silent = Reply.of(f"<ListMultipartUploadsResult>{item}</ListMultipartUploadsResult>".encode(), "application/xml")
    faulty_s3.faults.add(lambda call: dataclasses.replace(call, instead=silent), {"kind": "ListMultipartUploads"})
    assert scene.quick().code == 0
    assert scene.uploads() == [key]
    assert faulty_s3.counts["AbortMultipartUpload"] == 0


def _in_hours(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_prune_aborts_what_killed_runs_have_left(scene: Scene, faulty_s3: FaultyS3) -> None:
    """Also for models that are no longer in the catalog, but never outside the connection's prefix."""
    scene.name("search")
    _begin_upload(scene, "models/gone/0123456789ab/model.safetensors")
    _begin_upload(scene, "elsewhere/model.safetensors")
    assert scene.sync("--prune").stderr == "0 prefixes deleted\n"
    faulty_s3.faults.later(hours=25)
    ran = scene.sync("--prune", "--dry-run")
    assert ran.stdout == "abort an upload of models/gone/0123456789ab/model.safetensors (no part received for a day)\n"
    assert ran.stderr == "0 prefixes would be deleted, 1 upload would be aborted\n"
    assert len(scene.uploads()) == 2
    assert scene.sync("--prune").stderr == "0 prefixes deleted, 1 upload aborted\n"
    assert scene.uploads() == ["elsewhere/model.safetensors"]
