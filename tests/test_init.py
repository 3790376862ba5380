"""A repository of one's own: what `generator init` writes, and what it leaves alone."""

import re
from pathlib import Path

import pytest
import yaml
from helpers import Ran, files, git_in, run

from generator import git
from generator.compiler import OWNED_FOLDERS
from generator.releases import TARGETS
from generator.requirement import installed
from generator.scaffold.files import FORGES

COMMON = {
    ".gitattributes",
    ".generator.yaml",
    ".gitignore",
    ".pre-commit-config.yaml",
    "README.md",
    "models.yaml",
    "renovate.json",
    "schemas/models.schema.json",
}
OF_FORGE = {
    "github": {".github/CODEOWNERS", ".github/workflows/models.yaml"},
    "gitlab": {".gitlab/CODEOWNERS", ".gitlab-ci.yml"},
    "tekton": {"CODEOWNERS", ".tekton/models.yaml"},
}
WARNED = re.compile(r"warning: .* \[([a-z-]+)\]$", re.MULTILINE)
DIGEST = f"@sha256:{'a' * 64}"


def catalog(root: Path) -> str:
    """The text of the catalog there."""
    return (root / "models.yaml").read_text("utf-8")


@pytest.mark.parametrize("forge", FORGES)
def test_an_empty_folder_becomes_a_repository(forge: str, tmp_path: Path) -> None:
    """Every file is reported, and the last line says what to do next."""
    ran = run("init", "--forge", forge, root=tmp_path)
    written = COMMON | OF_FORGE[forge]
    assert (ran.code, ran.stdout) == (0, "")
    assert files(tmp_path).keys() == written
    *created, trusted, how, following = ran.stderr.splitlines()
    assert created == [f"{path} created" for path in sorted(written)]
    assert trusted.startswith(f"next: see that pip finds rhoai-model-gitops=={installed()} in an index that you trust")
    assert how == "  `generator init --upgrade --package SPEC`"
    assert following == "next: read the first lines of models.yaml, then `generator add OWNER/NAME`"


@pytest.mark.parametrize("target", TARGETS)
def test_its_catalog_compiles_for_each_release(target: str, tmp_path: Path) -> None:
    """The only warning is that about digests, and adding the digests removes it."""
    assert run("init", "--target", target, "--argocd", "https://git.example.com/m.git", root=tmp_path).code == 0
    ran = run("generate", root=tmp_path)
    assert ran.code == 0
    assert WARNED.findall(ran.stderr) == ["image-without-digest"]
    text = re.sub(r"(image: \S+)", rf"\1{DIGEST}", catalog(tmp_path))
    (tmp_path / "models.yaml").write_text(text, "utf-8")
    ran = run("generate", root=tmp_path)
    assert (ran.code, WARNED.findall(ran.stderr)) == (0, [])
    assert ran.stderr.endswith(" files changed\n")
    assert yaml.safe_load(text)["runtimes"]["vllm-embedding"]["vllmVersion"] == str(TARGETS[target].vllm)


def test_the_options_are_in_the_catalog(tmp_path: Path) -> None:
    """Names that YAML would not read as text are quoted."""
    ran = run(
        *("init", "--target", "3.4", "--env", "no", "--env", "test", "--argocd", "git@git.example.com:m.git"),
        *("--endpoint", "http://minio.s3:9000", "--bucket", "our-models"),
        root=tmp_path,
    )
    assert ran.code == 0
    written = yaml.safe_load(catalog(tmp_path))
    assert written["platform"] == {"target": "3.4", "argocd": {"repoURL": "git@git.example.com:m.git"}}
    assert written["environments"] == {"no": {"namespace": "models-no"}, "test": {"namespace": "models-test"}}
    connection = written["connections"]["model-files"]
    assert (connection["endpoint"], connection["bucket"]) == ("http://minio.s3:9000", "our-models")
    assert run("generate", root=tmp_path).code == 0


def test_editors_find_the_schema(tmp_path: Path) -> None:
    """The first line names the file, which `generate` keeps current from then on."""
    run("init", root=tmp_path)
    [named] = re.findall(r"\A# yaml-language-server: \$schema=(\S+)\n", catalog(tmp_path))
    assert (tmp_path / named).read_text("utf-8") == run("schema", "--with-names", root=tmp_path).stdout
    (tmp_path / "models.yaml").write_text(catalog(tmp_path).replace("model-files:", "our-files:"), "utf-8")
    assert run("generate", root=tmp_path).stderr.endswith(" files created, 1 changed\n")
    assert '"our-files"' in (tmp_path / named).read_text("utf-8")


def test_generated_files_are_collapsed_in_a_pull_request(tmp_path: Path) -> None:
    """As Git itself reads the attributes, for every file that `generate` writes, and no other."""
    run("init", "--argocd", "https://git.example.com/m.git", root=tmp_path)
    own = files(tmp_path)
    run("generate", root=tmp_path)
    git_in(tmp_path, "init", "--quiet")
    generated = {path for path in files(tmp_path, without=[*own]) if not path.startswith(".git/")}
    assert {Path(path).parts[0] for path in generated} == {*OWNED_FOLDERS, "docs"}
    said = git_in(tmp_path, "check-attr", "linguist-generated", "--", *generated, *own).splitlines()
    marked = {line.split(": ")[0] for line in said if line.endswith(": set")}
    assert marked == {*generated, ".generator.yaml", "schemas/models.schema.json"}


def test_a_file_that_exists_is_kept(tmp_path: Path) -> None:
    """It is not recorded either: a later version has no claim on it."""
    (tmp_path / "README.md").write_bytes(b"ours\r\n")
    (tmp_path / ".gitignore").symlink_to("nowhere")
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github/renovate.json").write_text("{}", "utf-8")
    ran = run("init", root=tmp_path)
    assert ran.code == 0
    assert ran.stderr.startswith(
        ".gitignore not written: it exists, and stays as it is; add these lines to it:\n"
        "  /.generate-staging/\n  /.venv/\n  *.env\n"
        "README.md not written: it exists, and stays as it is\n"
        "renovate.json not written: .github/renovate.json exists\n"
    )
    assert (tmp_path / "README.md").read_bytes() == b"ours\r\n"
    assert (tmp_path / ".gitignore").is_symlink()
    recorded = yaml.safe_load((tmp_path / ".generator.yaml").read_text("utf-8"))["files"]
    assert not {"README.md", ".gitignore", "renovate.json"}.intersection(recorded)


def test_a_catalog_that_exists_is_kept(tmp_path: Path) -> None:
    """Somebody with a catalog gets the rest."""
    (tmp_path / "models.yaml").write_text("ours", "utf-8")
    ran = run("init", root=tmp_path)
    assert ran.stderr.startswith("models.yaml not written: it exists, and stays as it is\n")
    assert "generator add" not in ran.stderr
    assert catalog(tmp_path) == "ours"
    assert (tmp_path / ".generator.yaml").exists()


def test_a_second_init_is_refused(tmp_path: Path) -> None:
    """The hint names the option for later versions."""
    run("init", root=tmp_path)
    before = files(tmp_path)
    assert run("init", root=tmp_path) == Ran(
        2,
        "",
        "error: .generator.yaml exists: this folder has been set up already\n"
        "  hint: `generator init --upgrade` brings its files up to date\n",
    )
    assert files(tmp_path) == before


def test_a_dry_run_shows_every_file_and_writes_none(tmp_path: Path) -> None:
    """As one unified diff on stdout."""
    ran = run("init", "--dry-run", root=tmp_path)
    assert ran.code == 0
    assert list(tmp_path.iterdir()) == []
    shown = set(re.findall(r"^--- /dev/null\n\+\+\+ b/(.*)$", ran.stdout, re.MULTILINE))
    schema = "schemas/models.schema.json"
    assert shown == (COMMON | OF_FORGE["github"]) - {schema}
    *paths, size = ran.stderr.splitlines()
    assert paths == [f"{path} would be created" for path in sorted({*shown, schema})]
    assert re.fullmatch(rf"{schema}: [0-9]{{2}},[0-9]{{3}} lines, which are not shown; `generator schema` .*", size)


def test_a_folder_that_cannot_be_written_stays_empty(tmp_path: Path) -> None:
    """A file where a folder must go: all or nothing."""
    (tmp_path / ".github").write_text("", "utf-8")
    ran = run("init", root=tmp_path)
    assert ran.code == 2
    assert ran.stderr.startswith("error: cannot ")
    assert list(files(tmp_path)) == [".github"]


HOSTILE = {
    "a name with a space": (["--env", "Kube System"], "--env 'Kube System' is not a name"),
    "an escape sequence": (["--env", "d\x1b[31m\nm"], "is not a name of lowercase letters"),
    "YAML": (["--env", "a: {namespace: x}\nb"], "is not a name of lowercase letters"),
    "nothing": (["--env", ""], "--env '' is not a name"),
    "the same twice": (["--env", "dev", "--env", "dev"], "--env 'dev' is given more than once"),
    "an empty bucket": (["--bucket", ""], "--bucket: bucket is empty"),
    "very long": (["--env", "e" * 5000], "of at most 56 characters"),
    "bytes that are no text": (["--bucket", "a\udcff"], "--bucket is not UTF-8"),
    "a local repository": (["--argocd", "file:///etc"], "--argocd: repoURL 'file:///etc' is not a Git URL"),
    "a password": (["--argocd", "https://me:tops3cret@git.example.com/m"], "looks like a password in a URL"),
    "a token": (["--argocd", f"https://git.example.com/ghp_{'a1B2' * 9}"], "looks like a GitHub token"),
    "a path in the endpoint": (
        ["--endpoint", "https://s3.example.com/b"],
        "--endpoint: endpoint 'https://s3.example.com/b'",
    ),
    "an impossible bucket": (["--bucket", "My_Bucket"], "--bucket: bucket 'My_Bucket' is not a bucket name"),
    "several faults": (["--env", "-", "--bucket", "B"], "bucket 'B' is not a bucket name"),
}


@pytest.mark.parametrize(("argv", "said"), HOSTILE.values(), ids=HOSTILE)
def test_an_option_that_gives_no_valid_catalog_is_refused(argv: list[str], said: str, tmp_path: Path) -> None:
    """One error, and no file; nothing that acts on a terminal is repeated, nor a credential."""
    ran = run("init", *argv, root=tmp_path)
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.count("error: ") == 1
    assert said in ran.stderr
    assert "\x1b" not in ran.stderr
    assert "tops3cret" not in ran.stderr
    assert "ghp_" not in ran.stderr
    assert "warning" not in ran.stderr
    assert "digest" not in ran.stderr
    assert "duplicate key" not in ran.stderr
    assert "hint" not in ran.stderr
    assert max(map(len, ran.stderr.splitlines())) < 400
    assert list(tmp_path.iterdir()) == []


PACKAGES = {
    "a space": "a b",
    "a quote": "a'b",
    "a command": "a$(id)",
    "an expression of GitHub": "a${{github.token}}",
    "an expression of Tekton": "{{a}}",
    "an option": "--pre",
    "nothing": "",
    "a line": "a\n- b",
    "a password": "https://me:tops3cret@packages.example.com/g.whl",
    "a token": f"git+https://ghp_{'a1B2' * 9}@git.example.com/g",
}


@pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES)
def test_a_package_that_would_not_stay_as_it_is_is_refused(package: str, tmp_path: Path) -> None:
    """It goes into a shell, YAML and Markdown; a credential would be committed."""
    ran = run("init", "--package", package, root=tmp_path)
    assert (ran.code, ran.stdout) == (2, "")
    assert "Invalid value for '--package': " in ran.stderr
    assert "tops3cret" not in ran.stderr
    assert "ghp_" not in ran.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("forge", FORGES)
def test_another_package_is_installed_everywhere(forge: str, tmp_path: Path) -> None:
    """With the version filled in, and quoted where a shell would read something else; no index has to be trusted."""
    spec = "git+https://git.example.com/g@v{version}#egg=g&subdirectory=src"
    ran = run("init", "--forge", forge, "--package", spec, root=tmp_path)
    assert ran.code == 0
    assert "an index" not in ran.stderr
    texts = {path: text.decode() for path, text in files(tmp_path).items()}
    made = spec.replace("{version}", installed())
    pipeline = next(text for text in texts.values() if "install --quiet" in text)
    assert f"/pip\" install --quiet '{made}'\n" in pipeline
    assert f"pip install '{made}'\n" in texts["README.md"]
    assert "index" not in texts["README.md"]
    hooks = yaml.safe_load(texts[".pre-commit-config.yaml"])["repos"][0]["hooks"]
    assert [hook["additional_dependencies"] for hook in hooks] == [[made]] * 2
    assert not any("rhoai-model-gitops==" in text for text in texts.values())


def test_the_readme_says_that_the_index_must_be_trusted(tmp_path: Path) -> None:
    """Anybody can register a name that is free in a public one."""
    run("init", root=tmp_path)
    assert "in an index that you trust" in (tmp_path / "README.md").read_text("utf-8")


def test_the_readme_leads_to_the_description_of_every_field(tmp_path: Path) -> None:
    """The command that it names prints it."""
    run("init", root=tmp_path)
    assert "`generator schema --markdown`" in (tmp_path / "README.md").read_text("utf-8")
    assert "maxModelLen" in run("schema", "--markdown", root=tmp_path).stdout


def test_the_readme_does_not_promise_argo_cd(tmp_path: Path) -> None:
    """Without `platform.argocd`, nothing applies the manifests by itself."""
    run("init", root=tmp_path)
    assert "`rendered/` if `platform.argocd` in" in (tmp_path / "README.md").read_text("utf-8")


def test_files_with_credentials_are_ignored(tmp_path: Path) -> None:
    """As Git itself reads the patterns: docs/operations.md has people write keys.env."""
    git_in(tmp_path, "init", "--quiet")
    run("init", root=tmp_path)
    said = git_in(tmp_path, "check-ignore", "--", "keys.env", ".env", "prod/keys.env", ".venv/bin").split()
    assert said == ["keys.env", ".env", "prod/keys.env", ".venv/bin"]


def test_only_the_lines_that_a_kept_file_lacks_are_named(tmp_path: Path) -> None:
    """One that has them all needs nothing."""
    (tmp_path / ".gitignore").write_text("*.env\n/.venv/\n", "utf-8")
    said = run("init", "--dry-run", root=tmp_path).stderr
    assert said.startswith(
        ".gitignore not written: it exists, and stays as it is; add these lines to it:\n  /.generate-staging/\n.gen"
    )
    (tmp_path / ".gitignore").write_text("*.env\n/.venv/\n/.generate-staging/\n", "utf-8")
    said = run("init", "--dry-run", root=tmp_path).stderr
    assert said.startswith(".gitignore not written: it exists, and stays as it is\n.generator.yaml ")


@pytest.mark.parametrize("forge", FORGES)
def test_a_folder_of_a_repository_is_warned_about(forge: str, tmp_path: Path) -> None:
    """No forge reads a pipeline there; at the top, nothing is said."""
    git_in(tmp_path, "init", "--quiet")
    root = tmp_path / "teams/search"
    root.mkdir(parents=True)
    said = run("init", "--forge", forge, root=root).stderr
    assert "warning: this folder is teams/search in its Git repository: no pipeline runs from here\n  hint: " in said
    assert "add `--root teams/search` to its commands\n" in said
    assert ("action.yml with `folder: teams/search`" in said) is (forge == "github")
    assert "warning" not in run("init", "--forge", forge, root=tmp_path).stderr


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_ids_are_those_of_the_repository(algorithm: str, tmp_path: Path) -> None:
    """What is recorded is what Git calls the file, by the hash that the repository uses."""
    git_in(tmp_path, "init", "--quiet", f"--object-format={algorithm}")
    run("init", root=tmp_path)
    recorded = yaml.safe_load((tmp_path / ".generator.yaml").read_text("utf-8"))["files"]
    said = git_in(tmp_path, "hash-object", "--no-filters", "--", *recorded).split()
    assert list(recorded.values()) == said
    assert git.is_blob((tmp_path / "README.md").read_bytes(), recorded["README.md"])
