"""The life of a model on the strict server; on others: tests/servers/test_lifecycle.py."""

from pathlib import Path

import pytest
from fakes.hub import FakeHub
from lifecycle import live


@pytest.mark.s3
@pytest.mark.parametrize("server", ["versitygw", "tls_versitygw"])
def test_a_model_lives(server: str, request: pytest.FixtureRequest, fake_hub: FakeHub, tmp_path: Path) -> None:
    """With plain HTTP and with TLS."""
    live(fake_hub, request.getfixturevalue(server), tmp_path)
