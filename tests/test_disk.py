"""Writing is all or nothing, touches only generated files, and never follows links."""

import errno
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes import LONG_S
from helpers import MINIMAL, files, project, run

from generator import disk
from generator.releases import TARGETS

OTHER = MINIMAL.replace("name: minilm\n", "name: other\n")


def test_a_removed_model_takes_its_files_and_folders(tmp_path: Path) -> None:
    """Nothing of the model remains, not even an empty folder."""
    root = project(tmp_path, OTHER)
    run("generate", root=root)
    run("generate", root=project(tmp_path))
    assert not [path for path in root.rglob("*") if "other" in path.name]
    assert run("generate", "--check", root=root).code == 0


def test_a_foreign_file_is_left_alone_and_keeps_its_folder(tmp_path: Path) -> None:
    """A file without our first line is never changed or removed."""
    root = project(tmp_path, OTHER)
    run("generate", root=root)
    note = root / "base/models/other/NOTES.md"
    note.write_text("ours is another story\n")
    run("generate", root=project(tmp_path))
    assert note.read_text() == "ours is another story\n"
    assert [path.name for path in note.parent.iterdir()] == ["NOTES.md"]


def test_a_foreign_file_in_the_way_is_refused(tmp_path: Path) -> None:
    """A hand-written file in the place of a generated one stops the run before anything is written."""
    root = project(tmp_path)
    taken = root / "base/models/minilm/servingruntime.yaml"
    taken.parent.mkdir(parents=True)
    taken.write_text("kind: ServingRuntime\n")
    before = files(root)
    ran = run("generate", root=root)
    assert ran.code == 2
    assert "base/models/minilm/servingruntime.yaml is not a generated file" in ran.stderr
    assert files(root) == before


def test_an_edited_file_is_restored(tmp_path: Path) -> None:
    """A generated file that was edited by hand is still a generated file."""
    root = project(tmp_path)
    run("generate", root=root)
    edited = root / "rendered/dev/models/inferenceservice-minilm.yaml"
    edited.write_text(edited.read_text().replace("minReplicas: 1", "minReplicas: 9"))
    assert run("generate", root=root).stderr == "1 file changed\n"
    assert "minReplicas: 1\n" in edited.read_text()


@pytest.mark.parametrize(
    "link", ["base", "rendered/dev", "rendered/dev/models/inferenceservice-minilm.yaml", "docs", "docs/catalog.md"]
)
def test_a_symbolic_link_is_refused(link: str, tmp_path: Path) -> None:
    """No generated file or folder may be a link."""
    root, outside = project(tmp_path / "root"), tmp_path / "outside"
    run("generate", root=root)
    (root / link).rename(outside)
    (root / link).symlink_to(outside)
    before = files(tmp_path)
    ran = run("generate", root=project(tmp_path / "root", OTHER))
    assert ran.code == 2
    assert f"{link} is a symbolic link" in ran.stderr
    assert {path: content for path, content in files(tmp_path).items() if path != "root/models.yaml"} == {
        path: content for path, content in before.items() if path != "root/models.yaml"
    }


def test_a_folder_where_a_file_must_go_is_refused(tmp_path: Path) -> None:
    """The new contents are discarded, and the tree stays unchanged."""
    root = project(tmp_path)
    (root / "base/models/minilm/servingruntime.yaml").mkdir(parents=True)
    ran = run("generate", root=root)
    assert ran.code == 2
    assert "base/models/minilm/servingruntime.yaml is a folder" in ran.stderr
    assert list(files(root)) == ["models.yaml"]


def test_a_file_where_a_folder_must_go_is_refused(tmp_path: Path) -> None:
    """As above, the other way round."""
    root = project(tmp_path)
    (root / "rendered").write_text("no folder")
    ran = run("generate", root=root)
    assert ran.code == 2
    assert "rendered is a file" in ran.stderr
    assert list(files(root)) == ["models.yaml", "rendered"]


def test_nothing_changes_when_not_everything_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up halfway leaves the old tree and no temporary files."""
    root = project(tmp_path)
    run("generate", root=root)
    before = files(root)
    project(tmp_path, OTHER)
    real, calls = os.write, iter(range(5))

    def full(descriptor: int, content: bytes) -> int:
        if next(calls, None) is None:
            raise OSError(28, "No space left on device")
        return real(descriptor, content)

    monkeypatch.setattr(os, "write", full)
    ran = run("generate", root=root)
    monkeypatch.undo()
    assert ran.code == 2
    assert "No space left on device" in ran.stderr
    assert files(root, without=["models.yaml"]) == {k: v for k, v in before.items() if k != "models.yaml"}
    assert not list(root.glob(".generate-*"))


def test_what_was_replaced_is_restored_when_a_later_file_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fails when half of the files are in place: files and folders are as before."""
    root = project(tmp_path)
    run("generate", root=root)
    before = files(root, without=["models.yaml"])
    folders = {path for path in root.rglob("*") if path.is_dir()}
    project(tmp_path, OTHER)
    real, calls = os.replace, iter(range(7))

    def failing(source: str, target: str) -> None:
        if not target.endswith("models.yaml") and next(calls, None) is None and "/before" not in source:
            raise OSError(5, "Input/output error")
        real(source, target)

    monkeypatch.setattr(os, "replace", failing)
    ran = run("generate", root=root)
    monkeypatch.undo()
    assert ran.code == 2
    assert re.match(r"error: cannot write (base|docs|overlays|rendered)/.*: Input/output error", ran.stderr)
    assert files(root, without=["models.yaml"]) == before
    assert {path for path in root.rglob("*") if path.is_dir()} == folders


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_write_permission_is_named_before_anything_is_replaced(tmp_path: Path) -> None:
    """All or nothing, also if one of the folders belongs to another user."""
    _refuses(tmp_path, lambda folder: folder.chmod(0o555), "cannot write to rendered/dev/models: permission denied")


def test_access_to_every_folder_is_checked_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for root, whom the system never denies access."""
    real = os.access

    def deny(folder: Path) -> None:
        monkeypatch.setattr(os, "access", lambda path, mode: Path(path).resolve() != folder and real(path, mode))

    _refuses(tmp_path, deny, "cannot write to rendered/dev/models: permission denied")


def _refuses(root: Path, deny: Callable[[Path], None], words: str) -> None:
    run("generate", root=project(root))
    before = files(root, without=["models.yaml"])
    project(root, OTHER)
    deny(root / "rendered/dev/models")
    ran = run("generate", root=root)
    (root / "rendered/dev/models").chmod(0o755)
    assert (ran.code, words in ran.stderr) == (2, True), ran.stderr
    assert files(root, without=["models.yaml"]) == before


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the file and the reason; there is no traceback."""
    root = project(tmp_path)
    run("generate", root=root)
    real = os.open

    def denied(path: str, flags: int, mode: int = 0o777) -> int:
        if str(path).endswith("servingruntime.yaml"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", denied)
    ran = run("generate", root=root)
    assert (ran.code, ran.stderr) == (
        2,
        "error: cannot read base/models/minilm/servingruntime.yaml: Permission denied\n",
    )


def test_the_leftovers_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    """Its staging folder and the folders it created are removed, even if nothing has changed since."""
    root = project(tmp_path)
    run("generate", root=root)
    (root / ".generate-staging").mkdir()
    (root / ".generate-staging/0").write_text("half")
    (root / ".generate-staging/made-by-generate").write_text("base/models/new\nbase/models/new/deep")
    (root / "base/models/new/deep").mkdir(parents=True)
    assert run("generate", root=root).stderr.endswith("files are up to date\n")
    assert not (root / ".generate-staging").exists()
    assert not (root / "base/models/new").exists()


@pytest.mark.parametrize("name", [".generate-notes", ".generate-staging"])
def test_a_folder_of_the_user_is_not_a_leftover(name: str, tmp_path: Path) -> None:
    """Whatever its name: only a folder with the stamp file is removed."""
    root = project(tmp_path)
    (root / name).mkdir()
    (root / name / "0").write_text("mine")
    ran = run("generate", root=root)
    assert ran.code == (0 if name == ".generate-notes" else 2)
    assert (root / name / "0").read_text() == "mine"


def test_two_runs_at_once_leave_the_tree_of_one(tmp_path: Path) -> None:
    """They wait for each other: both succeed, and the tree matches the catalog."""
    root = project(tmp_path, OTHER)
    command = [str(Path(sys.executable).with_name("generate")), "--root", str(root)]
    for catalog in (MINIMAL, OTHER, MINIMAL):
        project(root, catalog)
        runs = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
        ended = [(each.communicate(timeout=LONG_S)[1], each.returncode) for each in runs]
        assert [code for _, code in ended] == [0] * 4, ended
        assert run("generate", "--check", root=root).code == 0
    assert not list(root.glob(".generate-*"))


def test_a_run_that_holds_the_folder_too_long_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a minute, an error that says so."""
    root = project(tmp_path)
    monkeypatch.setattr("generator.disk._LONGEST_WAIT_S", 0)
    with disk.locked(root):
        ran = run("generate", root=root)
    assert ran.code == 2
    assert ran.stderr.startswith(f"error: another run has been writing to {root} for more than 0 seconds\n  hint: ")


def _refusing(name: str, part: str) -> Callable[..., Any]:
    """A function of `os` that refuses every path with this part, as it would for another user's files."""
    real = getattr(os, name)

    def refuse(path: Any, *args: Any, **options: Any) -> Any:
        if part in os.fspath(path) if isinstance(path, str | os.PathLike) else False:
            raise PermissionError(errno.EACCES, "Permission denied", os.fspath(path))
        return real(path, *args, **options)

    return refuse


@pytest.mark.parametrize("function", ["listdir", "open", "unlink", "rmdir"])
def test_a_staging_folder_that_cannot_be_removed_is_an_error(
    function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user's run was killed here; his folder is not ours to remove."""
    root = project(tmp_path)
    staging = root / ".generate-staging"
    staging.mkdir()
    (staging / "made-by-generate").write_text("")
    monkeypatch.setattr(os, function, _refusing(function, ".generate-staging"))
    ran = run("generate", root=root)
    assert ran.code == 2
    assert ran.stderr == "error: cannot remove .generate-staging: Permission denied\n"


def _directory(path: Path) -> None:
    path.mkdir(parents=True)


def _loop(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(path.name)


@pytest.mark.parametrize("made", [_directory, _loop])
@pytest.mark.parametrize("command", ["generate", "check", "lock", "sync"])
@pytest.mark.parametrize("name", ["models.yaml", "models.lock.yaml"])
def test_what_stands_in_place_of_an_input_is_an_error(
    made: Callable[[Path], None], command: str, name: str, tmp_path: Path
) -> None:
    """A directory, or a link that leads to itself, is no catalog and no lock."""
    root = project(tmp_path)
    (root / name).unlink(missing_ok=True)
    made(root / name)
    ran = run(command, root=root)
    if command == "check" and name == "models.lock.yaml":
        return  # it reads no lock
    assert ran.code == 2
    assert ran.stderr.startswith(f"error: cannot read {name}: ")


@pytest.mark.parametrize("path", ["docs/catalog.md", "rendered/dev/models/servingruntime-minilm.yaml"])
@pytest.mark.parametrize("made", [_directory, _loop, os.mkfifo])
@pytest.mark.parametrize("command", [("generate",), ("generate", "--check"), ("check",)])
def test_what_stands_in_place_of_a_generated_file_is_an_error(
    path: str, made: Callable[[Path], None], command: tuple[str, ...], tmp_path: Path
) -> None:
    """Nothing falls over, or waits for somebody to write into a pipe."""
    root = project(tmp_path)
    run("generate", root=root)
    (root / path).unlink()
    made(root / path)
    ran = run(*command, root=root)
    if command != ("check",) or path.startswith("rendered"):
        assert ran.code in (1, 2)
        assert path in ran.stderr + ran.stdout


@pytest.mark.parametrize("part", ["docs/catalog.md", "rendered/dev/models", "base"])
@pytest.mark.parametrize("function", ["lstat", "stat", "open", "scandir"])
@pytest.mark.parametrize("command", [("generate", "--check"), ("check",)])
def test_what_cannot_be_read_is_an_error(
    part: str, function: str, command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the file system refuses ends in a message with the path."""
    root = project(tmp_path)
    run("generate", root=root)
    monkeypatch.setattr(os, function, _refusing(function, part))
    ran = run(*command, root=root)
    assert ran.code in (0, 1, 2)
    if ran.code == 2:
        assert ran.stderr.startswith("error: ")


def test_a_template_that_is_none_is_a_finding_of_check(tmp_path: Path) -> None:
    """`check` reads the runtimes inside Templates itself."""
    root = project(tmp_path)
    run("generate", root=root)
    [template] = root.glob("rendered/dev/platform/template-*.yaml")
    for text in ("a: [", "objects: 1", "- 1", "objects:\n- \x1b", "[" * 2_000):
        template.write_text(text, "utf-8")
        ran = run("check", root=root)
        assert ran.code == 2
        assert ran.stderr.startswith(f"error: {template.relative_to(root)} is not a Template: ")


@pytest.mark.tool
@pytest.mark.usefixtures("kubeconform")
@pytest.mark.parametrize("made", [_directory, _loop])
def test_schemas_that_cannot_be_read_are_an_error(made: Callable[[Path], None], tmp_path: Path) -> None:
    """Without them there is no answer, and that is no answer either."""
    root = project(tmp_path)
    run("generate", root=root)
    schema = root / "schemas" / f"kserve-{TARGETS['3.3'].kserve}" / "serving.kserve.io" / "servingruntime_v1alpha1.json"
    schema.parent.mkdir(parents=True)
    made(schema)
    ran = run("check", root=root)
    assert ran.code == 2
    assert ran.stderr.startswith(f"error: cannot read {schema.relative_to(root)}: ")
