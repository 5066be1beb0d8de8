"""Rows at the wrong place: arms that never meet, days as hours, the number of another arm."""

import pytest

from ketameta.normalize.checks.run import CHECKS

from .checked import find

SIDES = (("ket", "ketamine", dict(n_randomised=40)), ("sal", "saline", dict(n_randomised=20)))


def findings(made, check):
    assert check in CHECKS
    return [f for f in find(*made.raw.values(), []) if f.check == check]


@pytest.fixture
def one(made):
    return made.trial("one", SIDES)


def count(one, arm, **cells):
    one.outcome("one", arm, "response", **{"n": 20, "events": 9, **cells})
    return one


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (dict(timepoint_h=168.0), "hour 24 against 168"),
        (dict(scale="HAMD17"), "scale MADRS against HAMD17"),
        (dict(definition=">=50% fall"), "definition not stated against >=50% fall"),
        (dict(analysis_set="completer"), "set not stated against completer"),
        (dict(timepoint_h=168.0, scale="HAMD17"), "hour 24 against 168 and scale MADRS"),
    ],
)
def test_arms_that_never_meet_are_named_with_what_differs(one, change, said):
    (got,) = findings(count(count(one, "ket"), "sal", **change), "arms-never-meet")
    assert said in got.message
    assert "sal on line 3" in got.message


def test_arms_of_which_each_has_an_hour_of_its_own_are_named(one):
    for arm, hour in (("ket", 24.0), ("sal", 24.0), ("ket", 168.0), ("sal", 158.0)):
        count(one, arm, timepoint_h=hour)
    (got,) = findings(one, "arms-never-meet")
    assert (got.line, "hour 168 against 158" in got.message) == (4, True)


def test_an_arm_may_be_seen_longer_and_a_row_may_be_marked(one):
    for arm, hour in (("ket", 24.0), ("sal", 24.0), ("ket", 168.0)):
        count(one, arm, timepoint_h=hour)
    count(one, "sal", timepoint_h=336.0, flag="do-not-pool: crossed over")
    assert findings(one, "arms-never-meet") == []


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ((1.0, 7.0, 14.0, 28.0), "people are seldom seen at 7, 14, 28 h: are these days?"),
        ((30.0, 90.0), "day 30 is 720 h"),
        ((2.0, 4.0, 24.0), ""),
        ((6.0, 8.0, 12.0, 36.0, 168.0, 8760.0), ""),
        ((0.67, 3.83, 24.0), ""),
    ],
)
def test_hours_that_are_days_are_named_once(one, hours, said):
    for hour in hours:
        count(one, "ket", timepoint_h=hour)
        count(one, "sal", timepoint_h=hour)
    found = findings(one, "hours-like-days")
    assert [said in f.message for f in found] == [True] * bool(said)


@pytest.mark.parametrize(
    ("hour", "words", "said"),
    [
        (1.0, dict(note="response on day 1"), "day 1 is 24 h"),
        (4.0, dict(locator="table 2, week 4"), "week 4 is 672 h"),
        (2.0, dict(definition=">=50% fall at 2 weeks"), "week 2 is 336 h"),
        (24.0, dict(note="day 1"), ""),
        (1.0, dict(note="1 h after the infusion, day 2 in the appendix"), ""),
    ],
)
def test_the_rows_own_words_tell_days_from_hours(one, hour, words, said):
    found = findings(count(one, "ket", timepoint_h=hour, **words), "hours-like-days")
    assert [said in f.message for f in found] == [True] * bool(said)


def test_several_doses_take_more_than_a_day(made):
    arms = [(a, t, dict(n_doses=8)) for a, t in (("ket", "ketamine"), ("sal", "saline"))]
    made.trial("one", arms)
    (got,) = findings(count(made, "ket", timepoint_h=4.0), "hours-like-days")
    assert "4 h is the last hour of a trial of 8 doses" in got.message
    count(made, "ket", timepoint_h=672.0)
    assert findings(made, "hours-like-days") == []


def test_hours_at_which_others_have_days_are_named(made):
    made.trial("one", SIDES)
    count(made, "ket", timepoint_h=1.0)
    for i in range(3):
        assert findings(made, "hours-like-days") == []
        made.trial(f"other{i}").events(f"other{i}", {"ket": (9, 20 + i), "sal": (4, 20 + i)})
    (got,) = findings(made, "hours-like-days")
    assert "3 have it at 24 h" in got.message
    count(made, "sal", timepoint_h=1.0, note="one hour after the infusion")
    assert [f.line for f in findings(made, "hours-like-days")] == [2]


@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        ([("ket", 20)], 1),  # saline has 20, ketamine 40, and saline has no row
        ([("ket", 20), ("sal", 20)], 0),
        ([("ket", 40)], 0),
        ([("ket", 38)], 0),
    ],
)
def test_the_number_of_another_arm_without_a_row_is_named(one, rows, faults):
    for arm, n in rows:
        count(one, arm, n=n)
    assert len(findings(one, "n-of-another-arm")) == faults


def test_an_outcome_of_one_arm_alone_is_named_where_others_have_both(one):
    one.events("one", {"ket": (9, 40), "sal": (4, 20)}, outcome="dropout")
    count(one, "ket", timepoint_h=72.0)
    count(one, "ket", timepoint_h=168.0)
    (got,) = findings(one, "arm-alone")
    assert (got.line, got.column) == (4, "arm_id")
    assert "other outcomes of one have sal too" in got.message
    count(one, "sal", timepoint_h=72.0)
    assert findings(one, "arm-alone") == []


def test_a_trial_of_one_arm_and_a_row_that_says_so_are_let_pass(one):
    count(one, "ket")
    assert findings(one, "arm-alone") == []
    one.events("one", {"ket": (9, 40), "sal": (4, 20)}, outcome="dropout")
    assert findings(one, "arm-alone") == []  # one row may be all that is reported
    count(one, "ket", timepoint_h=72.0)
    for hour in (24.0, 72.0):
        cells = dict(n=20, events=3, timepoint_h=hour, note="control not reported")
        one.outcome("one", "ket", "remission", **cells)
    assert [f.line for f in findings(one, "arm-alone")] == [2]
