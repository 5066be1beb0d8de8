"""Which rows of two extractions are the same, and why: by key, by other signs, by likeness."""

import random
from itertools import permutations

import pytest

from ketameta.extraction.assignment import assigned
from ketameta.extraction.matching import TURNED, match
from ketameta.extraction.owners import SAME_KEY
from ketameta.extraction.records import Side
from ketameta.tables.collection import Tables
from ketameta.tables.entered import cells_key
from ketameta.tables.raw import RAW_KINDS, RESULT_TABLES

from ..rows import row


def line(table, cells, at):
    filled = {name: str(cell) for name, cell in cells.items() if cell != ""}
    place = {"file": f"{table}.csv", "line": at, "entered": filled}
    return row(RAW_KINDS[table], **filled, **place)


def side(name="A", **tables):
    rows = {t: [line(t, c, i + 2) for i, c in enumerate(given)] for t, given in tables.items()}
    return Side(name, Tables({RAW_KINDS[each]: rows.get(each, []) for each in RESULT_TABLES}))


def trial(key, **cells):
    return {"trial_id": key, "label": key, **cells}


def arm(trial_id, key, treatment="ketamine", dose="0.5", **cells):
    return {"trial_id": trial_id, "arm_id": key, "treatment": treatment, "dose": dose, **cells}


def score(arm_id="k", hour=24, n=30, mean=15.2, sd=9.8, **cells):
    names = {"trial_id": "t1", "arm_id": arm_id, "outcome": "depression_score", "scale": "MADRS"}
    return {**names, "timepoint_h": hour, "n": n, "mean": mean, "sd": sd, **cells}


def reasons(matching, table="outcomes"):
    return [m.reason for m in matching.matches if m.table == table]


def one(a, b, whole=True, **options):
    """Return the reason by which one row is matched with another, None where it is not."""
    own = {"arms": [arm("t1", "k"), arm("t1", "p")]}
    own |= {"trials": [trial("t1")]} if whole else {}
    found = match(side(outcomes=[a], **own), side(outcomes=[b], **own), **options)
    said = reasons(found)
    assert len(said) == 1 or (found.only_a, found.only_b) != ((), ())
    return said[0] if said else None


@pytest.mark.parametrize(
    ("cells", "other", "reason"),
    [
        ({"registration": "NCT01234567"}, {"registration": "nct 01234567"}, "registration"),
        ({"registration": "NCT01234567; NCT07654321"}, {"registration": "NCT07654321"}, "reg"),
        ({"doi": "10.1000/X"}, {"doi": "https://doi.org/10.1000/x"}, "DOI"),
        ({"pmid": "123"}, {"pmid": "123.0"}, "PMID"),
        ({"label": "The KET Trial"}, {"label": "the ket-trial"}, "label"),
        ({"label": "Berman 2000"}, {"label": "Berman et al., 2000 (pilot)"}, "first author"),
        ({"label": "Berman", "year": "2000"}, {"label": "Berman 2000"}, "first author"),
    ],
)
def test_trials_are_known_by_the_next_best_sign(cells, other, reason):
    a = side(trials=[trial("a1", **cells), trial("z9")])
    b = side(trials=[trial("q7", **other)])
    (found,) = match(a, b).matches
    assert found.reason.startswith(f"the same {reason}")
    assert (found.b.trial_id, dict(found.renamed)) == ("a1", {"trial_id": "q7"})
    assert found.b.entered["trial_id"] == "a1"


def test_a_sign_of_two_trials_names_none():
    shared = {"registration": "NCT01234567", "label": "x"}
    a = side(trials=[trial("a1", **shared), trial("a2", registration="NCT01234567")])
    assert match(a, side(trials=[trial("b1", registration="NCT01234567")])).matches == ()


def test_another_doi_speaks_against_the_same_author_and_year():
    a = side(trials=[trial("smith2019", label="Smith 2019", doi="10.1000/a")])
    same = trial("s", label="Smith A 2019")
    assert len(match(a, side(trials=[same])).matches) == 1
    assert match(a, side(trials=[{**same, "doi": "10.1000/b"}])).matches == ()


def test_trials_without_a_common_sign_are_known_by_their_likeness():
    common = {"year": 2012, "n_randomised": 41, "population": "TRD", "country": "Iran"}
    a = trial("mahmoudi_tehran", label="Mahmoudi (Tehran)", **common)
    b = trial("m1", label="Mahmoodi, Tehran", **common)
    (found,) = match(side(trials=[a]), side(trials=[b])).matches
    assert found.reason == "alike in name, people, arms and outcomes"
    other = {**b, "n_randomised": 80, "population": "BD"}
    assert match(side(trials=[a]), side(trials=[other])).matches == ()


def test_b_may_spell_its_own_names_otherwise_from_table_to_table():
    own = {"trials": [trial("t1")], "arms": [arm("t1", "ket"), arm("t1", "pla", "placebo", "")]}
    a = side(**own, outcomes=[score("ket"), score("pla", mean=20)])
    b = side(**own, outcomes=[{**score("Ket."), "trial_id": "T-1"}, score("pla", mean=20)])
    found = match(a, b)
    assert (len(reasons(found)), found.only_a, found.only_b) == (2, (), ())
    assert "trial by the same key, spelled otherwise" in reasons(found)[0]
    # one that its own list of trials has besides is another trial
    b = side(trials=[trial("t1"), trial("T-1")], outcomes=[{**score("ket"), "trial_id": "T-1"}])
    assert "T-1" in [stray.trial_id for _, stray in match(a, b).only_b]


def test_arms_are_known_by_treatment_dose_and_route_then_by_likeness():
    a = [arm("t1", "k05", route="IV"), arm("t1", "k10", dose="1"), arm("t1", "p", "saline", "")]
    b = [
        arm("t1", "high", dose="1.0"),
        arm("t1", "low", route="IV"),
        arm("t1", "control", "placebo", "", n_randomised=20, arm_label="normal saline"),
    ]
    a[2] |= {"n_randomised": 20, "arm_label": "normal saline"}
    found = match(side(arms=a), side(arms=b))
    known = {m.renamed["arm_id"]: (m.a.arm_id, m.reason) for m in found.matches}
    assert known["high"] == ("k10", "the same treatment, dose and route")
    assert known["low"] == ("k05", "the same treatment, dose and route")
    assert "control" not in known  # saline and placebo are two words of the list
    b[2]["treatment"] = ""
    found = match(side(arms=a), side(arms=b))
    known = {m.renamed["arm_id"]: (m.a.arm_id, m.reason) for m in found.matches}
    assert known["control"][0] == "p"
    assert known["control"][1].startswith("alike in treatment")


def test_arms_that_nothing_else_tells_apart_are_known_by_their_numbers():
    a = [arm("t1", "weekly"), arm("t1", "daily")]
    b = [arm("t1", "a"), arm("t1", "b")]
    found = match(
        side(arms=a, outcomes=[score("weekly"), score("daily", mean=22.2)]),
        side(arms=b, outcomes=[score("a", mean=22.2), score("b")]),
    )
    assert {m.renamed["arm_id"]: m.a.arm_id for m in found.matches} == {
        "a": "daily",
        "b": "weekly",
    }
    assert {m.reason for m in found.matches if m.table == "arms"} == {
        "the same numbers in its rows"
    }


def test_two_signs_at_least_make_a_trial_alike():
    common = {"year": 2012, "population": "TRD", "design": "parallel", "country": "Iran"}
    a = trial("first", label="Tehran", n_randomised=41, **common)
    b = trial("second", label="Mashhad", n_randomised=41, **common)
    assert match(side(trials=[a]), side(trials=[b])).matches == ()
    a_rows, b_rows = (
        [score(trial_id=name, hour=hour, mean="", sd="") for hour in (24, 72)]
        for name in ("first", "second")
    )
    found = match(side(trials=[a], outcomes=a_rows), side(trials=[b], outcomes=b_rows))
    assert reasons(found, "trials") == ["alike in name, people, arms and outcomes"]


@pytest.mark.parametrize("order", [1, -1])
def test_arms_described_alike_are_told_apart_by_their_numbers(order):
    numbers = {"twice": 17.7, "thrice": 18.4}
    a = side(
        arms=[arm("t1", key) for key in numbers],
        outcomes=[score(key, mean=mean) for key, mean in numbers.items()],
    )
    names = dict(zip(("arm1", "arm2"), [*numbers][::order], strict=True))
    b = side(
        arms=[arm("t1", key) for key in names],
        outcomes=[score(key, mean=numbers[name]) for key, name in names.items()],
    )
    known = {m.renamed["arm_id"]: m.a.arm_id for m in match(a, b).matches}
    assert known == names


def test_rows_of_renamed_trials_and_arms_are_matched_by_the_names_of_a():
    a = side(
        trials=[trial("t1", pmid="7")], arms=[arm("t1", "k"), arm("t1", "p", "saline", "")],
        outcomes=[score("k"), score("p")],
    )  # fmt: skip
    b = side(
        trials=[trial("x", pmid="7")], arms=[arm("x", "ket"), arm("x", "sal", "saline", "")],
        outcomes=[score("ket", trial_id="x"), score("sal", trial_id="x")],
    )  # fmt: skip
    found = match(a, b)
    assert (found.only_a, found.only_b) == ((), ())
    rows = [m for m in found.matches if m.table == "outcomes"]
    assert [(m.a.arm_id, m.b.arm_id) for m in rows] == [("k", "k"), ("p", "p")]
    assert rows[0].reason == (
        "the same key (trial by the same PMID; arm by the same treatment, dose and route)"
    )
    assert rows[0].renamed == {"trial_id": "x", "arm_id": "ket"}
    assert rows[0].b.line == 2


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({}, SAME_KEY),
        ({"timepoint_h": "24.0", "n": "30.0"}, SAME_KEY),
        ({"outcome": "Depression_Score"}, SAME_KEY),
        ({"hour": 26}, "hours 24 and 26 are within 2 h"),
        ({"hour": 1}, "hour 24 is 1 in days"),
        ({"hour": 1440}, "hour 24 is 1440 in minutes"),
        ({"scale": "MADRS total"}, "another scale; the numbers agree"),
        ({"scale": "M.A.D.R.S."}, "scale written otherwise"),
        ({"scale": ""}, "scale empty on one side"),
        ({"outcome": "anxiety_score"}, "another outcome; the numbers agree"),
        ({"definition": "at the last visit"}, "definition empty on one side"),
        ({"flag": "do-not-pool"}, "flag empty on one side"),
        ({"arm_id": "p"}, "another arm; the numbers agree"),
    ],
)
def test_a_row_is_known_again_where_one_thing_is_said_otherwise(cells, reason):
    assert one(score(), score(**cells)) == reason


def test_an_hour_is_another_beyond_the_tolerance_unless_the_numbers_agree():
    numbers = {"mean": 22.2, "sd": 4.4, "n": 12}
    assert one(score(), score(hour=26.0, **numbers)) is not None
    assert one(score(), score(hour=26.1, **numbers)) is None
    assert one(score(), score(hour=26.1, **numbers), tolerance_h=3) is not None
    assert one(score(), score(hour=26.1)) == "another timepoint; the numbers agree"


def test_a_batch_of_new_rows_is_not_taken_for_rows_that_are_there():
    # the same event count under another name: likely one row of two extractions, not of a batch
    a, b = (
        {"trial_id": "t1", "arm_id": "k", "outcome": name, "n": 20, "events": 3}
        for name in ("nausea", "vomiting")
    )
    assert one(a, b, whole=True) == "another outcome; the numbers agree"
    assert one(a, b, whole=False) is None
    # so many digits in common are no coincidence
    assert one(score(), score(outcome="anxiety_score"), whole=False) is not None
    assert one(score(mean=15, sd=""), score(outcome="x", mean=15, sd=""), whole=False) is None


def test_two_things_said_otherwise_with_other_numbers_are_two_rows():
    assert one(score(), score(outcome="anxiety_score", hour=24, mean=3, sd=1)) is None
    assert one(score(), score(outcome="anxiety_score", arm_id="p")) is None


def test_rows_with_each_others_numbers_keep_their_keys():
    a = [score("k", mean=15.2), score("p", mean=26.4, sd=8.1), score("k", 72), score("p", 72)]
    b = [score("k", mean=26.4, sd=8.1), score("p", mean=15.2), score("k", 72), score("p", 72)]
    found = match(side(outcomes=a), side(outcomes=b))
    assert [(m.a.line, m.b.line, m.reason) for m in found.matches] == [
        (n, n, SAME_KEY) for n in (2, 3, 4, 5)
    ]


def test_hours_in_days_throughout_are_not_matched_with_other_hours():
    a = [score(hour=h, mean=m, sd=m / 3) for h, m in ((1, 11.5), (24, 13.5), (168, 17.5))]
    b = [score(hour=h, mean=m, sd=m / 3) for h, m in ((0.042, 11.5), (1, 13.5), (7, 17.5))]
    found = match(side(outcomes=a), side(outcomes=b))
    assert [(m.a.line, m.b.line) for m in found.matches] == [(2, 2), (3, 3), (4, 4)]


def test_contrasts_are_known_with_the_arms_the_other_way_round():
    names = {"trial_id": "t1", "outcome": "depression_score", "scale": "MADRS", "timepoint_h": 24}
    a = {**names, "arm_t": "k", "arm_c": "p", "measure": "MD", "estimate": -10.8, "se": 2.3}
    a |= {"ci_low": -15.3, "ci_high": -6.3}
    b = a | {"arm_t": "p", "arm_c": "k", "estimate": 10.8, "ci_low": 6.3, "ci_high": 15.3}
    assert reasons(match(side(contrasts=[a]), side(contrasts=[b])), "contrasts") == [TURNED]
    plain = a | {"arm_t": "p", "arm_c": "k"}
    (said,) = reasons(match(side(contrasts=[a]), side(contrasts=[plain])), "contrasts")
    assert said == "the arms the other way round; the numbers agree"
    ratio = a | {"measure": "OR", "estimate": 4, "ci_low": 2, "ci_high": 8, "se": 0.354}
    inverse = b | {"measure": "OR", "estimate": 0.25, "ci_low": 0.125, "ci_high": 0.5, "se": 0.354}
    (found,) = match(side(contrasts=[ratio]), side(contrasts=[inverse])).matches
    assert found.reason == TURNED
    assert found.renamed == {"arm_t": "p", "arm_c": "k"}
    assert found.b.entered == {n: str(cell) for n, cell in ratio.items()}
    assert (found.b.arm_t, found.b.ci_low, found.b.ci_high) == ("k", 2.0, 8.0)
    # to the digits that it was printed with: 1 / 0.33 is 3.03, and 3.0 as well
    third = {"estimate": "0.33", "ci_low": "0.5", "ci_high": "0"}
    (found,) = match(
        side(contrasts=[ratio | {"estimate": "3.0"}]), side(contrasts=[inverse | third])
    ).matches
    said = found.b.entered
    assert (said["estimate"], said.get("ci_low"), said["ci_high"]) == ("3.0", None, "2")


def test_repeated_rows_are_matched_as_often_as_they_stand():
    a = [score(), score(), score(mean=9.1)]
    found = match(side(outcomes=a), side(outcomes=[score(), score(mean=9.1), score(mean=9.1)]))
    assert (len(found.matches), len(found.only_a), len(found.only_b)) == (3, 0, 0)
    found = match(side(outcomes=a), side(outcomes=[score()]))
    assert (len(found.matches), len(found.only_a)) == (1, 2)


def test_the_order_of_rows_makes_no_difference():
    mixed = random.Random(7)
    rows = [(arm, h, h + i) for h in (24, 72, 168) for i, arm in enumerate("kpq")]
    a = [score(arm, h, mean=mean) for arm, h, mean in rows]
    b = [score(arm, h / 24, mean=mean + (h == 72)) for arm, h, mean in rows]

    def pairs():
        found = match(side(outcomes=a), side(outcomes=b))
        return sorted(
            (cells_key(m.a.entered), cells_key(m.b.entered), m.reason) for m in found.matches
        )

    first = pairs()
    assert len(first) == 9
    for _ in range(3):
        mixed.shuffle(a)
        mixed.shuffle(b)
        assert pairs() == first


def test_tables_and_columns_that_one_side_lacks_are_not_compared():
    a = side(outcomes=[score()], trials=[trial("t1")])
    b = side(outcomes=[score(hour="")], trials=[trial("t1")])
    lacks = Side(
        "B", b.tables, absent=("trials",), missing=frozenset({("outcomes", "timepoint_h")})
    )
    (found,) = match(a, lacks).matches
    assert (found.table, found.reason) == ("outcomes", SAME_KEY)


def test_the_assignment_has_the_largest_total():
    mixed = random.Random(3)
    for size in (2, 3, 5):
        likeness = {(i, j): mixed.random() for i in range(size) for j in range(size)}
        best = max(
            sum(likeness[i, j] for i, j in enumerate(order)) for order in permutations(range(size))
        )
        found = assigned(likeness)
        assert len({j for _, j in found}) == size
        assert sum(likeness[pair] for pair in found) == pytest.approx(best, abs=1e-12)
    # the nearest first would leave the other two without a partner
    assert assigned({(0, 0): 0.8, (0, 1): 0.9, (1, 1): 0.7}) == [(0, 0), (1, 1)]
    assert assigned({(0, 0): 0.5, (1, 0): 0.6, (2, 1): 0.1}) == [(1, 0), (2, 1)]


@pytest.mark.parametrize(
    ("named", "other", "events", "same"),
    [
        ("bipolar", "Bipolar", 3, True),
        ("bipolar", "unipolar", 3, False),
        ("bipolar", "bipolar disorder", 11, True),
        ("bipolar", "", 3, True),
    ],
)
def test_subgroups_by_other_names_are_others_unless_their_numbers_agree(named, other, events, same):
    cells = {"analysis_set": "subgroup", "flag": "subgroup", "mean": "", "sd": ""}
    a = score(**cells, n=26, events=11, percent=42, analysis_set_as_reported=named)
    b = score(
        **cells,
        n=26 if events == 11 else 28,
        events=events,
        percent=42 if events == 11 else 11,
        analysis_set_as_reported=other,
    )
    assert (one(a, b) is not None) is same


def test_of_a_batch_what_one_side_alone_has_is_left_out():
    a = side(trials=[trial("t1"), trial("t2")], outcomes=[score()])
    b = side(trials=[trial("t3")], outcomes=[score(hour=72, mean=9.1, sd=7.7)])
    assert [table for table, _ in match(a, b).only_a] == ["trials", "trials", "outcomes"]
    found = match(a, b, scope="batch")
    assert found.only_a == ()
    assert found.only_b == match(a, b).only_b


def test_of_a_sample_what_its_trials_lack_counts_and_no_other_trial():
    a = side(
        trials=[trial("t1"), trial("t2")],
        outcomes=[score(), score(hour=72, mean=8.3), score(trial_id="t2", mean=17.7)],
    )
    b = side(trials=[], outcomes=[score(), score(trial_id="t3", mean=9.1, sd=7.7)])
    assert len(match(a, b).only_a) == 4
    found = match(a, b, scope="sample")
    assert [(table, stray.trial_id) for table, stray in found.only_a] == [
        ("trials", "t1"),
        ("outcomes", "t1"),
    ]
    assert found.only_a[1][1].timepoint_h == "72"
    assert (found.matches, found.only_b) == (match(a, b).matches, match(a, b).only_b)
