"""Every regular expression takes time in proportion to the text, whatever the text."""

import ast
import importlib.util
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Final

import pytest
from helpers import MINIMAL, project, run

import generator
from generator import credentials
from generator.catalog.contract.patterns import SHAPES

LONGEST: Final = 1 << 20
MEASURED: Final = tuple(1 << power for power in range(10, 15))
"""Lengths at which growth is measured: the last is long enough to tell, and the first short enough to wait for."""
MEASURABLE_S: Final = 0.005
LINEAR: Final = 3
"""Twice the text takes twice the time, give or take what else the machine does; for a quadratic one, four times."""


def _trees() -> Iterator[tuple[str, ast.Module]]:
    """The package's modules as Python reads them."""
    for module in pkgutil.walk_packages(generator.__path__, "generator."):
        spec = importlib.util.find_spec(module.name)
        assert spec
        assert spec.origin
        yield module.name, ast.parse(Path(spec.origin).read_text("utf-8"))


def _scanning() -> frozenset[str]:
    """The names of the patterns that are looked for anywhere in a text, and not only at its start."""
    return frozenset(FORMS) | frozenset(
        ast.unparse(node.value).rpartition(".")[2]
        for _, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("findall", "finditer", "search", "split", "sub")
    )


def _patterns() -> dict[str, re.Pattern[str]]:
    """Every compiled pattern of the package, and the contract's, which Python compiles for `generator add`."""
    found = {
        f"{name}.{attribute}": value
        for name, _ in _trees()
        if name != "generator.__main__"
        for attribute, value in vars(importlib.import_module(name)).items()
        if isinstance(value, re.Pattern)
    }
    return found | {f"contract {pattern}": re.compile(pattern) for pattern in SHAPES}


FORMS: Final = {f"{form.what}: {form.pattern}": re.compile(form.pattern) for form in credentials.FORMS}
"""Compiled only when a text has one of their marks, which most texts have not."""
PATTERNS: Final = {**_patterns(), **FORMS}
SCANNING: Final = _scanning()
# What a pattern can be made to repeat, behind what leads it there.
REPEATED: Final = (
    *"aA0_-./:+= '\"{$%@\n\t\x1b\u200b\u2028",
    *("a-", "a.", "/a", ":0", "0_", ".0", "0.", "../", ", a", " a", "\na", "{{", "${"),
    *(
        "eyJ-",
        "eyJaaaaaaaaaaa.",
        "hf_",
        "://a",
        "a://",
        "http://a:",
        "file://",
        "-----BEGIN ",
        "PRIVATE KEY",
        "password_",
        "AKIA",
        "gh_",
        "glpat-",
    ),
)
LEADS: Final = ("", "0", "-0.", "a", "a/", "a:", "https://", "git@", "2020-01-01 ", "--", "pooling_mode_")
ENDS: Final = ("", "!")


def _seconds(use: Callable[[str], object], text: str) -> float:
    """CPU time of the quickest of some tries: what else the machine does can only add."""
    spent = []
    for _ in range(3):
        started = time.process_time()
        use(text)
        spent.append(time.process_time() - started)
        if spent[-1] < MEASURABLE_S:
            break
    return min(spent)


def _grows_too_fast(use: Callable[[str], object], lead: str, repeated: str, end: str) -> bool:
    """Whether twice the text takes far more than twice the time, twice in a row."""
    before_s, jumps = 0.0, 0
    for length in MEASURED:
        now_s = _seconds(use, lead + repeated * (length // len(repeated)) + end)
        jumps = jumps + 1 if before_s >= MEASURABLE_S and now_s > LINEAR * before_s else 0
        if jumps == 2:
            return True
        before_s = now_s
    return False


def test_the_measure_tells_quadratic_from_linear() -> None:
    """Otherwise the test below would pass whatever the patterns are."""
    assert _grows_too_fast(re.compile(r"[0-9]+[0-9_]*\Z").match, "", "0", "!")
    assert not _grows_too_fast(re.compile(r"[0-9_]+\Z").match, "", "0", "!")


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_takes_linear_time(name: str) -> None:
    """A megabyte of anything is read in milliseconds, not hours."""
    pattern = PATTERNS[name]
    scanned = name in SCANNING or name.rpartition(".")[2] in SCANNING
    use = pattern.search if scanned else pattern.match
    for lead, repeated, end in product([""] if scanned else LEADS, REPEATED, ENDS):
        assert not _grows_too_fast(use, lead, repeated, end), (lead, repeated, end)
    use("".join(REPEATED) * (LONGEST // len("".join(REPEATED))) + "!")


def test_every_pattern_is_compiled_where_this_test_finds_it() -> None:
    """No function of `re` but `compile` is called, and that only for a module's constant; or for one of FORMS."""
    for name, tree in _trees():
        assigned = [node.value for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call) or not ast.unparse(call.func).startswith("re."):
                continue
            of_forms = name == "generator.credentials" and ast.unparse(call) == "re.compile(pattern)"
            if not of_forms and ast.unparse(call.func) != "re.escape":
                assert call in assigned, f"{name}:{call.lineno}"


@pytest.mark.parametrize("text", ["0{}x", "0.{}x", "{}", "-{}.0", "{}.0"])
def test_a_long_number_is_read_at_once(text: str, tmp_path: Path) -> None:
    """A megabyte of digits is text, or means nothing, like a few of them; and it is not repeated."""
    text = text.format("9" * 1_000_000)
    ran = run("generate", root=project(tmp_path, MINIMAL.replace("displayName: S3", f"displayName: {text}")))
    assert ran.code == 1
    assert len(ran.stderr) < 10_000
