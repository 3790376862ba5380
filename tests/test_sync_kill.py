"""A sync that is killed, stopped, or raced: what is visible is right at every moment, and the next run finishes it."""

import random
import shutil
import signal
import time
from pathlib import Path

import pytest
from standins.hub import StandInHub
from standins.repos import Sparse
from standins.s3 import S3
from syncing import MIB, Scene, wait_for

pytestmark = pytest.mark.s3

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
def scene(stand_in_hub: StandInHub, versitygw: S3, tmp_path: Path) -> Scene:
    """One model on the Hub, none in the bucket."""
    scene = Scene(tmp_path / "project", stand_in_hub, versitygw)
    scene.add("m", HELD)
    return scene


def test_killed_at_any_moment(scene: Scene, pytestconfig: pytest.Config) -> None:
    """Nothing wrong is visible after any kill, and one run makes it whole."""
    kills, seed = int(pytestconfig.getoption("--kills")), random.randrange(1 << 32)  # noqa: S311
    print(f"seed {seed}")  # noqa: T201 - to repeat a failure
    moments = random.Random(seed)  # noqa: S311
    in_flight = 0
    scene.hub.faults.drip(120 * MIB, kind="cdn")
    for _ in range(kills):
        scene.hub.reset()
        process = scene.start()
        asked = moments.randrange(1, 12)
        until = time.monotonic() + 10
        while process.poll() is None and len(scene.hub.requests) < asked and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(moments.uniform(0, 0.15))
        in_flight += process.poll() is None
        process.kill()
        scene.finish(process)
        scene.visible()
        if scene.manifest() is not None:
            shutil.rmtree(scene.s3.root / "models")
    assert in_flight > kills // 3, "most runs had ended before they were killed"
    scene.hub.faults.clear()
    assert scene.sync().code == 0
    scene.expect(killed=True)
    assert scene.sync().stdout == "m: up to date\n"


def test_what_was_finished_before_a_kill_is_not_sent_again(scene: Scene) -> None:
    """The digest noted on an object is proof enough."""
    scene.hub.faults.hang(60, kind="cdn", path="*model-1.safetensors")
    process = scene.start()
    done = [scene.prefix() + name for name in ("model-2.safetensors", "tokenizer.json", "modules.json")]
    wait_for(lambda: all((scene.s3.root / path).exists() for path in done))
    process.kill()
    scene.finish(process)
    scene.hub.faults.clear()
    scene.hub.reset()
    assert scene.sync().code == 0
    assert scene.hub.sent("cdn") == 36 * MIB
    scene.expect(killed=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_asked_to_stop(scene: Scene, number: signal.Signals) -> None:
    """Ctrl-C and a pod's end give up the uploads, say so without a traceback, and exit 130."""
    scene.hub.faults.drip(4 * MIB, kind="cdn")
    process = scene.start()
    wait_for(lambda: bool(scene.uploads()))
    process.send_signal(number)
    ran = scene.finish(process, timeout=25)
    assert ran.code == 130
    assert scene.uploads() == []
    assert scene.manifest() is None
    scene.visible()
    scene.hub.faults.clear()
    assert scene.sync().code == 0
    scene.expect()


def test_two_syncs_race(scene: Scene) -> None:
    """Both succeed, whoever comes first; the bucket is as after one."""
    processes = [scene.start(), scene.start()]
    assert [scene.finish(process, timeout=60).code for process in processes] == [0, 0]
    scene.expect()


def test_a_race_with_a_slow_one(scene: Scene) -> None:
    """A sync that is overtaken finds the files there, overwrites nothing, and succeeds."""
    slow = scene.hub.faults.drip(6 * MIB, kind="cdn")
    first = scene.start()
    wait_for(lambda: slow.hits == PARTS)
    scene.hub.faults.clear()
    assert scene.sync().code == 0
    scene.expect(killed=True)
    written = scene.written(scene.prefix())
    assert scene.finish(first, timeout=60).code == 0
    scene.expect()
    assert scene.written(scene.prefix()) == written
