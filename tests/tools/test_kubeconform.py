"""Every object passes kubeconform, strictly, against the schemas of the release that it is meant for."""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from helpers import CASES, MINIMAL, ROOT, compiled_case, project, run
from hypothesis import HealthCheck, assume, given, settings
from strategies import catalog_text, catalogs

from generator import programs
from generator.releases import TARGETS

pytestmark = pytest.mark.tool

MODULE = "github.com/yannh/kubeconform/cmd/kubeconform"


@pytest.mark.usefixtures("kubeconform")
@pytest.mark.parametrize("case", CASES)
def test_the_tree_of_a_golden_case_is_valid(case: str, tmp_path: Path) -> None:
    """Every object of the whole tree is checked, and valid."""
    assert_valid(compiled_case(case, tmp_path))


@pytest.mark.usefixtures("kubeconform")
@pytest.mark.parametrize("target", TARGETS)
def test_any_catalog_is_valid(target: str) -> None:
    """The objects of any catalog are valid for its target."""

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=catalogs(targets=(target,)))
    def holds(data: dict[str, object]) -> None:
        assume(not re.search("[\U00010000-\U0010ffff]", json.dumps(data["runtimes"], ensure_ascii=False)))
        with TemporaryDirectory() as folder:
            root = project(Path(folder), catalog_text(data))
            ran = run("generate", root=root)
            assert ran.code == 0, ran.stderr
            assert_valid(root)

    holds()


@pytest.mark.usefixtures("kubeconform")
def test_each_environment_is_checked_for_its_own_release(tmp_path: Path) -> None:
    """A field of KServe 0.20 is known where that runs, and nowhere else."""
    root = compiled_case("target-3.5-in-dev", tmp_path)
    assert run("check", root=root).stderr.endswith(" are valid for OpenShift AI 3.3 and 3.5\n")
    for environment in ("dev", "prod"):
        path = root / f"rendered/{environment}/models/inferenceservice-minilm.yaml"
        path.write_text(
            path.read_text("utf-8").replace("  predictor:\n", "  predictor:\n    hostnameOverride: a\n"), "utf-8"
        )
    ran = run("check", root=root)
    assert (ran.code, ran.stderr.count("[kubeconform]")) == (1, 1)
    assert "(rendered/prod/models/inferenceservice-minilm.yaml)" in ran.stderr


@pytest.mark.usefixtures("kubeconform")
def test_a_runtime_named_in_any_script_is_valid(tmp_path: Path) -> None:
    """The runtime inside a Template may hold any character."""
    root = project(tmp_path, MINIMAL.replace("vLLM Embedding Runtime", "vLLM 🙂"))
    assert run("generate", root=root).code == 0
    assert_valid(root)


@pytest.mark.usefixtures("kubeconform")
@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("models/inferenceservice-minilm.yaml", "  predictor:\n", "  predictor:\n    nodes: 1\n"),
        ("models/inferenceservice-minilm.yaml", "minReplicas: 1", "minReplicas: one"),
        ("models/servingruntime-minilm.yaml", "  multiModel: false", "  multiModel: 'no'"),
        ("platform/template-vllm-embedding.yaml", "    multiModel: false", "    multi: false"),
    ],
)
def test_an_object_edited_by_hand_is_invalid(tmp_path: Path, file: str, before: str, after: str) -> None:
    """The schemas are closed: an unknown field or a wrong type is found, also inside a Template."""
    root = project(tmp_path, MINIMAL)
    run("generate", root=root)
    path = root / "rendered" / "dev" / file
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")
    ran = run("check", root=root)
    assert ran.code == 1
    assert "[kubeconform]" in ran.stderr


@pytest.mark.usefixtures("kubeconform")
def test_a_missing_schema_is_not_called_a_bug(tmp_path: Path) -> None:
    """The message names the kind, the version and where schemas were looked for."""
    root = project(tmp_path)
    run("generate", root=root)
    asked = root / "rendered/dev/models/inferenceservice-minilm.yaml"
    asked.write_text(asked.read_text("utf-8").replace("serving.kserve.io/v1beta1", "serving.kserve.io/v1"), "utf-8")
    ran = run("check", root=root)
    assert ran.code == 1
    assert "no schema for InferenceService serving.kserve.io/v1 in kserve-0.15.2 or cluster" in ran.stderr
    assert "  hint: run `generate`, in case the file was edited by hand; if the error stays, install" in ran.stderr


@pytest.mark.usefixtures("kubeconform")
def test_a_schema_of_the_repository_wins(tmp_path: Path) -> None:
    """A cluster may have newer CRDs; the schemas that the repository lacks come with the tool."""
    root = project(tmp_path)
    run("generate", root=root)
    own = root / "schemas/kserve-0.15.2/serving.kserve.io/inferenceservice_v1beta1.json"
    own.parent.mkdir(parents=True)
    own.write_text('{"required": ["notes"]}', "utf-8")
    ran = run("check", root=root)
    assert ran.code == 1
    assert "[kubeconform]" in ran.stderr
    assert "notes" in ran.stderr
    assert "ServingRuntime" not in ran.stderr


@pytest.mark.parametrize(
    ("present", "hint"),
    [
        (("brew", "go"), "run `brew install kubeconform`"),
        (
            ("go",),
            f"run `go install {MODULE}@v0.8.0`, and put `$(go env GOPATH)/bin` on PATH",
        ),
        ((), "get it from https://github.com/yannh/kubeconform/releases/tag/v0.8.0, and put it on PATH"),
    ],
)
def test_without_kubeconform_one_line_says_how_to_get_it(
    present: tuple[str, ...], hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way depends on what this system has; the project's own folder is not searched for programs to run."""
    root = project(tmp_path)
    run("generate", root=root)
    folder = root / "programs"
    for program in (*(folder / name for name in present), root / ".tools/bin/kubeconform"):
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text("#!/bin/sh\nexit 1\n", "utf-8")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    ran = run("check", root=root)
    assert (ran.code, ran.stderr) == (2, f"error: kubeconform is not installed\n  hint: {hint}\n")


def test_the_version_in_the_hint_is_the_one_that_is_tested() -> None:
    """`make tools` builds what `go install` would."""
    [version] = re.findall(r"github.com/yannh/kubeconform (v\S+)", (ROOT / "tools/go.mod").read_text("utf-8"))
    hints = Path(programs.__file__).read_text("utf-8")
    assert re.findall(r"kubeconform[/@a-z]*?[@/](v[0-9.]+)", hints) == [version, version]


@pytest.mark.usefixtures("kubeconform")
def test_a_manifest_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    """Names in a file that was edited by hand are printed without their control characters."""
    root = project(tmp_path)
    run("generate", root=root)
    asked = root / "rendered/dev/models/inferenceservice-minilm.yaml"
    asked.write_text(asked.read_text("utf-8").replace("  name: minilm\n", '  name: "\\e[31m"\n', 1), "utf-8")
    ran = run("check", root=root)
    assert ran.code == 1
    assert "InferenceService \N{REPLACEMENT CHARACTER}[31m (" in ran.stderr
    assert "\x1b" not in ran.stderr


@pytest.mark.usefixtures("kubeconform")
def test_a_credential_in_an_edited_file_is_not_printed(tmp_path: Path) -> None:
    """A validator repeats names and values, and CI keeps its log."""
    root = project(tmp_path)
    assert run("generate", root=root).code == 0
    path = root / "rendered/dev/models/inferenceservice-minilm.yaml"
    token = "AKIA" + "IOSFODNN7EXAMPLE"
    path.write_text(path.read_text("utf-8").replace("name: minilm", f"name: {token}"), "utf-8")
    ran = run("check", root=root)
    assert ran.code == 1
    assert "[kubeconform]" in ran.stderr
    assert token not in ran.stderr


def assert_valid(root: Path) -> None:
    """`check` accepts a project, and reports every object of it as checked."""
    synced = [path for folder in ("rendered", "argocd") for path in (root / folder).rglob("*.yaml")]
    inner = [path for path in synced if path.name.startswith("template-")]
    ran = run("check", root=root)
    assert ran.code == 0, ran.stderr
    runtimes = f"{len(inner)} runtime{'s' * (len(inner) != 1)} inside Templates"
    assert ran.stderr.startswith(f"{len(synced)} objects, and the {runtimes}, are valid for OpenShift AI ")
