"""The names that a catalog declares, and what refers to none of them."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from generator.catalog.layers import origin
from generator.catalog.model import Violation
from generator.catalog.sound import Sound
from generator.codes import Code
from generator.diagnostics import Loc, choice, correction

Where = tuple[int, str | None]
"""A model's index, an environment's name."""


class Declared:
    """Follows references. What was set aside has a name all the same, and nothing is said of a group that is lost."""

    def __init__(self, sound: Sound, data: Any) -> None:
        self.violations: dict[Violation, None] = {}
        self._data = data
        self._runtimes, self._connections = sound.declared["runtimes"], sound.declared["connections"]
        self._environments, self._classes = sound.declared["environments"], sound.declared["classes"]
        self._tasks = {name: _task(raw) for name, raw in (self._runtimes or {}).items()}

    def environments(self, index: int, deploy_to: Iterable[str], overrides: Iterable[str]) -> None:
        """Check the environments that a model names."""
        known = self._environments
        if known is None:
            return
        for position, name in enumerate(deploy_to):
            if name not in known:
                self._unknown("unknown-environment", name, self._origin((index, None), "deployTo", position), known)
        for name in overrides:
            if name not in known:
                at = self._origin((index, None), "overrides", name)
                self._unknown("unknown-environment", name, at, known, at_key=True)

    def size(self, where: Where, name: str) -> None:
        """Check the class that a model names."""
        if self._classes is not None and name not in self._classes:
            self._unknown("unknown-class", name, self._origin(where, "class"), self._classes)

    def names(self, where: Where, raw: Mapping[str, Any]) -> None:
        """Check the runtime and the connection that are named, of a model that may lack anything else."""
        if raw.get("runtime") is not None:
            self.runtime(where, raw)
        if raw.get("connection") is not None:
            self.connection(where, raw)

    def runtime(self, where: Where, raw: Mapping[str, Any]) -> str | None:
        """The runtime that a model names, or the only one that serves its task."""
        name, task = raw.get("runtime"), raw.get("task")
        if self._runtimes is None or name in self._runtimes:
            return name
        if name is not None:
            self._unknown("unknown-runtime", name, self._origin(where, "runtime"), self._runtimes)
        elif task is not None and None not in self._tasks.values():
            fitting = sorted(runtime for runtime, of in self._tasks.items() if of == task)
            if len(fitting) == 1:
                return fitting[0]
            if fitting:
                message = f"more than one runtime serves the task {task}: {', '.join(fitting)}"
                self.violate(Violation(("models", where[0]), "ambiguous-runtime", message, "set `runtime` to one"))
            else:
                message = f"no runtime serves the task {task}"
                self.violate(Violation(self._origin(where, "task"), "no-runtime", message, "add one under `runtimes`"))
        return None

    def connection(self, where: Where, raw: Mapping[str, Any]) -> str | None:
        """The connection that a model names, or the only one."""
        known, name = self._connections, raw.get("connection")
        if known is None or name in known:
            return name
        if name is not None:
            self._unknown("unknown-connection", name, self._origin(where, "connection"), known)
        elif len(known) == 1:
            return next(iter(known))
        else:
            self.violate(Violation(("models", where[0]), "missing-field", "needs connection", choice(sorted(known))))
        return None

    def violate(self, violation: Violation) -> None:
        """Note a violation, once."""
        self.violations[violation] = None

    def _origin(self, where: Where, *path: str | int) -> Loc:
        return origin(self._data, *where, path)

    def _unknown(self, code: Code, name: str, loc: Loc, known: Collection[str], *, at_key: bool = False) -> None:
        message, hint = f"{code.replace('-', ' ')} '{name}'", correction(name, known)
        self.violate(Violation(loc, code, message, hint, at_key=at_key))


def _task(raw: Any) -> str | None:
    """The task of a runtime; None when it cannot be known."""
    task = raw.get("task") if isinstance(raw, dict) else None
    return task if task in ("embedding", "reranker") else None
