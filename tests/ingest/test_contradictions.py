"""Two rows of one fact: refused where they contradict each other, whatever their order."""

import pytest

from ketameta.ingest.contradictions import check_contradictions
from ketameta.ingest.reader import TextRow, TextTable
from ketameta.ingest.references import check_between_rows
from ketameta.ingest.sheet import typed
from ketameta.tables.raw import RAW_TABLES

PLACE = dict(trial_id="adams2011", arm_id="saline", outcome="response", scale="MADRS")
COUNT = dict(PLACE, timepoint_h=72, n=40, events=21, analysis_set="itt")
SCORE = dict(PLACE, outcome="depression_score", timepoint_h=72, n=40, analysis_set="itt")
MEAN = {**SCORE, "mean": 16.2, "sd": 9.4}
ARMS = dict(trial_id="adams2011", arm_t="ketamine_0.5", arm_c="saline", scale="MADRS")
RESULT = dict(ARMS, outcome="depression_score", timepoint_h=72, measure="MD", estimate=-3.2, se=1.5)
SOURCE = dict(seen="direct", source="10.1000/x", locator="table 2")


def sheet(table, *rows):
    """Return rows as read from a file, the first on line 2."""
    schema = RAW_TABLES[table]
    cells = [{name: str(row.get(name, "")) for name in schema.names} for row in rows]
    texts = [TextRow(line, row) for line, row in enumerate(cells, start=2)]
    return typed(TextTable(schema, f"{table}.csv", texts, readable=True))


def said(table, *rows):
    """Return severity, column and message of what is wrong, having tried both orders."""
    names = ("ketamine_0.5", "saline")
    arms = sheet("arms", *(dict(trial_id="adams2011", arm_id=name) for name in names))
    found = []
    for ordered in (rows[::-1], rows):
        tried = sheet(table, *({**SOURCE, **row} for row in ordered))
        assert tried.problems == []
        check_contradictions({"arms": arms, table: tried})
        found.append([(p.severity, p.message, p) for p in tried.problems])
        assert all(p.line == 3 for p in tried.problems)
    turned, given = found
    assert [p[0] for p in turned] == [p[0] for p in given], "it hangs on the order of rows"
    return [(p.severity, p.column, p.message) for *_, p in given]


@pytest.mark.parametrize(
    ("one", "change", "column"),
    [
        (COUNT, dict(events=17), "events"),
        (COUNT, dict(n=38), "n"),
        (COUNT, dict(events=17, source="10.1000/other", locator="figure 1", note="x"), "events"),
        (COUNT, dict(events=17, flag="check: a second reading"), "events"),
        ({**COUNT, "definition": ">=50% fall"}, dict(definition="≥50%  Fall", events=17), "events"),
        ({**COUNT, "timepoint_h": "72"}, dict(timepoint_h="72.0", events=17), "events"),
        (COUNT, dict(events="", percent="42.5"), "percent"),
        (MEAN, dict(mean=18.1), "mean"),
        (MEAN, dict(sd=1.5), "sd"),
        (MEAN, dict(n=20), "n"),
        ({**SCORE, "median": 14, "q1": 9, "q3": 20}, dict(q3=22), "q3"),
        ({**SCORE, "change_mean": -9, "change_sd": 7}, dict(change_mean=-11), "change_mean"),
        ({**SCORE, "mean": 16.2, "se": 1.5}, dict(se=1.1), "se"),
        (
            {**SCORE, "baseline_mean": 30, "baseline_sd": 5, "flag": "baseline only"},
            dict(baseline_mean=33),
            "baseline_mean",
        ),
    ],
)  # fmt: skip
def test_other_numbers_of_one_fact_are_an_error(one, change, column):
    ((severity, where, message),) = said("outcomes", one, {**one, **change})
    assert severity == "error"
    assert column in (where, "percent")
    assert f"{column} {one.get(column) or change[column]}" in message
    assert "on line 2" in message


def test_both_numbers_stand_in_the_message():
    ((_, _, message),) = said("outcomes", COUNT, {**COUNT, "events": 17})
    assert message.startswith("events 17 contradicts events 21 on line 2, of the same trial, arm,")


@pytest.mark.parametrize(
    "change",
    [
        dict(arm_id="ketamine_0.5"),
        dict(outcome="remission"),
        dict(scale="HAMD17"),
        dict(definition="fall of 50% at two visits"),
        dict(timepoint_h=168),
        dict(analysis_set="completer"),
        dict(flag="do-not-pool: of another dose"),
        dict(flag="conflict: another source"),
        dict(flag="check: response at any time"),
        dict(flag="subgroup", note="women"),
    ],
)
def test_other_facts_stand_beside_each_other(change):
    assert [
        m for m in said("outcomes", COUNT, {**COUNT, "events": 17, **change}) if m[0] == "error"
    ] == []


def test_subgroups_are_told_apart_by_their_notes():
    women = {**COUNT, "analysis_set": "subgroup", "note": "women"}
    assert said("outcomes", women, {**women, "note": "men", "events": 17}) == []


def test_subgroups_with_one_note_contradict_each_other():
    women = {**COUNT, "analysis_set": "subgroup", "note": "women"}
    ((severity, *_),) = said("outcomes", women, {**women, "events": 17})
    assert severity == "error"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (COUNT, {**COUNT, "events": "", "percent": "52.5"}),
        (COUNT, {**COUNT, "events": "", "n": "", "percent": "53"}),
        ({**SCORE, "mean": 16.2}, {**SCORE, "sd": 9.4}),
        (MEAN, {**MEAN, "mean": "16.23"}),
        (MEAN, {**SCORE, "n": 38, "change_mean": -9, "change_sd": 7}),
    ],
)
def test_rows_that_agree_are_a_warning_since_one_of_them_is_taken(one, other):
    ((severity, _, message),) = said("outcomes", one, other)
    assert severity == "warning"
    assert "put both in one row" in message


def test_a_baseline_may_have_a_row_of_its_own():
    assert said("outcomes", MEAN, {**SCORE, "baseline_mean": 30, "baseline_sd": 5}) == []


@pytest.mark.parametrize(
    "change", [dict(seen="secondary"), dict(seen="derived"), dict(analysis_set_as_reported="mITT")]
)
def test_what_decides_between_rows_is_named_and_warned_of(change):
    one = {**COUNT, "analysis_set_as_reported": "ITT"}
    ((severity, column, message),) = said("outcomes", one, {**one, "events": 17, **change})
    assert (severity, column) == ("warning", "events")
    assert next(iter(change)) in message


def test_an_arm_without_a_row_may_be_the_one_meant():
    hour = dict(timepoint_h=96)
    ((_, _, message),) = said("outcomes", {**COUNT, **hour}, {**COUNT, **hour, "events": 9})
    assert message.endswith("ketamine_0.5 has no row there: is one its row?")


@pytest.mark.parametrize(
    ("change", "severity"),
    [
        (dict(estimate=-2.3), "error"),
        (dict(se=0.5), "error"),
        (dict(estimate=-2.3, note="again", source="10.1000/other"), "error"),
        (dict(estimate=-2.3, model="ANCOVA"), "error"),  # the other row says no model
        (dict(estimate=-2.3, seen="secondary"), "warning"),
        (dict(se="", ci_low=-6.1, ci_high=-0.3, ci_level=95), "warning"),
    ],
)
def test_contrasts_of_one_fact_are_held_against_each_other(change, severity):
    ((got, *_),) = said("contrasts", RESULT, {**RESULT, **change})
    assert got == severity


@pytest.mark.parametrize(
    "change", [dict(measure="SMD"), dict(timepoint_h=24), dict(flag="do-not-pool: slopes")]
)
def test_other_contrasts_stand_beside_each_other(change):
    assert said("contrasts", RESULT, {**RESULT, "estimate": -2.3, **change}) == []


def test_two_models_are_two_facts():
    one = {**RESULT, "model": "MMRM"}
    assert said("contrasts", one, {**one, "model": "ANCOVA LOCF", "estimate": -2.3}) == []


def test_a_repeated_key_says_what_differs():
    arm = dict(trial_id="adams2011", arm_id="saline", treatment="saline", n_randomised=31)
    arms = sheet("arms", arm, {**arm, "n_randomised": 38})
    check_between_rows({"arms": arms})
    (got,) = arms.problems
    assert got.message == (
        "the row repeats line 2 in trial_id and arm_id; n_randomised '38' here, '31' there"
    )
