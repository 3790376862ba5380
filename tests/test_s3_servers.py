"""The S3 servers check what they should, and the proxy's faults reach boto3."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, HTTPClientError
from fakes.faulty import FaultyS3, S3Faults
from fakes.initializer import initialize
from fakes.server import Loopback, Reply
from fakes.tls import Tls
from servers import s3 as servers
from servers.s3 import S3, Versitygw

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

pytestmark = pytest.mark.s3
PART = 5 << 20
KEY = "models/m/model.safetensors"


@pytest.fixture(params=["versitygw", "tls_versitygw"])
def strict(request: pytest.FixtureRequest) -> S3:
    """The strict server over http, and over https."""
    bucket: S3 = request.getfixturevalue(request.param)
    return bucket


@pytest.fixture
def client(faulty_s3: FaultyS3, versitygw: S3) -> "Iterator[S3Client]":
    """The proxy in front of the strict server."""
    client = versitygw.through(faulty_s3.endpoint).client()
    yield client
    client.close()


def code(call: Callable[..., object], **arguments: Any) -> str:
    """The error code that a call ends with."""
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return raised.value.response["Error"]["Code"]


def begin(client: "S3Client", bucket: str, body: bytes) -> dict[str, Any]:
    """Upload the parts, and return what completing takes."""
    upload = client.create_multipart_upload(Bucket=bucket, Key=KEY)["UploadId"]
    parts: list[CompletedPartTypeDef] = []
    for number, at in enumerate(range(0, len(body), PART), 1):
        part = client.upload_part(Bucket=bucket, Key=KEY, UploadId=upload, PartNumber=number, Body=body[at : at + PART])
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    return {"Bucket": bucket, "Key": KEY, "UploadId": upload, "MultipartUpload": {"Parts": parts}}


def test_a_port_in_use_is_not_used(
    tool: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may take the port before the server starts, and even answer on it."""
    listing = Reply.of(b"<ListAllMyBucketsResult/>", "application/xml", 403)
    stranger = Loopback(lambda exchange: exchange.send(listing))
    free = servers.free_port()
    ports = iter([stranger.server_port, free])
    monkeypatch.setattr(servers, "free_port", lambda: next(ports))
    try:
        with Versitygw(tool("versitygw"), tmp_path) as server:
            assert server.port == free
            assert server.bucket().tree() == {}
    finally:
        stranger.stop()


def test_objects_are_files(strict: S3) -> None:
    """A stored object is in the folder, with its metadata beside it, and can be damaged there."""
    client = strict.client()
    client.put_object(Bucket=strict.bucket, Key="m/config.json", Body=b"{}", Metadata={"sha256": "abc"})
    assert strict.tree("m") == {"config.json": b"{}"}
    assert client.head_object(Bucket=strict.bucket, Key="m/config.json")["Metadata"] == {"sha256": "abc"}
    (strict.root / "m/config.json").write_bytes(b"!!")
    assert client.get_object(Bucket=strict.bucket, Key="m/config.json")["Body"].read() == b"!!"
    client.close()


def test_an_upload_in_parts(strict: S3) -> None:
    """Nothing is visible before it is completed; an upload can be listed by prefix and aborted."""
    client, body = strict.client(), b"a" * PART + b"tail"
    done = begin(client, strict.bucket, body)
    listed = client.list_multipart_uploads(Bucket=strict.bucket, Prefix="models/m/")["Uploads"]
    assert [upload["UploadId"] for upload in listed] == [done["UploadId"]]
    assert strict.tree() == {}
    other = begin(client, strict.bucket, b"b" * PART)
    client.abort_multipart_upload(Bucket=strict.bucket, Key=KEY, UploadId=other["UploadId"])
    assert code(client.complete_multipart_upload, **other) == "NoSuchUpload"
    client.complete_multipart_upload(**done)
    assert strict.tree() == {KEY: body}
    assert "Uploads" not in client.list_multipart_uploads(Bucket=strict.bucket)
    client.close()


def test_completing_a_lost_upload_succeeds_if_an_object_exists(versitygw: S3) -> None:
    """Versitygw answers 200 with the ETag of parts that it never got; only reading the object shows it."""
    client = versitygw.client()
    client.put_object(Bucket=versitygw.bucket, Key=KEY, Body=b"old")
    gone = begin(client, versitygw.bucket, b"b" * PART)
    client.abort_multipart_upload(Bucket=versitygw.bucket, Key=KEY, UploadId=gone["UploadId"])
    claimed = client.complete_multipart_upload(**gone)["ETag"]
    assert claimed != client.head_object(Bucket=versitygw.bucket, Key=KEY)["ETag"]
    assert versitygw.tree() == {KEY: b"old"}
    client.close()


def test_a_put_can_depend_on_absence(strict: S3) -> None:
    """If-None-Match refuses the second put."""
    client = strict.client()
    client.put_object(Bucket=strict.bucket, Key="lease", Body=b"1", IfNoneMatch="*")
    assert (
        code(client.put_object, Bucket=strict.bucket, Key="lease", Body=b"2", IfNoneMatch="*") == "PreconditionFailed"
    )
    client.close()


def test_a_byte_changed_in_transit_is_detected(client: "S3Client", faulty_s3: FaultyS3, versitygw: S3) -> None:
    """The strict server compares the body with the hash that was signed."""
    faulty_s3.faults.flip(2, times=1)
    refused = code(client.put_object, Bucket=versitygw.bucket, Key=KEY, Body=b"hello")
    assert refused == "XAmzContentSHA256Mismatch"
    client.put_object(Bucket=versitygw.bucket, Key=KEY, Body=b"hello")
    assert faulty_s3.counts == {"PutObject": 2}


def test_a_wrong_secret_is_refused(versitygw: S3) -> None:
    """Signatures are checked."""
    client = S3(versitygw.endpoint, versitygw.bucket, versitygw.access_key, "wrong", None, versitygw.root).client()
    assert code(client.list_objects_v2, Bucket=versitygw.bucket) == "SignatureDoesNotMatch"
    client.close()


def test_one_prefix_can_be_denied(versitygw_server: Versitygw, versitygw: S3) -> None:
    """The second account can write everywhere else."""
    client = versitygw_server.restrict(versitygw, "models/secret/").client()
    client.put_object(Bucket=versitygw.bucket, Key="models/m/a", Body=b"a")
    assert code(client.put_object, Bucket=versitygw.bucket, Key="models/secret/a", Body=b"a") == "AccessDenied"
    client.close()


def test_the_sloppy_server_is_sloppy(rclone_s3: S3) -> None:
    """Tiny parts pass, and conditions are ignored."""
    client = rclone_s3.client()
    for body in (b"1", b"2"):
        client.put_object(Bucket=rclone_s3.bucket, Key="m/lease", Body=body, IfNoneMatch="*")
    assert rclone_s3.tree("m") == {"lease": b"2"}
    client.close()


ANSWERS: dict[str, Callable[[S3Faults], object]] = {
    "SlowDown": lambda faults: faults.slow_down(times=2),
    "InternalError": lambda faults: faults.internal(),
    "NoSuchBucket": lambda faults: faults.no_bucket(),
    "AccessDenied": lambda faults: faults.denied(path="models/m/*"),
    "ExpiredToken": lambda faults: faults.expired_token(after=1),
    "RequestTimeTooSkewed": lambda faults: faults.skewed(3600),
}


@pytest.mark.parametrize("wanted", ANSWERS)
def test_an_answer_of_the_proxy(wanted: str, client: "S3Client", faulty_s3: FaultyS3, versitygw: S3) -> None:
    """The client sees the code, for the requests the fault is limited to."""
    client.head_bucket(Bucket=versitygw.bucket)
    ANSWERS[wanted](faulty_s3.faults)
    if wanted == "ExpiredToken":
        client.head_bucket(Bucket=versitygw.bucket)
    assert code(client.put_object, Bucket=versitygw.bucket, Key=KEY, Body=b"x") == wanted
    assert faulty_s3.seen("PutObject", "models/*")[0].status >= 400


def test_the_date_header_shows_the_skew(client: "S3Client", faulty_s3: FaultyS3, versitygw: S3) -> None:
    """The server's clock is in the Date header of the refusal."""
    faulty_s3.faults.skewed(3600)
    before = datetime.now(UTC).replace(microsecond=0)
    with pytest.raises(ClientError) as raised:
        client.put_object(Bucket=versitygw.bucket, Key=KEY, Body=b"x")
    date = parsedate_to_datetime(raised.value.response["ResponseMetadata"]["HTTPHeaders"]["date"])
    assert before <= date - timedelta(hours=1) <= datetime.now(UTC)


def test_completing_can_fail_in_every_way(client: "S3Client", faulty_s3: FaultyS3, versitygw: S3) -> None:
    """A 500, an error in a 200, and a lost response although the object exists."""
    done = begin(client, versitygw.bucket, b"a" * PART)
    faulty_s3.faults.internal(kind="CompleteMultipartUpload", times=1)
    assert code(client.complete_multipart_upload, **done) == "InternalError"
    faulty_s3.faults.error_in_200(times=1)
    assert code(client.complete_multipart_upload, **done) == "InternalError"
    assert versitygw.tree() == {}
    faulty_s3.faults.lose_response(times=1)
    with pytest.raises(HTTPClientError):
        client.complete_multipart_upload(**done)
    assert [*versitygw.tree()] == [KEY]
    assert client.head_object(Bucket=versitygw.bucket, Key=KEY)["ContentLength"] == PART
    assert [request.status for request in faulty_s3.seen("CompleteMultipartUpload")] == [500, 200, 200]


def test_an_upload_can_be_cut_off(client: "S3Client", faulty_s3: FaultyS3, versitygw: S3) -> None:
    """The connection is reset in the middle of a part; the next part succeeds."""
    upload = client.create_multipart_upload(Bucket=versitygw.bucket, Key=KEY)["UploadId"]
    faulty_s3.faults.reset(at=1_000_000, kind="UploadPart", times=1)
    part: dict[str, Any] = {"Bucket": versitygw.bucket, "Key": KEY, "UploadId": upload, "PartNumber": 1}
    with pytest.raises(HTTPClientError):
        client.upload_part(**part, Body=b"a" * PART)
    client.upload_part(**part, Body=b"a" * PART)
    assert faulty_s3.counts["UploadPart"] == 2


def test_a_server_can_stay_silent(faulty_s3: FaultyS3, versitygw: S3) -> None:
    """Only the client's own time limit ends the request."""
    faulty_s3.faults.hang()
    client = versitygw.through(faulty_s3.endpoint).client(read_timeout=0.2)
    with pytest.raises(HTTPClientError):
        client.head_bucket(Bucket=versitygw.bucket)
    client.close()


def test_the_initializer_downloads_too_much_without_a_slash(strict: S3, tmp_path: Path) -> None:
    """For `m`, KServe downloads every key that begins with it; the final slash keeps `m-chat` out."""
    client = strict.client()
    for key in ("m/config.json", "m/1_Pooling/config.json", "m-chat/config.json"):
        client.put_object(Bucket=strict.bucket, Key=f"models/{key}", Body=key.encode())
    client.close()
    for uri, folder in (("models/m", "bled"), ("models/m/", "clean")):
        ran = initialize(f"s3://{strict.bucket}/{uri}", tmp_path / folder, strict.env)
        assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "bled/-chat/config.json").exists()
    clean = {path.relative_to(tmp_path / "clean").as_posix() for path in (tmp_path / "clean").rglob("*.json")}
    assert clean == {"config.json", "1_Pooling/config.json"}
    assert (tmp_path / "clean/config.json").read_bytes() == b"m/config.json"


def test_the_initializer_fails_for_an_empty_prefix(versitygw: S3, tmp_path: Path) -> None:
    """It reports an error."""
    ran = initialize(f"s3://{versitygw.bucket}/models/none/", tmp_path / "none", versitygw.env)
    assert ran.returncode != 0
    assert "No model found" in ran.stderr


def test_the_proxy_speaks_tls(tls_versitygw: S3, tls: Tls) -> None:
    """Over TLS on both sides signatures stay valid."""
    with FaultyS3(tls_versitygw.endpoint, tls_versitygw.ca, tls) as proxy:
        client = tls_versitygw.through(proxy.endpoint, proxy.ca).client()
        client.complete_multipart_upload(**begin(client, tls_versitygw.bucket, b"a" * PART))
        assert len(client.get_object(Bucket=tls_versitygw.bucket, Key=KEY)["Body"].read()) == PART
        client.close()
        assert proxy.counts["UploadPart"] == 1
