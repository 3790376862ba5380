"""What shells complete: through click, and in a real bash that has sourced what docs/completion.md says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from fakes import LONG_S
from helpers import MINIMAL, ROOT, project

from generator import cli

LOCK = ROOT / "tests/lock/max-model-len-past-positions"
PAGE = (ROOT / "docs/completion.md").read_text("utf-8")
REPO = "BAAI/bge-reranker-base"


def _offered(*words: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What click offers for the last word, in the project."""
    monkeypatch.chdir(root)
    *before, last = words
    return [item.value for item in ShellComplete(cli.main, {}, "generator", "").get_completions(before, last)]


def _locked(folder: Path) -> Path:
    root = project(folder)
    shutil.copy(LOCK / "models.lock.yaml", root)
    return root


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["sync", "--model", ""], ["minilm"]),
        (["sync", "--model", "mini"], ["minilm"]),
        (["sync", "--model", "x"], []),
        (["sync", "--model", "minilm", "--env", ""], ["dev"]),
        (["sync", "--connection", ""], ["s3"]),
        (["lock", "--upgrade", ""], ["minilm"]),
        (["add", "BAAI"], [REPO]),
        (["generate", "--output", "j"], ["json", "junit"]),
    ],
)
def test_names_of_the_project_are_completed(
    words: list[str], names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Models, environments, connections, and the lock's repositories."""
    assert _offered(*words, root=_locked(tmp_path), monkeypatch=monkeypatch) == names


def test_the_project_may_be_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the command itself, completion heeds --root."""
    root = _locked(tmp_path / "project")
    words = ("sync", "--root", str(root), "--model", "")
    assert _offered(*words, root=tmp_path, monkeypatch=monkeypatch) == ["minilm"]


@pytest.mark.parametrize(
    "catalog",
    [
        "",
        "[]\n",
        "models: 3\n",
        "models: [3]\nenvironments: [{a: b}]\n",
        "models:\n- name: a\n name: b\n",
        "\t",
        "\x00",
    ],
)
def test_a_broken_catalog_is_no_news(
    catalog: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing is offered, and nothing is printed into the line that is being typed."""
    root = project(tmp_path, catalog)
    (root / "models.lock.yaml").write_text("version: 2\n", "utf-8")
    for words in (["sync", "--model", ""], ["sync", "--env", ""], ["sync", "--connection", ""], ["add", ""]):
        assert _offered(*words, root=root, monkeypatch=monkeypatch) == []
    assert capfd.readouterr() == ("", "")


def test_without_a_catalog_nothing_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One may be anywhere."""
    assert _offered("sync", "--model", "", root=tmp_path, monkeypatch=monkeypatch) == []


def test_names_that_a_shell_would_not_take_as_one_word_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Completion scripts insert them as they are."""
    root = project(
        tmp_path, "models:\n- name: 'a b'\n- name: '$(reboot)'\n- name: \"a\\nb\"\n- name: '*'\n- name: fine\n"
    )
    assert _offered("sync", "--model", "", root=root, monkeypatch=monkeypatch) == ["fine"]


def test_every_option_that_takes_a_name_completes_it() -> None:
    """Of every command; `init` alone names environments that do not exist yet."""
    parent = click.Context(cli.main, **cli.main.context_settings)
    for name in cli.main.list_commands(parent):
        command = cli.main.get_command(parent, name)
        assert command
        for option in command.params:
            if name != "init" and {"--env", "--model", "--connection", "--upgrade"} & {*option.opts}:
                assert option._custom_shell_complete, (name, option.opts)  # noqa: SLF001 - click has no other way


def _bash(line: str, root: Path) -> list[str]:
    """What bash itself would offer when Tab is pressed at the end of the line."""
    [setup] = re.findall(r"```bash\n(.+?)```", PAGE, re.DOTALL)
    words = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    script = f"""{setup}
    COMP_WORDS=({quoted}) COMP_CWORD={len(words) - 1} COMP_LINE='{line}'
    completion=$(complete -p {words[0]} | sed 's/.*-F \\([^ ]*\\).*/\\1/')
    $completion {words[0]}
    printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [shutil.which("bash") or "bash", "--norc", "-c", script],
        capture_output=True,
        text=True,
        cwd=root,
        env={**os.environ, "PATH": path},
        timeout=LONG_S,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_commands_options_and_names(tmp_path: Path) -> None:
    """Each of the three scripts."""
    root = _locked(tmp_path)
    assert _bash("generator ad", root) == ["add"]
    assert _bash("generator add BAAI", root) == [REPO]
    assert _bash("generate --che", root) == ["--check"]
    assert _bash("artifact-sync --model ", root) == ["minilm"]
    project(root, MINIMAL.replace("models:", "models: ["))
    assert _bash("artifact-sync --model ", root) == []
