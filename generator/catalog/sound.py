"""What is left of a catalog that breaks the contract, so that one mistake does not hide the next."""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from pydantic_core import ErrorDetails, SchemaValidator, ValidationError

from generator.diagnostics import Loc
from generator.releases import TARGETS

if TYPE_CHECKING:
    from generator.catalog.contract import catalog as contract

GROUPS: Final = ("runtimes", "connections", "environments", "classes")
# Takes the place of what cannot be judged while the rest is validated, and is removed again.
_STAND_IN: Final[dict[str, Any]] = {
    "version": 1,
    "platform": {"target": next(iter(TARGETS))},
    "runtimes": {"a": {"displayName": "a", "task": "embedding", "image": "a/a:a"}},
    "connections": {"a": {"displayName": "a", "endpoint": "https://a", "bucket": "aaa", "secret": {}}},
    "environments": {"a": {"namespace": "a"}},
}
Names = Mapping[str, Mapping[str, Any] | None]


class Sound(NamedTuple):
    """The part of a catalog that holds the contract, and what is known of the rest.

    In `data`, entries that were set aside are gone, and models are None. `declared` holds every entry that can be
    referred to, sound or not, by group; None when nothing is known of the group. `named` holds, for each model that
    cannot be resolved, its layers with nothing in them but the names that they refer to; `named_defaults` those of
    `defaults`.
    """

    data: "contract.Catalog"
    declared: Names
    named: Mapping[int, Any]
    named_defaults: Any
    target_known: bool = True
    whole: bool = True


def whole(data: "contract.Catalog") -> Sound:
    """A catalog that holds the contract."""
    groups: Mapping[str, Any] = cast("dict[str, Any]", data)
    return Sound(data, {group: groups.get(group, {}) for group in GROUPS}, {}, {})


def sound(validator: SchemaValidator, data: Any, found: Iterable[ErrorDetails]) -> Sound | None:
    """The sound part of `data`, given everything that is wrong with it; None if there is none."""
    if not isinstance(data, dict):
        return None
    faults = {details["loc"] for details in found}
    broken = {loc[:depth] for loc in faults for depth in range(1, len(loc) + 1)}
    lost = {str(loc[0]) for loc in faults if len(loc) == 1}
    target_known = "platform" not in lost and ("platform", "target") not in broken
    models = data["models"] if "models" not in lost else []
    defaults_broken = ("defaults",) in broken
    rest = {
        "version": 1,
        "platform": _without(data, "platform", broken) if target_known else {},
        **{group: {} if group in lost else _without(data, group, broken) for group in GROUPS},
        **({key: data[key] for key in ("acceptedWarnings",) if key in data and (key,) not in broken}),
        **({} if defaults_broken or "defaults" not in data else {"defaults": data["defaults"]}),
        "models": [model for index, model in enumerate(models) if ("models", index) not in broken],
    }
    try:
        checked = validator.validate_python({key: part or _STAND_IN.get(key, part) for key, part in rest.items()})
    except ValidationError:
        return None
    valid = iter(checked["models"])
    entries = [None if ("models", index) in broken else next(valid) for index in range(len(models))]
    aside = [index for index, entry in enumerate(entries) if entry is None or defaults_broken]
    groups = {group: checked[group] if rest[group] else {} for group in GROUPS}
    return Sound(
        cast("contract.Catalog", {**checked, **groups, "models": entries}),
        {group: None if group in lost else data.get(group, {}) for group in GROUPS},
        {index: _named(models[index], ("models", index), broken) for index in aside},
        _named(data.get("defaults"), ("defaults",), broken),
        target_known,
        whole=False,
    )


def _without(data: Mapping[str, Any], group: str, broken: Collection[Loc]) -> dict[str, Any]:
    return {name: entry for name, entry in data.get(group, {}).items() if (group, name) not in broken}


def _named(layer: Any, loc: Loc, broken: Collection[Loc]) -> dict[str, Any]:
    """A layer with nothing in it but the names that it refers to, as far as they hold the contract."""
    if not isinstance(layer, dict):
        return {}
    kept = {
        key: layer[key]
        for key in ("class", "runtime", "connection", "deployTo", "overrides")
        if key in layer and (key == "overrides" or (*loc, key) not in broken)
    }
    overrides = kept.get("overrides")
    if isinstance(overrides, dict):
        at = (*loc, "overrides")
        kept["overrides"] = {name: _named(inner, (*at, name), broken) for name, inner in overrides.items()}
    elif overrides is not None:
        del kept["overrides"]
    return kept
