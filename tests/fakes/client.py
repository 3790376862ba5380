"""The real huggingface_hub client, and plain HTTP, on a fake Hub."""

import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import urllib3
from huggingface_hub import (
    HfApi,
    close_session,
    constants,
    get_hf_file_metadata,
    hf_hub_download,
    hf_hub_url,
    set_client_factory,
)

from . import LONG_S
from .hub import FakeHub, Sparse
from .repos import Content, Source

REPO = "acme/embedder"
WEIGHTS = Sparse(3_000_000, seed=7)
FILES: dict[str, Source] = {
    "config.json": b'{"a": 1}',
    "1_Pooling/config.json": b"{}",
    "model.safetensors": WEIGHTS,
    "empty.txt": b"",
}
SHA256 = Content(WEIGHTS).sha256
LARGE = "model.safetensors"


@dataclass
class Session:
    """A Hub, the real client on it, and the commit of its one repository."""

    hub: FakeHub
    api: HfApi
    commit: str

    def download(self, path: str, into: Path, **options: Any) -> bytes:
        """Download a file the way users do."""
        endpoint = self.hub.endpoint
        options = {"etag_timeout": LONG_S, "local_dir": into, **options}
        file = hf_hub_download(REPO, path, revision=self.commit, endpoint=endpoint, **options)
        return Path(file).read_bytes()

    def head(self, path: str, **options: Any) -> Any:
        """Ask where a file is."""
        url = hf_hub_url(REPO, path, revision=self.commit, endpoint=self.hub.endpoint)
        return get_hf_file_metadata(url, endpoint=self.hub.endpoint, **{"timeout": LONG_S, **options})


@contextlib.contextmanager
def real_client(hub: FakeHub) -> Iterator[Session]:
    """Give huggingface_hub a client that trusts the Hub, with time limits too long for a slow machine to reach."""
    verify = ssl.create_default_context(cafile=str(hub.ca)) if hub.ca else True
    set_client_factory(lambda: httpx2.Client(verify=verify, follow_redirects=True, timeout=LONG_S, trust_env=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
        patch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        patch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", LONG_S)
        try:
            yield Session(hub, HfApi(endpoint=hub.endpoint, token=False), hub.add(REPO, FILES, license="mit"))
        finally:
            close_session()


def fetch(hub: FakeHub, url: str, **headers: str) -> urllib3.BaseHTTPResponse:
    """Get a URL as the data path does: no redirects, no retries, the body as it is sent."""
    wanted = {"Accept-Encoding": "identity", **headers}
    with urllib3.PoolManager(ca_certs=str(hub.ca) if hub.ca else None) as pool:
        options: dict[str, Any] = {"retries": False, "redirect": False, "timeout": LONG_S, "decode_content": False}
        return pool.request("GET", url, headers=wanted, **options)
