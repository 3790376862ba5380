"""Isolation, the tools, and `--update-golden`."""

import gc
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
pytest_plugins = ["fakes.fixtures", "installed"]

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", settings.get_profile("any machine"), max_examples=100_000)
settings.load_profile("any machine")
_TOOLS = ROOT / ".tools" / "bin"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that rewrites expected files, which CI refuses, and the length of the soak test."""
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden, tests/errors and tests/lock")
    parser.addoption("--kills", type=int, default=50, help="how often a sync is killed (`make soak`: 500)")
    parser.addoption("--rounds", type=int, default=20, help="how many races are run on Ceph; elsewhere a quarter of it")


@pytest.fixture(scope="session")
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether expected files are rewritten instead of compared."""
    update = bool(request.config.getoption("--update-golden"))
    if update and os.environ.get("CI"):
        pytest.fail("--update-golden is refused in CI")
    return update


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Hide the user's home, credentials, colors and terminal, and restore garbage collection."""
    gc.enable()
    for name in list(os.environ):
        if name.startswith(("AWS_", "HF_", "KUBE")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture(scope="session")
def tool() -> Callable[[str], Path]:
    """Find a real tool; without it the test skips on a laptop and fails in CI."""

    def find(name: str) -> Path:
        own = _TOOLS / name
        found = str(own) if own.exists() else shutil.which(name)
        return Path(found) if found else _missing(f"{name} is not installed: run `make tools`")

    return find


@pytest.fixture
def kubeconform(tool: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Put kubeconform on PATH, where `check` looks for it."""
    monkeypatch.setenv("PATH", str(tool("kubeconform").parent), prepend=":")


@pytest.fixture(scope="session")
def yaml_language_server() -> Path:
    """The script that node runs, as `make tools` installs it; found or missing like any tool."""
    script = _TOOLS.parent / "editor/node_modules/yaml-language-server/bin/yaml-language-server"
    return script if script.exists() else _missing("the YAML language server is not installed: run `make tools`")


@pytest.fixture(scope="session")
def browser_modules() -> Path:
    """The node modules that drive a browser, as `make tools` installs them; found or missing like any tool."""
    modules = _TOOLS.parent / "browser/node_modules"
    return modules if modules.exists() else _missing("playwright-core is not installed: run `make tools`")


@pytest.fixture(scope="session")
def minio_binary() -> Path:
    """MinIO, as `make tools-s3` builds it; found or missing like any tool."""
    binary = _TOOLS / "minio"
    return binary if binary.exists() else _missing("MinIO is not built: run `make tools-s3`")


@pytest.fixture(scope="session")
def ceph_root() -> Path:
    """The folder into which `make tools-s3` unpacks Ceph's packages."""
    root = ROOT / ".tools/ceph/root"
    return root if root.with_name(".ready").exists() else _missing("Ceph is not unpacked: run `make tools-s3`")


def _missing(message: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
