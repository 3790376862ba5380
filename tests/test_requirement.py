"""A catalog says which versions of the tool may read it."""

import re
from pathlib import Path

import pytest
from helpers import MINIMAL, project, run
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from generator import requirement
from generator.catalog.contract.patterns import SPECIFIER
from generator.yaml.read import Document, parse

_ones = st.builds(
    "{}{}{}{}".format,
    st.sampled_from([">=", "<=", "<", ">", "==", "!=", "~=", "===", "", "="]),
    st.sampled_from(["", " ", "  "]),
    st.sampled_from(["0", "1", "0.1", "1.2.3", "1.2.3.4", "v1", "1.", "00.01"]),
    st.sampled_from(["", ".*", "a1", "rc10", "rc", "b0.*", ".post1", "+local", "-1"]),
)


@given(st.lists(_ones, min_size=1, max_size=3).map(", ".join))
@example("~=1")
@example("==1.0rc1.*")
def test_what_the_contract_lets_through_is_a_specifier(text: str) -> None:
    """So that nothing is left for packaging to refuse."""
    if re.match(SPECIFIER, text):
        assert list(SpecifierSet(text))


@pytest.mark.parametrize("wanted", [">=0.1", "==0.1.*", "~=0.1", ">=0.1,<1", ">0.0", "!=0.2", "<=0.1"])
@pytest.mark.parametrize("version", ["0.1", "0.1.0", "0.1.0.post1"])
def test_a_version_that_fits_is_silent(wanted: str, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the field were not there."""
    if wanted == "<=0.1" and "post" in version:
        return
    monkeypatch.setattr(requirement, "installed", lambda: version)
    requirement.check(parsed(wanted))


@pytest.mark.parametrize(
    ("wanted", "hint"), [(">=9", "upgrade"), ("==9.*", "upgrade"), ("<0.0.1", "older"), ("==0.0", "older")]
)
def test_every_command_refuses_before_it_reads_anything_else(wanted: str, hint: str, tmp_path: Path) -> None:
    """A lock of a newer version may have another form, and its error would hide the cause."""
    root = project(tmp_path, MINIMAL.replace("version: 1\n", f'version: 1\ngenerator: "{wanted}"\n'))
    (root / "models.lock.yaml").write_text("version: 2\n", "utf-8")
    for command in (["generate"], ["check"], ["lock"], ["add", "a/b"], ["sync"]):
        ran = run(*command, root=root)
        assert (ran.code, ran.stderr.count(" error: "), hint in ran.stderr) == (1, 1, True), ran.stderr
        assert "[generator-version]" in ran.stderr


def test_a_release_candidate_counts_as_newer_than_the_release_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who tries it out need not change the catalog."""
    monkeypatch.setattr(requirement, "installed", lambda: "0.2.0rc1")
    requirement.check(parsed(">=0.1"))


def parsed(wanted: str) -> Document:
    """A catalog that asks for these versions."""
    return parse(MINIMAL.replace("version: 1\n", f'version: 1\ngenerator: "{wanted}"\n').encode(), "models.yaml")
