"""The files of a new repository, by path, from templates."""

import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

from generator import templates
from generator.compiler import OWNED_FOLDERS
from generator.editor import SCHEMA
from generator.lock import lockfile
from generator.pages import PAGES
from generator.releases import TARGETS
from generator.requirement import PACKAGE, installed
from generator.tree import FileTree
from generator.yaml.write import scalar

CATALOG: Final = "models.yaml"
PLACEHOLDER: Final = "{version}"
DEFAULT_PACKAGE: Final = f"{PACKAGE}=={PLACEHOLDER}"
SPEC: Final = r"^[A-Za-z0-9]([A-Za-z0-9._~:/@=+%#&-]|\{version\}){0,499}$"
"""A requirement of pip without spaces: nothing in it acts in a shell, in YAML, or as an expression of a forge."""
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


class Setup(NamedTuple):
    """What the machine-made files depend on; `.generator.yaml` keeps it for the next upgrade.

    `package` is what pip installs, in which `{version}` stands for the generator's version.
    """

    forge: str
    package: str = DEFAULT_PACKAGE

    @property
    def requirement(self) -> str:
        """What pip installs of this version."""
        return self.package.replace(PLACEHOLDER, installed())

    @property
    def from_an_index(self) -> bool:
        """Whether pip asks a package index for it, and not an address."""
        return "/" not in self.package


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


def machine_made(setup: Setup) -> FileTree:
    """Every other file, by path: what `generator init --upgrade` brings up to date."""
    values = {
        "catalog": CATALOG,
        "folders": OWNED_FOLDERS,
        "from_an_index": setup.from_an_index,
        "lock": lockfile.FILE,
        "pages": PAGES,
        "requirement": setup.requirement,
        "schema": SCHEMA,
    }
    sources = {**_COMMON, **_OF_FORGE[setup.forge]}
    filters: dict[str, Callable[[str], str]] = {"shell": shlex.quote, "yaml": scalar}
    texts = {path: templates.render(_TEMPLATES / source, filters, **values) for path, source in sources.items()}
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


def missing_lines(root: Path, made: FileTree, kept: Iterable[str]) -> dict[str, list[str]]:
    """By path, the lines that a file of Git's that was kept should have, too."""
    found = {}
    for path in sorted(_OF_LINES.intersection(kept)):
        there = (root / path).read_bytes().splitlines() if (root / path).is_file() else []
        wanted = [line for line in made[path].splitlines() if not line.startswith(b"#")]
        found[path] = [line.decode() for line in wanted if line not in there]
    return found


_OF_LINES: Final = frozenset({".gitattributes", ".gitignore"})


def _there(path: Path) -> bool:
    return path.is_symlink() or path.exists()
