"""Concurrent syncs of one model on real servers: whatever each reports, nothing may be lost."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from fakes import LONG_S
from fakes.hub import FakeHub
from fakes.repos import Source, Sparse
from helpers import Ran
from scene import MIB, Scene

from servers.ceph import RadosGateway
from servers.s3 import S3

pytestmark = pytest.mark.s3

HELD: dict[str, Source] = {
    "config.json": b'{"model_type": "bert"}',
    "modules.json": b"[]",
    "tokenizer.json": b"t" * 50_000,
    "model-1.safetensors": Sparse(52 * MIB, 1),
    "model-2.safetensors": Sparse(36 * MIB, 2),
}
"""Two files of several parts, and small ones around them."""
STAGGER_S = 0.2
"""The longest time between two starts: syncs that end close together harm each other most."""
together = pytest.mark.parametrize("together", [2, 3], ids=["two", "three"])


@dataclass(frozen=True)
class Races:
    """Rounds of syncs that start at almost the same time, each round with a model of its own."""

    scene: Scene
    rounds: int
    moments: random.Random

    def run(self, together: int, judge: Callable[[str, list[Ran]], list[str]]) -> None:
        """Run all rounds before failing, to show how often it goes wrong."""
        bad: dict[str, list[str]] = {}
        for number in range(1, self.rounds + 1):
            name, began = f"m{number}", time.monotonic()
            self.scene.add(name, HELD, f"acme/{name}")
            ran = self._race(name, together)
            if wrong := judge(name, ran):
                bad[name] = wrong
            took, said = time.monotonic() - began, [line for each in ran for line in _errors(each)]
            print(f"round {number}: {took:.1f} s, exits {[each.code for each in ran]}", *said, *wrong, sep="\n  ")  # noqa: T201
        assert not bad, f"{len(bad)} of {self.rounds} rounds went wrong"

    def _race(self, name: str, together: int) -> list[Ran]:
        processes = []
        try:
            for _ in range(together):
                processes.append(self.scene.start("--model", name))
                time.sleep(self.moments.uniform(0, STAGGER_S))
            return [self.scene.finish(process, timeout=LONG_S) for process in processes]
        finally:
            for process in processes:
                process.kill()

    def missing(self, name: str) -> list[str]:
        """The files of a model that cannot be read back correctly, with GET and with the command."""
        wanted, found = self.scene.promised(name), self.scene.present(self.scene.prefix(name))
        wrong = [f"{path}: {found.get(path)}" for path in wanted | found if found.get(path) != wanted.get(path)]
        verified = self.scene.sync("--verify", "--model", name)
        return wrong if verified.code == 0 else [*wrong, *verified.stdout.splitlines(), *verified.stderr.splitlines()]


def _errors(ran: Ran) -> list[str]:
    return [line for line in ran.stderr.splitlines() if line.startswith("error: ")]


@pytest.fixture
def races(fake_hub: FakeHub, tmp_path: Path, pytestconfig: pytest.Config) -> Callable[[S3, int], Races]:
    """Races between a Hub and a bucket: every n-th of the rounds that were asked for."""
    seed = random.randrange(1 << 32)  # noqa: S311
    print(f"seed {seed}")  # noqa: T201 - to repeat a failure

    def make(s3: S3, share: int) -> Races:
        rounds = max(1, int(pytestconfig.getoption("--rounds")) // share)
        return Races(Scene(tmp_path / "project", fake_hub, s3), rounds, random.Random(seed))  # noqa: S311

    return make


@together
def test_on_ceph(races: Callable[[S3, int], Races], ceph_server: RadosGateway, together: int) -> None:
    """All succeed, and what they wrote survives garbage collection."""
    racing = races(ceph_server.bucket(), 1)

    def judge(name: str, ran: list[Ran]) -> list[str]:
        ceph_server.cluster.collect()
        failed = [each.stderr for each in ran if each.code != 0]
        return [*failed, *racing.missing(name)]

    racing.run(together, judge)


@together
@pytest.mark.parametrize("server", ["minio", "tls_minio", "tls_versitygw", "rclone_s3"])
def test_elsewhere(
    races: Callable[[S3, int], Races], request: pytest.FixtureRequest, server: str, together: int
) -> None:
    """Each succeeds or reports a failure, and one more run leaves everything right."""
    racing = races(request.getfixturevalue(server), 4)

    def judge(name: str, ran: list[Ran]) -> list[str]:
        silent = [each.stderr for each in ran if each.code != 0 and not (each.code == 1 and _errors(each))]
        again = racing.scene.sync("--model", name)
        return [*silent, *([again.stderr] if again.code else []), *racing.missing(name)]

    racing.run(together, judge)
