"""What a sync may use: bounded memory whatever the size, and no disk at all."""

import os
import resource
from pathlib import Path

import pytest
from standins.hub import StandInHub
from standins.repos import Sparse
from standins.s3 import S3
from syncing import MIB, Scene

pytestmark = pytest.mark.s3

GIB = 1 << 30
MOST_KIB = 200 * 1024


def _no_file() -> None:
    """Any write to a file now ends the process; pipes and sockets are free."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def test_a_large_file_needs_little_memory_and_no_disk(stand_in_hub: StandInHub, versitygw: S3, tmp_path: Path) -> None:
    """A file of 1 GiB passes through at most 200 MiB, in a process that can write no file and has no place for one."""
    scene = Scene(tmp_path / "project", stand_in_hub, versitygw)
    scene.add("m", {"config.json": b"{}", "model.safetensors": Sparse(GIB + 7 * MIB, 3)})
    scene.environ |= {"TMPDIR": str(tmp_path / "nowhere"), "HF_HOME": str(tmp_path / "nowhere")}
    process = scene.start(preexec_fn=_no_file)
    _, status, usage = os.wait4(process.pid, 0)
    assert process.stdout is not None
    assert process.stderr is not None
    said = process.stdout.read() + process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said
    assert usage.ru_maxrss <= MOST_KIB
    assert usage.ru_oublock == 0
    scene.expect()
