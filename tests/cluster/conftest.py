"""A cluster for each release of OpenShift AI whose KServe differs: a control plane and KServe's own controller."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from helpers import ROOT
from servers import kserve
from servers.kubernetes import ControlPlane

from generator.releases import TARGETS

PROGRAMS: Final = ROOT / ".tools" / "cluster"
RELEASES: Final = ("3.5",)
"""Those whose KServe is built: a folder of tools/cluster each."""


class Cluster(NamedTuple):
    """A release, and the cluster that runs its KServe."""

    release: str
    plane: ControlPlane


@pytest.fixture(scope="session", params=RELEASES)
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Started once for all tests of a release."""
    release = str(request.param)
    with ControlPlane(PROGRAMS, tmp_path_factory.mktemp("cluster")) as plane:
        definitions = PROGRAMS / "definitions" / "cluster"
        plane.define(Path(__file__).with_name("stand-ins.yaml"), *sorted(definitions.glob("*.yaml")))
        kserve.start(plane, TARGETS[release].kserve)
        yield Cluster(release, plane)
