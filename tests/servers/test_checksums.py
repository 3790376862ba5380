"""Buckets with object lock, on real servers: each takes the checksums of parts, and what is there is complete."""

from pathlib import Path

import pytest
from fakes.hub import FakeHub
from scene import FILES, Scene

from servers.s3 import Server


@pytest.mark.s3
@pytest.mark.parametrize("server", ["minio_server", "tls_minio_server", "ceph_server"])
def test_a_bucket_with_object_lock(
    server: str, request: pytest.FixtureRequest, fake_hub: FakeHub, tmp_path: Path
) -> None:
    """The model arrives, is found up to date, and can be moved to another commit by copies."""
    started: Server = request.getfixturevalue(server)
    scene = Scene(tmp_path / "project", fake_hub, started.bucket(locked=True))
    scene.add()
    ran = scene.quick()
    assert ran.code == 0, ran.stderr
    scene.expect()
    client = scene.s3.client()
    found = client.head_object(Bucket=scene.s3.bucket, Key=scene.prefix() + "config.json", ChecksumMode="ENABLED")
    client.close()
    assert found.get("ObjectLockMode") == "GOVERNANCE"
    scene.move({**FILES, "tokenizer.json": b"{}"})
    ran = scene.quick()
    assert ran.code == 0, ran.stderr
    assert "12.6 MB copied" in ran.stdout
    scene.expect_whole()
