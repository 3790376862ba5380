"""Faults of copies within the bucket: the file then comes from the Hub, and what is visible is right."""

import dataclasses
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.faulty import Call, FaultyS3
from fakes.hub import FakeHub
from fakes.repos import Source
from fakes.server import Reply
from helpers import Ran
from scene import FILES, IN_PARTS, MIB, QUICK, WEIGHTS, Scene, at_both_part_sizes, wait_for
from servers.s3 import S3, Versitygw
from silence import impatient

from generator.sync.engine import TransferLimits

pytestmark = pytest.mark.s3
SIZE = 12 * MIB + 5
CHANGED: dict[str, Source] = {**FILES, "tokenizer.json": b'{"version": "1.1"}'}


@pytest.fixture
def scene(fake_hub: FakeHub, versitygw: S3, faulty_s3: FaultyS3, tmp_path: Path) -> Scene:
    """A model in the bucket at one commit, wanted at the next, which changes its tokenizer."""
    scene = Scene(tmp_path / "project", fake_hub, versitygw)
    scene.fill(faulty_s3)
    scene.move(CHANGED)
    return scene


def _edit(scene: Scene, old: str) -> None:
    client = scene.s3.client()
    client.put_object(Bucket=scene.s3.bucket, Key=old + WEIGHTS, Body=bytes(SIZE))
    client.close()


def _prune(scene: Scene, old: str) -> None:
    client = scene.s3.client()
    client.delete_object(Bucket=scene.s3.bucket, Key=f"models/.sync/{old[7:-1]}.json")
    client.delete_object(Bucket=scene.s3.bucket, Key=old + WEIGHTS)
    client.close()


def _garble(scene: Scene, old: str) -> None:
    client = scene.s3.client()
    client.put_object(Bucket=scene.s3.bucket, Key=f"models/.sync/{old[7:-1]}.json", Body=b"{}")
    client.close()


@pytest.mark.parametrize("damage", [_edit, _prune, _garble])
def test_what_is_not_as_recorded_is_not_copied(
    damage: Callable[[Scene, str], None], scene: Scene, faulty_s3: FaultyS3
) -> None:
    """The old weights were replaced by others of the same size, pruned, or have no known digest."""
    damage(scene, scene.other(WEIGHTS))
    assert f"{WEIGHTS}  (missing)" in scene.quick(dry_run=True).stdout
    assert scene.quick().code == 0
    assert faulty_s3.counts["UploadPartCopy"] == 0
    assert scene.hub.sent("cdn") == SIZE
    scene.expect_whole()


REFUSALS: dict[str, Callable[[FaultyS3], object]] = {
    "AccessDenied": lambda s3: s3.faults.denied(kind="*Copy*"),
    "NotImplemented": lambda s3: s3.faults.error(501, "NotImplemented", kind="*Copy*"),
    "PreconditionFailed": lambda s3: s3.faults.error(412, "PreconditionFailed", kind="*Copy*"),
    "NoSuchKey": lambda s3: s3.faults.error(404, "NoSuchKey", kind="*Copy*"),
    "AccessDenied in a 200": lambda s3: s3.faults.error_in_200("AccessDenied", kind="*Copy*"),
    "501 without a code": lambda s3: s3.faults.add(
        lambda call: dataclasses.replace(call, instead=Reply(501)), {"kind": "*Copy*"}
    ),
    "an empty answer": lambda s3: s3.faults.add(
        lambda call: dataclasses.replace(call, instead=Reply()), {"kind": "*Copy*"}
    ),
    "no look at the old one": lambda s3: s3.faults.error(
        403, "AccessDenied", kind="GetObject", path=f"*{WEIGHTS}", times=1
    ),
}


@at_both_part_sizes
@pytest.mark.parametrize("refusal", REFUSALS)
def test_what_the_server_will_not_copy_comes_from_the_hub(
    refusal: str,
    limits: TransferLimits,
    scene: Scene,
    faulty_s3: FaultyS3,
) -> None:
    """Without retries, and the summary shows it."""
    REFUSALS[refusal](faulty_s3)
    ran = scene.quick(limits)
    assert ran.code == 0, ran.stderr
    assert ran.stdout.startswith("m: 12.6 MB sent and verified in ")
    assert len(faulty_s3.seen("*Copy*")) <= QUICK.s3_attempts  # boto3 tries again what looks like a 500
    assert scene.hub.sent("cdn") == SIZE
    scene.expect_whole()


PASSING: dict[str, Callable[[FaultyS3], object]] = {
    "SlowDown": lambda s3: s3.faults.slow_down(kind="*Copy*", times=3),
    "500": lambda s3: s3.faults.internal(kind="*Copy*", times=3),
    "an error in a 200": lambda s3: s3.faults.error_in_200(kind="*Copy*", times=3),
    "a lost answer": lambda s3: s3.faults.lose_response(kind="*Copy*", times=1),
}


@at_both_part_sizes
@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_is_survived(
    fault: str,
    limits: TransferLimits,
    scene: Scene,
    faulty_s3: FaultyS3,
) -> None:
    """The copy is retried, and no large file comes from the Hub."""
    PASSING[fault](faulty_s3)
    ran = scene.quick(limits)
    assert (ran.code, faulty_s3.faults.active[0].hits > 0) == (0, True), ran.stderr
    assert scene.hub.sent("cdn") == 0
    scene.expect_whole()


@at_both_part_sizes
def test_silence_that_passes_is_survived(
    limits: TransferLimits, scene: Scene, faulty_s3: FaultyS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that is not answered in time is retried."""
    silence = faulty_s3.faults.hang(kind="*Copy*", times=1)
    ran = scene.quick(impatient(monkeypatch, "s3", limits))
    assert (ran.code, silence.hits, scene.hub.sent("cdn")) == (0, 1, 0), ran.stderr
    scene.expect_whole()


def test_a_fault_that_lasts_costs_only_the_copy(scene: Scene, faulty_s3: FaultyS3) -> None:
    """Once the retry policy is exhausted, the file comes from the Hub."""
    faulty_s3.faults.internal(kind="UploadPartCopy")
    assert scene.quick().code == 0
    assert faulty_s3.counts["UploadPartCopy"] > QUICK.retry_policy.attempts
    assert scene.hub.sent("cdn") == SIZE
    scene.expect_whole()


@at_both_part_sizes
def test_a_source_that_changes_after_the_plan(limits: TransferLimits, scene: Scene, faulty_s3: FaultyS3) -> None:
    """Another program replaces the old weights after the plan: the condition fails, and they come from the Hub."""
    old = scene.other(WEIGHTS)

    def edit(call: Call) -> Call:
        _edit(scene, old)
        return call

    faulty_s3.faults.add(edit, {"kind": "*Copy*", "times": 1})
    assert scene.quick(limits).code == 0
    assert scene.hub.sent("cdn") == SIZE
    scene.expect_whole()


def test_a_source_without_read_permission(scene: Scene, versitygw: S3, versitygw_server: Versitygw) -> None:
    """The real server's answer if the key may list the old prefix, but not read it."""
    user = versitygw_server.restrict(versitygw, scene.other(WEIGHTS), actions="s3:GetObject")
    scene.environ |= user.env
    assert scene.quick().code == 0
    assert scene.hub.sent("cdn") == SIZE
    scene.expect_whole()


@at_both_part_sizes
def test_the_sloppy_server(limits: TransferLimits, fake_hub: FakeHub, rclone_s3: S3, tmp_path: Path) -> None:
    """It treats a copied part as an empty one: the file comes from the Hub."""
    scene = Scene(tmp_path / "project", fake_hub, rclone_s3)
    scene.add()
    assert scene.quick().code == 0
    scene.move(CHANGED)
    assert scene.quick(limits).code == 0
    assert scene.hub.sent("cdn") == SIZE
    assert scene.present(scene.prefix()) == scene.promised()
    assert scene.quick().stdout == "m: up to date\n"


def test_a_server_that_ignores_the_condition(scene: Scene, faulty_s3: FaultyS3) -> None:
    """What it copied from a changed object never becomes visible, and nothing is deleted."""
    old = scene.other(WEIGHTS)
    there = []

    def edit(call: Call) -> Call:
        _edit(scene, old)
        there.append(scene.present(scene.prefix()))
        return dataclasses.replace(call, instead=Reply.of(_COPIED, "application/xml"))

    faulty_s3.faults.add(edit, {"kind": "UploadPartCopy", "times": 1})
    assert scene.quick().code == 0
    assert WEIGHTS not in there[0]
    assert (faulty_s3.seen("DeleteObject", f"*{WEIGHTS}"), scene.hub.sent("cdn")) == ([], SIZE)
    scene.expect_whole()


_COPIED = b"<CopyPartResult><ETag>&quot;0&quot;</ETag></CopyPartResult>"


def _meanwhile(scene: Scene, *argv: str) -> Ran:
    """Run another process, bypassing the proxy."""
    other = dataclasses.replace(scene, environ={**scene.environ, "AWS_S3_ENDPOINT": scene.s3.endpoint})
    return other.finish(other.start(*argv))


def test_pruned_while_it_is_copied(fake_hub: FakeHub, versitygw: S3, faulty_s3: FaultyS3, tmp_path: Path) -> None:
    """The old commit is deleted after the plan: the sync does not need it."""
    scene = Scene(tmp_path / "project", fake_hub, versitygw)
    scene.fill(faulty_s3, catalog="search")
    old = scene.move(CHANGED)

    def prune(call: Call) -> Call:
        assert _meanwhile(scene, "--prune", "--grace", "0").code == 0
        return call

    faulty_s3.faults.add(prune, {"kind": "UploadPartCopy", "times": 1, "after": 1})
    assert scene.quick(IN_PARTS).code == 0
    assert scene.present(old) == {}
    assert scene.hub.sent("cdn") == SIZE
    scene.expect()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_stopped_while_it_is_copied(number: signal.Signals, scene: Scene, faulty_s3: FaultyS3) -> None:
    """Nothing wrong is visible, there is no manifest, and the next run copies again."""
    slow = faulty_s3.faults.hang(1, kind="UploadPartCopy", times=1)
    scene.hub.faults.hang(path="config.json", method="GET")  # comes last: the sync cannot end before it is stopped
    process = scene.start()
    wait_for(lambda: slow.hits == 1)
    process.send_signal(number)
    assert scene.finish(process).code == (130 if number == signal.SIGTERM else -signal.SIGKILL)
    scene.visible()
    assert scene.manifest() is None
    scene.hub.faults.clear()
    assert scene.quick().code == 0
    assert scene.hub.sent("cdn") == 0
    scene.expect_whole(killed=number == signal.SIGKILL)


def test_a_copy_overtaken_by_another_sync(scene: Scene, faulty_s3: FaultyS3) -> None:
    """The faster one has completed the object: ours is aborted, nothing is overwritten, and the sync succeeds."""

    def race(call: Call) -> Call:
        assert _meanwhile(scene).code == 0
        return call

    faulty_s3.faults.add(race, {"kind": "UploadPartCopy", "times": 1, "after": 1})
    ran = scene.quick(IN_PARTS)
    assert ran.code == 0, ran.stderr
    assert faulty_s3.counts["CompleteMultipartUpload"] == 0
    assert scene.hub.sent("cdn") == 0
    scene.expect_whole()
