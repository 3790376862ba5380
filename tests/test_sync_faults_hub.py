"""Faults of the Hub: the bucket has the right files or none, and the message says what to do."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.hub import FakeHub, Sparse
from fakes.server import Reply
from scene import FILES, MIB, QUICK, REPO, WEIGHTS, Scene
from servers.s3 import S3
from silence import Side, impatient

pytestmark = pytest.mark.s3
PASSING: dict[str, Callable[[FakeHub], object]] = {
    "closed in mid-range": lambda hub: hub.faults.cut(2 * MIB, path=WEIGHTS, times=3),
    "reset in mid-range": lambda hub: hub.faults.cut(3 * MIB, reset=True, path=WEIGHTS, times=3),
    "the whole file for a range": lambda hub: hub.faults.whole(path=WEIGHTS, times=3),
    "a wrong total in Content-Range": lambda hub: hub.faults.wrong_total(5, path=WEIGHTS, times=3),
    "another range": lambda hub: hub.faults.header("Content-Range", f"bytes 1-5/{12 * MIB + 5}", path=WEIGHTS, times=2),
    "no Content-Range": lambda hub: hub.faults.header("Content-Range", None, kind="cdn", path=WEIGHTS, times=2),
    "compressed": lambda hub: hub.faults.gzipped(path=WEIGHTS, times=3),
    "a short body": lambda hub: hub.faults.short(7, path=WEIGHTS, times=3),
    "a small file that is short": lambda hub: hub.faults.short(3, path="tokenizer.json", times=1, method="GET"),
    "429 for a range": lambda hub: hub.faults.limited(kind="cdn", times=2),
    "429 for the tree": lambda hub: hub.faults.limited(reset=0, kind="tree", times=1),
    "503 everywhere": lambda hub: hub.faults.unavailable(times=3),
    "500 for a range": lambda hub: hub.faults.broken(kind="cdn", times=3),
}
SILENT: dict[Side, str] = {"cdn": "cdn", "hub": "tree"}


@pytest.fixture
def scene(fake_hub: FakeHub, versitygw: S3, tmp_path: Path) -> Scene:
    """A project with one model, and an empty bucket."""
    scene = Scene(tmp_path / "project", fake_hub, versitygw)
    scene.add()
    return scene


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_is_survived(fault: str, scene: Scene) -> None:
    """It is retried no more than needed, and every byte is right in the end."""
    PASSING[fault](scene.hub)
    ran = scene.quick()
    [struck] = scene.hub.faults.active
    assert (ran.code, struck.hits) == (0, struck.limits["times"]), ran.stderr
    scene.expect()


@pytest.mark.parametrize("side", SILENT)
def test_silence_that_passes_is_survived(side: Side, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that is not answered in time is retried."""
    silence = scene.hub.faults.hang(kind=SILENT[side], times=1)
    ran = scene.quick(impatient(monkeypatch, side))
    assert (ran.code, silence.hits) == (0, 1), ran.stderr
    scene.expect()


LASTING: dict[str, tuple[Callable[[FakeHub], object], str]] = {
    "reset": (lambda hub: hub.faults.cut(MIB, reset=True, path=WEIGHTS), "the connection was cut after "),
    "closed": (lambda hub: hub.faults.cut(MIB, path=WEIGHTS), "the connection was cut after "),
    "whole file": (lambda hub: hub.faults.whole(path=WEIGHTS), "the server sent the whole file instead of a range"),
    "wrong range": (lambda hub: hub.faults.wrong_total(5, path=WEIGHTS), "the server sent the range 'bytes 0-"),
    "gzip": (lambda hub: hub.faults.gzipped(path=WEIGHTS), "the server sent the file compressed"),
    "short": (lambda hub: hub.faults.short(7, path=WEIGHTS), "the server sent 5242873 of 5242880 bytes"),
    "503": (lambda hub: hub.faults.unavailable(kind="cdn"), "the server answered 503"),
    "404": (lambda hub: hub.faults.answer(404, kind="cdn"), "the server answered 404"),
    "silence": (lambda hub: hub.faults.hang(kind="cdn"), "the connection failed: the server stopped responding"),
}


@pytest.mark.parametrize("fault", LASTING)
def test_a_fault_that_lasts_ends_in_a_message(fault: str, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file, the cause, the number of tries, and what to do; none of it is visible."""
    begin, cause = LASTING[fault]
    begin(scene.hub)
    ran = scene.quick(impatient(monkeypatch, "cdn", tries=4) if fault == "silence" else QUICK)
    assert ran.code == 1
    assert ran.stderr.startswith(f"error: m: {WEIGHTS}: from byte ")
    assert cause in ran.stderr
    assert fault == "404" or "(4 tries)" in ran.stderr
    assert "hint: " in ran.stderr
    scene.visible()
    assert WEIGHTS not in scene.present(scene.prefix())
    assert (scene.manifest(), scene.uploads()) == (None, [])


@pytest.mark.parametrize("path", [WEIGHTS, "tokenizer.json"])
def test_a_wrong_byte_never_becomes_visible(path: str, scene: Scene) -> None:
    """Both digests are printed, --keep-going syncs the other models, and the next run repairs it."""
    scene.add("z-other", FILES, "acme/other")
    fault = scene.hub.faults.flip(4, path=f"{REPO}/{path}", method="GET")
    ran = scene.quick(keep_going=True)
    assert ran.code == 1
    size, sha256 = scene.promised()[path]
    digest = "sha256" if path == WEIGHTS else "Git SHA-1"
    assert f"error: m: {path} has {digest} " in ran.stderr
    assert path != WEIGHTS or f", expected {sha256}\n" in ran.stderr
    assert "hint: none of it is visible in the bucket; run the sync again" in ran.stderr
    assert ran.stdout.startswith("z-other: 12.6 MB sent and verified")
    assert path not in scene.present(scene.prefix())
    assert (scene.manifest(), scene.uploads(), fault.hits) == (None, [], 1)
    scene.visible()
    assert scene.present(scene.prefix("z-other")) == scene.promised("z-other")
    scene.hub.faults.clear()
    assert scene.quick().code == 0
    scene.expect("m", "z-other")
    assert size


def test_without_keep_going_the_others_stop(scene: Scene) -> None:
    """They report nothing and leave no upload; sending the rest would take an hour here."""
    scene.add("z-other", {**FILES, WEIGHTS: Sparse(40 * MIB, seed=4)}, "acme/other")
    scene.hub.faults.flip(4, path=f"{REPO}/tokenizer.json", method="GET")
    scene.hub.faults.drip(MIB // 1024, path=f"acme/other/{WEIGHTS}")
    ran = scene.quick(QUICK._replace(concurrency=3 + 8))  # no part of the one waits for a part of the other
    assert (ran.code, ran.stdout) == (1, "z-other: interrupted\n")
    assert ran.stderr.count("error: ") == 1
    assert "0 of 2 models complete" in ran.stderr
    assert scene.uploads() == []
    assert scene.manifest("z-other") is None


def test_a_model_that_cannot_be_planned_stops_the_others(scene: Scene) -> None:
    """No transfer starts, and no model counts as complete; with --keep-going the other one is synced."""
    scene.add("z-other", FILES, "acme/other")
    scene.hub.faults.revision_gone(kind="tree", path=f"{REPO}*")
    commit = scene.models["m"][1]
    scene.hub.forget(REPO, commit)
    ran = scene.quick()
    assert (ran.code, ran.stdout) == (1, "z-other: not begun\n")
    assert "0 of 2 models complete; 0 B sent" in ran.stderr
    words = f"error: m: {REPO} has no commit {commit}; it may have been removed\n  hint: choose another revision"
    assert words in ran.stderr
    assert scene.present() == {}
    ran = scene.quick(keep_going=True)
    assert ran.code == 1
    assert "1 of 2 models complete" in ran.stderr
    scene.expect("z-other")


def test_an_expired_url_is_requested_again(scene: Scene) -> None:
    """Each signed URL works once: three parts need three, and the digest is checked each time."""
    scene.hub.signed_uses = 1
    assert scene.quick().code == 0
    scene.expect()
    heads = scene.hub.seen("resolve", method="HEAD", path=WEIGHTS)
    assert len(heads) >= 3
    assert len([request for request in scene.hub.seen("cdn") if request.status == 206]) == 3


def test_an_expired_url_that_leads_to_another_file_is_refused(scene: Scene) -> None:
    """The file changed on the Hub while it was read: parts of two files are never combined."""
    repo, commit = scene.models["m"]
    other = Sparse(12 * MIB + 5, seed=99)
    fault = scene.hub.faults.answer(403, kind="cdn", after=1)
    _on_first(scene, "cdn", lambda: scene.hub.rewrite(repo, commit, WEIGHTS, other))
    ran = scene.quick()
    assert (ran.code, fault.hits > 0) == (1, True)
    assert f"error: m: {WEIGHTS} is now " in ran.stderr
    assert "hint: the file changed on the Hub" in ran.stderr
    assert WEIGHTS not in scene.present(scene.prefix())
    assert (scene.manifest(), scene.uploads()) == (None, [])


REFUSED: dict[str, tuple[Callable[[FakeHub], object], str, str]] = {
    "gated, not approved": (
        lambda hub: hub.faults.gated(403, kind="resolve"),
        f"error: m: {REPO} is gated, and the account of HF_TOKEN has no access",
        "hint: accept its terms at ",
    ),
    "gated, 401": (
        lambda hub: hub.faults.gated(401, kind="resolve"),
        f"error: m: {REPO} is gated",
        "hint: accept its terms at ",
    ),
    "invalid token": (
        lambda hub: hub.faults.invalid_token(),
        f"error: m: the Hub refuses HF_TOKEN for {REPO}",
        "/settings/tokens",
    ),
    "missing repository": (
        lambda hub: hub.faults.repo_gone(),
        f"error: m: {REPO} does not exist, or is private",
        "hint: check the name",
    ),
    "missing revision": (lambda hub: hub.faults.revision_gone(), f"error: m: {REPO} has no commit ", "hint: choose"),
    "missing file": (
        lambda hub: hub.faults.entry_gone(kind="resolve", path=WEIGHTS),
        f"error: m: {WEIGHTS} in {REPO} at ",
        "hint: choose another revision",
    ),
    "disabled": (lambda hub: hub.faults.disabled(), f"error: m: the Hub has disabled {REPO}", "hint: see "),
    "503": (lambda hub: hub.faults.unavailable(kind="api"), f"error: m: the Hub answered 503 for {REPO}", "hint: run"),
    "silence": (lambda hub: hub.faults.hang(kind="api"), "did not answer within 2 seconds", "hint: check the network"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_is_explained(case: str, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cause and the next step; the bucket stays unchanged."""
    begin, cause, action = REFUSED[case]
    begin(scene.hub)
    ran = scene.quick(impatient(monkeypatch, "hub", tries=2) if case == "silence" else QUICK)
    assert ran.code == (2 if case == "silence" else 1)  # a Hub that cannot be used is not the model's failure
    assert cause in ran.stderr
    assert action in ran.stderr
    scene.visible()
    assert WEIGHTS not in scene.present(scene.prefix())
    assert (scene.manifest(), scene.uploads()) == (None, [])


def test_without_a_token_a_gated_model_asks_for_one(scene: Scene) -> None:
    """The list of files is public, the files are not."""
    scene.hub.repos[REPO].about["gated"] = "manual"
    del scene.environ["HF_TOKEN"]
    ran = scene.quick()
    assert ran.code == 1
    assert f"error: m: {REPO} is gated, and no HF_TOKEN is set\n  hint: accept its terms at " in ran.stderr
    assert scene.manifest() is None


def test_a_commit_that_vanishes_halfway(scene: Scene) -> None:
    """Files that were already sent are right and stay; the error is explained, and there is no manifest."""
    scene.hub.faults.revision_gone(kind="resolve", after=2)
    ran = scene.quick()
    assert ran.code == 1
    assert f"error: m: {REPO} has no commit {scene.models['m'][1]}; it may have been removed" in ran.stderr
    scene.visible()
    assert len(scene.present(scene.prefix())) < len(FILES)
    assert (scene.manifest(), scene.uploads()) == (None, [])


def test_a_list_that_changes_before_the_files_are_read(scene: Scene) -> None:
    """The file is no longer the one that was listed."""
    repo, commit = scene.models["m"]
    _on_first(scene, "tree", lambda: scene.hub.rewrite(repo, commit, "tokenizer.json", b'{"version": "2.0"}'))
    ran = scene.quick()
    assert ran.code == 1
    assert "error: m: tokenizer.json is now " in ran.stderr
    assert "tokenizer.json" not in scene.present(scene.prefix())
    assert (scene.manifest(), scene.uploads()) == (None, [])


def _on_first(scene: Scene, kind: str, act: Callable[[], None]) -> None:
    """Act on the first request of this kind, after its answer is computed and before it is sent."""

    def change(reply: Reply) -> Reply:
        act()
        return reply

    scene.hub.faults.add(change, {"kind": kind, "times": 1})
