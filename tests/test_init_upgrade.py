"""`generator init --upgrade`: a later version's files, with the changes of those who own them."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from helpers import Ran, files, git_in, run

from generator import requirement
from generator.scaffold import files as scaffold
from generator.scaffold import start, upgrade

Later = Callable[..., None]
TEXT = "".join(f"line {number}\n" for number in range(1, 10))


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Makes this another version, which writes other files."""

    def become(version: str, made: Mapping[str, str]) -> None:
        contents = {path: text.encode() for path, text in made.items()}
        monkeypatch.setattr(scaffold, "machine_made", lambda _: contents)
        for module in (requirement, scaffold, start, upgrade):
            monkeypatch.setattr(module, "installed", lambda: version)

    return become


@pytest.fixture
def root(tmp_path: Path, later: Later) -> Path:
    """A repository of version 1.0, with its first commit."""
    later("1.0", {"README.md": TEXT, "ci/check.yaml": TEXT})
    git_in(tmp_path, "init", "--quiet")
    assert run("init", root=tmp_path).code == 0
    commit(tmp_path)
    return tmp_path


def commit(root: Path) -> None:
    """Commit everything there."""
    git_in(root, "add", "--all")
    git_in(root, "commit", "--quiet", "--message", "all of it")


def text(root: Path, path: str = "README.md") -> str:
    """What a file holds."""
    return (root / path).read_text("utf-8")


def edit(root: Path, old: str, new: str, path: str = "README.md") -> None:
    """Change a file as its owner does."""
    assert old in text(root, path)
    (root / path).write_text(text(root, path).replace(old, new), "utf-8")


def upgraded(root: Path, *options: str) -> Ran:
    """Run the upgrade, which must leave the catalog alone."""
    before = text(root, "models.yaml")
    ran = run("init", "--upgrade", *options, root=root)
    assert text(root, "models.yaml") == before
    return ran


def test_a_file_as_it_was_written_is_replaced(root: Path, later: Later) -> None:
    """New ones are created, and a second run has nothing to do."""
    later("1.1", {"README.md": "new\n", "ci/check.yaml": TEXT, "more/x": "x\n"})
    edit(root, "models: []", "models: [] # ours", "models.yaml")
    ran = upgraded(root)
    assert ran == Ran(0, "", "more/x created\n.generator.yaml changed\nREADME.md changed\n")
    assert (text(root), text(root, "ci/check.yaml"), text(root, "more/x")) == ("new\n", TEXT, "x\n")
    assert "generator: 1.1\n" in text(root, ".generator.yaml").replace('"', "")
    assert upgraded(root) == Ran(0, "", "everything is up to date\n")


def test_a_changed_file_is_merged_again_and_again(root: Path, later: Later) -> None:
    """Each version's change arrives once; one that is taken back goes; their owner's stays throughout."""
    edit(root, "line 2\n", "line 2, ours\n")
    commit(root)
    ours = TEXT.replace("line 2\n", "line 2, ours\n")
    for version, theirs in (("1.1", "line 8, better\n"), ("1.2", "line 8, best\n"), ("1.3", "line 8\n")):
        later(version, {"README.md": TEXT.replace("line 8\n", theirs), "ci/check.yaml": TEXT})
        assert upgraded(root).code == 0
        assert text(root) == ours.replace("line 8\n", theirs)
        assert upgraded(root).stderr == "everything is up to date\n"
        commit(root)


def test_the_base_of_a_merge_is_there_before_it_is_committed(root: Path, later: Later) -> None:
    """What was merged in is a file until something else takes its place."""
    edit(root, "line 2\n", "line 2, ours\n")
    for version, theirs in (("1.1", "better\n"), ("1.2", "best\n")):
        later(version, {"README.md": TEXT + theirs, "ci/check.yaml": TEXT})
        assert upgraded(root).code == 0
        assert text(root) == TEXT.replace("line 2\n", "line 2, ours\n") + theirs
        assert text(root, ".generator.base/README.md") == TEXT + theirs
    edit(root, "line 2, ours\n", "line 2\n")
    later("1.3", {"README.md": "other\n", "ci/check.yaml": TEXT})
    ran = upgraded(root)
    assert ran.stderr == ".generator.yaml changed\nREADME.md changed\n.generator.base/README.md removed\n"
    assert text(root) == "other\n"
    assert not (root / ".generator.base").exists()


def test_conflicts_are_marked_as_git_does(root: Path, later: Later) -> None:
    """Exit code 1, and what is in conflict is named; everything else is up to date."""
    edit(root, "line 2\n", "line 2, ours\n")
    later("1.1", {"README.md": TEXT.replace("line 2\n", "line 2, theirs\n"), "ci/check.yaml": "new\n"})
    ran = upgraded(root)
    assert ran.code == 1
    assert ran.stderr.endswith("README.md: resolve the conflicts that are marked in it\n")
    assert "<<<<<<< yours\nline 2, ours\n=======\nline 2, theirs\n>>>>>>> generator 1.1\n" in text(root)
    assert text(root, "ci/check.yaml") == "new\n"
    before = files(root)
    for options in ((), ("--dry-run",)):
        assert upgraded(root, *options) == Ran(1, "", "README.md: resolve the conflicts that are marked in it\n")
        assert files(root) == before
    edit(root, "<<<<<<< yours\n", "")
    assert upgraded(root).code == 1
    resolved = TEXT.replace("line 2\n", "line 2, both\n")
    (root / "README.md").write_text(resolved, "utf-8")
    assert upgraded(root) == Ran(0, "", "everything is up to date\n")
    assert text(root) == resolved


def test_conflicts_of_an_earlier_upgrade_are_resolved_first(root: Path, later: Later) -> None:
    """A later version merges nothing into them; once they are resolved, its changes arrive."""
    edit(root, "line 2\n", "line 2, ours\n")
    theirs = TEXT.replace("line 2\n", "line 2, theirs\n")
    later("1.1", {"README.md": theirs, "ci/check.yaml": TEXT})
    assert upgraded(root).code == 1
    marked = text(root)
    later("1.2", {"README.md": f"{theirs}more\n", "ci/check.yaml": "new\n"})
    ran = upgraded(root)
    assert (ran.code, text(root), text(root, "ci/check.yaml")) == (1, marked, "new\n")
    assert ran.stderr.endswith("README.md: resolve the conflicts that are marked in it\n")
    resolved = TEXT.replace("line 2\n", "line 2, both\n")
    (root / "README.md").write_text(resolved, "utf-8")
    assert upgraded(root).code == 0
    assert text(root) == f"{resolved}more\n"


def test_the_package_is_kept_for_the_next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later version fills its own number into it; another package takes its place."""
    address = "https://packages.example.com/g-{}-py3-none-any.whl"
    assert run("init", "--package", address.format("{version}"), root=tmp_path).code == 0
    for module in (requirement, scaffold, start, upgrade):
        monkeypatch.setattr(module, "installed", lambda: "9.1")
    assert upgraded(tmp_path).code == 0
    for path in ("README.md", ".pre-commit-config.yaml", ".github/workflows/models.yaml"):
        assert address.format("9.1") in text(tmp_path, path)
        assert "rhoai-model-gitops==" not in text(tmp_path, path)
    assert upgraded(tmp_path, "--package", "ours=={version}").code == 0
    assert "pip install ours==9.1\n" in text(tmp_path)
    assert upgraded(tmp_path).stderr == "everything is up to date\n"


def test_files_of_a_version_without_the_option_are_upgraded(root: Path) -> None:
    """They install the package by its name."""
    edit(root, 'package: "rhoai-model-gitops=={version}"\n', "", ".generator.yaml")
    assert upgraded(root).code == 0
    assert 'package: "rhoai-model-gitops=={version}"\n' in text(root, ".generator.yaml")


@pytest.mark.parametrize("repository", [False, True])
def test_without_a_base_nothing_is_touched(repository: bool, tmp_path: Path, later: Later) -> None:  # noqa: FBT001 - a case
    """The difference is shown, and what to do by hand; done so, the file is its owner's."""
    later("1.0", {"README.md": TEXT, "ci/check.yaml": TEXT})
    if repository:
        git_in(tmp_path, "init", "--quiet")
    run("init", root=tmp_path)
    edit(tmp_path, "line 2\n", "line 2, ours\n")
    later("1.1", {"README.md": TEXT + "new\n", "ci/check.yaml": "new\n"})
    before = files(tmp_path)
    ran = upgraded(tmp_path)
    assert ran.code == 1
    assert "--- a/README.md\n+++ b/README.md\n" in ran.stdout
    assert "+new\n" in ran.stdout
    assert (
        "README.md: changed, and Git does not have what `generator init` wrote, so it cannot be merged\n" in ran.stderr
    )
    assert "nothing was written; " in ran.stderr
    assert files(tmp_path) == before
    [line] = [line for line in text(tmp_path, ".generator.yaml").splitlines() if "README.md" in line]
    edit(tmp_path, f"{line}\n", "", ".generator.yaml")
    ran = upgraded(tmp_path)
    assert (ran.code, ran.stderr.splitlines()[0]) == (0, "README.md not written: it exists, and stays as it is")
    assert (text(tmp_path), text(tmp_path, "ci/check.yaml")) == (TEXT.replace("line 2\n", "line 2, ours\n"), "new\n")


def test_a_removed_file_stays_removed(root: Path, later: Later) -> None:
    """Its owner does not want it; it is said on each upgrade."""
    (root / "README.md").unlink()
    later("1.1", {"README.md": "new\n", "ci/check.yaml": "new\n"})
    ran = upgraded(root)
    assert ran.stderr.startswith("README.md not written: it was removed, and stays so\n")
    assert not (root / "README.md").exists()


def test_a_file_that_is_no_longer_made_is_left(root: Path, later: Later) -> None:
    """What it is good for is for its owner to decide."""
    later("1.1", {"README.md": TEXT})
    ran = upgraded(root)
    assert "ci/check.yaml not written: this version does not write it; remove it if you do not need it\n" in ran.stderr
    assert text(root, "ci/check.yaml") == TEXT
    assert upgraded(root).stderr == "everything is up to date\n"


def test_a_dry_run_shows_the_difference(root: Path, later: Later) -> None:
    """Conflicts are counted, and nothing is written."""
    edit(root, "line 2\n", "line 2, ours\n")
    later("1.1", {"README.md": TEXT.replace("line 2\n", "line 2, theirs\n"), "ci/check.yaml": "new\n"})
    before = files(root)
    ran = upgraded(root, "--dry-run")
    assert ran.code == 1
    assert "--- a/ci/check.yaml\n+++ b/ci/check.yaml\n" in ran.stdout
    assert ran.stderr.endswith("README.md: would have conflicts\n")
    assert files(root) == before


def test_an_older_version_is_refused(root: Path, later: Later) -> None:
    """It would take back what a newer one wrote."""
    later("0.9", {"README.md": "old\n"})
    ran = upgraded(root)
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr == (
        "error: the files are of generator 1.0, and this is 0.9\n  hint: install rhoai-model-gitops 1.0 or later\n"
    )


def test_a_folder_that_was_not_set_up_is_refused(tmp_path: Path) -> None:
    """There is nothing to bring up to date."""
    assert run("init", "--upgrade", root=tmp_path) == Ran(
        2,
        "",
        "error: .generator.yaml does not exist: this folder was not set up\n  hint: run `generator init` first\n",
    )


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("forge: github", "forge: svn", "4:8"),
        ("package: ", "package: x y", "5:10"),
        ("  README.md: ", "  README.md: --", "7:14"),
        ("version: 1\n", "", "1:1"),
        ("files:", "more: x\nfiles:", "6:7"),
    ],
)
def test_answers_that_were_edited_are_refused(old: str, new: str, place: str, root: Path) -> None:
    """With the place in the file, and nothing is written."""
    edit(root, old, new, ".generator.yaml")
    ran = upgraded(root)
    assert ran.code == 2
    assert ran.stderr == (
        f"error: .generator.yaml:{place}: not what `generator init` writes\n  hint: restore .generator.yaml from Git\n"
    )


def test_paths_in_the_answers_lead_nowhere(root: Path, later: Later) -> None:
    """Only files that this version makes are written or removed, whatever the file says."""
    outside = root.parent / "outside"
    outside.write_text("x", "utf-8")
    edit(root, "files:\n", f'files:\n  "../outside": "{"0" * 40}"\n', ".generator.yaml")
    later("1.1", {"README.md": "new\n", "ci/check.yaml": TEXT})
    assert upgraded(root).code == 0
    assert outside.read_text("utf-8") == "x"


def test_other_options_are_refused(root: Path) -> None:
    """They are of the first day: the catalog has them now."""
    ran = run("init", "--upgrade", "--target", "3.4", root=root)
    assert ran.code == 2
    assert "Error: --upgrade takes --package, --dry-run and --root alone" in ran.stderr


def test_a_text_that_git_cannot_merge_is_an_error(root: Path, later: Later) -> None:
    """As one with a null byte; nothing is written."""
    (root / "README.md").write_bytes(b"\x00")
    later("1.1", {"README.md": "new\n", "ci/check.yaml": "new\n"})
    before = files(root)
    ran = upgraded(root)
    assert ran.code == 2
    assert ran.stderr.startswith("error: git exited 255\n")
    assert files(root) == before
