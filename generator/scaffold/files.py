"""The files of a new repository, by path, from templates."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from generator import templates
from generator.compiler import OWNED_FOLDERS
from generator.editor import SCHEMA
from generator.lock import lockfile
from generator.pages import CATALOG_PAGE
from generator.releases import TARGETS
from generator.requirement import PACKAGE, installed
from generator.tree import FileTree
from generator.yaml.write import scalar

CATALOG: Final = "models.yaml"
NEWEST: Final = list(TARGETS)[-1]
NAMESPACE_PREFIX: Final = "models-"
"""Before an environment's name: its namespace."""
_TEMPLATES: Final = Path(__file__).with_name("templates")
_COMMON: Final = {
    ".gitattributes": "gitattributes.j2",
    ".gitignore": "gitignore.j2",
    ".pre-commit-config.yaml": "pre-commit-config.yaml.j2",
    "README.md": "README.md.j2",
    "renovate.json": "renovate.json.j2",
}
_OF_FORGE: Final = {
    "github": {".github/CODEOWNERS": "CODEOWNERS.j2", ".github/workflows/models.yaml": "github.yaml.j2"},
    "gitlab": {".gitlab/CODEOWNERS": "CODEOWNERS.j2", ".gitlab-ci.yml": "gitlab-ci.yml.j2"},
    "tekton": {"CODEOWNERS": "CODEOWNERS.j2", ".tekton/models.yaml": "tekton.yaml.j2"},
}
FORGES: Final = tuple(_OF_FORGE)
_ELSEWHERE: Final = {
    "CODEOWNERS": ("CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS"),
    "renovate.json": ("renovate.json5", ".github/renovate.json", ".github/renovate.json5", ".renovaterc"),
}
"""Where else the programs look for the file of this name, and find one instead of the other.

docs.github.com "About code owners", docs.gitlab.com "Code Owners", and renovatebot/renovate
docs/usage/configuration-options.md.
"""


class Options(NamedTuple):
    """What a new catalog begins with."""

    target: str
    environments: tuple[str, ...]
    argocd: str | None
    endpoint: str
    bucket: str


def catalog(options: Options) -> bytes:
    """The text of a new `models.yaml`."""
    values = {
        **options._asdict(),
        "prefix": NAMESPACE_PREFIX,
        "release": TARGETS[options.target],
        "schema": SCHEMA,
        "version": installed(),
    }
    text = templates.render(_TEMPLATES / "models.yaml.j2", {"yaml": scalar}, **values)
    return text.encode()


def machine_made(forge: str) -> FileTree:
    """Every other file, by path: what `generator init --upgrade` brings up to date."""
    values = {
        "catalog": CATALOG,
        "package": PACKAGE,
        "folders": OWNED_FOLDERS,
        "forge": forge,
        "lock": lockfile.FILE,
        "page": CATALOG_PAGE,
        "schema": SCHEMA,
        "version": installed(),
    }
    sources = {**_COMMON, **_OF_FORGE[forge]}
    texts = {path: templates.render(_TEMPLATES / source, {}, **values) for path, source in sources.items()}
    return {path: text.encode() for path, text in sorted(texts.items())}


def kept(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """The paths at which nothing is written, because something is there or would be hidden, and why."""
    found = {}
    for path in paths:
        elsewhere = _ELSEWHERE.get(Path(path).name, ())
        if _there(root / path):
            found[path] = "it exists, and stays as it is"
        elif other := next((other for other in elsewhere if _there(root / other)), None):
            found[path] = f"{other} exists"
    return found


def _there(path: Path) -> bool:
    return path.is_symlink() or path.exists()
