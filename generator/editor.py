"""The JSON Schema of models.yaml for editors: as it comes with this tool, or with a catalog's own names as choices."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from generator.compiler import MARK
from generator.credentials import redact
from generator.display import visible

SCHEMA: Final = "schemas/models.schema.json"
"""Where a repository has it: the first line of models.yaml says so to editors."""
_CONTRACT: Final = Path(__file__).with_name("catalog") / "contract"
_PLACE: Final = re.compile(r'"x-names": "([a-z]+)"(?:,\s*"doNotSuggest": true)?')
"""Where contract/json_schema.py leaves room for names; a key is offered only once there are some."""
_LONGEST: Final = 256
_ABOUT: Final = ("displayName", "namespace")
"""What says more about a runtime, a connection or an environment than its name."""


def schema() -> str:
    """The schema for any catalog. `make contract` writes it."""
    return (_CONTRACT / "models.schema.json").read_text("utf-8")


def reference() -> str:
    """Every field, for readers: docs/models-yaml.md, which `make contract` copies into the package."""
    return (_CONTRACT / "models-yaml.md").read_text("utf-8")


def with_names(data: Any, text: str | None = None) -> str:
    """The schema, or another one, for one catalog that need not be valid; its first line says that it is generated."""
    text, groups = text or schema(), data if isinstance(data, Mapping) else {}
    choices = {group: _choices(groups.get(group)) for group in _PLACE.findall(text)}
    filled = _PLACE.sub(lambda place: choices[place[1]] or place[0], text)
    return f'{{"$comment": {json.dumps(MARK)},{filled.removeprefix("{")}'


def _choices(entries: Any) -> str:
    """Keywords that allow only the names of these entries; none if there are no entries."""
    named = {_fit(name): _about(entry) for name, entry in entries.items()} if isinstance(entries, Mapping) else {}
    named.pop("", None)
    if not named:
        return ""
    keywords = {
        "enum": [*named],
        "enumDescriptions": [*named.values()],
        "errorMessage": f"This must be one of {', '.join(named)}; `generate` updates this list.",
    }
    return json.dumps(keywords, ensure_ascii=False).strip("{}")


def _about(entry: Any) -> str:
    found = (entry.get(key) for key in _ABOUT) if isinstance(entry, Mapping) else ()
    return next((_fit(text) for text in found if text is not None), "")


def _fit(text: Any) -> str:
    """Text of a catalog that may break every rule, fit to be shown; nothing in place of what can't be valid."""
    return visible(redact(text)) if isinstance(text, str) and len(text) <= _LONGEST else ""
