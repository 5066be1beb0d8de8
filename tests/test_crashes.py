"""Killed runs, full and read-only disks: the last good report stays, one rerun completes."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ketameta import freshness, last_report, storage

ROOT = Path(__file__).parents[1]
# the response of the ketamine arm of Murrough 2013 at 24 h: 30 of 47
CELL, OTHER = ",47,30,", ",47,31,"


def bytes_of(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".gitkeep"
    }


def results(project):
    return {name: bytes_of(project.path(name)) for name in ("reports", "data/processed")}


# keeping and putting back, without a workflow


@pytest.fixture
def reports(tmp_path, monkeypatch):
    """Return reports/ of a project in which one stage wrote two pages; a record stands beside."""
    monkeypatch.chdir(tmp_path)
    made("index.html", "analyses/a.html", text="old")
    storage.write_text(Path("reports/versions/2026-01-31.json"), "old")
    return Path("reports")


def made(*names, text):
    """Write pages as the stage `report` does, with its list."""
    files = {name: f"{text} {name}".encode() for name in names}
    freshness.keep(freshness.list_of("report"), {"code": text}, Path("reports"), files)


def test_a_report_comes_back_whole_after_a_run_that_deleted_and_wrote_some(reports):
    before, listed = bytes_of(reports), bytes_of(Path("data"))
    last_report.keep_last()
    (reports / "index.html").unlink()
    made("analyses/a.html", "analyses/b.html", text="new")
    assert last_report.restore_last()
    assert bytes_of(reports) == before
    assert bytes_of(Path("data")) == listed


def test_the_record_of_a_release_made_meanwhile_stays(reports):
    last_report.keep_last()
    storage.write_text(reports / "versions/2026-02-01.json", "new")
    last_report.restore_last()
    assert (reports / "versions/2026-02-01.json").read_text() == "new"


def test_nothing_is_restored_where_nothing_was_lost(reports):
    before = reports.joinpath("index.html").stat().st_mtime
    last_report.keep_last()
    assert not last_report.restore_last()
    assert reports.joinpath("index.html").stat().st_mtime == before
    assert not last_report.KEPT.exists()


def test_what_a_killed_run_kept_is_not_written_over_by_its_ruins(reports):
    before = bytes_of(reports)
    last_report.keep_last()
    storage.write_text(reports / "index.html", "half a report")
    last_report.keep_last()
    last_report.restore_last()
    assert bytes_of(reports) == before


def test_a_half_kept_report_is_not_taken_for_a_whole_one_and_goes(reports):
    before = bytes_of(reports)
    storage.write_text(reports / ".last.part" / "reports/index.html", "of a killed run")
    assert not last_report.restore_last()
    assert bytes_of(reports) == before


def test_parts_of_files_are_removed_and_pages_named_so_are_not(reports):
    (reports / "analyses" / ".a.html.x1y2.part").write_text("half")
    (reports / "analyses" / "b.part").write_text("a page")
    (reports / "analyses" / ".film.mp4.part").write_text("half a film of somebody")
    last_report.restore_last()
    assert not (reports / "analyses" / ".a.html.x1y2.part").exists()
    assert (reports / "analyses" / "b.part").exists()
    assert (reports / "analyses" / ".film.mp4.part").exists()


def test_without_hard_links_the_report_is_copied(reports, monkeypatch):
    def refuse(*paths):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    before = bytes_of(reports)
    last_report.keep_last()
    (reports / "index.html").unlink()
    assert last_report.restore_last()
    assert bytes_of(reports) == before


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "a"
    storage.write_text(path, "old")

    def refuse(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        storage.write_text(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


# runs that fail


def test_a_failed_page_leaves_the_last_report_and_the_next_run_makes_the_new_one(small):
    before = bytes_of(small.path("reports"))
    config = "workflow/config/analyses.yaml"
    small.edit(config, "title: Response at 24 hours", "title: Response within a day")
    template = "workflow/ketameta/report/templates/dictionary.html"
    small.edit(template, "{% block main %}", "{% block main %}{{ nowhere }}")
    for attempt in (small.ketameta("run"), small.snakemake()):
        assert attempt.returncode == 1
        assert bytes_of(small.path("reports")) == before
    small.edit(template, "{{ nowhere }}", "")
    assert small.ketameta("run").returncode == 0
    assert "Response within a day" in small.path("reports/index.html").read_text(encoding="utf-8")
    assert not small.path("reports/.last").exists()


def kill_and_rerun(small, moments, expected):
    """Edit the cell to and fro; kill the run of each edit after a moment; run again."""
    environment = {**os.environ, "PYTHONPATH": str(small.path("workflow"))}
    values = [CELL, OTHER]
    cut = 0
    for moment in moments:
        values.reverse()
        small.edit("data/raw/outcomes.csv", values[1], values[0])
        with subprocess.Popen(
            [sys.executable, "-m", "ketameta.cli", "run"], cwd=small.folder, env=environment,
            start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            try:
                process.wait(moment)
            except subprocess.TimeoutExpired:
                cut += 1
            os.killpg(process.pid, signal.SIGKILL) if process.poll() is None else None
        done = small.ketameta("run")
        assert done.returncode == 0, f"after {moment:.2f} s: {done.stdout}{done.stderr}"
        assert results(small) == expected[values[0]], f"after {moment:.2f} s"
    return cut


def expectation(small):
    """Return the results for both values of the cell, and how long a run takes."""
    expected = {CELL: results(small)}
    small.edit("data/raw/outcomes.csv", CELL, OTHER)
    start = time.monotonic()
    assert small.ketameta("run").returncode == 0
    length = time.monotonic() - start
    expected[OTHER] = results(small)
    assert expected[OTHER] != expected[CELL]
    small.edit("data/raw/outcomes.csv", OTHER, CELL)
    assert small.ketameta("run").returncode == 0
    assert results(small) == expected[CELL]
    return expected, length


@pytest.mark.parametrize("kills", [30])
def test_after_a_kill_at_any_moment_one_rerun_gives_the_same_bytes(small, kills):
    expected, length = expectation(small)
    draw = random.Random(20270131)
    # one moment in each of `kills` equal parts of a run, so that every stage meets some
    moments = [length * (n + draw.random()) / kills for n in range(kills)]
    draw.shuffle(moments)
    # a run may be faster than the one that was timed: most of them, not all, must be cut short
    assert kill_and_rerun(small, moments, expected) >= kills // 2


# disks that refuse; in a mount name space of its own, where the system allows one


def namespaces():
    try:
        done = subprocess.run(
            ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"],
            capture_output=True, check=False, timeout=20,
        )  # fmt: skip
    except OSError:
        return False
    return done.returncode == 0


needs_mounts = pytest.mark.skipif(
    not namespaces(), reason="this system gives no mount name space of one's own"
)

SCRIPT = """
import hashlib, json, os, shutil, subprocess, sys
from pathlib import Path
source, place, kind, room = sys.argv[1:5]
def mount(*words):
    subprocess.run(["mount", *words], check=True)
def hashes(folder):
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(Path(folder).rglob("*")) if p.is_file()}
def run():
    env = {**os.environ, "PYTHONPATH": place + "/workflow"}
    done = subprocess.run([sys.executable, "-m", "ketameta.cli", "run"], cwd=place, env=env,
                          capture_output=True, text=True)
    return {"status": done.returncode, "out": done.stdout, "err": done.stderr,
            "reports": hashes(place + "/reports")}
mount("-t", "tmpfs", "-o", "size=64m", "none", place)
shutil.copytree(source, place, dirs_exist_ok=True, symlinks=True)
cell = Path(place, "data/raw/outcomes.csv")
cell.write_text(cell.read_text().replace(",47,30,", ",47,31,", 1))
answer = {"before": hashes(place + "/reports")}
if kind == "full":
    with open(place + "/filler", "wb") as file:
        file.write(bytes(max(0, shutil.disk_usage(place).free - int(room))))
else:
    mount("--bind", place + "/reports", place + "/reports")
    mount("-o", "remount,bind,ro", place + "/reports")
answer["refused"] = run()
if kind == "full":
    os.unlink(place + "/filler")
else:
    subprocess.run(["umount", place + "/reports"], check=True)
answer["after"] = run()
print(json.dumps(answer))
"""


def refused(small, tmp_path, kind, room=0):
    place = tmp_path / "mounted"
    place.mkdir()
    done = subprocess.run(
        ["unshare", "-rm", sys.executable, "-c", SCRIPT, str(small.folder), str(place), kind,
         str(room)],
        capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def one_message(run, words):
    # of claims that name an analysis the small project does not have
    lines = [x for x in run["err"].strip().splitlines() if not x.startswith("warning: ")]
    assert run["status"] == 1, run["out"] + run["err"]
    assert len(lines) == 1, run["err"]
    assert words in lines[0]
    assert lines[0].endswith("the last report stays as it was")


@needs_mounts
def test_a_read_only_folder_for_the_report_is_one_message(small, tmp_path):
    found = refused(small, tmp_path, "read-only")
    one_message(found["refused"], "reports: Read-only file system")
    assert found["refused"]["reports"] == found["before"]
    assert found["after"]["status"] == 0, found["after"]["err"]
    assert found["after"]["reports"] != found["before"]


@needs_mounts
@pytest.mark.parametrize(
    "room",
    [0, 50_000, 150_000, 230_000],
)
def test_a_full_disk_is_one_message_and_the_last_report_stays(small, tmp_path, room):
    found = refused(small, tmp_path, "full", room)
    one_message(found["refused"], "No space left on device")
    assert found["refused"]["reports"] == found["before"]
    assert found["after"]["status"] == 0, found["after"]["err"]
    assert found["after"]["reports"] != found["before"]
