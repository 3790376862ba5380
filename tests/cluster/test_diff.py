"""`generator diff` against a real API server, with KServe's webhooks behind it."""

import json
from pathlib import Path

import pytest
import yaml
from helpers import MINIMAL, Ran, run

from cluster.conftest import PROGRAMS, Cluster
from cluster.deployed import apply, compiled, deployments


@pytest.fixture
def project(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """The smallest catalog in a namespace of the test's own, and kubectl with its kubeconfig."""
    monkeypatch.setenv("KUBECONFIG", str(cluster.plane.kubeconfig))
    monkeypatch.setenv("PATH", f"{PROGRAMS}:/usr/bin:/bin")
    data = yaml.safe_load(MINIMAL)
    data["environments"]["dev"]["namespace"] = f"diff-{abs(hash(request.node.nodeid)) % 10**8}"
    return compiled(tmp_path, yaml.safe_dump(data, sort_keys=False), cluster.release)


def namespace(root: Path) -> str:
    """The namespace of the models."""
    return str(yaml.safe_load((root / "models.yaml").read_text("utf-8"))["environments"]["dev"]["namespace"])


def diff(root: Path, *options: str) -> Ran:
    """Compare `dev`."""
    return run("diff", "--env", "dev", *options, root=root)


def test_a_namespace_that_does_not_exist_is_all_new_and_hides_nothing(cluster: Cluster, project: Path) -> None:
    """Its objects would be created; those of the dashboard's namespace are compared all the same."""
    cluster.plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "redhat-ods-applications"}})
    ran = diff(project)
    assert ran.code == 1, ran.stderr
    lines = ran.stdout.splitlines()
    assert f"namespace {namespace(project)} does not exist" in lines
    assert f"would be created: InferenceService {namespace(project)}/minilm" in lines
    assert "would be created: Template redhat-ods-applications/vllm-embedding" in lines


def test_after_an_apply_there_is_no_difference(cluster: Cluster, project: Path) -> None:
    """By kubectl, or by Argo CD's server-side apply under its own name."""
    apply(cluster.plane, project)
    deployments(cluster.plane, namespace(project), {"minilm"})
    assert diff(project).code == 0
    folder = project / "rendered/dev/models"
    cluster.plane.kubectl(
        "apply", "--server-side", "--force-conflicts", "--field-manager=argocd-controller", f"--filename={folder}"
    )
    ran = diff(project)
    assert (ran.code, ran.stdout) == (0, "dev: 3 unchanged\n")


def test_a_change_by_hand_is_shown_and_an_object_without_an_entry_would_be_pruned(
    cluster: Cluster, project: Path
) -> None:
    """The objects that KServe made of the model are its own."""
    apply(cluster.plane, project)
    deployments(cluster.plane, namespace(project), {"minilm"})
    patch = json.dumps({"spec": {"predictor": {"minReplicas": 2, "maxReplicas": 2}}})
    cluster.plane.kubectl(
        "patch", "inferenceservice", "minilm", f"--namespace={namespace(project)}", "--type=merge", f"--patch={patch}"
    )
    runtime = yaml.safe_load((project / "rendered/dev/models/servingruntime-minilm.yaml").read_text("utf-8"))
    runtime["metadata"]["name"] = "left-over"
    cluster.plane.apply(runtime)
    ran = diff(project, "--output", "json")
    told = json.loads(ran.stdout)
    assert ran.code == 1
    states = {f"{item['kind']}/{item['name']}": item["state"] for item in told["objects"]}
    assert states == {
        "InferenceService/minilm": "changed",
        "ServingRuntime/minilm": "unchanged",
        "ServingRuntime/left-over": "pruned",
        "Template/vllm-embedding": "unchanged",
    }
    [changed] = [item for item in told["objects"] if item["state"] == "changed"]
    assert "-    minReplicas: 2" in changed["difference"]


def test_without_rights_it_says_so_and_exits_2(
    cluster: Cluster, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the API server's words."""
    apply(cluster.plane, project)
    monkeypatch.setenv("KUBECONFIG", str(cluster.plane.as_user("nobody")))
    ran = diff(project)
    assert ran.code == 2
    assert "forbidden" in ran.stderr.lower()


def test_an_unreachable_cluster_exits_2(project: Path, nobody: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not 1, which says that there are differences."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "clusters": [{"name": "it", "cluster": {"server": nobody}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": ""}}],
    }
    path = project / "kubeconfig"
    path.write_text(yaml.safe_dump(config), "utf-8")
    monkeypatch.setenv("KUBECONFIG", str(path))
    ran = diff(project)
    assert (ran.code, ran.stdout) == (2, "")
    assert "refused" in ran.stderr
