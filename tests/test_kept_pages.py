"""A report of which some pages are taken from the run before is, byte for byte, a whole one."""

import csv
import io
import os
import pickle
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ketameta import freshness, memo, publishing, vocabulary
from ketameta.cli import parser
from ketameta.commands.release import release
from ketameta.configuration import CONFIG, load
from ketameta.ingest.formats import header_of
from ketameta.report import analysis_page
from ketameta.tables.raw import OPTIONAL_TABLES

from .conftest import ROOT, SMALL
from .test_state import CELL, MADE, OTHER, OUTCOMES, bytes_of, step

EVENTS = ["response_24h", "response_24h_arm"]
PAGE = "reports/analyses/depression_24h.html"
WORDS = "workflow/config/vocabulary"
REVIEW = "workflow/config/review.yaml"
RAW = ("outcomes", "arms", "trials", "contrasts", "risk_of_bias", "published", "claims")
# columns whose text no check takes apart
TOLD = ("note", "label", "claim", "locator", "support", "reason", "source_url", "definition")


class Kept:
    """A small project, built, in whose folder the test runs; which pages a step makes."""

    def __init__(self, project, monkeypatch):
        self.edit, self._told = project.edit, monkeypatch
        self.made = []
        files = analysis_page.files

        def made(page):
            self.made.append(page.analysis.name)
            return files(page)

        monkeypatch.setattr(analysis_page, "files", made)

    def run(self):
        """Return which pages a run makes, and the bytes after it; None where it stops."""
        vocabulary.use(vocabulary.SUBJECT)
        self.made.clear()
        if any(step(name) for name in ("ingest", "normalize", "synthesize", "report", "figures")):
            return None
        return list(self.made), bytes_of(MADE, "reports")

    def same(self):
        """Return which pages a run makes; what it leaves is what a whole report leaves."""
        found = self.run()
        assert found is not None
        with self._told.context() as told:
            told.setenv(freshness.ANEW, "report figures")
            every, whole = self.run()
        assert len(every) == len([*load(CONFIG)])
        assert found[1] == whole
        return found[0]


@pytest.fixture
def kept(small, monkeypatch):
    monkeypatch.chdir(small.folder)
    monkeypatch.delenv(freshness.ANEW, raising=False)
    yield Kept(small, monkeypatch)
    vocabulary.use(ROOT / "tests")


def decided():
    """Take down that a cell was corrected."""
    path = Path("data/raw/adjudication.csv")
    cells = dict.fromkeys(header_of(OPTIONAL_TABLES["adjudication"]), "") | {
        "id": "one", "table": "outcomes", "trial_id": "murrough2013a", "column": "events",
        "row": "murrough2013a / ketamine_0.5 / response / MADRS / >=50% reduction / 24 / itt",
        "a": "29", "b": "30", "decision": "correction", "reason": "read again", "role": "analyst",
        "date": "2026-01-31",
    }  # fmt: skip
    path.write_text(",".join(cells) + "\n" + ",".join(cells.values()) + "\n", encoding="utf-8")


def test_a_cell_makes_anew_the_pages_that_tell_it(kept):
    kept.edit(OUTCOMES, CELL, OTHER)
    assert kept.same() == EVENTS
    kept.edit(OUTCOMES, OTHER, CELL)
    assert kept.same() == EVENTS


# a title, a threshold, a model, words, and what the review says of itself
EDITS = [
    (CONFIG.as_posix(), "title: Response at 24 hours", "title: Response a day after"),
    (CONFIG.as_posix(), "worthwhile_ratio: 1.25", "worthwhile_ratio: 1.1"),
    (CONFIG.as_posix(), "level: 0.95", "level: 0.9"),
    (f"{WORDS}/outcomes.yaml", "label: Response,", "label: Answering,"),
    (f"{WORDS}/scales.yaml", '{label: "Montgomery', '{label: "Old Montgomery'),
    (f"{WORDS}/treatments.yaml", "{label: saline,", "{label: salt water,"),
    (REVIEW, 'title: "Ketamine', 'title: "Of ketamine'),
    (REVIEW, "control_phrase: control", "control_phrase: no treatment"),
    (REVIEW, "treatments_phrase: (es)ketamine", "treatments_phrase: either of them"),
]


def test_an_edit_of_the_subject_is_on_every_page_that_a_whole_report_has_it_on(kept):
    for path, old, new in EDITS:
        kept.edit(path, old, new)
        assert kept.same(), new


def test_a_release_and_a_decision_are_where_a_whole_report_has_them(kept):
    asked = parser("release").parse_args(["release", "--no-crate", "--date", "2027-01-31"])
    assert release(asked) == 0
    kept.same()
    decided()
    assert set(kept.same()) & set(EVENTS)


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"\n")])
@pytest.mark.parametrize("path", [PAGE, "reports/figures/depression_24h.forest.svg"])
def test_a_page_that_is_not_as_it_was_written_is_made_anew(kept, path, harm):
    kept.edit(OUTCOMES, CELL, OTHER)
    harm(Path(path))
    assert sorted(kept.same()) == sorted(SMALL)


@pytest.mark.parametrize("files", [1, 4, 9])
def test_a_report_half_moved_in_is_made_whole(kept, monkeypatch, files):
    replace, left = os.replace, [files]

    def killed(source, target):
        if Path(target).is_relative_to("reports"):
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
        replace(source, target)

    kept.edit(OUTCOMES, CELL, OTHER)
    with monkeypatch.context() as told:
        told.setattr(publishing.os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            kept.run()
    kept.edit(OUTCOMES, OTHER, CELL)
    kept.same()


def edited(rnd, name):
    """Change a cell of a raw table; its column."""
    path = Path(f"data/raw/{name}.csv")
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    while True:
        row, column = rnd.choice(rows[1:]), rnd.randrange(len(rows[0]))
        if row[column] and rows[0][column] in TOLD:
            row[column] += " x"
        elif row[column].isdecimal() and 1 < int(row[column]) < 1900:
            row[column] = str(int(row[column]) - 1)
        else:
            continue
        break
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    path.write_text(out.getvalue(), encoding="utf-8")
    return rows[0][column]


def test_cells_by_chance_of_each_raw_table(kept):
    rnd, done = random.Random(5), []
    for name in [*RAW, "outcomes"]:
        before = Path(f"data/raw/{name}.csv").read_bytes()
        if len(before.splitlines()) == 1:
            continue  # none of the trials of the small project
        for _ in range(9):
            column = edited(rnd, name)
            if kept.run():
                kept.same()
                done.append((name, column))
                break
            Path(f"data/raw/{name}.csv").write_bytes(before)
    assert len(done) >= len(RAW) - 1


_ALONE = """
import pickle, sys
from ketameta.figures.scene import writable
from ketameta.report import analysis_page
for page in pickle.load(sys.stdin.buffer):
    for text in analysis_page.files(page):
        sys.stdout.buffer.write(writable(text).encode() + b"\\0")
"""


def test_a_page_is_made_from_its_question_words_and_review_alone(kept, monkeypatch, tmp_path):
    """Else a digest of the question would not tell of all that the page says."""
    asked = []
    files = memo.Memo.files

    def noted(self, answer, name, question, paths):
        asked.append((question, paths))
        return files(self, answer, name, question, paths)

    monkeypatch.setattr(memo.Memo, "files", noted)
    monkeypatch.setenv(freshness.ANEW, "report")
    kept.run()
    folder = tmp_path / "elsewhere"
    shutil.copytree(WORDS, folder / WORDS)
    shutil.copy(REVIEW, folder / REVIEW)
    done = subprocess.run(
        [sys.executable, "-c", _ALONE],
        cwd=folder,
        input=pickle.dumps([page for page, _ in asked][::-1]),
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        check=True,
    )
    written = [Path("reports", path) for _, paths in asked[::-1] for path in paths]
    assert done.stdout.split(b"\0")[:-1] == [path.read_bytes() for path in written]
    assert len(written) == 2 * len(SMALL)
