"""The multiverse: which choices are combined, what is fitted, what is told of all together."""

from dataclasses import replace
from math import exp

import numpy as np
import pytest

from ketameta.configuration import Variant, Window
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
from ketameta.stats import effect_size, leave_one_out, random_effects
from ketameta.synthesize.multiverse import DRAWN, multiverse
from ketameta.synthesize.pool import pooled
from ketameta.synthesize.specifications import ALL, TAU
from ketameta.synthesize.stage import synthesis
from ketameta.tables.collection import Tables, by
from ketameta.tables.diagnostics import JudgementRow
from ketameta.tables.effects import EffectRow, VariantRow
from ketameta.tables.multiverse import (
    ChoiceRow,
    EverySpecificationRow,
    ExtremeRow,
    MeasureRow,
    MultiverseRow,
    SpecificationRow,
)
from ketameta.tables.syntheses import StudyRow, SynthesisRow
from ketameta.vocabulary.narrowing import parse

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
    return record, multiverse(analysis, record, own, alone or {}, judgements, (), lambda _: bounds)


def test_the_analysis_itself_is_the_first_specification_to_the_last_bit(smd):
    varied = Grid(tau2=("ML", "DL"), interval=("wald", "hksj"), trials=("without each trial",))
    record, found = told(smd, varied)
    (whole,) = found.whole
    (own,) = [one for one in found.drawn if one.configured]
    assert (own.estimate, own.ci_low, own.ci_high) == (
        record.estimate, record.ci_low, record.ci_high
    )  # fmt: skip
    assert own.options[0] == ALL
    assert own.spec == "0" * 12
    # auto is one of the other rules in each set
    assert whole.combinations == 6 * 3 * 3
    assert whole.specifications == 6 * 3 * 2
    assert whole.sets == 6
    first = found.every[0]
    assert (first.place, first.estimate, first.ci_low) == (0, record.estimate, record.ci_low)


def test_without_each_trial_is_leave_one_out(smd):
    _, found = told(smd, Grid(trials=("without each trial",)))
    (choice,), curve = found.choices, found.drawn
    fit = leave_one_out(YI, VI, tau2=smd.model.tau2, interval=smd.model.interval)
    found = {one.options[0]: (one.estimate, one.ci_low, one.ci_high) for one in curve}
    for i in range(len(YI)):
        assert found[f"without T{i}"] == (fit.estimate[i], fit.ci_low[i], fit.ci_high[i])
    assert choice.options == [ALL, *(f"without T{i}" for i in range(len(YI)))]


def test_shares_are_those_of_the_specifications_that_differ(smd):
    varied = Grid(
        tau2=("ML", "DL", "PM"), interval=("wald", "hksj"), trials=("without each trial",)
    )
    _, found = told(smd, varied)
    (whole,) = found.whole
    fits = {}
    for gone in (None, *range(len(YI))):
        here = [i for i in range(len(YI)) if i != gone]
        for tau2 in ("REML", "ML", "DL", "PM"):
            for rule in ("auto", "wald", "hksj"):
                fit = random_effects(np.array(YI)[here], np.array(VI)[here], tau2, rule)
                fits[gone, tau2, fit.rule] = fit.estimate, fit.ci_low, fit.ci_high
    estimates, lows, highs = np.array(list(fits.values())).T
    assert whole.specifications == len(estimates) == 6 * 4 * 2
    assert whole.combinations == 6 * 4 * 3
    assert whole.benefit == np.mean(estimates < 0)
    assert whole.benefit_clear == np.mean(highs < 0)
    assert whole.benefit_worthwhile == np.mean(estimates <= -0.2)
    assert whole.benefit_wholly == np.mean(highs <= -0.2)
    assert whole.harm == np.mean(estimates > 0)
    assert whole.harm_clear == np.mean(lows > 0)
    assert whole.median == pytest.approx(np.median(estimates))
    assert sum(choice.share for choice in found.choices) == pytest.approx(1)
    # no rule of the interval moves an estimate
    assert {c.dimension: c.share for c in found.choices}["rule of the interval"] == 0
    assert sorted(one.estimate for one in found.every) == pytest.approx(sorted(estimates))
    assert sum(one.combinations for one in found.every) == whole.combinations


def test_a_benefit_is_on_the_side_that_favours_treatment(configuration):
    harm = replace(configuration["ae_any"], variants=())
    _, found = told(harm, Grid(tau2=("ML",)), bounds=(0.8, 1.25))
    (whole,) = found.whole
    assert (whole.benefit, whole.harm) == (1, 0)
    good = replace(configuration["response_24h"], variants=())
    _, found = told(good, Grid(tau2=("ML",)), bounds=(0.8, 1.25))
    (whole,) = found.whole
    assert (whole.benefit, whole.harm, whole.harm_worthwhile) == (0, 1, 1)


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
        "a & b": made(VariantRow, [y + 0.4 for y in YI]),
    }
    _, found = told(analysis, Grid(), alone)
    (whole,), choices = found.whole, found.choices
    assert whole.specifications == whole.combinations == 4
    shares = {choice.dimension: choice.share for choice in choices}
    assert shares == pytest.approx({"correlation": 0.9, "basis": 0.1}, rel=1e-9)


def test_trials_at_high_risk_of_bias_are_left_out_where_some_stay(smd):
    judged = [row(JudgementRow, trial_id="t4", judgement="high")]
    high = Grid(trials=("without high risk of bias",))
    (choice,) = told(smd, high, judgements=judged)[1].choices
    assert choice.options == [ALL, "without high risk of bias"]
    judged = [row(JudgementRow, trial_id=f"t{i}", judgement="high") for i in range(4)]
    assert not any(told(smd, high, judgements=judged)[1])


def test_what_leaves_too_few_effects_is_counted_and_in_no_share(smd):
    analysis = replace(smd, model=replace(smd.model, minimum_k=5))
    _, found = told(analysis, Grid(tau2=("ML",), trials=("without each trial",)))
    (whole,) = found.whole
    assert (whole.combinations, whole.specifications, whole.unpooled) == (12, 2, 10)
    assert len(found.drawn) == 2
    assert len(found.every) == 12
    # of what is left the estimator alone moves the estimate, and it is said of which that is
    assert {c.dimension: c.share for c in found.choices} == {"trials": None, TAU: 1.0}
    assert sorted(whole.reduced) == [f"trials: without T{i}" for i in range(5)]


def test_a_ratio_is_told_as_it_is_read(configuration):
    ratio = replace(configuration["response_24h"], variants=())
    record, found = told(ratio, Grid(("ML",)), bounds=(0.8, 1.25))
    (whole,), curve = found.whole, found.drawn
    assert 0 < whole.low <= whole.median <= whole.high < 1
    (own,) = [one for one in curve if one.configured]
    assert own.estimate == pytest.approx(exp(record.estimate_log))


def test_many_specifications_are_thinned_evenly_and_the_analysis_stays(smd):
    varied = Grid(
        tau2=("ML", "DL", "PM", "HE", "SJ", "EB", "HS", "DL2"),
        interval=("wald", "hksj"),
        trials=("without each trial",),
    )
    _, found = told(smd, varied)
    (whole,), curve = found.whole, found.drawn
    assert whole.specifications == len(found.every) == 6 * 9 * 2 > DRAWN
    assert DRAWN <= len(curve) <= DRAWN + 1
    assert [one.rank for one in curve] == sorted({one.rank for one in curve})
    assert (curve[0].rank, curve[-1].rank) == (1, whole.specifications)
    assert sum(one.configured for one in curve) == 1


def test_nothing_is_told_without_a_grid_or_a_pool(smd):
    assert not any(told(smd, None)[1])
    assert not any(told(smd, Grid())[1])
    assert not any(told(smd, Grid(("ML",)), effects=made(EffectRow)[:1])[1])
    assert not any(told(smd, Grid(("ML",)), effects=made(EffectRow, shared=0.01))[1])


def test_treated_arms_alone_have_estimates_and_no_verdict(configuration):
    arms = replace(configuration["reduction_24h_arm"], variants=())
    effects = made(EffectRow, yi=(40, 50, 45, 60, 38), vi=(9, 8, 7, 9, 12))
    _, found = told(arms, Grid(tau2=("ML",)), effects=effects)
    (whole,) = found.whole
    assert whole.benefit is whole.harm is None
    assert 38 < whole.low <= whole.high < 60


def test_choices_of_one_key_exclude_each_other_and_those_that_narrow_by_another_do_not(smd):
    question, model = smd.select, smd.model

    def variant(name, **keys):
        return Variant(name, replace(question, **keys), model)

    variants = (
        variant("r 0.1", correlation=0.1),
        variant("trt", narrow=parse("population=TRD")),
        variant("r 0.9", correlation=0.9),
        variant("parallel", narrow=parse("design=parallel")),
        variant("mdd", narrow=parse("population=MDD")),
        variant("r 0.9 at 7 d", correlation=0.9, window=Window("7 d", 168, 120, 216)),
        variant("r 0.1 again", correlation=0.1),
    )
    analysis = replace(smd, variants=variants, grid=Grid())
    alone = {v.name: made(VariantRow, [y + n / 9 for y in YI]) for n, v in enumerate(variants, 1)}
    varied = grid.of(analysis, made(EffectRow), alone)
    names = [[v.name for v in one] for one in varied.dimensions]
    assert names == [["r 0.1", "r 0.9", "r 0.9 at 7 d"], ["trt", "mdd"], ["parallel"]]
    assert len(grid.combinations(varied.dimensions)) == 4 * 3 * 2
    together = grid.question_of(question, (variants[1], variants[3]))
    assert {str(n) for n in together.narrow} == {"population=TRD", "design=parallel"}


def test_a_choice_that_acts_beside_another_alone_is_combined(smd):
    question, model = smd.select, smd.model
    variants = (
        Variant("a", replace(question, correlation=0.1), model),
        Variant("b", replace(question, basis=("endpoint",)), model),
        Variant("c", replace(question, sources=("arms",)), model),
    )
    analysis = replace(smd, variants=variants, grid=Grid())
    moved = [y + 0.1 for y in YI]
    alone = {"a": made(VariantRow), "b": made(VariantRow, moved), "c": made(VariantRow)}

    def ask(asked):
        both = asked.correlation == 0.1 and asked.basis == ("endpoint",)
        own = [y + 0.4 for y in YI] if both else moved if asked.basis == ("endpoint",) else YI
        return made(VariantRow, own)

    found = grid.together(analysis, made(EffectRow), alone, ask)
    assert [*found] == ["a & b"]
    varied = grid.of(analysis, made(EffectRow), {**alone, **found})
    assert [[v.name for v in one] for one in varied.dimensions] == [["a"], ["b"]]
    assert varied.idle == ["c"]


def test_dimensions_that_move_least_are_left_out_where_there_would_be_too_many(smd, monkeypatch):
    monkeypatch.setattr(grid, "MOST", 4)
    question, model = smd.select, smd.model
    variants = (
        Variant("little", replace(question, correlation=0.1), model),
        Variant("much", replace(question, basis=("endpoint",)), model),
        Variant("more", replace(question, sources=("arms",)), model),
    )
    analysis = replace(smd, variants=variants, grid=Grid())
    alone = {v.name: made(VariantRow, [y + n / 10 for y in YI]) for n, v in enumerate(variants, 1)}
    varied = grid.of(analysis, made(EffectRow), alone)
    assert [[v.name for v in one] for one in varied.dimensions] == [["much"], ["more"]]
    assert varied.crowded == ["little"]


def test_combined_choices_are_what_their_question_gives(tables, configuration):
    """The effects of normalize under two choices at once, asked for by their own question."""
    choices = Choices(trials_of(tables), raw_rows(tables))
    variants = by(tables[VariantRow], lambda line: line.analysis)
    effects = by(tables[EffectRow], lambda line: line.analysis)
    compared = 0
    for analysis in configuration.whole:
        alone = by(variants[analysis.name], lambda line: line.variant)
        varied = grid.of(analysis, effects[analysis.name], alone)
        for combination in grid.combinations(varied.dimensions):
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
    every = by(tables[EverySpecificationRow], lambda line: line.analysis)
    for whole in tables[MultiverseRow]:
        (own,) = [one for one in curves[whole.analysis] if one.configured]
        record = records[whole.analysis]
        assert (own.estimate, own.ci_low, own.ci_high) == (
            record.estimate, record.ci_low, record.ci_high
        )  # fmt: skip
        lines = every[whole.analysis]
        assert (lines[0].place, lines[0].estimate) == (0, record.estimate)
        assert sum(one.estimate is not None for one in lines) == whole.specifications
        assert sum(one.combinations for one in lines) == whole.combinations
        assert len({one.spec for one in lines}) == len(lines)


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
    name = next(m.analysis for m in tables[MeasureRow] if m.specifications > DRAWN)
    analysis = configuration[name]
    (record,) = [line for line in tables[SynthesisRow] if line.analysis == name]
    kinds = (MultiverseRow, MeasureRow, ChoiceRow, SpecificationRow, ExtremeRow, StudyRow)
    own = Tables({k: [line for line in tables[k] if line.analysis == name] for k in kinds})
    view = multiverse_view(analysis, record, own)
    assert " different analyses (" in view.sentence
    assert "The estimate is a " in view.sentence
    assert "the choice that matters most is " in view.sentence
    for picture in (view.wide, view.narrow):
        assert len(picture) < 60_000
        assert "analyses in the order of their estimates" in picture
        assert "odds ratio" not in picture
    assert view.measures[0].measure == "risk ratio"
    assert "other measures stand on other scales" in view.notes[0]
    assert [end.which for end in view.extremes] == ["lowest", "highest"]
    for end in view.extremes:
        assert end.trials
        assert all(".csv:" in trial.rows for trial in end.trials)
    assert multiverse_view(analysis, record, own | Tables({MultiverseRow: []})) is None
    first, second, *rest = own[ChoiceRow]
    alike = [replace(first, share=0.4), replace(second, share=0.4 + 1e-13)]
    alike += [replace(one, share=0.01) for one in rest]
    told = multiverse_view(analysis, record, own | Tables({ChoiceRow: alike})).sentence
    assert f"the choice that matters most is {first.dimension} (40% " in told


def test_a_measure_stands_on_its_own_scale_and_its_verdict_beside_the_others(configuration):
    """Odds ratios above 1 and risk ratios above 1 are the same side of no effect."""
    ratio = configuration["response_24h"]
    other = Variant("odds ratio", replace(ratio.select, measure="OR"), ratio.model)
    analysis = replace(ratio, variants=(other,))
    yi = [0.5, 0.3, -0.1, 0.4, 0.6]
    alone = {"odds ratio": made(VariantRow, [2 * y for y in yi])}
    bounds = {"RR": (0.8, 1.25), "OR": (0.1, 9.0)}
    own = made(EffectRow, yi)
    record = synthesis(analysis, own)
    analysis = replace(analysis, grid=Grid(tau2=("ML",)))
    found = multiverse(analysis, record, own, alone, (), (), bounds.get)
    (whole,) = found.whole
    assert (whole.specifications, whole.benefit) == (4, 1)
    assert {line.measure: line.benefit_worthwhile for line in found.measures} == {"RR": 1, "OR": 0}
    assert whole.benefit_worthwhile == 0.5
    medians = {line.measure: line.median for line in found.measures}
    assert whole.median == medians["RR"] < medians["OR"]
    assert len(found.drawn) == 2
    assert {c.dimension: c.share for c in found.choices}["measure"] is None


def test_a_mixed_interval_and_counts_are_one_specification_whatever_the_estimator(configuration):
    ratio = replace(configuration["response_24h"], variants=())
    cells = zip((9, 8, 12, 3), (20, 22, 40, 10), (4, 0, 8, 2), (20, 21, 41, 11), strict=True)
    effects = [
        row(
            EffectRow, trial_id=f"t{n}", label=f"T{n}", people=n_t + n_c, yi=float(size.yi),
            vi=float(size.vi), events_t=a, n_t=n_t, events_c=c, n_c=n_c,
        )
        for n, (a, n_t, c, n_c) in enumerate(cells)
        for size in [effect_size("RR", ai=a, n1i=n_t, ci=c, n2i=n_c)]
    ]  # fmt: skip
    varied = Grid(
        tau2=("ML",), interval=("wald",), pooling=("Mantel-Haenszel", "Peto"),
        correction=("by the other arm",), without_events=("left out",),
    )  # fmt: skip
    _, found = told(ratio, varied, effects=effects, bounds=(0.8, 1.25))
    lines = [one for one in found.every if one.combinations == 2 * 2 * 2]
    model = replace(ratio.model, pooling="Mantel-Haenszel")
    expected = pooled("RR", effects, model)
    assert [(one.estimate, one.ci_low) for one in lines] == [(expected.estimate, expected.ci_low)]
    dimensions = {c.dimension: c.options for c in found.choices}
    assert dimensions["pooling"] == ["inverse variance", "Mantel-Haenszel"]
    assert "empty cells" in dimensions
    assert "trials without events" not in dimensions
