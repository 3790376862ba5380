"""Where pods may run: the part of a predictor that the scheduler reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from generator.catalog.layers import with_defaults
from generator.catalog.model import ServedModel
from generator.kube.metadata import pod_labels

if TYPE_CHECKING:
    from generator.kube.objects.kubernetes import Placement

# Fields in the order of the API. KServe's webhook drops what is empty, since they are `omitempty`.
_TOLERATION: Final = ("key", "operator", "value", "effect", "tolerationSeconds")
_SPREAD: Final = (
    "maxSkew",
    "topologyKey",
    "whenUnsatisfiable",
    "minDomains",
    "nodeAffinityPolicy",
    "nodeTaintsPolicy",
)


def placement(served: ServedModel) -> Placement:
    """The fields of a predictor that are set. KServe copies them into the pod as they are.

    MergePodSpec in opendatahub-io/kserve pkg/controller/v1beta1/inferenceservice/utils/utils.go @ odh-v3.4.
    """
    fields = {
        "nodeSelector": dict(served.node_selector),
        "tolerations": [_ordered(toleration, _TOLERATION) for toleration in served.tolerations],
        "topologySpreadConstraints": [_spread(raw, served.name) for raw in served.topology_spread_constraints],
        "affinity": dict(_affinity(served)),
    }
    return cast("Placement", {key: value for key, value in fields.items() if value})


def _ordered(raw: Mapping[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    return {key: raw[key] for key in fields if raw.get(key, "") != ""}


def _spread(raw: Mapping[str, Any], name: str) -> dict[str, Any]:
    constraint = _ordered(with_defaults("TopologySpreadConstraint", raw), _SPREAD)
    return {**constraint, "labelSelector": {"matchLabels": pod_labels(name)}}


def _affinity(served: ServedModel) -> Iterator[tuple[str, Any]]:
    """The kinds of affinity that say something: of what an override has removed, an empty mapping may be left."""
    for kind in ("nodeAffinity", "podAffinity", "podAntiAffinity"):
        terms = served.affinity.get(kind) or {}
        if terms:
            yield kind, {key: _selecting(term, served.name) for key, term in terms.items()}


def _selecting(term: Any, name: str) -> Any:
    """A term in which pods are selected: without a selector it would match none, so it takes the model's own."""
    if isinstance(term, list):
        return [_selecting(item, name) for item in term]
    if "podAffinityTerm" in term:
        return {**term, "podAffinityTerm": _selecting(term["podAffinityTerm"], name)}
    return {"labelSelector": {"matchLabels": pod_labels(name)}, **term} if "topologyKey" in term else term
