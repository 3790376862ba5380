"""Argo CD's applications: what each syncs, from which revision, and to where."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from generator.catalog.model import ArgoCD, Catalog, Environment
from generator.diagnostics import Loc

_OUTSIDE: Final = re.compile(r"[^a-z0-9]+")


class Application(NamedTuple):
    """One application. `named_at` is the entry that its name is made from."""

    name: str
    environment: str
    part: str
    cluster: str
    namespace: str
    revision: str
    automated: bool
    named_at: Loc


def applications(catalog: Catalog, argocd: ArgoCD) -> Iterator[Application]:
    """One per environment for its models, and one per cluster for the dashboard's Templates."""
    clusters: dict[str, list[Environment]] = {}
    for environment in catalog.environments.values():
        clusters.setdefault(environment.cluster, []).append(environment)
        yield Application(
            name=f"{argocd.project}-{environment.name}-models",
            environment=environment.name,
            part="models",
            cluster=environment.cluster,
            namespace=environment.namespace,
            revision=environment.argocd.target_revision or argocd.target_revision,
            automated=_automated(environment),
            named_at=("environments", environment.name),
        )
    for cluster, environments in sorted(clusters.items()):
        yield _templates(catalog, argocd, cluster, environments)


def _templates(catalog: Catalog, argocd: ArgoCD, cluster: str, environments: list[Environment]) -> Application:
    """The Templates of a cluster, which all its environments share: they follow what these agree on."""
    first = environments[0]
    revisions = {environment.argocd.target_revision or argocd.target_revision for environment in environments}
    set_there = "cluster" in catalog.data["environments"][first.name]
    return Application(
        name=f"{argocd.project}-{_OUTSIDE.sub('-', cluster.lower()).strip('-')}-platform",
        environment=first.name,
        part="platform",
        cluster=cluster,
        namespace=first.dashboard_namespace,
        revision=revisions.pop() if len(revisions) == 1 else argocd.target_revision,
        automated=all(map(_automated, environments)),
        named_at=("environments", first.name, *(("cluster",) if set_there else ())),
    )


def _automated(environment: Environment) -> bool:
    return environment.argocd.sync == "automatic"
