"""The files of continuous integration: their form, their pins, and what they may do."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TOP = {"name", "on", "permissions", "concurrency", "env", "defaults", "jobs"}
JOB = {
    *("name", "needs", "if", "runs-on", "timeout-minutes", "permissions", "strategy", "steps"),
    *("env", "outputs", "concurrency", "defaults", "environment"),
}
STEP = {"name", "id", "if", "uses", "with", "run", "env", "shell", "working-directory"}
EVENTS = {"push", "pull_request", "schedule", "workflow_dispatch"}
# the comment; and the page, which is published of main alone
WRITES = {("comment", "pull-requests"), ("page", "pages"), ("page", "id-token")}
# as `make check` has it
ZIZMOR = ("--offline", "--no-progress", "--quiet", "--strict-collection")
# what a change can be of: each is tried by one workflow at least, data by one alone
INPUTS = {
    *("data/raw/**", "reports/versions/**", "workflow/**", "tests/**", ".ci/**", "README.md"),
    *("Snakefile", "config/**", ".snakemake-workflow-catalog.yml", "Makefile", "pyproject.toml"),
    *("requirements.lock", "requirements-dev.lock", "requirements-slurm.lock"),
    *("CITATION.cff", "CONTRIBUTING.md"),
    *("setup.py", ".pre-commit-config.yaml", ".github/**"),
}


class Loader(yaml.SafeLoader):
    """YAML 1.2 in one point: `on` is a word."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:bool"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(path):
    return yaml.load(path.read_text(encoding="utf-8"), Loader=Loader)


def steps(workflow):
    return [(name, step) for name, job in workflow["jobs"].items() for step in job["steps"]]


@pytest.fixture(params=FILES, ids=lambda path: path.name)
def workflow(request):
    return read(request.param)


def test_both_files_are_there():
    assert [path.name for path in FILES] == ["report.yml", "test.yml"]


def test_keys_are_known_and_jobs_complete(workflow):
    assert set(workflow) <= TOP
    assert set(workflow["on"]) <= EVENTS
    for job in workflow["jobs"].values():
        assert set(job) <= JOB
        assert {"runs-on", "timeout-minutes", "steps"} <= set(job)
        needs = job.get("needs", [])
        assert set([needs] if isinstance(needs, str) else needs) <= set(workflow["jobs"])
    for _, step in steps(workflow):
        assert set(step) <= STEP
        assert ("uses" in step) != ("run" in step)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("", "", None),
        ("@08c6903cd8c0fde910a37f88322edcfb5dd907a8", "@v5", "unpinned-uses"),
        ("actions/checkout@", "someone/checkout@", "forbidden-uses"),
        ("contents: read", "contents: write", "excessive-permissions"),
        ("persist-credentials: false", "fetch-depth: 0", "artipacked"),
        ("run: make check", "run: echo ${{ github.head_ref }}", "template-injection"),
    ],
)
def test_zizmor_finds_nothing_here_and_would_find_it(tmp_path, old, new, fault):
    """Pins by commit, rights, tokens left behind, scripts built from what others write."""
    folder = shutil.copytree(ROOT / ".github", tmp_path / ".github")
    path = folder / "workflows" / "test.yml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    done = subprocess.run(
        [Path(sys.executable).with_name("zizmor"), *ZIZMOR, "--color=never", folder / "workflows"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert re.findall(r"^\w+\[([\w-]+)\]", done.stdout, re.M)[:1] == ([fault] if fault else [])
    assert (done.returncode == 0) == (fault is None), done.stderr


def test_one_action_has_one_pin_and_says_its_version():
    pins = re.findall(r"uses: (\S+)@(.*)", "".join(path.read_text() for path in FILES))
    assert len({action for action, _ in pins}) == len(set(pins)) > 5
    assert all(re.fullmatch(r"\S+ # v\d+\.\d+\.\d+", pin) for _, pin in pins)


def test_no_code_of_a_pull_request_meets_a_token_that_writes(workflow):
    for name, job in workflow["jobs"].items():
        allowed = job.get("permissions", workflow["permissions"])
        writes = {(name, scope) for scope, right in allowed.items() if right == "write"}
        assert writes <= WRITES
        if writes:
            used = [step.get("uses", "") for step in job["steps"]]
            assert not any(action.startswith("actions/checkout@") for action in used)
            ours = "head.repo.full_name == github.repository" in job["if"]
            assert ours or "github.ref == 'refs/heads/main'" in job["if"]


def test_secrets_are_not_used(workflow):
    assert "secrets." not in str(workflow)


def test_the_report_follows_data_questions_and_code():
    workflow = read(ROOT / ".github" / "workflows" / "report.yml")
    for event in ("push", "pull_request"):
        assert set(workflow["on"][event]["paths"]) == INPUTS
    said = "\n".join(step.get("run", "") for _, step in steps(workflow))
    order = ["ketameta check", "make report", "ketameta diff", "reports/verify.R", "make test"]
    assert [said.index(words) for words in order] == sorted(said.index(words) for words in order)
    assert "GITHUB_STEP_SUMMARY" in said


def test_every_path_of_a_filter_matches_something():
    for path in INPUTS:
        assert (ROOT / path.removesuffix("/**")).exists(), path


def test_a_change_of_data_is_tested_once_and_one_of_code_on_each_system_once():
    report, test = (read(path) for path in FILES)
    for event in ("push", "pull_request"):
        assert set(test["on"][event]["paths"]) == INPUTS - {"data/raw/**", "reports/versions/**"}
    suites = []
    for workflow in (report, test):
        assert "workflow_dispatch" in workflow["on"]
        for job in workflow["jobs"].values():
            runs = [step.get("run", "") for step in job["steps"]]
            if any(run in ("make test", ".ci/run") for run in runs):
                matrix = job.get("strategy", {}).get("matrix", {"python": ["3.13"], "os": []})
                suites += [(str(job["runs-on"]), version) for version in matrix["python"]]
    assert len(suites) == len(set(suites)) == 4


def test_style_types_lint_and_holes_are_looked_at_and_the_environment_is_kept():
    test = read(ROOT / ".github" / "workflows" / "test.yml")
    runs = {step.get("run") for step in test["jobs"]["check"]["steps"]}
    assert {"make check", "make audit"} <= runs
    for path in FILES:
        for job in read(path)["jobs"].values():
            runs = [step.get("run", "") for step in job["steps"]]
            if any(run.startswith(("make", ".ci/run")) for run in runs):
                assert any("actions/cache@" in step.get("uses", "") for step in job["steps"])


def test_the_page_and_the_gate_are_off_until_a_variable_says_on():
    jobs = read(ROOT / ".github" / "workflows" / "report.yml")["jobs"]
    assert jobs["page"]["if"] == "vars.PAGES == 'on' && github.ref == 'refs/heads/main'"
    gate = [step for step in jobs["report"]["steps"] if "vars.GATE == 'on'" in step.get("if", "")]
    (gate,) = gate
    assert gate == jobs["report"]["steps"][-1], "the report and the comment come first"
    assert "steps.change.outputs.status == '11'" in gate["if"]
    assert gate["run"].endswith("exit 1")


def test_the_scripts_are_bash():
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash here")
    for path in FILES:
        for _, step in steps(read(path)):
            if "run" in step:
                subprocess.run([bash, "-n", "-c", step["run"]], check=True)


@pytest.fixture
def said(small, tmp_path):
    """Return a function that runs the step that says what changed, and what it left behind."""
    if shutil.which("git") is None or shutil.which("bash") is None:
        pytest.skip("no git or bash here")
    workflow = read(ROOT / ".github" / "workflows" / "report.yml")
    (step,) = [step for _, step in steps(workflow) if step.get("id") == "change"]
    command = small.path(".venv/bin/ketameta")
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ketameta.cli "$@"\n')
    command.chmod(0o755)

    def git(*words):
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        subprocess.run(["git", *who, *words], cwd=small.folder, check=True, capture_output=True)

    def run(edit, before):
        git("init", "-q")
        git("add", "data/raw")
        git("commit", "-qm", "one")
        small.edit("data/raw/outcomes.csv", *edit)
        git("commit", "-qam", "two", "--allow-empty")
        files = {name: tmp_path / name for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=small.folder, capture_output=True, text=True, check=False,
            env={
                **os.environ, **{name: str(path) for name, path in files.items()},
                "BEFORE": before, "PYTHONPATH": str(small.path("workflow")),
            },
        )  # fmt: skip
        assert files["GITHUB_OUTPUT"].read_text().startswith("said=true\nstatus=")
        comment = small.path("change/comment.md").read_text(encoding="utf-8")
        return done, files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8"), comment

    return run


# a pull request, a push, a branch that was not there before, and one that was pushed by force
@pytest.mark.parametrize("before", ["HEAD^1", "0" * 40, "1" * 40])
def test_a_change_is_told_in_the_summary_and_the_comment(said, before):
    done, summary, comment = said((",47,30,", ",47,31,"), before)
    assert done.returncode == 0, done.stderr
    assert "::notice::an estimate moved" in done.stdout
    assert "events `30` → `31`" in summary
    assert comment == summary


def test_faults_of_a_change_are_told_as_plain_text_and_fail_the_step(said):
    done, summary, comment = said((",47,30,", ",47,48,"), "HEAD^1")
    assert done.returncode == 1
    assert "48 is more than n = 47" in done.stderr
    lines = comment.splitlines()
    assert lines[0] == "The change cannot be told:"
    assert any("48 is more than n = 47" in line for line in lines)
    # indented: nothing of a cell is read as Markdown
    assert all(line.startswith("    ") for line in lines[1:] if line)
    assert summary == comment


def test_a_long_change_is_cut_at_a_line_for_the_comment(small, said):
    width = small.path("data/raw/outcomes.csv").read_text("utf-8").split("\n")[0].count(",")
    rows = "".join(f"murrough2013a,none{i},nothing{',' * (width - 2)}\n" for i in range(600))
    done, summary, comment = said(("\nmurrough2013a,", f"\n{rows}murrough2013a,"), "HEAD^1")
    assert done.returncode == 1
    assert len(summary.encode()) > 65_536
    assert 50_000 < len(comment.encode()) < 65_536
    *lines, empty, last = comment.splitlines()
    assert (empty, last) == ("", "… more in the artifact")
    assert lines == summary.splitlines()[: len(lines)]


def test_pushes_to_main_do_not_cancel_each_other():
    workflow = read(ROOT / ".github" / "workflows" / "report.yml")
    assert "github.sha" in workflow["concurrency"]["group"]
    # without it a failure before a pipe is no failure
    assert workflow["defaults"]["run"]["shell"] == "bash"


def test_what_the_comment_needs_is_left_by_the_report():
    workflow = read(ROOT / ".github" / "workflows" / "report.yml")
    assert workflow["jobs"]["report"]["outputs"] == {
        name: f"${{{{ steps.change.outputs.{name} }}}}" for name in ("said", "status")
    }
    assert "needs.report.outputs.said == 'true'" in workflow["jobs"]["comment"]["if"]
