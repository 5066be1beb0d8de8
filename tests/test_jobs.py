"""Snakemake's log as records, and what is said of them."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from ketameta.commands import jobs
from ketameta.commands.jobs import Event, Record
from ketameta.commands.progress import DURATIONS, STAYS, Progress
from ketameta.freshness import AS_BEFORE, list_of
from ketameta.storage import write_text


def test_records_and_lines_come_whole_and_in_order_until_both_end():
    (records, write), (output, printed) = os.pipe(), os.pipe()
    sent = [Record(Event.STARTED, "ingest", "a\nb"), Record(Event.SAID, "", "ü")]
    for record in sent:
        os.write(write, json.dumps([record.event, record.rule, record.text]).encode() + b"\n")
    found = []
    for record in jobs.read(records, output):
        found.append(record)
        if len(found) == len(sent):
            for piece in (b"a line\nhal", b"f and \xff", b"\n\nno end"):
                os.write(printed, piece)
            os.close(write)
            os.close(printed)
    lines = ["a line", "half and \ufffd", "no end"]
    assert found == [*sent, *[Record(Event.SAID, "", line) for line in lines]]
    os.close(records)
    os.close(output)


@pytest.fixture
def progress(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("logs").mkdir()
    return Progress({"ingest": "changed: a", "figures": "its input is made anew"})


def job(event, stage):
    return Record(event, stage, f"{event} {stage}")


def test_a_stage_that_wrote_no_list_is_told_to_be_as_before_and_is_no_measure(progress, capsys):
    def records():
        for stage in ("ingest", "figures"):
            yield job(Event.STARTED, stage)
            if stage == "ingest":
                write_text(list_of(stage), "anew")
            yield job(Event.FINISHED, stage)
        yield job(Event.STARTED, "all")

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


def test_the_stage_that_failed_is_told_with_its_log_not_the_last_to_begin(progress, capsys):
    write_text(Path("logs/ingest.log"), "a cell is bad\n")
    progress.follow(
        [job(Event.STARTED, "ingest"), job(Event.STARTED, "figures"), job(Event.FAILED, "ingest")]
    )
    progress.failed()
    assert capsys.readouterr().err.splitlines()[1:3] == ["ingest failed:", "a cell is bad"]


def test_without_a_stage_the_last_lines_are_told(progress, capsys):
    progress.follow([Record(Event.SAID, "", "\n".join(f"line {n}" for n in range(30)))])
    progress.failed()
    told = capsys.readouterr().err.splitlines()[1:]
    assert told[:-1] == [f"line {n}" for n in range(5, 30)]
    assert told[-1].startswith("stopped at the start; ")


def test_a_full_disk_is_told_with_its_place(progress, capsys):
    progress.follow([Record(Event.SAID, "", "reports/a.html: No space left on device")])
    progress.failed()
    assert capsys.readouterr().err.splitlines()[1:] == [
        f"reports/a.html: No space left on device; {STAYS}"
    ]


@pytest.mark.slow
def test_what_snakemake_logs_of_jobs_arrives_with_their_rules(tmp_path):
    Path(tmp_path, "Snakefile").write_text(
        "rule all:\n    input: 'a', 'b'\n"
        "rule a:\n    output: 'a'\n    shell: 'echo printed; touch a'\n"
        "rule b:\n    input: 'a'\n    output: 'b'\n    shell: 'exit 3'\n"
    )
    read, write = os.pipe()
    os.set_inheritable(write, True)
    with subprocess.Popen(
        jobs.command(jobs.Asked(cores=1, records=write)), cwd=tmp_path, close_fds=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "workflow")},
    ) as process:  # fmt: skip
        os.close(write)
        found = list(jobs.read(read, process.stdout.fileno()))
    os.close(read)
    assert process.returncode == 1
    events = [(r.event, r.rule) for r in found if r.event is not Event.SAID]
    assert events == [
        (Event.STARTED, "a"), (Event.FINISHED, "a"), (Event.STARTED, "b"), (Event.FAILED, "b"),
    ]  # fmt: skip
    assert Record(Event.SAID, "", "printed") in found
    assert re.search(r"shell:\s+exit 3", next(r.text for r in found if r.event is Event.FAILED))
