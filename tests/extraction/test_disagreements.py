"""What two extractions say differently, and the edit that makes A say what B says."""

from dataclasses import replace

import pytest

from ketameta.extraction.cells import number_of
from ketameta.extraction.disagreements import disagreements
from ketameta.extraction.matching import match
from ketameta.extraction.records import Side
from ketameta.tables.collection import Tables
from ketameta.tables.decisions import ROW
from ketameta.tables.raw import RAW_KINDS, RESULT_TABLES, OutcomeRow

from ..rows import row

NUMBERS = ("n", "n_randomised", "timepoint_h", "events", "mean", "sd", "baseline_mean", "estimate")


def line(table, cells, at):
    entered = {name: str(cell) for name, cell in cells.items() if cell != ""}
    typed = {n: number_of(t) if n in NUMBERS else t for n, t in entered.items()}
    place = {"file": f"{table}.csv", "line": at, "entered": entered}
    return row(RAW_KINDS[table], **typed, **place)


def side(**tables):
    rows = {t: [line(t, c, i + 2) for i, c in enumerate(given)] for t, given in tables.items()}
    return Side("A", Tables({RAW_KINDS[name]: rows.get(name, []) for name in RESULT_TABLES}))


def score(arm_id="k", hour=24, n=30, mean=15.2, sd=9.8, **cells):
    names = {"trial_id": "t1", "arm_id": arm_id, "outcome": "depression_score", "scale": "MADRS"}
    return {**names, "timepoint_h": hour, "n": n, "mean": mean, "sd": sd, **cells}


def between(a, b, **options):
    return disagreements(a, b, match(a, b), **options)


def cells(a, b, **options):
    found = between(side(outcomes=[a]), side(outcomes=[b]), **options)
    return {one.column: (one.a, one.b) for one in found}


@pytest.mark.parametrize(
    "other",
    [
        {"mean": "15.20", "sd": "9.80", "n": "30.0", "hour": "24.0"},
        {"outcome": "Depression_Score", "scale": " madrs"},
        {"seen": "Direct"},
        {"mean": "\N{MINUS SIGN}15.2"},
    ],
)
def test_the_same_written_otherwise_is_no_disagreement(other):
    first = score(seen="direct", mean=-15.2 if other.get("mean", "")[:1] == "\u2212" else 15.2)
    assert cells(first, score(**{"seen": "direct", **other})) == {}


def test_a_cell_that_differs_is_told_as_entered_with_both_places():
    a, b = side(outcomes=[score(n=5, mean="1"), score("p")]), side(outcomes=[score("p", sd="8.9")])
    (one,) = [d for d in between(a, b) if d.column]
    assert (one.table, one.trial_id, one.column, one.a, one.b) == (
        "outcomes", "t1", "sd", "9.8", "8.9",
    )  # fmt: skip
    assert (one.place_a, one.place_b) == ("outcomes.csv:3", "outcomes.csv:2")
    assert one.row == "t1 / p / depression_score / MADRS / 24"
    assert (one.matched, one.likely) == ("the same key", "digits transposed")


def test_its_edit_makes_a_say_what_b_says_and_nothing_else():
    a = side(outcomes=[score(note="first")])
    b = side(outcomes=[score(sd="8.9", n="31", note="second")])
    found = {one.column: one for one in between(a, b)}
    assert list(found) == ["n", "sd", "note"]
    (change,) = found["sd"].edit.changes
    assert change.old is a.tables[OutcomeRow][0]
    assert change.new == replace(change.old, sd=8.9, entered=change.new.entered)
    assert change.new.entered == {**change.old.entered, "sd": "8.9"}
    assert [(c.column, c.old, c.new) for c in change.cells] == [("sd", "9.8", "8.9")]
    assert found["sd"].edit.name == (
        "outcomes / t1 / k / depression_score / MADRS / 24: sd 9.8 → 8.9"
    )


def test_a_cell_that_one_side_has_not_is_emptied_or_filled_by_its_edit():
    a, b = side(outcomes=[score(events="")]), side(outcomes=[score(sd="", events="7")])
    found = {one.column: one for one in between(a, b)}
    assert {c: (one.a, one.b) for c, one in found.items()} == {
        "events": ("", "7"),
        "sd": ("9.8", ""),
    }
    new = {column: one.edit.changes[0].new for column, one in found.items()}
    assert (new["sd"].sd, new["sd"].entered.get("sd")) == (None, None)
    assert (new["events"].events, new["events"].entered["events"]) == (7, "7")
    # in the order of the table
    assert list(new["events"].entered).index("events") == 6


def test_a_faulty_cell_is_told_as_it_was_entered():
    b = side(outcomes=[score()])
    b.tables[OutcomeRow][0] = line("outcomes", score(mean="15.2 (9.8)"), 2)
    (one,) = between(side(outcomes=[score()]), b)
    assert (one.column, one.b) == ("mean", "15.2 (9.8)")
    assert one.edit.changes[0].new.mean is None


def test_rounding_is_told_with_that_as_its_explanation():
    a, b = side(outcomes=[score(mean=15.24)]), side(outcomes=[score()])
    assert [(one.column, one.likely) for one in between(a, b)] == [
        ("mean", "rounded to fewer digits")
    ]


def test_text_that_only_people_read_comes_last_or_not_at_all():
    a, b = score(note="x", locator="table 1"), score(note="y", locator="table 1", n=31)
    assert list(cells(a, b)) == ["n", "note"]
    assert list(cells(a, b, free_text=False)) == ["n"]


def test_other_names_are_no_disagreement():
    a = side(
        trials=[{"trial_id": "t1", "label": "One", "pmid": "7"}, {"trial_id": "t2", "label": "Two",
                 "pmid": "8", "part_of": "t1"}],
        arms=[{"trial_id": "t1", "arm_id": "k", "treatment": "ketamine"}],
        outcomes=[score()],
    )  # fmt: skip
    b = side(
        trials=[{"trial_id": "x", "label": "One", "pmid": "7"}, {"trial_id": "t2", "label": "Two",
                 "pmid": "8", "part_of": "x"}],
        arms=[{"trial_id": "x", "arm_id": "ket", "treatment": "ketamine"}],
        outcomes=[score("ket", trial_id="x", n=31)],
    )  # fmt: skip
    (one,) = between(a, b)
    assert (one.column, one.trial_id) == ("n", "t1")
    assert one.row.startswith("t1 / k / ")
    assert "trial by the same PMID" in one.matched


def test_rows_of_one_side_are_told_with_their_trial_or_arm():
    t1 = {"trial_id": "t1", "label": "One"}
    t2 = {"trial_id": "t2", "label": "Two", "doi": "10.1000/two"}
    arms = [{"trial_id": "t1", "arm_id": arm, "treatment": arm} for arm in ("k", "p")]
    bias = {"tool": "RoB2", "domain": "D1", "judgement": "low", "source": "x"}
    a = side(
        trials=[t1, t2], arms=[*arms, {"trial_id": "t2", "arm_id": "k"}],
        outcomes=[score(), score("p"), score(trial_id="t2"), score(hour=72, mean=3, sd=2)],
        risk_of_bias=[{"trial_id": "t2", **bias}],
    )  # fmt: skip
    b = side(trials=[t1], arms=arms[:1], outcomes=[score(), score(hour=999, mean=40, sd=7)])
    told = {(one.table, one.row): one for one in between(a, b)}
    assert set(told) == {
        ("trials", "t2"),
        ("arms", "t1 / p"),
        ("outcomes", "t1 / k / depression_score / MADRS / 72"),
        ("outcomes", "t1 / k / depression_score / MADRS / 999"),
    }
    trial = told["trials", "t2"]
    assert (trial.column, trial.a, trial.b, trial.place_a, trial.place_b) == (
        "", ROW, "", "trials.csv:3", "",
    )  # fmt: skip
    assert [c.table for c in trial.edit.changes] == ["trials", "arms", "outcomes", "risk_of_bias"]
    assert [c.table for c in told["arms", "t1 / p"].edit.changes] == ["arms", "outcomes"]
    new = told["outcomes", "t1 / k / depression_score / MADRS / 999"]
    assert (new.a, new.b, new.place_a, new.place_b) == ("", ROW, "", "outcomes.csv:3")
    assert new.edit.changes[0].kind == "added"


@pytest.mark.parametrize(
    ("apart", "said"),
    [
        (({"arm_id": "k"}, {"arm_id": "p"}), "the numbers of arms k and p exchanged"),
        (({"hour": 24}, {"hour": 72}), "the numbers of hours 24 and 72 exchanged"),
    ],
)
def test_exchanged_numbers_are_one_edit(apart, said):
    one, other = apart
    a = side(outcomes=[score(**one), score(**other, n=28, mean=26.4, sd=8.1)])
    b = side(outcomes=[score(**one, mean=26.4, sd=8.1), score(**other, n=28)])
    found = between(a, b)
    assert [(d.place_a, d.column, d.likely) for d in found] == [
        (f"outcomes.csv:{line}", column, said) for line in (2, 3) for column in ("mean", "sd")
    ]
    assert len({d.edit.name for d in found}) == 1
    for d in found:
        # the row in question first
        assert d.edit.changes[0].place == d.place_a
        new = {c.row.line: (c.row.n, c.row.mean, c.row.sd) for c in d.edit.changes}
        assert new == {2: (30, 26.4, 8.1), 3: (28, 15.2, 9.8)}


def test_numbers_read_from_another_row_are_told_where_that_is_no_coincidence():
    a = side(outcomes=[score(), score(hour=72, mean=26.4, sd=8.1)])
    b = side(outcomes=[score(mean=26.4, sd=8.1), score(hour=72, mean=26.4, sd=8.1)])
    assert {d.likely for d in between(a, b)} == {"the numbers of hour 72"}
    # one number of one digit
    a = side(outcomes=[score(mean=5, sd=""), score(hour=72, mean=3, sd="")])
    b = side(outcomes=[score(mean=3, sd=""), score(hour=72, mean=3, sd="")])
    assert {d.likely for d in between(a, b)} == {""}


def test_arms_the_other_way_round_are_one_edit():
    a = {"trial_id": "t1", "arm_t": "k", "arm_c": "p", "outcome": "depression_score"}
    a |= {"measure": "MD", "estimate": -10.8, "timepoint_h": 24}
    found = between(side(contrasts=[a]), side(contrasts=[a | {"arm_t": "p", "arm_c": "k"}]))
    assert [(d.column, d.likely) for d in found] == [
        ("arm_t", "the arms the other way round"),
        ("arm_c", "the arms the other way round"),
    ]
    (change,) = found[0].edit.changes
    assert (change.new.arm_t, change.new.arm_c, change.new.estimate) == ("p", "k", -10.8)
    # with the numbers turned as well it is the same result
    turned = a | {"arm_t": "p", "arm_c": "k", "estimate": 10.8}
    assert between(side(contrasts=[a]), side(contrasts=[turned])) == []
    (one,) = between(side(contrasts=[a]), side(contrasts=[turned | {"timepoint_h": 1}]))
    assert (one.column, one.likely) == ("timepoint_h", "B has the hour in days")


def test_who_answered_and_what_a_side_lacks_are_not_compared():
    a = {"trial_id": "t1", "question": "1.1", "answer": "Y", "rater": "A", "source": "x"}
    b = a | {"rater": "B", "answer": "N", "source": "y"}
    first, second = side(rob2_answers=[a]), side(rob2_answers=[b])
    assert [one.column for one in between(first, second)] == ["answer", "source"]
    lacks = Side("B", second.tables, missing=frozenset({("rob2_answers", "source")}))
    assert [one.column for one in between(first, lacks)] == ["answer"]
