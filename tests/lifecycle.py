"""The life of a model in a bucket, from its first sync until the old is pruned: the same on every server."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fakes.hub import FakeHub, Sparse
from fakes.repos import Source
from helpers import Ran
from scene import FILES, IN_PARTS, MIB, WEIGHTS, Scene, same, wait_for
from servers.s3 import S3

_MOVED: Final[Mapping[str, Source]] = {**FILES, "tokenizer.json": b'{"version": "1.1"}'}
"""A commit that keeps the weights."""
_GROWN: Final[Mapping[str, Source]] = {**FILES, WEIGHTS: Sparse(52 * MIB + 7, seed=5)}
"""A commit whose weights take four parts, as users send them."""


def live(hub: FakeHub, s3: S3, folder: Path) -> None:
    """Sync, move to a commit that is copied, heal damage, survive a kill, and prune; KServe can read each result."""
    scene = Scene(folder / "project", hub, s3)
    scene.add()
    scene.write({**scene.catalog(), "name": "lifecycle"})
    _well(scene.quick(IN_PARTS))
    scene.expect()
    _reaches_the_pod(scene, folder / "first")
    same(_well(scene.quick()).stdout, "m: up to date\n")

    scene.move(_MOVED)
    ran = _well(scene.quick(IN_PARTS))
    assert re.match(r"m: 70 B sent and verified, 12\.6 MB copied in ", ran.stdout), ran.stdout
    same(hub.sent("cdn"), 0)
    scene.expect_whole()
    _reaches_the_pod(scene, folder / "moved")

    _is_damaged(scene)
    _is_killed(scene)
    scene.expect_whole(killed=True)
    _reaches_the_pod(scene, folder / "killed")

    _well(scene.sync("--prune", "--grace", "0"))
    scene.expect(killed=True)
    same(_well(scene.sync("--verify")).stdout, "m: verified\n")


def _is_damaged(scene: Scene) -> None:
    """Another program overwrites the weights with as many other bytes."""
    size, sha256 = scene.promised()[WEIGHTS]
    scene.put(WEIGHTS, bytes(size))
    ran = scene.sync("--verify")
    assert (ran.code, f"m: {WEIGHTS} " in ran.stdout, sha256 in ran.stdout) == (1, True, True), ran
    _well(scene.quick())
    same(_well(scene.sync("--verify")).stdout, "m: verified\n")


def _is_killed(scene: Scene) -> None:
    """The process ends in the middle of an upload, with some parts in the bucket; the next sync finishes."""
    scene.move(_GROWN)
    slow = scene.hub.faults.drip(MIB // 4, path=WEIGHTS, after=2)
    process = scene.start()
    try:
        wait_for(lambda: slow.hits > 0 or process.poll() is not None)
    finally:
        process.kill()
        ran = scene.finish(process)
    assert ran.code < 0, ran
    scene.hub.faults.clear()
    scene.visible()
    same(scene.manifest(), None)
    _well(scene.quick())


def _well(ran: Ran) -> Ran:
    assert ran.code == 0, ran.stdout + ran.stderr
    return ran


def _reaches_the_pod(scene: Scene, folder: Path) -> None:
    same(scene.download(folder), scene.promised())
