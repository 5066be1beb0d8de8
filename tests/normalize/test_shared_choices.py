"""What is sifted and chosen once for several questions is what each of them gets alone."""

from dataclasses import replace
from itertools import permutations

import pytest

from ketameta.configuration import Narrow
from ketameta.freshness import STAGES
from ketameta.normalize import sift
from ketameta.normalize.choose import Choices, TrialChoice
from ketameta.normalize.sift import Sieve
from ketameta.normalize.stage import effects_of
from ketameta.normalize.trials import raw_rows, trials_of


@pytest.fixture
def several(made):
    """A parallel trial, a crossover, one whose n is borrowed, and one on another outcome."""
    made.trial("a").events("a", {"ket": (12, 20), "sal": (5, 20)})
    made.events("a", {"ket": (9, 20), "sal": (6, 20)}, timepoint_h=30.0)
    made.trial("b", design="crossover")
    made.events("b", {"ket": (10, 20), "sal": (4, 20)}, analysis_set="crossover-all")
    made.trial("c").events("c", {"ket": (7, None), "sal": (3, None)})
    made.events("c", {"ket": (4, 18), "sal": (2, 17)}, outcome="remission")
    return trials_of(made.tables()), raw_rows(made.tables())


@pytest.fixture
def questions(ask):
    base = {"analysis_sets": ("crossover-all", "not stated"), "definitions": None}
    others = {
        "as it is": {"assumptions": ("borrowed n", "correlation")},
        "none assumed": {"assumptions": ()},
        "no borrowing": {"assumptions": ("correlation",)},
        "looser": {"assumptions": ("borrowed n", "correlation"), "correlation": 0.1},
        "crossovers": {
            "assumptions": ("borrowed n", "correlation"),
            "narrow": (Narrow("design", ("crossover",)),),
        },
    }
    return {name: ask("response_24h", **base, **keys) for name, keys in others.items()}


def given(question, choices):
    effects, ledger = effects_of("test", question, choices)
    return effects, {row.key: ledger.fate(row) for row in choices.rows}


def test_each_question_gets_what_it_gets_alone(several, questions):
    trials, rows = several
    alone = {name: given(asked, Choices(trials, rows)) for name, asked in questions.items()}
    for order in list(permutations(questions))[::7]:
        choices = Choices(trials, rows)
        for name in order:
            assert given(questions[name], choices) == alone[name]


def test_effects_are_the_same_where_nobody_asks_for_the_fates_of_rows(several, questions):
    choices, others = (Choices(*several) for _ in range(2))
    for name, question in questions.items():
        assert choices.effects(question) == others.chosen(name, question)[0]


def test_these_questions_have_answers_of_their_own(several, questions):
    trials, rows = several
    found = {
        name: {e.trial.trial_id: e.vi for e in given(question, Choices(trials, rows))[0]}
        for name, question in questions.items()
    }
    assert found["as it is"].keys() == {"a", "b", "c"}
    assert found["none assumed"].keys() == {"a"}
    assert found["no borrowing"].keys() == {"a", "b"}
    assert found["crossovers"].keys() == {"b"}
    assert found["looser"]["b"] > found["as it is"]["b"]
    assert found["looser"]["a"] == found["as it is"]["a"]


def test_rows_on_another_outcome_and_narrowed_ones_are_told_so(several, questions):
    trials, rows = several
    _, fates = given(questions["crossovers"], Choices(trials, rows))
    told = {(row.trial_id, row.outcome): fates[row.key] for row in rows}
    assert told["c", "remission"] == ("other outcome", "remission")
    assert told["a", "response"] == ("narrowed", "design parallel")
    assert told["b", "response"][0] == "used"


def test_a_grid_that_comes_or_goes_is_part_of_what_the_effects_are_made_from(configuration):
    # choices of data are combined only where a grid asks for it
    without = tuple(replace(analysis, grid=None) for analysis in configuration)
    assert any(analysis.grid for analysis in configuration)
    parts = STAGES["normalize"].configuration
    none = replace(configuration, analyses=without)
    assert none.digest(*parts) != configuration.digest(*parts)


def test_rows_are_tried_once_for_questions_that_prefer_otherwise(several, questions, monkeypatch):
    tried, whole = [], TrialChoice._try
    monkeypatch.setattr(TrialChoice, "_try", lambda *a: tried.append(a) or whole(*a))
    choices, words = Choices(*several), ("not stated", "other")
    asked = [replace(questions["as it is"], definitions=d) for d in (words, words[::-1])]
    assert choices.effects(asked[0])
    first = len(tried)
    given = choices.effects(asked[1])
    assert first > 0
    assert len(tried) == first
    assert given == Choices(*several).effects(asked[1])


def test_what_no_row_has_makes_no_other_question(made, ask, monkeypatch):
    """A basis that no row starts from, and a correlation that no number hangs on."""
    tried, whole = [], TrialChoice._try
    monkeypatch.setattr(TrialChoice, "_try", lambda *a: tried.append(a) or whole(*a))
    ends = {"mean": 12.0, "sd": 4.0, "n": 20}
    made.trial("a").scores("a", {"ket": ends, "sal": ends | {"mean": 15.0}})
    changes = {"change_mean": -8.0, "change_sd": 4.0, "n": 20}
    made.trial("b").scores("b", {"ket": changes, "sal": changes})
    rows, base = raw_rows(made.tables()), ask("depression_24h")
    orders = ("change", "endpoint", "computed change"), ("endpoint",), ("change",), ("endpoint",)
    asked = [replace(base, basis=basis, correlation=0.1 * i) for i, basis in enumerate(orders)]
    choices, found = Choices(trials_of(made.tables()), rows), []
    for question in asked:
        found.append({e.trial.trial_id: e.basis for e in choices.effects(question)})
    both = {"a": "endpoint", "b": "change"}
    assert found == [both, {"a": "endpoint"}, {"b": "change"}, {"a": "endpoint"}]
    # each trial as it is asked first, and once without its own basis
    assert len(tried) == 4


class Watched:
    """A row, and the names of what was read of it."""

    def __init__(self, row):
        self.row, self.read = row, set()

    @property
    def __class__(self):
        return type(self.row)

    def __getattr__(self, name):
        self.read.add(READ_AS.get(name, name))
        return getattr(self.row, name)


# what hangs on another field of a row alone
READ_AS = {"use": "flag", "arm_id": "arms", "arm_t": "arms", "arm_c": "arms"}


def test_a_row_is_refused_for_what_is_said_of_it_alone(tables, configuration):
    """Rows alike in what a refusal reads are sifted together: it may read no more than that."""
    trials, rows = trials_of(tables), raw_rows(tables)
    sieve, said = Sieve(trials, rows), set()
    pairs = (
        (sift._refused_trial, sift._trial),
        *((refusal, reading) for _, refusal, reading in sift._OF_ROWS),
    )
    for analysis in configuration:
        for question in (analysis.select, *(variant.select for variant in analysis.variants)):
            on = rows.on(question.outcome).rows
            alone = [sift.row_refusal(question, trials[row.trial_id], row) for row in on]
            assert sieve.sift(question).fates == alone, analysis.name
            said |= {fate[0] for fate in alone if fate}
            for row in on:
                for refusal, reading in pairs:
                    refused, told_apart = Watched(row), Watched(row)
                    refusal(question, trials[row.trial_id], refused)
                    reading(told_apart)
                    assert refused.read <= told_apart.read, refusal
    assert len(said) > 10, said
