"""What has to run is judged by content, and nothing that a person put there is lost."""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ketameta import freshness, project, publishing, steps
from ketameta.commands import run, snakefile
from ketameta.commands.lock import HeldError, take_lock
from ketameta.commands.release import release
from ketameta.configuration import CONFIG, load
from ketameta.evidence.releases import ReleaseError, read_all
from ketameta.freshness import RUN, list_of, stale
from ketameta.storage import parquet_of, read_table

# the response of the ketamine arm of Murrough 2013 at 24 h: 30 of 47
CELL, OTHER = ",47,30,", ",47,31,"
MADE = Path("data/processed")
OUTCOMES = "data/raw/outcomes.csv"


@pytest.fixture
def here(small, monkeypatch):
    """Return the small project, built; tests run in its folder."""
    monkeypatch.chdir(small.folder)
    monkeypatch.delenv(freshness.ANEW, raising=False)
    return small


def bytes_of(*folders):
    return {
        path.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


def step(name, *more):
    """Run a step as its rule does, and publish what it makes."""
    source = "data/raw" if name == "ingest" else MADE.as_posix()
    out = "reports" if name in freshness.WRITERS else MADE.as_posix()
    config = [] if name == "ingest" else ["--config", CONFIG.as_posix()]
    return steps.main([name, source, out, *config, *more])


def why():
    return stale(load(CONFIG))


# what the next run sees


def dated(path, when):
    old = Path(path).stat()
    return {"as before": old.st_mtime, "2001": 1e9, "in nine hours": time.time() + 32400}[when]


@pytest.mark.parametrize("when", ["as before", "2001", "in nine hours"])
@pytest.mark.parametrize(
    ("path", "old", "new", "first"),
    [
        (OUTCOMES, CELL, OTHER, "ingest"),
        (CONFIG.as_posix(), "tau2: REML", "tau2: PM", "synthesize"),
    ],
)
def test_an_edit_is_seen_whatever_its_time_and_without_state(here, path, old, new, first, when):
    assert why() == {}
    later = dated(path, when)
    here.edit(path, old, new)
    os.utime(path, (later, later))
    shutil.rmtree(".snakemake")
    found = why()
    assert next(iter(found)) == first
    assert "changed" in found[first]
    assert {"synthesize", "report", "figures"} <= found.keys()


def test_a_time_alone_says_nothing(here):
    for path in (*Path("data/raw").iterdir(), *MADE.iterdir(), CONFIG):
        os.utime(path, (1e9, 1e9))
    for path in Path("reports").rglob("*.html"):
        os.utime(path, (4e9, 4e9))
    assert why() == {}


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def other_columns(path):
    table = read_table(path)
    path.write_bytes(parquet_of(table.drop_columns([table.column_names[-1]])))


def more_columns(path):
    table = read_table(path)
    path.write_bytes(parquet_of(table.append_column("spare", table.column(0))))


@pytest.mark.parametrize(
    ("path", "harm", "stage"),
    [
        ("data/processed/effects.parquet", cut, "normalize"),
        ("data/processed/trials.parquet", lambda p: p.write_bytes(b""), "ingest"),
        ("data/processed/syntheses.parquet", other_columns, "synthesize"),
        ("data/processed/ledger.parquet", more_columns, "normalize"),
        ("data/processed/evidence_map.parquet", Path.unlink, "normalize"),
        ("data/processed/report.sha256", lambda p: p.write_bytes(b"\xff\xfe\0" * 30), "report"),
        ("data/processed/report.sha256", cut, "report"),
        ("data/processed/figures.sha256", lambda p: p.write_bytes(b""), "figures"),
        ("data/processed/ingest.sha256", Path.unlink, "ingest"),
        ("reports/index.html", lambda p: p.write_bytes(b""), "report"),
        ("reports/claims.html", lambda p: p.write_text("by hand"), "report"),
        ("reports/tables/studies.csv", Path.unlink, "report"),
        ("reports/figures/figures.csv", cut, "figures"),
    ],
)
def test_what_is_damaged_is_made_again_by_its_stage(here, path, harm, stage):
    before = bytes_of("reports", MADE)
    harm(Path(path))
    assert next(iter(why())) == stage
    for name in why():
        assert step(name) == 0
    assert bytes_of("reports", MADE) == before
    assert why() == {}


def test_a_list_that_lost_lines_is_none(here):
    path = list_of("report")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for kept in (lines[:-1], lines[:-2] + lines[-1:], lines[: len(lines) // 2], lines[1:]):
        path.write_text("".join(kept), encoding="utf-8")
        assert freshness.read_made(path) is None
    path.write_text("".join(lines), encoding="utf-8")
    assert freshness.read_made(path).text() == "".join(lines)


def test_a_cell_saved_while_ingest_works_is_seen_by_the_next_run(here, monkeypatch):
    from ketameta.ingest import stage

    read = stage.check_place

    def interrupted(place):
        found = read(place)
        here.edit(OUTCOMES, OTHER, CELL)
        return found

    here.edit(OUTCOMES, CELL, OTHER)
    monkeypatch.setattr(stage, "check_place", interrupted)
    assert step("ingest") == 0
    assert why()["ingest"] == f"changed: {OUTCOMES}"


def test_other_versions_of_packages_are_seen(here, monkeypatch):
    monkeypatch.setattr(freshness, "_version", lambda package: "0.0.1")
    assert set(why()) == set(RUN)
    assert "versions" in why()["normalize"]


def test_files_that_no_table_is_entered_in_are_not_looked_at(here):
    for name in ("notes.md", ".~lock.tables.xlsx#", "~$tables.xlsx", ".outcomes.csv.swp"):
        Path("data/raw", name).write_text("x")
    assert why() == {}
    Path("data/raw/tables.xlsx").write_text("x")
    assert "ingest" in why()


# what need not run


def test_a_word_on_risk_of_bias_draws_no_figure_again(here, capsys):
    lines = Path("data/raw/risk_of_bias.csv").read_text(encoding="utf-8").splitlines()
    support = next(line for line in lines[1:] if ',"' in line).split(',"')[1].split('"')[0]
    here.edit("data/raw/risk_of_bias.csv", support, support + " and more")
    times = {path: path.stat().st_mtime_ns for path in MADE.glob("*.parquet")}
    for name in RUN:
        assert step(name) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [
        f"{name}: {freshness.AS_BEFORE}" for name in ("figures", "distributions", "crosscheck")
    ]
    assert why() == {}
    written = {p.stem for p in MADE.glob("*.parquet") if p.stat().st_mtime_ns != times[p]}
    assert {"risk_of_bias", "bias"} <= written
    assert not written & {"outcomes", "effects", "studies", "diagnostics", "arm_reductions"}


def test_a_table_saved_anew_that_says_the_same_runs_nothing(here):
    path = Path("data/raw/trials.csv")
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    rows = [row.replace("berman2000", '"berman2000"', 1) for row in rows]
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    assert "ingest" in why()
    assert snakefile.note_same_tables(snakefile.RawTables())
    assert why() == {}
    here.edit(OUTCOMES, CELL, OTHER)
    assert not snakefile.note_same_tables(snakefile.RawTables())
    assert "ingest" in why()


def test_a_stage_asked_for_runs_though_all_is_as_before(here, capsys, monkeypatch):
    assert step("figures") == 0
    assert freshness.AS_BEFORE in capsys.readouterr().out
    monkeypatch.setenv(freshness.ANEW, "report figures")
    assert step("figures") == 0
    assert freshness.AS_BEFORE not in capsys.readouterr().out


def test_a_list_is_not_taken_for_that_of_another_folder(here, tmp_path):
    before = bytes_of("reports")
    out = tmp_path / "elsewhere"
    config = CONFIG.as_posix()
    assert steps.main(["distributions", MADE.as_posix(), str(out), "--config", config]) == 0
    assert list(out.rglob("*.svg"))
    assert bytes_of("reports") == before


def test_stamps_follow_the_lists_and_marks_of_cut_jobs_go(here):
    shutil.rmtree(".snakemake")
    mark = Path(".snakemake/incomplete/mark")
    mark.parent.mkdir(parents=True)
    mark.touch()
    freshness.set_stamps({"report": "why", "prints": "why"})
    wanted = {f"{name}.wanted" for name in freshness.PUBLISHED}
    found = {p.name for p in freshness.STAMPS.iterdir()}
    assert found == (set(RUN) - {"report"}) | wanted
    assert not mark.exists()
    # what is there already is looked at anew where it is to be made again, and only there
    freshness.set_stamps({"prints": "why"})
    found = {p.name: p.stat().st_mtime for p in freshness.STAMPS.iterdir()}
    assert found.keys() == set(RUN) | wanted | {"report.published"}
    assert {name for name, when in found.items() if when} == {"prints.wanted"}


# files of a person

OWN = ("my-notes.md", "analyses/mine.html", "figures/response.funnel.pdf", "tables/mine.csv")


def put_own():
    for name in OWN:
        Path("reports", name).write_text(f"two hours of work on {name}")


def own_is_there():
    return all(Path("reports", n).read_text() == f"two hours of work on {n}" for n in OWN)


def test_a_persons_own_files_survive_a_run_a_failed_one_and_a_killed_one(here):
    put_own()
    here.edit(CONFIG.as_posix(), "title: Response at 24 hours", "title: Day one")
    for name in ("report", "figures"):
        assert step(name) == 0
    assert own_is_there()
    before = bytes_of("reports", MADE)
    here.edit(CONFIG.as_posix(), "title: Day one", "title: Day two")
    assert step("figures", "--aside") == 0
    assert Path("reports", publishing.NEXT, "figures.sha256").exists()
    publishing.recover()
    assert bytes_of("reports", MADE) == before


# records of releases

ROW = {
    **dict.fromkeys(("estimate", "ci_low", "ci_high", "estimate_log", "se", "tau2", "i2"), 0.5),
    **dict.fromkeys(("k", "n"), 2),
    **dict.fromkeys(("pi_low", "pi_high"), None),
    **{"analysis": "a", "measure": "RR", "favours": "above"},
}
RECORD = {
    "form": 1, "name": "2026-01-31", "data_hash": "h", "commit": "", "trials": {"t": "d"},
    "syntheses": [ROW],
}  # fmt: skip


def recorded(**changes):
    return json.dumps({**RECORD, **changes}).encode()


def rowed(**changes):
    return recorded(syntheses=[{**ROW, **changes}])


@pytest.mark.parametrize(
    "content",
    [
        b"<<<<<<< HEAD\n{}", b"\xff\xfe{}", b"[" * 100_000, b'{"form":' * 5000, b"", b"null", b"[]",
        b"{}", b"1", recorded(form=2), recorded(trials=["t"]), recorded(trials={"t": 1}),
        recorded(claims=[1]), recorded(claims={"c": None}), recorded(syntheses={"a": 1}),
        recorded(syntheses=[1]), recorded(syntheses=[{}]), recorded(commit=None),
        recorded(name="2026-02-01"), rowed(estimate="0.5"), rowed(estimate=[1]), rowed(k=True),
        rowed(ci_low=float("nan")), rowed(se=float("inf")), rowed(measure=None), rowed(measure=1),
        rowed(analysis=["a"]), rowed(verdict=1), rowed(certainty={}), rowed(engine=3),
    ],
)  # fmt: skip
def test_a_record_that_is_none_is_one_line_with_its_name(tmp_path, content):
    path = tmp_path / "2026-01-31.json"
    path.write_bytes(recorded())
    assert [r.name for r in read_all(tmp_path)] == ["2026-01-31"]
    path.write_bytes(content)
    with pytest.raises(ReleaseError, match=r"2026-01-31\.json: ") as raised:
        read_all(tmp_path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["x", "2026-02-30", "2026-01-31 (copy)", "2026-1-31"])
def test_a_record_of_another_name_is_told(tmp_path, name):
    (tmp_path / f"{name}.json").write_bytes(recorded(name=name))
    with pytest.raises(ReleaseError, match=r"\.json: "):
        read_all(tmp_path)


def test_a_bad_record_stops_run_and_release_in_one_line_and_nothing_changes(here, capsys):
    before = bytes_of("reports", MADE)
    path = Path("reports/versions/x.json")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"<<<<<<< HEAD")
    asked = argparse.Namespace(cores="1", dry_run=False, force=False, verbose=False)
    assert run.run(asked) == 1
    assert release(argparse.Namespace(date="2027-01-31")) == 1
    assert step("report") == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all("reports/versions/x.json: " in line for line in lines)
    path.unlink()
    assert why() == {}
    assert bytes_of("reports", MADE) == before


@pytest.mark.parametrize(
    "date", ["2027-02-30", "2027-13-01", "2027-00-10", "2027-1-1", "20270131", "tomorrow", "",
             "2027-W05-1", "2027-01-31\n", "２０２７-01-31"],
)  # fmt: skip
def test_a_date_that_is_none_is_one_line(capsys, date):
    assert release(argparse.Namespace(date=date)) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


# ways to ask


@pytest.mark.parametrize("cores", ["0", "-1", "many", "1.5", "", " 2", "٣", "1e3", "+2", "All"])
def test_cores_that_are_none_are_one_line_before_anything_starts(
    tmp_path, monkeypatch, capsys, cores
):
    monkeypatch.chdir(tmp_path)
    asked = argparse.Namespace(cores=cores, dry_run=False, force=False, verbose=False)
    assert run.run(asked) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / ".snakemake").exists()


def test_numbers_of_cores():
    assert run.cores_of("3") == 3
    assert run.cores_of("all") == (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("home", "cache"),
    [("", ""), ("nowhere", ""), ("/dev/null", ""), ("/", "/dev/null/x"), ("/", "relative")],
)
def test_without_an_open_home_snakemake_gets_one_in_the_project(tmp_path, monkeypatch, home, cache):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", home)
    monkeypatch.setenv("XDG_CACHE_HOME", cache)
    own = (tmp_path / ".snakemake/cache").as_posix()
    found = run.environment()
    assert Path(found["HOME"]).is_absolute()
    assert own in (found["HOME"], found["XDG_CACHE_HOME"])


def test_an_open_home_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert run.environment() == {**os.environ, "PYTHONPATH": project.python_path()}


@pytest.mark.parametrize("asked", [{"tau2": "PM"}, {"analyses": {}, "defaults": {}}])
def test_another_configuration_is_refused_in_words(here, asked):
    with pytest.raises(snakefile.RunRefusedError, match=r"--configfile.*analyses\.yaml"):
        snakefile.settle_state(asked)


def test_a_folder_that_is_no_project_is_refused_in_words(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        snakefile.RunRefusedError, match=r"no project: .*--directory.*ketameta init"
    ):
        snakefile.settle_state({})


def test_braces_in_a_path_are_refused_where_snakemake_keeps_locks(here, monkeypatch, tmp_path):
    folder = tmp_path / "{draft}"
    here.folder.rename(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["snakemake"])
    with pytest.raises(snakefile.RunRefusedError, match="--nolock"):
        snakefile.settle_state({})
    monkeypatch.setattr(sys, "argv", ["snakemake", "--nolock"])
    snakefile.settle_state({}).close()


def test_a_file_comes_with_what_is_published_together(here):
    page, figure = "reports/analyses/response_24h.html", "reports/figures/response_24h.forest.svg"
    table, copy = "data/processed/effects.parquet", figure.replace(".svg", ".pdf")
    mine = Path("reports/mine.html")
    mine.touch()
    of_report = [page, figure, table]
    assert {*map(snakefile.published_with, of_report)} == {"report"}
    assert snakefile.published_with(mine.as_posix()) is None
    # what is up to date and has no such file will not have it
    absent = "reports/figures/response_24h.funnel.svg"
    freshness.set_stamps({"prints": "not asked for yet"})
    assert snakefile.published_with(copy) == "prints"
    with pytest.raises(snakefile.RunRefusedError, match="no stage makes it"):
        snakefile.published_with(absent)
    for name in (*freshness.RUN, "prints"):
        list_of(name).unlink(missing_ok=True)
    freshness.set_stamps(stale(load(CONFIG), freshness.STAGES))
    narrowed = page.replace(".html", "--population-TRD.html")
    assert {*map(snakefile.published_with, [*of_report, narrowed, absent])} == {"report"}
    assert snakefile.published_with(copy) == "prints"


def test_a_file_that_no_stage_makes_is_no_target_and_its_neighbours_are_named(here):
    misspelt = "reports/analyses/respons_24h.html"
    with pytest.raises(snakefile.RunRefusedError) as refused:
        snakefile.published_with(misspelt)
    near = "reports/analyses/response_24h.html"
    assert str(refused.value).startswith(f"{misspelt}: no stage makes it; nearest: {near}, ")


def test_beside_another_run_nothing_is_touched(here):
    stamps = bytes_of(freshness.STAMPS)
    here.edit(OUTCOMES, CELL, OTHER)
    with take_lock(0):
        with pytest.raises(HeldError, match=rf"process {os.getpid()}\b"):
            take_lock(0)
        assert snakefile.settle_state({}) is None
        with pytest.raises(snakefile.RunRefusedError, match="Another run is at work"):
            snakefile.before_jobs(None, [])
    assert bytes_of(freshness.STAMPS) == stamps
    take_lock(0).close()


# whole runs


def left_in(folder):
    import psutil

    found = []
    for process in psutil.process_iter(["cwd", "pid"]):
        if process.info["cwd"] == str(folder) and process.info["pid"] != os.getpid():
            found.append(process)
    return found


@pytest.mark.parametrize("told", [os.kill, os.killpg])
def test_a_run_that_is_told_to_end_leaves_no_process_and_the_last_report(small, told):
    before = bytes_of(small.path("reports"))
    small.edit(OUTCOMES, CELL, OTHER)
    with subprocess.Popen(
        [sys.executable, "-m", "ketameta.cli", "run"], cwd=small.folder, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(small.path("workflow"))},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        for line in process.stdout:
            if line.startswith("  normalize: "):
                break
        told(process.pid, signal.SIGTERM)
        said = process.stdout.read()
    assert process.returncode == 128 + signal.SIGTERM
    assert said.strip().splitlines()[-1].endswith("the last report stays as it was")
    assert left_in(small.folder) == []
    assert bytes_of(small.path("reports")) == before
    done = small.ketameta("run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert bytes_of(small.path("reports")) != before


def test_a_run_whose_words_nobody_reads_ends(small):
    before = bytes_of(small.path("reports"))
    small.edit(OUTCOMES, CELL, OTHER)
    with subprocess.Popen(
        [sys.executable, "-m", "ketameta.cli", "run"], cwd=small.folder,
        env={**os.environ, "PYTHONPATH": str(small.path("workflow"))},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.stdout.readline().startswith(b"to run: ")
        process.stdout.close()
        process.wait(timeout=60)
    assert left_in(small.folder) == []
    assert bytes_of(small.path("reports")) == before


def test_a_run_works_with_braces_in_its_path_tables_of_tomorrow_and_no_home(small, tmp_path):
    folder = tmp_path / 'my {draft} {0}: it\'s "new" $HOME'
    small.folder.rename(folder)
    moved = type(small)(folder)
    moved.edit(OUTCOMES, CELL, OTHER)
    for path in (*folder.joinpath("data/raw").iterdir(), *folder.joinpath("workflow").rglob("*")):
        os.utime(path, (4e9, 4e9))
    # PYTHONPATH cannot hold the colon of this path, the steps need none of it
    code = f"import sys; sys.path.insert(0, {str(folder / 'workflow')!r}); "
    code += "from ketameta.cli import main; sys.exit(main(['run', '--cores', '2']))"
    nowhere = {"PYTHONPATH": "", "HOME": "/dev/null", "XDG_CACHE_HOME": ""}
    done = moved.run("-c", code, environment=nowhere)
    assert done.returncode == 0, done.stdout + done.stderr
    again = moved.run("-c", code, environment=nowhere)
    assert "everything is up to date" in again.stdout
