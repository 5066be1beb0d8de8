"""Judgements that reports of one randomisation share."""

import pytest

from ketameta.normalize.inherit import inherited
from ketameta.normalize.records import Trial
from ketameta.synthesize.judge import TrialJudgements
from ketameta.tables.collection import by
from ketameta.tables.effects import BiasRow

from ..rows import row as cells_of


def trial(name, *parts):
    return Trial(name, name.title(), 2020, "parallel", "TRD", 40, parts, None)


TRIALS = {
    t.trial_id: t
    for t in (
        *(trial("main"), trial("later", "main"), trial("latest", "later"), trial("other")),
        *(trial("both", "main", "other"), trial("apart")),
    )
}


def row(name, domain="sequence", judgement="low", tool="RoB1", outcome=None):
    return cells_of(
        BiasRow, file="risk_of_bias.csv", line=2, trial_id=name, tool=tool, outcome=outcome,
        domain=domain, judgement=judgement, best=judgement, support="", source="Review",
    )  # fmt: skip


def taken(*rows):
    """Return who takes over which domain from whom."""
    found = inherited(rows, TRIALS)
    return {(r.trial_id, r.domain, r.judgement, r.inherited_from) for r in found}


def test_reports_of_one_trial_take_over_what_any_of_them_has():
    assert taken(row("main")) == {
        ("later", "sequence", "low", "main"), ("latest", "sequence", "low", "main"),
    }  # fmt: skip
    # from a later report to the first as well, and between later ones
    assert taken(row("latest", "concealment", "high")) == {
        ("main", "concealment", "high", "latest"), ("later", "concealment", "high", "latest"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("domain", "tool", "shared"),
    [
        ("sequence", "RoB1", True),
        ("concealment", "RoB1", True),
        ("blinding_participants", "RoB1", True),
        ("blinding_assessors", "RoB1", True),
        ("incomplete_data", "RoB1", False),
        ("selective_reporting", "RoB1", False),
        ("other", "RoB1", False),
        ("D1", "RoB2", True),
        *((domain, "RoB2", False) for domain in ("D2", "D3", "D4", "D5", "overall")),
    ],
)
def test_only_what_belongs_to_the_randomisation_is_taken_over(domain, tool, shared):
    assert bool(taken(row("main", domain, tool=tool))) == shared


def test_an_own_judgement_stands():
    own = row("later", judgement="unclear")
    assert ("later", "sequence", "low", "main") not in taken(row("main"), own)
    # of the domain, by the tool: another tool's or domain's is no hindrance
    found = taken(row("main"), row("later", "concealment"), row("later", "D1", tool="RoB2"))
    assert ("later", "sequence", "low", "main") in found


def test_a_report_of_several_trials_takes_what_all_of_them_have():
    assert not any(name == "both" for name, *_ in taken(row("main")))
    found = taken(row("main"), row("other", judgement="high"))
    assert {r for r in found if r[0] == "both"} == {
        ("both", "sequence", "low", "main"), ("both", "sequence", "high", "other"),
    }  # fmt: skip
    # the trials take nothing from the report of both, nor from each other
    assert taken(row("both")) == set()
    assert not any(name == "other" for name, *_ in taken(row("main")))


def test_what_is_judged_of_one_outcome_is_taken_over_for_it():
    (first, _) = inherited([row("main", outcome="response")], TRIALS)
    assert first.outcome == "response"
    found = taken(row("main", outcome="response"), row("other", outcome="remission"))
    assert not any(name == "both" for name, *_ in found)


def test_an_analysis_shows_who_was_judged_and_of_several_the_worst():
    rows = inherited([row("main"), row("other", judgement="high")], TRIALS)
    (one,) = TrialJudgements(by(rows, lambda r: r.trial_id)).rows("any", "response", ["both"])
    assert (one.judgement, one.inherited_from) == ("high", "other")
    assert one.detail == "low (Review, of Main); high (Review, of Other)"
    (own,) = TrialJudgements({"main": [row("main")]}).rows("any", "response", ["main"])
    assert own.inherited_from is None
