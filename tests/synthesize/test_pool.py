"""Effects of an analysis -> its pooled result, with an answer for each edge case."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ketameta.measures import MEASURES
from ketameta.stats import beta_binomial, glmm, random_effects, three_level
from ketameta.synthesize.pool import Synthesis, intervals, normal_interval, pooled, weights
from ketameta.synthesize.words import favours
from ketameta.tables.effects import EffectRow
from ketameta.tables.fits import Engine, Failure, IntervalRule

from ..rows import row


@pytest.fixture
def model(configuration):
    return configuration["response_24h"].model


def effect(name, yi, vi, n=40, **values):
    told = {"people": n, "n_t": n / 2, "n_c": n / 2} | values
    return row(EffectRow, trial_id=name, yi=yi, vi=vi, **told)


@pytest.fixture
def three():
    return [effect("a", 0.9, 0.10), effect("b", 0.2, 0.05), effect("c", 1.6, 0.3)]


def test_no_trial_estimates_nothing(model):
    found = pooled("RR", [], model)
    assert found == row(Synthesis, measure="RR", engine=Engine.NONE)


def counted(*rows):
    """Return effects of events of treated and control people; the last number: all people."""
    return [
        effect(f"t{i}", 0.1, 0.1, people, events_t=a, n_t=n1, events_c=c, n_c=n2)
        for i, (a, n1, c, n2, people) in enumerate(rows)
    ]


TABLES = ((3, 20, 1, 21, 41), (0, 18, 2, 18, 36), (7, 40, 3, 38, 78), (12, 55, 8, 60, 115))
# metafor 3.8-1, rma.mh(measure, ai, n1i, ci, n2i): estimate, standard error, p, Q, its p, I2
MH = {
    "RR": (0.492009902625, 0.318917583862, 0.122891597352, 2.48955110375, 0.477182392883, 0),
    "OR": (0.569532776993, 0.367036065398, 0.120732121961, 2.63768177559, 0.450921708016, 0),
    "RD": (0.0645939333474, 0.0412415362756, 0.117293635665, 4.34674787295, 0.226374180817,
           30.9828844993),
}  # fmt: skip


@pytest.mark.parametrize("measure", MH)
def test_mantel_haenszel_agrees_with_metafor(model, measure):
    found = pooled(measure, counted(*TABLES), replace(model, pooling="Mantel-Haenszel"))
    estimate = found.estimate if measure == "RD" else found.estimate_log
    ours = [estimate, *(getattr(found, name) for name in ("se", "p", "q", "q_p", "i2"))]
    assert ours == pytest.approx(MH[measure], rel=1e-9)
    assert (found.engine, found.rule) == (Engine.MANTEL_HAENSZEL, IntervalRule.WALD)
    assert (found.k, found.n) == (4, 270)
    assert found.tau2 is None
    assert found.pi_low is None


# of these tables metafor 3.8-1, rma.peto(ai, n1i, ci, n2i): the same numbers
PETO = (0.560153415265, 0.358625829933, 0.118301213364, 3.82241813025, 0.281289272588,
        21.5156506229)  # fmt: skip


def test_peto_agrees_with_metafor(model):
    found = pooled("OR", counted(*TABLES), replace(model, pooling="Peto"))
    ours = [getattr(found, name) for name in ("estimate_log", "se", "p", "q", "q_p", "i2")]
    assert ours == pytest.approx(PETO, rel=1e-9)
    assert (found.engine, found.rule, found.tau2) == (Engine.PETO, IntervalRule.WALD, None)


APART = ((3, 20, 1, 21, 41), (0, 18, 2, 18, 36), (17, 40, 3, 38, 78), (12, 55, 28, 60, 115),
         (9, 30, 2, 33, 63), (2, 40, 8, 42, 82))  # fmt: skip
# metafor 3.8-1, rma.glmm(measure="OR", ai, n1i, ci, n2i, model, nAGQ=50; UM.RS: 1; CM.EL with
# control=list(dnchgcalc="dnoncenhypergeom")): estimate, standard error, tau2, the test of
# homogeneity. lme4 stops early, UM.RS is the Laplace approximation there
MIXED = {
    "UM.FS": ((0.1674191717, 0.6922588595, 2.102725828), 36.02754202, 1e-3),
    "UM.RS": ((0.2387151765, 0.6739658492, 2.082021042), None, 0.02),
    "CM.EL": ((0.1528575834, 0.7495331324, 2.502939687), 35.5460834, 5e-3),
}


@pytest.mark.parametrize("way", MIXED)
def test_a_mixed_model_of_odds_ratios_agrees_with_metafor(model, way):
    found = pooled("OR", counted(*APART), replace(model, pooling=way))
    theirs, q, close = MIXED[way]
    assert (found.estimate_log, found.se, found.tau2) == pytest.approx(theirs, rel=close)
    assert found.q == (q and pytest.approx(q, rel=1e-6))
    assert (found.engine, found.rule, found.converged) == (Engine(way), IntervalRule.WALD, True)
    # t with 5 degrees: qt(0.975, 5) in R
    half = 2.570581835636314 * math.sqrt(found.tau2 + found.se**2)
    assert found.pi_high_log - found.estimate_log == pytest.approx(half)


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_the_beta_binomial_model_takes_counts_as_they_are(model, measure):
    found = pooled(measure, counted(*APART), replace(model, pooling="beta-binomial"))
    a, n1, c, n2 = np.array(APART, float).T[:4]
    fit = beta_binomial(measure, ai=a, n1i=n1, ci=c, n2i=n2)
    ours = found.estimate if measure == "RD" else found.estimate_log
    assert (ours, found.se, found.p) == pytest.approx((fit.estimate, fit.se, fit.p))
    assert (found.engine, found.rule) == (Engine.BETA_BINOMIAL, IntervalRule.WALD)
    assert (found.k, found.converged) == (6, True)
    assert (found.tau2, found.pi_low, found.q) == (None, None, None)


def test_the_beta_binomial_model_says_why_it_finds_nothing(model):
    def of(*rows):
        found = pooled("RR", counted(*rows), replace(model, pooling="beta-binomial"))
        assert found.estimate is None
        return found.failure

    assert of((2.5, 20, 1, 21, 41), (3, 20, 2, 20, 40)) == Failure.IN_PARTS
    assert of((2, 20, 0, 21, 41), (3, 20, 0, 20, 40)) == Failure.ONE_SIDE
    # all or nobody in each arm: the more they differ, the likelier
    assert of((0, 9, 8, 8, 17), (9, 9, 0, 8, 17)) == Failure.NOT_FOUND


def test_a_glmm_of_odds_ratios_that_is_not_named_has_a_baseline_of_each_trial(model):
    named, plain = (
        pooled("OR", counted(*APART), replace(model, pooling=way)) for way in ("UM.FS", "GLMM")
    )
    assert plain == named


def test_a_mixed_model_says_why_it_finds_nothing(model):
    def of(way, *rows):
        found = pooled("OR", counted(*rows), replace(model, pooling=way))
        assert found.estimate is None
        return found.failure

    assert of("CM.EL", (2.5, 20, 1, 21, 41), (3, 20, 2, 20, 40)) == Failure.IN_PARTS
    assert of("UM.FS", (2, 20, 0, 21, 41), (3, 20, 0, 20, 40)) == Failure.ONE_SIDE
    assert of("UM.RS", (2, 20, 0, 21, 41), (3, 20, 0, 20, 40)) == Failure.ONE_SIDE
    assert of("Peto", (0, 20, 0, 21, 41), (0, 20, 0, 20, 40)) == Failure.ONE_SIDE


def test_a_way_that_is_not_for_the_measure_leaves_inverse_variance(model, three):
    assert pooled("SMD", three, replace(model, pooling="Peto")).engine == Engine.INDEPENDENT


@pytest.mark.parametrize(
    ("word", "rule"), [("profile", IntervalRule.PROFILE), ("henmi-copas", IntervalRule.HENMI_COPAS)]
)
def test_an_interval_for_one_mean_alone_is_that_of_the_statistics(model, three, word, rule):
    found = pooled("SMD", three, replace(model, interval=word))
    fit = random_effects([e.yi for e in three], [e.vi for e in three], "REML", word)
    assert (found.estimate, found.ci_low, found.ci_high) == (fit.estimate, fit.ci_low, fit.ci_high)
    assert found.rule == rule


def test_mantel_haenszel_says_where_crossovers_enter_as_if_parallel(model):
    tables = (*TABLES, (6, 17, 1, 17, 17))
    found = pooled("RR", counted(*tables), replace(model, pooling="Mantel-Haenszel"))
    assert (found.engine, found.as_parallel) == (Engine.MANTEL_HAENSZEL, True)
    assert found.n == 287
    assert pooled(
        "RR", counted(*TABLES), replace(model, pooling="Mantel-Haenszel")
    ).as_parallel is (False)


def test_mantel_haenszel_takes_the_trials_with_counts_or_says_why_it_pools_none(model):
    model = replace(model, pooling="Mantel-Haenszel")
    rows = [*counted(*TABLES), effect("x", 0.5, 0.1, events_c=None)]
    found = pooled("RR", rows, model)
    assert (found.k, found.n) == (4, 270)
    few = pooled("RR", rows[3:], model)
    assert few.estimate is None
    assert (few.failure, few.needed) == (Failure.FEW_COUNTS, 2)
    none = pooled("RR", counted((3, 20, 0, 21, 41), (2, 20, 0, 22, 42)), model)
    assert none.failure == Failure.ONE_SIDE
    assert none.estimate is None


def test_one_trial_has_its_own_interval_and_no_heterogeneity(model):
    found = pooled("RR", [effect("a", 0.9, 0.10)], model)
    low, high = normal_interval(0.9, 0.10, 0.95)
    assert found.estimate == pytest.approx(math.exp(0.9))
    assert (found.ci_low_log, found.ci_high_log) == pytest.approx((low, high))
    assert (found.engine, found.rule) == (Engine.SINGLE, IntervalRule.WALD)
    assert (found.tau2, found.pi_low) == (None, None)


def test_two_trials_have_no_prediction_interval(model, three):
    found = pooled("RR", three[:2], model)
    assert found.k == 2
    assert found.pi_low is None
    assert found.tau2 is not None


def test_fewer_than_the_minimum_are_counted_and_not_pooled(model, three):
    found = pooled("RR", three, replace(model, minimum_k=4))
    assert (found.engine, found.needed) == (Engine.TOO_FEW, 4)
    assert found.estimate is None
    assert weights(three, replace(model, minimum_k=4)) == [None, None, None]
    assert intervals(three, replace(model, minimum_k=4)) == {}


def test_a_pool_is_that_of_the_statistics_on_both_scales(model, three):
    found = pooled("RR", three, model)
    yi, vi = [e.yi for e in three], [e.vi for e in three]
    fit = random_effects(yi, vi, "REML", "auto")
    assert found.estimate_log == fit.estimate
    assert found.estimate == math.exp(fit.estimate)
    assert (found.tau2, found.i2, found.q) == (fit.tau2, fit.i2, fit.q)
    assert found.n == 120
    assert sum(weights(three, model)) == pytest.approx(100)


def test_a_score_has_no_log_scale(model, three):
    assert pooled("SMD", three, model).estimate_log is None


def test_three_intervals_stand_side_by_side(model, three):
    found = intervals(three, model)
    yi, vi = [e.yi for e in three], [e.vi for e in three]
    for rule, name in (("wald", "wald"), ("hksj", "hksj"), ("hksj-adhoc", "floored")):
        fit = random_effects(yi, vi, "REML", rule)
        assert found[f"{name}_low"] == fit.ci_low
    assert found["floored_low"] <= found["hksj_low"] + 1e-12


def test_proportions_are_pooled_by_the_binomial_normal_model(configuration):
    model = configuration["response_24h_arm"].model
    counts = [(19, 35), (12, 34), (18, 119), (55, 318)]
    arms = [
        effect(str(i), math.log(x / (n - x)), 1 / x + 1 / (n - x), n, n_t=n, n_c=None, events_t=x)
        for i, (x, n) in enumerate(counts)
    ]
    found = pooled("PLO", arms, model)
    fit = glmm("PLO", xi=[x for x, _ in counts], ni=[n for _, n in counts])
    assert found.estimate == pytest.approx(1 / (1 + math.exp(-fit.estimate)))
    assert (found.engine, found.rule, found.converged) == (Engine.GLMM, IntervalRule.WALD, True)
    assert found.p is None


def test_arms_that_share_a_control_whole_are_pooled_with_their_covariance(model):
    arms = [
        effect("a", -0.5, 0.10, n_t=20, n_c=30, shared=0.04),
        effect("a", -0.9, 0.12, n_t=22, n_c=30, shared=0.04),
        effect("b", -0.2, 0.08, n_t=25, n_c=25, shared=0.03),
        effect("b", -0.4, 0.09, n_t=25, n_c=25, shared=0.03),
        effect("c", -0.7, 0.05, n=80),
    ]
    found = pooled("SMD", arms, model)
    v = np.diag([0.10, 0.12, 0.08, 0.09, 0.05])
    v[0, 1] = v[1, 0] = 0.04
    v[2, 3] = v[3, 2] = 0.03
    fit = three_level([a.yi for a in arms], v, list("aabbc"), test="t")
    assert found.estimate == pytest.approx(fit.beta[0])
    assert found.se == pytest.approx(fit.se[0])
    assert (found.k, found.n) == (3, 20 + 22 + 30 + 25 + 25 + 25 + 80)


@pytest.mark.parametrize(
    ("measure", "value", "expected"),
    [("RR", 0.0, 1.0), ("OR", math.log(2), 2.0), ("PLO", 0.0, 0.5), ("SMD", -0.3, -0.3),
     ("RR", math.nan, None), ("RR", None, None), ("PLO", -800.0, 0.0), ("RR", 800.0, math.inf)],
)  # fmt: skip
def test_natural_scale(measure, value, expected):
    assert MEASURES[measure].natural(value) == (pytest.approx(expected) if expected else expected)


def test_the_side_that_favours_treatment_follows_the_outcome():
    assert favours("RR", "response") == "above"
    assert favours("RR", "nausea") == "below"
    assert favours("SMD", "depression_score") == "below"
    assert favours("PLO", "response") is None
