"""Specifications: what they are called, which are the same, and each opened by itself."""

from dataclasses import replace

import numpy as np
import pytest

from ketameta.commands.since import Since, UnknownWordError
from ketameta.commands.specification import specification
from ketameta.configuration import Variant
from ketameta.configuration.models import Grid
from ketameta.normalize import grid
from ketameta.report import wording
from ketameta.synthesize.sets import distinct
from ketameta.synthesize.specifications import Dimension, Space, space_of
from ketameta.tables.collection import by
from ketameta.tables.effects import EffectRow, VariantRow
from ketameta.tables.multiverse import MultiverseRow, SpecificationRow

from ..rows import row

DATA = Dimension("basis", ("as asked", "other"))
TRIALS = Dimension("trials", ("all", *(f"without {i}" for i in range(40))))
POOLING = Dimension("pooling", ("inverse variance",))
TAU2 = Dimension("estimator", ("REML", "DL", "PM"))
RULE = Dimension("rule", ("auto", "wald"))


@pytest.fixture
def space(configuration):
    """Return a function that makes a space of some dimensions, with no choices of data."""
    analysis = configuration["depression_24h"]
    return lambda *dimensions: Space(analysis, grid.Varied(), {}, {}, dimensions)


def ids_of(whole):
    return whole.identities(np.arange(np.prod(whole.shape)))


def test_each_specification_has_an_id_of_its_own_that_leads_back(space):
    whole = space(TRIALS, POOLING, TAU2, RULE)
    ids = ids_of(whole)
    assert len({*ids}) == len(ids) == 41 * 3 * 2
    assert all(len(one) == 12 for one in ids)
    assert ids[0] == "0" * 12
    chosen = ("without 7", "inverse variance", "PM", "auto")
    own = ids[whole.place(chosen)]
    assert whole.at(whole.place(chosen)) == chosen
    assert whole.with_identity(own) == whole.with_identity(own[:7]) == [chosen]
    assert whole.with_identity("x") == []


def test_an_id_stays_where_other_choices_come_and_go(space):
    small = space(POOLING, TAU2, RULE)
    own = ids_of(small)[small.place(("inverse variance", "DL", "wald"))]
    more = Dimension("estimator", ("REML", "ML", "DL"))
    large = space(DATA, RULE, POOLING, more, Dimension("rest", ("one",)))
    there = large.place(("as asked", "wald", "inverse variance", "DL", "one"))
    assert ids_of(large)[there] == own
    assert ids_of(small)[small.place(("inverse variance", "DL", "auto"))] != own


def test_trials_of_one_label_are_left_out_one_by_one(configuration):
    analysis = replace(
        configuration["depression_24h"], variants=(), grid=Grid(trials=("without each trial",))
    )
    labels = {"a": "Li 2016", "b": "Li 2016", "c": "Su 2017"}
    effects = [
        row(EffectRow, trial_id=t, label=label, yi=0.1, vi=0.1, people=9)
        for t, label in labels.items()
    ]
    found = space_of(analysis, effects, {}, (), ())
    assert [*found.dropped.values()] == [set(), {"a"}, {"b"}, {"c"}]


def test_the_same_effects_in_another_order_are_one_set_and_swapped_variances_are_not():
    yi = np.array([[1.0, 2.0, np.nan], [np.nan, 2.0, 1.0], [1.0, 2.0, np.nan], [1.0, 2.0, 3.0]])
    vi = np.array([[0.1, 0.2, np.nan], [np.nan, 0.2, 0.1], [0.2, 0.1, np.nan], [0.1, 0.2, 0.3]])
    first, of_row = distinct(yi, vi, np.array(["RR"] * 4))
    assert (first.tolist(), of_row.tolist()) == ([0, 2, 3], [0, 0, 1, 2])
    first, _ = distinct(yi, vi, np.array(["RR", "OR", "RR", "RR"]))
    assert first.tolist() == [0, 1, 2, 3]


def test_what_changes_nothing_and_what_cannot_be_combined_are_told_apart(configuration):
    analysis = configuration["depression_24h"]
    question = analysis.select
    names = {"idle": 0.1, "few": 0.2, "other": 0.3}
    variants = tuple(
        Variant(name, replace(question, correlation=r), analysis.model) for name, r in names.items()
    )
    analysis = replace(analysis, variants=variants, grid=Grid())

    def effects(kind, n, shift=0.0):
        return [row(kind, trial_id=f"t{i}", yi=i + shift, vi=0.1, people=9) for i in range(n)]

    own = effects(EffectRow, 4)
    alone = {"idle": effects(VariantRow, 4), "few": effects(VariantRow, 1)}
    alone["other"] = effects(VariantRow, 4, 0.5)
    varied = grid.of(analysis, own, alone)
    assert (varied.idle, varied.apart, varied.crowded) == (["idle"], ["few"], [])


@pytest.fixture
def since(tables):
    return Since(tables, tables, 0, tables)


def test_a_specification_opened_by_itself_has_the_estimate_of_the_batch(
    since, tables, configuration
):
    curves = by(tables[SpecificationRow], lambda line: line.analysis)
    largest = sorted(tables[MultiverseRow], key=lambda line: -line.specifications)[:2]
    for whole in largest:
        analysis, curve = configuration[whole.analysis], curves[whole.analysis]
        measure = analysis.select.measure
        own = next(one for one in curve if one.configured)
        for one in (curve[0], own, curve[len(curve) // 3], curve[-1]):
            head, choices, result, trials, fates = specification(analysis, one.spec, since)
            assert f"{one.spec} of " in head
            assert head.endswith("the analysis itself") == one.configured
            assert all(f": {option}" in choices for option in one.options)
            assert ".csv:" in fates
            told = wording.with_interval(measure, one.estimate, one.ci_low, one.ci_high)
            assert result.startswith(told)
            own_trials = [line for line in trials.splitlines() if "left out" not in line]
            assert len(own_trials) == one.k
            assert all(".csv:" in line for line in own_trials)


def test_an_id_that_names_none_or_several_says_which_there_are(since, tables, configuration):
    whole = max(tables[MultiverseRow], key=lambda line: line.specifications)
    analysis = configuration[whole.analysis]
    with pytest.raises(UnknownWordError, match=r"no specification zz; lowest \w{12}, highest"):
        [*specification(analysis, "zz", since)]
    with pytest.raises(UnknownWordError, match="ids begin so, such as"):
        [*specification(analysis, "0", since)]
    with pytest.raises(UnknownWordError, match="has no specifications"):
        [*specification(replace(analysis, grid=None), "0", since)]


def test_of_many_trials_none_is_left_out_in_combinations(configuration, monkeypatch):
    asked = Grid(tau2=("REML", "DL"), trials=("without each trial",))
    analysis = replace(configuration["depression_24h"], variants=(), grid=asked)
    effects = [
        row(EffectRow, trial_id=t, label=t, yi=0.1 * n, vi=0.1, people=9)
        for n, t in enumerate("abcdef")
    ]
    assert len(space_of(analysis, effects, {}, (), ()).dropped) == 7
    monkeypatch.setattr(grid, "USUAL", 5)
    found = space_of(analysis, effects, {}, (), ())
    assert len(found.dropped) == 1
    assert found.varied.crowded == ["without each trial"]
