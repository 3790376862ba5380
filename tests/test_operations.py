"""docs/operations.md: its commands can be run as they stand, and are about what the shipped catalog has."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from fakes import LONG_S
from helpers import ROOT, SHIPPED, project, run

from generator import cli
from generator.catalog.model import Catalog
from generator.catalog.validate import validate
from generator.yaml.read import parse

PAGE = (ROOT / "docs/operations.md").read_text("utf-8")
SYNCED = SHIPPED.replace(
    '  target: "3.3"\n', '  target: "3.3"\n  argocd: {repoURL: https://git.example.com/models.git}\n'
).replace("your-bucket", "team-models")


def blocks(language: str) -> list[str]:
    """The code blocks of a language, without the indentation of a list."""
    found = re.findall(rf"^( *)```{language}\n(.+?)^ *```$", PAGE, re.DOTALL | re.MULTILINE)
    return [re.sub(f"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


COMMANDS = [line for block in blocks("sh") for line in block.replace("\\\n", " ").splitlines()]


def shipped() -> Catalog:
    """The shipped catalog, as Argo CD would sync it."""
    return validate(parse(SYNCED.encode(), "models.yaml"))[0]


@pytest.mark.parametrize("block", blocks("sh"))
def test_every_block_is_a_script(block: str) -> None:
    """Bash can read it."""
    bash = shutil.which("bash")
    assert bash
    subprocess.run([bash, "-n", "-c", block], check=True, timeout=LONG_S)


@pytest.mark.parametrize("line", [line for line in COMMANDS if re.match("generat|artifact-sync", line)])
def test_commands_of_ours_exist_with_these_options(line: str) -> None:
    """Each is parsed by the command line, and not run."""
    script, *words = line.split()
    names = {"generate": "generate", "artifact-sync": "sync"}
    name, rest = (names[script], words) if script in names else (words[0], words[1:])
    parent = click.Context(cli.main, **cli.main.context_settings)  # click keeps the help option that it makes
    command = cli.main.get_command(parent, name)
    assert command
    command.make_context(name, rest, parent=parent)


def test_objects_that_commands_name_are_those_of_the_shipped_catalog() -> None:
    """Namespaces, models, roles, accounts, applications and Secrets."""
    catalog = shipped()
    text = "\n".join(COMMANDS)
    namespaces = {environment.namespace for environment in catalog.environments.values()}
    assert set(re.findall(r"-n ([a-z-]+)", text)) <= {*namespaces, "openshift-gitops"}
    served = {(one.name, str(one.namespace)): one for model in catalog.models for one in model.served}
    named = re.findall(r"deployment[/ ]([a-z-]+)-predictor", text)
    assert named
    assert set(named) <= {name for name, _ in served}
    granite = served["granite-embedding", "embeddings-prod"]
    assert granite.auth
    assert granite.exposed
    assert set(re.findall(r"secret[/ ](?:generic )?([a-z-]+)", text)) == {"embedding-models", "storage-config"}


def test_steps_are_numbered_once_each() -> None:
    """And what refers to a step refers to one that is there."""
    steps = [int(number) for number in re.findall(r"^\*\*([0-9]+)\. ", PAGE, re.MULTILINE)]
    assert steps == list(range(1, len(steps) + 1))
    assert {int(number) for number in re.findall(r"\bstep ([0-9]+)", PAGE)} <= set(steps)


def test_keys_are_in_the_environment_before_a_command_needs_them() -> None:
    """Those for S3, and the server waits for whoever asks it."""
    text = "\n".join(COMMANDS)
    loaded = text.index(". ./keys.env")
    assert loaded < text.index("aws s3 mb") < text.index("artifact-sync")
    assert "--endpoint-url" in text
    assert "--retry-connrefused" in next(line for line in COMMANDS if "localhost:8080" in line)


def test_git_ignores_the_keys() -> None:
    """As the page says."""
    git = shutil.which("git")
    assert git
    subprocess.run([git, "check-ignore", "--quiet", "keys.env"], cwd=ROOT, check=True, timeout=LONG_S)


def test_what_a_catalog_only_names_is_to_be_created() -> None:
    """All of it is in the table."""
    named = {"envValueFrom", "imagePullSecrets", "serviceAccountName", "queue", "hardwareProfile", "priorityClassName"}
    assert {name for name in named if f"\n| `{name}` | " in PAGE} == named


def test_every_application_that_became_manual_is_synced_by_hand(tmp_path: Path) -> None:
    """A promotion by Git also stops the Templates' application, which the environments of a cluster share."""
    [block] = [block for block in blocks("yaml") if "targetRevision" in block]
    data = yaml.safe_load(SYNCED)
    for name, entry in yaml.safe_load(block)["environments"].items():
        data["environments"][name].update(entry)
    root = project(tmp_path, yaml.safe_dump(data))
    assert run("generate", root=root).code == 0
    written = yaml.safe_load((root / "argocd/1-applicationset.yaml").read_text("utf-8"))
    elements = written["spec"]["generators"][0]["list"]["elements"]
    [synced] = [line.split()[3:] for line in COMMANDS if line.startswith("argocd app sync ")]
    assert synced == [one["name"] for one in elements if not one["automated"]]


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")
def test_rotation_keeps_what_makes_a_secret_a_connection(tmp_path: Path) -> None:
    """The page's own command, with a Secret on disk in place of the one on the cluster."""
    [command] = [line for line in COMMANDS if "| oc patch secret" in line]
    live: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "embedding-models", "labels": {"a": "b"}, "annotations": {"c": "d"}},
        "data": {"AWS_ACCESS_KEY_ID": "b2xk", "OTHER": "eA=="},
    }
    (tmp_path / "live.yaml").write_text(yaml.safe_dump(live), "utf-8")
    (tmp_path / "keys.env").write_text("AWS_ACCESS_KEY_ID=new\n", "utf-8")
    script = tmp_path / "oc"
    script.write_text(
        '#!/bin/sh\n[ "$1" = create ] && exec kubectl "$@"\n'
        '[ "$*" = "patch secret embedding-models -n embeddings-dev --patch-file=/dev/stdin" ] || exit 2\n'
        "exec kubectl patch --local -f live.yaml --patch-file=/dev/stdin -o yaml\n",
        "utf-8",
    )
    script.chmod(0o755)
    bash = shutil.which("bash")
    assert bash
    done = subprocess.run(
        [bash, "-o", "pipefail", "-c", command],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "KUBECONFIG": os.devnull},
        capture_output=True,
        text=True,
        check=True,
        timeout=LONG_S,
    )
    rotated = yaml.safe_load(done.stdout)
    assert rotated["metadata"] | live["metadata"] == rotated["metadata"]
    assert rotated["data"] == {"AWS_ACCESS_KEY_ID": "bmV3", "OTHER": "eA=="}


def test_files_that_are_applied_are_written(tmp_path: Path) -> None:
    """With Argo CD and without."""
    root = project(tmp_path, SYNCED)
    ran = run("generate", root=root)
    assert ran.code == 0, ran.stderr
    folders = re.findall(r"oc apply -f (\S+)", "\n".join(COMMANDS))
    assert {"argocd/", "argocd/rights/dev/", "rendered/dev/models/"} <= set(folders)
    assert [folder for folder in folders if not list((root / folder).glob("*.yaml"))] == []
    assert (root / "argocd/rights/dev/role-embeddings-dev.yaml").exists()


@pytest.mark.parametrize("block", blocks("yaml"))
def test_what_is_to_be_written_compiles(block: str, tmp_path: Path) -> None:
    """Each excerpt, in the shipped catalog in place of what it changes."""
    data, changes = yaml.safe_load(SYNCED), yaml.safe_load(block)
    for entry in changes.pop("models", ()):
        [present] = [model for model in data["models"] if model["name"] == entry["name"]]
        present.update({**entry, "overrides": {**present["overrides"], **entry["overrides"]}})
    for group, entries in changes.items():
        data[group] = {name: {**data[group][name], **entry} for name, entry in entries.items()}
    ran = run("generate", root=project(tmp_path, yaml.safe_dump(data)))
    assert ran.code == 0, ran.stderr


def test_links_lead_to_headings() -> None:
    """Those within the page."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", PAGE, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for oc, which writes down what it is asked."""
    log = tmp_path / "asked"
    script = tmp_path / "bin" / "oc"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\necho "$@" >> {log}\n', "utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent), prepend=":")
    return log


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ([], ["apply -k overlays/dev/platform"]),
        (["ENVIRONMENT=prod"], ["apply -k overlays/prod/platform"]),
        (["DRY_RUN=1"], ["kustomize overlays/dev/platform"]),
    ],
)
def test_templates_are_applied_by_make(words: list[str], asked: list[str], client: Path) -> None:
    """With oc, from the environment's overlay; a dry run applies nothing."""
    done = _make(*words)
    assert done.returncode == 0, done.stderr
    assert client.read_text("utf-8").splitlines() == asked
    assert ("would run: oc apply -k overlays/dev/platform" in done.stdout) == ("DRY_RUN=1" in words)


def test_make_says_which_environments_there_are(client: Path) -> None:
    """A typo applies nothing."""
    done = _make("ENVIRONMENT=staging")
    assert done.returncode == 2
    assert "overlays/staging/platform does not exist: set ENVIRONMENT to one of dev prod" in done.stderr
    assert not client.exists()


def _make(*words: str) -> subprocess.CompletedProcess[str]:
    make = shutil.which("make")
    assert make
    return subprocess.run(
        [make, "--no-print-directory", "deploy-rhoai-templates", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONG_S,
    )
