"""The real huggingface_hub client accepts the fake Hub, which fails as the real one does."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
import urllib3
from fakes import LONG_S
from fakes.client import FILES, LARGE, REPO, SHA256, WEIGHTS, Session, fetch, real_client
from fakes.faults import HubFaults
from fakes.hub import FakeHub, Sparse
from fakes.repos import Content
from fakes.server import Loopback
from huggingface_hub import RepoFile, errors, get_hf_file_metadata, hf_hub_url
from huggingface_hub.utils._http import parse_ratelimit_headers


@pytest.fixture(params=["fake_hub", "tls_hub"])
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """Over http, and over https."""
    with real_client(request.getfixturevalue(request.param)) as session:
        yield session


@pytest.fixture
def plain(fake_hub: FakeHub) -> Iterator[Session]:
    """Over http only."""
    with real_client(fake_hub) as session:
        yield session


def test_model_info_names_commit_licence_and_blobs(session: Session) -> None:
    """The client parses from model_info what was put in."""
    info = session.api.model_info(REPO, files_metadata=True)
    assert (info.sha, info.gated, info.private, info.tags) == (session.commit, False, False, ["license:mit"])
    assert info.card_data is not None
    assert info.card_data.license == "mit"
    files = {sibling.rfilename: sibling for sibling in info.siblings or []}
    large = files[LARGE].lfs
    assert large is not None
    assert (files[LARGE].size, large.size, large.sha256) == (3_000_000, 3_000_000, SHA256)
    assert files["config.json"].blob_id == Content(FILES["config.json"]).git


def test_the_tree_comes_in_pages(session: Session) -> None:
    """The client follows the Link headers to the end, over one request per page."""
    session.hub.page_size = 2
    rows = list(session.api.list_repo_tree(REPO, recursive=True, revision=session.commit))
    assert [row.path for row in rows if isinstance(row, RepoFile)] == sorted(FILES)
    assert len(session.hub.seen("tree")) == 3
    assert [row.path for row in session.api.list_repo_tree(REPO, "1_Pooling")] == ["1_Pooling/config.json"]


def test_files_are_located_and_downloaded(session: Session, tmp_path: Path) -> None:
    """A small file comes from the Hub itself, a large one by a redirect to another origin."""
    small, large = session.head("config.json"), session.head(LARGE)
    assert (small.etag, small.size, small.commit_hash) == (Content(FILES["config.json"]).git, 8, session.commit)
    assert (large.etag, large.size, large.commit_hash) == (SHA256, 3_000_000, session.commit)
    assert large.location.startswith(session.hub.cdn)
    assert session.download("1_Pooling/config.json", tmp_path) == b"{}"
    assert session.download("empty.txt", tmp_path) == b""
    assert hashlib.sha256(session.download(LARGE, tmp_path)).hexdigest() == SHA256
    assert session.hub.sent("cdn") == 3_000_000
    assert session.hub.counts == {"resolve": 6, "cdn": 1}


def test_a_token_goes_to_the_hub_and_nowhere_else(session: Session, tmp_path: Path) -> None:
    """The client sends no Authorization to the other origin, which would refuse it."""
    session.hub.token = "hf_right"  # noqa: S105
    session.download(LARGE, tmp_path, token="hf_right")  # noqa: S106
    assert [request.authorized for request in session.hub.requests] == [True, False]
    refused = fetch(session.hub, session.head(LARGE).location, Authorization="Bearer hf_right")
    assert refused.status == 400


@pytest.mark.parametrize("hub_name", ["fake_hub", "tls_hub"])
def test_hf_download_works(hub_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """The command line downloads a repository at a commit."""
    hub: FakeHub = request.getfixturevalue(hub_name)
    commit = hub.add(REPO, FILES)
    hub.add(REPO, {"config.json": b"newer"})
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "HF_ENDPOINT": hub.endpoint, "HF_HUB_DISABLE_XET": "1"}
    env |= {"HF_HUB_ETAG_TIMEOUT": str(LONG_S), "HF_HUB_DOWNLOAD_TIMEOUT": str(LONG_S)}
    env |= {"SSL_CERT_FILE": str(hub.ca)} if hub.ca else {}
    command = [sys.executable, "-m", "huggingface_hub.cli.hf", "download", REPO, "--revision", commit]
    into = tmp_path / "model"
    ran = subprocess.run([*command, "--local-dir", into], env=env, capture_output=True, timeout=LONG_S, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    assert {path: (into / path).stat().st_size for path in FILES} == {
        path: Content(source).size for path, source in FILES.items()
    }
    assert (into / "config.json").read_bytes() == FILES["config.json"]


Setup = Callable[[FakeHub, HubFaults], object]
ERRORS: dict[str, tuple[Setup, type[Exception], int]] = {
    "gated-no-token": (lambda hub, _: hub.add(REPO, FILES, gated="manual"), errors.GatedRepoError, 401),
    "gated-not-approved": (lambda _, faults: faults.gated(), errors.GatedRepoError, 403),
    "private-no-token": (
        lambda hub, _: hub.add(REPO, FILES, private=True),
        errors.RepositoryNotFoundError,
        401,
    ),
    "repo-missing": (lambda _, faults: faults.repo_gone(), errors.RepositoryNotFoundError, 404),
    "revision-missing": (lambda hub, _: hub.repos[REPO].commits.clear(), errors.RevisionNotFoundError, 404),
    "entry-missing": (
        lambda hub, _: [files.pop(LARGE) for files in hub.repos[REPO].commits.values()],
        errors.RemoteEntryNotFoundError,
        404,
    ),
    "disabled": (lambda hub, _: hub.add(REPO, FILES, disabled=True), errors.DisabledRepoError, 403),
    "invalid-token": (lambda _, faults: faults.invalid_token(), errors.HfHubHTTPError, 401),
    "bad-request": (lambda _, faults: faults.answer(400), errors.BadRequestError, 400),
    "forbidden": (lambda _, faults: faults.answer(403, "", "No."), errors.HfHubHTTPError, 403),
    "broken": (lambda _, faults: faults.broken(), errors.HfHubHTTPError, 500),
}


@pytest.mark.parametrize("case", ERRORS)
def test_an_error_has_its_class(case: str, session: Session) -> None:
    """The client raises exactly the class it raises for the real Hub."""
    setup, error, status = ERRORS[case]
    setup(session.hub, session.hub.faults)
    with pytest.raises(error) as raised:
        session.head(LARGE)
    assert type(raised.value) is error
    assert isinstance(raised.value, errors.HfHubHTTPError)
    assert raised.value.response.status_code == status


def test_a_bare_401_means_no_repository_over_https_only(session: Session) -> None:
    """The client guesses from the URL, and its pattern asks for https."""
    session.hub.faults.unauthorized()
    with pytest.raises(errors.HfHubHTTPError) as raised:
        session.api.model_info(REPO)
    assert (type(raised.value) is errors.RepositoryNotFoundError) == (session.hub.ca is not None)


def test_auth_check_shows_what_metadata_hides(session: Session) -> None:
    """Metadata of a gated repository is public, its files are not."""
    session.api.auth_check(REPO)
    session.hub.add(REPO, FILES, gated="auto")
    assert session.api.model_info(REPO).gated == "auto"
    with pytest.raises(errors.GatedRepoError):
        session.api.auth_check(REPO)
    session.api.auth_check(REPO, token="hf_any")  # noqa: S106
    session.hub.approved = False
    with pytest.raises(errors.GatedRepoError):
        session.api.auth_check(REPO, token="hf_any")  # noqa: S106


def test_an_unknown_repository_looks_private_without_a_token(plain: Session) -> None:
    """401 without a token, 404 with one, and a wrong token is called wrong."""
    for token, status in ((False, 401), ("hf_any", 404)):
        with pytest.raises(errors.RepositoryNotFoundError) as raised:
            plain.api.model_info("acme/nothing", token=token)
        assert raised.value.response.status_code == status
    plain.hub.token = "hf_right"  # noqa: S105
    with pytest.raises(errors.HfHubHTTPError, match="Invalid credentials"):
        plain.api.model_info(REPO, token="hf_wrong")  # noqa: S106


def test_a_rate_limit_is_raised_or_waited_for(plain: Session) -> None:
    """model_info raises at once with the seconds to wait; the tree request waits."""
    plain.hub.faults.limited(reset=0, times=1)
    with pytest.raises(errors.HfHubHTTPError, match="Too Many Requests") as raised:
        plain.api.model_info(REPO)
    limit = parse_ratelimit_headers(raised.value.response.headers)
    assert limit is not None
    assert (limit.remaining, limit.reset_in_seconds, limit.limit) == (0, 0, 500)
    fault = plain.hub.faults.limited(reset=0, kind="tree", times=1)
    assert len(list(plain.api.list_repo_tree(REPO))) == 4
    assert fault.hits == 1


def test_a_503_is_retried(plain: Session) -> None:
    """The tree is asked again after 503."""
    plain.hub.faults.unavailable(kind="tree", times=1)
    assert len(list(plain.api.list_repo_tree(REPO))) == 4


def test_a_silent_hub_needs_a_time_limit(plain: Session) -> None:
    """A Hub that accepts and never answers is stopped by the client's own limit, and by closing it."""
    plain.hub.faults.hang()
    with pytest.raises(httpx2.TimeoutException) as raised:
        plain.api.model_info(REPO, timeout=0.2)
    assert raised.value.request.extensions["timeout"]["read"] == 0.2


def test_a_commit_can_vanish_in_the_middle(plain: Session) -> None:
    """Files of a commit can be located until they cannot."""
    plain.hub.faults.revision_gone(kind="resolve", after=2)
    plain.head(LARGE)
    plain.head("config.json")
    with pytest.raises(errors.RevisionNotFoundError):
        plain.head(LARGE)


def test_a_signed_url_expires_by_use_time_or_command(session: Session) -> None:
    """After that it answers 403; a new one works again."""
    session.hub.signed_uses = 1
    url = session.head(LARGE).location
    assert [fetch(session.hub, url).status for _ in range(2)] == [200, 403]
    session.hub.signed_uses, session.hub.signed_seconds = None, 0
    assert fetch(session.hub, session.head(LARGE).location).status == 403
    session.hub.signed_seconds = 3600
    url = session.head(LARGE).location
    assert fetch(session.hub, url).status == 200
    session.hub.expire()
    assert fetch(session.hub, url).status == 403


def test_ranges(session: Session) -> None:
    """A part, an open end, the last bytes, and a range past the end."""
    url, body = session.head(LARGE).location, b"".join(Content(WEIGHTS).chunks())
    for asked, part in (("10-19", body[10:20]), ("2999990-", body[-10:]), ("-5", body[-5:]), ("0-9999999", body)):
        answer = fetch(session.hub, url, Range=f"bytes={asked}")
        assert (answer.status, answer.data) == (206, part)
        assert answer.headers["Content-Range"].endswith("/3000000")
    past = fetch(session.hub, url, Range="bytes=3000000-")
    assert (past.status, past.headers["Content-Range"]) == (416, "bytes */3000000")


def test_faults_of_a_body(session: Session) -> None:
    """Each happens once, in the intended file and bytes."""
    hub, url = session.hub, session.head(LARGE).location
    body = b"".join(Content(WEIGHTS).chunks(0, 2_000_000))
    first = {"Range": "bytes=0-1999999"}
    hub.faults.flip(5, times=1, path=LARGE)
    hub.faults.flip(2_500_000)
    assert fetch(hub, url, **first).data == body[:5] + bytes([body[5] ^ 0xFF]) + body[6:]
    assert fetch(hub, url, **first).data == body
    hub.faults.short(100, times=1)
    assert fetch(hub, url, **first).data == body[:-100]
    hub.faults.whole(times=1)
    assert (fetch(hub, url, **first).status, fetch(hub, url, **first).status) == (200, 206)
    hub.faults.wrong_total(5, times=1)
    assert fetch(hub, url, **first).headers["Content-Range"] == "bytes 0-1999999/5"
    hub.faults.gzipped(times=1)
    assert fetch(hub, url, **first).headers["Content-Encoding"] == "gzip"
    hub.faults.header("X-Linked-Etag", None, times=1, kind="resolve", method="HEAD")
    assert [session.head(LARGE).etag for _ in range(2)] == [None, SHA256]


@pytest.mark.parametrize("reset", [False, True])
def test_a_body_can_end_early(session: Session, reset: bool) -> None:  # noqa: FBT001
    """The connection closes, or is reset, after some bytes; the next request is served."""
    url = session.head(LARGE).location
    session.hub.faults.cut(1000, reset=reset, times=1)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        fetch(session.hub, url)
    assert fetch(session.hub, url).status == 200


def test_a_body_can_drip(plain: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes arrive at the requested rate."""
    pauses: list[float] = []
    monkeypatch.setattr(Loopback, "pause", lambda _, seconds: pauses.append(seconds))
    plain.hub.add(REPO, {"slow.json": bytes(2001)})
    plain.hub.faults.drip(5000)
    answer = fetch(plain.hub, hf_hub_url(REPO, "slow.json", endpoint=plain.hub.endpoint))
    assert len(answer.data) == 2001
    assert sum(pauses[:8]) == pytest.approx(2000 / 5000)


def test_a_file_can_change_after_it_was_listed(plain: Session) -> None:
    """The file is no longer what was listed."""
    listed = next(row for row in plain.api.list_repo_tree(REPO, revision=plain.commit) if row.path == LARGE)
    plain.hub.rewrite(REPO, plain.commit, LARGE, Sparse(2_000_000, seed=8))
    assert isinstance(listed, RepoFile)
    assert listed.lfs is not None
    assert listed.lfs.sha256 == SHA256 != plain.head(LARGE).etag
    plain.hub.forget(REPO, plain.commit)
    with pytest.raises(errors.RevisionNotFoundError):
        plain.head(LARGE)


def test_a_huge_file_takes_no_memory(plain: Session) -> None:
    """20 GB can be listed and read in parts."""
    commit = plain.hub.add("acme/huge", {LARGE: Sparse(20_000_000_000, seed=1, sha256="0" * 64)})
    url = hf_hub_url("acme/huge", LARGE, revision=commit, endpoint=plain.hub.endpoint)
    found = get_hf_file_metadata(url, endpoint=plain.hub.endpoint)
    assert (found.size, found.etag) == (20_000_000_000, "0" * 64)
    answer = fetch(plain.hub, found.location, Range="bytes=19999999990-")
    assert len(answer.data) == 10


def test_a_file_on_disk_is_served(plain: Session, tmp_path: Path) -> None:
    """Contents can come from a path, and small files can be large ones."""
    source = tmp_path / "source"
    source.write_bytes(b"from disk")
    plain.commit = plain.hub.add(REPO, {"a.bin": source, "b.bin": source}, lfs=["a.bin"])
    assert plain.download("a.bin", tmp_path / "into") == plain.download("b.bin", tmp_path / "into") == b"from disk"
    assert (plain.hub.seen("cdn")[0].file, len(plain.hub.seen("cdn"))) == ("a.bin", 1)
