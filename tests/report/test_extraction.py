"""The page on the extraction, and decisions at the cells that they are about."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from html import unescape

import pytest

from ketameta.evidence import findings, releases
from ketameta.evidence.audits import audit
from ketameta.evidence.unread import Weight
from ketameta.report import extraction, wording_extraction
from ketameta.report.wording_decisions import decision_sentences, decisions_counted
from ketameta.tables.collection import Tables
from ketameta.tables.decisions import decision as read_decision
from ketameta.tables.effects import FindingRow, ResultRow, WarningRow
from ketameta.tables.raw import ContrastRow, OutcomeRow
from ketameta.tables.syntheses import ClaimTestRow, StudyRow, SynthesisRow
from ketameta.tables.table import schema_of
from ketameta.tables.upkeep import AdjudicationRow, AuditRow, ReadingRow, UnreadRow

from ..rows import row
from .made import report

TREATED = "t000 / treated / response / MADRS / 24 / itt"
CONTROL = "t001 / control / response / MADRS / 24 / itt"
BY = {"role": "third reader", "date": "2026-11-27", "reason": "table 2 has it so"}


def line(name, row, column, a, b, decision, **more):
    own = {"id": name, "table": "outcomes", "trial_id": row[:4], "row": row, "column": column}
    given = BY if decision else {}
    return own | {"a": a, "b": b, "decision": decision, "analyses": "response"} | given | more


ADJUDICATION = [
    line("one", TREATED, "events", "9", "10", "B", shift=0.4),
    line("two", TREATED, "n", "20", "21", "A"),
    line("three", CONTROL, "events", "6", "7", "both", shift=0.1),
    line("four", CONTROL, "n", "21", "22", "", shift=1.5, flips="response"),
    line("five", CONTROL, "sd", "3", "", "correction", source="10.1000/y"),
    line("six", "t002", "", "", "row", "B", table="trials", analyses="response; elsewhere"),
    line("gone", TREATED, "locator", "table 9", "table 8", "correction"),
]
READINGS = [
    {"table": "outcomes", "row": TREATED, "cells": 5, "differed": 1, "role": "second reader"},
    {"table": "outcomes", "row": CONTROL, "cells": 4, "differed": 0, "role": "second reader"},
    {"table": "outcomes", "row": "t009 / treated", "cells": 4, "differed": 0, "role": "x"},
]
AUDITS = [{"date": "2026-11-26", "role": "auditor", "sample": "at random", "rows": 45}]
AUDITS[0] |= {"unreached": 2, "wrong": 1, "detail": 14, "note": "all mended"}
UNREAD = [
    {"label": "A review", "kind": "review", "missing": "its tables", "where": "a library"},
    {"label": "Small 2020", "kind": "report", "missing": "all", "outcomes": "response", "n": 20},
    {"label": "Large 2021", "kind": "report", "missing": "all", "outcomes": "response", "n": 200},
]
UNREAD = [{"where": "a library"} | row for row in UNREAD]
UNREAD_TRIALS = {"new": None, "pooled": "t000", "not pooled": "t002"}


@pytest.fixture(scope="module")
def whole(made, kit):
    tables = kit.counts((10, 20, 5, 20), (11, 22, 6, 21), (9, 19, 4, 20))
    tables["outcomes"][1] |= {"seen": "secondary"}
    own = {"adjudication": ADJUDICATION, "readings": READINGS, "audits": AUDITS, "unread": UNREAD}
    return made(tables | own, {"response": kit.response})


def text_of(page):
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


def csv_of(files, name):
    return list(csv.DictReader(io.StringIO(files[f"tables/{name}.csv"])))


def test_the_page_answers_first(whole, kit):
    assert kit.faults_of(whole) == []
    text = text_of(whole.page("extraction"))
    for sentence in (
        "Results rest on 6 rows of the tables: 5 (83%) in the trial's own report",
        "2 rows were extracted a second time: 1 agrees in every cell that both filled (8 of 9",
        "1 of 7 lines waits for a decision; 6 are decided: 1 kept as they were, 1 taken from the "
        "other extraction, 1 left to stand as sources that conflict, 1 added (1 trial with its "
        "rows) and 2 cells corrected (1 number; 1 note or word).",
        "An audit of 45 rows found 1 wrong of 43 whose source was reached: 2.3% (95% interval "
        "0.06 to 12.3%)",
        "4 cells and rows were changed, added or taken out by a decision or a correction; no",
        "3 texts and numbers could not be read; to fetch first: Large 2021, which would carry",
    ):
        assert sentence in text, sentence
    assert "Extraction" in whole.page("index")
    assert "extraction.html" in whole.page("data")


def test_a_decision_stands_at_the_cell_that_it_is_about(whole):
    page = whole.page("analyses/response")
    cells = re.findall(r"<span><b>(\w+)</b> ([^<]*)((?:<sup>.*?</sup>)*)</span>", page)
    marked = [(name, cell, text_of(marks)) for name, cell, marks in cells if marks]
    assert marked == [
        ("n", "20", "[2]"),
        ("events", "10", "[1]"),
        ("n", "21", "[2]"),
        ("events", "6", "[1]"),
        ("sd", "empty", "[3]"),
    ]
    # the trial that one side alone had bears its mark at each of its rows
    assert len(re.findall(r'<th scope="row">outcomes.csv:[67]<sup>', page)) == 2
    for target in re.findall(r'<sup><a href="#([^"]*)"', page):
        assert page.count(f'id="{target}"') == 1
    text = text_of(page)
    assert (
        "events: 10, from the other extraction; 9 stood before. Decided by third reader, "
        "2026-11-27: table 2 has it so."
    ) in text
    assert "events: sources conflict; the other extraction has 7, and both stand." in text
    assert "n: not decided yet; the other extraction has 22." in text
    assert "trial: added; it did not stand here before." in text
    # what fits no cell any more is told by the check, and is no mark
    assert "table 9" not in text
    told = [w.message for w in whole.tables[WarningRow] if w.severity == "warning"]
    (warning,) = [text for text in told if text.startswith("decided was")]
    assert warning.startswith("decided was 'table 8', and no locator of t000 / treated")


def test_open_lines_stand_first_and_each_leads_to_its_effect(whole):
    page = whole.page("extraction")
    text = text_of(page)
    places = [text.index(word) for word in ("not decided yet", "sources conflict;", "9 stood")]
    assert places == sorted(places)
    assert page.count('href="analyses/response.html#effect-t000"') == 3
    assert "Response at 24 hours ; elsewhere" in text
    assert "corrected, but the tables say otherwise now" in text
    assert "(turns: Response at 24 hours)" in text


def test_a_table_of_what_to_fetch_is_in_order(whole):
    rows = csv_of(whole.files, "unread_weights")
    assert [row["label"] for row in rows] == ["Large 2021", "Small 2020", "A review"]
    large, small = (float(row["share"]) for row in rows[:2])
    assert 0 < small < large < 100
    assert [(row["analysis"], row["effects"]) for row in rows[:2]] == [("response", "3")] * 2
    text = text_of(whole.page("extraction"))
    assert "Response at 24 hours (3 effects now)" in text
    assert text.index("Large 2021: the report") < text.index("Small 2020: the report")
    assert rows[2]["share"] == ""
    assert len(csv_of(whole.files, "adjudication")) == 7


@pytest.mark.parametrize(
    ("effects", "told"),
    [(0, "(its first trial)"), (1, "(its second trial)"), (2, "(2 effects now)")],
)
def test_a_weight_says_how_much_is_pooled_already(effects, told):
    weight = Weight("response", effects, 50, "as entered", 0.1, 0.5)
    assert wording_extraction.after(weight) == f" {told}"


@pytest.mark.parametrize(
    ("computed", "analysis", "claimed"),
    [(True, "response", True), (False, "response", False), (True, "elsewhere", False)],
)
def test_what_to_fetch_looks_at_claims_arms_and_hours(whole, computed, analysis, claimed):
    records = {one.analysis: one for one in whole.tables[SynthesisRow]}
    small = next(one for one in whole.tables[UnreadRow] if one.label == "Small 2020")
    rows = [replace(small, label=label, trial_id=name) for label, name in UNREAD_TRIALS.items()]
    rows.append(replace(rows[-1], label="later", hour_low=700.0))
    # the third trial is not pooled yet, and its results are those of 24 hours
    tables = whole.tables | Tables(
        {
            UnreadRow: rows,
            StudyRow: [s for s in whole.tables[StudyRow] if s.trial_id != "t002"],
            ClaimTestRow: [row(ClaimTestRow, analysis=analysis, computed=computed)],
        }
    )
    found = extraction.to_fetch(tables, whole.configuration, records)
    assert {one.row.label: [w.claimed for w in one.weights] for one in found} == {
        "new": [claimed],
        "pooled": [],
        "not pooled": [claimed],
        "later": [],
    }
    assert extraction.to_fetch(tables.replaced(UnreadRow, []), whole.configuration, records) == []


def test_a_release_tells_what_is_new_since_and_what_is_mended(whole):
    odd = row(
        FindingRow,
        check="sd-like-se",
        severity="warning",
        file="outcomes.csv",
        line=2,
        trial_id="t000",
        table="outcomes",
        column="sd",
        value="2",
        arm_id="k",
        message="looks like SE",
        at=["k / response / 24"],
    )
    settled = replace(odd, check="same-numbers", acknowledged="printed so")
    had = findings.open_findings([odd, replace(odd, check="p-against-estimate")])
    rows = Tables({AdjudicationRow: [row(AdjudicationRow, id="one", decision="B")]})
    release = releases.make("2026-01-31", "", rows, [], {}, had)
    tables = whole.tables.replaced(FindingRow, [odd, settled])

    files_of = []

    def page(*known):
        files = report(tables, whole.configuration, known)
        files_of.append(files)
        return text_of(files["extraction.html"]), csv_of(files, "finding_states")

    text, states = page(release)
    assert "1 open finding, and 1 that somebody looked at and explained; 1 that" in text
    assert [(row["state"], row["check"]) for row in states] == [
        ("open", "sd-like-se"),
        ("explained", "same-numbers"),
        ("mended", "p-against-estimate"),
    ]
    assert (
        "3 cells and rows were changed, added or taken out by a decision or a correction since"
        in text
    )
    # one list holds all, and says what is new
    page_ = files_of[-1]["extraction.html"]
    assert page_.count(", new since 2026-01-31") == 3
    assert page_.count("table 9 stood before") == 1
    older = replace(release, name="2026-01-30", findings=None, decisions=None)
    assert page(release, older)[0] == text, "the last release counts"
    text, states = page(older)
    assert "did not record findings" in text
    assert "the release of 2026-01-30 kept no record of decisions to count from" in text
    assert len(states) == 2


def test_without_any_of_it_the_page_says_so(whole):
    kinds = (AdjudicationRow, ReadingRow, AuditRow, UnreadRow, ResultRow, StudyRow)
    empty = Tables({kind: [] for kind in kinds})
    files = report(whole.tables | empty, whole.configuration)
    text = text_of(files["extraction.html"])
    assert "new since" not in text
    for sentence in (
        "No result rests on any row yet.",
        "No row of results has been extracted a second time yet.",
        "No disagreement of two extractions and no correction is on record.",
        "No sample of rows has been held against its sources again yet.",
        "Nothing is listed that could not be read.",
    ):
        assert sentence in text, sentence


def test_rows_are_told_by_trial(whole):
    text = text_of(whole.page("extraction"))
    assert (
        "Direct, rows by trial: T000: 1; T001: 2; T002: 2. Secondary, rows by trial: T000: 1."
        in text
    )


def one(column, a, b, decision, table="outcomes"):
    return {"table": table, "column": column, "a": a, "b": b, "decision": decision}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([one("n", "1", "2", "B")], "1 taken from the other extraction"),
        ([one("", "", "row", "B")], "1 added (1 row)"),
        (
            [one("", "", "row", "B", t) for t in ("outcomes", "arms", "trials", "trials")],
            "4 added (2 trials with their rows, 1 arm with its rows and 1 row)",
        ),
        ([one("", "row", "", "B")], "1 taken out (1 row)"),
        ([one("", "", "row", "A"), one("", "row", "", "A")], "2 kept as they were"),
        ([one("n", "1", "2", "correction")], "1 cell corrected (1 number)"),
        (
            [one("n", "", "2", "correction"), one("mean", "3", "2", "correction")],
            "2 cells corrected (2 numbers, 1 of which was empty before)",
        ),
        (
            [one(name, "", "x", "correction") for name in ("flag", "flag", "note", "seen")],
            "4 cells corrected (2 flags; 2 notes and words)",
        ),
        ([], ""),
    ],
)
def test_decisions_are_counted_by_what_they_changed(rows, told):
    assert decisions_counted(map(read_decision, rows)) == told


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0"), (0.0005886, "0.06"), (0.00999, "1.00"), (1 / 43, "2.3"), (0.5, "50"), (1, "100")],
)
def test_shares_are_written_with_the_digits_that_they_have(share, text):
    assert wording_extraction.share_percent(share) == text


@pytest.mark.parametrize(("share", "text"), [(0.0099, "<1"), (0.01, "1"), (0.406, "41")])
def test_a_guessed_share_has_no_decimals(share, text):
    assert wording_extraction.guessed_percent(share) == text


def test_an_audit_that_reached_nothing_has_no_share():
    found = audit(row(AuditRow, rows=3, unreached=3))
    assert wording_extraction.audited(found) == "An audit of 3 rows reached the source of none."


@pytest.mark.parametrize(
    ("column", "a", "b", "decision", "told"),
    [
        ("n", "20", "", "A", "n: kept; the other extraction has nothing."),
        ("n", "20", "", "B", "n: empty, from the other extraction; 20 stood before."),
        ("n", "20", "21", "other", "n: 22; 20 stood before, and the other extraction has 21."),
        ("n", "20", "2", "correction", "n: 2, corrected; 20 stood before."),
        (
            "n",
            "20",
            "2",
            "both",
            "n: sources conflict; the other extraction has 2, and both stand.",
        ),
        ("", "row", "", "A", "row: stays; the first extraction alone has it."),
        ("", "row", "", "B", "row: taken out; the first extraction alone has it."),
        ("", "", "row", "A", "row: left out; the other extraction alone has it."),
        ("", "", "row", "B", "row: added; it did not stand here before."),
        ("", "", "row", "", "row: not decided yet; the other extraction alone has it."),
    ],
)
def test_a_decision_says_what_stood_before(column, a, b, decision, told):
    row = {"table": "outcomes", "column": column, "a": a, "b": b, "decision": decision}
    one = read_decision(row | {"value": "22"})
    assert decision_sentences(one) == told
    one = read_decision(row | {"value": "22", "reason": "so it is.", "role": "x"})
    by = "Decided by x: so it is." if decision else "so it is."
    assert decision_sentences(one) == f"{told} {by}"


def test_a_finding_says_what_it_is_about_whatever_its_line(tables):
    rows = {(r.file, r.line): r for kind in (OutcomeRow, ContrastRow) for r in tables[kind]}
    told = [f for f in tables[FindingRow] if (f.file, f.line) in rows]
    assert told
    for finding in told:
        of = rows[finding.file, finding.line]
        hour = "" if of.timepoint_h is None else f"{of.timepoint_h:g}"
        arm = of.arm_id if isinstance(of, OutcomeRow) else of.arm_t
        assert " / ".join(filter(None, (arm, of.outcome, hour))) in finding.at
        assert finding.table == schema_of(type(of)).name
    # nothing that hangs on lines tells two of them apart
    known = [findings.finding_key(f) for f in tables[FindingRow]]
    assert len(set(known)) == len(known)


@pytest.mark.parametrize(
    ("gone", "text"),
    [
        (0, "none was mended since the release of 2026-01-31."),
        (1, "1 that was open at the release of 2026-01-31 is there no more."),
        (2, "2 that were open at the release of 2026-01-31 are there no more."),
    ],
)
def test_what_was_mended_since_a_release_is_counted(gone, text):
    said = wording_extraction.stated({"open": 4, "mended": gone}, "2026-01-31", True)
    assert said.endswith(f"; {text}")
