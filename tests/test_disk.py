"""Writing is all or nothing, ours alone, and never through a link."""

import os
from pathlib import Path

import pytest
from helpers import MINIMAL, files, project, run

OTHER = MINIMAL.replace("name: minilm\n", "name: other\n")


def test_a_removed_model_takes_its_files_and_folders(tmp_path: Path) -> None:
    """Nothing of a model stays behind, not even an empty folder."""
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
    """A hand-written file where a generated one must go stops the run before anything is written."""
    root = project(tmp_path)
    taken = root / "base/models/minilm/servingruntime.yaml"
    taken.parent.mkdir(parents=True)
    taken.write_text("kind: ServingRuntime\n")
    before = files(root)
    ran = run("generate", root=root)
    assert ran.code == 2
    assert "base/models/minilm/servingruntime.yaml is not generated" in ran.stderr
    assert files(root) == before


def test_an_edited_file_is_put_right(tmp_path: Path) -> None:
    """A generated file that was edited by hand is ours all the same."""
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
    """Neither a folder nor a file of ours may lead elsewhere."""
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
    """The new contents are discarded, and the tree is as it was."""
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
    """A disk that fills up half-way leaves the old tree and no litter."""
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


def test_the_leftovers_of_a_killed_run_go(tmp_path: Path) -> None:
    """A staging folder that was never moved into place is removed by the next run."""
    root = project(tmp_path)
    (root / ".generate-123").mkdir()
    (root / ".generate-123/0").write_text("half")
    run("generate", root=root)
    assert not (root / ".generate-123").exists()
