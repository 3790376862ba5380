"""Pipelines: valid for their forges, and their shell steps run as they stand, in a repository made by `init`."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fakes import LONG_S
from helpers import ROOT, git_in, run
from ruamel.yaml import YAML

from generator.requirement import installed

SCHEMAS = resources("check_jsonschema") / "builtin_schemas/vendor"
COMMIT_ID = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[0-9.]+")
HOOK_FILES = (
    "models.yaml",
    "models.lock.yaml",
    "docs/catalog.md",
    "docs/fleet.md",
    "docs/catalog.html",
    "rendered/dev/models/x.yaml",
    "base/x",
    "argocd/y",
)
OTHER_FILES = ("README.md", "docs/other.md", "my/models.yaml", "schemas/models.schema.json")


def schema(name: str) -> Any:
    """A schema of SchemaStore."""
    return json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))


def parsed(path: Path) -> Any:
    """A YAML file, read as version 1.2, in which the key `on` is text."""
    return YAML(typ="safe", pure=True).load(path.read_text("utf-8"))


def made(folder: Path, forge: str) -> Path:
    """A repository of the forge, with its first commit; its two environments have no models yet."""
    root = folder / "repository"
    root.mkdir()
    assert run("init", "--forge", forge, root=root).code == 0
    assert run("generate", root=root).code == 0
    git_in(root, "init", "--quiet", "--initial-branch=main")
    git_in(root, "add", "--all")
    git_in(root, "commit", "--quiet", "--message", "the first day")
    git_in(root, "remote", "add", "origin", str(root))
    git_in(root, "fetch", "--quiet", "origin")
    return root


def scripts(forge: str, root: Path) -> list[tuple[str, str]]:
    """The shell of each step, and how its interpreter is called."""
    if forge == "github":
        workflow = parsed(root / ".github/workflows/models.yaml")
        return [(step["run"], "bash -eo pipefail") for step in workflow["jobs"]["check"]["steps"] if "run" in step]
    if forge == "gitlab":
        return [("\n".join(parsed(root / ".gitlab-ci.yml")["models"]["script"]), "bash -eo pipefail")]
    steps = parsed(root / ".tekton/models.yaml")["spec"]["pipelineSpec"]["tasks"][0]["taskSpec"]["steps"]
    return [(step["script"], "bash") for step in steps]


@dataclass
class Runner:
    """Where a pipeline runs: a home, and what pip finds instead of a published package."""

    home: Path
    environ: dict[str, str]

    def run(self, script: str, shell: str, root: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run one step, with the additions to PATH of the steps before it."""
        added = self.home / "path"
        path = ":".join([*(added.read_text("utf-8").split() if added.exists() else ()), self.environ["PATH"]])
        file = self.home / "step.sh"
        file.write_text(script, "utf-8")
        return subprocess.run(
            [*shell.split(), str(file)],
            cwd=root,
            env={**self.environ, "PATH": path, **environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=LONG_S,
        )


@pytest.fixture
def runner(fresh_shell: dict[str, str]) -> Runner:
    """A runner that has done nothing yet."""
    home = Path(fresh_shell["HOME"])
    return Runner(home, {**fresh_shell, "GITHUB_PATH": str(home / "path")})


def test_the_workflow_is_valid_and_its_actions_are_pinned(tmp_path: Path) -> None:
    """By GitHub's schema, and by commit id."""
    root = made(tmp_path, "github")
    file = root / ".github/workflows/models.yaml"
    jsonschema.validate(parsed(file), schema("github-workflows"))
    used = re.findall(r"uses: (.*)", file.read_text("utf-8"))
    assert used
    assert all(COMMIT_ID.fullmatch(each) for each in used)
    assert parsed(file)["permissions"] == {"contents": "read"}


def test_the_gitlab_pipeline_is_valid(tmp_path: Path) -> None:
    """By GitLab's schema."""
    jsonschema.validate(parsed(made(tmp_path, "gitlab") / ".gitlab-ci.yml"), schema("gitlab-ci"))


def test_the_renovate_configuration_is_valid_and_finds_each_image(tmp_path: Path) -> None:
    """By Renovate's schema; its regular expression takes a tag with and without a digest apart."""
    root = made(tmp_path, "github")
    config = json.loads((root / "renovate.json").read_text("utf-8"))
    jsonschema.validate(config, schema("renovate"))
    [manager] = config["customManagers"]
    [expression] = manager["matchStrings"]
    pattern = re.compile(expression.replace("(?<", "(?P<"))
    text = (root / "models.yaml").read_text("utf-8")
    assert [found["currentDigest"] for found in pattern.finditer(text)] == [None, None]
    digest = f"sha256:{'0a' * 32}"
    [found] = pattern.finditer(f"image: registry.example.com:5000/a/b:1.0-2@{digest}\n")
    assert found.groupdict() == {
        "depName": "registry.example.com:5000/a/b", "currentValue": "1.0-2", "currentDigest": digest
    }  # fmt: skip


def test_the_action_is_valid() -> None:
    """By GitHub's schema; it uses no other action."""
    action = parsed(ROOT / "action.yml")
    jsonschema.validate(action, schema("github-actions"))
    assert "uses:" not in (ROOT / "action.yml").read_text("utf-8")
    assert list(action["inputs"]) == ["version", "folder", "check", "comment"]


def test_the_hooks_watch_what_they_check(tmp_path: Path) -> None:
    """Those of this repository, and those that `init` writes, by the same expressions."""
    root = made(tmp_path, "github")
    ours = parsed(ROOT / ".pre-commit-hooks.yaml")
    theirs = parsed(root / ".pre-commit-config.yaml")["repos"][0]["hooks"]
    assert [hook["additional_dependencies"] for hook in theirs] == [[f"rhoai-model-gitops=={installed()}"]] * 2
    for field in ("id", "entry", "language", "pass_filenames"):
        assert [hook[field] for hook in ours] == [hook[field] for hook in theirs]
    for hook in (ours[0], theirs[0]):
        assert all(re.search(hook["files"], path) for path in HOOK_FILES)
        assert not any(re.search(hook["files"], path) for path in OTHER_FILES)


@pytest.mark.tool
@pytest.mark.parametrize("forge", ["github", "gitlab", "tekton"])
def test_the_steps_run(forge: str, runner: Runner, tmp_path: Path) -> None:
    """They install the wheel, pass on the first commit, and end with a plan; an edit of a manifest stops them."""
    root = made(tmp_path, forge)
    environ = dict(_environ(forge, root, runner.home))
    (runner.home / "summary").touch()
    output = ""
    for script, shell in scripts(forge, root):
        ran = runner.run(script, shell, root, environ)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        output += ran.stdout + ran.stderr
    assert "are valid for OpenShift AI 3.5\n" in output
    assert "this folder against" in output + (runner.home / "summary").read_text("utf-8")

    here = runner.home / "repository" if forge == "tekton" else root
    [edited, *_] = sorted(here.glob("rendered/*/platform/*.yaml"))
    edited.write_text(edited.read_text("utf-8") + "# by hand\n", "utf-8")
    check = next(script for script, _ in scripts(forge, root) if "generate --check" in script)
    check = check[check.index("generate --check") :]
    ran = runner.run(f'PATH="$HOME/generator/bin:$PATH"\n{check}', "bash -eo pipefail", here, environ)
    assert ran.returncode == 1
    report = (root / "generate.xml").read_text("utf-8") if forge == "gitlab" else ran.stdout + ran.stderr
    assert "differs from what models.yaml compiles to" in report


EXPRESSION = re.compile(r"\$\{\{ ([\w.]+) \}\}")


GH = """\
#!/bin/sh
# Stands in for GitHub: keeps one comment, and lists it once it is there.
echo "$*" >> "$HOME/gh.log"
case "$*" in
  *POST*|*PATCH*) for last; do :; done; cp "${last#body=@}" "$HOME/comment.md" ;;
  *) [ ! -e "$HOME/comment.md" ] || echo 4711 ;;
esac
"""


@pytest.mark.tool
def test_the_action_runs(runner: Runner, tmp_path: Path) -> None:
    """It installs itself if no version is asked for, and annotates what is out of date.

    The plan is a comment, which a second run replaces.
    """
    gh = runner.home / "gh-bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(GH, "utf-8")
    gh.chmod(0o755)
    runner.environ["PATH"] = f"{gh.parent}:{runner.environ['PATH']}"
    root, action = made(tmp_path, "github"), parsed(ROOT / "action.yml")
    values = {f"inputs.{name}": given["default"] for name, given in action["inputs"].items()}
    values |= {"github.action_path": str(ROOT), "github.base_ref": "main", "github.token": "t"}
    values |= {"github.event.number": "7", "github.repository": "acme/models"}
    summary = runner.home / "summary"
    given = {"RUNNER_TEMP": str(runner.home), "GITHUB_STEP_SUMMARY": str(summary)}
    for step in action["runs"]["steps"]:
        environ = {
            name: EXPRESSION.sub(lambda found: values[found[1]], text) for name, text in step.get("env", {}).items()
        }
        ran = runner.run(step["run"], "bash -eo pipefail", root, {**given, **environ})
        assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "this folder against origin/main" in summary.read_text("utf-8")
    comment = (runner.home / "comment.md").read_text("utf-8")
    assert comment.startswith("<!-- the plan of rhoai-model-gitops -->\n### Plan: this folder against origin/main")
    again = {**given, "GH_TOKEN": "t", "NUMBER": "7", "REPOSITORY": "acme/models"}
    assert runner.run(action["runs"]["steps"][-1]["run"], "bash -eo pipefail", root, again).returncode == 0
    _, post, _, patch = (runner.home / "gh.log").read_text("utf-8").splitlines()
    assert "--method POST repos/acme/models/issues/7/comments" in post
    assert "--method PATCH repos/acme/models/issues/comments/4711" in patch
    (root / "rendered/dev/models/README.md").unlink()
    ran = runner.run(action["runs"]["steps"][1]["run"], "bash -eo pipefail", root, {**given, "FOLDER": "."})
    assert ran.returncode == 1
    assert "\n::error file=rendered/dev/models/README.md,line=1," in ran.stdout


def _environ(forge: str, root: Path, home: Path) -> Iterator[tuple[str, str]]:
    """What the forge sets for a pull request to main."""
    head = git_in(root, "rev-parse", "HEAD").strip()
    if forge == "github":
        yield from {"BASE": "main", "GITHUB_STEP_SUMMARY": str(home / "summary")}.items()
    elif forge == "gitlab":
        yield "CI_MERGE_REQUEST_DIFF_BASE_SHA", head
    else:
        auth = home / "auth"
        auth.mkdir()
        (auth / ".gitconfig").touch()
        (auth / ".git-credentials").touch()
        yield from {
            "GIT_AUTH": str(auth), "REPOSITORY": str(root), "REVISION": head, "TARGET_BRANCH": "main"
        }.items()  # fmt: skip


def test_kubeconform_is_the_version_of_the_tests(tmp_path: Path) -> None:
    """In the pipeline and in the action, with the same digest."""
    [version] = re.findall(r"github\.com/yannh/kubeconform (v\S+)", (ROOT / "tools/go.mod").read_text("utf-8"))
    texts = [made(tmp_path, "github") / ".github/workflows/models.yaml", ROOT / "action.yml"]
    found = [re.findall(r"download/(v[\d.]+)/|([0-9a-f]{64})  ", path.read_text("utf-8")) for path in texts]
    assert found[0] == found[1]
    assert found[0][0][0] == version
