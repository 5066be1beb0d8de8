"""Snakemake's log as records, and what is said of them."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from ketameta import job, steps
from ketameta.commands import forks, jobs
from ketameta.commands.jobs import Event, Record
from ketameta.commands.lock import STATE
from ketameta.commands.progress import DURATIONS, STAYS, Progress
from ketameta.configuration import CONFIG
from ketameta.freshness import AS_BEFORE, list_of
from ketameta.publishing import NEXT, READY
from ketameta.raw_tables import RawTables
from ketameta.storage import write_text

ROOT = Path(__file__).parents[1]


def test_records_and_lines_come_whole_and_in_order_until_both_end():
    (records, write), (output, printed) = os.pipe(), os.pipe()
    sent = [Record(Event.STARTED, "ingest", "a\nb"), Record(Event.SAID, "", "ü")]
    for record in sent:
        os.write(write, json.dumps([record.event, record.rule, record.text]).encode() + b"\n")
    process = SimpleNamespace(stdout=os.fdopen(output, "rb"))
    snakemake = jobs.Snakemake(process, records, None)
    found = []
    for record in snakemake.records():
        found.append(record)
        if len(found) == len(sent):
            for piece in (b"a line\nhal", b"f and \xff", b"\n\nno end"):
                os.write(printed, piece)
            os.close(write)
            os.close(printed)
    lines = ["a line", "half and \ufffd", "no end"]
    assert found == [*sent, *[Record(Event.SAID, "", line) for line in lines]]
    os.close(records)
    process.stdout.close()


@pytest.fixture
def progress(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("logs").mkdir()
    return Progress({"ingest": "changed: a", "figures": "its input is made anew"})


def told(event, stage):
    return Record(event, stage, f"{event} {stage}")


def test_a_stage_that_wrote_no_list_is_told_to_be_as_before_and_is_no_measure(progress, capsys):
    def records():
        for stage in ("ingest", "figures"):
            yield told(Event.STARTED, stage)
            if stage == "ingest":
                write_text(list_of(stage), "anew")
            yield told(Event.FINISHED, stage)
        yield told(Event.STARTED, "all")

    write_text(list_of("figures"), "as it was")
    progress.follow(records())
    assert capsys.readouterr().out.splitlines() == [
        "  ingest: changed: a",
        "  figures: its input is made anew",
        f"  figures: {AS_BEFORE}",
    ]
    DURATIONS.parent.mkdir()
    progress.keep_durations()
    assert json.loads(DURATIONS.read_text()).keys() == {"ingest"}


@pytest.mark.parametrize("place", [NEXT, READY])
def test_a_list_that_is_on_its_way_is_one(progress, capsys, place):
    progress.follow([told(Event.STARTED, "figures")])
    write_text(Path("reports", place, "figures.sha256"), "anew")
    progress.follow([told(Event.FINISHED, "figures")])
    assert AS_BEFORE not in capsys.readouterr().out


def test_the_stage_that_failed_is_told_with_its_log_not_the_last_to_begin(progress, capsys):
    write_text(Path("logs/ingest.log"), "a cell is bad\n")
    progress.follow(
        [
            told(Event.STARTED, "ingest"),
            told(Event.STARTED, "figures"),
            told(Event.FAILED, "ingest"),
        ]
    )
    progress.failed()
    assert capsys.readouterr().err.splitlines()[1:3] == ["ingest failed:", "a cell is bad"]


def test_without_a_stage_the_last_lines_are_told(progress, capsys):
    progress.follow([Record(Event.SAID, "", "\n".join(f"line {n}" for n in range(30)))])
    progress.failed()
    lines = capsys.readouterr().err.splitlines()[1:]
    assert lines[:-1] == [f"line {n}" for n in range(5, 30)]
    assert lines[-1].startswith("stopped at the start; ")


def test_a_full_disk_is_told_with_its_place(progress, capsys):
    progress.follow([Record(Event.SAID, "", "reports/a.html: No space left on device")])
    progress.failed()
    assert capsys.readouterr().err.splitlines()[1:] == [
        f"reports/a.html: No space left on device; {STAYS}"
    ]


@pytest.mark.slow
def test_what_snakemake_logs_of_jobs_arrives_with_their_rules(tmp_path, monkeypatch):
    Path(tmp_path, "Snakefile").write_text(
        "rule all:\n    input: 'a', 'b'\n"
        "rule a:\n    output: 'a'\n    shell: 'echo printed; touch a'\n"
        "rule b:\n    input: 'a'\n    output: 'b'\n    shell: 'exit 3'\n"
    )
    monkeypatch.chdir(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}
    with jobs.started(jobs.JobRequest(cores=1), environment) as snakemake:
        snakemake.begin()
        found = list(snakemake.records())
        assert snakemake.status() == 1
    events = [(r.event, r.rule) for r in found if r.event is not Event.SAID]
    assert events == [
        (Event.STARTED, "a"), (Event.FINISHED, "a"), (Event.STARTED, "b"), (Event.FAILED, "b"),
    ]  # fmt: skip
    assert Record(Event.SAID, "", "printed") in found
    assert re.search(r"shell:\s+exit 3", next(r.text for r in found if r.event is Event.FAILED))


@pytest.mark.slow
def test_snakemake_that_is_not_let_begin_reads_nothing(tmp_path, monkeypatch):
    Path(tmp_path, "Snakefile").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}
    with jobs.started(jobs.JobRequest(cores=1), environment) as snakemake:
        pass
    assert snakemake.status() == 1
    assert not Path(".snakemake").exists()


# Python knows of the thread of Arrow, and not that it is made for that
forked = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return a folder for a run, of a name that is too long for a socket."""
    folder = tmp_path / ("long" * 30) / STATE
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder.parent)
    return folder.parent


def handed_on(words, configuration=None):
    """Hand on a step to this process, which forks itself for it; its status and what it printed."""
    with forks.forks() as waiting, tempfile.TemporaryFile() as file:
        if waiting is None:
            pytest.skip("this system forks nothing")
        waiting.prepare((), configuration, RawTables())
        code = f"import sys; from ketameta.job import main; sys.exit(main({words!r}))"
        environment = {**os.environ, **waiting.environment(), "PYTHONPATH": str(ROOT / "workflow")}
        with subprocess.Popen(
            [sys.executable, "-c", code], env=environment, stdout=file, stderr=file
        ) as process:
            waiting.fork()
            status = process.wait()
        waiting.end()
        file.seek(0)
        return status, file.read().decode()


@forked
def test_a_step_is_a_fork_that_prints_where_its_job_does_and_ends_as_it_does(place, monkeypatch):
    here = os.getpid()

    def step(words):
        os.write(1, f"{words} {os.getpid() == here}\n".encode())
        os.write(2, b"a fault\n")
        return int(words[0])

    monkeypatch.setattr(steps, "run", step)
    status, printed = handed_on(["3"])
    assert (status, set(printed.splitlines())) == (3, {"['3'] False", "a fault"})


@forked
def test_the_configuration_of_a_run_is_known_to_its_steps_and_to_nothing_after(place, monkeypatch):
    def step(words):
        os.write(1, steps.KNOWN.configurations[CONFIG].encode())
        return 0

    monkeypatch.setattr(steps, "run", step)
    assert handed_on([], "as the run read it") == (0, "as the run read it")
    assert steps.KNOWN is None


@forked
@pytest.mark.parametrize(
    "step", [lambda words: os.kill(os.getpid(), signal.SIGKILL), lambda words: 1 / 0]
)
def test_a_step_that_is_killed_or_broken_fails(place, monkeypatch, step):
    monkeypatch.setattr(steps, "run", step)
    assert handed_on(["x"])[0] == 1


@forked
def test_a_job_that_is_killed_before_it_asks_is_nothing(place):
    with forks.forks() as waiting:
        if waiting is None:
            pytest.skip("this system forks nothing")
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(forks.SOCKET.as_posix())
        waiting.fork()
    assert not forks.SOCKET.exists()


def test_where_no_run_waits_a_job_does_its_step_itself(monkeypatch, tmp_path):
    monkeypatch.setattr(steps, "run", lambda words: 7)
    monkeypatch.delenv(job.RUN, raising=False)
    assert job.main([]) == 7
    monkeypatch.setenv(job.RUN, str(tmp_path / "gone"))
    assert job.main([]) == 7


@pytest.mark.slow
def test_what_steps_load_starts_no_thread_that_computes_and_loads_no_pandas():
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from ketameta.commands.forks import Forks\n"
        "from ketameta.job import one_thread\n"
        "from ketameta.freshness import RUN\n"
        "one_thread()\n"
        "forks = Forks(None)\n"
        "forks.prepare(RUN, None, None)\n"
        "while forks.load():\n    pass\n"
        "tasks = Path('/proc/self/task')\n"
        "names = [(task / 'comm').read_text().strip() for task in tasks.glob('*')]\n"
        "assert len({*names} - {'jemalloc_bg_thd'}) == len(names) - 1 or not names, names\n"
        "assert 'ketameta.report.stage' in sys.modules\n"
        "assert 'pandas' not in sys.modules\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
