"""A pull request of data from end to end: a branch, a trial, what CI runs, the text of the comment.

The repository is the small project; its `make test` asks its own tables what must hold of any.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .test_ci import read, steps
from .test_readme import add_rows

ROOT = Path(__file__).parents[1]
MAKEFILE = """\
test:
\t@.venv/bin/python -m pytest -q -p no:cacheprovider tests/live -k "as-they-are and not metafor"
report:
\t@.venv/bin/ketameta run
"""
TOOLS = {
    ".venv/bin/python": 'exec "{python}" "$@"',
    ".venv/bin/ketameta": 'exec "{python}" -m ketameta.cli "$@"',
    ".venv/bin/snakemake": 'exec "{python}" -m snakemake "$@"',
    "tools/apt-get": "exit 1",  # whatever is missing here stays so
}


@pytest.fixture
def repository(small, tmp_path, monkeypatch):
    """Return the small project as a repository with one commit, its tests and what CI calls."""
    if shutil.which("git") is None or shutil.which("make") is None:
        pytest.skip("no git or make here")
    for name in ("tests/live", "tests/tables", "tests/extraction", "tests/vocabulary"):
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, small.path(name), ignore=skip)
    for name in (
        "tests/rows.py",
        "tests/report/made.py",
        "tests/conftest.py",
        "tests/analyses.yaml",
        "tests/multiverse.yaml",
        "tests/review.yaml",
        ".ci/run",
        "pyproject.toml",
    ):
        small.path(name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, small.path(name))
    shutil.copy(ROOT / ".gitignore", small.folder)
    small.path("Makefile").write_text(MAKEFILE, encoding="utf-8")
    for name, line in TOOLS.items():
        small.path(name).parent.mkdir(parents=True, exist_ok=True)
        text = f"#!/bin/sh\n{line.format(python=sys.executable)}\n"
        small.path(name).write_text(text, encoding="utf-8")
        small.path(name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{small.path('tools')}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(small.path("workflow")))
    # the processes of a run of tests tell each other by these; this run is another
    for name in [name for name in os.environ if name.startswith("PYTEST_")]:
        monkeypatch.delenv(name)
    # by Wald's interval a third trial turns the answer of two
    small.edit("workflow/config/analyses.yaml", "interval: auto", "interval: wald")
    git(small, "init", "-qb", "main")
    git(small, "add", "-A")
    git(small, "commit", "-qm", "the project")
    return small


def git(project, *words):
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", *who, *words], cwd=project.folder, check=True, capture_output=True)


def bash(project, *words, **environment):
    return subprocess.run(
        ["bash", *words], cwd=project.folder, env={**os.environ, **environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_trial_added_on_a_branch_is_green_and_the_comment_says_what_moved(repository, tmp_path):
    git(repository, "switch", "-qc", "smith-2027")
    add_rows(repository.path("data/raw"))
    git(repository, "commit", "-qam", "Add Smith 2027")

    done = bash(repository, ".ci/run")
    assert done.returncode == 0, done.stdout + done.stderr
    *_, second_run, closing = done.stdout.strip().splitlines()
    assert "name all 3 analyses" in done.stdout
    assert second_run == "a second run executes no job"
    assert closing.split()[1].strip(",") == "passed"

    workflow = read(ROOT / ".github" / "workflows" / "report.yml")
    (step,) = [step for _, step in steps(workflow) if step.get("id") == "change"]
    summary, output = tmp_path / "summary", tmp_path / "output"
    done = bash(
        repository, "-eo", "pipefail", "-c", step["run"],
        BEFORE="main", GITHUB_STEP_SUMMARY=str(summary), GITHUB_OUTPUT=str(output),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    # of two trials on response a third makes an interval that excludes no effect
    assert output.read_text() == "said=true\nstatus=11\n"
    assert "::warning::a conclusion flipped" in done.stdout
    comment = repository.path("change/comment.md").read_text(encoding="utf-8")
    assert comment == summary.read_text(encoding="utf-8")
    assert "smith2027" in comment
    # the question that it answers moved; that of scores, which it does not measure, did not
    assert "Response at 24 hours" in comment
    assert "Depression at 24 hours" not in comment
