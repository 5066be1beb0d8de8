"""The multiverse: which choices are combined, what is fitted, what is told of all together."""

from dataclasses import replace
from math import exp

import numpy as np
import pytest

from ketameta.configuration import Variant
from ketameta.configuration.models import Grid
from ketameta.figures.axis import AxisScale
from ketameta.figures.scene import to_svg
from ketameta.figures.specifications import (
    Choice,
    Specification,
    SpecificationCurve,
    draw_specifications,
)
from ketameta.normalize import grid
from ketameta.normalize.choose import Choices
from ketameta.normalize.stage import effects_of
from ketameta.normalize.trials import raw_rows, trials_of
from ketameta.report.multiverse import multiverse_view
from ketameta.stats import leave_one_out, random_effects
from ketameta.synthesize.multiverse import DRAWN, multiverse
from ketameta.synthesize.specifications import ALL
from ketameta.synthesize.stage import synthesis
from ketameta.tables.collection import by
from ketameta.tables.diagnostics import JudgementRow
from ketameta.tables.effects import EffectRow, VariantRow
from ketameta.tables.multiverse import ChoiceRow, MultiverseRow, SpecificationRow
from ketameta.tables.syntheses import SynthesisRow

from ..rows import row

YI, VI = (-0.9, -0.3, -1.1, -0.6, 0.1), (0.05, 0.09, 0.12, 0.04, 0.2)


def made(kind, yi=YI, vi=VI, **values):
    return [
        row(kind, trial_id=f"t{i}", yi=y, vi=v, people=40, **values, **_label(kind, i))
        for i, (y, v) in enumerate(zip(yi, vi, strict=True))
    ]


def _label(kind, i):
    return {"label": f"T{i}"} if kind is EffectRow else {}


@pytest.fixture
def smd(configuration):
    """Return an analysis of scores without other choices."""
    return replace(configuration["depression_24h"], variants=(), grid=Grid())


def told(analysis, varied, alone=None, judgements=(), bounds=(-0.2, 0.2), effects=None):
    own = effects or made(EffectRow)
    record = synthesis(analysis, own)
    analysis = replace(analysis, grid=varied)
    return record, multiverse(analysis, record, own, alone or {}, judgements, bounds)


def test_the_analysis_itself_is_the_first_specification_to_the_last_bit(smd):
    record, ((whole,), _, curve) = told(smd, Grid(("ML", "DL"), ("wald",), ("without each trial",)))
    (own,) = [one for one in curve if one.configured]
    assert (own.estimate, own.ci_low, own.ci_high) == (
        record.estimate, record.ci_low, record.ci_high
    )  # fmt: skip
    assert own.options[0] == ALL
    assert whole.specifications == 6 * 3 * 2
    assert whole.sets == 6


def test_without_each_trial_is_leave_one_out(smd):
    _, (_, (choice,), curve) = told(smd, Grid(trials=("without each trial",)))
    fit = leave_one_out(YI, VI, tau2=smd.model.tau2, interval=smd.model.interval)
    found = {one.options[0]: (one.estimate, one.ci_low, one.ci_high) for one in curve}
    for i in range(len(YI)):
        assert found[f"without T{i}"] == (fit.estimate[i], fit.ci_low[i], fit.ci_high[i])
    assert choice.options == [ALL, *(f"without T{i}" for i in range(len(YI)))]


def test_shares_are_those_of_all_specifications(smd):
    varied = Grid(("ML", "DL", "PM"), ("wald", "hksj"), ("without each trial",))
    _, ((whole,), choices, _) = told(smd, varied)
    estimates, lows, highs = [], [], []
    for gone in (None, *range(len(YI))):
        here = [i for i in range(len(YI)) if i != gone]
        for tau2 in ("REML", "ML", "DL", "PM"):
            for rule in ("auto", "wald", "hksj"):
                fit = random_effects(np.array(YI)[here], np.array(VI)[here], tau2, rule)
                estimates.append(fit.estimate)
                lows.append(fit.ci_low)
                highs.append(fit.ci_high)
    assert whole.specifications == len(estimates)
    assert whole.same_side == np.mean(np.array(estimates) < 0)
    assert whole.past_none == np.mean(np.array(highs) < 0)
    assert whole.worthwhile == np.mean(np.array(estimates) <= -0.2)
    assert whole.median == pytest.approx(np.median(estimates))
    assert sum(choice.share for choice in choices) == pytest.approx(1)
    # no rule of the interval moves an estimate
    assert {c.dimension: c.share for c in choices}["rule of the interval"] == pytest.approx(0)


def test_a_choice_that_adds_up_has_the_share_of_its_own_variance(smd):
    """Two choices of data that move every effect by constants: their variances add up."""
    question = smd.select
    one = replace(question, correlation=0.1)
    other = replace(question, basis=("endpoint",))
    variants = Variant("a", one, smd.model), Variant("b", other, smd.model)
    analysis = replace(smd, variants=variants)
    alone = {
        "a": made(VariantRow, [y + 0.3 for y in YI]),
        "b": made(VariantRow, [y + 0.1 for y in YI]),
        "a and b": made(VariantRow, [y + 0.4 for y in YI]),
    }
    _, ((whole,), choices, _) = told(analysis, Grid(), alone)
    assert whole.specifications == 4
    shares = {choice.dimension: choice.share for choice in choices}
    assert shares == pytest.approx({"correlation": 0.9, "basis": 0.1}, rel=1e-9)


def test_trials_at_high_risk_of_bias_are_left_out_where_some_stay(smd):
    judged = [row(JudgementRow, trial_id="t4", judgement="high")]
    _, (_, (choice,), _) = told(smd, Grid(trials=("without high risk of bias",)), judgements=judged)
    assert choice.options == [ALL, "without high risk of bias"]
    judged = [row(JudgementRow, trial_id=f"t{i}", judgement="high") for i in range(4)]
    assert told(smd, Grid(trials=("without high risk of bias",)), judgements=judged)[1] == (
        [], [], []
    )  # fmt: skip


def test_what_leaves_too_few_effects_is_counted_and_in_no_share(smd):
    analysis = replace(smd, model=replace(smd.model, minimum_k=5))
    _, ((whole,), choices, curve) = told(analysis, Grid(("ML",), (), ("without each trial",)))
    assert (whole.specifications, whole.unpooled) == (12, 10)
    assert len(curve) == 2
    # of what is left the estimator alone moves the estimate
    assert {c.dimension: c.share for c in choices} == {"trials": None, "estimator of tau²": 1.0}


def test_a_ratio_is_told_as_it_is_read(configuration):
    ratio = replace(configuration["response_24h"], variants=())
    record, ((whole,), _, curve) = told(ratio, Grid(("ML",)), bounds=(0.8, 1.25))
    assert 0 < whole.low <= whole.median <= whole.high < 1
    (own,) = [one for one in curve if one.configured]
    assert own.estimate == pytest.approx(exp(record.estimate_log))


def test_many_specifications_are_thinned_evenly_and_the_analysis_stays(smd):
    varied = Grid(("ML", "DL", "PM", "HE", "SJ"), ("wald", "hksj"), ("without each trial",))
    _, ((whole,), _, curve) = told(smd, varied)
    assert whole.specifications == 6 * 6 * 3 > DRAWN
    assert DRAWN <= len(curve) <= DRAWN + 1
    assert [one.rank for one in curve] == sorted({one.rank for one in curve})
    assert (curve[0].rank, curve[-1].rank) == (1, whole.specifications)
    assert sum(one.configured for one in curve) == 1


def test_nothing_is_told_without_a_grid_or_a_pool(smd, configuration):
    assert told(smd, None)[1] == ([], [], [])
    assert told(smd, Grid())[1] == ([], [], [])
    assert told(smd, Grid(("ML",)), effects=made(EffectRow)[:1])[1] == ([], [], [])
    assert told(smd, Grid(("ML",)), effects=made(EffectRow, shared=0.01))[1] == ([], [], [])
    arms = replace(configuration["response_24h_arm"], variants=())
    record = row(SynthesisRow, estimate=0.4, measure="PLO")
    assert multiverse(replace(arms, grid=Grid(("ML",))), record, made(EffectRow), {}, (), None) == (
        [], [], []
    )  # fmt: skip


def test_choices_of_one_key_exclude_each_other_and_those_that_narrow_do_not(configuration):
    analysis = configuration["depression_24h"]
    found = grid.dimensions(analysis, lambda variant: True)
    keys = [
        {key for variant in options for key in grid.changed(analysis.select, variant.select)}
        for options in found
    ]
    assert all(len(one) == 1 for one in keys)
    assert sum(one == {"correlation"} for one in keys) == 1
    assert len(grid.combinations(found)) <= grid.MOST
    assert grid.combinations(found)[0] == ()
    narrowing = [one[0] for one, key in zip(found, keys, strict=True) if key == {"narrow"}]
    together = grid.question_of(analysis.select, tuple(narrowing[:2]))
    own = {narrow for variant in narrowing[:2] for narrow in variant.select.narrow}
    assert {str(n) for n in own} <= {str(n) for n in together.narrow}


def test_combined_choices_are_what_their_question_gives(tables, configuration):
    """The effects of normalize under two choices at once, asked for by their own question."""
    choices = Choices(trials_of(tables), raw_rows(tables))
    variants = by(tables[VariantRow], lambda line: line.analysis)
    effects = by(tables[EffectRow], lambda line: line.analysis)
    compared = 0
    for analysis in configuration.whole:
        alone = by(variants[analysis.name], lambda line: line.variant)
        for combination in grid.combinations(grid.of(analysis, effects[analysis.name], alone)):
            if len(combination) == 2 and compared < 6:
                question = grid.question_of(analysis.select, combination)
                found, _ = effects_of(analysis.name, question, choices)
                assert grid.same(alone[grid.name_of(combination)], found_rows(found))
                compared += 1
    assert compared == 6


def found_rows(effects):
    return [
        row(VariantRow, trial_id=e.trial.trial_id, comparison=e.comparison, yi=e.yi, vi=e.vi)
        for e in effects
    ]


def test_every_analysis_of_the_tests_holds_its_own_result(tables, configuration):
    records = {line.analysis: line for line in tables[SynthesisRow]}
    curves = by(tables[SpecificationRow], lambda line: line.analysis)
    assert len(tables[MultiverseRow]) > 5
    for whole in tables[MultiverseRow]:
        (own,) = [one for one in curves[whole.analysis] if one.configured]
        record = records[whole.analysis]
        assert (own.estimate, own.ci_low, own.ci_high) == (
            record.estimate, record.ci_low, record.ci_high
        )  # fmt: skip


def test_a_curve_of_many_dimensions_is_a_small_picture():
    choices = tuple(Choice(f"choice {n}", ("as asked", "a", "b", "c")) for n in range(8))
    drawn = tuple(
        Specification(
            n / 7, n / 7 - 1, n / 7 + 1, n == 40, tuple((n * 7 + k) % 4 for k in range(8))
        )
        for n in range(DRAWN + 1)
    )
    scale = AxisScale(null=0.0)
    curve = SpecificationCurve("t", "d", "Difference", (), drawn, choices, scale)
    picture = to_svg(draw_specifications(curve), "x")
    assert len(picture) < 60_000
    # each option has marks, the analysis its own in every choice beside its interval and estimate
    assert picture.count('class="mark"') == 1 + 8 * 4
    assert picture.count('class="pooled"') == 1 + 8


def test_the_page_says_what_holds_and_which_choice_matters(tables, configuration):
    name = next(w.analysis for w in tables[MultiverseRow] if w.specifications > DRAWN)
    analysis = configuration[name]
    (record,) = [line for line in tables[SynthesisRow] if line.analysis == name]
    own = {
        kind: [line for line in tables[kind] if line.analysis == name]
        for kind in (MultiverseRow, ChoiceRow, SpecificationRow)
    }
    view = multiverse_view(analysis, record, *own.values())
    assert " specifications; the estimate is on the same side in " in view.sentence
    assert "the choice that matters most is " in view.sentence
    for picture in (view.wide, view.narrow):
        assert len(picture) < 60_000
        assert "specifications in the order of their estimates" in picture
    assert [which for which, *_ in view.extremes] == ["lowest", "highest"]
    assert multiverse_view(analysis, record, [], [], []) is None
