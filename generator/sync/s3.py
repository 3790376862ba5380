"""S3: listings, objects, multipart uploads. Only this module makes requests to S3."""

import base64
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from generator.sync.pace import LEAST_RATE, Meter, Pace, TooSlowError
from generator.sync.plan import CopySource, Stored
from generator.sync.s3_client import Access, connect
from generator.sync.s3_errors import ABSENT, UNREADABLE, S3Error, server_time, translated
from generator.sync.waits import Waits

if TYPE_CHECKING:
    from generator.sync.s3_send import Sender

_SIZE_DIGITS: Final = 18


class Upload(NamedTuple):
    """A multipart upload that was begun."""

    key: str
    id: str
    checked: bool = False
    """Whether every part needs a checksum."""


class SentPart(NamedTuple):
    """What completes an upload: a part's ETag and, where parts have one, its checksum."""

    etag: str
    checksum: str | None = None


class Bucket:
    """A bucket. Its methods may be called from many threads."""

    def __init__(  # noqa: PLR0913 - whatever bounds a request
        self,
        access: Access,
        *,
        connections: int,
        attempts: int = 8,
        read_timeout_s: float = 60,
        least_rate: int = LEAST_RATE,
        waits: Waits | None = None,
        stop: Event | None = None,
    ) -> None:
        self.name = access.bucket
        self.requests = 0
        self._waits, self._stop = waits or Waits(), stop or Event()
        self._pace = Pace(least_rate, read_timeout_s)
        self._checks, self._asking_once = access.checksums, Lock()
        with translated(f"reach s3://{self.name}", None):
            self._client, self._route = connect(access, connections, attempts, read_timeout_s)
        self._client.meta.events.register("before-send.s3", self._count)
        for operation in ("PutObject", "UploadPart"):
            self._client.meta.events.register(f"before-send.s3.{operation}", self._send)
        self._client.meta.events.register("request-created.s3", self._stop_retries)

    def _count(self, **_: object) -> None:
        self.requests += 1

    def _send(self, request: Any, **_: object) -> Any:
        """Send contents. What a handler of this event returns is the answer to botocore, which then sends nothing.

        _do_get_response, boto/botocore botocore/endpoint.py @ 1.44.5.
        """
        return self._sender.send(request)

    @cached_property
    def _sender(self) -> "Sender":
        from generator.sync.s3_send import Sender  # noqa: PLC0415 - loads libcurl, and a sync may send nothing

        return Sender(self._route, self._pace, self._stop)

    def _stop_retries(self, request: Any, **_: object) -> None:
        """Let botocore send nothing again once the sync is to stop; first tries may be needed to clean up."""
        if self._stop.is_set() and request.context.get("retries", {}).get("attempt", 1) > 1:
            raise CancelledError

    @contextmanager
    def _asking(self, doing: str) -> Iterator[None]:
        """Every request to S3 is made in such a block, which says what it is for."""
        with self._waits.on(doing), translated(doing, self._client.meta.endpoint_url):
            yield

    def list_objects(self, prefix: str) -> dict[str, Stored]:
        """Every object below `prefix`, by its path there. Complete, or S3Error."""
        found: dict[str, Stored] = {}
        with self._asking(f"list s3://{self.name}/{prefix}"):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix):
                for item in page.get("Contents", ()):
                    path, written = item["Key"].removeprefix(prefix), item.get("LastModified")
                    found[path] = Stored(path, item["Size"], item["ETag"].strip('"'), written=written)
        return found

    def get(self, key: str) -> bytes | None:
        """A small object's content, None when there is none."""
        try:
            with self._asking(f"read {self._at(key)}"):
                return bytes(self._client.get_object(Bucket=self.name, Key=key)["Body"].read())
        except S3Error as error:
            _expect(error, ABSENT)
            return None

    def chunks(self, key: str, size: int) -> Iterator[bytes]:
        """An object's content, piece by piece."""
        meter = Meter(self._pace)
        with self._asking(f"read {self._at(key)}"):
            for piece in self._client.get_object(Bucket=self.name, Key=key)["Body"].iter_chunks(size):
                if not meter.add(len(piece)):
                    raise TooSlowError
                self._waits.move()
                yield piece

    def probe(self, key: str) -> Stored | None:
        """An object with the digests in its metadata, after reading its first byte; None if that cannot be read.

        HeadObject proves too little: Ceph RGW answers it for an object whose parts it has collected
        (https://github.com/ceph/ceph/pull/60771).
        """
        try:
            with self._asking(f"read {self._at(key)}"):
                found = self._client.get_object(Bucket=self.name, Key=key, Range="bytes=0-0")
                with closing(found["Body"]) as body:
                    body.read(1)
        except S3Error as error:
            _expect(error, UNREADABLE)
            return None
        noted = {name.lower(): value for name, value in found["Metadata"].items()}  # not every server keeps their case
        etag, written = found.get("ETag", "").strip('"'), found.get("LastModified")
        return Stored(key, self._size(key, found), etag, noted.get("sha256"), noted.get("git-sha1"), written)

    def _size(self, key: str, found: Mapping[str, Any]) -> int:
        if "ContentRange" not in found:
            return int(found["ContentLength"])
        total = found["ContentRange"].rpartition("/")[2]
        if not total.isdecimal() or len(total) > _SIZE_DIGITS:
            message = f"cannot read {self._at(key)}: the server gives the size as '{total[:_SIZE_DIGITS]}'"
            raise S3Error(message, code="NoSize", hint=None, transient=False)
        return int(total)

    def put(self, key: str, body: bytes, metadata: Mapping[str, str]) -> None:
        """Write an object in one request."""
        checksum = _named(_checksum(body)) if self._checked() else {}
        with self._asking(f"write {self._at(key)}"):
            self._client.put_object(Bucket=self.name, Key=key, Body=body, Metadata=dict(metadata), **checksum)

    def _checked(self) -> bool:
        """Whether contents need a checksum header: AWS refuses them without one in buckets with object lock.

        A bucket is asked once, and only before something is written. One that does not say, has no lock.
        """
        with self._asking_once:
            if self._checks is None:
                try:
                    with self._asking(f"read the object lock of s3://{self.name}"):
                        found = self._client.get_object_lock_configuration(Bucket=self.name)
                    self._checks = "ObjectLockEnabled" in found.get("ObjectLockConfiguration", {})
                except S3Error:
                    self._checks = False
            return self._checks

    def upload_part_copy(self, upload: Upload, number: int, copy_source: CopySource, start: int, end: int) -> SentPart:
        """Fill one part with the bytes from `start` up to but not including `end` of another object.

        The other object must still have its ETag; servers that know no conditions copy it all the same.
        """
        doing = f"copy {self._at(copy_source.key)} to part {number} of {self._at(upload.key)}"
        with self._asking(doing):
            answer = self._client.upload_part_copy(
                Bucket=self.name,
                Key=upload.key,
                UploadId=upload.id,
                PartNumber=number,
                CopySource={"Bucket": self.name, "Key": copy_source.key},
                CopySourceRange=f"bytes={start}-{end - 1}",
                CopySourceIfMatch=f'"{copy_source.etag}"',
            )
        return SentPart(_etag(answer.get("CopyPartResult"), doing))

    def create_multipart(self, key: str, metadata: Mapping[str, str], *, copies: bool = False) -> Upload:
        """Create a multipart upload: nothing is visible until it is completed. It gets contents, or only `copies`."""
        checked = not copies and self._checked()
        algorithm = {"ChecksumAlgorithm": "SHA256"} if checked else {}
        with self._asking(f"start an upload of {self._at(key)}"):
            begun = self._client.create_multipart_upload(
                Bucket=self.name, Key=key, Metadata=dict(metadata), **algorithm
            )
            return Upload(key, begun["UploadId"], checked)

    def upload_part(self, upload: Upload, number: int, body: bytes) -> SentPart:
        """Send one part."""
        part = {"Bucket": self.name, "Key": upload.key, "UploadId": upload.id, "PartNumber": number}
        checksum = _checksum(body) if upload.checked else None
        with self._asking(f"write part {number} of {self._at(upload.key)}"):
            sent = self._client.upload_part(**part, Body=body, **_named(checksum))
            return SentPart(str(sent["ETag"]), checksum)

    def complete_multipart(self, upload: Upload, parts: Mapping[int, SentPart]) -> None:
        """Make the object visible."""
        listed = [
            {"PartNumber": number, "ETag": part.etag, **_named(part.checksum)} for number, part in sorted(parts.items())
        ]
        with self._asking(f"complete the upload of {self._at(upload.key)}"):
            self._client.complete_multipart_upload(
                Bucket=self.name, Key=upload.key, UploadId=upload.id, MultipartUpload={"Parts": listed}
            )

    def abort_multipart(self, upload: Upload) -> None:
        """Abort an upload; it may be gone already."""
        try:
            with self._asking(f"abort the upload of {self._at(upload.key)}"):
                self._client.abort_multipart_upload(Bucket=self.name, Key=upload.key, UploadId=upload.id)
        except S3Error as error:
            _expect(error, ("NoSuchUpload", *ABSENT))

    def idle_multiparts(self, prefix: str, idle: timedelta) -> list[Upload]:
        """Open uploads below `prefix` that got no part for as long as `idle`.

        Ages are taken by the server's clock. An upload without a date is not idle.
        """
        with self._asking(f"list uploads of s3://{self.name}/{prefix}"):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self.name, Prefix=prefix)
            return [
                upload
                for page in pages
                if (now := server_time(page))
                for item in page.get("Uploads", ())
                if self._last_write(upload := Upload(item["Key"], item["UploadId"]), item, now - idle) < now - idle
            ]

    def _last_write(self, upload: Upload, listed: Mapping[str, Any], enough: datetime) -> datetime:
        """When the upload got its newest part. Parts are listed only if the upload itself is old enough."""
        begun: datetime = listed.get("Initiated", datetime.max.replace(tzinfo=UTC))
        if begun >= enough:
            return begun
        pages = self._client.get_paginator("list_parts").paginate(Bucket=self.name, Key=upload.key, UploadId=upload.id)
        return max((part["LastModified"] for page in pages for part in page.get("Parts", ())), default=begun)

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects one by one: old servers refuse the bulk request of new clients.

        It has a CRC32 where they want Content-MD5: boto/botocore#3277.
        """
        for key in keys:
            with self._asking(f"delete {self._at(key)}"):
                self._client.delete_object(Bucket=self.name, Key=key)

    def _at(self, key: str) -> str:
        return f"s3://{self.name}/{key}"


def _expect(error: S3Error, codes: Collection[str]) -> None:
    """Raise the error unless its code is an expected answer."""
    if error.code not in codes:
        raise error


def _checksum(body: bytes) -> str:
    """The sha256 as S3 writes it. It is one more pass: that of the whole file says nothing about a part of it."""
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def _named(checksum: str | None) -> dict[str, str]:
    return {"ChecksumSHA256": checksum} if checksum else {}


def _etag(result: Mapping[str, Any] | None, doing: str) -> str:
    """The ETag of a copy. Servers that cannot copy may write an empty object and return none."""
    if not (result and result.get("ETag")):
        raise S3Error(f"cannot {doing}: the server did not copy it", code="NotCopied", hint=None, transient=False)
    return str(result["ETag"])
