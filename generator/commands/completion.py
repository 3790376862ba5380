"""What a shell completes from the catalog and the lock: names for the options and arguments that take them."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import click

Completer = Callable[[click.Context, click.Parameter, str], list[str]]

_PLAIN: Final = re.compile(r"[A-Za-z0-9][-A-Za-z0-9_./]*\Z")
"""What a shell takes for one word, and nothing else: completion scripts insert it as it is."""


def _completer(find: Callable[[Path], Iterable[Any]]) -> Completer:
    """Silent about a catalog that is missing or broken: a message would land in the line that is being typed."""

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        try:
            found = [name for name in find(ctx.params.get("root") or Path()) if isinstance(name, str)]
        except Exception:  # noqa: BLE001 - whatever it is, the command itself will say it
            return []
        return [name for name in found if name.startswith(incomplete) and _PLAIN.match(name)]

    return complete


def _data(root: Path) -> Mapping[str, Any]:
    from generator import pipeline  # noqa: PLC0415 - slow to import, and only for who completes

    data = pipeline.read(root).data
    return data if isinstance(data, Mapping) else {}


def _models(root: Path) -> Iterable[Any]:
    return (entry.get("name") for entry in _data(root).get("models", ()) if isinstance(entry, Mapping))


def _repositories(root: Path) -> Iterable[Any]:
    from generator import pipeline  # noqa: PLC0415 - as above

    lock = pipeline.read_lock(root)
    return dict.fromkeys(repo for repo, _ in lock.repositories) if lock else ()


models: Final = _completer(_models)
environments: Final = _completer(lambda root: _data(root).get("environments", ()))
connections: Final = _completer(lambda root: _data(root).get("connections", ()))
repositories: Final = _completer(_repositories)
