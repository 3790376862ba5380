"""The resources of a sync: bounded memory for any size, and no disk."""

import re
import resource
import time
from pathlib import Path

import pytest
from fakes.hub import FakeHub
from fakes.repos import Sparse
from scene import MIB, Scene
from servers.s3 import S3

pytestmark = pytest.mark.s3

GIB = 1 << 30
MOST_KIB = 200 * 1024


def _no_file() -> None:
    """Any write to a file now ends the process; pipes and sockets are allowed."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _peak_kib(pid: int) -> int:
    """The peak memory of a process since its start; rusage would include its parent's."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii")
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+([0-9]+) kB", status)
    return int(found[1]) if found else 0


def test_a_large_file_needs_little_memory_and_no_disk(fake_hub: FakeHub, versitygw: S3, tmp_path: Path) -> None:
    """A file of 1 GiB needs at most 200 MiB, in a process that cannot write files."""
    scene = Scene(tmp_path / "project", fake_hub, versitygw)
    scene.add("m", {"config.json": b"{}", "model.safetensors": Sparse(GIB + 7 * MIB, 3)})
    scene.environ |= {"TMPDIR": str(tmp_path / "nowhere"), "HF_HOME": str(tmp_path / "nowhere")}
    process = scene.start(preexec_fn=_no_file)
    peak_kib = 0
    while process.poll() is None:
        peak_kib = max(peak_kib, _peak_kib(process.pid))
        time.sleep(0.01)
    ran = scene.finish(process)
    assert ran.code == 0, ran.stderr
    assert 0 < peak_kib <= MOST_KIB
    scene.expect()
