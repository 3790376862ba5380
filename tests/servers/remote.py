"""Buckets of servers with their own storage format: objects are read with GET."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from .s3 import S3

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_CHUNK = 1 << 20


@dataclass(frozen=True)
class RemoteS3(S3):
    """A bucket that is read over S3; `root` contains no objects to find or damage."""

    def read(self, key: str) -> bytes | None:
        """One object, None without it."""
        client = self.client()
        try:
            return client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except client.exceptions.NoSuchKey:
            return None
        finally:
            client.close()

    def tree(self, prefix: str = "") -> dict[str, bytes]:
        """The objects below a prefix, by the rest of their key; for one that cannot be read, the part that arrives."""
        client = self.client(read_timeout=30)
        try:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
            return {key.removeprefix(prefix): self._arriving(client, key) for key in keys}
        finally:
            client.close()

    def _arriving(self, client: "S3Client", key: str) -> bytes:
        raw = bytearray()
        try:
            for chunk in client.get_object(Bucket=self.bucket, Key=key)["Body"].iter_chunks(_CHUNK):
                raw += chunk
        except (BotoCoreError, ClientError):
            pass
        return bytes(raw)
