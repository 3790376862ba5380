"""Servers that are stuck, or as good as stuck: it is said, they are tried on another connection, and it ends."""

import contextlib
from collections.abc import Callable
from threading import Event

import pytest
from fakes import LONG_S
from fakes.faulty import FaultyS3
from scene import MIB, QUICK, WEIGHTS, Scene
from silence import impatient

from generator.commands import transfer
from generator.report import progress
from generator.sync.pace import Meter, Pace
from generator.sync.s3 import Bucket
from generator.sync.s3_client import Access, Keys
from generator.sync.s3_errors import S3Error
from generator.sync.waits import Waits

HASTY = QUICK._replace(least_rate=50_000)
"""For a server that sends some bytes a second, and none of the others, however slow the machine is."""


@pytest.fixture
def scene(unsynced: Scene) -> Scene:
    """A project with one model, and an empty bucket behind the proxy."""
    return unsynced


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which only moves when it is told to."""
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_what_is_waited_for_is_said(clock: list[float]) -> None:
    """Every ten seconds, as long as nothing arrives; the longest wait is the one to look at."""
    said: list[str] = []
    waits = Waits()
    heart = progress.Heartbeat(waits, said.append, as_json=False)
    with waits.on("read s3://b/first"):
        clock[0] += 9
        heart.beat()
        with waits.on("list s3://b/"):
            for _ in range(6):
                clock[0] += 5
                heart.beat()
            waits.move()
            clock[0] += 5
            heart.beat()
    clock[0] += 60
    heart.beat()
    assert said == [f"waiting for {seconds} s to read s3://b/first" for seconds in (14, 24, 34)]


def test_the_same_for_programs(clock: list[float]) -> None:
    """One JSON object a line."""
    said: list[str] = []
    waits = Waits()
    with waits.on("list s3://b/"):
        clock[0] += 12
        progress.Heartbeat(waits, said.append, as_json=True).beat()
    assert said == ['{"waiting": "list s3://b/", "seconds": 12}']


STUCK: dict[str, tuple[Callable[[Scene, FaultyS3], object], str]] = {
    "S3": (lambda _, s3: s3.faults.hang(2, kind="GetObject", times=1), " s to read s3://"),
    "the Hub": (lambda scene, _: scene.hub.faults.hang(2, kind="tree", times=1), " s to list the files of acme/"),
    "contents": (lambda scene, _: scene.hub.faults.hang(2, kind="cdn", times=1), " of a file from 127.0.0.1"),
}


@pytest.mark.s3
@pytest.mark.parametrize("side", STUCK)
def test_a_stuck_server_is_no_silence(side: str, scene: Scene, faulty_s3: FaultyS3) -> None:
    """It is named before it is given up, also before the first byte moves."""
    scene.every_s = 0.2
    begin, words = STUCK[side]
    begin(scene, faulty_s3)
    ran = scene.sync()
    assert ran.code == 0, ran.stderr
    assert "waiting for " in ran.stderr
    assert words in ran.stderr


@pytest.mark.s3
def test_contents_that_drip_are_asked_for_elsewhere(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another URL on another connection; the other parts are not read again."""
    drip = scene.hub.faults.drip(1000, path=WEIGHTS, method="GET", times=1)
    ran = scene.quick(impatient(monkeypatch, "cdn", HASTY))
    assert (ran.code, drip.hits) == (0, 1), ran.stderr
    scene.expect()
    assert len(scene.hub.seen("resolve", method="HEAD", path=WEIGHTS)) == 2
    assert len(scene.hub.seen("cdn")) == 4


@pytest.mark.s3
def test_contents_that_always_drip_end_in_a_message(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do."""
    scene.hub.faults.drip(1000, path=WEIGHTS, method="GET")
    ran = scene.quick(impatient(monkeypatch, "cdn", HASTY, tries=2))
    assert ran.code == 1
    assert ": the server is too slow (2 tries)\n  hint: check the network and the proxy" in ran.stderr


@pytest.mark.s3
@pytest.mark.parametrize("times", [2, 99], ids=["for a while", "always"])
def test_s3_that_takes_bytes_slowly_is_tried_again(
    times: int, scene: Scene, faulty_s3: FaultyS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its buffers are full, and it reads some bytes a second."""
    slow = faulty_s3.faults.sip(10_000, kind="UploadPart", times=times)
    ran = scene.quick(impatient(monkeypatch, "s3", HASTY._replace(s3_attempts=1), tries=3))
    if times == 2:
        assert (ran.code, slow.hits) == (0, 2), ran.stderr
        scene.expect()
    else:
        assert ran.code == 1
        assert ": the server is too slow (3 tries)\n  hint: check the server" in ran.stderr


@pytest.mark.s3
def test_contents_that_drip_from_s3_are_not_waited_for(scene: Scene, faulty_s3: FaultyS3) -> None:
    """As --verify reads them, which tries again."""
    s3 = scene.s3
    with contextlib.closing(s3.client()) as client:
        client.put_object(Bucket=s3.bucket, Key="large", Body=bytes(MIB))
    faulty_s3.faults.drip(10_000, kind="GetObject")
    keys = Keys(s3.access_key, s3.secret_key)
    access = Access(s3.bucket, "us-east-1", faulty_s3.endpoint, keys=keys)
    bucket = Bucket(access, connections=1, read_timeout_s=0.5, least_rate=MIB)
    with pytest.raises(S3Error, match=r"cannot read s3://.*/large: the server is too slow") as failed:
        list(bucket.chunks("large", 4096))
    assert failed.value.transient


def test_a_rate_is_an_average_over_the_patience(clock: list[float]) -> None:
    """A pause is none of the other side's faults, as long as it catches up."""
    meter = Meter(Pace(100, 10))
    clock[0] += 9
    assert meter.add(0)
    clock[0] += 2
    assert meter.add(1100)
    clock[0] += 11
    assert not meter.add(1000)


@pytest.mark.s3
def test_the_whole_run_has_a_time_limit(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stops as after a signal: no upload is left, and what is in the bucket stays."""
    monkeypatch.setattr(transfer, "_MINUTE_S", 1.0)
    scene.hub.faults.drip(20_000, path=WEIGHTS, method="GET")
    ran = scene.sync("--timeout", "1")
    assert ran.code == 2
    assert "error: the time limit of 1 minute is over\n  hint: run the sync again: " in ran.stderr
    assert "--timeout gives it more time" in ran.stderr
    assert (scene.manifest(), scene.uploads()) == (None, [])


def test_a_run_that_does_not_stop_is_ended() -> None:
    """A server that drips its answer can hold a thread for ever."""
    ended = Event()
    said: list[str] = []

    def end(message: str) -> None:
        said.append(message)
        ended.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transfer, "_MINUTE_S", 0.05)
        patch.setattr(transfer, "_LAST_S", 0.05)
        with transfer.time_limit(1, Event(), end):
            assert ended.wait(LONG_S)
    assert said == ["the time limit of 1 minute is over"]
