"""Trustworthiness: the judgement that stands of each trial, and what the program says."""

from __future__ import annotations

import pytest

from ketameta.normalize.checks import run
from ketameta.normalize.checks.acknowledged import with_reasons
from ketameta.normalize.trials import raw_rows, trials_of
from ketameta.normalize.trust import judgements, prefilled
from ketameta.tables.raw import ArmRow, TrialRow, TrustworthinessRow
from ketameta.tables.trust import NONE, SERIOUS, SOME

from ..rows import row, tables_of
from .test_checks_counts import arm, contrast, count, trial


def assessed(assessor="A", trial_id="one", first=2, **judged):
    """Return rows of the raw table, judgements by D1 to D4 and overall."""
    return [
        row(
            TrustworthinessRow,
            **{"file": "trustworthiness.csv", "line": line, "trial_id": trial_id, "item": item},
            **{"judgement": word, "support": f"why {item}", "assessor": assessor},
        )
        for line, (item, word) in enumerate(judged.items(), first)
    ]


def reports(**part_of):
    rows = [trial(name, label=name.title(), part_of=of or None) for name, of in part_of.items()]
    return trials_of(tables_of({"trials": rows, "arms": []}))


def stands(rows, **part_of):
    found = judgements(rows, reports(**(part_of or {"one": ""})))
    return {(r.trial_id, r.domain): r for r in found}


FINE = {"D1": NONE, "D2": NONE, "D3": NONE, "D4": NONE}


def test_two_who_agree_leave_no_dispute():
    found = stands([*assessed(**FINE, overall=NONE), *assessed("B", first=9, **FINE, overall=NONE)])
    assert [domain for _, domain in found] == ["D1", "D2", "D3", "D4", "overall"]
    assert {r.judgement for r in found.values()} == {NONE}
    assert not any(r.disputed or r.agreed for r in found.values())
    whole = found["one", "overall"]
    assert whole.label == "One"
    assert whole.rows == ["trustworthiness.csv:6", "trustworthiness.csv:13"]
    assert (whole.assessors, whole.judgements) == (["A", "B"], [NONE, NONE])


def test_where_two_differ_the_worse_stands_until_it_is_agreed():
    two = [
        *assessed(**FINE, overall=NONE),
        *assessed("B", first=9, **{**FINE, "D4": SERIOUS}, overall=SERIOUS),
    ]
    found = stands(two)
    told = {d: (r.judgement, r.disputed, r.agreed) for (_, d), r in found.items()}
    assert told["D3"] == (NONE, False, False)
    assert told["D4"] == told["overall"] == (SERIOUS, True, False)
    assert found["one", "overall"].detail == (
        "A no concerns (why overall); B serious concerns (why overall)"
    )
    # a third decides: what the two judged is still told
    found = stands([*two, *assessed("agreed", first=20, D4=SOME, overall=SOME)])
    told = {d: (r.judgement, r.disputed, r.agreed) for (_, d), r in found.items()}
    assert told["D4"] == told["overall"] == (SOME, True, True)
    assert found["one", "D4"].judgements == [NONE, SERIOUS]


def test_an_assessor_who_judges_no_whole_is_taken_by_the_worst_domain():
    found = stands([*assessed(**{**FINE, "D2": SOME}), *assessed("B", first=9, **FINE)])
    assert (found["one", "overall"].judgement, found["one", "overall"].disputed) == (SOME, True)
    # half an assessment is none of the whole, unless it ends at serious concerns
    assert ("one", "overall") not in stands(assessed(D1=NONE, D2=SOME))
    assert stands(assessed(D1=SERIOUS))["one", "overall"].judgement == SERIOUS


def whole(rows, **part_of):
    found = stands(rows, **part_of)
    return {t: (r.judgement, r.inherited_from) for (t, d), r in found.items() if d == "overall"}


def test_reports_of_the_same_people_take_over_what_nobody_judged_of_them():
    kin = {"one": "", "later": "one", "other": "one", "apart": ""}
    rows = assessed(overall=SERIOUS)
    assert whole(rows, **kin) == {
        "one": (SERIOUS, None),
        "later": (SERIOUS, "one"),
        "other": (SERIOUS, "one"),
    }
    # it goes both ways, the worst of several goes before, an own one before all
    rows = [*assessed(trial_id="later", overall=SOME), *assessed(trial_id="other", overall=NONE)]
    assert whole(rows, **kin) == {
        "one": (SOME, "later"),
        "later": (SOME, None),
        "other": (NONE, None),
    }


def test_a_report_that_pools_trials_has_the_worst_of_them():
    kin = {"one": "", "two": "", "both": "one;two"}
    one, two = assessed(overall=SERIOUS), assessed(trial_id="two", overall=NONE)
    assert whole(one, **kin) == {"one": (SERIOUS, None), "both": (SERIOUS, "one")}
    # that one of two is well says nothing of both, and nothing of both is said of one
    assert whole(two, **kin) == {"two": (NONE, None)}
    assert whole(assessed(trial_id="both", overall=SERIOUS), **kin) == {"both": (SERIOUS, None)}
    fine = assessed(overall=NONE)
    assert whole([*fine, *two], **kin)["both"] == (NONE, "one")


# -- what the program says ----------------------------------------------------------------------


def told(outcomes=(), contrasts=(), trials=None, arms=(), acknowledged=()):
    """Return what is pre-filled by trial and check, from rows of these tables."""
    trials = [trial(registration="NCT1")] if trials is None else trials
    given = {"trials": trials, "arms": list(arms), "acknowledged": list(acknowledged)}
    tables = tables_of({**given, "outcomes": list(outcomes), "contrasts": list(contrasts)})
    rows = raw_rows(tables)
    findings, _ = with_reasons(tables, rows, [])
    labels = {t.trial_id: t.label or t.trial_id for t in tables[TrialRow]}
    found = prefilled(tables[TrialRow], tables[ArmRow], rows, findings, labels)
    return {(r.trial_id, r.item): r for r in found}


def score(line=2, arm_id="ketamine", **cells):
    usual = {"outcome": "depression_score", "mean": 20.5, "sd": 8.0, "n": 20}
    return count(line, arm_id, **{**usual, **cells})


@pytest.mark.parametrize(
    ("days", "answer", "looked"),
    [
        ({"registered_on": "2015-03-02", "started_on": "2015-03-01"}, "yes", 1),
        ({"registered_on": "2015-03-01", "started_on": "2015-03-01"}, "no", 1),
        ({"registered_on": "2015-02", "started_on": "2015-03-01"}, "no", 1),
        ({"registered_on": "2016", "started_on": "2015-12"}, "yes", 1),
        # which was first is not known
        ({"registered_on": "2015-03", "started_on": "2015-03-20"}, None, 0),
        ({"registered_on": "2015", "started_on": "2015"}, None, 0),
        ({"registered_on": "2015-03-01"}, None, 0),
    ],
)
def test_registration_before_the_start_is_read_off_the_days(days, answer, looked):
    found = told(trials=[trial(registration="NCT1", **days)])
    own = found.get(("t1", "C2.2"))
    assert (own and own.answer) == answer
    assert (own.looked if own else 0) == looked
    if answer == "yes":
        assert own.rows == ["trials.csv:2"]
        assert "after the start" in own.found[0]
        assert "[registered-after-start]" in own.found[0]


def test_no_registry_number_is_noted_and_decides_nothing():
    own = told(trials=[trial()])["t1", "C2.2"]
    assert (own.answer, own.found) == ("unclear", ["trials.csv:2: no registry number is entered"])


def test_means_that_no_scores_give_are_a_yes_and_means_that_could_have_shown_it_a_no():
    # of 20 whole scores 20.52 is the mean of none, 20.55 of some
    yes = told([score(mean=20.52, sd=None)])["t1", "C4.8"]
    assert (yes.answer, yes.looked, yes.rows) == ("yes", 1, ["outcomes.csv:2"])
    assert yes.found[0].startswith("outcomes.csv:2: no 20 whole scores have the mean 20.52")
    no = told([score(mean=20.55, sd=None)])["t1", "C4.8"]
    assert (no.answer, no.looked, no.found) == ("no", 1, [])
    # with one decimal every mean of 20 is possible: nothing can be said
    assert ("t1", "C4.8") not in told([score(mean=20.5, sd=None)])


def test_what_a_person_lets_stand_decides_nothing():
    reason = row_of("mean-no-sum-gives", column="mean", reason="a digit of the paper")
    own = told([score(mean=20.52, sd=None)], acknowledged=[reason])["t1", "C4.8"]
    assert own.answer == "unclear"
    assert own.found[0].endswith("acknowledged: a digit of the paper")


def row_of(code, **cells):
    place = {"file": "acknowledged.csv", "line": 2, "trial_id": "t1", "table": "outcomes"}
    return {**place, "code": code, "by": "someone", "date": "2026-01-01", "entered": {}, **cells}


def test_numbers_of_people_speak_to_their_check_and_only_to_it():
    arms = [arm(n_randomised=40)]
    found = told([count(n=45, events=9)], arms=arms)
    own = found["t1", "C4.6"]
    assert (own.answer, own.looked, own.rows) == ("unclear", 1, ["outcomes.csv:2"])
    assert {item for (_, item), r in found.items() if r.found} == {"C4.6"}
    # looked at and nothing found answers no part that is not in the numbers
    fine = told([count(n=40, events=9)], arms=arms)["t1", "C4.6"]
    assert (fine.answer, fine.looked, fine.found) == (None, 1, [])


def test_baselines_and_outcomes_go_to_their_own_checks():
    baseline = [
        score(2, "ketamine", baseline_mean=30.0, baseline_sd=4.0, n=60, mean=None, sd=None),
        score(3, "saline", baseline_mean=36.0, baseline_sd=4.0, n=60, mean=None, sd=None),
    ]
    found = told(baseline)
    assert found["t1", "C4.3"].answer == "unclear"
    assert found["t1", "C4.3"].looked == 2
    assert "[baseline-imbalance]" in found["t1", "C4.3"].found[0]
    assert ("t1", "C4.7") not in found
    same = [score(2, mean=21.37, sd=8.13), score(3, "saline", mean=21.37, sd=8.13)]
    found = told(same)
    assert "[same-numbers-two-arms]" in found["t1", "C4.7"].found[0]
    assert ("t1", "C4.3") not in found


def test_the_same_numbers_in_two_trials_are_told_of_both():
    outcomes = [
        count(line, arm_id, trial_id=name, n=n, events=events, outcome="response")
        for name, first in (("t1", 2), ("t2", 4))
        for line, (arm_id, n, events) in enumerate(
            (("ketamine", 47, 31), ("saline", 45, 12)), first
        )
    ]
    trials = [trial(name, line, registration=name) for name, line in (("t1", 2), ("t2", 3))]
    found = told(outcomes, trials=trials)
    assert found["t1", "C3.1"].found == found["t2", "C3.1"].found
    assert "those of t2" in found["t1", "C3.1"].found[0]
    assert found["t2", "C3.1"].answer == "unclear"


def test_statistics_and_conflicts_are_noted_with_their_rows():
    odd = contrast(5, measure="MD", outcome="depression_score", estimate=-9.0, ci_low=-4.0,
                   ci_high=2.0, ci_level=95)  # fmt: skip
    flagged = count(7, n=20, events=5, flag="conflict: the abstract says 6")
    found = told([flagged], [odd])
    assert found["t1", "C4.9"].rows == ["contrasts.csv:5"]
    assert found["t1", "C4.11"].found == ["outcomes.csv:7: flag conflict: the abstract says 6"]


def test_the_registration_check_warns_by_itself():
    late = trial(registration="NCT1", registered_on="2015-03", started_on="2015-02-28")
    tables = tables_of({"trials": [late], "arms": [], "outcomes": [], "contrasts": []})
    (found,) = run.find(raw_rows(tables), tables[TrialRow], tables[ArmRow])
    assert (found.check, found.severity, found.column) == (
        *("registered-after-start", "warning", "registered_on"),
    )
    assert found.message == "registered 2015-03, after the start on 2015-02-28"
