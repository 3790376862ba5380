"""The catalog's page as a browser shows it: wide and narrow, light and dark, with and without JavaScript."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes import LONG_S
from helpers import ROOT, SHIPPED, project, run

SCRIPT = Path(__file__).with_name("look.mjs")
SCREENSHOTS = ROOT / ".tools" / "screenshots"


@pytest.mark.tool
def test_the_page_is_whole_in_a_browser(tool: Callable[[str], Path], browser_modules: Path, tmp_path: Path) -> None:
    """No error on the console, nothing from the network, and nothing that axe finds; the screenshots are kept."""
    root = project(tmp_path / "project", SHIPPED)
    assert run("generate", root=root).code == 0
    page = root / "docs/catalog.html"
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    argv: list[str | Path] = [tool("node"), SCRIPT, browser_modules, tool("chromium")]
    argv += [tmp_path / "profile", page.as_uri(), SCREENSHOTS]
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(argv, capture_output=True, text=True, timeout=LONG_S, check=False, env=env)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["errors"] == []
    assert set(seen["requests"]) == {page.as_uri()}
    assert {name: found for name, found in seen["violations"].items() if found} == {}
    assert all(excess <= 0 for excess in seen["wider"].values()), seen["wider"]
    assert set(seen["rows"].values()) == {14}
    assert seen["found"] == 2
    assert len([*SCREENSHOTS.glob("catalog-*.png")]) == 8
