"""Cells that stand alone and cells that are tried with their row, against edits of the files."""

import math
from dataclasses import replace

import pytest

from ketameta.configuration import Configuration, load
from ketameta.extraction.adjudication import open_lines
from ketameta.extraction.agreement import column_agreement
from ketameta.extraction.disagreements import disagreements
from ketameta.extraction.impact import ranked_by_impact
from ketameta.extraction.matching import match
from ketameta.extraction.records import Comparison, tried_with
from ketameta.extraction.sides import two_sides
from ketameta.ingest.stage import check_folder
from ketameta.report.comparison import standalone
from ketameta.report.comparison_items import gravest
from ketameta.report.comparison_json import as_json
from ketameta.report.comparison_words import markdown
from ketameta.tables.problems import ERROR

from ..conftest import QUESTIONS
from .test_impact_by_hand import by_hand, find, results, write

ASKED = ("response_24h", "depression_24h")
MD = {"trial_id": "murrough2013a", "outcome": "depression_score", "measure": "MD"}
CHANGE = {
    **{"trial_id": "murrough2013a", "arm_id": "ketamine_0.5", "outcome": "depression_score"},
    **{"scale": "MADRS", "timepoint_h": "24", "change_sd": "10.97"},
}
COUNT = {"trial_id": "murrough2013a", "arm_id": "ketamine_0.5", "outcome": "response"}
OLD = {"estimate": "-7.7", "ci_low": "-12.6", "ci_high": "-2.8", "ci_level": "95", "se": ""}
SIGNS = {"estimate": "7.7", "ci_low": "2.8", "ci_high": "12.6"}


@pytest.fixture(scope="module")
def questions():
    whole = load(QUESTIONS)
    return Configuration(tuple(whole[name] for name in ASKED))


@pytest.fixture
def compared(tmp_path, questions):
    """Return a comparison of the tables with an edit of A, and another edit made to that."""

    def compare(old, new):
        def both(tables):
            old(tables)
            new(tables)

        a, b = write(tmp_path / "a", old), write(tmp_path / "b", both)
        first_side, second_side = two_sides(a, b)
        matching = match(first_side, second_side)
        found = disagreements(first_side, second_side, matching)
        impacts = ranked_by_impact(first_side.tables, found, questions)
        return a, b, Comparison(first_side, second_side, matching, (), tuple(impacts))

    return compare


def put(table, cells, **new):
    return lambda tables: find(tables[table], **cells).update(new)


def with_interval(tables):
    """Leave the printed difference alone to tell of the trial."""
    find(tables["contrasts"], **MD).update(OLD)
    tables["outcomes"][:] = [
        r for r in tables["outcomes"] if r["outcome"] != "depression_score" or r["mean"] == ""
    ]
    for row in tables["outcomes"]:
        if row["outcome"] == "depression_score" and row["trial_id"] == "murrough2013a":
            row["change_mean"] = ""


def impacts_of(comparison):
    return {i.disagreement.column: i for i in comparison.impacts}


def errors(folder):
    return [p for p in check_folder(folder)[1] if p.severity == ERROR]


def test_signs_that_are_lost_move_together_as_the_file_does(compared, questions, tmp_path):
    a, b, comparison = compared(with_interval, put("contrasts", MD, **SIGNS))
    moved, shift, turned = by_hand(results(a, questions), results(b, questions))
    assert moved == {"depression_24h"}
    assert shift > 1
    found = impacts_of(comparison)
    assert found.keys() == SIGNS.keys()
    for impact in found.values():
        assert impact.problem == ""
        assert set(impact.analyses) == moved
        assert set(impact.flips) == turned
        assert impact.shift == pytest.approx(shift, rel=1e-9)
    assert len({impact.row for impact in found.values()}) == 1
    # the first limit alone is refused by run as well
    alone = write(
        tmp_path / "alone", lambda t: (with_interval(t), put("contrasts", MD, ci_low="2.8")(t))
    )
    assert [p.column for p in errors(alone)] == ["ci_low"]


def test_a_cell_beside_that_stands_alone_is_told_alone(compared, questions, tmp_path):
    edit = put("contrasts", MD, **SIGNS, ci_level="90")
    a, _, comparison = compared(with_interval, edit)
    found = impacts_of(comparison)
    alone = write(
        tmp_path / "alone", lambda t: (with_interval(t), put("contrasts", MD, ci_level="90")(t))
    )
    _, shift, _ = by_hand(results(a, questions), results(alone, questions))
    assert found["ci_level"].row == ""
    assert found["ci_level"].shift == pytest.approx(shift, rel=1e-9)
    assert all(found[column].row for column in SIGNS)


def test_a_row_that_breaks_a_rule_as_a_whole_is_not_tried(compared):
    # of B run refuses the lower limit, with A's upper one and with its own
    new = {"ci_low": "1.71", "ci_high": "-1.71"}
    _, b, comparison = compared(with_interval, put("contrasts", MD, **new))
    assert errors(b)
    found = impacts_of(comparison)
    assert found["ci_low"].problem == "ci_low 1.71 is above ci_high = -2.8"
    assert (found["ci_high"].problem, found["ci_high"].row) == ("", "")


@pytest.mark.parametrize(
    ("table", "cells", "new", "said"),
    [
        ("contrasts", MD, {"ci_low": "1.71"}, "ci_low 1.71 is above ci_high = -2.8"),
        ("outcomes", COUNT, {"events": "48"}, "events 48 is more than n = 47"),
        ("outcomes", COUNT, {"events": "47"}, ""),
        ("contrasts", MD, {"estimate": "7.7"}, ""),  # run warns, and goes on
        (
            "contrasts",
            MD,
            {"arm_c": "ketamine_0.5"},
            "arm_c 'ketamine_0.5' is compared with itself",
        ),
    ],
)
def test_what_run_refuses_is_not_tried_and_what_it_takes_is(tables_of, table, cells, new, said):
    impact, refused = tables_of(table, cells, new)
    assert impact.problem == said
    assert refused == bool(said)
    assert bool(impact.moves) == (not said)


@pytest.fixture
def tables_of(tmp_path, questions):
    """Return the impact of one edit of A, its cell of B sound in itself, and whether run stops."""

    def tried(table, cells, new):
        a = write(tmp_path / "a", with_interval)
        b = write(tmp_path / "b", lambda t: (with_interval(t), put(table, cells, **new)(t)))
        one, other = two_sides(a, b)
        (found,) = disagreements(one, other, match(one, other))
        (impact,) = ranked_by_impact(one.tables, [found], questions)
        return impact, bool(errors(b))

    return tried


def test_a_cell_that_is_at_fault_in_its_own_row_alone_is_tried_in_that_of_a(compared):
    # of B the lower limit is above its own upper one, not above A's
    new = {"ci_low": "-3.5", "ci_high": "-4"}
    _, b, comparison = compared(with_interval, put("contrasts", MD, **new))
    assert [p.column for p in errors(b)] == ["ci_low"]
    assert [i.problem for i in comparison.impacts] == ["", ""]
    assert all(i.moves for i in comparison.impacts)


def test_numbers_that_say_nothing_alone_are_tried_with_their_row(compared, questions):
    def fewer(tables):
        find(tables["contrasts"], **MD).update(estimate="", se="")
        find(tables["outcomes"], **CHANGE).update(change_mean="", change_sd="", note="this")

    new = {"change_mean": "-16.5", "change_sd": "10.97", "analysis_set_as_reported": "all"}
    a, b, comparison = compared(fewer, put("outcomes", {"note": "this"}, **new))
    moved, shift, _ = by_hand(results(a, questions), results(b, questions))
    assert (moved, shift) == ({"depression_24h"}, math.inf)
    found = impacts_of(comparison)
    for column in ("change_mean", "change_sd"):
        assert found[column].row
        assert (set(found[column].analyses), found[column].shift) == (moved, None)
    told = found["analysis_set_as_reported"]
    assert (told.row, told.analyses) == ("", ())


def test_answers_of_a_domain_are_tried_together_where_one_asks_for_the_other(compared):
    def answers(first, second):
        def edit(tables):
            for question, answer in (("2.6", first), ("2.7", second)):
                row = {"trial_id": "zarate2006", "rater": "A", "question": question}
                find(tables["rob2_answers"], **row)["answer"] = answer

        return edit

    a, b, comparison = compared(answers("PY", "NA"), answers("NI", "NI"))
    assert errors(a) == errors(b) == []
    told = [(i.disagreement.row[-7:], i.problem, tried_with(i)) for i in comparison.impacts]
    assert told == [(f"A / {q}", "", "with the answers of its domain") for q in ("2.6", "2.7")]


def test_it_is_said_once_that_a_cell_goes_with_its_row(compared, questions):
    *_, comparison = compared(with_interval, put("contrasts", MD, **SIGNS))
    assert [others for _, others in gravest(comparison)] == [0]
    said = {found["with"] for found in as_json(comparison)["disagreements"]}
    assert said == {"with its row"}
    likely = [cells["likely"] for cells in open_lines(comparison.impacts)]
    assert all(cell.count("with its row") == 1 for cell in likely)
    # in the list of those to talk about first, and one a cell
    both = comparison.a, comparison.b, comparison.matching
    whole = replace(comparison, agreement=tuple(column_agreement(*both)))
    for text in (markdown(whole, questions), standalone(whole, questions)):
        assert text.count("with its row:") == 1 + len(SIGNS)
