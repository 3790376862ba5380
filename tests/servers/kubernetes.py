"""A real control plane without nodes: etcd, the API server, the controller manager, and KServe's controller."""

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

import trustme
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fakes import LONG_S

from .daemon import Daemon
from .s3 import free_port

_TICK_S: Final = 0.1
_COMMAND_S: Final = 120.0


class ControlPlane:
    """etcd, kube-apiserver and kube-controller-manager on the loopback, with RBAC. There is no kubelet: no pod runs.

    `programs` is the folder that `make tools-cluster` fills.
    """

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.folder = programs, folder
        self.address = f"127.0.0.1:{free_port()}"
        self._authority = trustme.CA()
        self._daemons: list[Daemon] = []

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End everything, the last first."""
        while self._daemons:
            self._daemons.pop().stop()

    @property
    def ca(self) -> bytes:
        """The certificate that signs everything, as PEM."""
        return self._authority.cert_pem.bytes()

    def _start(self) -> None:
        self._keys()
        etcd, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self.run(
            "etcd",
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={etcd}",
            f"--advertise-client-urls={etcd}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        )
        host, _, port = self.address.partition(":")
        self.run(
            "kube-apiserver",
            f"--etcd-servers={etcd}",
            f"--bind-address={host}",
            f"--advertise-address={host}",
            f"--secure-port={port}",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--authorization-mode=RBAC",
            f"--client-ca-file={self.folder / 'ca.pem'}",
            f"--tls-cert-file={self.folder / 'apiserver.pem'}",
            f"--tls-private-key-file={self.folder / 'apiserver.key'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self.folder / 'accounts.pub'}",
            f"--service-account-signing-key-file={self.folder / 'accounts.key'}",
            "--endpoint-reconciler-type=none",
        )
        self.wait("the API server", lambda: self.kubectl("get", "--raw=/readyz", ok=(0, 1)).returncode == 0)
        manager = self._kubeconfig("manager", "system:kube-controller-manager")
        self.run(
            "kube-controller-manager",
            f"--kubeconfig={manager}",
            f"--bind-address={host}",
            f"--secure-port={free_port()}",
            "--leader-elect=false",
            "--use-service-account-credentials=true",
            f"--service-account-private-key-file={self.folder / 'accounts.key'}",
            f"--root-ca-file={self.folder / 'ca.pem'}",
        )
        account = ("get", "serviceaccount", "default", "--namespace=default")
        self.wait("the controller manager", lambda: self.kubectl(*account, ok=(0, 1)).returncode == 0)

    def _keys(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "ca.pem").write_bytes(self.ca)
        self.certificate("apiserver", "127.0.0.1", "localhost", "kubernetes.default.svc")
        key = ec.generate_private_key(ec.SECP256R1())
        private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        public = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        (self.folder / "accounts.key").write_bytes(key.private_bytes(*private))
        (self.folder / "accounts.pub").write_bytes(key.public_key().public_bytes(*public))
        self.kubeconfig = self._kubeconfig("admin", "admin", "system:masters")

    def certificate(self, name: str, *identities: str, user: str | None = None, group: str | None = None) -> None:
        """Issue `<name>.pem` and `<name>.key`."""
        issued = self._authority.issue_cert(*identities, common_name=user, organization_name=group)
        issued.private_key_pem.write_to_path(str(self.folder / f"{name}.key"))
        (self.folder / f"{name}.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))

    def _kubeconfig(self, name: str, user: str, group: str | None = None) -> Path:
        """A kubeconfig for a user who is known by a certificate."""
        self.certificate(name, f"{name}.invalid", user=user, group=group)
        cluster = {"server": f"https://{self.address}", "certificate-authority": str(self.folder / "ca.pem")}
        login = {
            "client-certificate": str(self.folder / f"{name}.pem"),
            "client-key": str(self.folder / f"{name}.key"),
        }
        path = self.folder / f"{name}.kubeconfig"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "it",
            "clusters": [{"name": "it", "cluster": cluster}],
            "users": [{"name": "it", "user": login}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        }
        path.write_text(yaml.safe_dump(config), "utf-8")
        return path

    def as_user(self, name: str) -> Path:
        """A kubeconfig for a user without any right but those bound to `name`."""
        return self._kubeconfig(f"user-{name}", name)

    def run(self, program: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Daemon:
        """Start one of the programs; it ends with the control plane."""
        command = [str(self.programs / program), *arguments]
        home = {"HOME": str(self.folder), "KUBECONFIG": str(self.folder / "admin.kubeconfig")}
        daemon = Daemon(command, self.folder / f"{program}.log", {**home, **(environment or {})})
        self._daemons.append(daemon)
        return daemon

    def wait(self, what: str, there: Any, within_s: float = LONG_S) -> None:
        """Wait until `there()` is true. Fails with the logs' ends."""
        until = time.monotonic() + within_s
        while not there():
            ended = [daemon for daemon in self._daemons if not daemon.runs]
            if ended or time.monotonic() > until:
                words = "\n".join(f"{daemon.name}: {daemon.last_words}" for daemon in ended or self._daemons)
                raise AssertionError(f"{what} is not there after {within_s:g} s\n{words}")
            time.sleep(_TICK_S)

    def kubectl(
        self, *arguments: str, stdin: str | None = None, ok: Sequence[int] = (0,), kubeconfig: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run kubectl as the administrator, or as somebody else."""
        done = subprocess.run(
            [str(self.programs / "kubectl"), f"--kubeconfig={kubeconfig or self.kubeconfig}", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=_COMMAND_S,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
        )
        assert done.returncode in ok, f"kubectl {' '.join(arguments)}: {done.stderr}{done.stdout}"
        return done

    def get(self, *arguments: str) -> Any:
        """What `kubectl get … --output json` answers."""
        return json.loads(self.kubectl("get", *arguments, "--output=json").stdout)

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Apply objects that are no files."""
        self.kubectl("apply", "--server-side", "--filename=-", stdin=yaml.safe_dump_all(objects))

    def define(self, *files: Path) -> None:
        """Install CustomResourceDefinitions, and wait until they are served."""
        self.kubectl("apply", "--server-side", *(f"--filename={file}" for file in files))
        self.wait("every type", self._established)

    def _established(self) -> bool:
        return all(
            any(
                condition["type"] == "Established" for condition in definition.get("status", {}).get("conditions") or ()
            )
            for definition in self.get("customresourcedefinitions")["items"]
        )
