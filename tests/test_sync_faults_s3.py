"""Faults of S3: the bucket has the right files or none, and the message says what to do."""

import re
from collections.abc import Callable

import pytest
from fakes.faulty import Call, FaultyS3
from fakes.hub import Sparse
from fakes.repos import Content
from fakes.server import Reply
from helpers import ROOT
from scene import FILES, MIB, QUICK, WEIGHTS, Scene
from servers.s3 import S3, Versitygw
from silence import SILENCE_S, impatient

pytestmark = pytest.mark.s3
COMPLETE = "CompleteMultipartUpload"


@pytest.fixture
def scene(unsynced: Scene) -> Scene:
    """A project with one model, and an empty bucket behind the proxy."""
    return unsynced


PASSING: dict[str, Callable[[FaultyS3], object]] = {
    "SlowDown for parts": lambda s3: s3.faults.slow_down(kind="UploadPart", times=6),
    "SlowDown for everything": lambda s3: s3.faults.slow_down(times=1, after=1),
    "500 for complete": lambda s3: s3.faults.internal(kind=COMPLETE, times=3),
    "an error in a 200 for complete": lambda s3: s3.faults.error_in_200(times=3),
    "500 after complete worked": lambda s3: s3.faults.fail_after(500, "InternalError", times=1),
    "the answer of complete is lost": lambda s3: s3.faults.lose_response(times=1),
    "the answer of begin is lost": lambda s3: s3.faults.lose_response(kind="CreateMultipartUpload", times=1),
    "the answer of a part is lost": lambda s3: s3.faults.lose_response(kind="UploadPart", times=2),
    "a reset in mid-part": lambda s3: s3.faults.reset(at=2 * MIB, kind="UploadPart", times=4),
    "a reset before a small file": lambda s3: s3.faults.reset(kind="PutObject", times=2),
    "a byte changed on the way": lambda s3: s3.faults.flip(7, kind="UploadPart", times=1),
    "500 for the manifest": lambda s3: s3.faults.internal(kind="PutObject", path="*/.sync/*", times=1),
    "no listing of uploads": lambda s3: s3.faults.denied(kind="ListMultipartUploads"),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_is_survived(fault: str, scene: Scene, faulty_s3: FaultyS3) -> None:
    """It is retried no more than needed; nothing remains, except an upload whose id was lost."""
    PASSING[fault](faulty_s3)
    ran = scene.quick()
    [struck] = faulty_s3.faults.active
    assert (ran.code, struck.hits) == (0, struck.limits.get("times", 1)), ran.stderr
    scene.expect(killed=fault == "the answer of begin is lost")


def test_silence_that_passes_is_survived(scene: Scene, faulty_s3: FaultyS3, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that is not acknowledged in time is sent again."""
    silence = faulty_s3.faults.hang(kind="UploadPart", times=1)
    ran = scene.quick(impatient(monkeypatch, "s3"))
    assert (ran.code, silence.hits) == (0, 1), ran.stderr
    scene.expect()


LASTING: dict[str, tuple[Callable[[FaultyS3], object], str, str]] = {
    "SlowDown": (lambda s3: s3.faults.slow_down(kind="UploadPart"), "SlowDown: Please reduce", "hint: "),
    "500 for complete": (lambda s3: s3.faults.internal(kind=COMPLETE), "InternalError: We encountered", "hint: "),
    "200 with error": (lambda s3: s3.faults.error_in_200(), "InternalError: We encountered", "hint: "),
    "silence": (
        lambda s3: s3.faults.hang(kind="UploadPart"),
        "Read timeout on endpoint URL",
        "hint: the server stopped",
    ),
    "reset": (lambda s3: s3.faults.reset(at=MIB, kind="UploadPart"), "Connection was closed", "hint: "),
    "NoSuchUpload": (lambda s3: s3.faults.no_upload(kind="UploadPart"), "NoSuchUpload: The specified", "hint: "),
    "ExpiredToken": (
        lambda s3: s3.faults.expired_token(kind="UploadPart", after=1),
        "ExpiredToken: The provided token has expired.",
        "hint: get new credentials, and run the sync again: it continues where it stopped",
    ),
    "AccessDenied": (
        lambda s3: s3.faults.denied(kind="CreateMultipartUpload"),
        "AccessDenied: Access Denied",
        "hint: grant the access key s3:ListBucket",
    ),
}


@pytest.mark.parametrize("fault", LASTING)
def test_a_fault_that_lasts_ends_in_a_message(
    fault: str, scene: Scene, faulty_s3: FaultyS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file, the cause, and what to do; no unverified object; and the next run finishes.

    An upload is aborted, unless a Complete of it may still be running (test_sync_race.py).
    """
    begin, cause, action = LASTING[fault]
    begin(faulty_s3)
    with monkeypatch.context() as patch:
        ran = scene.quick(impatient(patch, "s3", tries=1, silence_s=5) if fault == "silence" else QUICK)
    code, subject = (2, "connection 's3'") if fault == "ExpiredToken" else (1, "m")
    assert ran.code == code
    assert faulty_s3.faults.active[0].hits <= 3 * QUICK.retry_policy.attempts * QUICK.s3_attempts
    request = r"(start an upload|write part \d|complete the upload) of"
    assert re.match(rf"error: {subject}: {WEIGHTS}: cannot {request} s3://", ran.stderr), ran.stderr
    assert cause in ran.stderr
    assert action in ran.stderr
    assert WEIGHTS not in scene.present(scene.prefix())
    scene.visible()
    left = [scene.prefix() + WEIGHTS] if faulty_s3.counts[COMPLETE] else []
    assert (scene.manifest(), scene.uploads()) == (None, left)
    faulty_s3.faults.clear()
    scene.hub.reset()
    assert scene.quick().code == 0
    scene.expect(killed=bool(left))
    assert {request.file for request in scene.hub.seen("resolve")} == {WEIGHTS, "config.json"}


AT_ONCE: dict[str, tuple[Callable[[FaultyS3], object], str, str]] = {
    "NoSuchBucket": (lambda s3: s3.faults.no_bucket(), "NoSuchBucket: The specified", "hint: create the bucket"),
    "AccessDenied": (
        lambda s3: s3.faults.denied(),
        "AccessDenied: Access Denied",
        "hint: grant the access key s3:List",
    ),
    "ahead": (
        lambda s3: s3.faults.skewed(-3600),
        "RequestTimeTooSkewed: ",
        r"clock is 3[56]\d\d seconds ahead: set it",
    ),
    "behind": (
        lambda s3: s3.faults.skewed(1800),
        "RequestTimeTooSkewed: ",
        r"clock is 1[78]\d\d seconds behind: set it",
    ),
    "ExpiredToken": (lambda s3: s3.faults.expired_token(), "ExpiredToken: ", "hint: get new credentials"),
    "BadKey": (
        lambda s3: s3.faults.error(403, "InvalidAccessKeyId"),
        "InvalidAccessKeyId: ",
        "check AWS_ACCESS_KEY_ID",
    ),
    "no reason": (
        lambda s3: s3.faults.error(403, "QuotaExceeded"),
        "QuotaExceeded: the server gave no reason",
        "hint",
    ),
}


@pytest.mark.parametrize("case", AT_ONCE)
def test_a_permanent_error_is_not_retried(case: str, scene: Scene, faulty_s3: FaultyS3) -> None:
    """One request, one message, and no request to the Hub."""
    begin, cause, action = AT_ONCE[case]
    begin(faulty_s3)
    ran = scene.sync()
    own = case in ("AccessDenied", "no reason")  # the others would be the same for every model of the connection
    assert ran.code == (1 if own else 2)
    subject = "m" if own else "connection 's3'"
    assert f"error: {subject}: cannot read s3://{scene.s3.bucket}/models/.sync/m/" in ran.stderr
    assert cause in ran.stderr
    assert re.search(action, ran.stderr), ran.stderr
    assert len(faulty_s3.requests) == 1
    assert (scene.hub.requests, scene.present()) == ([], {})


def test_a_denied_key_is_told_every_permission(scene: Scene, faulty_s3: FaultyS3) -> None:
    """The hint lists the permissions that docs/artifacts.md lists."""
    faulty_s3.faults.denied()
    [hint] = [line for line in scene.sync().stderr.splitlines() if line.startswith("  hint: ")]
    documented = (ROOT / "docs/artifacts.md").read_text("utf-8")
    assert re.findall(r"s3:[A-Za-z]+", hint) == re.findall(r"`(s3:[A-Za-z]+)`", documented)


def test_a_bucket_that_does_not_exist(scene: Scene) -> None:
    """The real server's answer; it is not created."""
    scene.environ["AWS_S3_BUCKET"] = "nowhere-at-all"
    ran = scene.sync()
    assert ran.code == 2
    assert "NoSuchBucket" in ran.stderr
    assert "hint: create the bucket, or correct `bucket` in models.yaml" in ran.stderr
    assert not (scene.s3.root.parent / "nowhere-at-all").exists()


NOBODY = "where nobody listens"
CREDENTIALS: dict[str, tuple[dict[str, str | None], str]] = {
    "a wrong secret": ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "hint: check AWS_SECRET_ACCESS_KEY"),
    "a wrong key": ({"AWS_ACCESS_KEY_ID": "NOBODYSKEY"}, "hint: check AWS_ACCESS_KEY_ID"),
    "none": (
        {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_EC2_METADATA_DISABLED": "true"},
        "hint: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
    ),
    "half of them": ({"AWS_SECRET_ACCESS_KEY": None}, "hint: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
    "no such profile": ({"AWS_PROFILE": "nobody"}, "hint: correct AWS_PROFILE"),
    "no such server": ({"AWS_S3_ENDPOINT": NOBODY}, "hint: check AWS_S3_ENDPOINT"),
}


@pytest.mark.parametrize("case", CREDENTIALS)
def test_credentials_that_do_not_work(case: str, scene: Scene, nobody: str) -> None:
    """The message names the variable, never its value."""
    changes, action = CREDENTIALS[case]
    changed: dict[str, str | None] = {**scene.environ, **changes}
    scene.environ = {name: value.replace(NOBODY, nobody) for name, value in changed.items() if value is not None}
    ran = scene.quick()
    assert ran.code in (1, 2)
    assert ran.stderr.startswith("error: ")
    assert action in ran.stderr
    assert "NOBODYSKEY" not in ran.stderr
    assert (scene.hub.requests, scene.present()) == ([], {})


def test_a_prefix_that_is_denied_fails_its_model_only(scene: Scene, versitygw: S3, versitygw_server: Versitygw) -> None:
    """The other models are synced; the denied one leaves nothing."""
    scene.add("secret", FILES, "acme/secret")
    user = versitygw_server.restrict(versitygw, "models/secret/", actions="s3:PutObject")
    scene.environ |= user.env
    ran = scene.quick(keep_going=True)
    assert (ran.code, ran.stdout.partition(":")[0]) == (1, "m")
    assert "error: secret: " in ran.stderr
    assert "AccessDenied" in ran.stderr
    assert "hint: grant the access key s3:ListBucket" in ran.stderr
    scene.expect("m")


def test_a_complete_without_effect_is_detected(scene: Scene, faulty_s3: FaultyS3) -> None:
    """The server answers 200, but the object is still another program's, of the same size."""
    _leave_another(scene)
    faulty_s3.faults.add(_claim, {"kind": COMPLETE})
    ran = scene.quick()
    assert ran.code == 1
    assert f"error: m: {WEIGHTS}" in ran.stderr
    assert "hint: " in ran.stderr
    assert (scene.manifest(), scene.uploads()) == (None, [scene.prefix() + WEIGHTS])
    faulty_s3.faults.clear()
    assert scene.quick().code == 0
    scene.expect(killed=True)


def _leave_another(scene: Scene) -> None:
    client = scene.s3.client()
    body = b"".join(Content(Sparse(12 * MIB + 5, seed=77)).chunks())
    client.put_object(Bucket=scene.s3.bucket, Key=scene.prefix() + WEIGHTS, Body=body)
    client.close()


def _claim(call: Call) -> Call:
    body = b"<CompleteMultipartUploadResult><ETag>&quot;0-3&quot;</ETag></CompleteMultipartUploadResult>"
    return call.__class__(call.size, instead=Reply.of(body, "application/xml"))


def test_an_upload_aborted_by_another_client_is_restarted(scene: Scene, faulty_s3: FaultyS3) -> None:
    """NoSuchUpload once, and no completed object: the next run at the latest sends the file again."""
    faulty_s3.faults.no_upload(kind="UploadPart", times=1)
    codes = [scene.quick().code, scene.quick().code]
    assert codes[1] == 0
    scene.expect()


def test_the_default_policy_bounds_silence() -> None:
    """Nothing waits forever."""
    assert 0 < SILENCE_S < type(QUICK.retry_policy)().read_timeout_s <= 60
    assert type(QUICK.retry_policy)().timeout_s <= 300
