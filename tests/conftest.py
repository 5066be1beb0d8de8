"""What several tests need: copies of the project to work in, and what its stages make of tables.

Numbers are pinned to the tables, questions and words of a day, kept in ``tests/tables/``,
``tests/analyses.yaml`` with the files beside it, and ``tests/vocabulary/``: those of the project
change freely. What must hold of them whatever they say is asked in ``tests/live/``, which alone
reads them.
"""

import csv
import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ketameta import vocabulary
from ketameta.tables.syntheses import SynthesisRow

from .rows import made_of_tests

ROOT = Path(__file__).parents[1]
TABLES = ROOT / "tests" / "tables"
QUESTIONS = ROOT / "tests" / "analyses.yaml"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SUBJECT = ("analyses.yaml", "multiverse.yaml", "review.yaml")
vocabulary.use(ROOT / "tests")

# what analysts change; records of releases are made of them
LIVE = tuple(f"{ROOT / place}" for place in ("data/raw", "reports", "workflow/config"))
_guard = {"up": False}


def _pinned(event, details):
    """Fail where a test that is not of ``tests/live/`` opens what analysts change."""
    # without a mode it is os.open, whose path may be one within a folder that is open
    if _guard["up"] and event == "open" and details[1] and not isinstance(details[0], int):
        path = os.path.abspath(os.fsdecode(details[0]))
        assert not path.startswith(LIVE), f"{path} changes freely: use tests/tables, or tests/live"


sys.addaudithook(_pinned)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    _guard["up"] = item.path.parent.name != "live"
    try:
        return (yield)
    finally:
        _guard["up"] = False


# whatever asks for one of these starts Snakemake, R or a browser
SLOW = {"built", "project", "unbuilt", "small_built", "small", "printed", "browser", "rscript"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Return the processors that this process may use: not those of the whole machine."""
    able = getattr(os, "sched_getaffinity", None)
    return len(able(0)) if able else os.cpu_count()


def pytest_collection_modifyitems(items):
    """Mark what ``-m "not slow"`` leaves out; other slow tests bear the mark themselves."""
    for item in items:
        if SLOW & set(item.fixturenames):
            item.add_marker(pytest.mark.slow)


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
            timeout=600,
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

    def make(self, *stages):
        """Run some steps, or all, in one process and without Snakemake: for what comes out."""
        made, config = "data/processed", ["--config", "workflow/config/analyses.yaml"]
        words = {
            "ingest": ["data/raw", made],
            "normalize": [made, made, *config],
            "synthesize": [made, made, *config],
            "report": [made, "reports", *config],
            "figures": [made, "reports", *config],
            "distributions": [made, "reports", *config],
            "crosscheck": [made, "reports", *config],
        }
        calls = [[stage, *words[stage]] for stage in stages or words]
        code = (
            "import json, sys\n"
            "from ketameta.steps import main\n"
            "assert all(main(words) == 0 for words in json.loads(sys.argv[1]))\n"
        )
        return self.run("-c", code, json.dumps(calls))


def copy_subject(folder):
    """Copy the questions and the words of the tests into a folder, as a project has them."""
    config = folder / "workflow" / "config"
    shutil.copytree(ROOT / "tests" / "vocabulary", config / "vocabulary")
    for name in SUBJECT:
        shutil.copy(ROOT / "tests" / name, config)
    return config


def copy_project(folder):
    """Copy the workflow with the tables and the subject of the tests, and nothing that was made."""
    skip = shutil.ignore_patterns("__pycache__", "*.egg-info", "config")
    shutil.copytree(ROOT / "workflow", folder / "workflow", ignore=skip)
    copy_subject(folder)
    shutil.copytree(TABLES, folder / "data" / "raw")
    for name in ("Snakefile", "requirements.lock", "LICENSE", "CITATION.cff"):
        shutil.copy(ROOT / name, folder)
    return Project(folder)


SAID = "first-run.txt"
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
        if path.name == "claims.csv":
            # what narrows an analysis makes another one
            rows = [row for row in rows if "@" not in row[header.index("analysis")]]
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *rows])
    path = folder / "workflow" / "config" / "analyses.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["analyses"] = {name: content["analyses"][name] for name in SMALL}
    for key in ("narrowed", "summaries"):
        content.pop(key, None)
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return project


def once(factory, name, make):
    """Return a project that the processes of a run share: the first to ask makes it in a folder."""
    base = factory.getbasetemp()
    # of a process of pytest-xdist the base is a folder within that of the run
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with folder.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / SAID).exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            done = make(folder)
            assert done.returncode == 0, done.stdout + done.stderr
            (folder / SAID).write_text(done.stdout, encoding="utf-8")
    return Project(folder)


@pytest.fixture(scope="session")
def small_built(tmp_path_factory):
    """Return the small project with its report made by Snakemake; never edit it, copy it."""
    return once(
        tmp_path_factory, "small-built", lambda at: copy_small(at).ketameta("run", "--cores", "2")
    )


@pytest.fixture
def small(small_built, tmp_path):
    """Return a fresh copy of the small project, built, to edit and run again."""
    folder = tmp_path / "small"
    shutil.copytree(small_built.folder, folder, symlinks=True)
    return Project(folder)


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """Return a copy of the project with its report made; never edit it, copy it."""
    return once(
        tmp_path_factory, "built", lambda at: copy_project(at).ketameta("run", "--cores", "2")
    )


@pytest.fixture(scope="session")
def printed(small_built, tmp_path_factory):
    """Return the small project with every figure as PDF and PNG too; never edit it."""

    def make(folder):
        shutil.copytree(small_built.folder, folder, symlinks=True, dirs_exist_ok=True)
        return Project(folder).snakemake("all", "prints")

    return once(tmp_path_factory, "printed", make)


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
def rscript():
    """Return the path of Rscript; skip where there is none, or none with the package metafor."""
    found = shutil.which("Rscript")
    question = "quit(status = !requireNamespace('metafor', quietly = TRUE))"
    if found is None or subprocess.run([found, "-e", question], check=False).returncode:
        pytest.skip("no Rscript with the package metafor")
    return found


@pytest.fixture(scope="session")
def tables():
    """Return what each stage makes of the tests' tables, in memory."""
    return made_of_tests()[0]


@pytest.fixture(scope="session")
def records(tables, configuration):
    """Return the syntheses of the tests' tables by analysis, with verdict and certainty."""
    from ketameta.evidence.results import rated_syntheses

    return {row.analysis: row for row in rated_syntheses(tables, configuration)}


@pytest.fixture(scope="session")
def configuration(tables):
    """Return the questions of the tests, with the narrowed ones that their claims name."""
    from ketameta.configuration import load

    return load(QUESTIONS).asked(row.analysis for row in tables[SynthesisRow])


@pytest.fixture
def pooled(tmp_path, capsys):
    """Return what `ketameta pool` answers to a file: status, output, and errors."""
    from ketameta.cli import main

    def run(content, *options, name="studies.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        status = main(["pool", str(path), *options])
        out, err = capsys.readouterr()
        return status, out, err.replace(str(path), "FILE")

    return run


@pytest.fixture
def answer(pooled):
    """Return the JSON of a file that is pooled."""

    def run(content, *options, name="studies.csv"):
        status, out, err = pooled(content, "--json", *options, name=name)
        assert (status, err) == (0, "")
        return json.loads(out)

    return run


@pytest.fixture(scope="module")
def browser():
    """Return a real browser; skip where there is none."""
    named = os.environ.get("CHROMIUM")
    path = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium: install one or name it in CHROMIUM")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


@pytest.fixture
def context(browser, request):
    """Return a window of its own; a test may ask for its size, its colours, or no script."""
    options = getattr(request, "param", {})
    made = browser.new_context(**{"viewport": {"width": 1300, "height": 900}, **options})
    yield made
    made.close()


@pytest.fixture
def page(context):
    """Return an empty page of the browser."""
    return context.new_page()


@pytest.fixture
def faults(page):
    """Return what a reader sees as a fault of the page, as it comes."""
    found = []
    page.on("console", lambda m: m.type in ("error", "warning") and found.append(m.text))
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("requestfailed", lambda r: found.append(r.url))
    return found


@pytest.fixture(scope="session")
def address(built):
    """Return what gives the address of a page of the report, by its path in there."""
    return lambda name: built.path("reports").joinpath(name).as_uri()
