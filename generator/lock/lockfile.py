"""`models.lock.yaml`: for each repository and commit, its files with size and digest, and its configuration."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from pydantic_core import SchemaValidator, ValidationError
from pydantic_core import core_schema as cs

from generator.catalog.contract.patterns import COMMIT, REPO, VERSION
from generator.catalog.model import Catalog
from generator.diagnostics import CatalogError, Diagnostic, Loc
from generator.display import shown
from generator.hub.files import ModelFile
from generator.vllm.model_config import Facts
from generator.vllm.serving import Derived, derive
from generator.vllm.versions import Version
from generator.vllm.versions import parse as parse_version
from generator.yaml import read as source
from generator.yaml.write import dump as dump_yaml

FILE: Final = "models.lock.yaml"
Key = tuple[str, str]
"""A repository and a commit."""

_HEADER: Final = "# Made by `generator lock`; DO NOT EDIT."
_VERSION: Final = 1
_SHA256: Final = "sha256"
_GIT: Final = "git-sha1"


class Locked(NamedTuple):
    """One repository at one commit, whole: which files are copied is decided later, by the profile.

    `vllm` holds the versions for which the lock says what they make of the model. That part is for readers, and is
    derived again whenever it matters.
    """

    repo: str
    commit: str
    files: tuple[ModelFile, ...]
    facts: Facts = Facts()
    vllm: tuple[Version, ...] = ()


class Lock(NamedTuple):
    """The lock file, by repository and commit."""

    repositories: Mapping[Key, Locked]


EMPTY: Final = Lock({})


def wanted(catalog: Catalog) -> dict[Key, set[Version]]:
    """What the catalog serves: repositories and commits, and the vLLM versions that serve them."""
    versions: dict[Key, set[Version]] = {}
    for served in catalog.forms():
        version = catalog.runtimes[served.runtime].vllm_version
        versions.setdefault((served.repo, served.commit), set()).add(version)
    return versions


def missing(lock: Lock, keys: Iterable[Key]) -> list[Key]:
    """What the lock lacks, sorted."""
    return sorted(key for key in keys if key not in lock.repositories)


def merge(lock: Lock, found: Iterable[Locked], versions: Mapping[Key, Collection[Version]]) -> Lock:
    """The lock for exactly these repositories and versions. What was locked stays as it was."""
    known = {**{(locked.repo, locked.commit): locked for locked in found}, **lock.repositories}
    return Lock({key: known[key]._replace(vllm=tuple(sorted(versions[key], key=str))) for key in sorted(versions)})


def dump(lock: Lock) -> str:
    """The lock file's text: the same lock, the same bytes, and one line per file."""
    entries = [_entry(lock.repositories[key]) for key in sorted(lock.repositories)]
    return dump_yaml({"version": _VERSION, "repositories": entries}, _HEADER)


def _entry(locked: Locked) -> dict[str, Any]:
    facts = locked.facts
    return {
        "repo": locked.repo,
        "commit": locked.commit,
        **({"license": facts.license} if facts.license is not None else {}),
        "gated": facts.gated,
        "vllm": {str(version): _summary(derive(facts, version)) for version in locked.vllm},
        "tensors": dict(sorted(facts.tensors.items())),
        "config": dict(sorted(facts.config.items())),
        "files": {file.path: _line(file) for file in sorted(locked.files)},
    }


def _summary(derived: Derived) -> dict[str, Any]:
    """What a reviewer wants to see of a model, as far as it is known."""
    limit = derived.limit
    said: dict[str, Any] = {
        "task": derived.task,
        "architecture": derived.architecture or None,
        "maxModelLen": limit and limit.tokens,
        "limitedBy": limit and str(limit),
        "dimensions": derived.dimensions,
        "pooling": derived.pooling,
        "normalize": derived.normalize if derived.task == "embedding" else None,
        "labels": derived.labels,
        "activation": derived.activation,
        "dtype": derived.dtype,
        "parameters": derived.parameters,
    }
    return {key: value for key, value in said.items() if value is not None}


def _line(file: ModelFile) -> str:
    return f"{_SHA256}:{file.sha256} {file.size}" if file.sha256 else f"{_GIT}:{file.git_sha1} {file.size}"


def parse(raw: bytes, path: str = FILE) -> Lock:
    """Read a lock file. Raises CatalogError, with places in it, when it is not what `generator lock` writes."""
    document = source.parse(raw, path)
    if document.problems:
        raise CatalogError(document.problems)
    try:
        data = _validator().validate_python(document.data)
    except ValidationError as error:
        wrong = [_diagnostic(document, details["loc"]) for details in error.errors(include_url=False)]
        raise CatalogError(tuple(sorted(set(wrong), key=lambda diagnostic: diagnostic.sort_key))) from None
    return Lock({(entry["repo"], entry["commit"]): _locked(entry) for entry in data["repositories"]})


def _diagnostic(document: source.Document, raw: Iterable[str | int]) -> Diagnostic:
    loc: Loc = tuple(part for part in raw if part != "[key]")
    message = f"{shown('.'.join(map(str, loc))) or 'the file'} is not what `generator lock` writes"
    return document.diagnostic(document.locate(loc), "invalid-lock", message, _REMEDY)


_REMEDY: Final = f"restore {FILE} from Git, or remove it and run `generator lock`"


def _locked(entry: Mapping[str, Any]) -> Locked:
    facts = Facts(entry.get("license"), entry["gated"], entry["tensors"], entry["config"])
    versions = tuple(parse_version(text) for text in entry["vllm"])
    return Locked(entry["repo"], entry["commit"], tuple(_files(entry["files"])), facts, versions)


def _files(lines: Mapping[str, str]) -> Iterator[ModelFile]:
    for path, line in lines.items():
        kind, _, rest = line.partition(":")
        digest, _, size = rest.partition(" ")
        sha256, git = (digest, None) if kind == _SHA256 else (None, digest)
        yield ModelFile(path, int(size), sha256, git)


def _validator() -> SchemaValidator:
    text = cs.str_schema(strict=True)
    line = cs.str_schema(strict=True, pattern=r"^(sha256:[0-9a-f]{64}|git-sha1:[0-9a-f]{40}) (0|[1-9][0-9]{0,17})$")
    version = cs.str_schema(strict=True, pattern=VERSION, max_length=64)
    fields = {
        "repo": cs.str_schema(strict=True, pattern=REPO),
        "commit": cs.str_schema(strict=True, pattern=COMMIT),
        "gated": cs.bool_schema(strict=True),
        "vllm": cs.dict_schema(version, cs.dict_schema(text, cs.any_schema(), strict=True), strict=True),
        "tensors": cs.dict_schema(text, cs.int_schema(strict=True, ge=0), strict=True),
        "config": cs.dict_schema(text, cs.any_schema(), strict=True),
        "files": cs.dict_schema(text, line, strict=True),
    }
    required = {name: cs.typed_dict_field(schema, required=True) for name, schema in fields.items()}
    entry = cs.typed_dict_schema(
        {**required, "license": cs.typed_dict_field(text, required=False)}, extra_behavior="forbid", strict=True
    )
    top = {"version": cs.literal_schema([_VERSION]), "repositories": cs.list_schema(entry, strict=True)}
    return SchemaValidator(
        cs.typed_dict_schema(
            {name: cs.typed_dict_field(schema, required=True) for name, schema in top.items()},
            extra_behavior="forbid",
            strict=True,
        )
    )
