"""The installed package: all of it is inside, and it is not large."""

import re
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import MINIMAL, ROOT, SHIPPED, files, project
from installed import Installed

MOST_BYTES = 150_000_000
COMMANDS = ("artifact-sync", "generate", "generator")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_are_there(command: str, installed: Installed, tmp_path: Path) -> None:
    """Each says which version it is."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    ran = installed.run(command, "--version", root=tmp_path)
    assert (ran.code, ran.stdout) == (0, f"{command}, version {version}\n")


@pytest.mark.tool
def test_a_repository_with_only_a_catalog_is_compiled_and_checked(
    installed: Installed, tool: Callable[[str], Path], tmp_path: Path
) -> None:
    """Schemas and templates come with the package, and what is generated is what a clone generates."""
    root = project(tmp_path, SHIPPED)
    ran = installed.run("generate", root=root)
    assert ran.code == 0, ran.stderr
    assert (root / "rendered/prod").is_dir()
    for name, content in files(root, without=["models.yaml"]).items():
        assert (ROOT / name).read_bytes() == content
    path = f"{tool('kubeconform').parent}:{installed.environ['PATH']}"
    ran = installed.run("generator", "check", root=root, PATH=path)
    assert ran.code == 0, ran.stderr
    assert re.match(r"\d+ objects, and the \d+ runtimes inside Templates, are valid for OpenShift AI", ran.stderr)


def test_the_schema_that_the_modeline_names_comes_from_the_package(installed: Installed) -> None:
    """Editors find it beside the sample."""
    names = re.findall(r"\$schema[=:] ?(\S+)", SHIPPED)
    assert set(names) == {"schemas/models.schema.json"}
    ran = installed.run("generator", "schema", "--with-names", root=ROOT)
    assert (ran.code, ran.stdout) == (0, (ROOT / names[0]).read_text("utf-8"))


def test_a_sync_starts(installed: Installed, tmp_path: Path) -> None:
    """Everything that a sync imports is there: it fails for want of credentials, not of a module."""
    ran = installed.run("artifact-sync", "--dry-run", root=project(tmp_path, MINIMAL))
    assert ran.code == 2, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "AWS_ACCESS_KEY_ID" in ran.stderr


def test_the_package_and_what_it_needs_are_not_large(installed: Installed) -> None:
    """With pip and compiled modules. The largest are botocore, libcurl and its TLS inside pycurl, and hf-xet."""
    [packages] = installed.bin.parent.glob("lib/python*/site-packages")
    size = sum(path.stat().st_size for path in packages.rglob("*") if path.is_file())
    assert size < MOST_BYTES


def test_nothing_but_the_package_is_in_the_wheel(wheel: Path) -> None:
    """A wheel with top-level `tests` or `tools` would overwrite those of others."""
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"generator", "rhoai_model_gitops"}
    assert {name for name in files(ROOT / "generator") if "__pycache__" not in name} == {
        name.removeprefix("generator/") for name in names if name.startswith("generator/")
    }


def test_pinned_versions_are_those_of_the_developers() -> None:
    """`make lock` writes all files at once: what is tested is what is installed."""
    developers, users, builders = (pins(ROOT / f"requirements/{name}.txt") for name in ("dev", "run", "build"))
    assert users | builders <= developers
    assert not {name for name, _ in users} & {"hatchling", "mypy", "pytest", "ruff"}


def pins(path: Path) -> set[tuple[str, str]]:
    """Names and versions in a file of requirements."""
    return set(re.findall(r"^([\w.-]+)==([^ ]+)", path.read_text("utf-8"), re.MULTILINE))
