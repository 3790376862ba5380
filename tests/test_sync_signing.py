"""What `artifact-sync` signs: the payload, too, if nothing else protects it in transit."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from fakes.faulty import FaultyS3
from fakes.hub import FakeHub
from fakes.tls import Tls
from scene import FILES, Scene
from servers.s3 import S3

pytestmark = pytest.mark.s3


@pytest.fixture
def scene(fake_hub: FakeHub, versitygw: S3, tmp_path: Path) -> Scene:
    """A project with one model, and an empty bucket."""
    scene = Scene(tmp_path / "project", fake_hub, versitygw)
    scene.add()
    return scene


def _signed(scene: Scene, proxy: FaultyS3, option: Sequence[str]) -> set[bool]:
    scene.environ["AWS_S3_ENDPOINT"] = proxy.endpoint
    assert scene.sync(*option).code == 0
    sent = proxy.seen("PutObject", scene.prefix() + "*")
    assert len(sent) == len(FILES)
    return {request.headers["x-amz-content-sha256"] != "UNSIGNED-PAYLOAD" for request in sent}


@pytest.mark.parametrize(
    ("option", "signed"), [([], {True}), (["--no-sign-payload"], {False}), (["--sign-payload"], {True})]
)
def test_over_http(option: list[str], signed: set[bool], scene: Scene, faulty_s3: FaultyS3) -> None:
    """The payload is signed by default."""
    assert _signed(scene, faulty_s3, option) == signed


@pytest.mark.parametrize(
    ("option", "signed"), [([], {False}), (["--no-sign-payload"], {False}), (["--sign-payload"], {True})]
)
def test_over_tls(option: list[str], signed: set[bool], scene: Scene, tls: Tls) -> None:
    """The payload is signed only on request: TLS protects it."""
    with FaultyS3(scene.s3.endpoint, tls=tls) as proxy:
        scene.environ["AWS_CA_BUNDLE"] = str(tls.ca)
        assert _signed(scene, proxy, option) == signed
