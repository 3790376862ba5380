"""Edits of `models.yaml` that keep every other byte: ruamel.yaml gives the positions, the text is edited there."""

import re
from collections.abc import Mapping
from typing import Any, Final

from generator.catalog.contract.patterns import NAME
from generator.catalog.layers import lay
from generator.catalog.model import Catalog
from generator.commits import short
from generator.diagnostics import GeneratorError, Loc
from generator.hub.files import is_weights
from generator.lock.lockfile import Locked
from generator.vllm.serving import Derived, derive
from generator.yaml import read as source
from generator.yaml.read import Document
from generator.yaml.write import dump

_BLOCK: Final = "write `models` as a block list, with one `- name: …` per model"
_UNLIMITED: Final = 2048
"""What vLLM takes for the length of a model whose configuration has none: default_max_len in
vllm-project/vllm vllm/config/model.py @ v0.18.0.
"""
_NAME = re.compile(NAME)
_DASH = re.compile(r"( *)-(?= |$)")
_INDENT: Final = 2
_NO_MODELS = re.compile(r"""(?P<key>["']?models["']?:)(?: +(?P<value>\[ *\]|null|~))?(?P<comment>\s*(?: #.*)?)""")
_OUTSIDE = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME: Final = 30
_GIB: Final = 1 << 30
_OVERHEAD_GIB: Final = 4
_LEAST_GIB: Final = 8


def name_of(repo: str) -> str:
    """A model's name from its repository's: `BAAI/bge-base-en-v1.5` → `bge-base-en-v1-5`."""
    words = _OUTSIDE.sub("-", repo.rpartition("/")[2].lower()).strip("-")
    name = words if words[:1].isalpha() else f"m-{words}"
    return name[:_LONGEST_NAME].rstrip("-")


def entry(name: str, locked: Locked, catalog: Catalog) -> dict[str, Any]:
    """A model's entry, made from its repository. Raises GeneratorError when too little is known."""
    if not _NAME.fullmatch(name):
        raise GeneratorError(f"'{name}' is not a valid model name", hint="set --name NAME, with a-z, 0-9 and '-'")
    if any(model.get("name") == name for model in catalog.data["models"]):
        raise GeneratorError(f"the name '{name}' is already used", hint="choose another with --name")
    derived = _derived(locked, catalog)
    found: dict[str, Any] = {
        "name": name,
        "displayName": locked.repo.rpartition("/")[2],
        "source": {"repo": locked.repo, "revision": locked.commit},
        "task": derived.task,
        "maxModelLen": derived.limit.tokens if derived.limit else _UNLIMITED,
    }
    if derived.task == "embedding":
        if derived.dimensions is None:
            raise GeneratorError(f"{locked.repo} does not state the dimensions of its vectors", hint=_BY_HAND)
        found["dimensions"] = derived.dimensions
    return found | _resources(locked, catalog)


_BY_HAND: Final = "add the model to models.yaml by hand"


def _derived(locked: Locked, catalog: Catalog) -> Derived:
    """How the strictest runtime of its task would serve it."""
    task = derive(locked.facts, catalog.target.vllm).task
    if task not in ("embedding", "reranker"):
        architecture = derive(locked.facts, catalog.target.vllm).architecture or "no architecture"
        message = f"{locked.repo} ({architecture}) is not by itself an embedding model or a reranker"
        raise GeneratorError(message, hint=f"{_BY_HAND}, with the arguments from its model card")
    serving = [runtime for runtime in catalog.runtimes.values() if runtime.task == task]
    versions = [(runtime.vllm_version, runtime.args) for runtime in serving] or [(catalog.target.vllm, ())]
    found = [derive(locked.facts, version, args) for version, args in versions]
    return min(found, key=lambda derived: derived.limit.tokens if derived.limit else _UNLIMITED)


def _resources(locked: Locked, catalog: Catalog) -> dict[str, Any]:
    """CPU and memory, when the defaults, with their class, do not give them."""
    below: Any = catalog.data.get("defaults") or {}
    chosen: Any = catalog.data.get("classes", {}).get(below.get("class"), {})
    defaults = lay(below, chosen).get("resources") or {}
    weights = sum(file.size for file in locked.files if is_weights(file.path))
    memory = max(_LEAST_GIB, _OVERHEAD_GIB - (-weights // _GIB))
    wanted = {"cpu": "2", "memory": f"{memory}Gi"}
    missing = {key: value for key, value in wanted.items() if defaults.get(key) is None}
    return {"resources": missing} if missing else {}


def append(text: str, model: Mapping[str, Any]) -> str:
    """The catalog's text with one more model at its end. Raises GeneratorError when it is not written as a list."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(end)
    loaded = _loaded(text)
    models, spaced = loaded["models"], False
    if not models:
        row, indent = _opened(lines, loaded.lc.key("models")), _INDENT
        at = _end(lines, row, 0)
    elif models.fa.flow_style():
        raise GeneratorError("the list `models` is in brackets", hint=_BLOCK)
    else:
        starts = [_dash(lines, *models.lc.item(index)) for index in range(len(models))]
        row, indent = starts[-1]
        at = _end(lines, row, indent)
        spaced = len(starts) > 1 and not lines[_above_comments(lines, row) - 1].strip()
    block = [" " * indent + line for line in dump({"models": [model]}).splitlines()[1:]]
    if lines[at:] == []:
        lines.append("")
    edited = end.join([*lines[:at], *([""] if spaced else []), *block, *lines[at:]])
    _assert_only(text, edited, (*_data(text)["models"], model))
    return edited


def with_list(document: Document) -> str:
    """The catalog's text with an empty list where `models:` has no value."""
    data, lines = document.data, document.text.split("\n")
    if document.problems or not isinstance(data, dict) or data.get("models", ()) is not None:
        return document.text
    row, column = document.locate(("models",), key=True)
    if column == 1 and (found := _NO_MODELS.fullmatch(lines[row - 1])):
        lines[row - 1] = f"{found['key']} []{found['comment']}"
    return "\n".join(lines)


def _opened(lines: list[str], place: tuple[int, int]) -> int:
    """The row of the key `models`, once its empty list is gone."""
    row, column = place
    found = _NO_MODELS.fullmatch(lines[row])
    if column or not (found and found["value"]):
        raise GeneratorError("the list `models` is in brackets", hint=_BLOCK)
    lines[row] = f"{found['key']}{found['comment']}"
    return row


def _dash(lines: list[str], row: int, column: int) -> tuple[int, int]:
    """Row and column of the dash before an item."""
    while row >= 0:
        if (found := _DASH.match(lines[row])) and len(found[1]) < max(column, 1):
            return row, len(found[1])
        row -= 1
    raise GeneratorError("the list `models` cannot be extended in its present form", hint=_BLOCK)


def _above_comments(lines: list[str], row: int) -> int:
    while row > 1 and lines[row - 1].lstrip().startswith("#"):
        row -= 1
    return row


def _end(lines: list[str], row: int, indent: int) -> int:
    """The row behind an item: behind its last line, and the comments that belong to the list."""
    last = row
    for number in range(row + 1, len(lines)):
        line = lines[number]
        depth = len(line) - len(line.lstrip(" "))
        if not line.strip():
            continue
        if line.lstrip().startswith("#"):
            last = number if depth >= max(indent, 1) else last
        elif depth > indent:
            last = number
        else:
            break
    return last + 1


def repin(text: str, loc: Loc, commit: str, to: str) -> str:
    """The catalog's text with another commit at `loc`."""
    node = _loaded(text)
    for part in loc[:-1]:
        node = node[part]
    row, column = node.lc.value(loc[-1])
    lines = text.split("\n")
    head, tail = lines[row][:column], lines[row][column:]
    if commit not in tail[: len(commit) + 1]:
        raise GeneratorError(f"the revision {short(commit)} cannot be edited in its present form")
    lines[row] = head + tail.replace(commit, to, 1)
    edited = "\n".join(lines)
    if _data(edited) != _replaced(_data(text), loc, to):
        raise GeneratorError(_MISREAD, hint="edit it by hand")
    return edited


def _replaced(data: Any, loc: Loc, value: str) -> Any:
    node = data
    for part in loc[:-1]:
        node = node[part]
    node[loc[-1]] = value
    return data


def _assert_only(text: str, edited: str, models: tuple[Any, ...]) -> None:
    before = _data(text)
    if _data(edited) != {**before, "models": list(models)}:
        block = dump({"models": [models[-1]]}).splitlines()[1:]
        message = "models.yaml cannot be extended in its present form"
        raise GeneratorError(message, hint="add this:", details=block)


_MISREAD: Final = "the edited models.yaml would not read back as intended"


def _data(text: str) -> Any:
    document = source.parse(text.encode(), "models.yaml")
    if document.problems:
        raise GeneratorError(_MISREAD, hint="edit it by hand")
    return document.data


def _loaded(text: str) -> Any:
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow to import, and only edits need it

    return YAML(typ="rt").load(text)
