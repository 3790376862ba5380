"""The fakes as fixtures: one process per session, one bucket or Hub per test."""

import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from scene import Scene
from servers.ceph import Cluster, RadosGateway
from servers.minio import MinIO
from servers.s3 import S3, RcloneS3, Versitygw

from .faulty import FaultyS3
from .hub import FakeHub
from .tls import Tls, make_tls


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    """A certificate authority, and a server certificate for the loopback."""
    return make_tls(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def nobody() -> Iterator[str]:
    """An endpoint at which nothing listens or can listen."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def fake_hub() -> Iterator[FakeHub]:
    """A Hub over plain HTTP."""
    with FakeHub() as hub:
        yield hub


@pytest.fixture
def tls_hub(tls: Tls) -> Iterator[FakeHub]:
    """A Hub over TLS."""
    with FakeHub(tls) as hub:
        yield hub


@pytest.fixture(scope="session")
def versitygw_server(tool: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Versitygw]:
    """The strict S3 server, with its second account."""
    with Versitygw(tool("versitygw"), tmp_path_factory.mktemp("versitygw")) as server:
        server.add_user()
        yield server


@pytest.fixture(scope="session")
def tls_versitygw_server(
    tool: Callable[[str], Path], tls: Tls, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Versitygw]:
    """The strict S3 server over TLS."""
    with Versitygw(tool("versitygw"), tmp_path_factory.mktemp("versitygw-tls"), tls) as server:
        yield server


@pytest.fixture(scope="session")
def rclone_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcloneS3]:
    """The sloppy S3 server."""
    binary = Path(sys.executable).with_name("rclone")
    if not binary.exists():
        missing = "rclone is not installed: run `make setup`"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with RcloneS3(binary, tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture
def versitygw(versitygw_server: Versitygw) -> S3:
    """An empty bucket on the strict server."""
    return versitygw_server.bucket()


@pytest.fixture
def tls_versitygw(tls_versitygw_server: Versitygw) -> S3:
    """An empty bucket on the strict server over TLS."""
    return tls_versitygw_server.bucket()


@pytest.fixture
def rclone_s3(rclone_server: RcloneS3) -> S3:
    """An empty bucket on the sloppy server."""
    return rclone_server.bucket()


@pytest.fixture
def faulty_s3(versitygw: S3) -> Iterator[FaultyS3]:
    """A proxy in front of the strict server; reach the bucket with `versitygw.through(faulty_s3.endpoint)`."""
    with FaultyS3(versitygw.endpoint) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def ceph_cluster(ceph_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A real Ceph."""
    with Cluster(ceph_root, tmp_path_factory.mktemp("ceph")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def ceph_server(ceph_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RadosGateway]:
    """Its S3 gateway."""
    with RadosGateway(ceph_cluster, tmp_path_factory.mktemp("radosgw")) as server:
        yield server


@pytest.fixture
def ceph_s3(ceph_server: RadosGateway) -> S3:
    """An empty bucket on Ceph."""
    return ceph_server.bucket()


@pytest.fixture(scope="session")
def minio_server(minio_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MinIO]:
    """A real MinIO."""
    with MinIO(minio_binary, tmp_path_factory.mktemp("minio")) as server:
        yield server


@pytest.fixture(scope="session")
def tls_minio_server(minio_binary: Path, tls: Tls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MinIO]:
    """A real MinIO over TLS."""
    with MinIO(minio_binary, tmp_path_factory.mktemp("minio-tls"), tls) as server:
        yield server


@pytest.fixture
def minio(minio_server: MinIO) -> S3:
    """An empty bucket on MinIO."""
    return minio_server.bucket()


@pytest.fixture
def tls_minio(tls_minio_server: MinIO) -> S3:
    """An empty bucket on MinIO over TLS."""
    return tls_minio_server.bucket()


@pytest.fixture
def scene(fake_hub: FakeHub, versitygw: S3, faulty_s3: FaultyS3, tmp_path: Path) -> Scene:
    """A project whose one model is in the bucket; requests are counted from here on."""
    scene = Scene(tmp_path / "project", fake_hub, versitygw)
    scene.fill(faulty_s3)
    return scene


@pytest.fixture
def unsynced(fake_hub: FakeHub, versitygw: S3, faulty_s3: FaultyS3, tmp_path: Path) -> Scene:
    """A project with one model, and an empty bucket behind the proxy."""
    scene = Scene(tmp_path / "project", fake_hub, versitygw)
    scene.add()
    scene.environ["AWS_S3_ENDPOINT"] = faulty_s3.endpoint
    return scene
