"""A connection or a Hub that cannot be used: it is said once, nothing else is asked of it, and the exit code is 2."""

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from fakes.faulty import Call, FaultyS3
from fakes.hub import FakeHub
from scene import FILES, Scene
from servers.s3 import S3

pytestmark = pytest.mark.s3
MODELS = 20


@pytest.fixture
def scene(fake_hub: FakeHub, versitygw: S3, faulty_s3: FaultyS3, tmp_path: Path) -> Scene:
    """More models than are planned at once, none of them in the bucket; requests are counted."""
    scene = Scene(tmp_path / "project", fake_hub, versitygw)
    for number in range(MODELS):
        scene.add(f"m{number:02}", FILES, f"acme/m{number}")
    scene.environ["AWS_S3_ENDPOINT"] = faulty_s3.endpoint
    return scene


def test_without_credentials(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, not once a model."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del scene.environ[name]
    ran = scene.sync()
    assert (ran.code, ran.stderr.count("error: "), ran.stderr.count("hint: ")) == (2, 1, 1)
    assert "error: connection 's3': cannot read s3://" in ran.stderr
    assert "Unable to locate credentials" in ran.stderr
    assert scene.hub.requests == []
    ran = scene.sync("--verify", "--output", "json")
    assert (ran.code, ran.stderr.count("error: ")) == (2, 1)
    assert [model["state"] for model in json.loads(ran.stdout)["models"]] == ["failed"] * MODELS


def test_a_bucket_that_does_not_exist(scene: Scene, faulty_s3: FaultyS3) -> None:
    """What was not asked yet is not asked."""
    faulty_s3.faults.no_bucket()
    ran = scene.quick()
    assert (ran.code, ran.stderr.count("error: ")) == (2, 1)
    assert "NoSuchBucket" in ran.stderr
    assert len(faulty_s3.requests) < MODELS


def test_a_server_where_nobody_listens(scene: Scene, nobody: str) -> None:
    """After the usual retries of the first requests."""
    scene.environ["AWS_S3_ENDPOINT"] = nobody
    ran = scene.quick()
    assert (ran.code, ran.stderr.count("error: ")) == (2, 1)
    assert ran.stderr.startswith("error: connection 's3': cannot ")


def test_a_hub_where_nobody_listens(scene: Scene, nobody: str, faulty_s3: FaultyS3) -> None:
    """Models that are up to date do not need it: they are reported as such."""
    assert scene.quick(models=("m00",)).code == 0
    scene.environ["HF_ENDPOINT"] = nobody
    ran = scene.quick()
    assert (ran.code, ran.stderr.count("error: ")) == (2, 1)
    assert ran.stdout == "m00: up to date\n"
    assert "error: the Hub: 127.0.0.1:" in ran.stderr
    assert faulty_s3.counts["ListObjectsV2"] >= MODELS


def test_one_of_two_connections(scene: Scene, faulty_s3: FaultyS3) -> None:
    """The models of the other one come in, with `--keep-going`."""
    catalog = scene.catalog()
    catalog["connections"]["broken"] = deepcopy(catalog["connections"]["s3"]) | {"bucket": "nowhere-to-be-found"}
    for entry in catalog["models"]:
        entry["connection"] = "s3" if entry["name"] == "m00" else "broken"
    catalog["connections"]["s3"]["bucket"] = scene.s3.bucket
    scene.write(catalog)
    for name in ("AWS_S3_ENDPOINT", "AWS_S3_BUCKET"):
        for connection in ("S3", "BROKEN"):
            scene.environ[f"{connection}_{name}"] = scene.environ[name]
        del scene.environ[name]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        for connection in ("S3", "BROKEN"):
            scene.environ[f"{connection}_{name}"] = scene.environ[name]
    scene.environ["BROKEN_AWS_S3_BUCKET"] = "nowhere-to-be-found"
    ran = scene.quick(keep_going=True)
    assert (ran.code, ran.stderr.count("error: ")) == (2, 1)
    assert "error: connection 'broken': " in ran.stderr
    assert ran.stdout.startswith("m00: ")
    assert scene.present(scene.prefix("m00")) == scene.promised("m00")
    assert faulty_s3.counts["CreateBucket"] == 0


def test_a_failure_of_one_model_is_its_own(scene: Scene, faulty_s3: FaultyS3) -> None:
    """It names the model, and the others are planned."""
    faulty_s3.faults.denied(kind="GetObject", path="*/m07/*")
    ran = scene.quick()
    assert ran.code == 1
    assert ran.stderr.startswith("error: m07: cannot read ")
    assert faulty_s3.counts["ListObjectsV2"] >= MODELS - 1


def test_sixteen_models_are_planned_at_once(scene: Scene, faulty_s3: FaultyS3) -> None:
    """A plan mostly waits for S3: no manifest is answered before sixteen were asked for."""
    arrived, all_there = [], Event()

    def hold(call: Call) -> Call:
        arrived.append(call)
        if len(arrived) == 16:
            all_there.set()
        return replace(call, held=all_there)

    faulty_s3.faults.add(hold, {"kind": "GetObject"})
    assert scene.quick(dry_run=True).code == 0
    assert [request.operation for request in faulty_s3.requests[:16]] == ["GetObject"] * 16
