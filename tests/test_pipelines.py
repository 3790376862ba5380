"""Pipelines: valid for their forges, and their shell steps run as they stand, in a repository made by `init`."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from fakes import LONG_S
from helpers import ROOT, git_in, run

from generator.requirement import installed

SCHEMAS = resources("check_jsonschema") / "builtin_schemas/vendor"
COMMIT_ID = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[0-9.]+")
HOOK_FILES = ("models.yaml", "models.lock.yaml", "docs/catalog.md", "rendered/dev/models/x.yaml", "base/x", "argocd/y")
OTHER_FILES = ("README.md", "docs/other.md", "my/models.yaml", "schemas/models.schema.json")


def schema(name: str) -> Any:
    """A schema of SchemaStore."""
    return json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))


def parsed(path: Path) -> Any:
    """A YAML file, with `on` as text, as GitHub reads it."""
    loader = type("Loader", (yaml.SafeLoader,), {})
    loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":bool")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    text = path.read_text("utf-8")
    plain, typed = yaml.load(text, loader), yaml.safe_load(text)  # noqa: S506 - a SafeLoader
    return {**typed, "on": plain["on"]} if "on" in plain else typed


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
def runner(wheel: Path, tool: Callable[[str], Path], tmp_path: Path) -> Runner:
    """A fresh home, kubeconform on PATH, and the wheel among what pip may install."""
    home, tools = tmp_path / "home", tmp_path / "tools"
    home.mkdir()
    tools.mkdir()
    (tools / "kubeconform").symlink_to(tool("kubeconform"))
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    found = f"{wheel.parent} {pip.get('PIP_FIND_LINKS', '')}".strip()
    given = {"PATH": f"{tools}:/usr/bin:/bin", "HOME": str(home), "GITHUB_PATH": str(home / "path")}
    return Runner(home, {**pip, **given, "PIP_FIND_LINKS": found, "PIP_CACHE_DIR": str(_cache()), "LC_ALL": "C.UTF-8"})


def _cache() -> Path:
    """The user's own cache of packages, so that each pipeline does not download them again."""
    return Path(os.path.expanduser("~" + os.environ.get("USER", ""))) / ".cache/pip"  # noqa: PTH111 - HOME is hidden


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
    assert list(action["inputs"]) == ["version", "folder", "check"]


def test_the_hooks_watch_what_they_check(tmp_path: Path) -> None:
    """Those of this repository, and those that `init` writes, by the same expressions."""
    root = made(tmp_path, "github")
    ours = parsed_list(ROOT / ".pre-commit-hooks.yaml")
    theirs = parsed(root / ".pre-commit-config.yaml")["repos"][0]["hooks"]
    assert [hook["additional_dependencies"] for hook in theirs] == [[f"rhoai-model-gitops=={installed()}"]] * 2
    for field in ("id", "entry", "language", "pass_filenames"):
        assert [hook[field] for hook in ours] == [hook[field] for hook in theirs]
    for hook in (ours[0], theirs[0]):
        assert all(re.search(hook["files"], path) for path in HOOK_FILES)
        assert not any(re.search(hook["files"], path) for path in OTHER_FILES)


def parsed_list(path: Path) -> list[Any]:
    """A YAML file that is a list."""
    return list(yaml.safe_load(path.read_text("utf-8")))


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
    assert "6 objects" in output or "are valid for OpenShift AI" in output
    plan = output + (runner.home / "summary").read_text("utf-8")
    assert "origin/main" in plan or "this folder against" in plan

    [edited, *_] = sorted(root.glob("rendered/*/platform/*.yaml"))
    edited.write_text(edited.read_text("utf-8") + "# by hand\n", "utf-8")
    git_in(root, "commit", "--quiet", "--all", "--message", "an edit")
    stopped = [script for script, _ in scripts(forge, root) if "generate --check" in script][0]
    if forge == "tekton":
        git_in(runner.home / "repository", "pull", "--quiet")
    again = stopped[stopped.index("generate --check") :]
    install = f'set -euo pipefail\nexport PATH="$HOME/generator/bin:$PATH"\ncd "{_checkout(forge, root, runner.home)}"\n'
    ran = runner.run(install + again, "bash", root, environ)
    assert ran.returncode == 1
    assert "differs from what models.yaml compiles to" in _report(forge, root, ran)


def _checkout(forge: str, root: Path, home: Path) -> Path:
    return home / "repository" if forge == "tekton" else root


def _report(forge: str, root: Path, ran: subprocess.CompletedProcess[str]) -> str:
    return (root / "generate.xml").read_text("utf-8") if forge == "gitlab" else ran.stdout + ran.stderr


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
