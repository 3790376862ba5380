"""The Hub client against a Hub that fails in every known way: time limits, retries, messages, and no leaked token."""

import importlib
import inspect
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from fakes import LONG_S
from fakes.hub import FakeHub
from fakes.tls import make_tls

from generator.hub import client as hubs
from generator.hub.client import USUAL, Hub, HubError, of_environment
from generator.hub.files import ModelFile
from generator.retry import retry

REPO = "team/model"
COMMIT = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
SECRET = "hf_not-a-real-token"  # noqa: S105
ONCE = USUAL._replace(attempts=1)
FILES = {"config.json": b"{}", "ünï/ß.json": b"[]", "model.safetensors": bytes(range(256)) * 8192}


@pytest.fixture
def server() -> Iterator[FakeHub]:
    """A Hub with one repository."""
    with FakeHub() as hub:
        hub.add(REPO, FILES, commit=COMMIT, license="mit")
        yield hub


@pytest.fixture
def hub(server: FakeHub) -> Iterator[Hub]:
    """A client of it that retries quickly."""
    with Hub(
        server.endpoint, SECRET, retry_policy=USUAL._replace(read_timeout_s=LONG_S, wait_initial_s=0.01)
    ) as client:
        yield client


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits of our client before its retries; none of them really happens."""
    pauses: list[float] = []
    monkeypatch.setattr(hubs, "retry", partial(retry, sleep=pauses.append))
    return pauses


@pytest.fixture
def foreign_waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits of other code, above all of huggingface_hub."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


def test_head_and_description(hub: Hub, server: FakeHub) -> None:
    """The commit of the default branch, and the repository's own description."""
    assert hub.head(REPO) == COMMIT
    assert hub.describe(REPO, COMMIT) == hubs.Description("mit", gated=False)
    server.add(REPO, FILES, commit="2" * 40, gated="manual", license=None)
    assert hub.head(REPO) == "2" * 40
    assert hub.describe(REPO, "2" * 40) == hubs.Description(None, gated=True)


def test_the_tree_is_complete_and_sorted_across_pages(hub: Hub, server: FakeHub) -> None:
    """With sha256 for large files, and Git's sha1 for small ones, never that of a pointer."""
    server.page_size = 1
    tree = hub.tree(REPO, COMMIT)
    assert [file.path for file in tree] == ["config.json", "model.safetensors", "ünï/ß.json"]
    assert tree[0] == ModelFile("config.json", 2, None, "9e26dfeeb6e641a33dae4961196235bdb965b21b")
    assert tree[1].sha256 is not None
    assert (tree[1].size, tree[1].git_sha1) == (1 << 21, None)
    assert len(server.seen("tree")) == 4


def test_a_broken_page_breaks_the_tree(hub: Hub, server: FakeHub) -> None:
    """Part of a listing would look like deleted files."""
    server.page_size = 1
    server.faults.revision_gone(kind="tree", after=1)
    with pytest.raises(HubError):
        hub.tree(REPO, COMMIT)


def test_small_files_are_read_whole_or_not_at_all(hub: Hub, server: FakeHub) -> None:
    """Unicode names included; the limit is one of bytes."""
    assert hub.read(REPO, COMMIT, "ünï/ß.json", 2) == b"[]"
    with pytest.raises(HubError, match=r"is larger than 1 bytes, the most that is read"):
        hub.read(REPO, COMMIT, "config.json", 1)
    server.faults.gzipped(path="config.json")
    assert hub.read(REPO, COMMIT, "config.json", 100) == b"{}"


def test_the_start_of_a_large_file_is_read_without_the_token(hub: Hub, server: FakeHub) -> None:
    """The Hub redirects to another host, which must not see it."""
    assert hub.read_start(REPO, COMMIT, "model.safetensors", 300) == FILES["model.safetensors"][:300]
    [large] = server.seen("cdn")
    assert (large.authorized, large.range) == (False, "bytes=0-299")


def test_a_server_that_ignores_ranges_is_not_read_to_its_end(hub: Hub, server: FakeHub) -> None:
    """The connection is closed once there is enough."""
    server.faults.whole(kind="cdn")
    assert hub.read_start(REPO, COMMIT, "model.safetensors", 300) == FILES["model.safetensors"][:300]


def test_locate_a_large_file_at_its_signed_url(hub: Hub, server: FakeHub) -> None:
    """No token goes there; digest and size are those of the content."""
    found = hub.locate(REPO, COMMIT, "model.safetensors")
    assert found.url.startswith(server.cdn)
    assert found.headers == {"Accept-Encoding": "identity"}
    assert (found.etag, found.size, found.commit) == (hub.tree(REPO, COMMIT)[1].sha256, 1 << 21, COMMIT)
    assert server.seen("cdn") == []


def test_locate_a_small_file_at_the_hub_itself(hub: Hub, server: FakeHub) -> None:
    """The Hub needs the token."""
    found = hub.locate(REPO, COMMIT, "config.json")
    assert found.url == f"{server.endpoint}/{REPO}/resolve/{COMMIT}/config.json"
    assert found.headers["authorization"] == f"Bearer {SECRET}"
    assert (found.etag, found.size) == ("9e26dfeeb6e641a33dae4961196235bdb965b21b", 2)


def test_a_file_of_another_commit_is_refused(hub: Hub, server: FakeHub) -> None:
    """A proxy that caches by name must not go unnoticed."""
    server.faults.header("X-Repo-Commit", "2" * 40, kind="resolve")
    with pytest.raises(HubError, match=r"has no commit, digest or size"):
        hub.locate(REPO, COMMIT, "config.json")


Ask = Callable[[Hub], object]
ASKS: dict[str, Ask] = {
    "head": lambda hub: hub.head(REPO),
    "describe": lambda hub: hub.describe(REPO, COMMIT),
    "tree": lambda hub: hub.tree(REPO, COMMIT),
    "read": lambda hub: hub.read(REPO, COMMIT, "config.json", 100),
    "locate": lambda hub: hub.locate(REPO, COMMIT, "model.safetensors"),
}
every_ask = pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)


@every_ask
def test_a_silent_hub_is_given_up(ask: Ask, server: FakeHub, waits: list[float], foreign_waits: list[float]) -> None:
    """Every request has a time limit, even where huggingface_hub sets none, and only our policy retries."""
    hub = Hub(server.endpoint, retry_policy=USUAL._replace(read_timeout_s=0.5, attempts=2))
    server.faults.hang()
    with hub, pytest.raises(HubError, match=r"127\.0\.0\.1:[0-9]+ did not answer within 0\.5 seconds") as failed:
        ask(hub)
    assert failed.value.transient
    assert str(failed.value).endswith(" (2 tries)")
    assert (len(waits), foreign_waits, len(server.requests) <= 2) == (1, [], True)


@every_ask
def test_a_request_is_retried_until_the_hub_recovers(
    ask: Ask, hub: Hub, server: FakeHub, waits: list[float], foreign_waits: list[float]
) -> None:
    """Only our policy applies: huggingface_hub would retry some calls for half a minute."""
    server.faults.unavailable(times=2)
    assert ask(hub)
    assert len(server.requests) == 3
    assert [0.005 <= waits[0] <= 0.015, 0.01 <= waits[1] <= 0.03] == [True] * len(waits)
    assert foreign_waits == []


@every_ask
def test_a_hub_that_stays_down_is_given_up(ask: Ask, hub: Hub, server: FakeHub) -> None:
    """After five attempts."""
    server.faults.unavailable()
    with pytest.raises(HubError, match=r"the Hub answered 503 for .*team/model") as failed:
        ask(hub)
    assert (failed.value.status, failed.value.transient, len(server.requests)) == (503, True, 5)


def test_the_rate_limits_window_is_waited_for(hub: Hub, server: FakeHub, waits: list[float]) -> None:
    """The Hub says when it ends."""
    server.faults.limited(reset=6, times=1)
    assert hub.head(REPO) == COMMIT
    assert waits == [7]


def test_a_long_rate_limit_ends_with_the_time_to_wait(hub: Hub, server: FakeHub) -> None:
    """Rather than five minutes of silence, an error says how long to wait."""
    server.faults.limited(reset=280)
    with pytest.raises(HubError, match=r"the Hub's rate limit is reached") as failed:
        hub.head(REPO)
    assert (failed.value.status, failed.value.hint) == (429, "run this again in 281 seconds")


@pytest.mark.parametrize(
    ("fault", "status", "message", "hint"),
    [
        ("gated", 403, "is gated, and the account of HF_TOKEN has no access", "accept its terms at"),
        ("repo_gone", 404, "does not exist, or is private and the account of HF_TOKEN", "check the name"),
        ("revision_gone", 404, f"has no commit {COMMIT}", "generator lock --upgrade NAME"),
        ("entry_gone", 404, "does not exist", "choose another revision"),
        ("disabled", 403, "the Hub has disabled team/model", "choose another repository"),
        ("invalid_token", 401, "the Hub refuses HF_TOKEN", "/settings/tokens"),
        ("unauthorized", 401, "the Hub refuses HF_TOKEN", "/settings/tokens"),
        ("broken", 500, "the Hub answered 500", "run this again later"),
    ],
)
def test_each_refusal_says_what_to_do_next(
    fault: str, status: int, message: str, hint: str, hub: Hub, server: FakeHub
) -> None:
    """The cause and the next step; final refusals are not retried, and the token is not printed."""
    getattr(server.faults, fault)()
    with pytest.raises(HubError) as failed:
        hub.describe(REPO, COMMIT)
    error = failed.value
    assert message in str(error)
    assert hint in (error.hint or "")
    assert (error.status, error.transient) == (status, status >= 500)
    assert len(server.requests) == (5 if error.transient else 1)
    assert SECRET not in f"{error!r} {error.hint} {error.__cause__!r}"
    assert error.__suppress_context__


def test_without_a_token_the_message_differs(server: FakeHub) -> None:
    """A gated repository shows its metadata to everyone, and its files to nobody."""
    server.add("team/gated", FILES, commit="3" * 40, gated="auto")
    with Hub(server.endpoint) as hub:
        assert hub.describe("team/gated", "3" * 40).gated
        with pytest.raises(HubError, match=r"team/gated is gated, and no HF_TOKEN is set"):
            hub.read("team/gated", "3" * 40, "config.json", 10)
        with pytest.raises(HubError, match=r"team/nothing does not exist, or is private and no HF_TOKEN is set"):
            hub.head("team/nothing")
    assert not any(request.authorized for request in server.requests)


def test_an_address_without_a_hub(nobody: str) -> None:
    """Nothing listens there, or it is not a URL."""
    with Hub(nobody, retry_policy=ONCE) as hub, pytest.raises(HubError, match=r"127.0.0.1:[0-9]+ cannot be reached"):
        hub.head(REPO)
    with Hub("huggingface.co") as hub, pytest.raises(HubError, match=r"'huggingface.co' is not a valid Hub URL"):
        hub.head(REPO)
    with (
        Hub(nobody, retry_policy=ONCE) as hub,
        pytest.raises(HubError, match=r"'a/b/c' is not a valid repository name"),
    ):
        hub.head("a/b/c")


def test_an_answer_that_is_not_from_a_hub(hub: Hub, server: FakeHub) -> None:
    """For example from a captive portal."""
    server.faults.header("Content-Length", "0", kind="info")
    with pytest.raises(HubError, match=r"the Hub's answer for team/model cannot be read|cannot be reached"):
        hub.head(REPO)


def test_a_private_ca(tmp_path: Path) -> None:
    """Trusted if configured; otherwise the message explains how."""
    tls = make_tls(tmp_path)
    with FakeHub(tls) as server:
        server.add(REPO, FILES, commit=COMMIT)
        with Hub(server.endpoint) as hub, pytest.raises(HubError, match=r"is not trusted") as failed:
            hub.head(REPO)
        assert "SSL_CERT_FILE" in (failed.value.hint or "")
        environ = {"HF_ENDPOINT": server.endpoint, "SSL_CERT_FILE": str(tls.ca)}
        with of_environment(environ) as hub:
            assert hub.head(REPO) == COMMIT


def test_no_telemetry_and_no_harness_lookup() -> None:
    """Only the intended requests are sent."""
    program = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); os.environ['AI_AGENT'] = 'some-agent'\n"
        "from fakes.hub import FakeHub\n"
        "from generator.hub.client import Hub\n"
        "with FakeHub() as server:\n"
        "    server.add('a/b', {'config.json': b'{}'}, commit='1' * 40)\n"
        "    with Hub(server.endpoint) as hub:\n"
        "        hub.head('a/b'); hub.tree('a/b', '1' * 40)\n"
        "    print([request.route for request in server.requests])\n"
    )
    argv = [sys.executable, "-c", program, str(Path(__file__).parent)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=LONG_S, check=True)
    assert done.stdout == "['info', 'tree']\n"


def test_the_private_part_of_huggingface_hub_that_is_used() -> None:
    """It refuses requests in offline mode; a release without it must be noticed."""
    hook = importlib.import_module("huggingface_hub.utils._http").hf_request_event_hook
    assert list(inspect.signature(hook).parameters) == ["request"]


def test_a_mirror_that_redirects_learns_the_token_alone(server: FakeHub) -> None:
    """What it leads to sees neither the token nor the login of HF_ENDPOINT."""
    for endpoint in (server.endpoint, server.endpoint.replace("://", "://me:pass@")):
        with Hub(endpoint, SECRET, retry_policy=ONCE) as hub:
            assert hub.read_start(REPO, COMMIT, "model.safetensors", 3) == FILES["model.safetensors"][:3]
    assert [request.authorized for request in server.seen("cdn")] == [False, False]
    assert all(request.authorized for request in server.seen("resolve"))
