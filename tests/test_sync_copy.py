"""`artifact-sync` with a new commit: files of another commit are copied within the bucket."""

import json
import re
from pathlib import Path

import pytest
from fakes.faulty import FaultyS3
from fakes.hub import FakeHub, Sparse
from fakes.repos import Source
from scene import FILES, IN_PARTS, MIB, WEIGHTS, Scene
from servers.s3 import S3

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


def test_only_what_changed_comes_from_the_hub(scene: Scene, faulty_s3: FaultyS3) -> None:
    """The weights are copied, with the new commit in their metadata; the old commit stays unchanged."""
    old = scene.other(WEIGHTS)
    before = scene.present()
    ran = scene.quick()
    assert ran.code == 0
    assert re.fullmatch(r"m: 70 B sent and verified, 12\.6 MB copied in \d+\.\d s\n", ran.stdout)
    assert re.search(r"^1 of 1 models complete; 70 B sent, 12\.6 MB copied in \d+\.\d s, ", ran.stderr)
    assert scene.hub.sent("cdn") == 0
    assert WEIGHTS not in {request.file for request in scene.hub.seen("resolve")}
    assert faulty_s3.counts["UploadPart"] == 0
    [copy] = faulty_s3.seen("UploadPartCopy")
    assert copy.key == scene.prefix() + WEIGHTS
    assert copy.headers["x-amz-copy-source"] == f"{scene.s3.bucket}/{old}{WEIGHTS}"
    assert copy.headers["x-amz-copy-source-if-match"].strip('"')
    found = scene.s3.client().head_object(Bucket=scene.s3.bucket, Key=copy.key)["Metadata"]
    repo, commit = scene.models["m"]
    assert found == {"hf-repo": repo, "hf-commit": commit, "sha256": scene.promised()[WEIGHTS][1]}
    assert before.items() < scene.present().items()
    scene.expect_whole()


def test_copies_keep_the_order_weights_first_manifest_last(scene: Scene, faulty_s3: FaultyS3) -> None:
    """A copy takes the upload's place."""
    assert scene.quick().code == 0
    made = [request.key for request in faulty_s3.requests if request.operation in ("PutObject", "UploadPartCopy")]
    prefix = scene.prefix()
    assert made[-2:] == [f"{prefix}config.json", f"models/.sync/{prefix[7:-1]}.json"]
    assert len(made) == len(FILES) + 1


def test_a_dry_run_shows_the_copy(scene: Scene, faulty_s3: FaultyS3) -> None:
    """The table and the JSON name the commit that has the file; the bucket is only read."""
    commit, before = scene.other(WEIGHTS)[9:-1], scene.present()
    table, [plan] = scene.sync("--dry-run"), json.loads(scene.sync("--dry-run", "--output", "json").stdout)
    assert table.stdout.splitlines()[1:3] == [
        f"  copy      12.6 MB  model.safetensors  (same as in {commit})",
        "  upload       34 B  1_Pooling/config.json  (missing)",
    ]
    assert (plan["bytes"], plan["copiedBytes"]) == (70, SIZE)
    assert plan["operations"][0] == {
        "action": "copy",
        "path": WEIGHTS,
        "size": SIZE,
        "reason": f"same as in {commit}",
    }
    assert set(faulty_s3.counts) == {"GetObject", "ListObjectsV2"}
    assert scene.present() == before


def test_json_has_both_totals(scene: Scene) -> None:
    """Copied bytes are not counted as sent."""
    told = json.loads(scene.quick(output="json").stdout)
    assert (told["bytes"], told["copiedBytes"]) == (70, SIZE)
    assert (told["models"][0]["bytes"], told["models"][0]["copiedBytes"]) == (70, SIZE)


def test_a_large_file_is_copied_in_parts(scene: Scene, faulty_s3: FaultyS3) -> None:
    """No request copies more than S3 allows, and every part is conditional on the ETag."""
    assert scene.quick(IN_PARTS).code == 0
    copies = sorted(faulty_s3.seen("UploadPartCopy"), key=lambda request: request.headers["x-amz-copy-source-range"])
    ranges = [request.headers["x-amz-copy-source-range"] for request in copies]
    assert ranges == [f"bytes=0-{5 * MIB - 1}", f"bytes={10 * MIB}-{SIZE - 1}", f"bytes={5 * MIB}-{10 * MIB - 1}"]
    assert all("x-amz-copy-source-if-match" in request.headers for request in copies)
    assert scene.hub.sent("cdn") == 0
    scene.expect_whole()


def test_a_renamed_file_is_copied(scene: Scene, faulty_s3: FaultyS3) -> None:
    """Its content counts, not its name. Both commits have it; S3's dates are whole seconds, so either may be newer."""
    assert scene.quick().code == 0
    earlier = {path.partition("/")[0] for path in scene.present("models/m/")}
    scene.move({"config.json": b"{}", "model-00001-of-00001.safetensors": FILES[WEIGHTS]})
    faulty_s3.requests.clear()
    plan = scene.quick(dry_run=True).stdout
    assert any(f"(same as in {commit})" in plan for commit in earlier)
    assert faulty_s3.counts == {"GetObject": 2, "ListObjectsV2": 3}
    assert scene.quick().code == 0
    assert scene.hub.sent("cdn") == 0
    scene.expect_whole()


def test_other_commits_are_read_only_for_large_files(scene: Scene, faulty_s3: FaultyS3) -> None:
    """If only small files are missing, there is nothing to copy, and no extra request."""
    assert scene.quick().code == 0
    client = scene.s3.client()
    client.delete_object(Bucket=scene.s3.bucket, Key=f"{scene.prefix()}tokenizer.json")
    client.close()
    faulty_s3.requests.clear()
    assert "tokenizer.json  (missing)" in scene.quick(dry_run=True).stdout
    assert faulty_s3.counts == {"GetObject": 1, "ListObjectsV2": 1}


def test_a_copy_that_was_finished_before_a_kill_is_not_made_again(scene: Scene, faulty_s3: FaultyS3) -> None:
    """Its metadata has its digest, like an upload's."""
    faulty_s3.faults.denied(kind="PutObject", path="*config.json")
    assert scene.quick().code == 1
    assert scene.manifest() is None
    faulty_s3.faults.clear()
    faulty_s3.requests.clear()
    assert scene.quick().code == 0
    assert (faulty_s3.counts["UploadPartCopy"], scene.hub.sent("cdn")) == (0, 0)
    scene.expect_whole()


def test_different_weights_are_sent(scene: Scene, faulty_s3: FaultyS3) -> None:
    """Only identical files are copied."""
    scene.move({**FILES, WEIGHTS: Sparse(SIZE, seed=8)})
    assert scene.quick().code == 0
    assert (faulty_s3.counts["UploadPartCopy"], scene.hub.sent("cdn")) == (0, SIZE)
    scene.expect_whole()
