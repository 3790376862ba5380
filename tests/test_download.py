"""RangeReader of files, read through whatever stands between us and them."""

from collections.abc import Iterator
from threading import Event

import pytest
from standins import LONG_S
from standins.server import Exchange, Loopback, Reply

from generator.sync.download import RangeReader

CONTENT = bytes(range(256)) * 16
URL = "http://cdn.example.com/file"


@pytest.fixture
def asked() -> list[str]:
    """What the proxy was asked for, and with which login."""
    return []


@pytest.fixture
def proxy(asked: list[str]) -> Iterator[str]:
    """A proxy that has the file in its cache; its host and port."""

    def serve(exchange: Exchange) -> None:
        asked.append(f"{exchange.path} {exchange.headers.get('Proxy-Authorization')}")
        first, last = map(int, exchange.headers["Range"].removeprefix("bytes=").split("-"))
        stated = f"bytes {first}-{last}/{len(CONTENT)}"
        exchange.send(Reply.of(CONTENT[first : last + 1], "application/octet-stream", status=206, Content_Range=stated))

    server = Loopback(serve)
    yield server.url.removeprefix("http://")
    server.stop()


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def _read(url: str = URL) -> bytes:
    ranges = RangeReader(ca=None, stop=Event(), read_timeout_s=LONG_S)
    return bytes(ranges.read(url, {}, 100, 300, len(CONTENT)))


@pytest.mark.parametrize("name", ["http_proxy", "ALL_PROXY"])
def test_the_proxy_of_the_environment(name: str, proxy: str, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster's way out, as it is told to every pod; with a login, which may hold anything."""
    monkeypatch.setenv(name, f"http://me:p%40ss@{proxy}")
    assert _read() == CONTENT[100:300]
    assert asked == [f"{URL} Basic bWU6cEBzcw=="]


def test_a_proxy_without_scheme(proxy: str, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """As people write it."""
    monkeypatch.setenv("http_proxy", proxy)
    assert _read() == CONTENT[100:300]
    assert asked == [f"{URL} None"]


def test_what_needs_no_proxy(proxy: str, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts that NO_PROXY names are asked themselves."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,.internal")
    assert _read(f"http://{proxy}/file") == CONTENT[100:300]
    assert asked == ["/file None"]
