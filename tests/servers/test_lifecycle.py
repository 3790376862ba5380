"""The life of a model on real servers other than the one that all tests use."""

from pathlib import Path

import pytest
from fakes.hub import FakeHub
from lifecycle import live


@pytest.mark.s3
@pytest.mark.parametrize("server", ["minio", "tls_minio", "ceph_s3"])
def test_a_model_lives(server: str, request: pytest.FixtureRequest, fake_hub: FakeHub, tmp_path: Path) -> None:
    """As it does on versitygw (tests/test_lifecycle.py)."""
    live(fake_hub, request.getfixturevalue(server), tmp_path)
