"""The file in which people decide: written, filled, written anew, read, and held to its rules."""

from __future__ import annotations

import csv
import io
import shutil
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from ketameta.evidence.edits import Edit
from ketameta.extraction import adjudication
from ketameta.extraction.adjudication import (
    content,
    open_lines,
    read_lines,
    settled,
    take_new,
    update,
)
from ketameta.extraction.records import Disagreement, Impact
from ketameta.ingest.stage import check_folder
from ketameta.tables.decisions import ROW
from ketameta.tables.problems import ERROR, WARNING
from ketameta.tables.upkeep import AdjudicationRow

BASE = Path(__file__).parents[1] / "bad_input" / "base"
NO_EDIT = Edit("", "", ())
HOUR = "adams2011 / saline / response / MADRS / 24"


def differs(table="outcomes", row=HOUR, column="events", a="8", b="18", place=2):
    places = (f"a/{table}.csv:{place}", f"b/{table}.csv:{place}")
    return Disagreement(
        table, row.partition(" ")[0], row, column, a, b, *places, "key", "", NO_EDIT
    )


EVENTS = differs()
MEAN = differs(row="adams2011 / saline / depression_score / MADRS / 24", column="mean", a="26.4")
ARM = differs("arms", "adams2011 / dexmed", "", "", ROW)
TRIAL = differs("trials", "young2020", "", ROW, "")
IMPACTS = [
    Impact(MEAN, ("x_24h", "y"), -1.23456, ("y",)),
    Impact(EVENTS, ("x_24h",), None, ()),
    Impact(ARM, (), 0.0, ()),
    Impact(TRIAL, (), None, (), "needs another edit"),
]


def filled(**cells):
    """Return the lines with cells of people by the column of the line."""
    made = open_lines(IMPACTS)
    for line in made:
        line.update(cells.get(line["column"] or line["table"], {}))
    return made


def decided(decision, value="", reason="as in table 2", role="second reader"):
    return {"decision": decision, "value": value, "reason": reason, "role": role}


@pytest.fixture
def again(tmp_path):
    """Return the lines of a file with the content that a person left."""

    def do(found, ending=".csv"):
        path = tmp_path / f"lines{ending}"
        path.write_bytes(found if isinstance(found, bytes) else content(found, ending))
        return read_lines(path)

    return do


def test_a_line_a_disagreement_in_the_order_of_impacts() -> None:
    made = open_lines(IMPACTS)
    assert [line["column"] or line["table"] for line in made] == [
        *("mean", "events", "arms", "trials")
    ]
    assert (made[0]["shift"], made[0]["analyses"], made[0]["flips"]) == ("1.23", "x_24h; y", "y")
    assert (made[1]["shift"], made[1]["a"], made[1]["b"]) == ("", "8", "18")
    assert made[0]["id"] == MEAN.id
    assert not any(line.get("decision") for line in made)


def test_no_spreadsheet_runs_a_cell_of_b(again) -> None:
    cells = {"=HYPERLINK(0)": "'=HYPERLINK(0)", "@SUM(1)": "'@SUM(1)", "-3.5": "-3.5"}
    found = open_lines(Impact(differs(b=cell), (), 0.0, ()) for cell in cells)
    text = content(found, ".csv").decode()
    assert [row["b"] for row in csv.DictReader(io.StringIO(text))] == [*cells.values()]
    assert again(found).problems == ()


def test_ids_are_letters_that_no_spreadsheet_reads_as_a_number() -> None:
    found = {differs(a=str(n)).id for n in range(500)}
    assert len(found) == 500
    assert all(name.isalpha() and len(name) == 10 for name in found)


def test_rows_of_one_name_have_a_line_each_that_says_what_differs() -> None:
    twins = [replace(EVENTS, apart=f"flag {word}") for word in ("one", "other")]
    made = open_lines([Impact(one, (), None, ()) for one in (EVENTS, *twins)])
    assert [line["row"] for line in made] == [
        EVENTS.row,
        f"{EVENTS.row} [flag one]",
        f"{EVENTS.row} [flag other]",
    ]
    assert len({line["id"] for line in made}) == 3


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".xlsx"])
def test_what_people_write_comes_back(again, ending) -> None:
    made = filled(
        mean=decided("other", "0.50"), events=decided("B", reason="=SUM, «12»; so"), arms={}
    )
    made[2]["x_mine"] = "ask"
    assert content(made, ending) == content(made, ending)
    found = again(made, ending)
    assert found.problems == ()
    assert [{n: c for n, c in line.items() if c} for line in made] == [
        dict(line.cells) for line in found.lines
    ]
    assert [adjudication.decided_as(line.cells) for line in found.lines] == [
        "other 0.50",
        "B",
        "",
        "",
    ]


def test_the_workbook_offers_the_decisions_and_explains_them() -> None:
    book = openpyxl.load_workbook(io.BytesIO(content(open_lines(IMPACTS), ".xlsx")))
    assert book.sheetnames == ["about", "adjudication", "lists"]
    sheet = book["adjudication"]
    assert sheet.freeze_panes == "A2"
    at = [cell.value for cell in sheet[1]].index("decision") + 1
    (rule,) = [
        r
        for r in sheet.data_validations.dataValidation
        if sheet.cell(2, at).coordinate in r.sqref and r.type == "list"
    ]
    place = rule.formula1.partition("!")[2].replace("$", "")
    assert [row[0].value for row in book["lists"][place]] == ["A", "B", "other", "both"]
    assert "what was decided" in sheet.cell(1, at).comment.text
    assert any("keeps it from pools" in cell.value for cell in book["about"]["A"])


def test_a_sheet_by_another_name_is_read_where_it_is_the_only_one(tmp_path) -> None:
    book = openpyxl.Workbook()
    for row in csv.reader(io.StringIO(content(filled(mean=decided("B")), ".csv").decode())):
        book.active.append(row)
    book.active.title = "Tabelle1"
    book.save(tmp_path / "lines.xlsx")
    found = read_lines(tmp_path / "lines.xlsx")
    assert found.problems == ()
    assert [line.decision for line in found.lines] == ["B", "", "", ""]
    openpyxl.Workbook().save(tmp_path / "empty.xlsx")
    assert "has no sheet adjudication" in read_lines(tmp_path / "empty.xlsx").problems[0].message


def test_what_no_table_may_hold_is_written_as_an_escape(again) -> None:
    odd = differs(b="1\x1b[31m8\r")
    (line,) = again(open_lines([Impact(odd, (), None, ())])).lines
    assert line.cells["b"] == "1\\x1b[31m8\\r"


def test_a_spreadsheet_may_change_what_is_beside(again) -> None:
    rows = list(csv.reader(io.StringIO(content(filled(mean=decided("B")), ".csv").decode())))
    at = rows[0].index("shift")
    rows[1][at], rows[1][rows[0].index("a")] = "1,2E+00", "26. Apr"
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
    found = again(b"\xef\xbb\xbf" + out.getvalue().encode())
    assert found.problems == ()
    assert [line.decision for line in found.lines] == ["B", "", "", ""]


def test_a_decimal_comma_of_a_value_is_a_point_where_it_cannot_be_else(again) -> None:
    assert again(filled(mean=decided("other", "26,5"))).problems == ()
    (problem,) = again(filled(mean=decided("other", "26,500"))).problems
    assert problem.column == "value"


@pytest.mark.parametrize(
    ("column", "cells", "at", "words"),
    [
        ("mean", decided("C"), "decision", "not a word of the list decisions"),
        ("mean", decided("correction"), "decision", "not a word of the list decisions"),
        ("mean", decided("A", reason=""), "reason", "needs a reason"),
        ("mean", decided("A", role=""), "role", "needs a role"),
        ("mean", decided("other"), "value", "needs it"),
        ("mean", decided("B", "26.5"), "value", "beside another decision"),
        ("mean", {"value": "26.5"}, "value", "beside another decision"),
        ("mean", decided("other", "high"), "value", "for mean 'high' is not a number"),
        ("events", decided("other", "-1"), "value", "outside what is allowed"),
        ("events", decided("other", "8.5"), "value", "whole number"),
        ("arms", decided("other", "1"), "decision", "of a whole row decide A or B"),
        ("trials", decided("both"), "decision", "of a whole row decide A or B"),
    ],
)
def test_a_fault_is_named_with_its_line(again, column, cells, at, words) -> None:
    (problem,) = again(filled(**{column: cells})).problems
    line = {"mean": 2, "events": 3, "arms": 4, "trials": 5}[column]
    assert (problem.line, problem.column) == (line, at)
    assert words in problem.message


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("mean", decided("both")),
        ("mean", decided("other", "(empty)")),
        ("events", decided("other", "0")),
        ("arms", decided("A")),
        ("trials", decided("B")),
    ],
)
def test_what_may_be_decided_is_no_fault(again, column, cells) -> None:
    assert again(filled(**{column: cells})).problems == ()


def test_both_needs_a_flag_and_an_empty_cell_a_column_that_may_be_empty(again) -> None:
    dose = differs("arms", "adams2011 / saline", "dose", "0.5", "1")
    made = open_lines([Impact(dose, (), None, ())])
    (problem,) = again([made[0] | decided("both")]).problems
    assert "has no flag" in problem.message
    flag = differs(column="flag", a="", b="check: n")
    (problem,) = again([open_lines([Impact(flag, (), None, ())])[0] | decided("both")]).problems
    assert "not for a flag" in problem.message
    label = differs("trials", "adams2011", "label", "Adams", "")
    made = open_lines([Impact(label, (), None, ())])
    (problem,) = again([made[0] | decided("other", "(empty)")]).problems
    assert "is empty; needs text" in problem.message


def test_a_line_decided_twice_is_a_fault_where_the_decisions_differ(again) -> None:
    made = filled(mean=decided("A"))
    assert again([*made, made[0]]).problems == ()
    twice = again([*made, made[0] | decided("B")])
    (problem,) = twice.problems
    assert twice.torn == [problem]  # one of the two would be lost
    assert problem.line == 6
    assert "is decided twice: B here, A at" in problem.message
    assert problem.message.endswith("lines.csv:2")


def test_a_file_written_anew_keeps_what_people_wrote(again) -> None:
    made = filled(mean=decided("B"), events={"reason": "asked the author"})
    made[2]["x_mine"] = "see mail"
    before = again([*reversed(made)])
    new = Impact(differs(b="28"), (), None, ())
    fresh = open_lines([IMPACTS[2], new, IMPACTS[0]])
    found = update(fresh, before)
    assert (found.kept, found.ended, found.dropped) == (2, 1, 1)
    told = [(x["id"], x.get("decision", ""), x.get("x_mine", "")) for x in found.lines]
    assert told == [
        (ARM.id, "", "see mail"),
        (new.disagreement.id, "", ""),
        (MEAN.id, "B", ""),
        (EVENTS.id, "", ""),
    ]
    assert found.lines[3]["reason"] == "asked the author"
    once = content(found.lines, ".csv")
    assert content(update(fresh, again(once)).lines, ".csv") == once


def test_a_column_that_would_be_lost_is_named(again) -> None:
    rows = content(filled(), ".csv").decode().splitlines()
    found = again("\n".join([rows[0] + ",comment", *(r + ",mine" for r in rows[1:])]).encode())
    assert [p.column for p in found.torn] == ["comment"]
    assert again(filled()).torn == []
    assert again(b"\x00\x01PK").torn


def test_new_rows_are_all_taken_and_none_is_lost(again) -> None:
    written = {"reason": "the second batch", "role": "merger", "date": "2026-11"}
    made = take_new(open_lines(IMPACTS), written)
    assert [line.get("decision", "") for line in made] == ["", "", "B", "A"]
    assert [line.get("date", "") for line in made] == ["", "", "2026-11", "2026-11"]
    assert again(made).problems == ()
    before = again(filled(arms=decided("A", reason="a mistake")))
    found = update(made, before).lines
    assert (found[2]["decision"], found[2]["reason"]) == ("A", "a mistake")
    assert (found[3]["decision"], found[3]["role"]) == ("A", "merger")
    # of a sample a row that B lacks is to be looked at
    made = take_new(open_lines(IMPACTS), written, of_a=False)
    assert [line.get("decision", "") for line in made] == ["", "", "B", ""]
    assert "reason" not in made[3]


def test_where_nothing_was_tried_lines_keep_what_was_tried_and_their_order(again) -> None:
    before = again(filled(mean=decided("A")))
    untried = [Impact(one.disagreement, (), None, ()) for one in reversed(IMPACTS)]
    other = differs(column="n", a="30", b="31")
    made = open_lines([Impact(other, (), None, ()), *untried])
    kept = update(made, before, tried=False).lines
    names = ("column", "table", *adjudication.IMPACT, "decision")
    assert [[line.get(n, "") for n in names] for line in kept] == [
        ["mean", "outcomes", "x_24h; y", "1.23", "y", "A"],
        ["events", "outcomes", "x_24h", "", "", ""],
        ["", "arms", "", "0", "", ""],
        ["", "trials", "", "", "", ""],
        ["n", "outcomes", "", "", "", ""],
    ]
    # what is tried now replaces it
    assert [line["analyses"] for line in update(made, before).lines] == [""] * 5


@pytest.mark.parametrize(
    ("date", "fault"),
    [("2026", ""), ("2026-11", ""), ("2026-11-27", ""), ("27.11.26", "is not a day"),
     ("2026-13", "is not a day"), ("2026-11-32", "is not a day"), ("2026-1-1", "is not a day")],
)  # fmt: skip
def test_a_date_is_a_day_a_month_or_a_year(again, date, fault) -> None:
    made = filled(mean=decided("A", reason="table 2") | {"date": date})
    said = [problem.message for problem in again(made).problems]
    assert len(said) == bool(fault)
    assert all(fault in message for message in said)


@pytest.mark.parametrize(
    ("found", "cells", "is_settled"),
    [
        (MEAN, {"decision": "A"}, True),
        (MEAN, {"decision": "both"}, True),
        (MEAN, {"decision": "B"}, False),
        (TRIAL, {"decision": "A"}, True),
        (differs(row=MEAN.row, column="mean", a="20"), {"decision": "other", "value": "20"}, True),
        (differs(row=MEAN.row, column="mean", a="20"), {"decision": "other", "value": "21"}, False),
        (
            differs(row=MEAN.row, column="mean", a="20", b="19"),
            {"decision": "other", "value": "20"},
            False,
        ),
        (differs(row=MEAN.row, column="sd", a="20"), {"decision": "other", "value": "20"}, False),
    ],
)
def test_what_was_carried_out_before_is_settled(found, cells, is_settled) -> None:
    record = adjudication.about_cells(TRIAL if found is TRIAL else MEAN) | cells
    assert settled([found], [{}, record]) == [found] * is_settled


def test_the_table_of_decisions_is_checked_by_the_same_rules(tmp_path) -> None:
    folder = tmp_path / "raw"
    shutil.copytree(BASE, folder)
    made = [
        line | decided("A") if line["column"] else line | decided("B", role="")
        for line in open_lines(IMPACTS[:3])
    ]
    corrected = open_lines([Impact(differs(b="9"), (), None, ())])[0] | decided("correction")
    made += [corrected, *open_lines(IMPACTS[3:])]
    (folder / "adjudication.csv").write_bytes(content(made, ".csv"))
    tables, problems = check_folder(folder)
    told = [
        (p.line, p.column, p.severity)
        for p in problems
        if p.table == "adjudication" and p.column != "row"
    ]
    assert told == [(4, "role", ERROR), (6, "decision", WARNING)]
    assert [row.decision for row in tables[AdjudicationRow]] == ["A", "A", "correction", None]
    (folder / "adjudication.csv").write_bytes(content([*made[:2], made[0]], ".csv"))
    _, problems = check_folder(folder)
    assert [(p.line, p.column) for p in problems if p.severity == ERROR] == [(4, "id")]
