"""What several tests need: copies of the project to work in, and what its stages make of tables.

Numbers are pinned to the tables and questions of a day, kept in ``tests/tables/`` and
``tests/analyses.yaml``: the extraction tables and questions of the project change freely. What must
hold of those whatever they say is asked in ``tests/live/``, which alone reads them.
"""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TABLES = ROOT / "tests" / "tables"
QUESTIONS = ROOT / "tests" / "analyses.yaml"

# what analysts change; records of releases are made of them
LIVE = tuple(
    f"{ROOT / place}" for place in ("data/raw", "reports", "workflow/config/analyses.yaml")
)
_asking = {"live": False}


def _pinned(event, details):
    """Fail where a test that is not of ``tests/live/`` opens what analysts change."""
    if event == "open" and not _asking["live"] and isinstance(details[0], str | os.PathLike):
        path = os.path.abspath(os.fspath(details[0]))
        assert not path.startswith(LIVE), f"{path} changes freely: use tests/tables, or tests/live"


sys.addaudithook(_pinned)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    _asking["live"] = item.path.parent.name == "live"
    return (yield)


class Project:
    """A copy of the project in a folder of its own, and commands run in it."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return self.folder / name

    def run(self, *words, **options):
        environment = {**os.environ, "PYTHONPATH": str(self.folder / "workflow")}
        environment |= options.pop("environment", {})
        return subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env=environment,
            text=True,
            capture_output=True,
            check=False,
            timeout=120,
            **options,
        )

    def snakemake(self, *words):
        return self.run("-m", "snakemake", "--cores", "2", *words)

    def ketameta(self, *words):
        return self.run("-m", "ketameta.cli", *words)

    def edit(self, name, old, new):
        text = self.path(name).read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        self.path(name).write_text(text.replace(old, new, 1), encoding="utf-8")

    def make(self):
        """Run every step in one process, without Snakemake: for what comes out of them."""
        code = (
            "from ketameta.steps import main\n"
            "made, config = 'data/processed', ['--config', 'workflow/config/analyses.yaml']\n"
            "assert main(['ingest', 'data/raw', made]) == 0\n"
            "assert main(['normalize', made, made, *config]) == 0\n"
            "assert main(['synthesize', made, made, *config]) == 0\n"
            "assert main(['report', made, 'reports', *config]) == 0\n"
            "assert main(['figures', made, 'reports', *config]) == 0\n"
            "assert main(['distributions', made, 'reports', *config]) == 0\n"
        )
        return self.run("-c", code)


def copy_project(folder):
    """Copy the workflow with the tables and questions of the tests, and nothing that was made."""
    skip = shutil.ignore_patterns("__pycache__", "*.egg-info", QUESTIONS.name)
    shutil.copytree(ROOT / "workflow", folder / "workflow", ignore=skip)
    shutil.copy(QUESTIONS, folder / "workflow" / "config")
    shutil.copytree(TABLES, folder / "data" / "raw")
    shutil.copy(ROOT / "Snakefile", folder)
    return Project(folder)


SMALL = ("response_24h", "response_24h_arm", "depression_24h")
SMALL_TRIALS = ("berman2000", "hu2016", "murrough2013a", "su2017", "zarate2006")


def copy_small(folder):
    """Copy the project with five of its trials and three of its analyses: a run takes seconds."""
    import yaml

    project = copy_project(folder)
    for path in (folder / "data" / "raw").iterdir():
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        if "trial_id" in header:
            rows = [row for row in rows if row[header.index("trial_id")] in SMALL_TRIALS]
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *rows])
    path = folder / "workflow" / "config" / "analyses.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["analyses"] = {name: content["analyses"][name] for name in SMALL}
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return project


@pytest.fixture(scope="session")
def small_built(tmp_path_factory):
    """Return the small project with its report made by Snakemake; never edit it, copy it."""
    project = copy_small(tmp_path_factory.mktemp("small"))
    done = project.ketameta("run", "--cores", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture
def small(small_built, tmp_path):
    """Return a fresh copy of the small project, built, to edit and run again."""
    folder = tmp_path / "small"
    shutil.copytree(small_built.folder, folder, symlinks=True)
    return Project(folder)


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """Return a copy of the project with its report made; never edit it, copy it."""
    project = copy_project(tmp_path_factory.mktemp("built"))
    done = project.ketameta("run", "--cores", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    project.first_run = done.stdout
    return project


@pytest.fixture
def unbuilt(tmp_path):
    """Return a fresh copy of the project in which nothing was made yet."""
    return copy_project(tmp_path / "unbuilt")


@pytest.fixture
def project(built, tmp_path):
    """Return a fresh copy of the built project, to edit and run again."""
    folder = tmp_path / "project"
    shutil.copytree(built.folder, folder, symlinks=True)
    return Project(folder)


@pytest.fixture(scope="session")
def tables():
    """Return what each stage makes of the tests' tables, in memory, as rows by table."""
    from ketameta.configuration import load
    from ketameta.ingest.stage import ingest
    from ketameta.normalize.stage import normalize
    from ketameta.synthesize.stage import synthesize

    def rows(found):
        return {name: table.to_pylist() for name, table in found.items()}

    configuration = load(QUESTIONS)
    found = rows(ingest(TABLES)[0])
    found |= rows(normalize(found, configuration))
    found |= rows(synthesize(found, configuration))
    return found


@pytest.fixture(scope="session")
def records(tables, configuration):
    """Return the syntheses of the tests' tables by analysis, with verdict and certainty."""
    from ketameta.evidence.judged import judged

    return {row["analysis"]: row for row in judged(tables, configuration)}


@pytest.fixture(scope="session")
def configuration():
    """Return the questions of the tests."""
    from ketameta.configuration import load

    return load(QUESTIONS)
