"""How a bucket is reached: its address, its keys, and a client of botocore's that old servers understand."""

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
    """How to reach a bucket. Without an endpoint, AWS. Without keys, botocore's own chain of credentials."""

    bucket: str
    region: str
    endpoint: str | None = None
    ca: str | None = None
    sign_payload: bool | None = None
    checksums: bool | None = None
    keys: Keys | None = None


class Route(NamedTuple):
    """How requests get to the server: the file of trusted CAs, and a proxy's address or nothing."""

    ca: str
    proxy: str


def connect(access: Access, connections: int, attempts: int, read_timeout_s: float) -> tuple[Any, Route]:
    """A client with time limits, for so many connections. Nothing is sent yet. Raises botocore's errors."""
    from botocore.config import Config  # noqa: PLC0415 - slow to import; `--help` does without
    from botocore.httpsession import get_cert_path  # noqa: PLC0415 - the same
    from botocore.utils import get_environ_proxies  # noqa: PLC0415 - the same

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
    session = _session(access.keys or Keys())
    client = session.create_client(
        "s3", endpoint_url=access.endpoint, region_name=access.region, config=config, verify=access.ca
    )
    ca = access.ca or session.get_config_variable("ca_bundle") or get_cert_path(verify=True)
    endpoint = client.meta.endpoint_url
    return client, Route(str(ca), get_environ_proxies(endpoint).get(endpoint.partition(":")[0], ""))


def _session(keys: Keys) -> Any:
    """A session of botocore; boto3's makes the same client, but loads resources and transfers first."""
    import botocore.session  # noqa: PLC0415 - the same

    from generator.sync.botocore_data import DataLoader  # noqa: PLC0415 - the same

    session: Any = botocore.session.Session()
    session.register_component("data_loader", DataLoader(session.get_config_variable("data_path")))
    if keys.profile is not None:
        session.set_config_variable("profile", keys.profile)
    if keys.access_key or keys.secret_key or keys.token:
        session.set_credentials(keys.access_key, keys.secret_key, keys.token)
    return session
