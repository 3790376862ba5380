"""Catalogs that went wrong: real ones, after blows to their values, keys, types, nesting and bytes."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import yaml
from helpers import GOLDEN, SHIPPED
from hypothesis import strategies as st
from strategies import NASTY

Place: TypeAlias = tuple[dict[Any, Any] | list[Any], Any]
"""A map and one of its keys, or a list and one of its indices."""

_CATALOGS: Final = (SHIPPED, *((path / "models.yaml").read_text("utf-8") for path in sorted(GOLDEN.iterdir())))
_DATA: Final = tuple(yaml.safe_load(text) for text in _CATALOGS)

_HOSTILE: Final = (
    *("[key]", "<<", "=", "__proto__", "__class__", "models", "overrides", "\x1b[31m", "a\nerror: b", "::error::x"),
    *("\u202e", "\u200b", "\x85", "\u2028", "]]>", "<a>&amp;", "%0A", "{{ x }}", "${X}", "$(X)", "+argocd:", "../../x"),
    *("/", ".", "..", "kustomization", "AKIA" + "A" * 16, "hf_" + "a" * 34, "password", "https://a:b@c.example"),
    *("a" * 70, "a" * 300, "9" * 5000, "1e999", "[" * 1500, '{"a":' * 1500, "--a=" + "[" * 1500, "0x" + "f" * 400),
)
_scalars = (
    st.sampled_from([*NASTY, *_HOSTILE])
    | st.sampled_from([None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, 1.5, -0.0, float("inf"), float("nan")])
    | st.dates()
    | st.binary(max_size=3)
)
_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*NASTY, *_HOSTILE]) | st.integers() | st.booleans(), inner, max_size=3)
    ),
    max_leaves=5,
)


def _names(data: Any) -> Iterator[Any]:
    """Every key anywhere in some data."""
    if isinstance(data, dict):
        yield from data
    for item in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _names(item)


_fields = st.sampled_from(sorted({name for data in _DATA for name in _names(data)}))
_keys = _fields | st.sampled_from([*NASTY, *_HOSTILE]) | st.sampled_from([None, True, 1, 1.5])


def _places(data: Any) -> Iterator[Place]:
    """Every place below some data."""
    entries = list(data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ())
    for key, item in entries:
        yield data, key
        yield from _places(item)


def _overwrite(draw: st.DrawFn, place: Place, _: list[Place]) -> None:
    parent, key = place
    parent[key] = draw(_values)


def _splice(draw: st.DrawFn, place: Place, others: list[Place]) -> None:
    """Put there what stands elsewhere."""
    parent, key = place
    other, at = draw(st.sampled_from(others))
    parent[key] = copy.deepcopy(other[at])


def _rename(draw: st.DrawFn, place: Place, _: list[Place]) -> None:
    parent, key = place
    if isinstance(parent, dict):
        new = draw(_keys)
        entries = [(new if name == key else name, item) for name, item in parent.items()]
        parent.clear()
        parent.update(entries)


def _insert(draw: st.DrawFn, place: Place, _: list[Place]) -> None:
    parent, key = place
    if isinstance(parent, dict):
        parent[draw(_keys)] = draw(_values)
    else:
        parent.insert(key, draw(_values))


def _delete(_draw: st.DrawFn, place: Place, _: list[Place]) -> None:
    parent, key = place
    del parent[key]


def _double(_draw: st.DrawFn, place: Place, _: list[Place]) -> None:
    parent, key = place
    if isinstance(parent, list):
        parent.insert(key, copy.deepcopy(parent[key]))


def _wrap(draw: st.DrawFn, place: Place, _: list[Place]) -> None:
    parent, key = place
    for _depth in range(draw(st.sampled_from([1, 1, 1, 60]))):
        parent[key] = draw(st.sampled_from([lambda item: [item], lambda item: {"a": item}]))(parent[key])


def _unwrap(_draw: st.DrawFn, place: Place, _: list[Place]) -> None:
    parent, key = place
    inner = parent[key]
    if isinstance(inner, dict | list) and inner:
        parent[key] = next(iter(inner.values())) if isinstance(inner, dict) else inner[0]


_BLOWS: Final[tuple[Callable[[st.DrawFn, Place, list[Place]], None], ...]] = (
    *(_overwrite, _splice, _rename, _insert, _delete, _double, _wrap, _unwrap),
)


@st.composite
def mutated_data(draw: st.DrawFn) -> Any:
    """The data of a real catalog after one to four blows."""
    data = copy.deepcopy(draw(st.sampled_from(_DATA)))
    for _ in range(draw(st.integers(1, 4))):
        places = list(_places(data))
        if places:
            draw(st.sampled_from(_BLOWS))(draw, draw(st.sampled_from(places)), places)
    return data


def _block(data: Any) -> bytes:
    text: str = yaml.dump(data, Dumper=yaml.SafeDumper, allow_unicode=True, sort_keys=False)
    return text.encode("utf-8", "surrogatepass")


def _flow(data: Any) -> bytes:
    text: str = yaml.dump(data, Dumper=yaml.SafeDumper, default_flow_style=True, sort_keys=False)
    return text.encode()


def _json(data: Any) -> bytes:
    return json.dumps(data, default=str, skipkeys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")


_BYTES: Final = (
    *(b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\r", b"\t", b"\n", b"\x1b", b"'", b'"', b"{", b"]", b":"),
    *(b"- ", b"#", b"|\n", b">\n", b"&a ", b"*a", b"!!str ", b"!a ", b"%", b"@", b"---\n", b"<<: *a"),
    b"<<<<<<< HEAD\n",
)


@st.composite
def mutated_bytes(draw: st.DrawFn) -> bytes:
    """Such a catalog as a file, in one style or another, and sometimes with its bytes damaged as well."""
    raw: bytes = draw(st.sampled_from([_block, _block, _flow, _json]))(draw(mutated_data()))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 3]))):
        at = draw(st.integers(0, len(raw)))
        until = at + draw(st.sampled_from([0, 0, 1, 5, len(raw)]))
        raw = raw[:at] + draw(st.sampled_from(_BYTES)) + raw[until:]
    mark: bytes = draw(st.sampled_from([b"", b"", b"", b"\xef\xbb\xbf"]))
    return mark + raw
