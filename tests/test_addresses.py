"""Logins in addresses, and proxies: what is unreachable is named, and no password is."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from threading import Event

import pytest
from fakes import LONG_S
from fakes.hub import FakeHub
from fakes.server import Loopback, Reply
from helpers import project
from scene import Scene
from servers.s3 import S3

from generator.addresses import is_address, without_login
from generator.hub.client import USUAL, Hub, HubError
from generator.proxies import proxy_of
from generator.sync.download import RangeReader
from generator.sync.download_errors import DownloadError
from generator.sync.s3 import Bucket
from generator.sync.s3_client import Access
from generator.sync.s3_errors import S3Error

PASSWORD = "s3cr3t"  # noqa: S105
ONCE = USUAL._replace(attempts=1)


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def _with_login(url: str) -> str:
    return url.replace("://", f"://me:{PASSWORD}@")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://host:1/x", "https://host:1/x"),
        ("https://me:secret@host:1/x", "https://host:1/x"),
        ("https://token@host", "https://host"),
        ("me:secret@host", "host"),
        ("https://me:se/cr@et@host", "https://host"),
        ('cannot reach "http://me:secret@a/b" nor "https://b"', 'cannot reach "http://a/b" nor "https://b"'),
    ],
)
def test_a_login_is_not_shown(text: str, shown: str) -> None:
    """However it is written, and wherever the address stands."""
    assert without_login(text) == shown


@pytest.mark.parametrize(
    "url",
    [
        "host",
        "ftp://host",
        "https://",
        "http://bad host",
        "https://host:port",
        "https://host:99999",
        "https://me:pa/ss@host",
        "https://me:12/ss@host",
    ],
)
def test_what_is_no_address(url: str) -> None:
    """A slash in a password must be written as %2F."""
    assert not is_address(url)
    assert is_address("https://me:pass@[::1]:8443/mirror")


ENDPOINTS = ["https://me:s3cr3t@127.0.0.1:{port}", "me:s3cr3t@127.0.0.1", "https://me:s3cr3t/x@127.0.0.1"]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_login_in_hf_endpoint_is_not_printed(endpoint: str, nobody: str) -> None:
    """Neither by a message nor by a hint; the host is."""
    endpoint = endpoint.format(port=nobody.rpartition(":")[2])
    with Hub(endpoint, retry_policy=ONCE) as hub, pytest.raises(HubError) as failed:
        hub.head("a/b")
    said = f"{failed.value!r} {failed.value.hint} {failed.value.__cause__!r}"
    assert ("s3cr3t" in said, "127.0.0.1" in said) == (False, True)


@pytest.mark.parametrize("fault", ["unauthorized", "gated", "disabled", "invalid_token"])
def test_a_login_in_hf_endpoint_is_in_no_page_to_visit(fault: str, fake_hub: FakeHub) -> None:
    """The hints name pages of the mirror."""
    getattr(fake_hub.faults, fault)()
    with Hub(_with_login(fake_hub.endpoint), "hf_x", retry_policy=ONCE) as hub, pytest.raises(HubError) as failed:
        hub.head("a/b")
    assert PASSWORD not in f"{failed.value} {failed.value.hint}"
    assert fake_hub.endpoint in f"{failed.value.hint}"


@pytest.mark.parametrize("endpoint", [*ENDPOINTS, "http://bad host", "https://host:port"])
def test_an_endpoint_that_s3_cannot_have(endpoint: str, tmp_path: Path) -> None:
    """A login would not be used: S3 signs its requests. Nothing of the value is repeated."""
    hub = FakeHub()
    scene = Scene(project(tmp_path / "project"), hub, S3("", "b", "key-of-nobody", "secret-of-nobody", None, tmp_path))
    scene.add()
    scene.environ["AWS_S3_ENDPOINT"] = endpoint.format(port=1)
    ran = scene.sync()
    hub.close()
    assert ran.code == 2
    assert ran.stderr.startswith("error: AWS_S3_ENDPOINT ")
    assert "hint: write https://host or https://host:port" in ran.stderr
    assert [word for word in ("s3cr3t", "bad host", "me:") if word in ran.stderr] == []


def test_boto3_may_have_an_endpoint_of_its_own(monkeypatch: pytest.MonkeyPatch, nobody: str) -> None:
    """AWS_ENDPOINT_URL; its login is not printed either."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", _with_login(nobody))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    with pytest.raises(S3Error) as failed:
        Bucket(Access("b", "us-east-1"), connections=1, attempts=1).get("key")
    assert PASSWORD not in f"{failed.value} {failed.value.hint}"
    assert nobody in str(failed.value)


def test_which_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its variable and without its login; what NO_PROXY names needs none."""
    assert proxy_of("https://hub.example.com") is None
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:{PASSWORD}@proxy.example.com:3128/")
    monkeypatch.setenv("ALL_PROXY", "other:1080")
    monkeypatch.setenv("no_proxy", "s3.internal")
    assert proxy_of("https://hub.example.com/a") == ("proxy.example.com:3128", "HTTPS_PROXY")
    assert proxy_of("http://hub.example.com/a") == ("other:1080", "ALL_PROXY")
    assert proxy_of("https://s3.internal/a") is None


@pytest.fixture
def closed() -> Iterator[str]:
    """A proxy that lets nobody through."""
    server = Loopback(lambda exchange: exchange.send(Reply.of(b"no", "text/plain", 407)))
    yield server.url
    server.stop()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_down_is_named(scheme: str, nobody: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not the Hub, nor S3, of which nobody knows anything."""
    proxy = nobody.removeprefix("http://")
    monkeypatch.setenv(f"{scheme}_proxy", _with_login(nobody))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    for said in _errors(f"{scheme}://server.example.com"):
        assert f"{proxy} ({scheme}_proxy) cannot be reached" in said
        assert f"hint: check {scheme}_proxy and NO_PROXY" in said
        assert PASSWORD not in said
        assert "server.example.com cannot" not in said


def test_a_proxy_that_refuses_is_named(closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It wants a login, or does not know the server."""
    proxy = closed.removeprefix("http://")
    monkeypatch.setenv("HTTPS_PROXY", _with_login(closed))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    for said in _errors("https://server.example.com"):
        assert f"{proxy} (HTTPS_PROXY) " in said
        assert "hint: check HTTPS_PROXY and NO_PROXY" in said
        assert PASSWORD not in said


def _errors(url: str) -> list[str]:
    """What each of the three clients says."""
    said = []
    with Hub(url, retry_policy=ONCE) as hub, pytest.raises(HubError) as hub_error:
        hub.head("a/b")
    said.append(f"{hub_error.value} hint: {hub_error.value.hint}")
    with pytest.raises(S3Error) as s3_error:
        Bucket(Access("b", "us-east-1", url), connections=1, attempts=1).get("key")
    said.append(f"{s3_error.value} hint: {s3_error.value.hint}")
    with pytest.raises(DownloadError) as error:
        RangeReader(ca=None, stop=Event(), read_timeout_s=LONG_S).read(f"{url}/file", {}, 0, 10, 10, BytesIO())
    said.append(f"{error.value} hint: {error.value.hint}")
    return said
