"""No effect hangs on the order of rows in the tables: what is chosen is decided by the cells."""

import random

import pytest

from ketameta.normalize.choose import Choices
from ketameta.normalize.stage import effects_of
from ketameta.normalize.trials import raw_rows, trials_of

from ..rows import tables_of

SIDES = ("ket", "sal")


def answers(raw, question):
    tables = tables_of(raw)
    effects, _ = effects_of("test", question, Choices(trials_of(tables), raw_rows(tables)))
    return [(e.trial.trial_id, e.yi, e.vi, e.definition, e.scale, e.hour) for e in effects]


def shuffled(raw, seed):
    """Return the tables with their rows in another order, numbered anew."""
    result = {}
    for name, rows in raw.items():
        order = rows[::-1] if seed == 0 else random.Random(seed).sample(rows, len(rows))
        result[name] = [{**row, "line": line} for line, row in enumerate(order, start=2)]
    return result


def definitions(made):
    for word, (x, y) in {"a": (12, 7), "b": (14, 6), "c": (9, 8)}.items():
        made.events("one", {"ket": (x, 20), "sal": (y, 20)}, definition=word)


def sets(made):
    for word, (x, y) in {"fas-locf": (12, 7), "fas-observed": (14, 6)}.items():
        made.events("one", {"ket": (x, 20), "sal": (y, 20)}, analysis_set=word)


def twice(made):
    for locator, x in (("figure", 12), ("table", 15)):
        made.events("one", {"ket": (x, 20), "sal": (8, 20)}, locator=locator)


def sources(made):
    for seen, x in (("secondary", 12), ("direct", 15), ("derived", 14)):
        made.events("one", {"ket": (x, 20), "sal": (8, 20)}, seen=seen)


@pytest.mark.parametrize("add", [definitions, sets, twice, sources])
def test_the_choice_among_counts(made, ask, add):
    made.trial("one")
    add(made)
    question = ask(
        "response_24h", definitions=None, analysis_sets=("fas-locf", "fas-observed", "not stated")
    )
    wanted = answers(made.raw, question)
    assert len(wanted) == 1
    for seed in range(6):
        assert answers(shuffled(made.raw, seed), question) == wanted


def test_the_choice_among_contrasts(made, ask):
    made.trial("one")
    for model, estimate in (("ANCOVA LOCF", -2.0), ("MMRM", -3.2), ("ANCOVA", -2.5)):
        made.contrast(
            "one", *SIDES, "depression_score", "MD", estimate=estimate, se=1.2, model=model
        )
    question = ask("depression_24h", measure="MD", sources=("contrasts", "arms"), scales=None)
    wanted = answers(made.raw, question)
    assert wanted[0][1] == -2.5  # values carried forward come last
    for seed in range(6):
        assert answers(shuffled(made.raw, seed), question) == wanted


def test_the_choice_among_baselines(made, ask):
    made.trial("one")
    made.scores("one", {"ket": dict(mean=14.0, sd=8.0, n=20)})
    for hour, mean in ((168.0, 31.0), (336.0, 33.0)):
        made.scores(
            "one", {"ket": dict(baseline_mean=mean, baseline_sd=5.0, n=20)}, timepoint_h=hour
        )
    question = ask("depression_24h", measure="PCTRED", basis=("endpoint",), scales=None)
    wanted = answers(made.raw, question)
    assert len(wanted) == 1
    for seed in range(6):
        assert answers(shuffled(made.raw, seed), question) == wanted
