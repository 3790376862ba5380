"""Ranges of files, through proxies and redirects."""

import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from threading import Event

import pytest
from fakes import LONG_S
from fakes.server import Exchange, Loopback, Reply

from generator.sync.download import RangeReader
from generator.sync.download_errors import DownloadError

CONTENT = bytes(range(256)) * 16
URL = "http://cdn.example.com/file"


@pytest.fixture
def asked() -> list[str]:
    """The request that the proxy received, and its login."""
    return []


@pytest.fixture
def storage() -> list[str]:
    """The Authorization that reached the proxy, or the server where the file is."""
    return []


@pytest.fixture
def proxy(asked: list[str], storage: list[str]) -> Iterator[str]:
    """A proxy that has the file in its cache; its host and port."""

    def serve(exchange: Exchange) -> None:
        storage.append(str(exchange.headers.get("Authorization")))
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
    return bytes(ranges.read(url, {}, 100, 300, len(CONTENT), BytesIO()))


def test_a_buffer_is_not_kept(proxy: str) -> None:
    """It belongs to the budget: the reader, does not refer to it. The answer is its content, no copy."""
    ranges, buffer = RangeReader(ca=None, stop=Event(), read_timeout_s=LONG_S), BytesIO(b"what was there before" * 99)
    held = sys.getrefcount(buffer)
    body = ranges.read(f"http://{proxy}/file", {}, 100, 300, len(CONTENT), buffer)
    assert (body, buffer.getvalue()) == (CONTENT[100:300], body)
    assert buffer.getvalue() is body
    assert sys.getrefcount(buffer) == held


@pytest.mark.parametrize("name", ["http_proxy", "ALL_PROXY"])
def test_the_proxy_of_the_environment(name: str, proxy: str, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The egress proxy that pods get through the environment; its login may contain any character."""
    monkeypatch.setenv(name, f"http://me:p%40ss@{proxy}")
    assert _read() == CONTENT[100:300]
    assert asked == [f"{URL} Basic bWU6cEBzcw=="]


def test_a_proxy_without_scheme(proxy: str, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A common way to write it."""
    monkeypatch.setenv("http_proxy", proxy)
    assert _read() == CONTENT[100:300]
    assert asked == [f"{URL} None"]


def test_what_needs_no_proxy(proxy: str, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts in NO_PROXY are contacted directly."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,.internal")
    assert _read(f"http://{proxy}/file") == CONTENT[100:300]
    assert asked == ["/file None"]


@pytest.fixture
def mirror(proxy: str, seen: list[str]) -> Iterator[str]:
    """The URL of a server that redirects: /moved to the file, /5 in five steps, /round to itself."""

    def serve(exchange: Exchange) -> None:
        seen.append(str(exchange.headers.get("Authorization")))
        left = exchange.path.removeprefix("/")
        here = {"round": "/round"} | {str(number): f"/{number - 1}" for number in range(2, 7)}
        exchange.send(Reply(302, {"Location": here.get(left, f"http://{proxy}/file")}))

    server = Loopback(serve)
    yield server.url
    server.stop()


@pytest.fixture
def seen() -> list[str]:
    """The Authorization that reached the mirror."""
    return []


def test_a_redirect_is_followed_without_the_token(mirror: str, seen: list[str], storage: list[str]) -> None:
    """Artifactory and Nexus redirect to the file's location; the other origin gets no credentials."""
    ranges = RangeReader(ca=None, stop=Event(), read_timeout_s=LONG_S)
    body = ranges.read(f"{mirror}/moved", {"Authorization": "Bearer secret"}, 100, 300, len(CONTENT), BytesIO())
    assert bytes(body) == CONTENT[100:300]
    assert seen == ["Bearer secret"]
    assert storage == ["None"]


def test_a_login_in_the_address_stays_there(mirror: str, seen: list[str], storage: list[str]) -> None:
    """As in HF_ENDPOINT=https://user:password@mirror."""
    assert _read(mirror.replace("://", "://me:p%40ss@") + "/moved") == CONTENT[100:300]
    assert (seen, storage) == (["Basic bWU6cEBzcw=="], ["None"])


def test_five_redirects_are_followed(mirror: str, seen: list[str], storage: list[str]) -> None:
    """The token goes along as far as the origin stays the same."""
    ranges = RangeReader(ca=None, stop=Event(), read_timeout_s=LONG_S)
    body = ranges.read(f"{mirror}/5", {"Authorization": "Bearer secret"}, 100, 300, len(CONTENT), BytesIO())
    assert bytes(body) == CONTENT[100:300]
    assert (seen, storage) == (["Bearer secret"] * 5, ["None"])


def test_six_redirects_are_too_many(mirror: str, storage: list[str]) -> None:
    """The file would have been there."""
    with pytest.raises(DownloadError, match="more than 5 redirects"):
        _read(f"{mirror}/6")
    assert storage == []


def test_redirects_are_limited(mirror: str, seen: list[str]) -> None:
    """Five are followed."""
    with pytest.raises(DownloadError, match="more than 5 redirects"):
        _read(f"{mirror}/round")
    assert len(seen) == 6


def test_what_is_cut_after_a_redirect_is_no_answer(mirror: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The redirect was one; the file's own server hung up, which another try may help."""
    monkeypatch.setattr(Exchange, "send", _hang_up_for_ranges(Exchange.send))
    with pytest.raises(DownloadError, match="the connection was cut after 0 of 200 bytes") as failed:
        _read(f"{mirror}/moved")
    assert failed.value.transient


def _hang_up_for_ranges(send: Callable[..., None]) -> Callable[..., None]:
    def sent(exchange: Exchange, reply: Reply) -> None:
        if reply.status == 206:
            exchange.hang_up(reset=True)
        else:
            send(exchange, reply)

    return sent
