"""Every diagnostic as users see it, and hostile files."""

import gc
import json
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, get_args

import pytest
from helpers import MINIMAL, ROOT, Ran, files, project, run

from generator import requirement
from generator.codes import OF_THE_LOCK, AcceptableWarning, Code
from generator.yaml.read import MAX_BYTES

CODES: Final = frozenset(get_args(Code))
ERRORS: Final = ROOT / "tests" / "errors"
LOCK: Final = ROOT / "tests" / "lock"  # the codes that need a lock have their cases there, and `test_lock` runs them
DOCS: Final = ROOT / "docs" / "diagnostics.md"
MIXED: Final = "all-at-once"
CASES: Final = sorted(path.name for path in ERRORS.iterdir())


@pytest.fixture(autouse=True)
def _version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages name the version, and the next one must not change them."""
    monkeypatch.setattr(requirement, "installed", lambda: "0.1.0")


def _edit(kind: str, before: str, after: str) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        [path] = root.glob(f"rendered/dev/*/{kind}-*.yaml")
        text = path.read_text("utf-8")
        assert text.count(before) == 1
        path.write_text(text.replace(before, after), "utf-8")

    return edit


def _remove(root: Path) -> None:
    (root / "rendered/dev/models/servingruntime-minilm.yaml").unlink()


def _add(root: Path) -> None:
    (root / "rendered/dev/models/configmap-notes.yaml").write_text("kind: ConfigMap\n", "utf-8")


DRIFT: Final = "out-of-date"


def _leave(root: Path) -> None:
    generated = root / "rendered/dev/models/servingruntime-minilm.yaml"
    shutil.copy(generated, generated.with_name("servingruntime-old.yaml"))


DAMAGES: Final = {
    "foreign-manifest": _add,
    "foreign-manifest--generated": _leave,
    "kubeconform": _edit("inferenceservice", "minReplicas:", "minReplica:"),
    "kubeconform--template": _edit("template", "supportedModelFormats:", "supportedModelFormat:"),
    "not-rendered": _remove,
    DRIFT: _remove,
}
"""What happens between `generate` and `check`, or `generate --check`, for their findings."""

GENERATED: Final = [case for case in CASES if case not in DAMAGES]
CHECKED: Final = [
    pytest.param(case, marks=pytest.mark.tool) if case.startswith("kubeconform") else case for case in sorted(DAMAGES)
]


def code_of(case: str) -> str:
    """`gpu-over-quota--surge` shows the code `gpu-over-quota`."""
    return case.partition("--")[0]


def catalog_of(case: str) -> bytes:
    """The case's catalog; a huge one is generated, not stored."""
    if case == "yaml-too-large":
        return MINIMAL.encode().ljust(MAX_BYTES + 1, b"#")
    if case == "object-too-large":
        lines = "".join(f"\n      example.com/{number:02}: {'x' * 4096}" for number in range(64))
        return f"{MINIMAL}    annotations:{lines}\n".encode()
    return (ERRORS / case / "models.yaml").read_bytes()


def compare(case: str, ran: Ran, *, update: bool) -> None:
    """Compare the exact output, the exit code, and the code that the case is named after."""
    expected = ERRORS / case / "stderr.txt"
    if update:
        expected.write_text(ran.stderr, "utf-8")
    assert ran.stderr == expected.read_text("utf-8")
    assert (ran.stdout == "") == (code_of(case) != DRIFT)
    assert ran.code == (1 if ": error: " in ran.stderr else 0)
    assert case == MIXED or f" [{code_of(case)}]\n" in ran.stderr


@pytest.mark.parametrize("case", GENERATED)
def test_a_finding_is_printed_as_expected(case: str, tmp_path: Path, *, update_golden: bool) -> None:
    """Text, position, hint and exit code are those of the case; an error leaves the folder unchanged."""
    root = project(tmp_path, catalog_of(case))
    ran = run("generate", root=root, whole=case == "no-lock")
    compare(case, ran, update=update_golden)
    if ran.code:
        assert list(files(root)) == ["models.yaml"]


@pytest.mark.parametrize("case", CHECKED)
def test_a_finding_on_disk_leads_to_the_catalog(
    case: str, request: pytest.FixtureRequest, tmp_path: Path, *, update_golden: bool
) -> None:
    """`check` compares the disk with what the catalog produces, and points to the catalog entry."""
    root = project(tmp_path, catalog_of(case))
    if case.startswith("kubeconform"):
        request.getfixturevalue("kubeconform")
    assert run("generate", root=root).code == 0
    DAMAGES[case](root)
    command = ("generate", "--check") if code_of(case) == DRIFT else ("check",)
    compare(case, run(*command, root=root), update=update_golden)


def test_every_code_has_a_case_and_every_case_a_code() -> None:
    """Each code has a catalog that shows it, and each case a code that exists."""
    shown = {code_of(path.name) for folder in (ERRORS, LOCK) for path in folder.iterdir()}
    assert shown == CODES | {MIXED}


def test_every_code_is_explained_and_every_explanation_has_a_code() -> None:
    """The page has one heading per code, in alphabetical order."""
    headings = re.findall(r"^## ([a-z0-9-]+)$", DOCS.read_text("utf-8"), re.MULTILINE)
    assert headings == sorted(CODES)


def test_every_warning_can_be_accepted_but_the_one_about_acceptances() -> None:
    """And those that need a lock are those that have their cases there."""
    warnings = re.findall(r"^## ([a-z0-9-]+)\n\n\*Warning\.\*", DOCS.read_text("utf-8"), re.MULTILINE)
    both = "gpu-count-mismatch"  # an error, or a warning
    assert sorted([*warnings, both]) == sorted({*get_args(AcceptableWarning), "unused-acceptance"})
    locked = {path.name for path in LOCK.iterdir()} - {code_of(case) for case in CASES}
    assert locked & {*warnings} == OF_THE_LOCK


@pytest.mark.parametrize("case", GENERATED)
def test_positions_are_inside_the_file(case: str, tmp_path: Path) -> None:
    """Every position is a character of the catalog, or the end of one of its lines."""
    raw = catalog_of(case)
    lines = raw.decode("utf-8", "replace").split("\n")
    found = json.loads(run("generate", "--output", "json", root=project(tmp_path, raw)).stdout)
    assert found
    for finding in found:
        assert 1 <= finding["column"] <= len(lines[finding["line"] - 1]) + 1


FORMATS: Final = ("text", "json", "github", "sarif", "junit")
SECRETS: Final = (
    "AKIAIOSFODNN7EXAMPLE",
    "not-a-real-key",
    "not-a-real-password",
    "not-a-real-token",
)
HIDDEN: Final = [case for case in CASES if code_of(case) == "credential-in-catalog"]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("case", HIDDEN)
def test_a_credential_in_the_catalog_is_not_printed(case: str, form: str, tmp_path: Path) -> None:
    """More people read CI logs than the repository, and logs are kept as long."""
    raw = catalog_of(case)
    assert any(secret.encode() in raw for secret in SECRETS)
    ran = run("generate", "--output", form, root=project(tmp_path, raw))
    assert ran.code == 1
    assert not any(secret in ran.stdout + ran.stderr for secret in SECRETS)


def with_fields(text: str) -> str:
    """MINIMAL with more fields in its model."""
    return f"{MINIMAL}    {text}\n"


LEAKS: Final[dict[str, str]] = {
    "ambiguous": with_fields("env: {DB_PASSWORD: 0123456789}"),
    "anchored": with_fields("env: {DB_PASSWORD: &it not-a-real-password, OTHER_PASSWORD: *it}"),
    "beside a broken key": with_fields("env: {DB_PASSWORD: not-a-real-password, 1X: y}"),
    "in a comment": with_fields("task: reranker  # AKIAIOSFODNN7EXAMPLE"),
    "in a list": with_fields("args: [AKIAIOSFODNN7EXAMPLE]"),
    "number": with_fields("env: {DB_PASSWORD: 1234567890}"),
    "of the wrong type": with_fields("maxSurge: AKIAIOSFODNN7EXAMPLE"),
    "password in a Git URL": MINIMAL.replace(
        '{target: "3.3"}', '{target: "3.3", argocd: {repoURL: "https://me:not-a-real-password@git.example.com"}}'
    ),
    "tagged": with_fields("env: {DB_PASSWORD: !!str not-a-real-password}"),
    "twice": with_fields('env: {DB_PASSWORD: ""}').replace('""}', '"",\n      DB_PASSWORD: not-a-real-password}'),
    "the whole text": "AKIAIOSFODNN7EXAMPLE",
    "unknown field": MINIMAL.replace("{existing: s3}", "{existing: s3, key: AKIAIOSFODNN7EXAMPLE}"),
    "unknown value": MINIMAL.replace("task: embedding\n    max", "task: AKIAIOSFODNN7EXAMPLE\n    max"),
}


def test_a_credential_on_a_line_that_is_not_yaml_is_not_printed(tmp_path: Path) -> None:
    """A missing bracket must not reveal a key."""
    ran = run(
        "generate", root=project(tmp_path, MINIMAL.replace("{existing: s3}", "{existing: s3}, AKIAIOSFODNN7EXAMPLE"))
    )
    assert ran.code == 1
    assert "AKIAIOSFODNN7EXAMPLE" not in ran.stderr


@pytest.mark.parametrize("leak", LEAKS)
def test_a_credential_is_not_printed_by_another_finding(leak: str, tmp_path: Path) -> None:
    """Whatever else is wrong with a line, its credential is not printed."""
    ran = run("generate", root=project(tmp_path, LEAKS[leak]))
    assert ran.code == 1
    assert not re.search("AKIAIOSFODNN7EXAMPLE|not-a-real|123456789", ran.stderr)


def test_a_broken_model_does_not_hide_what_is_wrong_with_the_others(tmp_path: Path) -> None:
    """Models that break the contract are set aside, and the rules judge the rest."""
    catalog = f"{MINIMAL}    replicas: none\n" + MINIMAL.partition("models:\n")[2].replace("minilm", "vllm")
    ran = run("generate", root=project(tmp_path, catalog))
    assert "[wrong-type]" in ran.stderr
    assert "[reserved-name]" in ran.stderr


def test_an_error_in_defaults_is_reported_once(tmp_path: Path) -> None:
    """One mistake is one finding, however many models inherit it."""
    models = "".join(MINIMAL.partition("models:\n")[2].replace("minilm", f"model-{number}") for number in range(9))
    catalog = MINIMAL.replace("defaults:\n", "defaults:\n  runtime: triton\n").partition("models:\n")[0]
    ran = run("generate", root=project(tmp_path, f"{catalog}models:\n{models}"))
    assert ran.stderr.count("[unknown-runtime]") == 1
    assert ran.stderr.endswith("1 error; nothing was written\n")


LEVELS: Final = 1_000
MANY: Final = 100_000
HOSTILE: Final[dict[str, bytes]] = {
    "aliases that multiply": b"a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    + b"".join(b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 20)),
    "an alias of itself": b"models: &a [*a]\n",
    "an alias of nothing": with_fields("labels: *a").encode(),
    "ten megabytes": MINIMAL.encode().ljust(10_000_000, b"#"),
    "deep lists in flow": b"models: " + b"[" * LEVELS + b"]" * LEVELS,
    "deep lists in flow that never end": b"models: " + b"[" * 1_000_000,
    "deep maps in flow": b"models: " + b"{a: " * LEVELS + b"}" * LEVELS,
    "deep maps in blocks": b"".join(b" " * level + b"a:\n" for level in range(LEVELS)),
    "deep lists in blocks": b"- " * LEVELS,
    "a NUL": MINIMAL.encode().replace(b"minilm", b"mini\0lm"),
    "no UTF-8 in the middle": MINIMAL.encode().replace(b"minilm", b"mini\xfflm"),
    "UTF-16": MINIMAL.encode("utf-16"),
    "UTF-16 without a mark": MINIMAL.encode("utf-16-le"),
    "a lone carriage return": MINIMAL.replace("    dimensions", "    # hidden\r    dimensions").encode(),
    "a terminal's escape sequence": MINIMAL.replace("minilm", "mini\x1b[31mlm").encode(),
    "a byte order mark in the middle": MINIMAL.replace("minilm", "mini\ufefflm").encode(),
    "a long line": MINIMAL.replace("displayName: S3", f"displayName: {'x' * 1_000_000}").encode(),
    "a long line of another file": f"{MINIMAL}{'x' * 1_000_000}: 1\n".encode(),
    "many aliases on a line": b"a: [" + b"*a, " * MANY + b"x]\n",
    "many tags on a line": b"a: [" + b"!x a, " * MANY + b"x]\n",
    "many models and defaults that break the contract": MINIMAL.replace("defaults:\n", "defaults:\n  a: 1\n").encode()
    + b"".join(b"  - {name: m%d, a: 1}\n" % number for number in range(5_000)),
    "many keys alike": MINIMAL.encode() + b"a: 1\n" * MANY,
    "many keys alike inside a model": with_fields("labels:").encode() + b"      a: x\n" * MANY,
    "a tab as indentation": MINIMAL.replace("    task: embedding\n    max", "\ttask: embedding\n    max").encode(),
    "nothing": b"",
    "only a comment": b"# to do\n",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100,
}


MOST_COUNTED: Final = 100e6
"""How far one can count in a second or so, whatever machine has that second."""


def _million_s() -> float:
    """How long this machine, now, takes to count to a million."""
    started = time.process_time()
    for _ in range(1_000_000):
        pass
    return time.process_time() - started


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_quickly(name: str, tmp_path: Path) -> None:
    """The position is reported within about a second; nothing is written, and nothing crashes."""
    root = project(tmp_path, HOSTILE[name])
    counted: list[float] = []
    gc.freeze()  # what other tests have left is not searched for garbage, as in a process of its own
    while not counted or (counted[-1] >= MOST_COUNTED and len(counted) < 5):  # what else the machine does can only add
        before_s = _million_s()
        started = time.process_time()
        ran = run("generate", root=root)
        spent_s = time.process_time() - started
        counted.append(spent_s / max(before_s, _million_s()) * 1e6)
    gc.unfreeze()
    assert min(counted) < MOST_COUNTED
    assert ran.code == 1
    assert re.match(r"models\.yaml:[0-9]+:[0-9]+: error: .+ \[[a-z-]+\]\n", ran.stderr)
    assert "nothing was written" in ran.stderr.splitlines()[-1]
    assert len(ran.stderr) < 1_000_000
    assert list(files(root)) == ["models.yaml"]


@pytest.mark.parametrize("name", ["a NUL", "UTF-16 without a mark"])
def test_no_control_character_reaches_the_terminal(name: str, tmp_path: Path) -> None:
    """A catalog in a pull request cannot color, clear or rewrite the reviewer's terminal."""
    ran = run("generate", root=project(tmp_path, HOSTILE[name]))
    assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", ran.stderr) is None


def test_generate_repairs_a_damaged_project(tmp_path: Path) -> None:
    """As the hints of `check` say: it restores what was removed or edited by hand, and removes its own files."""
    root = project(tmp_path)
    run("generate", root=root)
    before = files(root)
    for damage in (DAMAGES["kubeconform"], DAMAGES["foreign-manifest--generated"], DAMAGES["not-rendered"]):
        damage(root)
    shutil.rmtree(root / "rendered" / "dev" / "platform")
    run("generate", root=root)
    assert files(root) == before
