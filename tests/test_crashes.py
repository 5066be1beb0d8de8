"""Killed runs, full and read-only disks: the last good report stays, one rerun completes."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ketameta import freshness, publishing, storage

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


# publishing, without a workflow


@pytest.fixture
def reports(tmp_path, monkeypatch):
    """Return reports/ of a project in which two stages wrote pages; others' files stand beside."""
    monkeypatch.chdir(tmp_path)
    for made in stages("old", gone=True):
        publishing.keep(*made)
    for name in ("versions/2026-01-31.json", "analyses/mine.html"):
        storage.write_text(Path("reports", name), "of a person")
    return Path("reports")


def stages(text, gone=False):
    """Return what the stages of a report keep: lists, what of, where, and files."""
    pages = ["index.html", "analyses/a.html", "same.html", *["analyses/gone.html"] * gone]
    drawings = ["figures/a.svg", *["figures/gone.svg"] * gone]
    prints = ["figures/a.pdf", "figures/a.svg.pdf", "figures/gone.png"] if gone else None
    for stage, names in (("report", pages), ("figures", drawings), ("prints", prints)):
        if names:
            files = {n: f"{'' if n == 'same.html' else text} {n}".encode() for n in names}
            yield freshness.list_of(stage), {"code": text}, Path("reports"), files.items()


def published(folder):
    return {name: digest for name, digest in bytes_of(folder).items() if not name.startswith(".")}


def everything():
    return published(Path("reports")) | bytes_of(Path("data"))


@pytest.fixture
def whole(reports, tmp_path):
    """Return the bytes of the old report, and of the new one, made in a copy without a crash."""
    before = everything()
    shutil.copytree(tmp_path, tmp_path / "copy")
    os.chdir(tmp_path / "copy")
    for made in stages("new"):
        publishing.lay_aside(*made)
    publishing.publish()
    after = everything()
    os.chdir(tmp_path)
    return before, after


def test_what_is_laid_aside_changes_nothing_until_it_is_published(reports, whole):
    old, new = whole
    for made in stages("new"):
        publishing.lay_aside(*made)
        assert everything() == old
    publishing.publish()
    assert everything() == new
    assert {"analyses/gone.html", "figures/gone.svg", "figures/gone.png", "figures/a.pdf"} == (
        {name for name in old if name not in new}
    )
    assert {"figures/a.svg.pdf", "analyses/mine.html", "versions/2026-01-31.json"} <= new.keys()
    assert not list(reports.glob(".*"))


def test_what_a_failed_run_laid_aside_goes(reports, whole):
    for made in stages("new"):
        publishing.lay_aside(*made)
    publishing.recover()
    assert everything() == whole[0]
    assert not list(reports.glob(".*"))
    publishing.publish()
    assert everything() == whole[0]


class Killed(BaseException):
    """A kill at a call: nothing after it runs."""


def test_a_publishing_that_is_cut_short_anywhere_is_finished_by_the_next_run(
    reports, whole, monkeypatch
):
    # each call that changes something on the disk counts, and the one of a number is the last
    calls = {"left": 0}

    def counted(call):
        def counting(*words, **named):
            calls["left"] -= 1
            if calls["left"] == 0:
                raise Killed
            return call(*words, **named)

        return counting

    for place, name in ((os, "rename"), (os, "replace"), (os, "unlink"), (Path, "unlink"),
                        (shutil, "move"), (shutil, "rmtree")):  # fmt: skip
        monkeypatch.setattr(place, name, counted(getattr(place, name)))
    old = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    for moment in range(1, 30):
        calls["left"] = 0
        shutil.rmtree("reports")
        for path, content in old.items():
            storage.write_bytes(path, content)
        for made in stages("new"):
            publishing.lay_aside(*made)
        calls["left"] = moment
        try:
            publishing.publish()
        except Killed:
            calls["left"] = 0
            publishing.recover()
            expected = whole[0] if moment == 1 else whole[1]
            assert everything() == expected, moment
            assert not list(reports.glob(".*"))
        else:
            break
    assert 8 < moment < 29
    assert everything() == whole[1]


def test_a_page_of_the_same_bytes_is_left_alone(reports):
    os.utime("reports/same.html", (1e9, 1e9))
    for made in stages("new"):
        publishing.keep(*made)
    assert Path("reports/same.html").stat().st_mtime == 1e9


def test_a_full_disk_is_told_with_the_file_and_leaves_the_report(reports, whole, monkeypatch):
    def refuse(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(OSError, match="No space") as raised:
        publishing.lay_aside(*next(stages("new")))
    assert raised.value.filename == "reports/.next/index.html"
    assert everything() == whole[0]


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
    assert not list(small.path("reports").glob(".*"))


def kill_and_rerun(small, moments, expected):
    """Edit the cell to and fro; kill the run of each edit after a moment; run again."""
    environment = {**os.environ, "PYTHONPATH": str(small.path("workflow"))}
    values = [OTHER, CELL]
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
        # whole, the one or the other, but for the moment in which files are renamed
        if not small.path("reports/.ready").exists():
            assert published(small.path("reports")) in [
                expected[value]["reports"] for value in values
            ], f"after {moment:.2f} s"
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
    return expected, length


KILLS, PARTS = 30, 3


@pytest.mark.parametrize("part", range(PARTS))
def test_after_a_kill_at_any_moment_one_rerun_gives_the_same_bytes(small, part):
    expected, length = expectation(small)
    draw = random.Random(20270131)
    # one moment in each of `KILLS` equal parts of a run, so that every stage meets some; every
    # third is tried here, so that processes share them
    moments = [length * (n + draw.random()) / KILLS for n in range(KILLS)][part::PARTS]
    draw.shuffle(moments)
    # a run may be much faster than the one that was timed: some, not all, must be cut short
    assert kill_and_rerun(small, moments, expected) >= len(moments) // 3


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
    # the small project has claims on analyses that it leaves out
    said = run["err"].strip().splitlines()
    lines = [line for line in said if line and not line.startswith("warning: data/raw/claims.csv:")]
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
