"""Analyses where the spread between trials has a prior: which, and what is told of the result."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ketameta.report.bayes import bayes_view, probability
from ketameta.stats import bayes, half_normal, log_normal, log_t
from ketameta.synthesize.bayes import posteriors, priors
from ketameta.tables.effects import EffectRow
from ketameta.tables.syntheses import StudyRow, SynthesisRow

from ..rows import row

YI, VI = (-0.9, -0.3, -1.1, -0.6), (0.05, 0.09, 0.12, 0.04)


def effects(unit=1.0, kind=EffectRow, **values):
    cells = [(f"t{i}", unit * y, unit**2 * v) for i, (y, v) in enumerate(zip(YI, VI, strict=True))]
    return [row(kind, trial_id=t, label=t, yi=y, vi=v, **values) for t, y, v in cells]


def found(analysis, unit=1.0, bounds=(-0.2, 0.2), favours="below", **values):
    record = row(SynthesisRow, estimate=-0.7, favours=favours)
    studies = effects(unit, StudyRow, sd_c=unit, **values)
    return posteriors(analysis, record, effects(unit, **values), studies, bounds)


@pytest.fixture
def smd(configuration):
    return configuration["depression_24h"]


@pytest.fixture
def ratio(configuration):
    return configuration["response_24h"]


def test_the_first_prior_is_the_published_one_of_the_kind_of_outcome(smd, ratio, configuration):
    assert priors(smd, [])[0] == log_t(-2.99, 2.16)
    assert priors(ratio, [])[0] == log_normal(-2.12, 1.53)
    assert priors(configuration["ae_nausea"], [])[0] == log_normal(-1.87, 1.52)
    other = replace(ratio, model=replace(ratio.model, comparison="other vs pharmacological"))
    assert priors(other, [])[0] == log_normal(-1.09, 1.27)
    none = replace(ratio, model=replace(ratio.model, comparison=None))
    assert priors(none, []) == priors(ratio, [])[1:]


def test_a_row_a_prior_is_the_model_of_the_statistics_under_it(smd):
    rows, drawn = found(smd)
    assert [line.published for line in rows] == [True, False, False, False]
    assert rows[1].prior == "half-normal(0.5)"
    fit = bayes(YI, VI, mu_sd=np.inf, tau=half_normal(0.5), threshold=-0.2)
    assert (rows[1].estimate, rows[1].low, rows[1].high) == (fit.mu_median, fit.mu_low, fit.mu_high)
    assert (rows[1].new_low, rows[1].new_high) == (fit.pi_low, fit.pi_high)
    assert rows[1].tau == fit.tau_median
    assert rows[1].worthwhile == fit.below < rows[1].benefit < 1
    assert rows[1].benefit + rows[1].harmful < 1
    assert [line.trial_id for line in drawn] == ["t0", "t1", "t2", "t3"]
    # each stands between itself and the mean
    assert -1.1 < drawn[2].estimate < rows[0].estimate < drawn[1].estimate < -0.3


def test_points_are_standard_deviations_of_the_control_arms(smd, configuration):
    points = configuration["depression_24h_madrs"]
    rows, _ = found(points, unit=8.0, bounds=(-1.6, 1.6))
    same, _ = found(smd)
    for line, other in zip(rows, same, strict=True):
        assert line.estimate == pytest.approx(8 * other.estimate, rel=1e-9)
        assert (line.low, line.tau) == pytest.approx((8 * other.low, 8 * other.tau), rel=1e-9)
        assert line.worthwhile == pytest.approx(other.worthwhile, rel=1e-9)
    assert priors(points, []) == []


def test_ratios_are_told_as_they_are_read(ratio):
    rows, drawn = found(ratio, bounds=(0.8, 1.25))
    fit = bayes(YI, VI, mu_sd=np.inf, tau=half_normal(0.5), threshold=math.log(0.8))
    assert rows[1].estimate == pytest.approx(math.exp(fit.mu_median), rel=1e-12)
    assert rows[1].worthwhile == fit.below
    assert 0 < drawn[0].estimate < 1
    # no ratio lowers the risk as far
    assert found(ratio, bounds=(0.0, 1.25))[0][0].worthwhile == 0


def test_nothing_is_told_of_what_has_no_prior_or_is_not_pooled(configuration, smd, monkeypatch):
    record = row(SynthesisRow, estimate=-0.7, favours="below")
    assert posteriors(smd, record, effects()[:1], [], None) == ([], [])
    assert posteriors(smd, replace(record, estimate=None), effects(), [], None) == ([], [])
    for name in ("response_24h_arm", "reduction_24h_arm"):
        assert found(configuration[name]) == ([], [])
    assert found(smd, shared=0.01) == ([], [])


def test_a_harm_is_told_as_one(smd, ratio):
    rows, drawn = found(smd)
    view = bayes_view(smd, rows, drawn)
    assert "A benefit of treatment has a probability of 99" in view.sentence
    assert len(view.lines) == 4
    assert len(view.trials) == 4
    rows, drawn = found(ratio, bounds=(0.8, 1.25), favours="above")
    sentence = bayes_view(ratio, rows, drawn).sentence
    assert "A harm of treatment has a probability of 99" in sentence
    assert "benefit" not in sentence
    assert bayes_view(smd, [], []) is None


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "–"), (1.0, "over 99.9%"), (0.9994, "over 99.9%"), (0.9951, "99.5%"), (0.874, "87%"),
     (0.5, "50%"), (0.0042, "0.4%"), (0.0, "under 0.1%")],
)  # fmt: skip
def test_no_probability_is_told_as_certain(value, told):
    assert probability(value) == told
