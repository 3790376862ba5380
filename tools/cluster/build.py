"""Builds the parts of a control plane from Go modules, each once: etcd, Kubernetes, and KServe's controller.

A program is built again when Go or its folder changes. Only finished programs are kept, not the caches of Go.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from vendor_schemas import KSERVE_MODULES, SOURCES, Module, module_folder

HERE: Final = Path(__file__).resolve().parent
TARGET: Final = HERE.parent.parent / ".tools" / "cluster"
PROGRAMS: Final = {
    "etcd": ("etcd", "go.etcd.io/etcd/server/v3"),
    "kube-apiserver": ("kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kube-controller-manager": ("kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    "kubectl": ("kubernetes", "k8s.io/kubernetes/cmd/kubectl"),
    "kserve-0.20.0": ("kserve-0.20.0", "."),
}
"""By name: the folder with its go.mod, since their versions of Kubernetes' libraries conflict, and the package."""


def main() -> None:
    """Build what is named, or everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs", nargs="*", choices=[[], *PROGRAMS], help="which (default: all)")
    for name in parser.parse_args().programs or PROGRAMS:
        _build(name, *PROGRAMS[name])
    _definitions()


def _build(name: str, folder: str, package: str) -> None:
    stamp, wanted = TARGET / f"{name}.stamp", _digest(HERE / folder, package)
    if (TARGET / name).exists() and stamp.exists() and stamp.read_text("utf-8") == wanted:
        return
    print(f"building {name} with Go", flush=True)
    began = time.monotonic()
    TARGET.mkdir(parents=True, exist_ok=True)
    command = [_go(), "build", "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o", str(TARGET / name), package]
    if subprocess.run(command, cwd=HERE / folder, env={**os.environ, "CGO_ENABLED": "0"}, check=False).returncode:
        sys.exit(f"{name} cannot be built")
    stamp.write_text(wanted, "utf-8")
    print(f"built {name} in {time.monotonic() - began:.0f} s", flush=True)


_BESIDE: Final = (
    "config/configmap/inferenceservice.yaml",
    "config/crd/full/serving.kserve.io_clusterservingruntimes.yaml",
    "config/crd/full/serving.kserve.io_inferencegraphs.yaml",
    "config/crd/full/serving.kserve.io_trainedmodels.yaml",
)
"""What KServe's controller also needs to start."""


def _definitions() -> None:
    """The CustomResourceDefinitions behind schemas/, from the same modules, a folder each."""
    wanted: dict[tuple[str, Module], list[str]] = {}
    for source in SOURCES:
        if not source.definition:
            wanted.setdefault((source.folder, source.module), []).append(source.file)
    for module in KSERVE_MODULES:
        wanted[f"kserve-{module.version[1:]}", module].extend(_BESIDE)
    with tempfile.TemporaryDirectory() as empty:
        for (folder, module), files in wanted.items():
            target = TARGET / "definitions" / folder
            if all((target / Path(file).name).exists() for file in files):
                continue
            target.mkdir(parents=True, exist_ok=True)
            where = module_folder(module, Path(empty))
            for file in files:
                shutil.copyfile(where / file, target / Path(file).name)


def _go() -> str:
    return shutil.which("go") or sys.exit("Go is not installed, and everything here is built with it")


def _digest(folder: Path, package: str) -> str:
    """What a program is made of."""
    version = subprocess.run([_go(), "version"], capture_output=True, check=True).stdout
    parts = [version, package.encode(), *(path.read_bytes() for path in sorted(folder.glob("*")) if path.is_file())]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


if __name__ == "__main__":
    main()
