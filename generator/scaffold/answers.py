"""`.generator.yaml`: which version made the files of a repository, for which forge, and what it wrote."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from pydantic_core import SchemaValidator, ValidationError
from pydantic_core import core_schema as cs

from generator.catalog.contract.patterns import VERSION
from generator.diagnostics import CatalogError, GeneratorError
from generator.scaffold.files import DEFAULT_PACKAGE, FORGES, SPEC, Setup
from generator.yaml import read as source
from generator.yaml.write import dump as dump_yaml

FILE: Final = ".generator.yaml"
_HEADER: Final = "# Made by `generator init`, which reads it to bring these files up to date; DO NOT EDIT."
_VERSION: Final = 1
_BLOB: Final = r"^([0-9a-f]{40}|[0-9a-f]{64})$"


class Answers(NamedTuple):
    """`files` holds, by path, the Git blob id of what was written: SHA-1, or SHA-256 in repositories that use it."""

    generator: str
    forge: str
    package: str
    files: Mapping[str, str]

    @property
    def setup(self) -> Setup:
        """What the files are made from."""
        return Setup(self.forge, self.package)


def dump(answers: Answers) -> bytes:
    """The file's text."""
    files = dict(sorted(answers.files.items()))
    return dump_yaml({"version": _VERSION, **answers._asdict(), "files": files}, _HEADER).encode()


def parse(raw: bytes, path: str) -> Answers:
    """Read the file. Raises GeneratorError, with the place in it, when it is not what `dump` writes."""
    document = source.parse(raw, path)
    if document.problems:
        raise CatalogError(document.problems)
    try:
        data = _validator().validate_python(document.data)
    except ValidationError as error:
        loc = tuple(part for part in error.errors(include_url=False)[0]["loc"] if part != "[key]")
        line, column = document.locate(loc)
        message = f"{path}:{line}:{column}: not what `generator init` writes"
        raise GeneratorError(message, hint=f"restore {FILE} from Git") from None
    return Answers(data["generator"], data["forge"], data.get("package", DEFAULT_PACKAGE), data["files"])


def _validator() -> SchemaValidator:
    fields: dict[str, Any] = {
        "version": cs.literal_schema([_VERSION]),
        "generator": cs.str_schema(strict=True, pattern=VERSION, max_length=64),
        "forge": cs.literal_schema(list(FORGES)),
        "package": cs.str_schema(strict=True, pattern=SPEC),
        "files": cs.dict_schema(cs.str_schema(strict=True), cs.str_schema(strict=True, pattern=_BLOB), strict=True),
    }
    optional = {"package"}  # earlier files have none
    known = {name: cs.typed_dict_field(schema, required=name not in optional) for name, schema in fields.items()}
    return SchemaValidator(cs.typed_dict_schema(known, extra_behavior="forbid", strict=True))
