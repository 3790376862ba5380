"""Errors of S3: what failed, whether to try again, and what to do about it."""

from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from generator.addresses import without_login
from generator.diagnostics import InterruptedSyncError
from generator.proxies import proxy_of
from generator.retry import AGAIN, RemoteError
from generator.sync.pace import TooSlowError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

ABSENT: Final = frozenset({"404", "NoSuchKey", "NotFound"})
UNREADABLE: Final = ABSENT | {"InvalidRange", "IncompleteReadError", "ResponseStreamingError"}
"""There is no object; or the server has its size, but not its bytes."""
# Codes are S3's own (AWS's page "Error responses"), and seen from Ceph RGW 16.2.15, versitygw 1.8.0 and rclone 1.75.2.
_TRANSIENT: Final = frozenset(
    {
        "SlowDown",
        "InternalError",
        "ServiceUnavailable",
        "RequestTimeout",
        "OperationAborted",
        "Throttling",
        "503",
        "500",
        # The bytes changed on their way to the server, which has noticed.
        "XAmzContentSHA256Mismatch",
        "XAmzContentChecksumMismatch",
        "BadDigest",
        "IncompleteBody",
    }
)
PERMISSIONS: Final = (
    "s3:ListBucket",
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListBucketMultipartUploads",
    "s3:ListMultipartUploadParts",
    "s3:GetBucketObjectLockConfiguration",
)
"""What a sync needs."""
_HINTS: Final = {
    "NoSuchBucket": "create the bucket, or correct `bucket` in models.yaml",
    "AccessDenied": f"grant the access key {', '.join(PERMISSIONS)}",
    "InvalidAccessKeyId": "check AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "check AWS_SECRET_ACCESS_KEY, and `region` in models.yaml",
    "ExpiredToken": "get new credentials, and run the sync again: it continues where it stopped",
    "SSLError": "set AWS_CA_BUNDLE to the file of the CA that signed the server's certificate",
    "HandshakeError": "check that the server at AWS_S3_ENDPOINT, or `endpoint` in models.yaml, speaks TLS",
    "EndpointConnectionError": "check AWS_S3_ENDPOINT, or `endpoint` in models.yaml, and the network",
    "ConnectTimeoutError": "check AWS_S3_ENDPOINT, or `endpoint` in models.yaml, and the network",
    "ReadTimeoutError": "the server stopped responding: check it, then run the sync again",
    "TooSlow": "check the server and the network; on such a slow link, use --jobs 1",
    "ProfileNotFound": "correct AWS_PROFILE",
    "NoCredentialsError": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
    "PartialCredentialsError": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
    "NoSuchUpload": "another program has aborted the upload; run the sync again",
    "MissingContentLength": "a proxy removes Content-Length from requests: exempt S3 from it with NO_PROXY",
}
_LASTING: Final = frozenset(
    {
        "SSLError",
        "HandshakeError",
        "ProfileNotFound",
        "NoCredentialsError",
        "PartialCredentialsError",
        # S3 may say these within its answer to a copy, of which botocore makes a 500 (_handle_200_error, boto/botocore
        # botocore/handlers.py @ 1.44.5).
        "NotImplemented",
        "AccessDenied",
        "NoSuchKey",
        "PreconditionFailed",
    }
)
_EVERYWHERE: Final = frozenset(
    {
        "ConnectTimeoutError",
        "EndpointConnectionError",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "NoCredentialsError",
        "NoSuchBucket",
        "PartialCredentialsError",
        "ProfileNotFound",
        "RequestTimeTooSkewed",
        "SSLError",
        "SignatureDoesNotMatch",
    }
)
"""Not about the object that the request is about: the bucket cannot be used."""
_UNUSUAL: Final = "ask the operator of the S3 server about this error"


class S3Error(RemoteError):
    """A request to S3 failed. `code` is S3's own word."""

    def __init__(self, message: str, *, code: str, hint: str | None, transient: bool) -> None:
        super().__init__(message, hint=hint or (AGAIN if transient else _UNUSUAL), transient=transient)
        self.code = code
        self.everywhere = code in _EVERYWHERE


@contextmanager
def translated(doing: str, url: str | None) -> Iterator[None]:
    """Raise botocore's errors as S3Error: "cannot `doing`: …". The server is at `url`."""
    from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError  # noqa: PLC0415 - as in s3
    from botocore.parsers import ResponseParserError  # noqa: PLC0415 - as in s3

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code") or "unknown")
        raise _client_error(doing, code, error) from error
    except CancelledError:
        raise InterruptedSyncError("interrupted") from None
    except TooSlowError:
        raise _too_slow(doing) from None
    except (BotoCoreError, ResponseParserError) as error:
        if isinstance(error, ConnectionClosedError) and _timed_out(error):
            raise _too_slow(doing) from None
        code, words = _connection(type(error).__name__, without_login(" ".join(str(error).split())))
        hint = _HINTS.get(code)
        if code == "ProxyConnectionError" and url and (proxy := proxy_of(url)):
            words, hint = f"{proxy} cannot be reached, or does not let us through", proxy.hint
        raise S3Error(f"cannot {doing}: {words}", code=code, hint=hint, transient=code not in _LASTING) from error


def _timed_out(error: BaseException | None) -> bool:
    """Whether the body could not be sent in time, all of it or a piece: botocore and urllib3 wrap that twice."""
    while error and not isinstance(error, TimeoutError):
        error = error.__cause__ or error.__context__
    return error is not None


def _too_slow(doing: str) -> S3Error:
    return S3Error(f"cannot {doing}: the server is too slow", code="TooSlow", hint=_HINTS["TooSlow"], transient=True)


def _connection(code: str, words: str) -> tuple[str, str]:
    """Code and words of a failure without an answer. For botocore, whatever goes wrong below TLS is an SSLError."""
    if code != "SSLError" or _UNTRUSTED in words:
        return code, words
    if any(reason in words for reason in _NO_TLS):
        return "HandshakeError", words.replace("SSL validation failed", "TLS failed")
    return "ConnectionClosedError", "the connection was cut"


_UNTRUSTED: Final = "CERTIFICATE_VERIFY_FAILED"
_NO_TLS: Final = ("WRONG_VERSION_NUMBER", "HANDSHAKE", "PROTOCOL")
"""OpenSSL's reasons, of which the others come later than the handshake (openssl/openssl crypto/err/openssl.txt)."""


def _client_error(doing: str, code: str, error: "ClientError") -> S3Error:
    said = error.response.get("Error", {}).get("Message") or "the server gave no reason"
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    hint = _HINTS.get(code)
    if "x-amz-checksum" in said.lower() or code == "MissingContentMD5":
        hint = _UNCHECKED
    if code == "RequestTimeTooSkewed":
        hint = _skew(error)
    transient = code in _TRANSIENT or (status in _BROKEN and code not in _LASTING)
    return S3Error(f"cannot {doing}: {code}: {said}", code=code, hint=hint, transient=transient)


_UNCHECKED: Final = "if the bucket has object lock, run the sync with --checksums"
_BROKEN: Final = frozenset(range(500, 600)) - {HTTPStatus.NOT_IMPLEMENTED}
"""Statuses of a server that may work the next time. Not every server sends the code NotImplemented with its status."""


def server_time(answer: Mapping[str, Any]) -> datetime | None:
    """What the server's clock said when it answered."""
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    try:
        time = parsedate_to_datetime(date) if date else None
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time and time.tzinfo is None else time


def _skew(error: "ClientError") -> str:
    now = server_time(error.response)
    if not now:
        return "set this machine's clock"
    seconds = (datetime.now(UTC) - now).total_seconds()
    return f"this machine's clock is {abs(seconds):.0f} seconds {'ahead' if seconds > 0 else 'behind'}: set it"
