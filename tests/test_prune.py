"""`artifact-sync --prune`: it deletes what this catalog has synced, long after the catalog stopped using it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from fakes.faulty import FaultyS3
from fakes.hub import FakeHub, Sparse
from helpers import MINIMAL
from scene import FILES, MIB, REPO, WEIGHTS, Scene
from servers.s3 import S3

from generator.catalog.layout import manifest_key, owner_of, recorded
from generator.catalog.validate import validate
from generator.sync import sweep
from generator.sync.manifest import Entry, Manifest
from generator.sync.prune import Claim, Stale, unused, updated
from generator.yaml.read import parse

NOW = datetime(2026, 1, 31, tzinfo=UTC)
GRACE = timedelta(days=7)
PREFIX = "models/m/aaaaaaaaaaaa/"
KEPT, GONE = Entry("config.json", 1, "c", None, "e"), Entry("old.bin", 1, "d", None, "e")
CLAIM = Claim("models/.sync/m/aaaaaaaaaaaa.1.json", PREFIX, Manifest("r", "a" * 40, "p", (KEPT, GONE), "search"))


def marked(days: int) -> Claim:
    """The claim, seen unreferenced so many days ago."""
    return CLAIM._replace(manifest=CLAIM.manifest._replace(unreferenced_since=NOW - timedelta(days=days)))


def without(days: int) -> Claim:
    """The claim, one file of which has not been wanted for so many days."""
    files = (KEPT, GONE._replace(unwanted_since=NOW - timedelta(days=days)))
    return CLAIM._replace(manifest=CLAIM.manifest._replace(files=files))


def test_the_grace_counts_from_when_a_prefix_was_first_seen_unused() -> None:
    """Not from when it was synced; what is referenced is not even considered."""
    assert unused(CLAIM, {PREFIX}, NOW, GRACE) == ()
    assert unused(CLAIM, (), NOW, GRACE) == (Stale(PREFIX, NOW, NOW + GRACE, due=False),)
    assert [each.due for days in (6, 7) for each in unused(marked(days), (), NOW, GRACE)] == [False, True]
    assert [each.due for each in unused(CLAIM, (), NOW, timedelta())] == [True]


def test_a_prefix_that_is_used_again_loses_its_mark() -> None:
    """Or the next grace would be shorter."""
    assert updated(CLAIM, unused(CLAIM, (), NOW, GRACE)).unreferenced_since == NOW
    assert updated(marked(3), unused(marked(3), (), NOW, GRACE)) == marked(3).manifest
    assert updated(marked(3), unused(marked(3), {PREFIX}, NOW, GRACE)) == CLAIM.manifest


def test_an_unwanted_file_goes_after_the_grace_unless_another_catalog_wants_it() -> None:
    """The rest of the prefix stays."""
    assert [each.due for days in (6, 7) for each in unused(without(days), {PREFIX}, NOW, GRACE)] == [False, True]
    claim = without(7)
    [stale] = unused(claim, {PREFIX}, NOW, GRACE)
    assert (stale.path, updated(claim, [stale]).files) == (f"{PREFIX}old.bin", (KEPT,))
    assert unused(claim._replace(shared=frozenset({"old.bin"})), {PREFIX}, NOW, GRACE) == ()


def test_a_manifests_key_says_what_it_is_about() -> None:
    """With its owner, or without; other objects beside the manifests are none."""
    assert recorded(manifest_key("a/b", "m", "c" * 40, "search")) == ("a/b/m/cccccccccccc/", owner_of("search"))
    assert recorded(manifest_key("models", "m", "c" * 40)) == ("models/m/cccccccccccc/", None)
    assert [recorded(f"models/.sync/{rest}") for rest in ("notes.json", "m/notes.txt", "m/a/b.json")] == [None] * 3


ARGOCD = "https://git.example.com/models.git"


@pytest.mark.parametrize(
    ("name", "argocd", "known"),
    [
        (None, None, None),
        (None, {"repoURL": ARGOCD}, f"{ARGOCD}#main"),
        (None, {"repoURL": ARGOCD, "targetRevision": "prod"}, f"{ARGOCD}#prod"),
        ("search", {"repoURL": ARGOCD}, "search"),
    ],
)
def test_a_catalog_is_known_by_its_name_or_by_what_argo_cd_deploys(
    name: str | None, argocd: dict[str, str] | None, known: str | None
) -> None:
    """Two branches that are both deployed are two catalogs."""
    written = yaml.safe_load(MINIMAL)
    written |= {"name": name} if name else {}
    written["platform"] |= {"argocd": argocd} if argocd else {}
    catalog, _ = validate(parse(yaml.safe_dump(written).encode(), "models.yaml"))
    assert catalog.id == known


# From here on, with a real bucket.


@pytest.fixture
def scene(fake_hub: FakeHub, versitygw: S3, faulty_s3: FaultyS3, tmp_path: Path) -> Scene:
    """A catalog named `search` with two models, both in the bucket; the first is still served, the second not."""
    scene = Scene(tmp_path / "project", fake_hub, versitygw)
    scene.add()
    scene.name("search")
    scene.add("gone", {**FILES, WEIGHTS: Sparse(2 * MIB, seed=3)}, "acme/gone")
    assert scene.quick().code == 0
    scene.environ["AWS_S3_ENDPOINT"] = faulty_s3.endpoint
    scene.drop("gone")
    scene.hub.reset()
    return scene


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets days pass for `--prune`."""

    def pass_by(days: float) -> None:
        class Later(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                assert tz is UTC
                return datetime.now(UTC) + timedelta(days=days)

        monkeypatch.setattr(sweep, "datetime", Later)

    return pass_by


def another(scene: Scene, folder: Path, name: str | None = "ads") -> Scene:
    """Another catalog with the same model in the same bucket."""
    other = Scene(folder, scene.hub, scene.s3)
    other.write({**yaml.safe_load(MINIMAL), "models": [scene.catalog()["models"][0]]})
    other.models = {"m": scene.models["m"]}
    if name:
        other.name(name)
    return other


@pytest.mark.s3
def test_a_prefix_is_deleted_only_after_the_grace(
    scene: Scene, faulty_s3: FaultyS3, later: Callable[[float], None]
) -> None:
    """It is marked first; the last day that it stays is shown; manifest first when it goes."""
    gone, before = scene.prefix("gone"), scene.present()
    ran = scene.sync("--prune", "--dry-run")
    assert ran.stdout.startswith(f"keep {gone} until ")
    assert (ran.code, ran.stderr, scene.present()) == (0, "0 prefixes would be deleted\n", before)
    assert scene.sync("--prune").stderr == "0 prefixes deleted\n"
    assert scene.manifest("gone")["unreferenced_since"]
    later(6.9)
    assert scene.sync("--prune").stderr == "0 prefixes deleted\n"
    later(7.1)
    ran = scene.sync("--prune", "--dry-run")
    assert ran.stdout.startswith(f"delete {gone} (unused since ")
    assert (ran.code, ran.stderr) == (0, "1 prefix would be deleted\n")
    assert faulty_s3.counts["DeleteObject"] == 0
    assert scene.sync("--prune").stderr == "1 prefix deleted\n"
    deleted = [request.key for request in faulty_s3.seen("DeleteObject")]
    assert deleted[0] == manifest_key("models", "gone", scene.models["gone"][1], "search")
    assert set(deleted[1:]) == {gone + path for path in FILES}
    scene.expect("m")


@pytest.mark.s3
@pytest.mark.parametrize("moved", [False, True])
def test_what_a_connection_without_models_has_left_is_deleted(moved: bool, scene: Scene) -> None:  # noqa: FBT001
    """Its last model may be gone, or be synced elsewhere."""
    data = scene.catalog()
    if moved:
        data["connections"]["other"] = {**data["connections"]["s3"], "prefix": "elsewhere", "secret": {"existing": "o"}}
        data["models"][0]["connection"] = "other"
    else:
        data["models"] = []
    scene.write(data)
    ran = scene.sync("--prune", "--grace", "0", *(("--connection", "s3") if moved else ()))
    assert (ran.code, ran.stderr) == (0, "2 prefixes deleted\n")
    assert scene.present() == {}


@pytest.mark.s3
def test_only_the_connection_that_is_selected_is_pruned(scene: Scene) -> None:
    """Plain variables do not say which of several connections they are for, whether models use them or not."""
    data, before = scene.catalog(), scene.present()
    data["connections"]["other"] = {**data["connections"]["s3"], "prefix": "elsewhere", "secret": {"existing": "o"}}
    data["models"][0]["connection"] = "s3"
    scene.write(data)
    assert scene.sync("--prune", "--grace", "0", "--connection", "other").stderr == "0 prefixes deleted\n"
    ran = scene.sync("--prune", "--grace", "0")
    assert (ran.code, scene.present()) == (2, before)
    assert ran.stderr.startswith("error: AWS_S3_ENDPOINT is set, but there are 2 connections: other, s3\n")
    assert scene.sync("--prune", "--grace", "0", "--connection", "s3").stderr == "1 prefix deleted\n"
    scene.expect("m")


@pytest.mark.s3
def test_without_grace_it_goes_at_once(scene: Scene) -> None:
    """In one run; and for programs."""
    told = json.loads(scene.sync("--prune", "--grace", "0", "--dry-run", "--output", "json").stdout)
    assert [(each["action"], each["path"]) for each in told["unused"]] == [("delete", scene.prefix("gone"))]
    assert scene.sync("--prune", "--grace", "0").code == 0
    scene.expect("m")


@pytest.mark.s3
@pytest.mark.parametrize("how", ["sync", "--prune"])
def test_a_revert_finds_its_files_and_clears_the_mark(how: str, scene: Scene, later: Callable[[float], None]) -> None:
    """Nothing is sent, and the Hub is not asked; the grace begins again when the prefix is dropped again."""
    with_both = {**scene.catalog(), "models": [*scene.catalog()["models"], scene.catalog()["models"][0]]}
    with_both["models"][1] = {
        **with_both["models"][0],
        "name": "gone",
        "source": {"repo": "acme/gone", "revision": scene.models["gone"][1]},
    }
    assert scene.sync("--prune").code == 0
    without_it = scene.catalog()
    scene.write(with_both)
    assert (scene.quick() if how == "sync" else scene.sync(how)).code == 0
    assert scene.hub.requests == []
    scene.expect("m", "gone")
    scene.write(without_it)
    later(8)
    assert scene.sync("--prune").stderr == "0 prefixes deleted\n"
    assert scene.present(scene.prefix("gone")) == scene.promised("gone")


@pytest.mark.s3
def test_a_sync_that_takes_a_prefix_back_while_it_is_pruned_keeps_it(
    scene: Scene, faulty_s3: FaultyS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest is read again right before it is deleted."""
    assert scene.sync("--prune").code == 0
    before = scene.present(scene.prefix("gone"))
    key = manifest_key("models", "gone", scene.models["gone"][1], "search")

    def meanwhile(*given: object) -> object:
        found = unused(*given)  # type: ignore[arg-type]
        raw = json.loads(scene.s3.read(key) or b"{}")
        raw.pop("unreferenced_since", None)
        (scene.s3.root / key).write_bytes(json.dumps(raw).encode())
        return found

    monkeypatch.setattr(sweep, "unused", meanwhile)
    assert scene.sync("--prune", "--grace", "0").stderr == "0 prefixes deleted\n"
    assert (scene.present(scene.prefix("gone")), faulty_s3.counts["DeleteObject"]) == (before, 0)


@pytest.mark.s3
def test_two_catalogs_in_one_bucket_never_delete_each_others(scene: Scene, tmp_path: Path) -> None:
    """Neither what only the other has, nor what both have; the last one that leaves deletes the files."""
    other = another(scene, tmp_path / "other")
    assert other.quick().stdout.startswith("m: 0 B sent and verified")
    assert scene.hub.sent("cdn") == 0
    assert scene.quick().stdout == other.quick().stdout == "m: up to date\n"
    assert other.sync("--prune", "--grace", "0").stdout == ""
    scene.add("next", FILES, "acme/next")
    scene.drop("m")
    assert scene.quick().code == 0
    ran = scene.sync("--prune", "--grace", "0")
    assert f"release {scene.prefix()} (unused since " in ran.stdout
    assert ran.stderr == "1 prefix deleted\n"  # that of the model `gone`
    assert scene.present(scene.prefix()) == scene.promised()
    assert other.quick().stdout == "m: up to date\n"
    other.add("next", FILES, "acme/next")
    other.drop("m")
    assert other.quick().code == 0
    assert other.sync("--prune", "--grace", "0").stderr == "1 prefix deleted\n"
    assert scene.present(scene.prefix()) == {}


@pytest.mark.s3
def test_what_another_catalog_has_restored_is_not_sent_again(scene: Scene, tmp_path: Path) -> None:
    """The other ETag is known from the other manifest."""
    other = another(scene, tmp_path / "other")
    assert other.quick().code == 0
    scene.put(WEIGHTS, b"x" * 99)
    assert scene.quick().code == 0
    raw = scene.s3.read(key := manifest_key("models", "m", scene.models["m"][1], "ads")) or b""
    entries = json.loads(raw)
    for entry in entries["files"]:
        entry["etag"] = f"other-{entry['etag']}"
    (scene.s3.root / key).write_bytes(json.dumps(entries).encode())
    scene.hub.reset()
    assert other.quick().code == 0
    assert (scene.hub.sent("cdn"), other.quick().stdout) == (0, "m: up to date\n")


@pytest.mark.s3
def test_a_manifest_without_a_catalog_protects_its_prefix(scene: Scene, tmp_path: Path) -> None:
    """As earlier versions wrote them, and catalogs without a name: it is reported, and left alone."""
    old = another(scene, tmp_path / "old", name=None)
    commit = old.add("x", FILES, "acme/x")
    assert old.quick().code == 0
    key = manifest_key("models", "x", commit)
    ran = scene.sync("--prune", "--grace", "0")
    assert f"leave {old.prefix('x')}: {key} names no catalog; delete both if no catalog uses them\n" in ran.stdout
    assert old.present(old.prefix("x")) == old.promised("x")


@pytest.mark.s3
def test_a_named_catalog_takes_over_what_it_synced_without_a_name(scene: Scene, tmp_path: Path) -> None:
    """From what is recorded: nothing is sent, and one listing and one manifest of each model are read."""
    old = another(scene, tmp_path / "old", name=None)
    commit = old.add("x", FILES, "acme/x")
    assert old.quick().code == 0
    old.name("late")
    old.hub.reset()
    assert old.quick(models=("x",)).code == 0
    assert {request.route for request in old.hub.requests} == {"tree"}
    assert old.s3.read(manifest_key("models", "x", commit, "late")) is not None
    old.drop("x")
    ran = old.sync("--prune", "--grace", "0")
    unnamed = manifest_key("models", "x", commit)
    assert f": {unnamed} names no catalog; delete it if no other catalog uses it\n" in ran.stdout
    assert ran.stderr == "0 prefixes deleted\n"
    (old.s3.root / unnamed).unlink()
    assert old.sync("--prune", "--grace", "0").stderr == "1 prefix deleted\n"
    assert old.present(old.prefix("x")) == {}


@pytest.mark.s3
def test_a_catalog_without_a_name_cannot_prune(scene: Scene, tmp_path: Path) -> None:
    """It would not know its own."""
    before = scene.present()
    ran = another(scene, tmp_path / "old", name=None).sync("--prune", "--grace", "0")
    assert (ran.code, ran.stdout, scene.present()) == (2, "", before)
    assert ran.stderr.startswith("error: this catalog has no name, so --prune cannot tell ")


@pytest.mark.s3
def test_a_catalog_whose_environments_follow_several_revisions_cannot_prune(scene: Scene) -> None:
    """What the catalog of another revision uses is not known here."""
    before, data = scene.present(), scene.catalog()
    data["platform"]["argocd"] = {"repoURL": "https://git.example.com/models.git"}
    data["environments"]["dev"]["argocd"] = {"targetRevision": "v1"}
    data["environments"]["late"] = {"namespace": "late"}
    scene.write(data)
    ran = scene.sync("--prune", "--grace", "0")
    assert (ran.code, ran.stdout, scene.present()) == (2, "", before)
    assert ran.stderr.startswith("error: environments follow different revisions, ")


@pytest.mark.s3
def test_prune_spares_what_has_no_manifest(scene: Scene) -> None:
    """Somebody may be filling it."""
    client = scene.s3.client()
    client.put_object(Bucket=scene.s3.bucket, Key="models/x/0123456789ab/model.safetensors", Body=b"half")
    client.close()
    assert scene.sync("--prune", "--grace", "0").stderr == "1 prefix deleted\n"
    assert "models/x/0123456789ab/model.safetensors" in scene.present()


@pytest.mark.s3
def test_prune_spares_what_was_copied(scene: Scene) -> None:
    """A copy is an object of its own: without the commit it came from, the model is still whole."""
    scene.move({**FILES, "tokenizer.json": b'{"version": "1.1"}'})
    assert "copied" in scene.quick().stdout
    assert scene.sync("--prune", "--grace", "0").stderr == "2 prefixes deleted\n"
    scene.expect("m")
    assert scene.sync("--verify").stdout == "m: verified\n"


@pytest.mark.s3
def test_files_that_are_no_longer_selected_stay_for_the_pods(scene: Scene, later: Callable[[float], None]) -> None:
    """Pods that start meanwhile find them; `--prune` deletes them after the grace, and a revert keeps them."""
    held = {**FILES, "onnx/model.onnx": b"onnx"}
    commit = scene.add("x", held, "acme/x", files={"include": ["onnx/"]})
    assert scene.quick().code == 0
    chosen, whole = scene.catalog(), scene.present(scene.prefix("x"))
    narrowed = scene.catalog()
    del narrowed["models"][1]["files"]
    for _ in range(2):
        scene.write(narrowed)
        assert "retire" in scene.quick(dry_run=True).stdout
        assert scene.quick().code == 0
        assert scene.present(scene.prefix("x")) == whole
        assert scene.quick().stdout == "m: up to date\nx: up to date\n"
        scene.hub.reset()
        scene.write(chosen)
        assert scene.quick().code == 0
        assert scene.hub.seen("resolve") == []
        scene.expect_whole("x")
    scene.write(narrowed)
    assert scene.quick().code == 0
    later(6.9)
    assert f"keep {scene.prefix('x')}onnx/model.onnx until " in scene.sync("--prune").stdout
    later(7.1)
    assert scene.sync("--prune", "--dry-run").stderr == "0 prefixes would be deleted, 1 file would be deleted\n"
    assert scene.sync("--prune").code == 0
    assert scene.present(scene.prefix("x")).keys() == whole.keys() - {"onnx/model.onnx"}
    assert scene.quick().stdout == "m: up to date\nx: up to date\n"
    assert scene.models["x"] == ("acme/x", commit)


@pytest.mark.s3
def test_a_sync_killed_while_files_change_deletes_nothing_later(scene: Scene, faulty_s3: FaultyS3) -> None:
    """The manifest is gone, because something had to be sent again; what the files are is noted on them."""
    scene.add("x", {**FILES, "onnx/model.onnx": b"onnx"}, "acme/x", files={"include": ["onnx/"]})
    assert scene.quick().code == 0
    whole, catalog = scene.present(scene.prefix("x")), scene.catalog()
    del catalog["models"][1]["files"]
    scene.write(catalog)
    (scene.s3.root / manifest_key("models", "x", scene.models["x"][1], "search")).unlink()
    assert scene.quick().code == 0
    assert scene.present(scene.prefix("x")) == whole
    assert faulty_s3.counts["DeleteObject"] == 0


@pytest.mark.s3
def test_catalogs_that_share_a_prefix_may_select_different_files(scene: Scene, tmp_path: Path) -> None:
    """Neither takes the other's file away, by a sync or by pruning, nor sends it again and again."""
    other = another(scene, tmp_path / "other")
    commit = other.hub.add("acme/x", {**FILES, "onnx/model.onnx": b"onnx"})
    for each, files in ((scene, {}), (other, {"include": ["onnx/"]})):
        catalog = each.catalog()
        model = {**catalog["models"][0], "name": "x", "source": {"repo": "acme/x", "revision": commit}, "files": files}
        each.write({**catalog, "models": [*catalog["models"], model]})
        each.models["x"] = ("acme/x", commit)
    assert [each.quick().code for each in (scene, other, scene)] == [0, 0, 0]
    assert scene.quick().stdout == other.quick().stdout == "m: up to date\nx: up to date\n"
    assert scene.sync("--prune", "--grace", "0").code == 0
    assert f"{other.prefix('x')}onnx/model.onnx" in scene.present()
    assert scene.quick().stdout == other.quick().stdout == "m: up to date\nx: up to date\n"
    assert scene.models["m"][0] == REPO
