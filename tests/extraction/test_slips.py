"""One slip in several rows of a trial is tried as a whole, and as the edited file does."""

import pytest

from ketameta.configuration import Configuration
from ketameta.extraction.adjudication import open_lines
from ketameta.extraction.agreement import column_agreement
from ketameta.extraction.disagreements import disagreements
from ketameta.extraction.impact import ranked_by_impact
from ketameta.extraction.matching import match
from ketameta.extraction.records import Comparison
from ketameta.extraction.sides import two_sides
from ketameta.extraction.slips import repeated
from ketameta.report.comparison import standalone
from ketameta.report.comparison_json import as_json
from ketameta.report.comparison_words import markdown

from .test_impact_by_hand import by_hand, find, questions, results, write

__all__ = ["questions"]
TRIAL = "murrough2013a"
ARMS = ("ketamine_0.5", "midazolam_0.045")


def rows(tables, outcome):
    """Return the rows of both arms on an outcome at 24 h."""
    wanted = {"trial_id": TRIAL, "outcome": outcome, "timepoint_h": "24"}
    return [find(tables["outcomes"], arm_id=arm, **wanted) for arm in ARMS]


def hours_in_days(tables):
    for row in rows(tables, "response"):
        row["timepoint_h"] = "1"


@pytest.fixture
def compared(tmp_path):
    """Return both folders and what differs after an edit."""

    def compare(edit):
        a, b = write(tmp_path / "a"), write(tmp_path / "b", edit)
        both = two_sides(a, b)
        matching = match(*both)
        return a, b, (*both, matching), disagreements(*both, matching)

    return compare


def test_both_arms_of_a_slip_do_what_the_file_does_and_are_one_item(compared, questions):
    a, b, known, found = compared(hours_in_days)
    moved, shift, turned = by_hand(results(a, questions), results(b, questions))
    assert moved
    impacts = ranked_by_impact(known[0].tables, found, questions)
    assert [i.disagreement.column for i in impacts] == ["timepoint_h"] * 2
    for impact in impacts:
        assert (impact.slip, impact.problem) == (2, "")
        assert (set(impact.analyses), set(impact.flips)) == (moved, turned)
        assert impact.shift == pytest.approx(shift, rel=1e-9)
    # a line a cell, with what both do
    decided = open_lines(impacts)
    assert len({line["id"] for line in decided}) == 2
    said = "B has the hour in days; tried in both rows"
    assert [line["likely"] for line in decided] == [said] * 2
    # one item for people
    whole = Comparison(*known, tuple(column_agreement(*known)), tuple(impacts))
    said = f"2 rows of `{TRIAL}` `timepoint_h`: A `24`, B `1` (B has the hour in days?)"
    text = markdown(whole, questions)
    assert text.count(said) == 2  # to talk about first, and in the list
    assert "### Disagreements (1)" in text
    assert "1 disagreement (2 cells that are 1 slip count once):" in text
    assert standalone(whole, questions).count(f"2 rows of {TRIAL}") == 2
    told = as_json(whole)
    (slip,) = told["slips"]
    assert (slip["rows"], slip["changes"]) == (2, [["24", "1"]])
    assert slip["disagreements"] == [one["id"] for one in told["disagreements"]]


def test_hours_in_one_unit_are_one_slip_and_other_cells_are_not(compared):
    def edit(tables):
        hours_in_days(tables)
        later = [r for r in tables["outcomes"] if r["trial_id"] == TRIAL]
        later = [r for r in later if r["timepoint_h"] in ("48", "72", "168")]
        for row in later:
            row["timepoint_h"] = f"{int(row['timepoint_h']) // 24}"
        # of another trial, and one row of a kind
        find(tables["outcomes"], trial_id="zarate2006", timepoint_h="24")["timepoint_h"] = "1"

    *_, found = compared(edit)
    hours = [one for one in found if one.column == "timepoint_h"]
    (slip,) = repeated(hours)
    assert {one.trial_id for one in slip} == {TRIAL}
    assert len(slip) == len(hours) - 1 >= 2


def test_other_words_are_one_slip_where_both_cells_are_the_same(compared):
    def edit(tables):
        for row, scale in zip(rows(tables, "response"), ("HAMD", "QIDS"), strict=True):
            row["scale"] = scale
        for row in rows(tables, "response"):
            row["analysis_set"] = "other"

    *_, found = compared(edit)
    assert [{one.column for one in slip} for slip in repeated(found)] == [{"analysis_set"}]


def test_a_slip_that_breaks_a_rule_as_a_whole_is_told_row_by_row(compared, questions):
    def edit(tables):
        for row in rows(tables, "response"):
            row["outcome"] = "no_such_outcome"

    _, _, known, found = compared(edit)
    impacts = ranked_by_impact(known[0].tables, found, questions)
    outcomes = [i for i in impacts if i.disagreement.column == "outcome"]
    assert [(bool(i.problem), i.slip) for i in outcomes] == [(True, 0)] * 2


def test_a_row_that_no_analysis_asks_for_is_known_from_one_that_does_nothing(compared, questions):
    def edit(tables):
        trial = {"trial_id": TRIAL, "arm_id": ARMS[0]}
        find(tables["outcomes"], **trial, outcome="dropout")["events"] = "3"
        find(tables["outcomes"], **trial, outcome="response")["seen"] = "true"
        find(tables["trials"], trial_id=TRIAL)["year"] = "2012"

    _, _, known, found = compared(edit)
    asked = Configuration((questions["response_24h"],))
    impacts = ranked_by_impact(known[0].tables, found, asked)
    told = {i.disagreement.column: (bool(i.moves), i.asked) for i in impacts}
    assert told == {"events": (False, False), "seen": (False, True), "year": (False, True)}
