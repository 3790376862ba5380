"""The plan of a sync is a pure function of what is wanted, what a manifest promises, and what the bucket lists."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.catalog.layout import artifact_prefix, manifest_key
from generator.diagnostics import GeneratorError
from generator.hub.files import ModelFile, select
from generator.sync import manifest as manifests
from generator.sync.manifest import Entry, Manifest
from generator.sync.plan import (
    CopySource,
    Operation,
    OtherCommit,
    Plan,
    Stored,
    Wanted,
    make_plan,
    part_size,
    phases,
    up_to_date,
)

COMMIT = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
WANTED = Wanted("m", "org/m", COMMIT, "bucket", "models/m/1110a243fdf4/", "models/.sync/m/1110a243fdf4.json", "p")
WEIGHTS = ModelFile("model.safetensors", 100, "a" * 64, None)
CONFIG = ModelFile("config.json", 10, None, "b" * 40)
FILES = (CONFIG, WEIGHTS)


def entry(file: ModelFile, etag: str = "e") -> Entry:
    """A manifest's record of a file that was synced."""
    return Entry(file.path, file.size, file.sha256 or "c" * 64, file.git_sha1, etag)


def stored(file: ModelFile, etag: str = "e") -> Stored:
    """The bucket's listing of it."""
    return Stored(file.path, file.size, etag)


MANIFEST = Manifest("org/m", COMMIT, "p", tuple(entry(file) for file in FILES))
LISTING = {file.path: stored(file) for file in FILES}


def actions(plan: Plan) -> dict[str, tuple[str, str]]:
    """The action for each path, and its reason."""
    return {operation.path: (operation.action, operation.reason) for operation in plan.operations}


def test_manifest_and_listing_show_that_a_model_is_up_to_date() -> None:
    """The list of files on the Hub is not needed."""
    plan = up_to_date(WANTED, MANIFEST, LISTING)
    assert plan is not None
    assert (plan.wanted, plan.writes_manifest, plan.work) == (WANTED, False, False)
    assert list(plan.operations) == [
        Operation("keep", file.path, file.size, "in the manifest", entry=entry(file)) for file in FILES
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"commit": "f" * 40},
        {"repo": "org/other"},
        {"profile": "other"},
    ],
)
def test_a_manifest_of_something_else_does_not_count(change: dict[str, str]) -> None:
    """A different commit, repository or choice of files is a different model."""
    assert up_to_date(WANTED._replace(**change), MANIFEST, LISTING) is None


def test_an_empty_bucket_gets_everything_weights_first_config_last() -> None:
    """A pod that starts too early finds no model instead of part of one."""
    plan = make_plan(WANTED, FILES, None, {})
    assert [operation.path for operation in plan.operations] == ["model.safetensors", "config.json"]
    assert all(operation.reason == "missing" for operation in plan.operations)
    side_by_side, last = phases(plan.operations)
    assert [[item.path for item in part] for part in (side_by_side, last)] == [["model.safetensors"], ["config.json"]]


def test_weights_come_first_by_size_and_what_announces_them_comes_last() -> None:
    """The largest file takes longest. An index follows its shards, and config.json everything, whatever their size."""
    in_order = [
        ("model-00002-of-00003.safetensors", 300),
        ("model-00001-of-00003.safetensors", 200),
        ("model-00003-of-00003.safetensors", 200),
        ("tokenizer.json", 250),
        ("merges.txt", 5),
        ("vocab.json", 5),
        ("model.safetensors.index.json", 900),
        ("config.json", 1_000),
    ]
    wanted = [ModelFile(path, size, None, "b" * 40) for path, size in reversed(in_order)]
    plan = make_plan(WANTED, wanted, None, {})
    assert [(operation.path, operation.size) for operation in plan.operations] == in_order


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (Stored("model.safetensors", 99, "e"), ("upload", "99 bytes instead of 100")),
        (Stored("model.safetensors", 100, "other"), ("upload", "changed since it was synced")),
        (Stored("model.safetensors", 100, "e"), ("keep", "in the manifest")),
    ],
)
def test_drift_is_seen_by_size_and_etag(there: Stored, expected: tuple[str, str]) -> None:
    """A file that another program wrote is sent again."""
    plan = make_plan(WANTED, FILES, MANIFEST, {**LISTING, "model.safetensors": there})
    assert actions(plan)["model.safetensors"] == expected
    assert (plan.wanted, plan.writes_manifest) == (WANTED, expected[0] == "upload")


@pytest.mark.parametrize(("noted", "action"), [("a" * 64, "keep"), ("d" * 64, "upload"), (None, "upload")])
def test_without_a_manifest_only_a_noted_digest_proves_a_file(noted: str | None, action: str) -> None:
    """Finished files of a killed run are not sent again; size alone proves nothing."""
    listing = {"model.safetensors": Stored("model.safetensors", 100, "e", noted)}
    assert actions(make_plan(WANTED, FILES, None, listing))["model.safetensors"][0] == action


@pytest.mark.parametrize("file", FILES, ids=["git_sha1", "sha256"])
def test_a_file_that_its_noted_digests_prove_is_recorded_with_them(file: ModelFile) -> None:
    """The Hub states a large file's sha256, and of a small file Git's SHA-1; a manifest's entry needs the sha256."""
    sha256 = file.sha256 or "c" * 64
    there = Stored(file.path, file.size, "e", sha256, file.git_sha1)
    plan = make_plan(WANTED, [file], None, {file.path: there})
    [kept] = plan.operations
    own = Entry(file.path, file.size, sha256, file.git_sha1, "e")
    assert kept == Operation("keep", file.path, file.size, "already sent and verified", file, own)
    assert plan.writes_manifest
    for unproven in (there._replace(sha256=None), there._replace(sha256="d" * 64, git_sha1="d" * 40)):
        plan = make_plan(WANTED, [file], None, {file.path: unproven})
        assert actions(plan) == {file.path: ("upload", "not verified")}


def test_a_file_in_the_manifest_stays_with_its_entry() -> None:
    """The next manifest is made of the entries of what stays."""
    assert list(make_plan(WANTED, FILES, MANIFEST, LISTING).operations) == [
        Operation("keep", file.path, file.size, "in the manifest", file, entry(file)) for file in (WEIGHTS, CONFIG)
    ]


@pytest.mark.parametrize(
    ("files", "manifest", "listing", "replaced"),
    [
        (FILES, MANIFEST, LISTING, False),
        (FILES, None, {}, False),
        (FILES, MANIFEST._replace(files=(entry(CONFIG),)), {"config.json": stored(CONFIG)}, False),
        (FILES, MANIFEST, {"config.json": stored(CONFIG)}, True),
        ([CONFIG], MANIFEST, {**LISTING, "model.safetensors": stored(WEIGHTS, "other")}, True),
    ],
    ids=["nothing to do", "no manifest", "a file is new", "a file comes again", "a file is deleted"],
)
def test_a_manifest_is_replaced_before_what_it_promises_changes(
    files: list[ModelFile], manifest: Manifest | None, listing: dict[str, Stored], *, replaced: bool
) -> None:
    """Otherwise a run that is killed would leave a manifest that is not true."""
    assert make_plan(WANTED, files, manifest, listing).replaces_manifest is replaced


def test_an_unknown_object_below_the_prefix_is_deleted() -> None:
    """KServe would download it into the model's folder."""
    plan = make_plan(WANTED, FILES, MANIFEST, {**LISTING, "extra.bin": Stored("extra.bin", 1, "e")})
    assert actions(plan)["extra.bin"] == ("delete", "not part of the model, but KServe would download it")
    assert plan.writes_manifest


SINCE = datetime(2026, 1, 1, tzinfo=UTC)
ONNX = ModelFile("onnx/model.onnx", 5, None, "f" * 40)
WHOLE = MANIFEST._replace(files=(*MANIFEST.files, entry(ONNX)))
THERE = {**LISTING, ONNX.path: stored(ONNX)}
RETIRED = "no longer part of the model; --prune deletes it"


def test_a_file_that_is_not_selected_any_more_is_retired() -> None:
    """Pods that start now may need it; the manifest stays, as all that it lists is still there."""
    plan = make_plan(WANTED._replace(profile="narrower"), FILES, WHOLE, THERE)
    assert actions(plan)[ONNX.path] == ("retire", RETIRED)
    assert (plan.writes_manifest, plan.replaces_manifest) == (True, False)
    recorded = WHOLE._replace(files=(*MANIFEST.files, entry(ONNX)._replace(unwanted_since=SINCE)))
    assert manifests.parse(manifests.dump(recorded), "here").by_path[ONNX.path].unwanted_since == SINCE
    again = make_plan(WANTED, FILES, recorded, THERE)
    assert (again.work, actions(again)[ONNX.path]) == (False, ("keep", RETIRED))
    back = make_plan(WANTED, (*FILES, ONNX), recorded, THERE)
    assert [operation.entry for operation in back.operations if operation.path == ONNX.path] == [entry(ONNX)]


def test_without_a_manifest_the_noted_digest_protects_a_file() -> None:
    """As after a sync that was killed while `files` changed."""
    noted = {**LISTING, ONNX.path: stored(ONNX)._replace(sha256="c" * 64, git_sha1="f" * 40)}
    [retired] = [item for item in make_plan(WANTED, FILES, MANIFEST, noted).operations if item.action == "retire"]
    assert retired.entry == entry(ONNX)
    changed = {**LISTING, ONNX.path: stored(ONNX, "other")}
    assert actions(make_plan(WANTED, FILES, WHOLE, changed))[ONNX.path][0] == "delete"


def test_what_another_catalog_has_recorded_counts_unless_ours_knows_better() -> None:
    """Its entry explains an object whose ETag ours does not know, but not one that `--verify` found damaged."""
    there = {**LISTING, "model.safetensors": stored(WEIGHTS, "theirs")}
    theirs = MANIFEST._replace(files=(entry(CONFIG), entry(WEIGHTS, "theirs")), catalog="other")
    for own in (MANIFEST, None):
        assert actions(make_plan(WANTED, FILES, own, there, shared=[theirs]))["model.safetensors"][0] == "keep"
    damaged = manifests.disproved(MANIFEST, {"model.safetensors"})
    plan = make_plan(WANTED, FILES, damaged, LISTING, shared=[MANIFEST])
    assert actions(plan)["model.safetensors"] == ("upload", "damaged, according to --verify")


def test_a_lock_that_differs_from_the_manifest_wins() -> None:
    """The manifest records what was sent, the lock what should be."""
    other = (CONFIG, WEIGHTS._replace(sha256="d" * 64))
    assert actions(make_plan(WANTED, other, MANIFEST, LISTING))["model.safetensors"] == (
        "upload",
        "not verified",
    )


OLD = Manifest("org/m", "2" * 40, "p", tuple(entry(file) for file in FILES))
EARLIER = OtherCommit("models/m/222222222222/", OLD, LISTING)
COPY = ("copy", "same as in 222222222222")
MISSING = ("upload", "missing")


def test_a_missing_file_is_copied_from_a_commit_that_has_it() -> None:
    """It is identified by its sha256; a small file, whose sha256 the Hub does not state, is sent."""
    plan = make_plan(WANTED, FILES, None, {}, [EARLIER])
    assert actions(plan) == {"model.safetensors": COPY, "config.json": MISSING}
    assert (plan.copy_bytes, plan.upload_bytes, plan.work) == (100, 10, True)
    there = CopySource("2" * 12, "models/m/222222222222/model.safetensors", "e", "a" * 64)
    assert plan.operations[0] == Operation("copy", WEIGHTS.path, 100, COPY[1], WEIGHTS, copy_source=there)
    assert [[item.path for item in part] for part in phases(plan.operations)] == [
        ["model.safetensors"],
        ["config.json"],
    ]


def test_the_first_of_several_commits_is_used_whatever_the_name() -> None:
    """Only the content must be the same."""
    newer = EARLIER._replace(prefix="models/m/333333333333/", manifest=OLD._replace(commit="3" * 40))
    [operation] = make_plan(WANTED, [WEIGHTS._replace(path="other.safetensors")], None, {}, [newer, EARLIER]).operations
    assert (operation.action, operation.reason) == ("copy", "same as in 333333333333")


@pytest.mark.parametrize(
    ("file", "listing"),
    [
        (WEIGHTS._replace(sha256="d" * 64), LISTING),
        (WEIGHTS._replace(size=101), LISTING),
        (WEIGHTS, {}),
        (WEIGHTS, {"model.safetensors": Stored("model.safetensors", 100, "other")}),
        (WEIGHTS, {"model.safetensors": Stored("model.safetensors", 99, "e")}),
    ],
)
def test_only_what_is_the_same_and_as_recorded_is_copied(file: ModelFile, listing: dict[str, Stored]) -> None:
    """With another digest or size, or if the object is gone or changed, the file comes from the Hub."""
    plan = make_plan(WANTED, [file], None, {}, [EARLIER._replace(listing=listing)])
    assert actions(plan)["model.safetensors"] == MISSING


def test_an_existing_file_is_not_overwritten_by_a_copy() -> None:
    """It is kept if it is right, and sent if it is not."""
    there = {"model.safetensors": stored(WEIGHTS, "other")}
    assert actions(make_plan(WANTED, FILES, MANIFEST, LISTING, [EARLIER]))["model.safetensors"][0] == "keep"
    assert actions(make_plan(WANTED, FILES, MANIFEST, there, [EARLIER]))["model.safetensors"][0] == "upload"


def test_only_large_missing_files_are_looked_for_in_other_commits() -> None:
    """If there are none, no other commit is read."""
    assert make_plan(WANTED, FILES, None, {}).sought == {("a" * 64, 100)}
    assert make_plan(WANTED, FILES, MANIFEST, {"model.safetensors": stored(WEIGHTS)}).sought == set()


files = st.lists(
    st.builds(
        ModelFile,
        st.sampled_from([f"f{number}" for number in range(6)] + ["config.json", "m.safetensors"]),
        st.integers(1, 50),
        st.sampled_from(["a" * 64, "b" * 64]),
        st.none(),
    ),
    unique_by=lambda file: file.path,
)


@given(files, files, st.booleans())
def test_after_a_plan_is_applied_nothing_is_to_do(wanted: list[ModelFile], there: list[ModelFile], noted: bool) -> None:  # noqa: FBT001
    """After the uploads and deletions, a new plan is empty."""
    listing = {file.path: Stored(file.path, file.size, "e", file.sha256 if noted else None) for file in there}
    plan = make_plan(WANTED, wanted, None, listing)
    after = {item.path for item in plan.operations if item.action not in ("delete", "retire")}
    assert after == {file.path for file in wanted}
    retired = [item.entry._replace(unwanted_since=SINCE) for item in plan.operations if item.entry and not item.file]
    assert bool(retired) == (noted and any(file.path not in after for file in there))
    manifest = Manifest("org/m", COMMIT, "p", (*(entry(file) for file in wanted), *retired))
    held = {each.path: Stored(each.path, each.size, each.etag) for each in manifest.files}
    assert not make_plan(WANTED, wanted, manifest, held).work


@given(st.integers(1, 46 << 40))
def test_no_file_needs_more_parts_than_s3_allows(size: int) -> None:
    """Up to the largest object that S3 takes."""
    part = part_size(size)
    assert -(-size // part) <= 10_000
    assert part % (1 << 20) == 0
    assert 5 << 20 <= part <= 5 << 30


def test_a_manifest_reads_back_and_is_the_same_for_the_same_files() -> None:
    """It is canonical: the order of files does not matter."""
    raw = manifests.dump(MANIFEST)
    assert manifests.parse(raw, "here") == MANIFEST._replace(files=tuple(sorted(MANIFEST.files)))
    assert manifests.dump(MANIFEST._replace(files=MANIFEST.files[::-1])) == raw


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"schema": 99}', b'{"schema": 1, "files": [{}]}', b"\xff"])
def test_an_unreadable_manifest_is_an_error_with_a_hint(raw: bytes) -> None:
    """There is never a traceback, whatever the object contains."""
    with pytest.raises(GeneratorError, match="here"):
        manifests.parse(raw, "here")


def _chosen(*paths: str, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> set[str]:
    listed = [ModelFile(path, 0 if path.endswith("__init__.py") else 1, None, "b" * 40) for path in paths]
    return {file.path for file in select(listed, include, exclude).chosen}


def test_the_profile_keeps_what_vllm_reads() -> None:
    """Of a sentence-transformers repository with weights in many formats, one is kept."""
    chosen = _chosen(
        ".gitattributes", "1_Pooling/config.json", "README.md", "config.json", "modules.json", "model.safetensors",
        "pytorch_model.bin", "onnx/model.onnx", "openvino/openvino_model.xml", "openvino/config.json", "tf_model.h5",
        "rust_model.ot", "tokenizer.json", "vocab.txt", "sentencepiece.bpe.model", "train_script.py",
        "data_config.json", "original/params.json", "__init__.py",
    )  # fmt: skip
    assert chosen == {
        "1_Pooling/config.json", "README.md", "config.json", "modules.json", "model.safetensors", "tokenizer.json",
        "vocab.txt", "sentencepiece.bpe.model",
    }  # fmt: skip


def test_torch_weights_are_kept_when_there_are_no_others() -> None:
    """The first kind of weights that vLLM finds at the root is the only one it reads."""
    assert "pytorch_model.bin" in _chosen("config.json", "pytorch_model.bin")
    assert "pytorch_model.bin" not in _chosen("config.json", "pytorch_model.bin", "model.safetensors")


def test_a_model_may_change_the_choice_of_files() -> None:
    """`files.include` adds, `files.exclude` takes away."""
    paths = ("config.json", "model.safetensors", "onnx/model.onnx", "README.md")
    assert _chosen(*paths, include=("onnx/",), exclude=("*.md",)) == {
        "config.json",
        "model.safetensors",
        "onnx/model.onnx",
    }


@pytest.mark.parametrize(
    ("paths", "problem"),
    [
        (["model.safetensors"], "there is no config.json"),
        (["config.json", "sub/model.safetensors"], "there are no weights"),
        (["config.json", "model.safetensors", "../x.json"], "leads outside its folder"),
        (["config.json", "model.safetensors", "a.json", "A.json"], "differ only in case"),
    ],
)
def test_files_that_make_no_model_are_refused(paths: list[str], problem: str) -> None:
    """Before the first transfer instead of in the pod."""
    selection = select([ModelFile(path, 1, None, "b" * 40) for path in paths])
    assert any(problem in found for found in selection.problems)


def test_manifests_are_outside_every_served_prefix() -> None:
    """A name cannot begin with a dot, so no model is served from there."""
    prefix, key = artifact_prefix("models", "m", COMMIT), manifest_key("models", "m", COMMIT)
    assert (prefix, key) == (WANTED.prefix, WANTED.manifest_key)
