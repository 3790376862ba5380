"""Real S3 servers as processes: versitygw, which checks everything, and rclone, which is sloppy."""

import json
import socket
import subprocess
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from fakes import LONG_S
from fakes.tls import Tls

from .daemon import Daemon

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_PORTS = 10


@dataclass(frozen=True)
class S3:
    """A bucket, how to reach it, and the folder behind it."""

    endpoint: str
    bucket: str
    access_key: str
    secret_key: str
    ca: Path | None
    root: Path
    """Holds the objects as files; tests may read, damage and delete them."""

    @property
    def env(self) -> dict[str, str]:
        """What a data connection puts into the environment of a pod."""
        env = {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_S3_ENDPOINT": self.endpoint,
            "AWS_S3_BUCKET": self.bucket,
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        return env | ({"AWS_CA_BUNDLE": str(self.ca)} if self.ca else {})

    def client(self, **config: Any) -> "S3Client":
        """Connect with boto3; the arguments are those of botocore's Config.

        Checksums only when required: versitygw 1.8.0 loses its place in a kept-alive TLS connection after a trailer.
        """
        usual: dict[str, Any] = {
            "retries": {"total_max_attempts": 1},
            "s3": {"addressing_style": "path"},
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
        }
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            verify=str(self.ca) if self.ca else None,
            config=Config(**(usual | config)),
        )

    def through(self, endpoint: str, ca: Path | None = None) -> "S3":
        """Reach the same bucket through another endpoint, such as a proxy."""
        return replace(self, endpoint=endpoint, ca=ca)

    def read(self, key: str) -> bytes | None:
        """One object, None without it."""
        path = self.root / key
        return path.read_bytes() if path.exists() else None

    def tree(self, prefix: str = "") -> dict[str, bytes]:
        """The objects below a prefix, by the rest of their key, read from the folder."""
        top = self.root / prefix
        files = [path for path in top.rglob("*") if path.is_file() and ".sgwtmp" not in path.parts]
        return {path.relative_to(top).as_posix(): path.read_bytes() for path in sorted(files)}


class Server:
    """An S3 server process on a free port, with a folder of its own, and a secret key that only it knows."""

    access_key = "ROOTACCESSKEY"
    kind: type[S3] = S3
    """How its buckets are read back."""

    def __init__(self, binary: Path, folder: Path, tls: Tls | None = None, secret_key: str | None = None) -> None:
        self.binary = binary
        self.folder = folder
        self.tls = tls
        self.buckets = folder / "buckets"
        self.buckets.mkdir(parents=True)
        self.secret_key = secret_key or uuid.uuid4().hex
        for _ in range(_PORTS):
            self.port = free_port()
            self.endpoint = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
            environment = {"HOME": str(folder), **self.environment()}
            self.daemon = Daemon([str(binary), *self.arguments()], folder / "log", environment)
            try:
                if self._answers():
                    return
            except BaseException:
                self.stop()
                raise
            self.stop()
        raise RuntimeError(f"{binary.name} did not start: {self.daemon.last_words}")

    def arguments(self) -> list[str]:
        """The command line after the program."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """What the process needs in its environment."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process, by force if need be."""
        self.daemon.stop()

    def bucket(self, name: str | None = None, *, locked: bool = False) -> S3:
        """Create a bucket; in a `locked` one, objects are retained for a day."""
        s3 = self._as_root(name or f"b-{uuid.uuid4().hex[:12]}")
        client = s3.client()
        client.create_bucket(Bucket=s3.bucket, ObjectLockEnabledForBucket=locked)
        if locked:
            client.put_object_lock_configuration(
                Bucket=s3.bucket,
                ObjectLockConfiguration={
                    "ObjectLockEnabled": "Enabled",
                    "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}},
                },
            )
        client.close()
        return s3

    def _as_root(self, bucket: str) -> S3:
        ca = self.tls.ca if self.tls else None
        return self.kind(self.endpoint, bucket, self.access_key, self.secret_key, ca, self.buckets / bucket)

    def _answers(self) -> bool:
        """Wait until it does; False if it has ended. Another process on its port would not know the secret key."""
        client, until = self._as_root("").client(connect_timeout=5, read_timeout=5), time.monotonic() + LONG_S
        try:
            while self.daemon.runs:
                try:
                    client.list_buckets()
                except (BotoCoreError, ClientError):
                    if time.monotonic() > until:
                        raise
                    time.sleep(0.02)
                else:
                    return True
        finally:
            client.close()
        return False


class Versitygw(Server):
    """The strict server: signatures, payload hashes, checksums, conditions and policies are all checked."""

    user = ("PLAINUSERKEY", "plain-secret-key")
    """A second account, which may do only what a bucket policy says."""

    def arguments(self) -> list[str]:
        """Metadata goes to a separate folder, so that any file system works."""
        metadata, accounts = self.folder / "metadata", self.folder / "accounts"
        metadata.mkdir(exist_ok=True)
        accounts.mkdir(exist_ok=True)
        tls = ["--cert", str(self.tls.cert), "--key", str(self.tls.key)] if self.tls else []
        listen = ["--port", f"127.0.0.1:{self.port}", "--keep-alive", "--quiet"]
        iam = ["--iam-dir", str(accounts), "--iam-cache-disable"]
        return [*listen, *iam, *tls, "posix", "--sidecar", str(metadata), str(self.buckets)]

    def environment(self) -> dict[str, str]:
        """The root account."""
        return {"ROOT_ACCESS_KEY": self.access_key, "ROOT_SECRET_KEY": self.secret_key}

    def add_user(self) -> None:
        """Create the second account; once per server."""
        access, secret = self.user
        login = ["--access", self.access_key, "--secret", self.secret_key, "--endpoint-url", self.endpoint]
        about = ["create-user", "--access", access, "--secret", secret, "--role", "user"]
        insecure = ["--allow-insecure"] if self.tls else []
        subprocess.run(
            [str(self.binary), "admin", *insecure, *login, *about], check=True, capture_output=True, timeout=LONG_S
        )

    def restrict(self, s3: S3, *denied: str, actions: str = "s3:*") -> S3:
        """The same bucket for the second account, which may do anything but these actions below the denied prefixes."""
        access, secret = self.user
        every = {"Principal": {"AWS": [access]}, "Action": "s3:*"}
        both = [f"arn:aws:s3:::{s3.bucket}", f"arn:aws:s3:::{s3.bucket}/*"]
        statements: list[Mapping[str, object]] = [{"Effect": "Allow", "Resource": both, **every}]
        if denied:
            below = [f"arn:aws:s3:::{s3.bucket}/{prefix}*" for prefix in denied]
            statements.append({"Effect": "Deny", "Resource": below, **every, "Action": actions})
        client = s3.client()
        client.put_bucket_policy(
            Bucket=s3.bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
        )
        client.close()
        return replace(s3, access_key=access, secret_key=secret)


class RcloneS3(Server):
    """The sloppy server: no conditions, no checksums, parts of any size."""

    def arguments(self) -> list[str]:
        """Changes in the folder are noticed late: change objects through the server."""
        tls = ["--cert", str(self.tls.cert), "--key", str(self.tls.key)] if self.tls else []
        listen = ["--addr", f"127.0.0.1:{self.port}", *tls]
        return ["serve", "s3", *listen, "--config", "", str(self.buckets)]

    def environment(self) -> dict[str, str]:
        """The only account."""
        return {"RCLONE_AUTH_KEY": f'"{self.access_key},{self.secret_key}"'}


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
