"""Decisions held against the cells that they are about, whatever the lines."""

from __future__ import annotations

import pytest

from ketameta.commands.since import Since
from ketameta.tables.collection import Tables
from ketameta.tables.decisions import Decided, decision
from ketameta.tables.digests import digests
from ketameta.tables.raw import OutcomeRow
from ketameta.tables.upkeep import AdjudicationRow

from .rows import row, tables_of

CELLS = {"trial_id": "t", "arm_id": "k", "outcome": "response", "timepoint_h": "24", "n": "20"}
NAME = "t / k / response / 24"


def line(column="n", a="19", b="20", decision="B", **more):
    own = {"id": f"{column}-{a}-{b}", "table": "outcomes", "trial_id": "t", "row": NAME}
    return own | {"column": column, "a": a, "b": b, "decision": decision, **more}


def decided(*lines):
    return Decided([decision(cells) for cells in lines])


@pytest.mark.parametrize(
    ("more", "stands", "before", "changed"),
    [
        ({"decision": "A", "a": "20", "b": "19"}, "20", "19", False),
        ({"decision": "B"}, "20", "19", True),
        ({"decision": "other", "a": "18", "b": "19", "value": "20"}, "20", "18", True),
        ({"decision": "other", "a": "20.0", "b": "19", "value": "20"}, "20", "20.0", False),
        ({"decision": "other", "a": "18", "b": "19", "value": "20,0"}, "20,0", "18", True),
        ({"decision": "both", "a": "20", "b": "19"}, "20", "19", False),
        ({"decision": "correction"}, "20", "19", True),
        ({"decision": None, "a": "20", "b": "19"}, "20", "19", False),
    ],
)
def test_what_was_decided_is_found_while_the_cell_holds_it(more, stands, before, changed):
    found = decided(line(**more))
    (one,) = found.about("outcomes", CELLS)
    assert (one.stands, one.before, one.changed) == (stands, before, changed)
    assert found.about("outcomes", CELLS | {"n": "20.0"}) == [one]
    assert found.about("outcomes", CELLS | {"flag": "check: n", "note": "read again"}) == [one]
    assert found.about("outcomes", CELLS | {"n": "21"}) == []
    assert found.about("outcomes", CELLS | {"timepoint_h": "25"}) == []
    assert found.about("contrasts", CELLS) == []
    assert found.idle({"outcomes": [CELLS]}) == []
    assert found.idle({"outcomes": [CELLS | {"n": "21"}]}) == [one]
    assert found.idle({"outcomes": []}) == [one]
    # of a table that is not there nothing is known
    assert found.idle({"contrasts": []}) == []


def test_an_empty_cell_can_be_what_was_decided():
    found = decided(line("sd", "4", ""))
    assert len(found.about("outcomes", CELLS)) == 1
    assert found.about("outcomes", CELLS | {"sd": "4"}) == []
    other = decision(line("sd", "4", "5", "other", value="(empty)"))
    assert (other.stands, other.changed) == ("", True)


@pytest.mark.parametrize("named", [NAME, "t / k / response / 1"])
def test_a_decided_hour_leaves_the_row_its_former_name(named):
    # a decision names its row as it is since, or as it was
    found = decided(line("timepoint_h", "1", "24", row=named), line(row="t / k / response / 1"))
    assert [one.column for one in found.about("outcomes", CELLS)] == ["timepoint_h", "n"]
    assert found.names("outcomes", CELLS) == [NAME, "t / k / response / 1"]
    assert found.idle({"outcomes": [CELLS]}) == []
    # of another trial or arm at that hour nothing was decided
    for other in ({"trial_id": "u"}, {"arm_id": "c"}):
        assert found.about("outcomes", CELLS | other) == []
        assert len(found.names("outcomes", CELLS | other)) == 1


@pytest.mark.parametrize(("table", "row"), [("trials", "t"), ("arms", "t / k"), ("outcomes", NAME)])
@pytest.mark.parametrize(
    ("decision", "a", "b", "there"),
    [("A", "row", "", True), ("B", "", "row", True), ("A", "", "row", False),
     ("B", "row", "", False), ("both", "", "row", True), ("", "row", "", True)],
)  # fmt: skip
def test_a_row_an_arm_or_a_trial_stands_or_is_out(table, row, decision, a, b, there):
    found = decided(line("", a, b, decision, table=table, row=row))
    holder = {"trial_id": "t"} | ({"arm_id": "k"} if table != "trials" else {})
    own = CELLS if table == "outcomes" else holder
    assert bool(found.about("outcomes", CELLS)) == there
    assert bool(found.idle({table: []})) == there
    # another row of outcomes may have the name of one that is to go
    assert bool(found.idle({table: [own]})) == (not there and table != "outcomes")


def test_what_a_later_decision_replaced_is_not_idle():
    first, second = line(a="18", b="19"), line("n", "19", "20", "correction")
    found = decided(first, second)
    assert [one.decision for one in found.about("outcomes", CELLS)] == ["correction"]
    assert found.idle({"outcomes": [CELLS]}) == []
    assert len(found.idle({"outcomes": [CELLS | {"n": "7"}]})) == 1


@pytest.mark.parametrize(("table", "row"), [("trials", "t"), ("arms", "t / k"), ("outcomes", NAME)])
def test_what_went_with_its_row_arm_or_trial_is_not_idle(table, row):
    out = line("", "row", "", "B", table=table, row=row)
    assert decided(line(), out).idle({"outcomes": [], "arms": [], "trials": []}) == []
    other = line("", "row", "", "B", table=table, row=row.replace("t", "u", 1), trial_id="u")
    assert len(decided(line(), other).idle({"outcomes": [], "arms": [], "trials": []})) == 1
    if table == "arms":
        of_both = line(table="contrasts", row="t / x / k / response")
        assert decided(of_both, out).idle({"contrasts": [], "arms": []}) == []


def test_a_decision_is_not_among_what_results_come_from():
    row = {"file": "adjudication.csv", "line": 2, "entered": line()}
    for table in ("adjudication", "readings", "audits", "unread"):
        assert digests(tables_of({})).data_hash == digests(tables_of({table: [row]})).data_hash
        assert digests(tables_of({table: [row]})).trials == {}


def test_a_row_that_is_explained_bears_what_was_decided_of_it_as_it_stands():
    cells = {"file": "outcomes.csv", "line": 2, "trial_id": "t", "entered": CELLS}
    told = {"file": "adjudication.csv", "line": 2, "entered": {}} | line()
    then = Tables({OutcomeRow: [row(OutcomeRow, **cells)]})
    now = then | Tables({AdjudicationRow: [row(AdjudicationRow, **told)]})
    (said,) = Since(then, now, 0).standing(then[OutcomeRow][0]).decided
    assert said == "n: 20, from the other extraction; 19 stood before."
    edited = cells | {"entered": CELLS | {"n": "21"}}
    standing = Since(then, now.replaced(OutcomeRow, [row(OutcomeRow, **edited)]), 0).standing(
        then[OutcomeRow][0]
    )
    assert (standing.were, standing.decided) == ({"n": "20"}, [])
