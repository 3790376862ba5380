"""What `generator plan` says of a pull request: a branch against the commit where it left main."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from helpers import MINIMAL, ROOT, git_in, project, run
from scene import Scene

from generator.catalog.contract import json_schema
from generator.catalog.model import Connection, Environment, Runtime, ServedModel
from generator.plan.dangers import Kind
from generator.plan.fields import changes
from generator.plan.restarts import restarts
from generator.report.plans import MOST_MARKDOWN

TWO = (
    MINIMAL.replace("  dev: {namespace: team-dev}", "  dev: {namespace: team-dev, gpuQuota: 10}")
    + """\
  - name: other
    source: {repo: acme/other, revision: 0123456789abcdef0123456789abcdef01234567}
    task: embedding
    maxModelLen: 512
    dimensions: 768
    replicas: 2
    auth: true
"""
)


@pytest.fixture
def merged(tmp_path: Path) -> Path:
    """A repository whose main holds the catalog TWO and what it compiles to, and whose branch is checked out."""
    root = project(tmp_path, TWO)
    assert run("generate", root=root).code == 0
    git_in(root, "init", "--quiet")
    git_in(root, "add", "--all")
    git_in(root, "commit", "--quiet", "--message", "main")
    git_in(root, "checkout", "--quiet", "-b", "branch")
    return root


def planned(root: Path, *edits: tuple[str, str], options: tuple[str, ...] = ()) -> list[str]:
    """The plan of the branch, after these replacements in its catalog."""
    return output(root, *edits, options=options).splitlines()


def output(root: Path, *edits: tuple[str, str], options: tuple[str, ...] = ()) -> str:
    """The same as one text."""
    catalog = TWO
    for old, new in edits:
        assert old in catalog
        catalog = catalog.replace(old, new)
    project(root, catalog)
    ran = run("plan", "--against", "main", *options, root=root)
    assert ran.code == 0, ran.stderr
    return ran.stdout


def test_without_a_difference_it_says_so(merged: Path) -> None:
    """The label names the commit."""
    commit = git_in(merged, "rev-parse", "--short=12", "main").strip()
    assert planned(merged) == [f"this folder against main ({commit})", "nothing changes on a cluster"]


def test_a_changed_length_restarts_the_pod_and_leaves_a_gap(merged: Path) -> None:
    """One replica and no surge: nobody answers until the model has loaded again."""
    assert planned(merged, ("maxModelLen: 256", "maxModelLen: 128"))[1:] == [
        "dev: 2 models; 3 of 10 nvidia.com/gpu",
        "  ~ minilm  maxModelLen 256 → 128; restarts 1 pod: the model is not served until it has loaded again",
        "  objects: 0 created, 1 changed, 0 deleted; lines: 1 added, 1 removed",
    ]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (("    replicas: 2\n", "    replicas: 3\n"), "replicas 2 → 3; no restart"),
        (("    replicas: 2\n", "    replicas: 2\n    maxSurge: 1\n"), "maxSurge 0 → 1; no restart"),
        (
            ("512", "256"),
            "maxModelLen 512 → 256; restarts 2 pods: one at a time, so one is missing until it has loaded",
        ),
        (
            ("512", "256\n    maxSurge: 1"),
            "maxModelLen 512 → 256, maxSurge 0 → 1; restarts 2 pods: new ones start first, so there is no gap",
        ),
        (
            ("512", "512\n    description: It is described"),
            "description set to It is described; restarts 2 pods: one at a time, so one is missing until it has loaded",
        ),
        (
            ("512", "512\n    args: [--dtype=float16]"),
            "args + --dtype=float16; restarts 2 pods: one at a time, so one is missing until it has loaded",
        ),
        (
            ("512", "512\n    labels: {team: search}"),
            "labels.team set to search; restarts 2 pods: one at a time, so one is missing until it has loaded",
        ),
    ],
)
def test_which_changes_restart_which_pods(merged: Path, edit: tuple[str, str], said: str) -> None:
    """What reaches the pod template restarts, labels and descriptions too; what the Deployment keeps does not."""
    assert f"  ~ other  {said}" in planned(merged, edit)


def test_a_model_that_stops_or_starts_says_so(merged: Path) -> None:
    """It restarts nothing, but its pods end, or come back."""
    stopped = ("    replicas: 2\n", "    replicas: 2\n    stopped: true\n")
    assert "  ~ other  stopped false → true; stops 2 pods: not served any more" in planned(merged, stopped)
    (change,) = json.loads(output(merged, stopped, options=("--output", "json")))["environments"][0]["models"]
    assert (change["restart"], change["switch"]) == (None, {"to": "stopped", "pods": 2})
    assert run("generate", root=merged).code == 0
    git_in(merged, "commit", "--quiet", "--all", "--message", "stopped")
    git_in(merged, "branch", "--force", "main")
    assert "  ~ other  stopped true → false; starts 2 pods: served again when loaded" in planned(merged)


def test_a_value_is_set_or_unset_and_only_items_come_and_go(merged: Path) -> None:
    """`gpuQuota + 8` would read as a quota that grows by 8."""
    assert "environment 'dev': gpuQuota unset (was 10)" in planned(merged, (", gpuQuota: 10", ""))
    slices = (", gpuQuota: 10", ", gpuQuota: 10, migQuota: {nvidia.com/mig-1g.10gb: 4}")
    assert "environment 'dev': migQuota.nvidia.com/mig-1g.10gb set to 4" in planned(merged, slices)
    accelerators = ("    task: embedding\n    image:", "    task: embedding\n    args: [--dtype=float16]\n    image:")
    assert "runtime 'vllm-embedding': args + --dtype=float16" in planned(merged, accelerators)


def test_what_leaves_argocd_is_deleted_by_hand(merged: Path) -> None:
    """Rights that are gone from the folder stay on the cluster until somebody deletes them."""
    argocd = (
        '{target: "3.3"}',
        '{target: "3.3", argocd: {repoURL: https://git.example.com/a.git, targetRevision: v1}}',
    )
    project(merged, TWO.replace(*argocd))
    assert run("generate", root=merged).code == 0
    git_in(merged, "add", "--all")
    git_in(merged, "commit", "--quiet", "--message", "with Argo CD")
    git_in(merged, "branch", "--force", "main")
    lines = planned(merged, argocd, ("{namespace: team-dev,", "{namespace: team-dev, cluster: east,"))
    gone = [line for line in lines if line.startswith("to be deleted from the cluster by hand: argocd/rights/dev/")]
    assert len(gone) == 1
    changed = next(line for line in lines if line.startswith("to be applied by hand: "))
    assert "argocd/1-applicationset.yaml" in changed
    assert "rights" not in changed
    said = output(
        merged,
        argocd,
        ("{namespace: team-dev,", "{namespace: team-dev, cluster: east,"),
        options=("--output", "markdown"),
    )
    assert "\nTo be deleted from the cluster by hand: argocd/rights/dev/" in said


def test_a_description_of_the_runtime_restarts_nothing() -> None:
    """Its own metadata stay with it; its containers are the pods'."""
    runtime = {
        "kind": "ServingRuntime",
        "metadata": {"annotations": {"a": "1"}},
        "spec": {"containers": [{"image": "x"}]},
    }
    assert not restarts(runtime, {**runtime, "metadata": {"annotations": {"a": "2"}}})
    assert restarts(runtime, {**runtime, "spec": {"containers": [{"image": "y"}]}})


def test_a_new_model_is_synced_first_and_counted_against_the_quota(merged: Path) -> None:
    """Without a lock nothing is known of its size."""
    new = (
        "  - name: new\n    source: {repo: acme/new, revision: 0123456789abcdef0123456789abcdef01234567}\n"
        "    task: embedding\n    maxModelLen: 512\n    dimensions: 8\n    replicas: 7\n"
    )
    lines = planned(merged, ("models:\n", f"models:\n{new}"))
    assert (
        "DANGER dev: 10 of 10 nvidia.com/gpu are asked for: little is left for a rollout with surge, or for another "
        "model [quota-nearly-full]" in lines
    )
    assert "dev: 2 → 3 models; 3 → 10 of 10 nvidia.com/gpu" in lines
    assert "  + new  acme/new@0123456789ab" in lines
    unknown = "size unknown, since the lock does not have it"
    assert f"  new: {unknown}  →  s3://models-bucket/models/new/0123456789ab/" in lines


def kinds(root: Path, *edits: tuple[str, str]) -> list[str]:
    """The dangers of a change."""
    return [danger["kind"] for danger in json.loads(output(root, *edits, options=("--output", "json")))["dangers"]]


OTHER = TWO[TWO.index("  - name: other") :]


@pytest.mark.parametrize(
    ("edit", "kind"),
    [
        (("    auth: true\n", "    expose: true\n"), "exposed-without-auth"),
        (("    auth: true\n", ""), "auth-removed"),
        ((OTHER, ""), "model-deleted"),
        (("name: other", "name: another"), "model-renamed"),
        (("    auth: true\n", "    auth: true\n    stopped: true\n"), "model-stopped"),
        (("{namespace: team-dev,", "{namespace: team-dev, cluster: east,"), "deleted-and-created"),
        (("{namespace: team-dev,", "{namespace: moved, cluster: east,"), "deleted-and-created"),
        (("dimensions: 384", "dimensions: 192"), "re-index"),
        (("repo: acme/other", "repo: acme/next"), "re-index"),
        (("0.13.0@sha256:" + "a" * 64, "0.13.1"), "image-tag-moved"),
        (("gpuQuota: 10", "gpuQuota: 3"), "quota-nearly-full"),
        (("    auth: true\n", "    auth: true\n    overrides: {dev: {namespace: elsewhere}}\n"), "deleted-and-created"),
        ((TWO[TWO.index("models:") :], "models: []\n"), "environment-emptied"),
        (("  dev: {namespace: team-dev", "  live: {namespace: team-dev"), "environment-removed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_dangerous(merged: Path, edit: tuple[str, str], kind: str) -> None:
    """Each danger by itself, and nothing else."""
    assert kinds(merged, edit) == [kind]


def test_a_danger_can_fail_the_pipeline(merged: Path) -> None:
    """With --fail-on danger only."""
    project(merged, TWO.replace(OTHER, ""))
    assert run("plan", "--against", "main", root=merged).code == 0
    ran = run("plan", "--against", "main", "--fail-on", "danger", root=merged)
    assert (ran.code, ran.stderr) == (1, "1 danger; look at each, and merge without --fail-on if it is meant\n")


def test_what_others_have_merged_meanwhile_is_not_part_of_it(merged: Path) -> None:
    """The branch is compared with the commit where it left main."""
    git_in(merged, "checkout", "--quiet", "main")
    project(merged, TWO.replace(OTHER, ""))
    git_in(merged, "commit", "--quiet", "--all", "--message", "meanwhile")
    git_in(merged, "checkout", "--quiet", "branch")
    assert planned(merged)[1:] == ["nothing changes on a cluster"]


def test_what_a_new_generator_changes_is_seen_in_the_rendered_files(merged: Path) -> None:
    """Main was rendered by another version: the entries are the same, and the pods restart all the same."""
    path = merged / "rendered/dev/models/inferenceservice-minilm.yaml"
    path.write_text(path.read_text("utf-8").replace("opendatahub.io/dashboard", "opendatahub.io/board"), "utf-8")
    git_in(merged, "commit", "--quiet", "--all", "--message", "by another version")
    git_in(merged, "branch", "--force", "main")
    assert planned(merged)[2] == (
        "  ~ minilm  the entry is the same, its manifests are not; "
        "restarts 1 pod: the model is not served until it has loaded again"
    )


def test_another_release_says_in_which_order(merged: Path) -> None:
    """Git follows the operator."""
    lines = planned(merged, options=("--target", "3.5"))
    assert lines[0] == "OpenShift AI 3.5 against OpenShift AI 3.3"
    assert lines[1].startswith("Upgrade the operator of OpenShift AI first")
    assert "platform: target 3.3 → 3.5" in lines


def test_an_older_release_is_no_upgrade(merged: Path) -> None:
    """No operator is told to go back, and the same release needs no words."""
    newer = ('target: "3.3"', 'target: "3.5"')
    (note,) = json.loads(output(merged, newer, options=("--target", "3.3", "--output", "json")))["notes"]
    assert note.startswith("This release is older: OpenShift AI is not downgraded")
    assert json.loads(output(merged, newer, options=("--target", "3.5", "--output", "json")))["notes"] == []


def test_an_unknown_release_or_revision_is_an_error(merged: Path) -> None:
    """With what to do."""
    ran = run("plan", "--target", "3.55", root=merged)
    assert (ran.code, ran.stderr) == (2, "error: there is no release '3.55'\n  hint: did you mean '3.5'?\n")
    ran = run("plan", "--against", "nowhere", root=merged)
    assert ran.code == 2
    assert ran.stderr == (
        "error: cannot compare with 'nowhere': no commit has that name here\n"
        "  hint: fetch it, or push it first if it is new; or give `--against HEAD`, the last commit\n"
    )


def test_a_shallow_clone_needs_its_history(merged: Path, tmp_path: Path) -> None:
    """A CI checkout has one commit."""
    git_in(merged, "commit", "--quiet", "--allow-empty", "--message", "another")
    git_in(merged, "clone", "--quiet", "--depth=1", merged.as_uri(), str(tmp_path / "shallow"))
    ran = run("plan", "--against", "v1", root=tmp_path / "shallow")
    assert ran.code == 2
    assert "hint: fetch it, with its whole history: a CI checkout needs `fetch-depth: 0`\n" in ran.stderr


def test_before_the_first_commit_the_hint_is_to_commit(tmp_path: Path) -> None:
    """`git init` alone gives nothing to compare with."""
    root = project(tmp_path)
    git_in(root, "init", "--quiet")
    ran = run("plan", root=root)
    assert ran.code == 2
    assert "hint: there is no commit yet: commit first, then give `--against HEAD`\n" in ran.stderr


def test_a_history_of_its_own_gets_another_hint(merged: Path) -> None:
    """Nothing to fetch would help."""
    git_in(merged, "checkout", "--quiet", "--orphan", "apart")
    git_in(merged, "commit", "--quiet", "--message", "apart")
    ran = run("plan", "--against", "main", root=merged)
    assert ran.code == 2
    assert "no commit in common, as far as this clone goes\n  hint: choose another one\n" in ran.stderr


def test_a_revision_is_never_an_option_of_git(merged: Path) -> None:
    """Neither by --against nor by a file's name."""
    ran = run("plan", "--against", f"--output={merged}/written", root=merged)
    assert ran.code == 2
    assert not (merged / "written").exists()


def test_outside_a_repository_git_says_why(tmp_path: Path) -> None:
    """Its own words are kept."""
    ran = run("plan", root=project(tmp_path))
    assert ran.code == 2
    assert "not a git repository" in ran.stderr
    assert "hint: run `git init` and commit, or set --root to a folder of a repository\n" in ran.stderr


HOSTILE = (
    "<img src=x onerror=alert(1)> [a](https://evil.example) @everyone ![x](http://e/x.png) `code` | # *b* www.e.example"
)


def locked(repo: str, commit: str, architecture: str, *weights: bytes, hidden: int = 768) -> str:
    """A repository of a lock: its configuration, and weights of these contents."""
    files = "".join(
        f"      {number}.safetensors: sha256:{hashlib.sha256(weight).hexdigest()} {len(weight)}\n"
        for number, weight in enumerate(weights)
    )
    config = f"{{architectures: [{architecture}], hidden_size: {hidden}, max_position_embeddings: 512}}"
    return (
        f"  - repo: {repo}\n    commit: {commit}\n    gated: false\n    vllm: {{}}\n    tensors: {{F32: 1}}\n"
        f"    config:\n      config.json: {config}\n    files:\n{files}"
    )


@pytest.mark.parametrize(
    ("architecture", "dangerous"), [("BertModel", []), ("ModernBertModel", ["re-index"])], ids=["same", "other"]
)
def test_a_moved_commit_is_copied_where_it_can_be_and_dangerous_if_its_vectors_differ(
    merged: Path, architecture: str, dangerous: list[str]
) -> None:
    """Both are read off the lock: at the new commit, one of two files is known in the bucket."""
    old, new = "0123456789abcdef0123456789abcdef01234567", "fedcba9876543210fedcba9876543210fedcba98"
    minilm = locked(
        "sentence-transformers/all-MiniLM-L6-v2",
        "1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
        "BertModel",
        b"0",
        hidden=384,
    )
    lock = merged / "models.lock.yaml"
    before = locked("acme/other", old, "BertModel", b"kept" * 1000, b"old")
    lock.write_text(f"version: 1\nrepositories:\n{minilm}{before}", "utf-8")
    git_in(merged, "add", "--all")
    git_in(merged, "commit", "--quiet", "--message", "locked")
    git_in(merged, "branch", "--force", "main")
    after = locked("acme/other", new, architecture, b"kept" * 1000, b"new" * 1000)
    lock.write_text(f"version: 1\nrepositories:\n{minilm}{after}", "utf-8")
    said = json.loads(output(merged, (old, new), options=("--output", "json")))
    assert [danger["kind"] for danger in said["dangers"]] == dangerous
    [transfer] = said["transfers"]
    assert (transfer["model"], transfer["bytes"], transfer["copiedBytes"]) == ("other", 3000, 4000)


@pytest.mark.s3
def test_with_bucket_it_looks_whether_the_files_are_there(unsynced: Scene) -> None:
    """It says which prefix is not complete, and changes nothing; once they are there, it says nothing."""
    git_in(unsynced.root, "init", "--quiet")
    git_in(unsynced.root, "add", "--all")
    git_in(unsynced.root, "commit", "--quiet", "--message", "main")
    ran = unsynced.run("plan", "--against", "main", "--bucket", "--output", "json")
    assert ran.code == 0, ran.stderr
    [danger] = json.loads(ran.stdout)["dangers"]
    assert (danger["kind"], danger["model"]) == ("not-in-bucket", "m")
    assert unsynced.present() == {}
    assert unsynced.quick().code == 0
    assert json.loads(unsynced.run("plan", "--against", "main", "--bucket", "--output", "json").stdout)["dangers"] == []


def test_nothing_in_the_markdown_acts(merged: Path) -> None:
    """Text of the catalog is text in the comment."""
    said = output(merged, ("512", f"512\n    description: {json.dumps(HOSTILE)}"), options=("--output", "markdown"))
    line = next(line for line in said.splitlines() if "onerror" in line)
    for active in ("<img", "](", "@everyone", "![", "`code`", "*b*", "www.", "https:", "http:"):
        assert active not in line


def test_the_markdown_is_never_longer_than_a_comment_may_be(merged: Path) -> None:
    """The rest is behind the link."""
    many = "".join(
        f"  - name: m{number}\n    source: {{repo: acme/m{number}, revision: {'a' * 40}}}\n    task: embedding\n"
        "    maxModelLen: 512\n    dimensions: 8\n    resources: {gpu: 0}\n    env: {VLLM_CPU_KVCACHE_SPACE: '4'}\n"
        for number in range(700)
    )
    said = output(
        merged, ("models:\n", f"models:\n{many}"), options=("--output", "markdown", "--link", "https://ci.example/1")
    )
    assert len(said) <= MOST_MARKDOWN
    assert said.endswith("…and more: https://ci.example/1\n")


def test_the_json_follows_its_schema(merged: Path) -> None:
    """With every part in use."""
    schema = json.loads((ROOT / "docs" / "plan.schema.json").read_text("utf-8"))
    said = json.loads(
        output(
            merged,
            ("name: other", "name: another"),
            ("Len: 256", "Len: 128"),
            ("gpuQuota: 10", "gpuQuota: 3"),
            ("    replicas: 2\n", "    replicas: 2\n    stopped: true\n"),
            options=("--output", "json"),
        )
    )
    jsonschema.Draft202012Validator(schema).validate(said)
    (environment,) = said["environments"]
    assert [(model["name"], model["kind"], model["formerName"]) for model in environment["models"]] == [
        ("another", "renamed", "other"),
        ("minilm", "changed", None),
    ]


def test_the_same_input_gives_the_same_bytes(merged: Path) -> None:
    """A sticky comment changes only if the plan does."""
    edits = (("Len: 256", "Len: 128"), ("name: other", "name: another"))
    for form in ("text", "markdown", "json"):
        assert output(merged, *edits, options=("--output", form)) == output(merged, *edits, options=("--output", form))


@pytest.mark.parametrize(
    ("record", "block"),
    [
        (ServedModel, ("models", "items")),
        (Runtime, ("runtimes", "additionalProperties")),
        (Connection, ("connections", "additionalProperties")),
        (Environment, ("environments", "additionalProperties")),
    ],
)
def test_a_plan_speaks_the_words_of_models_yaml(record: Any, block: tuple[str, str]) -> None:
    """Each field that a change can name is one that may be written."""
    known = json.loads(json_schema.json_schema())["properties"][block[0]][block[1]]["properties"].keys()
    empty, full = (record(**dict.fromkeys(record._fields, value)) for value in (None, "x"))
    assert {change.field.partition(".")[0] for change in changes(empty, full)} <= {*known}


def test_every_danger_is_documented() -> None:
    """And nothing else is."""
    page = (ROOT / "docs" / "plan.md").read_text("utf-8")
    table = page[page.index("## Dangers") : page.index("## In a pipeline")]
    assert re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE) == sorted(get_args(Kind))
    schema = json.loads((ROOT / "docs" / "plan.schema.json").read_text("utf-8"))
    assert schema["properties"]["dangers"]["items"]["properties"]["kind"]["enum"] == sorted(get_args(Kind))


def test_without_git_the_way_to_get_it_is_named(merged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container image may have none."""
    monkeypatch.setenv("PATH", str(merged))
    ran = run("plan", "--against", "main", root=merged)
    assert (ran.code, ran.stderr) == (
        2,
        "error: git is not installed\n  hint: get it from https://git-scm.com/downloads, and put it on PATH\n",
    )
