"""The workflow as Snakemake runs it: what runs after which change, and what comes out."""

import csv
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from ketameta.freshness import list_of, sources
from ketameta.publishing import keep
from ketameta.report_files import crosscheck_files, report_files

from .conftest import SAID

ROOT = Path(__file__).parents[1]
STAGES = ["ingest", "normalize", "synthesize", "report", "figures", "distributions", "crosscheck"]
FROM_SYNTHESIS = ["synthesize", "report", "figures", "crosscheck"]
DRAWING = ["report", "figures", "distributions", "crosscheck"]


def executed(text):
    """Return the stages that a run of Snakemake executed, or would, in order."""
    found = set(re.findall(rf"^Job \d+: ({'|'.join(STAGES)}): ", text, re.M))
    return [stage for stage in STAGES if stage in found]


def planned(project):
    """Return the stages that the next run would run."""
    code = (
        "from ketameta.configuration import load\nfrom ketameta.freshness import stale\n"
        "print(*stale(load()))"
    )
    done = project.run("-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def planned_by_snakemake(project):
    done = project.snakemake("-n")
    assert done.returncode == 0, done.stderr
    return executed(done.stdout + done.stderr)


def bytes_of(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_cold_run_says_what_it_does_and_found(built, configuration):
    said = built.path(SAID).read_text(encoding="utf-8")
    assert "to run: ingest, normalize, synthesize, report" in said
    assert "report: reports/index.html" in said
    headlines = [a.display.title for a in configuration if a.display.headline]
    assert len(headlines) == 3
    assert all(title in said for title in headlines)


def test_every_file_of_the_report_is_there(built, configuration):
    for path in report_files(configuration.names, configuration.courses, configuration.networks):
        assert (built.path("reports") / path).stat().st_size > 0


def test_the_report_holds_nothing_else(built, configuration):
    found = set(bytes_of(built.path("reports")))
    with built.path("reports/figures/figures.csv").open() as file:
        drawn = {row["file"] for row in csv.DictReader(file)}
    wanted = {
        *report_files(configuration.names, configuration.courses, configuration.networks),
        *drawn,
        "figures/figures.csv",
    }
    arms = [a.name for a in configuration.whole if a.select.measure == "PCTRED"]
    wanted |= {"figures/data.evidence.svg", *(f"figures/{n}.distribution.svg" for n in arms)}
    wanted |= set(crosscheck_files(configuration.names, timed=bool(configuration.courses)))
    assert found == wanted


def test_a_second_run_executes_no_job(built):
    done = built.snakemake()
    assert "Nothing to be done" in done.stdout + done.stderr
    assert executed(done.stdout + done.stderr) == []


def test_an_edited_cell_reruns_the_stages_and_only_the_pages_that_use_it(project):
    before = bytes_of(project.path("reports"))
    # the response of the ketamine arm of Murrough 2013 at 24 h: 30 of 47
    line = next(
        text
        for text in project.path("data/raw/outcomes.csv").read_text().splitlines()
        if text.startswith("murrough2013a,ketamine_0.5,response,")
    )
    project.edit("data/raw/outcomes.csv", line, line.replace(",47,30,", ",47,31,"))
    assert planned(project) == STAGES
    done = project.make()
    assert done.returncode == 0, done.stderr
    after = bytes_of(project.path("reports"))
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {
        "index.html",
        "claims.html",
        "data.html",
        "networks.html",
        "outcomes.html",
        "results.html",
        # 31 of 47 is not the note's per cent: a finding of the checks
        *("extraction.html", "trust.html"),
        *("prisma.html", "tables/mecir.csv"),  # which is counted there
        "summary_of_findings.docx",
        *(f"manuscript.{end}" for end in ("html", "docx", "md")),
        "verify.R",
        "ketameta.xlsx",
        *(
            f"tables/{name}.csv"
            for name in (
                *("syntheses", "subgroups", "splits", "sensitivity", "studies", "earlier"),
                *("derivations", "raw_rows", "absolute", "summary", "certainty", "finding_states"),
                *("posteriors", "shrunken", "looks", "crosscheck", "adjusted"),
                *("multiverse", "multiverse_measures", "choices", "specifications", "extremes"),
                *("fragility", "subsets", "subset_fields", "contours", "assumed"),
                *("network_effects", "networks", "network_trials", "network_nodes"),
                *("network_ranks", "network_differences", "prefilled"),
            )
        ),
        "analyses/response_24h.html",
        "figures/response_24h.forest.svg",
        "analyses/response_24h_arm.html",
        "figures/response_24h_arm.forest.svg",
        "figures/figures.csv",
        "figures/response_24h.timecourse.svg",
        "figures/response_24h.adjusted.svg",
        "figures/response_24h.contour.svg",
        "figures/response_24h.subsets.svg",
        *(
            f"figures/{name}.{kind}.svg"
            for name in ("response_24h", "response_24h_arm")
            for kind in ("funnel", "cumulative", "leave-one-out", "baujat")
        ),
    }


def test_a_touched_table_runs_nothing(project):
    later = time.time() + 100
    os.utime(project.path("data/raw/outcomes.csv"), (later, later))
    assert planned(project) == []


def test_a_comment_in_the_configuration_runs_nothing(project):
    project.edit("workflow/config/analyses.yaml", "defaults:", "# a remark\ndefaults:")
    assert planned(project) == []


def test_a_title_reruns_the_report_alone(project):
    project.edit("workflow/config/analyses.yaml", "title: MADRS at 24 hours", "title: MADRS, day 1")
    assert planned(project) == ["report", "figures"]


def test_another_estimator_reruns_synthesis_and_report(project):
    project.edit("workflow/config/analyses.yaml", "tau2: REML", "tau2: PM")
    assert planned(project) == planned_by_snakemake(project) == FROM_SYNTHESIS


def test_another_window_reruns_from_normalisation(project):
    project.edit("workflow/config/analyses.yaml", "from: 12,  to: 36", "from: 12,  to: 30")
    assert planned(project) == STAGES[1:]


@pytest.mark.parametrize(
    ("module", "stages"),
    [
        ("ingest/cells.py", STAGES),
        ("tables/columns.py", STAGES),
        ("vocabulary/words.yaml", STAGES),
        ("normalize/summaries.py", STAGES[1:]),
        ("stats/univariate/tau2.py", STAGES[1:]),
        ("synthesize/pool.py", FROM_SYNTHESIS),
        ("figures/forest.py", DRAWING),
        ("report/templates/analysis.html", ["report"]),
        ("report/static/style.css", ["report"]),
        ("report/static/report.js", ["report"]),
        ("report/static/repool.js", ["report"]),
        ("report/verify_head.R", ["report"]),
    ],
)
def test_an_edited_module_reruns_its_stage_and_what_follows(project, module, stages):
    path = project.path(f"workflow/ketameta/{module}")
    path.write_text(
        path.read_text() + ("\n" if path.suffix in (".html", ".css", ".js") else "\n#\n")
    )
    assert planned(project) == stages
    if module in ("vocabulary/words.yaml", "report/static/report.js"):
        assert planned_by_snakemake(project) == stages


def test_an_edited_module_changes_what_comes_out(small):
    small.edit("workflow/ketameta/measures.py", '"risk ratio"', '"relative risk"')
    assert small.snakemake().returncode == 0
    assert "relative risk" in small.path("reports/analyses/response_24h.html").read_text()


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_lists_every_module_that_its_step_loads(built, tmp_path, stage):
    code = (
        "import sys\nfrom ketameta import steps\n"
        "assert steps.main(sys.argv[1:]) == 0\n"
        "own = [m for name, m in sys.modules.items() if name.split('.')[0] == 'ketameta']\n"
        "print(*[module.__file__ for module in own], sep='\\n')"
    )
    # a copy: steps leave a list of what they wrote beside their tables
    source = tmp_path / "source"
    shutil.copytree(
        ROOT / "tests" / "tables" if stage == "ingest" else built.path("data/processed"), source
    )
    config = [] if stage == "ingest" else ["--config", str(ROOT / "tests/analyses.yaml")]
    done = subprocess.run(
        [sys.executable, "-c", code, stage, str(source), str(tmp_path), *config],
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {Path(line) for line in done.stdout.splitlines()}
    assert loaded - set(sources(stage).values()) == set()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    outcome: response\n", "    outcomme: response\n", "did you mean outcome?"),
        ("tau2: REML", "tau2: RELM", "did you mean REML?"),
        ("scales: [MADRS]", "scales: [MADSR]", "did you mean MADRS?"),
    ],
)
def test_a_typo_in_the_configuration_stops_and_names_its_neighbour(project, old, new, said):
    project.edit("workflow/config/analyses.yaml", old, new)
    for done in (project.snakemake("-n"), project.ketameta("run")):
        assert done.returncode == 1
        assert said in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr


def test_a_fault_in_the_tables_is_named_and_the_last_report_stays(project):
    before = {name: bytes_of(project.path(name)) for name in ("reports", "data/processed")}
    line = next(
        text
        for text in project.path("data/raw/outcomes.csv").read_text().splitlines()
        if text.startswith("murrough2013a,ketamine_0.5,response,")
    )
    project.edit("data/raw/outcomes.csv", line, line.replace(",47,30,", ",47,48,"))
    for done in (project.ketameta("run"), project.snakemake()):
        assert done.returncode == 1
        said = done.stdout + done.stderr
        assert re.search(r"data/raw/outcomes\.csv:\d+ column events: 48 is more than n = 47", said)
        assert "(trial murrough2013a, arm ketamine_0.5)" in said
        assert "Traceback" not in said
    assert {name: bytes_of(project.path(name)) for name in before} == before


def test_a_dry_run_says_what_and_why_and_does_nothing(project):
    project.edit("data/raw/trials.csv", "Murrough 2013,", "Murrough 2013a,")
    before = bytes_of(project.path("reports"))
    said = project.ketameta("run", "--dry-run").stdout
    assert "would run: ingest, normalize, synthesize, report" in said
    assert "changed: data/raw/trials.csv" in said
    assert bytes_of(project.path("reports")) == before


def test_the_distributions_follow_their_data_and_old_prints_go(project, monkeypatch):
    figures = project.path("reports/figures")
    (drawn,) = figures.glob("*.distribution.svg")
    assert (figures / "data.evidence.svg").stat().st_size > 0
    before = drawn.read_bytes()
    prints = [figures / f"{drawn.name[:-4]}.pdf", figures / "response_24h.funnel.pdf"]
    monkeypatch.chdir(project.folder)
    printed = {f"figures/{path.name}": b"older data" for path in prints}
    keep(list_of("prints"), {}, Path("reports"), printed.items())
    old = "berman2000,ketamine_0.5,depression_score,HAMD25,,72,7,,,,,,-14,"
    project.edit("data/raw/outcomes.csv", old, old.replace("-14", "-17"))
    done = project.make("ingest", "normalize", "distributions")
    assert done.returncode == 0, done.stderr
    assert drawn.read_bytes() != before
    # a print lives as long as its drawing stays as it is
    assert [path.exists() for path in prints] == [False, True]


def test_a_deleted_figure_is_made_again(project):
    figure = project.path("reports/figures/response_24h.funnel.svg")
    before = figure.read_bytes()
    figure.unlink()
    done = project.snakemake()
    assert executed(done.stdout + done.stderr) == ["figures"]
    assert figure.read_bytes() == before


def test_a_removed_analysis_takes_its_page_along(small):
    config = small.path("workflow/config/analyses.yaml")
    content = yaml.safe_load(config.read_text(encoding="utf-8"))
    del content["analyses"]["response_24h_arm"]
    config.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    files = ("reports/analyses/{}.html", "reports/figures/{}.forest.svg")
    assert all(small.path(file.format("response_24h_arm")).exists() for file in files)
    assert small.ketameta("run").returncode == 0
    assert not any(small.path(file.format("response_24h_arm")).exists() for file in files)
    assert all(small.path(file.format("response_24h")).exists() for file in files)


@pytest.mark.parametrize(
    "moment", ["data/processed/problems.parquet", "data/processed/effects.parquet"]
)
def test_a_killed_run_is_recovered_by_the_next(small_built, small, moment):
    project = small
    undisturbed = bytes_of(small_built.path("reports"))
    for path in project.path("data/processed").glob("*.parquet"):
        path.unlink()
    command = [sys.executable, "-m", "ketameta.cli", "run"]
    environment = {**os.environ, "PYTHONPATH": str(project.path("workflow"))}
    with subprocess.Popen(
        command, cwd=project.folder, env=environment, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        end = time.monotonic() + 60
        while not project.path(moment).exists() and time.monotonic() < end:
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
    assert list(project.path(".snakemake/locks").iterdir()), (
        "the kill came too late to leave a lock"
    )
    done = project.ketameta("run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "an earlier run was cut short" in done.stdout
    assert bytes_of(project.path("reports")) == undisturbed


def test_snakemake_lint_is_clean(built):
    done = built.snakemake("--lint")
    assert done.returncode == 0, done.stdout + done.stderr


def test_snakefmt_is_clean():
    from shutil import which

    snakefmt = Path(sys.executable).with_name("snakefmt")
    command = snakefmt if snakefmt.exists() else which("snakefmt")
    done = subprocess.run(
        [command, "--check", "Snakefile", "workflow"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
