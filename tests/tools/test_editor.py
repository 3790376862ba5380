"""What editors make of the schema: asked of the real YAML language server, about every field of the contract."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
import yaml
from helpers import MINIMAL, ROOT, SHIPPED, project, run
from language_server import LanguageServer
from pydantic import TypeAdapter, ValidationError

from generator.catalog.contract import json_schema
from generator.catalog.contract.catalog import Catalog
from generator.catalog.contract.fields import Described, bare, fields, outline
from generator.catalog.contract.outline import Block, Choice, List, Map, Node

pytestmark = pytest.mark.tool

MODELINE = "# yaml-language-server: $schema=schemas/models.schema.json\n"
SCHEMA = json.loads(json_schema.json_schema())
CONTRACT = TypeAdapter(Catalog)
UNIT = re.compile("tokens|seconds|numbers|pods|replicas|GPUs|accelerators|requests|version|domains|from 1 to 100")
CURSOR = "‸"
NAMING = {"runtime": "vllm-embedding", "connection": "s3", "class": "large", "deployTo": "dev", "overrides": "dev"}
"""The fields that name something of the catalog, and what of NAMED each can name."""
NAMED = f'{MINIMAL}classes:\n  large: {{resources: {{cpu: "4"}}}}\n'


@pytest.fixture(scope="module")
def editor(
    tool: Callable[[str], Path], yaml_language_server: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LanguageServer]:
    """The server in a repository with nothing in it but the schema, where the modeline says it is."""
    folder = tmp_path_factory.mktemp("catalog")
    (folder / "schemas").mkdir()
    (folder / "schemas/models.schema.json").write_text(json_schema.json_schema(), "utf-8")
    with LanguageServer(tool("node"), yaml_language_server, folder) as server:
        yield server


class Field(NamedTuple):
    """A field of the contract at one of its places, such as ("models", 0, "overrides", "dev", "replicas")."""

    path: tuple[str | int, ...]
    described: Described
    shape: Node


def _fields(block: Any, path: tuple[str | int, ...] = ()) -> Iterator[Field]:
    for field in fields(block):
        here, shape = (*path, field.name), outline(field.hint)
        yield Field(here, field, shape)
        inner, below = _within(field.hint, here)
        if inner:
            yield from _fields(inner, below)


def _within(hint: Any, path: tuple[str | int, ...]) -> tuple[Any, tuple[str | int, ...]]:
    """The block that a value is, or holds under a name or in a list, and its place."""
    plain, shape = bare(hint), outline(hint)
    if isinstance(shape, Block):
        return plain, path
    inner = bare(plain.__args__[-1]) if isinstance(shape, Map | List) else None
    if isinstance(shape, Map | List) and isinstance(outline(inner), Block):
        return inner, (*path, "dev" if isinstance(shape, Map) else 0)
    return None, path


FIELDS = list(_fields(Catalog))
PLACES = pytest.mark.parametrize("field", FIELDS, ids=lambda field: ".".join(map(str, field.path)))


def _nest(path: tuple[str | int, ...], value: Any) -> Any:
    for depth, part in reversed(list(enumerate(path))):
        if part != 0:
            value = {part: value}
        else:
            value = [{**_first(path[: depth + 1], value), **value} if isinstance(value, dict) else value]
    return value


def _first(path: tuple[str | int, ...], value: dict[str | int, Any]) -> dict[str | int, Any]:
    """What an entry of a list begins with, if a block must not: the server indents wrongly what follows a dash."""
    fields_here = [field for field in FIELDS if field.path[:-1] == path]
    [shape] = [field.shape for field in fields_here if field.path[-1] in value]
    plain = (
        field for field in fields_here if field.shape is None and not isinstance(field.described.examples[0], dict)
    )
    first = next(plain, None)
    if path == ("models", 0) and "name" not in value:
        return {"name": "a"}
    return {first.path[-1]: first.described.examples[0]} if first and isinstance(shape, Block | Map) else {}


class _Dumper(yaml.SafeDumper):
    """Indents lists, as people do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - PyYAML's signature
        super().increase_indent(flow, indentless=False)


def _document(path: tuple[str | int, ...], value: Any) -> str:
    """A catalog with nothing in it but one field."""
    return MODELINE + yaml.dump(_nest(path, value), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)


def _at(text: str) -> tuple[str, tuple[int, int]]:
    """A text without its cursor, and where that was."""
    before, _, after = text.partition(CURSOR)
    return before + after, (before.count("\n"), len(before.rpartition("\n")[2]))


def _offered(editor: LanguageServer, text: str) -> list[dict[str, Any]]:
    text, place = _at(text)
    return editor.open(text).completions(place)


def _accepted(text: str, item: dict[str, Any]) -> Any:
    """The document as an editor leaves it when a completion is accepted, and every place to type is left alone."""
    text, (line, _) = _at(text)
    lines = text.split("\n")
    edit = item["textEdit"]
    start, end = edit["range"]["start"], edit["range"]["end"]
    assert start["line"] == end["line"] == line
    indent = re.match(" *", lines[line])
    assert indent
    new = re.sub(r"\$\{\d+:((?:\\.|[^}\\])*)\}|\$\{?\d+\}?", lambda stop: stop[1] or "", edit["newText"])
    new = re.sub(r"\\([$}\\])", r"\1", new).replace("\n", "\n" + indent[0]).replace("commit", "a" * 40)
    lines[line] = lines[line][: start["character"]] + new + lines[line][end["character"] :]
    return yaml.safe_load("\n".join(lines))


def _faults(data: Any) -> list[str]:
    """What the schema has against the data, other than what is not there yet."""
    return [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(data) if _is_fault(error)]


def _is_fault(error: jsonschema.ValidationError) -> bool:
    if error.validator == "anyOf":
        alternatives: dict[Any, list[bool]] = {}
        for part in error.context or ():
            alternatives.setdefault(part.schema_path[0], []).append(_is_fault(part))
        return all(any(faults) for faults in alternatives.values())
    return error.validator != "required" and error.instance is not None


def _empty(path: tuple[str | int, ...]) -> str:
    """The same with the cursor where the field's value goes."""
    return _document(path, CURSOR).replace(f"'{CURSOR}'", CURSOR)


def test_the_shipped_catalog_finds_its_schema(tool: Callable[[str], Path], yaml_language_server: Path) -> None:
    """Its first line says where, and the editor marks nothing in it."""
    with LanguageServer(tool("node"), yaml_language_server, ROOT) as server:
        opened = server.open(SHIPPED)
        line = SHIPPED.split("\n").index("models:")
        assert "The models to serve." in opened.hover((line, 1))
        assert not opened.problems()


def test_a_snippet_writes_a_whole_model(editor: LanguageServer) -> None:
    """Below `models:` as well as after a dash; all that it leaves open is the commit."""
    head = MODELINE + MINIMAL.partition("models:\n")[0]
    for text in (f"{head}models: {CURSOR}\n", f"{head}models:\n  {CURSOR}\n", f"{head}models:\n  - {CURSOR}\n"):
        items = [item for item in _offered(editor, text) if item["label"] == "embedding model"]
        assert len(items) == 1, text
        data = _accepted(text, items[0])
        assert not list(jsonschema.Draft7Validator(SCHEMA).iter_errors(data)), text
        assert data["models"][0].keys() == {"name", "source", "task", "maxModelLen", "dimensions"}


@PLACES
def test_a_hover_says_what_a_field_means(editor: LanguageServer, field: Field) -> None:
    """Its sentence, what it defaults to or when it is needed, its choices, and an example as one would write it."""
    example = field.described.examples[0]
    text = _document(field.path, example)
    line, column = _key(text, field.path)
    shown = editor.open(text).hover((line, column + 1))
    plain = re.sub(r"\\([`*_{}\[\]#+!])", r"\1", shown)
    assert field.described.description in plain
    if not field.described.required:
        assert re.search(r"Default: .+\.\n|Required .+\.\n", plain)
    if type(field.described.examples[0]) is int:
        assert UNIT.search(plain)
    if isinstance(field.shape, Choice):
        assert all(word in shown for word in field.shape.values)
    blocks = re.findall(r"Example:\n\n```yaml\n(.+?)```", shown, re.DOTALL)
    assert [yaml.safe_load(block) for block in blocks] == list(field.described.examples)


def _key(text: str, path: tuple[str | int, ...]) -> tuple[int, int]:
    node, mark = yaml.compose(text), None
    for part in path:
        if isinstance(node, yaml.SequenceNode):
            node = node.value[0]
        else:
            assert isinstance(node, yaml.MappingNode)
            [(key, node)] = [pair for pair in node.value if pair[0].value == part]
            mark = key.start_mark
    assert mark
    return mark.line, mark.column


@PLACES
def test_what_is_offered_as_a_value_can_be_accepted(editor: LanguageServer, field: Field) -> None:
    """Every choice and no other word, never null, and nothing that is then marked."""
    text = _empty(field.path)
    items = _offered(editor, text)
    labels = {item["label"] for item in items}
    if isinstance(field.shape, Choice):
        assert {yaml.safe_load(label) for label in labels} == set(field.shape.values)
    elif bare(field.described.hint) is bool:
        assert labels == {"true", "false"}
    else:
        assert items or isinstance(field.shape, Block | Map) or field.path[-1] in NAMING
    for item in items:
        assert item["label"] not in ("null", "[object Object]")
        data = _accepted(text, item)
        assert not _faults(data), item
        assert not _is_empty(data, field.path), item


def _is_empty(data: Any, path: tuple[str | int, ...]) -> bool:
    for part in path:
        data = data[part]
    return data in (None, "", [], {})


def _blocks() -> dict[tuple[str | int, ...], set[str]]:
    found: dict[tuple[str | int, ...], set[str]] = {}
    for field in FIELDS:
        found.setdefault(field.path[:-1], set()).add(str(field.path[-1]))
    return found


BLOCKS = _blocks()


@pytest.mark.parametrize("path", BLOCKS, ids=lambda path: ".".join(map(str, path)) or "top")
def test_every_field_is_offered_and_can_be_accepted(editor: LanguageServer, path: tuple[str | int, ...]) -> None:
    """What is written for a field is no more than the field, and nothing that is then marked."""
    present = {"name"} if path[-1:] == (0,) and path[0] == "models" and len(path) == 2 else set()
    text = MODELINE + CURSOR if not path else _empty(path)
    if present:
        text = text.replace(CURSOR, f"name: a\n    {CURSOR}")
    elif path and path[-1] != 0:
        text = text.replace(CURSOR, "\n" + "  " * len(path) + CURSOR)
    items = _offered(editor, text)
    # Within a model, the server indents a whole one as if the line began with its dash.
    offered = {item["label"]: item for item in items if not (present and item["label"].endswith(" model"))}
    assert BLOCKS[path] - present <= offered.keys()
    for name, item in offered.items():
        data = _accepted(text, item)
        assert not _faults(data), item
        for part in path:
            data = data[part]
        assert name not in BLOCKS[path] or data.keys() - present == {name}, item


@pytest.mark.parametrize(
    "layer", ["models:\n  - name: a\n    ", "defaults:\n  ", "defaults:\n  overrides:\n    dev:\n      "]
)
def test_the_catalog_s_own_names_are_offered(
    layer: str, tool: Callable[[str], Path], yaml_language_server: Path, tmp_path: Path
) -> None:
    """In every layer, and nothing beside them; another name is marked in words."""
    root = project(tmp_path, NAMED)
    (root / "schemas").mkdir()
    (root / "schemas/models.schema.json").write_text(run("schema", "--with-names", root=root).stdout, "utf-8")
    with LanguageServer(tool("node"), yaml_language_server, root) as server:
        for field, name in NAMING.items():
            if layer.count("\n") > 2 and field in ("deployTo", "overrides"):
                continue  # not in an override
            below = "\n" + " " * (len(layer.rpartition("\n")[2]) + 2)
            places = {"deployTo": f"{below}- ", "overrides": below}
            text = f"{MODELINE}{layer}{field}:{places.get(field, ' ')}{CURSOR}"
            items = _offered(server, text)
            assert [item["label"] for item in items] == [name], field
            wrong = text.replace(CURSOR, "wrong:" if field == "overrides" else "wrong")
            said = f"This must be one of {name}; `generate` updates this list."
            assert said in server.open(wrong).problems(), field


def test_null_is_marked_only_where_it_removes_nothing(editor: LanguageServer) -> None:
    """The editor agrees with the contract."""
    texts = {field.path: _document(field.path, None) for field in FIELDS}
    opened = {path: editor.open(text) for path, text in texts.items()}
    for path, text in texts.items():
        with pytest.raises(ValidationError) as refused:
            CONTRACT.validate_python(yaml.safe_load(text))
        marked = [problem for problem in opened[path].problems() if not problem.startswith("Missing property")]
        assert bool(marked) == any(error["loc"] == path for error in refused.value.errors()), path


def test_what_is_wrong_is_said_in_words(editor: LanguageServer) -> None:
    """A text that no pattern takes is marked at every field, and no expression is shown."""
    patterned = {
        field.path: field for field in FIELDS if field.shape is None and isinstance(field.described.examples[0], str)
    }
    opened = {path: editor.open(_document(path, "\t")) for path in patterned}
    for path, document in opened.items():
        marked = [problem for problem in document.problems() if not problem.startswith("Missing property")]
        assert any(re.fullmatch(r"This must be .+[^.]\.", problem) for problem in marked), (path, marked)
        assert not any(re.search(r"[\^$\\]", problem) for problem in marked), (path, marked)
