"""The page of RoB 2: lights, what they rest on, where raters differ, and what silence costs."""

from __future__ import annotations

import re

import pytest

from ketameta.report import rob2
from ketameta.tables.diagnostics import JudgementRow
from ketameta.tables.effects import SignallingRow
from ketameta.tables.rob2 import DOMAINS

from ..rows import row

LOW = "1.1=Y 1.2=Y 1.3=N 2.1=N 2.2=N 2.6=Y 3.1=Y 4.1=N 4.2=N 4.3=N 5.1=Y 5.2=N 5.3=N"
# what is not told costs D1 and D4; a fault that was found costs D3
OTHER = (
    "1.1=Y 1.2=NI 1.3=N 2.1=N 2.2=N 2.6=Y 3.1=N 3.2=N 3.3=Y 3.4=N "
    "4.1=N 4.2=N 4.3=NI 4.4=PY 4.5=NI 5.1=PY 5.2=PN 5.3=N"
)


def answers(trial, text, rater="A", support=""):
    return [
        row(
            SignallingRow,
            trial_id=trial,
            label=trial.capitalize(),
            rater=rater,
            question=question,
            answer=answer,
            support=support or f"why {question}",
            source="10.1000/any",
            locator="table 1",
        )
        for question, answer in (pair.split("=") for pair in text.split())
    ]


def test_the_worse_judgement_is_shown_with_each_raters_and_what_silence_costs():
    (trial,) = rob2.assessed([*answers("one", OTHER, "B"), *answers("one", LOW)])
    lights = {d: (one.judgement, one.best, one.disputed) for d, one in trial.lights.items()}
    assert lights == {
        "D1": ("some concerns", "low", True),
        "D2": ("low", "low", False),
        "D3": ("some concerns", "some concerns", True),
        "D4": ("high", "low", True),
        "D5": ("low", "low", False),
        "overall": ("high", "some concerns", True),
    }
    assert trial.lights["D4"].words == (
        "high; rater A low, rater B high; low if all were well that the texts do not tell"
    )
    assert trial.lights["D2"].words == "low"
    assert [one.domain for one in trial.disputed] == ["D1", "D3", "D4"]
    # PY and Y, N and PN lead to the same
    assert [q.question for q in trial.questions["D5"] if q.differs] == []
    assert [q.question for q in trial.questions["D1"] if q.differs] == ["1.2"]


def test_trials_stand_by_name_and_a_domain_half_answered_has_no_light():
    rows = [*answers("two", LOW), *answers("one", "5.1=Y 5.2=N"), *answers("one", "3.1=Y")]
    one, two = rob2.assessed(rows)
    assert (one.trial_id, list(one.lights)) == ("one", ["D3"])
    assert list(two.lights) == [*DOMAINS, "overall"]
    assert rob2.trials_by_judgement([one, two]) == {"low": 1}


def test_silence_is_counted_of_the_questions_that_are_asked():
    rows = answers("one", "2.1=NI 2.2=N 2.3=NI 2.4=NA 2.5=NA 2.6=Y 2.7=NA")
    assert rob2.silence(rows) == pytest.approx(50)
    assert rob2.silence([]) == 0


@pytest.fixture(scope="module")
def page(made, kit):
    tables = kit.counts((9, 20, 4, 20), (8, 20, 3, 20))
    rows = [*answers("t000", OTHER, "B", "<b>bold</b>"), *answers("t000", LOW)]
    rows += answers("t001", OTHER)
    columns = ("trial_id", "outcome", "question", "answer", "support", "source", "locator", "rater")
    tables["rob2_answers"] = [{name: getattr(one, name) for name in columns} for one in rows]
    return made(tables, {"response": kit.response})


def test_the_page_holds_every_answer_and_its_support_escaped(page, kit):
    assert kit.faults_of(page) == []
    text = page.files["rob2.html"]
    assert "<b>bold</b>" not in text
    assert text.count("why 1.1") == 2
    assert text.count("10.1000/any") == len(page.tables[SignallingRow])
    lights = re.findall(r'class="light ([a-z]+)"[^>]*>([A-Z][*°]*)<', text)
    assert ("high", "H*°") in lights
    assert ("concern", "S*") in lights
    assert len(lights) == 12
    assert "3 domains of 1 trial" in text


def test_the_answers_of_raters_reach_the_lights_of_the_forest_plot(page):
    own = {(j.trial_id, j.domain): j for j in page.tables[JudgementRow]}
    assert own["t000", "D4"].judgement == "high"
    assert own["t000", "D4"].disputed
    assert own["t001", "D3"].judgement == "some concerns"
    assert "RoB 2" in page.files["analyses/response.html"]


def test_a_project_without_answers_says_so(made, kit):
    text = made(kit.counts((9, 20, 4, 20)), {"response": kit.response}).files["rob2.html"]
    assert "Nobody has answered" in text
    assert 'class="light' not in text


@pytest.mark.parametrize(
    ("kappa", "word"),
    [(-0.1, "poor"), (0.2, "poor"), (0.204, "poor"), (0.206, "fair"), (0.4, "fair"),
     (0.41, "moderate"), (0.6, "moderate"), (0.8, "good"), (0.81, "very good")],
)  # fmt: skip
def test_agreement_has_a_word(kappa, word):
    assert rob2.strength(kappa) == word
