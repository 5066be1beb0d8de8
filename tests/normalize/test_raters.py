"""From the answers of raters to judgements of a trial in an analysis, and how far raters agree."""

from __future__ import annotations

import itertools

import pytest

from ketameta.normalize.raters import judgements
from ketameta.synthesize.judge import TrialJudgements
from ketameta.synthesize.raters import rater_agreement
from ketameta.tables import rob2
from ketameta.tables.collection import by
from ketameta.tables.effects import BiasRow
from ketameta.tables.raw import Rob2AnswerRow

from ..rows import row

LOW = "1.1=Y 1.2=Y 1.3=N 2.1=N 2.2=N 2.6=Y 3.1=Y 4.1=N 4.2=N 4.3=N 5.1=Y 5.2=N 5.3=N"


def answers(trial, text, rater="A", outcome=None, first=2, **supports):
    """Return rows of the raw table from 1.1=Y 1.2=N ...; supports by question, as in q41."""
    return [
        row(
            Rob2AnswerRow,
            **{"file": "rob2_answers.csv", "line": line, "trial_id": trial, "outcome": outcome},
            **{"question": question, "answer": answer, "rater": rater},
            support=supports.get("q" + question.replace(".", "")),
        )
        for line, (question, answer) in enumerate((p.split("=") for p in text.split()), first)
    ]


def changed(text, **changes):
    """Return answers with some changed, as in q43='NI' (empty: taken out)."""
    pairs = dict(pair.split("=") for pair in text.split())
    pairs |= {f"{name[1]}.{name[2]}": answer for name, answer in changes.items()}
    return " ".join(f"{q}={pairs[q]}" for q in sorted(pairs) if pairs[q])


def bias(*parts):
    return judgements([row for part in parts for row in part])


def judged(rows, outcome="response"):
    """Return what stands for the one trial in an analysis of an outcome."""
    return TrialJudgements(by(rows, lambda row: row.trial_id)).rows("any", outcome, ["one"])


def told(rows, outcome="response"):
    return {j.domain: (j.judgement, j.best, j.disputed) for j in judged(rows, outcome)}


def test_a_trial_answered_in_full_is_judged_in_each_domain_and_overall():
    rows = bias(answers("one", LOW))
    assert [row.domain for row in rows] == [*rob2.DOMAINS, "overall"]
    assert {row.judgement for row in rows} == {"low"}
    assert {row.tool for row in rows} == {"RoB2"}
    # each has the line of its first answer
    assert [row.line for row in rows] == [2, 5, 8, 9, 12, 2]


def test_a_judgement_says_its_answers_and_what_they_rest_on_once():
    text = changed(LOW, q43="PY", q44="Y", q45="NI", q23="NA")
    why = {"q43": "dissociation 9 of 10 against 0 of 10", "q44": "a rating", "q45": "a rating"}
    row = next(r for r in bias(answers("one", text, **why)) if r.domain == "D4")
    assert (row.judgement, row.best) == ("high", "some concerns")
    assert row.support == (
        "4.1 N, 4.2 N, 4.3 PY, 4.4 Y, 4.5 NI; dissociation 9 of 10 against 0 of 10; a rating"
    )
    assert "rater A" in row.source


def test_a_domain_half_answered_has_no_judgement():
    found = told(bias(answers("one", changed(LOW, q53=""))))
    assert found.keys() == {"D1", "D2", "D3", "D4"}
    # one that is high already is high overall
    assert told(bias(answers("one", changed(LOW, q53="", q12="N"))))["overall"][0] == "high"


def test_where_raters_differ_the_worse_stands_and_is_disputed():
    rows = bias(answers("one", LOW), answers("one", changed(LOW, q12="NI"), "B", first=40))
    found = told(rows)
    assert found["D1"] == ("some concerns", "low", True)
    assert found["D2"] == ("low", "low", False)
    assert found["overall"] == ("some concerns", "low", True)
    both = next(j for j in judged(rows) if j.domain == "D1")
    assert both.rows == ["rob2_answers.csv:2", "rob2_answers.csv:40"]
    assert "rater A" in both.detail
    assert "rater B" in both.detail


def test_answers_about_an_outcome_go_before_those_about_the_trial():
    rows = bias(answers("one", LOW), answers("one", "3.1=N 3.2=N 3.3=Y 3.4=Y", outcome="dropout"))
    assert told(rows)["D3"][0] == "low"
    assert told(rows, "dropout")["D3"][0] == "high"
    assert told(rows, "dropout")["D1"][0] == "low"


def test_a_published_judgement_stands_beside_and_the_worse_counts():
    published = row(
        BiasRow,
        **{"trial_id": "one", "tool": "RoB2", "outcome": None, "domain": "D1"},
        **{"judgement": "high", "best": "high", "support": None, "source": "a review"},
        **{"file": "risk_of_bias.csv", "line": 2},
    )
    found = told([published, *bias(answers("one", LOW))])
    assert found["D1"] == ("high", "high", True)
    assert found["D3"] == ("low", "low", False)


def test_agreement_counts_trials_and_questions_that_both_raters_have():
    rows = [
        *answers("one", LOW),
        *answers("one", changed(LOW, q12="NI", q13="NI"), "B"),
        *answers("two", LOW, outcome="response"),
        *answers("two", changed(LOW, q11="PY"), "B", outcome="response"),
        *answers("three", LOW),  # by one rater alone
        *answers("two", LOW, "B"),  # about another outcome than A's
    ]
    found = {row.domain: row for row in rater_agreement(rows)}
    assert list(found) == [*rob2.DOMAINS, "overall"]
    assert {(row.first, row.second) for row in found.values()} == {("A", "B")}
    d1 = found["D1"]
    assert (d1.trials, d1.judged_alike, d1.questions) == (2, 0.5, 6)
    # PY is yes; of 1.2 and 1.3 of one trial the answers differ
    assert d1.answered_alike == pytest.approx(4 / 6)
    # by hand: A yes 4, no 2; B yes 3, no 1, NI 2: by chance (4*3 + 2*1) / 36
    assert d1.kappa_answers == pytest.approx((4 / 6 - 14 / 36) / (1 - 14 / 36))
    # A says low twice: what both say alike, chance gives as well
    assert d1.kappa == pytest.approx(0)
    assert (found["D3"].judged_alike, found["D3"].kappa) == (1, None)
    assert found["overall"].questions == sum(found[d].questions for d in rob2.DOMAINS)


def test_each_pair_of_raters_is_compared_and_one_alone_with_nobody():
    rows = [row for rater in "ABC" for row in answers("one", LOW, rater)]
    pairs = [(row.first, row.second) for row in rater_agreement(rows) if row.domain == "D1"]
    assert pairs == list(itertools.combinations("ABC", 2))
    assert rater_agreement(answers("one", LOW)) == []
    assert rater_agreement([]) == []
