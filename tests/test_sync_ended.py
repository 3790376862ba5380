"""An upload that somebody else has ended: whatever the server says then, the object is looked for before giving up."""

import contextlib
import dataclasses
import re
import threading
from collections.abc import Callable

import pytest
from fakes.faulty import Call, FaultyS3, refusal
from fakes.hub import Sparse
from fakes.repos import Content
from fakes.server import Reply
from fakes.tls import Tls
from scene import MIB, QUICK, WEIGHTS, Scene

pytestmark = pytest.mark.s3
COMPLETE = "CompleteMultipartUpload"
ENDED: dict[str, Callable[[Call], Call]] = {
    "NoSuchUpload": lambda call: dataclasses.replace(call, instead=refusal(404, "NoSuchUpload", "")),
    "SeaweedFS": lambda call: dataclasses.replace(call, instead=refusal(400, "InvalidPart", "")),
    "moto": lambda call: dataclasses.replace(call, instead=Reply.of(b"AttributeError", "text/plain", 500)),
    "a cut connection": lambda call: dataclasses.replace(call, read=0),
}
"""What servers say to a part, or to Complete, of an upload that is no more."""


@pytest.fixture
def scene(unsynced: Scene) -> Scene:
    """A project with one model, and an empty bucket behind the proxy."""
    return unsynced


def _theirs(scene: Scene) -> Callable[[], None]:
    """Write the weights, once, as another sync would."""
    lock, written = threading.Lock(), threading.Event()
    repo, commit = scene.models["m"]
    content = scene.hub.repos[repo].commits[commit][WEIGHTS].content
    noted = {"hf-repo": repo, "hf-commit": commit, "sha256": content.sha256}

    def write() -> None:
        with lock, contextlib.closing(scene.s3.client()) as client:
            if not written.is_set():
                body, key = b"".join(content.chunks()), scene.prefix() + WEIGHTS
                client.put_object(Bucket=scene.s3.bucket, Key=key, Body=body, Metadata=noted)
                written.set()

    return write


@pytest.mark.parametrize("operation", ["UploadPart", COMPLETE])
@pytest.mark.parametrize("server", ENDED)
def test_the_object_of_another_sync_is_taken(server: str, operation: str, scene: Scene, faulty_s3: FaultyS3) -> None:
    """It is what this one would have written."""
    write = _theirs(scene)

    def ended(call: Call) -> Call:
        write()
        return ENDED[server](call)

    faulty_s3.faults.add(ended, {"kind": operation})
    ran = scene.quick()
    assert ran.code == 0, ran.stderr
    faulty_s3.faults.clear()
    scene.expect_whole(killed=True)


def test_a_connection_that_is_cut_is_no_fault_of_the_certificate(scene: Scene, tls: Tls) -> None:
    """It was trusted; so it is tried again, and the message does not speak of it."""
    with FaultyS3(scene.s3.endpoint, tls=tls) as proxy:
        scene.environ |= {"AWS_S3_ENDPOINT": proxy.endpoint, "AWS_CA_BUNDLE": str(tls.ca)}
        cut = proxy.faults.reset(at=MIB, kind="UploadPart")
        ran = scene.quick()
        assert ran.code == 1
        assert cut.hits >= QUICK.retry_policy.attempts
        assert re.match(rf"error: m: {WEIGHTS}: cannot write part \d of s3://.*: .*[Cc]onnection", ran.stderr), ran
        assert [word for word in ("AWS_CA_BUNDLE", "SSL", "certificate") if word in ran.stderr] == []
        proxy.faults.clear()
        proxy.faults.reset(at=MIB, kind="UploadPart", times=2)
        assert scene.quick().code == 0
    scene.expect()


def test_a_server_without_tls_is_no_fault_of_the_certificate(scene: Scene) -> None:
    """It speaks plain HTTP where TLS was expected: once, and with the thing to change."""
    scene.environ["AWS_S3_ENDPOINT"] = scene.s3.endpoint.replace("http://", "https://")
    ran = scene.quick()
    assert ran.code == 1
    assert "TLS failed" in ran.stderr
    assert "hint: check that the server at AWS_S3_ENDPOINT, or `endpoint` in models.yaml, speaks TLS\n" in ran.stderr


def test_an_object_that_appears_late_is_waited_for(scene: Scene, faulty_s3: FaultyS3) -> None:
    """Rclone writes it in place: what was completed can be read only after some tries."""
    half = b"".join(Content(Sparse(MIB, seed=3)).chunks())
    done = threading.Event()

    def completed(call: Call) -> Call:
        done.set()
        return call

    def early(call: Call) -> Call:
        reply = Reply.of(half[:1], "application/octet-stream", 206, Content_Range=f"bytes 0-0/{len(half)}")
        return dataclasses.replace(call, instead=reply) if done.is_set() else call

    faulty_s3.faults.add(completed, {"kind": COMPLETE})
    fault = faulty_s3.faults.add(early, {"kind": "GetObject", "path": "*" + WEIGHTS, "after": 1, "times": 2})
    ran = scene.quick()
    assert (ran.code, fault.hits) == (0, 2), ran.stderr
    scene.expect()
