"""How a bucket is reached: its address, its keys, and a boto3 client that old servers understand."""

from typing import Any, NamedTuple


class Keys(NamedTuple):
    """Credentials of a connection: two keys and perhaps a token, or a profile. Never printed."""

    access_key: str | None = None
    secret_key: str | None = None
    token: str | None = None
    profile: str | None = None

    def __repr__(self) -> str:
        return "Keys(***)"


class Access(NamedTuple):
    """How to reach a bucket. Without an endpoint, AWS. Without keys, boto3's own chain of credentials."""

    bucket: str
    region: str
    endpoint: str | None = None
    ca: str | None = None
    sign_payload: bool | None = None
    checksums: bool | None = None
    keys: Keys | None = None


def connect(access: Access, connections: int, attempts: int, read_timeout_s: float) -> Any:
    """A client with time limits, for so many connections. Nothing is sent yet. Raises boto3's errors."""
    import boto3  # noqa: PLC0415 - half of the time that a start takes; `--help` does without
    from botocore.config import Config  # noqa: PLC0415 - the same

    secure = access.endpoint is None or access.endpoint.startswith("https://")
    signed = not secure if access.sign_payload is None else access.sign_payload
    config = Config(
        # Old servers know neither checksum headers nor trailers; TLS, or the signature, guards the bytes. With the
        # default, Ceph RGW 16.2.15 answers 411 MissingContentLength (boto/boto3#4398, storj/gateway-st#89);
        # its meaning: boto/botocore#3277.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=connections + 2,
        connect_timeout=min(10, read_timeout_s),
        read_timeout=read_timeout_s,
        tcp_keepalive=True,
        s3={"addressing_style": "path" if access.endpoint else "auto", "payload_signing_enabled": signed},
    )
    keys = access.keys or Keys()
    session = boto3.session.Session(keys.access_key, keys.secret_key, keys.token, profile_name=keys.profile)
    return session.client(
        "s3", endpoint_url=access.endpoint, region_name=access.region, config=config, verify=access.ca
    )
