"""Expected output for reviewers: three whole trees, and for every other behaviour its difference from the smallest."""

import re
from pathlib import Path

import pytest
from helpers import CASES, GOLDEN, compiled_case, files, run
from trees import Tree, difference

SMALLEST = "smallest"
WHOLE = (SMALLEST, "argocd-objects", "external-secret-in-two-namespaces")
BY_DIFFERENCE = [case for case in CASES if case not in WHOLE]
CATALOG = "models.yaml"
HTML = "docs/catalog.html"  # says what docs/catalog.md says, in a frame that would be repeated


@pytest.mark.parametrize("case", CASES)
def test_a_case_compiles_to_the_expected_tree(case: str, tmp_path: Path, *, update_golden: bool) -> None:
    """Next to a catalog is its tree or `expected.diff`, and nothing else."""
    tree = compiled(case, tmp_path)
    now = tree if case in WHOLE else {"expected.diff": difference(compiled(SMALLEST, tmp_path), tree).encode()}
    if update_golden:
        replace(GOLDEN / case, now)
    expected = files(GOLDEN / case, without=[CATALOG])
    if now != expected:
        pytest.fail(f"{case} has changed:\n{difference(expected, now)}", pytrace=False)


@pytest.mark.parametrize("case", CASES)
def test_a_second_run_writes_nothing(case: str, tmp_path: Path) -> None:
    """A second run changes no file, and `--check` agrees."""
    root = compiled_case(case, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    assert "up to date" in run("generate", root=root).stderr
    assert run("generate", "--check", root=root).code == 0
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


@pytest.mark.parametrize("case", BY_DIFFERENCE)
def test_a_new_variable_changes_no_difference(case: str, tmp_path: Path) -> None:
    """One more variable in every runtime shows only in the whole trees."""
    old, new = (compiled(name, tmp_path) for name in (SMALLEST, case))
    for after in ("DO_NOT_TRACK", "HOME", "XDG_CONFIG_HOME"):
        assert with_variable(old, after) != old
        assert difference(with_variable(old, after), with_variable(new, after)) == difference(old, new)


def test_a_difference_shows_what_is_new_and_names_what_is_gone() -> None:
    """A hunk begins with the keys around it, and a second model is compared with the first."""
    old = {
        "gone.yaml": b"kind: Gone\n",
        "minilm.yaml": b"spec:\n  containers:\n  - name: a\n    args:\n    - one\n    - two\n  - name: b\n",
        "same.yaml": b"kind: Same\n",
    }
    new = {
        "bge-base.yaml": old["minilm.yaml"].replace(b"- two", b"- 2"),
        "created.yaml": b"kind: Created",
        "minilm.yaml": old["minilm.yaml"].replace(b"    - two", b"    - between\n    - two"),
        "same.yaml": old["same.yaml"],
    }
    assert difference(old, new).splitlines() == [
        "--- a/minilm.yaml",
        "+++ b/bge-base.yaml",
        "@@ spec: containers: - name: a args: @@",
        "     - one",
        "-    - two",
        "+    - 2",
        "   - name: b",
        "--- /dev/null",
        "+++ b/created.yaml",
        "@@ @@",
        "+kind: Created",
        "+\\ No newline at end of file",
        "--- a/gone.yaml",
        "+++ /dev/null",
        "--- a/minilm.yaml",
        "+++ b/minilm.yaml",
        "@@ spec: containers: - name: a args: @@",
        "     - one",
        "+    - between",
        "     - two",
    ]


def compiled(case: str, folder: Path) -> Tree:
    """The tree of a case, compiled in a folder of its own below this one."""
    return files(compiled_case(case, folder / case), without=[CATALOG, HTML])


def replace(folder: Path, tree: Tree) -> None:
    """Write a tree in place of all that is in a case's folder besides its catalog."""
    for path in files(folder, without=[CATALOG]):
        (folder / path).unlink()
    for path, content in tree.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def with_variable(tree: Tree, after: str) -> Tree:
    """The same tree, as if every runtime had one more variable behind this one."""
    known = re.compile(rf"( *)- name: {after}\n.*\n".encode())
    return {path: known.sub(rb"\g<0>\1- name: NEW\n\1  value: new\n", content) for path, content in tree.items()}
