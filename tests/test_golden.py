"""Whole trees as a reviewer would read them; one folder per behaviour."""

from pathlib import Path

import pytest
from helpers import files, project, run

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.name for path in GOLDEN.iterdir())


@pytest.mark.parametrize("case", CASES)
def test_the_tree_is_the_golden_one(case: str, tmp_path: Path, *, update_golden: bool) -> None:
    """The catalog of a case compiles to exactly the files beside it."""
    catalog = (GOLDEN / case / "models.yaml").read_bytes()
    ran = run("generate", root=project(tmp_path, catalog))
    assert ran.code == 0, ran.stderr
    if update_golden:
        for path in files(GOLDEN / case, without=["models.yaml"]):
            (GOLDEN / case / path).unlink()
        for path, content in files(tmp_path, without=["models.yaml"]).items():
            (GOLDEN / case / path).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / case / path).write_bytes(content)
    assert files(tmp_path) == files(GOLDEN / case)


@pytest.mark.parametrize("case", CASES)
def test_a_second_run_writes_nothing(case: str, tmp_path: Path) -> None:
    """Running again leaves every file as it was, and `--check` agrees."""
    root = project(tmp_path, (GOLDEN / case / "models.yaml").read_bytes())
    run("generate", root=root)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    assert "up to date" in run("generate", root=root).stderr
    assert run("generate", "--check", root=root).code == 0
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before
