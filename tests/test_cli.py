"""The commands as users see them: output streams and exit codes."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner
from fakes import LONG_S
from helpers import MINIMAL, ROOT, SHIPPED, TOTALS, UNLOCKED, Ran, files, project, run

from generator import cli, pipeline
from generator.catalog.contract import json_schema

BROKEN = MINIMAL.replace("maxModelLen: 256", "maxModelLen: long")
NO_HUB = "nobody can reach the Hub here"
ACCEPTING = f"{MINIMAL}acceptedWarnings: {{no-lock: {NO_HUB}}}\n"
UNDIGESTED = """  {}:
    displayName: Another Runtime
    task: embedding
    image: quay.io/vllm/vllm-cuda:0.13.0
"""


def test_generate_reports_what_it_wrote_and_a_second_run_that_all_is_up_to_date(tmp_path: Path) -> None:
    """Findings and summaries go to stderr, so that stdout stays free for results."""
    root = project(tmp_path)
    first, second = run("generate", root=root), run("generate", root=root)
    written = len(files(root, without=["models.yaml"]))
    assert (first.code, first.stdout, first.stderr) == (0, "", f"{written} files created\n")
    assert (second.code, second.stdout, second.stderr) == (0, "", f"{written} files are up to date\n")


def test_check_prints_a_diff_exits_1_and_writes_nothing(tmp_path: Path) -> None:
    """CI uses `generate --check` to find out whether the committed tree is current."""
    root = project(tmp_path)
    run("generate", root=root)
    project(tmp_path, MINIMAL.replace("maxModelLen: 256", "maxModelLen: 128"))
    before = files(root)
    ran = run("generate", "--check", root=root)
    assert ran.code == 1
    assert "--- a/rendered/dev/models/servingruntime-minilm.yaml\n" in ran.stdout
    assert "-    - --max-model-len=256\n+    - --max-model-len=128\n" in ran.stdout
    assert "rendered/dev/models/servingruntime-minilm.yaml:1:1: error: differs from " in ran.stderr
    assert ran.stderr.endswith("4 files would be changed; run `generate`\n")
    assert files(root) == before


def drifted(tmp_path: Path, form: str) -> Ran:
    """`generate --check` where one file was edited, one is missing, and one is left over."""
    root = project(tmp_path, ACCEPTING)
    run("generate", root=root)
    edited, missing = (root / f"base/models/minilm/{name}.yaml" for name in ("servingruntime", "kustomization"))
    edited.write_text(edited.read_text("utf-8") + "# \x1b[31mby hand\n", "utf-8")
    missing.rename(missing.with_name("left-over.yaml"))
    ran = run("generate", "--check", "--output", form, root=root)
    assert ran.code == 1
    assert "\x1b" not in ran.stdout + ran.stderr
    return ran


DRIFT = {
    "base/models/minilm/kustomization.yaml": "does not exist",
    "base/models/minilm/left-over.yaml": "is not generated from models.yaml any more",
    "base/models/minilm/servingruntime.yaml": "differs from what models.yaml compiles to",
}


def test_drift_as_json_is_a_list_of_findings(tmp_path: Path) -> None:
    """Standard output is one document: the diff goes to stderr."""
    ran = drifted(tmp_path, "json")
    found = json.loads(ran.stdout)
    assert {item["path"]: item["message"] for item in found if not item["accepted"]} == DRIFT
    assert {(item["code"], item["severity"], item["hint"]) for item in found if not item["accepted"]} == {
        ("out-of-date", "error", "run `generate`, and commit what it writes")
    }
    assert "--- a/base/models/minilm/servingruntime.yaml\n" in ran.stderr


def test_drift_as_sarif_is_a_result_per_file(tmp_path: Path) -> None:
    """Code scanning shows each result at its file."""
    [sarif] = json.loads(drifted(tmp_path, "sarif").stdout)["runs"]
    places = [
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in sarif["results"]
        if "suppressions" not in result
    ]
    assert places == sorted(DRIFT)
    assert all("run `generat" in result["message"]["text"] for result in sarif["results"])


def test_drift_as_junit_is_a_failure_per_file(tmp_path: Path) -> None:
    """GitLab and Jenkins count failures."""
    suite = ET.fromstring(drifted(tmp_path, "junit").stdout)
    assert (suite.get("tests"), suite.get("failures")) == ("3", "3")
    assert [str(case.get("name")).partition(":")[0] for case in suite] == sorted(DRIFT)


def test_drift_on_github_is_a_command_per_file(tmp_path: Path) -> None:
    """GitHub reads stdout line by line, and nothing else is on it."""
    lines = drifted(tmp_path, "github").stdout.splitlines()
    assert [re.sub(r"::error file=([^,]+),.*", r"\1", line) for line in lines] == sorted(DRIFT)


def test_check_shows_created_and_removed_files(tmp_path: Path) -> None:
    """A file that would be created or removed is diffed against /dev/null."""
    root = project(tmp_path)
    run("generate", root=root)
    project(tmp_path, MINIMAL.replace("name: minilm\n", "name: other\n"))
    ran = run("generate", "--check", root=root)
    assert "--- a/base/models/minilm/servingruntime.yaml\n+++ /dev/null\n" in ran.stdout
    assert "--- /dev/null\n+++ b/base/models/other/servingruntime.yaml\n" in ran.stdout


def test_an_invalid_catalog_writes_nothing_and_exits_1(tmp_path: Path) -> None:
    """The last line says that nothing was written."""
    root = project(tmp_path, BROKEN)
    ran = run("generate", root=root)
    assert ran.code == 1
    assert ran.stderr.endswith("1 error; nothing was written\n")
    assert list(files(root)) == ["models.yaml"]


@pytest.mark.parametrize("option", [[], ["--dry-run"], ["--verify"]])
def test_a_sync_of_no_models_says_so(option: list[str], tmp_path: Path) -> None:
    """Neither the Hub nor a bucket is asked."""
    root = project(tmp_path, f"{MINIMAL.partition('models:')[0]}models: []\n")
    assert run("sync", *option, root=root) == Ran(0, "", "there are no models to sync\n")


def test_a_missing_catalog_exits_2(tmp_path: Path) -> None:
    """Exit code 1 would mean that the catalog is invalid."""
    ran = run("generate", root=tmp_path)
    assert ran.code == 2
    assert ran.stderr.startswith("error: cannot read models.yaml: No such file")


def test_a_bug_exits_70_with_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python's own exit code 1 would mean that the catalog is invalid."""

    def broken(_: Path) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(pipeline, "read", broken)
    monkeypatch.setattr(sys, "argv", ["generator", "generate", "--root", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        cli.run()
    assert ended.value.code == 70
    assert "RuntimeError: unforeseen" in capsys.readouterr().err


def test_json_output_carries_the_same_findings(tmp_path: Path) -> None:
    """`--output json` prints a list on stdout, empty if there are no findings."""
    ran = run("generate", "--output", "json", root=project(tmp_path, BROKEN))
    [finding] = json.loads(ran.stdout)
    assert finding == {
        "path": "models.yaml",
        "line": 22,
        "column": 18,
        "severity": "error",
        "code": "wrong-type",
        "message": "model 'minilm': maxModelLen must be a whole number, not the text 'long'",
        "hint": "write a whole number in plain digits",
        "accepted": None,
    }


def places(ran: Ran, form: str) -> list[tuple[int, int]]:
    """Lines and columns of the warnings that a format lists."""
    match form:
        case "json":
            return [(item["line"], item["column"]) for item in json.loads(ran.stdout) if not item["accepted"]]
        case "sarif":
            results = json.loads(ran.stdout)["runs"][0]["results"]
            regions = [it["locations"][0]["physicalLocation"]["region"] for it in results if "suppressions" not in it]
            return [(region["startLine"], region["startColumn"]) for region in regions]
        case "junit":
            names = [str(case.get("name")) for case in ET.fromstring(ran.stdout) if case.find("system-out") is not None]
            return [(int(name.split(":")[1]), int(name.split(":")[2])) for name in names]
        case "github":
            found = re.findall(r"^::warning file=models\.yaml,line=([0-9]+),col=([0-9]+)", ran.stdout, re.MULTILINE)
        case _:
            found = re.findall(r"^models\.yaml:([0-9]+):([0-9]+): warning:", ran.stderr, re.MULTILINE)
    return [(int(line), int(column)) for line, column in found]


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif", "junit"])
def test_a_missing_lock_is_a_warning_in_every_format_until_it_is_accepted(form: str, tmp_path: Path) -> None:
    """It has a code and a place as every other warning."""
    argv = ("generate", "--output", form)
    ran = run(*argv, root=project(tmp_path), whole=True)
    assert ran.code == 0
    assert "no-lock" in ran.stdout + ran.stderr
    assert places(ran, form) == [(MINIMAL.partition("models:\n")[0].count("\n") + 1, 1)]
    ran = run(*argv, root=project(tmp_path, ACCEPTING), whole=True)
    assert ran.code == 0
    assert places(ran, form) == []
    assert (NO_HUB in ran.stdout) == (form in ("json", "sarif"))


def test_an_acceptance_that_accepts_nothing_is_a_warning(tmp_path: Path) -> None:
    """It would hide what comes back. Of the models' own files nothing is known without a lock."""
    accepting = f"{ACCEPTING[:-2]}, unused-runtime: kept, non-commercial-licence: agreed}}\n"
    ran = run("generate", root=project(tmp_path, accepting))
    assert ran.code == 0
    assert "warning: acceptedWarnings: 'unused-runtime' does not occur [unused-acceptance]\n" in ran.stderr
    assert ran.stderr.count("[unused-acceptance]") == 1


def test_equal_warnings_are_one_with_every_place_and_errors_come_last(tmp_path: Path) -> None:
    """Sixty models with one cause are one thing to do."""
    two = MINIMAL.replace("connections:\n", f"{UNDIGESTED.format('one')}{UNDIGESTED.format('two')}connections:\n")
    catalog = two.replace("  resources", "  runtime: vllm-embedding\n  resources")
    root = project(tmp_path, f"{catalog}    args: [--nope=1]\n")
    lines = run("generate", root=root).stderr.splitlines()
    warnings = [line for line in lines if ": warning: " in line]
    assert len(warnings) == 2
    assert lines[lines.index(warnings[0]) + 1].startswith("  2 times: ")
    assert "runtime 'one'" in lines[lines.index(warnings[0]) + 1]
    assert "runtime 'two'" in lines[lines.index(warnings[0]) + 1]
    [error] = [line for line in lines if ": error: " in line]
    assert lines.index(error) > max(map(lines.index, warnings))
    assert lines[-1] == "1 error, 4 warnings; nothing was written"


def test_generate_ends_with_what_each_environment_comes_to(tmp_path: Path) -> None:
    """Models, and accelerators of quota; a rollout's surge counts."""
    root = project(tmp_path, SHIPPED)
    ran = run("generate", root=root, whole=True)
    assert TOTALS.findall(ran.stderr) == [
        "dev: 7 models, 7 of 8 GPUs\n",
        "prod: 7 models, 10 of 16 GPUs, 4 of 4 mig-1g.10gb\n",
    ]
    project(tmp_path, MINIMAL + "    stopped: true\n")
    ran = run("generate", root=root, whole=True)
    assert TOTALS.findall(ran.stderr) == ["dev: 1 model (1 stopped)\n"]


def test_github_output_is_workflow_commands(tmp_path: Path) -> None:
    """GitHub shows each finding beside its line."""
    ran = run("generate", "--output", "github", root=project(tmp_path, BROKEN))
    assert ran.stdout.startswith(
        "::error file=models.yaml,line=22,col=18,title=wrong-type::model 'minilm': maxModelLen"
    )


def test_sarif_output_names_rule_and_place(tmp_path: Path) -> None:
    """Code scanning takes SARIF."""
    ran = run("generate", "--output", "sarif", root=project(tmp_path, BROKEN))
    [sarif] = json.loads(ran.stdout)["runs"]
    [result] = sarif["results"]
    assert result["ruleId"] == "wrong-type"
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 22, "startColumn": 18}


def test_junit_output_counts_errors_as_failures(tmp_path: Path) -> None:
    """GitLab and Jenkins show JUnit; a clean run is one passed case."""
    suite = ET.fromstring(run("generate", "--output", "junit", root=project(tmp_path, BROKEN)).stdout)
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    clean = ET.fromstring(run("generate", "--output", "junit", root=project(tmp_path, ACCEPTING)).stdout)
    assert (clean.get("tests"), clean.get("failures")) == ("1", "0")


def test_the_shipped_tree_is_current(tmp_path: Path) -> None:
    """The committed files are what the shipped catalog compiles to."""
    run("generate", root=project(tmp_path, SHIPPED))
    for path, content in files(tmp_path).items():
        assert (ROOT / path).read_bytes() == content, path


@pytest.mark.parametrize(
    "command", [["generate"], ["generator", "generate"], [sys.executable, "-m", "generator", "generate"]]
)
def test_the_installed_commands_run(command: list[str], tmp_path: Path) -> None:
    """Both console scripts and the module do the same."""
    scripts = Path(sys.executable).parent
    program = [str(scripts / command[0]) if len(Path(command[0]).parts) == 1 else command[0], *command[1:]]
    root = project(tmp_path)
    done = subprocess.run(program, cwd=root, capture_output=True, text=True, timeout=LONG_S, check=False)
    written = len(files(root, without=["models.yaml"]))
    assert done.returncode == 0
    assert UNLOCKED.sub("", done.stderr) == f"dev: 1 model, 1 GPU\n{written} files created\n"


@pytest.mark.parametrize("option", ["-h", "--help", "--version"])
@pytest.mark.parametrize("script", ["generator", "generate", "artifact-sync"])
def test_every_script_has_help_and_version(script: str, option: str) -> None:
    """Under its own name, also where the same command is part of `generator`."""
    program = str(Path(sys.executable).with_name(script))
    done = subprocess.run([program, option], capture_output=True, text=True, timeout=LONG_S, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    expected = f"{script}, version {version('rhoai-model-gitops')}" if option == "--version" else f"Usage: {script} "
    assert done.stdout.startswith(expected)


def test_list_is_a_table_of_models_and_environments(tmp_path: Path) -> None:
    """Its header, its order and its gaps are those of `kubectl get`."""
    root = project(
        tmp_path, MINIMAL.replace("dev: {namespace: team-dev}", "dev: {namespace: d}\n  prod: {namespace: p}")
    )
    ran = run("list", root=root)
    assert (ran.code, ran.stderr) == (0, "")
    assert ran.stdout == (
        "NAME     ENV    TASK        LENGTH   DIMENSIONS   GPUS   URL\n"
        "minilm   dev    embedding   256      384          1      http://minilm-predictor.d.svc.cluster.local:8080\n"
        "minilm   prod   embedding   256      384          1      http://minilm-predictor.p.svc.cluster.local:8080\n"
    )
    header, line = run("list", "--env", "prod", "--output", "wide", root=root).stdout.splitlines()
    assert header.split()[-5:] == ["REPLICAS", "ACCELERATOR", "RUNTIME", "REPOSITORY", "COMMIT"]
    assert line.split()[-5:-2] == ["1", "nvidia.com/gpu", "vllm-embedding"]
    found = json.loads(run("list", "--output", "json", root=root).stdout)
    assert [(item["environment"], item["dimensions"], item["auth"]) for item in found] == [
        ("dev", 384, False),
        ("prod", 384, False),
    ]


def test_list_counts_gpus_at_rest_and_those_of_a_rollout_apart(tmp_path: Path) -> None:
    """A surge is no surprise; what is stopped asks for nothing, and other names and hosts are in the wide forms."""
    more = "    replicas: 2\n    maxSurge: 1\n    aliases: [small]\n"
    routed = "    expose: true\n    auth: true\n    host: m.example.com\n"
    root = project(tmp_path, MINIMAL + more + routed)
    (found,) = json.loads(run("list", "--output", "json", root=root).stdout)
    assert [found[key] for key in ("gpus", "gpusInRollout", "stopped", "host", "aliases")] == [
        2,
        3,
        False,
        "m.example.com",
        ["small"],
    ]
    header, line = (text.split() for text in run("list", "--output", "wide", root=root).stdout.splitlines())
    row = dict(zip(header, line, strict=True))
    assert [row[key] for key in ("GPUS", "ROLLOUT-GPUS", "STOPPED", "HOST", "ALIASES")] == [
        "2",
        "3",
        "no",
        "m.example.com",
        "small",
    ]
    project(tmp_path, f"{MINIMAL}    stopped: true\n")
    (found,) = json.loads(run("list", "--output", "json", root=root).stdout)
    assert [found[key] for key in ("gpus", "gpusInRollout", "stopped", "host")] == [0, 0, True, None]


def test_list_of_nothing_says_so_and_of_an_unknown_environment_is_an_error(tmp_path: Path) -> None:
    """As `kubectl get`: nothing found is no failure, and stays off stdout."""
    root = project(tmp_path, f"{MINIMAL.partition('models:')[0]}models: []\n")
    assert run("list", root=root) == Ran(0, "", "No models found.\n")
    assert run("list", "--env", "dev", root=root) == Ran(0, "", "No models found in dev.\n")
    assert run("list", "--output", "json", root=root) == Ran(0, "[]\n", "No models found.\n")
    ran = run("list", "--env", "dve", root=root)
    assert ran == Ran(2, "", "error: there is no environment 'dve'\n  hint: did you mean 'dev'?\n")


@pytest.mark.parametrize("argv", [["list"], ["plan", "--target", "3.5"]], ids=lambda argv: str(argv[0]))
def test_findings_are_never_the_json_of_a_command_that_prints_something_else(argv: list[str], tmp_path: Path) -> None:
    """A program that reads the output gets nothing, and the exit code, rather than an array of another kind."""
    root = project(tmp_path, BROKEN)
    ran = run(*argv, "--output", "json", root=root)
    assert (ran.code, ran.stdout) == (1, "")
    assert "[wrong-type]" in ran.stderr
    assert json.loads(run("check", "--output", "json", root=root).stdout)[0]["code"] == "wrong-type"


def test_without_a_catalog_the_hint_names_init(tmp_path: Path) -> None:
    """Whoever has none yet needs to know what writes one."""
    ran = run("generate", root=tmp_path)
    assert (ran.code, ran.stderr) == (
        2,
        (
            "error: cannot read models.yaml: No such file or directory\n"
            "  hint: `generator init` writes one, or set --root to its folder\n"
        ),
    )


def test_help_groups_the_commands_by_use() -> None:
    """Every command once, under what it is for."""
    text = run("--help", root=ROOT).stdout
    headings = re.findall(r"^([A-Z][a-z ]+):$", text, re.MULTILINE)
    assert headings == ["Options", "Start and edit", "Compile and check", "Ship", "Look"]
    assert "..." not in text.partition("Start and edit:")[2]
    listed = re.findall(r"^  ([a-z]+)  ", text.partition("Start and edit:")[2], re.MULTILINE)
    assert sorted(listed) == sorted(
        path.stem for path in (ROOT / "generator/commands").glob("*.py") if _is_command(path)
    )
    assert "\b" not in text


def _is_command(path: Path) -> bool:
    return "ON_ERROR: Final" in path.read_text("utf-8")


@pytest.mark.parametrize("option", ["-h", "--help", "--version"])
@pytest.mark.parametrize("command", ["init", "add", "lock", "schema", "generate", "check", "plan", "sync", "list"])
def test_every_command_has_help_and_version(command: str, option: str) -> None:
    """The version is that of the script."""
    ran = run(command, option, root=ROOT)
    assert (ran.code, ran.stderr) == (0, "")
    assert ran.stdout.startswith("main, version " if option == "--version" else f"Usage: main {command} ")
    assert "\b" not in ran.stdout


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, False),
    ],
)
def test_colours_are_for_terminals_and_as_the_environment_says(
    variables: dict[str, str], tmp_path: Path, *, coloured: bool
) -> None:
    """https://no-color.org and https://force-color.org."""
    env = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")} | variables
    argv = [sys.executable, "-m", "generator", "generate", "--root", str(project(tmp_path, BROKEN))]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=LONG_S, check=False, env=env)
    assert done.returncode == 1
    assert ("\x1b[31m" in done.stderr) == coloured


def test_generate_needs_no_cloud_library(tmp_path: Path) -> None:
    """Compiling imports neither botocore nor huggingface_hub, nor anything that opens a connection."""
    program = (
        "import sys; from pathlib import Path; from generator import pipeline;"
        "pipeline.generate(Path(sys.argv[1]), write=True);"
        "print(sorted({'botocore', 'huggingface_hub', 'socket', 'ssl', 'subprocess'} & set(sys.modules)))"
    )
    argv = [sys.executable, "-c", program, str(project(tmp_path))]
    env = {name: value for name, value in os.environ.items() if not name.startswith("COV")}  # it imports socket
    done = subprocess.run(argv, capture_output=True, text=True, timeout=LONG_S, check=True, env=env)
    assert done.stdout == "[]\n"


def test_help_and_usage_errors_of_a_sync_import_no_client() -> None:
    """Help comes at once: the packages that compile and transfer are not loaded for it."""
    program = (
        "import sys; from generator import cli\n"
        "for argv in (['--help'], ['--verify', '--prune'], ['--jobs', '0']):\n"
        "    sys.argv[1:] = argv\n"
        "    try: cli.sync_main()\n"
        "    except SystemExit: pass\n"
        "print(sorted({'botocore', 'huggingface_hub', 'pycurl', 'yaml', 'pydantic_core'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=LONG_S, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_schema_prints_the_committed_schema(tmp_path: Path) -> None:
    """The schema that is committed; no catalog is needed."""
    ran = run("schema", root=tmp_path)
    assert (ran.code, ran.stdout) == (0, json_schema.json_schema())


def test_every_field_is_described_without_a_clone(tmp_path: Path) -> None:
    """As a page that comes with the package, and is that of this repository."""
    ran = run("schema", "--markdown", root=tmp_path)
    assert (ran.code, ran.stdout) == (0, (ROOT / "docs/models-yaml.md").read_text("utf-8"))
    ran = run("schema", "--markdown", "--with-names", root=tmp_path)
    assert ran.code == 2
    assert "choose one" in ran.stderr


@pytest.mark.parametrize("command", [[], ["generate"], ["check"], ["schema"], ["lock"], ["add"], ["sync"]])
def test_every_command_has_help(command: list[str]) -> None:
    """`--help` works and is not empty."""
    result = CliRunner().invoke(cli.main, [*command, "--help"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 3
