"""A real Ceph from packages that were unpacked, not installed: a monitor, an OSD, and its S3 gateway."""

import json
import os
import shutil
import subprocess
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self

from fakes.tls import Tls

from .daemon import Daemon
from .remote import RemoteS3
from .s3 import Server, free_port

_COMMAND = 120.0
_COLLECT = 120.0
_CONFIG = """\
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{port}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
keyring = {folder}/keyring
admin socket =
run dir = {folder}
crash dir = {folder}
plugin dir = {libraries}/ceph
erasure code dir = {libraries}/ceph/erasure-code
osd class dir = {libraries}/rados-classes
mon data = {folder}/mon
mon data avail crit = 1
mon allow pool size one = true
paxos propose interval = 0.05
paxos min wait = 0.01
osd data = {folder}/osd
osd objectstore = bluestore
bluestore block size = 17179869184
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
rgw data = {folder}
rgw rados pool pg num min = 8
rgw gc max objs = 4
rgw gc obj min wait = 3
rgw gc processor period = 3
rgw gc processor max time = 3
"""
"""One copy of everything, few placement groups, a monitor that decides at once, and garbage that is soon collected."""


class Cluster:
    """A monitor and an OSD, with one user of S3. The OSD's disk is a sparse file."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self._folder = folder
        self._libraries = next(root.glob("usr/lib/*-linux-gnu"))
        self._daemons: list[Daemon] = []
        try:
            self._start_monitor()
            self._start_osd()
            self.secret_key = uuid.uuid4().hex
            access = ["--access-key", Server.access_key, "--secret-key", self.secret_key]
            self.run("radosgw-admin", "user", "create", "--uid=root", "--display-name=root", *access)
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End the processes and free the disk; only logs stay."""
        for daemon in reversed(self._daemons):
            daemon.kill()
        for name in ("mon", "osd"):
            shutil.rmtree(self._folder / name, ignore_errors=True)

    @property
    def environment(self) -> dict[str, str]:
        """What every program of Ceph needs to find its libraries and this cluster."""
        libraries = [*self._root.glob("lib/*-linux-gnu"), self._libraries, self._libraries / "ceph"]
        return {
            "LD_LIBRARY_PATH": os.pathsep.join(map(str, libraries)),
            "PYTHONPATH": str(self._root / "usr/lib/python3/dist-packages"),
            "CEPH_CONF": str(self._folder / "ceph.conf"),
            "HOME": str(self._folder),
        }

    def program(self, name: str) -> Path:
        """Where a program is."""
        return self._root / "usr/bin" / name

    def run(self, name: str, *arguments: str) -> str:
        """Run a program to its end and return its output. Raises RuntimeError with all logs if it fails or hangs."""
        try:
            ran = subprocess.run(
                [str(self.program(name)), *arguments],
                env={"PATH": os.environ["PATH"], **self.environment},
                cwd=self._folder,
                capture_output=True,
                text=True,
                timeout=_COMMAND,
                check=True,
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            said = [f"{daemon.name}: {daemon.last_words}" for daemon in self._daemons]
            raise RuntimeError("\n".join([str(error), str(error.stderr)[-2000:], *said])) from error
        return ran.stdout

    def collect(self) -> None:
        """Collect all garbage now: an object whose parts were discarded is lost from here on."""
        deadline = time.monotonic() + _COLLECT
        while json.loads(self.run("radosgw-admin", "gc", "list", "--include-all")):
            if time.monotonic() > deadline:
                raise RuntimeError("there is still garbage")
            self.run("radosgw-admin", "gc", "process", "--include-all")

    def _start_monitor(self) -> None:
        fsid, port, keyring = str(uuid.uuid4()), free_port(), "keyring"
        words = {"fsid": fsid, "port": port, "folder": self._folder, "libraries": self._libraries}
        (self._folder / "ceph.conf").write_text(_CONFIG.format(**words))
        rights = {"mon.": ("mon",), "osd.0": ("mon", "osd"), "client.admin": ("mon", "osd")}
        for name, services in rights.items():
            caps = [word for service in services for word in ("--cap", service, "allow *")]
            create = [] if (self._folder / keyring).exists() else ["--create-keyring"]
            self.run("ceph-authtool", keyring, *create, "--gen-key", "-n", name, *caps)
        self.run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v2:127.0.0.1:{port}]", "monmap")
        self.run("ceph-mon", "--mkfs", "-i", "a", "--monmap", "monmap", "--keyring", keyring)
        self._start("ceph-mon", "a")

    def _start_osd(self) -> None:
        identity = str(uuid.uuid4())
        self.run("ceph", "osd", "new", identity)
        (self._folder / "osd").mkdir()
        self.run("ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", identity)
        self._start("ceph-osd", "0")

    def _start(self, name: str, identity: str) -> None:
        """Clients of such a daemon wait until it is ready."""
        command = [str(self.program(name)), "-d", "-i", identity]
        self._daemons.append(Daemon(command, self._folder / f"{name}.log", self.environment))


class RadosGateway(Server):
    """Ceph's S3 gateway, which removes an aborted upload only some time later."""

    kind = RemoteS3

    def __init__(self, cluster: Cluster, folder: Path, tls: Tls | None = None) -> None:
        self.cluster = cluster
        super().__init__(cluster.program("radosgw"), folder, tls, cluster.secret_key)

    def arguments(self) -> list[str]:
        """Its log goes where that of every server goes."""
        listen = f"endpoint=127.0.0.1:{self.port}"
        if self.tls:
            listen = f"ssl_{listen} ssl_certificate={self.tls.cert} ssl_private_key={self.tls.key}"
        return ["-d", "--name", "client.admin", "--rgw-frontends", f"beast {listen}"]

    def environment(self) -> dict[str, str]:
        """That of its cluster."""
        return self.cluster.environment

    def stop(self) -> None:
        """Stop it at once: it has nothing to save."""
        self.daemon.kill()
