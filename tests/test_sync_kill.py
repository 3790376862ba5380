"""A sync that is killed, stopped, or raced: what is visible is always right, and the next run finishes."""

import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock
from typing import TypeVar

import pytest
from botocore.exceptions import ClientError
from fakes import LONG_S
from fakes.faulty import FaultyS3
from fakes.hub import FakeHub
from fakes.repos import Sparse
from fakes.server import Reply
from scene import MIB, Scene, wait_for
from servers.s3 import S3

pytestmark = pytest.mark.s3
T = TypeVar("T")

HELD: dict[str, bytes | Sparse | Path] = {
    "config.json": b'{"model_type": "bert"}',
    "modules.json": b"[]",
    "tokenizer.json": b"t" * 50_000,
    "model-1.safetensors": Sparse(36 * MIB, 1),
    "model-2.safetensors": Sparse(20 * MIB, 2),
}
"""Two files of several parts, and small ones around them."""
PARTS = 4
"""How many parts move at once."""


@pytest.fixture
def scene(fake_hub: FakeHub, versitygw: S3, tmp_path: Path) -> Scene:
    """One model on the Hub, none in the bucket."""
    scene = Scene(tmp_path / "project", fake_hub, versitygw)
    scene.add("m", HELD)
    return scene


class Killer:
    """Counts a sync's requests, to the Hub and to S3, and may kill it while one of them waits for its answer."""

    def __init__(self, scene: Scene, proxy: FaultyS3) -> None:
        self.seen = 0
        self._scene, self._lock = scene, Lock()
        self._at = 0
        self._process: subprocess.Popen[str] | None = None
        scene.hub.faults.add(self._passes, {})
        proxy.faults.add(self._passes, {})

    def start(self, at: int = 0) -> "subprocess.Popen[str]":
        """Start a sync, and kill it at this request; never at 0."""
        with self._lock:
            self.seen, self._at, self._process = 0, at, self._scene.start()
            return self._process

    def _passes(self, passing: T) -> T:
        with self._lock:
            self.seen += 1
            if self._process and self.seen == self._at:
                self._process.kill()
        return passing


@pytest.mark.timeout(6 * 3600)
def test_killed_at_any_moment(scene: Scene, faulty_s3: FaultyS3, pytestconfig: pytest.Config) -> None:
    """Nothing wrong is visible after any kill, and one more run completes the model."""
    kills, seed = int(pytestconfig.getoption("--kills")), random.randrange(1 << 32)  # noqa: S311
    print(f"seed {seed}")  # noqa: T201 - to repeat a failure
    moments = random.Random(seed)  # noqa: S311
    scene.environ["AWS_S3_ENDPOINT"] = faulty_s3.endpoint
    scene.hub.faults.drip(120 * MIB, kind="cdn")
    killer = Killer(scene, faulty_s3)
    assert scene.finish(killer.start()).code == 0
    requests, killed = killer.seen, 0
    while killed < kills:
        if scene.manifest() is not None:
            shutil.rmtree(scene.s3.root / "models")
        at, later = moments.randint(1, requests), moments.random() < 0.5
        process = killer.start(0 if later else at)
        wait_for(lambda: killer.seen >= at or process.poll() is not None)  # noqa: B023
        if later:
            time.sleep(moments.uniform(0, 0.15))
        process.kill()
        ran = scene.finish(process)
        assert ran.code == -signal.SIGKILL or (ran.code == 0 and (later or killer.seen < at)), ran.stderr
        killed += ran.code != 0
        wait_for(lambda: not faulty_s3.busy)
        scene.visible()
    scene.hub.faults.clear()
    assert scene.sync().code == 0
    scene.expect(killed=True)
    assert scene.sync().stdout == "m: up to date\n"


def test_what_was_finished_before_a_kill_is_not_sent_again(scene: Scene) -> None:
    """The digest in an object's metadata is enough."""
    silence = scene.hub.faults.hang(kind="cdn", path="*model-1.safetensors")
    process = scene.start()
    done = ["model-2.safetensors", "tokenizer.json", "modules.json"]
    wait_for(lambda: silence.hits == 3 and all(_is_noted(scene, name) for name in done))
    process.kill()
    scene.finish(process)
    scene.hub.faults.clear()
    scene.hub.reset()
    assert scene.sync().code == 0
    assert scene.hub.sent("cdn") == 36 * MIB
    scene.expect(killed=True)


def _is_noted(scene: Scene, name: str) -> bool:
    client = scene.s3.client()
    try:
        return bool(client.head_object(Bucket=scene.s3.bucket, Key=scene.prefix() + name)["Metadata"])
    except ClientError:
        return False
    finally:
        client.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_asked_to_stop(scene: Scene, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM abort the uploads, print a message without a traceback, and exit 130."""
    scene.hub.faults.drip(MIB // 1024, kind="cdn")  # it would take hours to send them
    process = scene.start()
    wait_for(lambda: bool(scene.uploads()))
    process.send_signal(number)
    ran = scene.finish(process)
    assert ran.code == 130
    assert scene.uploads() == []
    assert scene.manifest() is None
    scene.visible()
    scene.hub.faults.clear()
    assert scene.sync().code == 0
    scene.expect()


def test_two_syncs_race(scene: Scene) -> None:
    """Both succeed, and the bucket is the same as after one."""
    processes = [scene.start(), scene.start()]
    both = [scene.finish(process) for process in processes]
    assert [ran.code for ran in both] == [0, 0], both
    scene.expect()


def test_a_slow_sync_is_overtaken(scene: Scene) -> None:
    """It finds the files there, overwrites nothing, and succeeds."""
    overtaken = Event()

    def hold(reply: Reply) -> Reply:
        return replace(reply, chunks=_after(overtaken, reply.chunks))

    slow = scene.hub.faults.add(hold, {"kind": "cdn", "times": PARTS})
    first = scene.start()
    wait_for(lambda: slow.hits == PARTS)
    assert scene.sync().code == 0
    scene.expect(killed=True)
    written = scene.written(scene.prefix())
    overtaken.set()
    assert scene.finish(first).code == 0
    scene.expect()
    assert scene.written(scene.prefix()) == written


def _after(event: Event, chunks: Iterable[bytes]) -> Iterator[bytes]:
    event.wait(LONG_S)
    yield from chunks
