"""Selection models: the top of the likelihood, metafor's stops below it, and identities."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize, special, stats

from ketameta.stats import random_effects
from ketameta.stats.bias.selection import selection_model

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "small_study.json").read_text(encoding="utf-8")
)
CASES = REFERENCE["cases"]
STEPS = {"greater": (0.025, 0.5), "less": (0.025, 0.5), "two-sided": (0.05, 0.5)}
MORE = [(n, a) for n in CASES for a in CASES[n].get("selmodel_more", {})]


def effects(name):
    return np.array(CASES[name]["yi"]), np.array(CASES[name]["vi"])


def written_out(yi, vi, steps, alternative):
    """The log-likelihood as densities over sums of interval probabilities."""
    sign = -1 if alternative == "less" else 1
    two_sided = alternative == "two-sided"
    se = np.sqrt(vi)
    z = sign * yi / se
    p = 2 * stats.norm.sf(abs(z)) if two_sided else stats.norm.sf(z)
    group = np.searchsorted(steps, p)
    edges = np.array([0.0, *steps, 1.0])
    cut = stats.norm.isf(edges / 2 if two_sided else edges)[:, None] * se

    def log_likelihood(mu, tau2, weights):
        sd = np.sqrt(vi + tau2)
        above = special.ndtr((sign * mu - cut) / sd)  # Pr(effect > cut)
        share = np.diff(above, axis=0)
        if two_sided:
            share += np.diff(special.ndtr((-cut - sign * mu) / sd), axis=0)
        weights = np.asarray(weights)
        density = stats.norm.logpdf(yi, mu, sd)
        return np.sum(np.log(weights[group]) + density - np.log(weights @ share))

    return log_likelihood


@pytest.mark.parametrize("name", CASES)
def test_three_parameter_model_is_never_below_metafor(name):
    expected = CASES[name]["selmodel_3psm"]
    fit = selection_model(*effects(name))
    assert fit.converged
    if "error" in expected:
        return
    # Both likelihoods are against the same model without selection, so the larger
    # likelihood ratio is the higher likelihood. metafor's optim stops up to 4e-3
    # below the bound of the weight and 1e-9 below a maximum inside.
    assert fit.lrt >= expected["LRT"] - 1e-11
    assert fit.lrt == pytest.approx(expected["LRT"], abs=5e-3 if fit.at_bound else 1e-8)
    if fit.at_bound:
        return
    # A gap of 1e-9 in the likelihood is one of 3e-5 standard errors in an argument.
    assert fit.estimate == pytest.approx(expected["beta"], abs=1e-4 * expected["se"])
    assert fit.se == pytest.approx(expected["se"], rel=2e-4)
    assert fit.tau2 == pytest.approx(expected["tau2"], rel=2e-4)
    assert fit.weights == pytest.approx(expected["delta"], rel=2e-4)
    assert fit.lrt_p == pytest.approx(expected["LRTp"], abs=1e-8)


@pytest.mark.parametrize(("name", "alternative"), MORE)
def test_more_steps_and_other_directions_are_never_below_metafor(name, alternative):
    expected = CASES[name]["selmodel_more"][alternative]
    fit = selection_model(*effects(name), STEPS[alternative], alternative=alternative)
    assert fit.converged
    if "error" in expected:
        return
    assert fit.log_likelihood >= expected["ll"] - 1e-9
    assert fit.log_likelihood == pytest.approx(expected["ll"], abs=1e-3)
    if not fit.at_bound and max(expected["delta"]) < 50:
        assert fit.estimate == pytest.approx(expected["beta"], abs=1e-3 * expected["se"])
        assert fit.weights == pytest.approx(expected["delta"], rel=1e-3)
        assert fit.tau2_se == pytest.approx(expected["se_tau2"], rel=1e-3)


@pytest.mark.parametrize(
    ("name", "alternative"),
    [("dorn2007_rr", "greater"), ("dorn2007_rr", "two-sided"), ("bcg_rr", "less")],
)
def test_likelihood_is_the_one_written_out(name, alternative):
    yi, vi = effects(name)
    fit = selection_model(yi, vi, STEPS[alternative], alternative=alternative)
    plain = written_out(yi, vi, STEPS[alternative], alternative)
    assert fit.log_likelihood == pytest.approx(plain(fit.estimate, fit.tau2, fit.weights), abs=1e-9)


@pytest.mark.parametrize("name", ["dorn2007_rr", "bangert_gen", "nielweise2007_rd", "begg_gen"])
def test_no_second_solver_climbs_higher(name):
    yi, vi = effects(name)
    fit = selection_model(yi, vi)
    plain = written_out(yi, vi, (0.025,), "greater")

    def below(parameters):
        mu, tau, w = parameters
        weight = 100 / (1 + np.exp(-w))  # from 0 to the bound
        return -plain(mu, tau * tau, (1.0, weight))

    spread = np.std(yi)
    best = min(
        optimize.minimize(
            below, [np.mean(yi) + shift * spread, 0.5 * spread, w], method="Nelder-Mead",
            options={"xatol": 1e-7, "fatol": 1e-10, "maxiter": 300},
        ).fun
        for shift, w in ((0, -4), (-1, -7))
    )  # fmt: skip
    assert fit.log_likelihood >= -best - 1e-8


@pytest.mark.parametrize("seed", range(6))
def test_no_second_solver_climbs_higher_with_more_steps(seed):
    # Two-sided with few small p-values: these likelihoods have two tops, one of them at
    # the bound of a weight.
    rng = np.random.default_rng(seed)
    vi = 10 ** rng.uniform(-3, 0.3, 18)
    yi = rng.normal(0, np.sqrt(vi + rng.choice([0, 0.05])))
    steps = (0.025, 0.5)
    fit = selection_model(yi, vi, steps, alternative="two-sided")
    plain = written_out(yi, vi, steps, "two-sided")

    def below(parameters):
        weights = 100 / (1 + np.exp(-np.array(parameters[2:])))
        return -plain(parameters[0], parameters[1] ** 2, (1.0, *weights))

    best = min(
        optimize.minimize(
            below, [np.average(yi, weights=1 / (vi + tau * tau)), tau, *w], method="Nelder-Mead",
            options={"xatol": 1e-6, "fatol": 1e-9, "maxiter": 1500},
        ).fun
        for tau in (0.02, 0.5)
        for w in ((-4, -4), (1, 5), (5, 1))
    )  # fmt: skip
    assert fit.converged
    assert fit.log_likelihood >= -best - 1e-8


def test_gradient_is_zero_at_the_answer():
    yi, vi = effects("hannum_plo")
    fit = selection_model(yi, vi)
    plain = written_out(yi, vi, (0.025,), "greater")
    at = np.array([fit.estimate, fit.tau2, fit.weights[1]])
    for place in range(3):
        step = np.zeros(3)
        step[place] = 1e-5
        up, down = at + step, at - step
        slope = (plain(up[0], up[1], (1, up[2])) - plain(down[0], down[1], (1, down[2]))) / 2e-5
        assert abs(slope) < 1e-5  # rounding of the difference quotient is 1e-8 / 1e-5


def test_direction_is_a_matter_of_sign():
    yi, vi = effects("dorn2007_rr")
    one = selection_model(yi, vi, (0.025, 0.3))
    other = selection_model(-yi, vi, (0.025, 0.3), alternative="less")
    assert other.estimate == pytest.approx(-one.estimate, rel=1e-10)
    assert (other.ci_low, other.ci_high) == pytest.approx((-one.ci_high, -one.ci_low), rel=1e-9)
    assert other.weights == pytest.approx(one.weights, rel=1e-10)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_scale_does_not_matter(scale):
    yi, vi = effects("dorn2007_rr")
    one, other = selection_model(yi, vi), selection_model(yi * scale, vi * scale**2)
    assert other.statistic == pytest.approx(one.statistic, rel=1e-9)
    assert other.weights == pytest.approx(one.weights, rel=1e-9)
    assert other.lrt == pytest.approx(one.lrt, abs=1e-9)


def test_selection_that_was_simulated_is_found():
    rng = np.random.default_rng(11)
    vi = rng.uniform(0.02, 0.3, 6000)
    yi = rng.normal(0.2, np.sqrt(vi + 0.05))
    significant = stats.norm.sf(yi / np.sqrt(vi)) < 0.025
    published = significant | (rng.random(6000) < 0.25)
    fit = selection_model(yi[published], vi[published])
    naive = random_effects(yi[published], vi[published], "ML", interval="wald")
    assert naive.estimate - 0.2 > 10 * naive.se
    assert abs(fit.estimate - 0.2) < 3 * fit.se
    assert abs(fit.weights[1] - 0.25) < 3 * fit.weights_se[1]
    assert abs(fit.tau2 - 0.05) < 3 * fit.tau2_se
    assert fit.lrt_p < 1e-10


def test_weights_at_a_bound_are_said_to_be():
    yi, vi = effects("bcg_rr")  # no trial with a significant rise in risk
    fit = selection_model(yi, vi)
    assert fit.counts.tolist() == [0, 13]
    assert fit.at_bound
    assert fit.weights[1] == 100.0
    assert np.isnan(fit.weights_se[1])
    assert np.isfinite(fit.se)
    all_significant = selection_model(*effects("begg_gen"))
    assert all_significant.counts.tolist() == [20, 0]
    assert all_significant.weights[1] == 0.0


@pytest.mark.parametrize("k", [0, 1, 2])
def test_too_few_studies(k):
    fit = selection_model([0.1, 0.5][:k], [0.1, 0.1][:k])
    assert not fit.converged
    assert np.isnan([fit.estimate, fit.se, fit.tau2, fit.lrt, fit.log_likelihood]).all()
    assert fit.k == k


def test_absent_studies_are_left_out():
    yi, vi = effects("dorn2007_rr")
    gap = np.insert(yi, 3, np.nan), np.insert(vi, 3, np.nan)
    assert selection_model(*gap).estimate == selection_model(yi, vi).estimate


def test_batch_equals_its_members():
    yi, vi = effects("dorn2007_rr")
    batch = selection_model(np.stack([yi, -yi]), np.stack([vi, vi]))
    assert batch.estimate.shape == (2,)
    assert batch.weights.shape == (2, 2)
    assert batch.estimate[1] == selection_model(-yi, vi).estimate


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": (0.5, 0.1)}, "steps must increase"),
        ({"steps": (0.1, 1.0)}, "steps must increase"),
        ({"steps": ()}, "steps must increase"),
        ({"max_weight": 0.5}, "max_weight"),
        ({"alternative": "up"}, "alternative is one of"),
        ({"vi": [0.1, -1, 1]}, r"vi\[1\]"),
    ],
)
def test_faults_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        selection_model(**{"yi": [0.1, 0.2, 0.3], "vi": [0.1, 0.1, 0.1], **options})
