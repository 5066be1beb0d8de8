"""Corrections: each only where what it says to stand there does, followed where lines moved."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest

from ketameta.extraction.corrections import DONE, OFF, located, read_corrections
from ketameta.ingest.places import read_place
from ketameta.ingest.workbook_template import workbook_of

BASE = Path(__file__).parents[1] / "bad_input" / "base"
NAMES = ("file", "line", "column", "old", "new", "why", "source", "locator")
MEAN = {"file": "outcomes.csv", "line": "4", "column": "mean", "old": "15.2", "new": "15.3"}
SE = {"file": "outcomes.csv", "line": "4", "column": "se", "old": "", "new": "1.8"}
DOI = {"file": "trials.csv", "line": "4", "column": "doi", "old": "", "new": "10.1000/b"}


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(BASE, tmp_path / "raw")
    return tmp_path / "raw"


@pytest.fixture
def given(tmp_path):
    """Return what stands in a file of corrections: them, and its faults."""

    def do(*rows, names=NAMES, delimiter=","):
        out = io.StringIO()
        more = [n for row in rows for n in row if n not in names]
        writer = csv.DictWriter(out, [*names, *dict.fromkeys(more)], delimiter=delimiter)
        writer.writeheader()
        writer.writerows({"why": "misread", **row} for row in rows)
        path = tmp_path / "corrections.csv"
        path.write_text(out.getvalue(), encoding="utf-8")
        return read_corrections(path)

    return do


@pytest.fixture
def placed(given, folder):
    """Return lines of what is applied, and why the rest is not, by the number of the row."""

    def do(*rows, then=None, version=""):
        found, problems = given(*rows)
        assert problems == []
        texts = read_place(folder)[0]
        applied, left = located(found, texts, then and read_place(then)[0], version)
        number = {one.place: at for at, one in enumerate(found)}
        return (
            {number[p.correction.place]: p.line for p in applied},
            {number[x.correction.place]: (x.case, x.said) for x in left},
        )

    return do


def edit(folder, table, do):
    path = folder / f"{table}.csv"
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([rows[0], *do(rows[0], rows[1:])])
    path.write_text(out.getvalue(), encoding="utf-8")


def test_a_correction_fits_where_its_old_cell_stands(placed) -> None:
    applied, left = placed(MEAN, SE, DOI, {**MEAN, "line": "5", "old": "26.40", "new": "26.5"})
    assert (applied, left) == ({0: 4, 1: 4, 2: 4, 3: 5}, {})


@pytest.mark.parametrize(
    ("row", "case", "words"),
    [
        ({**MEAN, "old": "15.1"}, OFF, "'15.2' stands there, not '15.1'"),
        ({**MEAN, "new": "15.20"}, DONE, "'15.2' stands there already"),
        ({**MEAN, "old": "", "new": "1"}, "", "'15.2' stands there, not ''"),
        ({**MEAN, "line": "999"}, OFF, "no row starts on that line"),
        # the second line of a note
        ({**MEAN, "line": "8", "old": ""}, OFF, "no row starts on that line"),
        ({**MEAN, "column": "baseline_men"}, "", "has no such column; nearest: baseline_mean"),
        ({**MEAN, "file": "outcome.csv"}, "", "there is no such table; nearest: outcomes"),
        ({**MEAN, "trial_id": "baker2014"}, OFF, "is of trial_id 'adams2011', not 'baker2014'"),
        ({**MEAN, "arm_id": "saline"}, OFF, "is of arm_id 'ketamine_0.5', not 'saline'"),
    ],
)
def test_what_does_not_fit_is_left_with_the_reason(placed, row, case, words) -> None:
    applied, left = placed(row)
    assert applied == {}
    assert left[0][0] == case
    assert words in left[0][1]


def test_a_row_is_of_the_trial_and_arm_that_are_named(placed) -> None:
    whole = {**SE, "trial_id": "adams2011", "arm_id": "ketamine_0.5"}
    contrast = {"file": "contrasts.csv", "line": "2", "column": "note", "old": "", "new": "so"}
    applied, _ = placed(whole, contrast)
    assert applied == {0: 4, 1: 2}


@pytest.mark.parametrize("name", ["outcomes", "data/raw/outcomes.csv", "tables.xlsx[outcomes]"])
def test_a_table_goes_by_its_file_or_sheet(placed, name) -> None:
    assert placed({**MEAN, "file": name})[0] == {0: 4}


def test_an_empty_old_cell_is_not_believed_where_other_lines_do_not_fit(placed) -> None:
    off = {**MEAN, "line": "5"}
    applied, left = placed(SE, off, DOI, {**SE, "trial_id": "adams2011", "line": "5"})
    assert applied == {2: 4, 3: 5}
    assert "an earlier version" in left[0][1]
    assert "outcomes.csv:5 mean does not fit" in left[0][1]
    # what is done already, or names no column, does not say that lines moved
    assert placed(SE, {**MEAN, "new": "15.2"}, {**MEAN, "column": "meen"})[0] == {0: 4}


def test_lines_of_an_earlier_version_are_followed(placed, folder, tmp_path) -> None:
    then = tmp_path / "then"
    shutil.copytree(folder, then)
    edit(folder, "outcomes", lambda _, rows: sorted(rows, key=lambda row: row[::-1]))
    line = next(
        row.line for row in read_place(folder)[0]["outcomes"].rows if row.cells["mean"] == "15.2"
    )
    assert line != 4
    assert placed(MEAN, SE, DOI, then=then, version="v1")[0] == {0: line, 1: line, 2: 4}
    # as lines of today they would mend another row
    assert placed(SE)[0] == {0: 4}
    assert placed(SE, MEAN)[0] == {}


def test_a_row_is_followed_through_edits_beside_its_identity(placed, folder, tmp_path) -> None:
    then = tmp_path / "then"
    shutil.copytree(folder, then)

    def mended(names, rows):
        row = rows[2]
        row[names.index("flag")], row[names.index("n")] = "check: n", "29"
        return [*rows[3:], row, *rows[:2]]

    edit(folder, "outcomes", mended)
    (line,) = placed(SE, then=then, version="v1")[0].values()
    row = next(r for r in read_place(folder)[0]["outcomes"].rows if r.line == line)
    assert (row.cells["n"], row.cells["mean"]) == ("29", "15.2")


def test_what_is_not_surely_the_row_is_left(placed, folder, tmp_path) -> None:
    then = tmp_path / "then"
    shutil.copytree(folder, then)

    def other_hour(names, rows):
        rows[2][names.index("timepoint_h")] = "48"
        return rows

    edit(folder, "outcomes", other_hour)
    _, left = placed(SE, {**MEAN, "old": "15.1"}, {**SE, "line": "99"}, then=then, version="v1")
    assert "no row of today is surely the one of v1" in left[0][1]
    assert left[1][1] == "in v1 '15.2' stands there, not '15.1'"
    assert left[2][1] == "no row starts on that line in v1"


def test_a_cell_that_was_changed_since_is_left(placed, folder, tmp_path) -> None:
    then = tmp_path / "then"
    shutil.copytree(folder, then)

    def mended(names, rows):
        rows[2][names.index("mean")], rows[2][names.index("se")] = "15.3", "1.9"
        return rows

    edit(folder, "outcomes", mended)
    applied, left = placed(MEAN, SE, then=then, version="v1")
    assert applied == {}
    assert left[0] == (DONE, "'15.3' stands there already")
    assert left[1] == ("", "'1.9' stands there, not ''")


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ({**MEAN, "why": ""}, "why", "is empty; needs text"),
        ({**MEAN, "new": "high"}, "new", "for mean 'high' is not a number"),
        ({**MEAN, "new": "99999999"}, "new", "outside what is allowed"),
        ({**DOI, "new": "doi:10.1000/b"}, "new", "is not a DOI"),
        ({**MEAN, "line": "1"}, "line", "outside what is allowed"),
        ({**MEAN, "line": "four"}, "line", "not a whole number"),
        (
            {"file": "trials.csv", "line": "2", "column": "label", "old": "x", "new": ""},
            "new",
            "for label is empty",
        ),
    ],
)
def test_a_fault_of_the_file_is_named_with_its_line(given, row, column, words) -> None:
    _, (problem,) = given(SE, row)
    assert (problem.line, problem.column) == (3, column)
    assert words in problem.message


def test_a_cell_that_is_mended_twice_is_refused_with_both_named(given, placed) -> None:
    _, (problem,) = given(SE, MEAN, {**MEAN, "new": "15.4"})
    assert problem.line == 4
    assert "outcomes.csv:4 mean is corrected twice: to '15.4' here, to '15.3' at" in problem.message
    assert problem.message.endswith("corrections.csv:3")
    assert placed(MEAN, MEAN)[0] == {1: 4}


def test_semicolons_and_decimal_commas_are_read(given) -> None:
    (one,), problems = given({**MEAN, "old": "15,2", "new": "15,3"}, delimiter=";")
    assert (one.old, one.new, problems) == ("15.2", "15.3", [])


def test_a_sheet_is_read_as_a_file_is(tmp_path, given) -> None:
    from ketameta.extraction.corrections import CORRECTIONS

    path = tmp_path / "corrections.xlsx"
    rows = [{"why": "so", **MEAN}, {"why": "so", **DOI}]
    path.write_bytes(workbook_of({"corrections": CORRECTIONS}, {"corrections": rows}, ["x"]))
    found, problems = read_corrections(path)
    assert problems == []
    assert [(c.table, c.line, c.column, c.old, c.new) for c in found] == [
        ("outcomes", 4, "mean", "15.2", "15.3"),
        ("trials", 4, "doi", "", "10.1000/b"),
    ]
    assert found[0].place.endswith("corrections.xlsx[corrections]:2")
