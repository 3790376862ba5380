"""Checksum headers: for buckets with object lock, which AWS fills with nothing else; on real ones: tests/servers."""

import base64
import dataclasses
import hashlib

import pytest
from fakes.faulty import Call, FaultyS3, refusal
from fakes.server import Reply
from scene import FILES, WEIGHTS, Scene

pytestmark = pytest.mark.s3
ASKED = "GetObjectLockConfiguration"
REQUIRED = "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters"
"""Of AWS, as its users quote it."""


@pytest.fixture
def scene(unsynced: Scene) -> Scene:
    """A project with one model, and an empty bucket behind the proxy."""
    return unsynced


def _lock(proxy: FaultyS3) -> None:
    """Make the bucket one with object lock, as AWS has them: contents without a checksum are refused."""
    locked = b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"
    proxy.faults.add(
        lambda call: dataclasses.replace(call, instead=Reply.of(locked, "application/xml")), {"kind": ASKED}
    )

    def refuse(call: Call) -> Call:
        checked = call.request and "x-amz-checksum-sha256" in call.request.headers
        return call if checked else dataclasses.replace(call, instead=refusal(400, "InvalidRequest", REQUIRED))

    for kind in ("PutObject", "UploadPart"):
        proxy.faults.add(refuse, {"kind": kind})


def _checked(proxy: FaultyS3) -> set[bool]:
    """Whether contents were sent with checksums."""
    sent = proxy.seen("PutObject") + proxy.seen("UploadPart")
    assert len(sent) >= len(FILES)
    return {"x-amz-checksum-sha256" in request.headers for request in sent}


def test_a_bucket_with_object_lock_gets_checksums(scene: Scene, faulty_s3: FaultyS3) -> None:
    """It is asked once; the strict server compares each checksum with what it got."""
    _lock(faulty_s3)
    ran = scene.quick()
    assert ran.code == 0, ran.stderr
    assert (_checked(faulty_s3), faulty_s3.counts[ASKED]) == ({True}, 1)
    [begun] = faulty_s3.seen("CreateMultipartUpload")
    assert begun.headers["x-amz-checksum-algorithm"] == "SHA256"
    [config] = faulty_s3.seen("PutObject", scene.prefix() + "config.json")
    body = FILES["config.json"]
    assert isinstance(body, bytes)
    assert config.headers["x-amz-checksum-sha256"] == base64.b64encode(hashlib.sha256(body).digest()).decode()
    scene.expect()


def test_a_wrong_byte_is_noticed_by_its_checksum(scene: Scene, faulty_s3: FaultyS3) -> None:
    """As the signature notices it over http; the part is sent again."""
    _lock(faulty_s3)
    flipped = faulty_s3.faults.flip(7, kind="UploadPart", times=1)
    ran = scene.quick()
    assert (ran.code, flipped.hits) == (0, 1), ran.stderr
    scene.expect()


def test_any_other_bucket_gets_none(scene: Scene, faulty_s3: FaultyS3) -> None:
    """A checksum of each part costs another pass over all contents."""
    assert scene.quick().code == 0
    assert (_checked(faulty_s3), faulty_s3.counts[ASKED]) == ({False}, 1)
    assert scene.quick().stdout == "m: up to date\n"
    assert faulty_s3.counts[ASKED] == 1


@pytest.mark.parametrize("option", ["--checksums", "--no-checksums"])
def test_the_option_decides(option: str, scene: Scene, faulty_s3: FaultyS3) -> None:
    """The bucket is not asked then."""
    ran = scene.sync(option)
    assert ran.code == 0, ran.stderr
    assert (_checked(faulty_s3), faulty_s3.counts[ASKED]) == ({option == "--checksums"}, 0)
    scene.expect()


def test_a_bucket_that_does_not_tell_is_explained(scene: Scene, faulty_s3: FaultyS3) -> None:
    """The key may not ask: the message names the option that helps."""
    _lock(faulty_s3)
    faulty_s3.faults.denied(kind=ASKED)
    ran = scene.quick()
    assert ran.code == 1
    assert f"InvalidRequest: {REQUIRED}" in ran.stderr
    assert "hint: if the bucket has object lock, run the sync with --checksums\n" in ran.stderr
    assert scene.sync("--checksums").code == 0
    scene.expect()


def test_what_aws_sdks_read_from_the_environment_changes_nothing(scene: Scene, faulty_s3: FaultyS3) -> None:
    """Old servers know no trailers, whatever the pod's environment says."""
    scene.environ["AWS_REQUEST_CHECKSUM_CALCULATION"] = "when_supported"
    assert scene.quick().code == 0
    assert _checked(faulty_s3) == {False}
    sent = faulty_s3.seen("UploadPart", f"*{WEIGHTS}")
    assert not any("trailer" in name or "checksum" in name for each in sent for name in each.headers)


def test_a_missing_length_is_no_matter_of_checksums(scene: Scene, faulty_s3: FaultyS3) -> None:
    """Every request has its length when it leaves."""
    faulty_s3.faults.error(411, "MissingContentLength", kind="UploadPart")
    ran = scene.quick()
    assert "hint: a proxy removes Content-Length from requests: exempt S3 from it with NO_PROXY\n" in ran.stderr
    assert all(int(request.headers["content-length"]) for request in faulty_s3.seen("UploadPart"))
