"""How well two extractions agree, counted by hand on a few rows."""

from __future__ import annotations

import math

import pytest

from ketameta.extraction.agreement import column_agreement
from ketameta.extraction.records import Match, Matching, Side
from ketameta.stats.sensitivity.agreement import (
    absolute_icc,
    cohen_kappa,
    limits_of_agreement,
    wilson,
)
from ketameta.tables.collection import Tables
from ketameta.tables.raw import OutcomeRow

from ..rows import row as outcome

KEY = {"trial_id": "one", "arm_id": "drug", "outcome": "response", "timepoint_h": "24"}


def row(line, **cells):
    """Return a row of outcomes as it is read, by its cells as entered."""
    entered = {name: cell for name, cell in {**KEY, **cells}.items() if cell}
    return outcome(OutcomeRow, file="outcomes.csv", line=line, entered=entered)


def lines(*pairs, table="outcomes", a=None, b=None):
    """Return the agreement on pairs of cells, by (table, column)."""
    matches = tuple(
        Match(table, row(n, **first), row(n, **second), "the same key", {})
        for n, (first, second) in enumerate(pairs, 2)
    )
    sides = a or Side("a", Tables()), b or Side("b", Tables())
    found = column_agreement(*sides, Matching(matches, (), ()))
    return {(line.table, line.column): line for line in found}


def test_cells_are_counted_by_who_filled_them():
    found = lines(
        ({"n": "10", "events": "4"}, {"n": "10.0", "events": "5"}),
        ({"n": "12"}, {"n": "12", "events": "3"}),
        ({"n": "14", "events": "7"}, {"n": ""}),
    )
    n, events = found["outcomes", "n"], found["outcomes", "events"]
    # 10 is 10.0
    assert (n.rows, n.cells.n, n.cells.share, n.only_a, n.only_b) == (3, 2, 1, 1, 0)
    assert (events.cells.n, events.cells.share, events.only_a, events.only_b) == (1, 0, 1, 1)
    # of three cells one is filled by each alone: no better than chance, below 0
    assert events.filled == cohen_kappa("yny", "yyn")
    for name in ("outcomes", ""):
        whole = found[name, ""]
        assert (whole.rows, whole.cells.n, whole.only_a, whole.only_b) == (3, 3, 2, 1)
        assert whole.cells.share == pytest.approx(2 / 3)
        assert whole.cells.share_interval == wilson(2, 3)
    # what nobody filled has no line
    assert ("outcomes", "sd") not in found


def test_columns_that_rows_are_matched_by_are_told_and_not_counted():
    found = lines(
        ({"n": "10", "scale": "MADRS"}, {"n": "10", "timepoint_h": "25", "scale": "MADRS"}),
        ({"n": "12"}, {"n": "12"}),
    )
    hour = found["outcomes", "timepoint_h"]
    assert (hour.identifies, hour.cells.n, hour.cells.share) == (True, 2, 0.5)
    assert (hour.icc, hour.limits) == (None, None)
    # matched rows bear the names that A gives: nothing to compare
    assert ("outcomes", "trial_id") not in found
    assert ("outcomes", "arm_id") not in found
    assert found["outcomes", ""].cells.n == found["outcomes", "n"].cells.n == 2


def test_words_have_kappa_and_numbers_have_icc_and_limits():
    sets = ("itt", "itt", "completer", "completer"), ("itt", "completer", "completer", "completer")
    numbers = (5, 7, 9, 11), (5, 8, 9, 10)
    found = lines(
        *(
            ({"analysis_set": s, "mean": str(x)}, {"analysis_set": t, "mean": str(y)})
            for s, t, x, y in zip(sets[0], sets[1], *numbers, strict=True)
        )
    )
    word, number = found["outcomes", "analysis_set"], found["outcomes", "mean"]
    assert word.cells == cohen_kappa(*sets)
    assert (word.icc, word.limits, word.pairs, word.apart) == (None, None, (), None)
    assert number.cells.kappa is None
    assert number.icc == absolute_icc(list(zip(*numbers, strict=True)))
    assert number.limits == limits_of_agreement(*numbers)
    assert [(pair.a, pair.b) for pair in number.pairs] == list(zip(*numbers, strict=True))
    assert number.pairs[0].row == "one / drug / response / 24"
    # 7 and 8: 1 / 7.5; 11 and 10: 1 / 10.5; the middle of both
    assert number.apart == pytest.approx((1 / 7.5 + 1 / 10.5) / 2)


@pytest.mark.parametrize(
    ("largest", "smallest", "ratio"),
    [("50", "5", True), ("49.9", "5", False), ("50", "0", False), ("50", "-5", False)],
)
def test_numbers_over_a_decade_are_compared_as_ratios(largest, smallest, ratio):
    found = lines(
        ({"mean": smallest}, {"mean": smallest}),
        ({"mean": largest}, {"mean": "20"}),
        ({"mean": "30"}, {"mean": "30"}),
    )["outcomes", "mean"]
    pairs = [(float(smallest),) * 2, (float(largest), 20.0), (30.0, 30.0)]
    assert found.limits == limits_of_agreement(*zip(*pairs, strict=True), ratio=ratio)
    if ratio:
        pairs = [(math.log(a), math.log(b)) for a, b in pairs]
    assert found.icc == absolute_icc(pairs)


def test_what_is_not_compared_has_no_line():
    cells = {"n": "10", "events": "4", "note": "as told", "locator": "table 2"}
    pair = (cells, {**cells, "events": "5", "note": "otherwise", "locator": "page 3"})
    found = lines(pair)
    assert {name for table, name in found if name} == {
        "outcome", "timepoint_h", "n", "events",
    }  # fmt: skip
    lacking = lines(pair, b=Side("b", Tables(), missing=frozenset({("outcomes", "events")})))
    assert ("outcomes", "events") not in lacking
    assert lacking["outcomes", ""].cells.share == 1
    # a row of both raters agrees with itself
    shared = lines(pair, a=Side("a", Tables(), shared=frozenset({("outcomes.csv", 2)})))
    assert list(shared) == [("", "")]


def test_faulty_cells_are_compared_as_entered():
    found = lines(({"n": "12o"}, {"n": "120"}), ({"n": "5"}, {"n": "5"}))["outcomes", "n"]
    assert (found.cells.n, found.cells.share) == (2, 0.5)
    # no number: not in the limits
    assert [(pair.a, pair.b) for pair in found.pairs] == [(5, 5)]


def test_no_matched_row_agrees_on_nothing():
    (whole,) = column_agreement(Side("a", Tables()), Side("b", Tables()), Matching((), (), ()))
    assert (whole.table, whole.rows, whole.cells.n, whole.cells.share) == ("", 0, 0, None)
