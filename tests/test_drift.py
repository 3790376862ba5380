"""How a cluster differs from what is rendered: what counts as a difference, and how it is shown."""

import json
from typing import Any

import pytest

from generator.cluster.drift import Drifted, Sides, drifted, pruned
from generator.kube.identity import Identity
from generator.report import drifts
from generator.report.drifts import ClusterDiff


def model(**spec: Any) -> dict[str, Any]:
    """An InferenceService as the API server has it."""
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "m", "namespace": "team", "annotations": {"a": "1"}},
        "spec": {"minReplicas": 1, **spec},
    }


def noisy(obj: dict[str, Any]) -> dict[str, Any]:
    """The same with what the cluster, Argo CD and kubectl add."""
    notes = {"argocd.argoproj.io/tracking-id": "x", "kubectl.kubernetes.io/last-applied-configuration": "{}"}
    metadata = {**obj["metadata"], "generation": 7, "uid": "u", "resourceVersion": "9", "creationTimestamp": "t"}
    metadata["annotations"] = {**obj["metadata"].get("annotations", {}), **notes}
    return {**obj, "metadata": metadata, "status": {"conditions": []}}


@pytest.mark.parametrize(
    ("live", "state"), [(None, "created"), (model(), "unchanged"), (model(minReplicas=2), "changed")]
)
def test_an_object_is_created_unchanged_or_changed(live: dict[str, Any] | None, state: str) -> None:
    """Whatever the cluster keeps for itself is no difference."""
    [found] = drifted([Sides(live and noisy(live), model())])
    assert found.state == state


def test_an_object_whose_only_annotations_are_notes_has_none() -> None:
    """As it is rendered."""
    bare = model()
    del bare["metadata"]["annotations"]
    [found] = drifted([Sides(noisy(bare), bare)])
    assert found.state == "unchanged"


def test_what_carries_our_label_and_is_rendered_nowhere_would_be_pruned() -> None:
    """Not what another object owns, nor what another environment renders into the same namespace."""
    owned = model()
    owned["metadata"] = {**owned["metadata"], "name": "owned", "ownerReferences": [{"kind": "InferenceService"}]}
    other = model()
    other["metadata"] = {**other["metadata"], "name": "other"}
    found = [*pruned([model(), owned, other], [Identity("InferenceService", "team", "other")])]
    assert [(item.state, item.named.name) for item in found] == [("pruned", "m")]


def example() -> ClusterDiff:
    """One object of each state, and a namespace that does not exist."""
    objects = [*drifted([Sides(model(minReplicas=2), model())])]
    for name, live in (("new", None), ("same", model())):
        merged = model()
        merged["metadata"] = {**merged["metadata"], "name": name}
        objects += drifted([Sides(live and merged, merged)])
    gone = Drifted("pruned", Identity("ServingRuntime", "team", "gone"), {}, None)
    return ClusterDiff("prod", (*objects, gone), ("elsewhere",))


def test_the_text_begins_with_a_summary() -> None:
    """Then come the objects, and of a changed one its lines."""
    lines = [*drifts.text(example())]
    assert lines[:5] == [
        "prod: 1 would be created, 1 would be changed, 1 would be pruned, 1 unchanged",
        "namespace elsewhere does not exist",
        "would be created: InferenceService team/new",
        "would be changed: InferenceService team/m",
        "--- cluster",
    ]
    assert "-  minReplicas: 2" in lines
    assert "+  minReplicas: 1" in lines
    assert lines[-1] == "would be pruned: ServingRuntime team/gone"


def test_no_value_that_looks_like_a_credential_is_shown() -> None:
    """Somebody may have put one there by hand."""
    live = model(env=[{"name": "HF_TOKEN", "value": "hf_abcdefghijklmnopqrstuvwxyz012345"}])
    [found] = drifted([Sides(live, model())])
    shown = "\n".join(drifts.text(ClusterDiff("prod", (found,), ())))
    assert "hf_abc" not in shown


def test_backticks_in_a_manifest_do_not_end_the_fence_in_markdown() -> None:
    """The fence is longer than any run of them."""
    [found] = drifted([Sides(model(note="````"), model())])
    lines = drifts.markdown(ClusterDiff("prod", (found,), ())).splitlines()
    assert "`````diff" in lines


def test_the_json_has_every_object() -> None:
    """With its state, and the difference of a changed one."""
    told = json.loads(drifts.as_json(example()))
    assert told["differs"]
    assert [(item["name"], item["state"]) for item in told["objects"]] == [
        ("m", "changed"),
        ("new", "created"),
        ("same", "unchanged"),
        ("gone", "pruned"),
    ]
