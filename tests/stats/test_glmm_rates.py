"""Mixed models of rates: against plain sums over random effects, Poisson regression, swaps."""

import numpy as np
import pytest
from scipy import optimize, special, stats

from ketameta.stats import glmm
from ketameta.stats.rare.glmm import MODELS

# nothing happened in an arm of two trials
X1 = np.array([0.0, 4, 9, 2, 14, 6])
T1 = np.array([110.0, 240, 310, 95, 700, 150])
X2 = np.array([5.0, 0, 3, 6, 21, 2])
T2 = np.array([120.0, 160, 290, 90, 650, 160])
RATES = {"x1i": X1, "t1i": T1, "x2i": X2, "t2i": T2}
U = np.linspace(-7, 7, 141)
WEIGHT = stats.norm.logpdf(U) + np.log(U[1] - U[0])


def fixed_baselines(theta):
    mu, tau, *alpha = theta
    t, base = mu + tau * U, np.array(alpha)[:, None]
    one = stats.poisson.logpmf(X1[:, None], T1[:, None] * np.exp(base + t / 2))
    two = stats.poisson.logpmf(X2[:, None], T2[:, None] * np.exp(base - t / 2))
    return special.logsumexp(one + two + WEIGHT, axis=1).sum()


def random_baselines(theta):
    mu, gamma, tau, sigma = theta
    base = gamma + sigma * U[:, None]
    one = np.exp(base + mu + tau * U / 2)
    two = np.exp(base - tau * U / 2)
    both = stats.poisson.logpmf(X1[:, None, None], T1[:, None, None] * one)
    both = both + stats.poisson.logpmf(X2[:, None, None], T2[:, None, None] * two)
    return special.logsumexp(both + WEIGHT + WEIGHT[:, None], axis=(1, 2)).sum()


@pytest.mark.slow
@pytest.mark.parametrize("model", ["UM.FS", "UM.RS"])
def test_maximum_is_that_of_a_search_over_plain_sums(model):
    got = glmm("IRR", model=model, **RATES)
    assert got.converged
    assert got.tau2 > 0.3
    if model == "UM.FS":
        start = np.concatenate([[got.estimate, 0.5], np.log((X1 + X2) / (T1 + T2))])
        other = optimize.minimize(lambda x: -fixed_baselines(x), start, options={"gtol": 1e-6})
    else:
        start = [got.estimate, -3.5, 0.5, 0.5]
        other = optimize.minimize(lambda x: -random_baselines(x), start, options={"gtol": 1e-6})
        assert np.sqrt(got.sigma2) == pytest.approx(abs(other.x[3]), abs=1e-4)
    assert got.log_likelihood == pytest.approx(-other.fun, abs=5e-6)
    assert got.estimate == pytest.approx(other.x[0], abs=1e-4)  # gradients by differences
    tau = other.x[1 if model == "UM.FS" else 2]
    assert np.sqrt(got.tau2) == pytest.approx(abs(tau), abs=1e-4)


def test_no_heterogeneity_is_poisson_regression():
    from statsmodels.genmod import families
    from statsmodels.genmod.generalized_linear_model import GLM

    x1, t1, x2, t2 = [2.0, 4, 6], [39.0, 44, 107], [1.0, 4, 4], [43.0, 44, 110]
    got = glmm("IRR", model="UM.FS", x1i=x1, t1i=t1, x2i=x2, t2i=t2)
    assert got.tau2 == 0
    design = np.c_[np.repeat([1.0, 0.0], 3), np.tile(np.eye(3), (2, 1))]
    other = GLM(
        np.concatenate([x1, x2]), design, family=families.Poisson(), exposure=[*t1, *t2]
    ).fit(tol=1e-14)
    assert got.estimate == pytest.approx(other.params[0], rel=1e-8)
    assert got.se == pytest.approx(other.bse[0], rel=1e-8)
    assert got.q == pytest.approx(other.deviance, rel=1e-8)
    # given their sum the counts are binomial: without heterogeneity both say the same
    alone = glmm("IRR", model="CM.EL", x1i=x1, t1i=t1, x2i=x2, t2i=t2)
    assert got.estimate == pytest.approx(alone.estimate, rel=1e-8)
    assert got.q == pytest.approx(alone.q, rel=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS["IRR"])
def test_swapping_arms_negates_and_the_unit_of_time_is_no_matter(model):
    one = glmm("IRR", model=model, **RATES)
    two = glmm("IRR", model=model, x1i=X2, t1i=T2, x2i=X1, t2i=T1)
    days = glmm("IRR", model=model, x1i=X1, t1i=T1 * 365, x2i=X2, t2i=T2 * 365)
    assert one.converged
    assert one.estimate == pytest.approx(-two.estimate, rel=1e-6)
    assert one.estimate == pytest.approx(days.estimate, rel=1e-6)
    assert one.tau2 == pytest.approx(two.tau2, rel=1e-6)
    assert one.tau2 == pytest.approx(days.tau2, rel=1e-6)


@pytest.mark.parametrize("model", MODELS["IRR"])
def test_one_study_is_itself_and_an_empty_arm_has_no_estimate(model):
    alone = glmm("IRR", model=model, x1i=[4], t1i=[20.0], x2i=[9], t2i=[30.0])
    assert alone.converged
    assert alone.estimate == pytest.approx(np.log(4 / 20 / (9 / 30)), rel=1e-7)
    assert alone.se == pytest.approx(np.sqrt(1 / 4 + 1 / 9), rel=1e-7)
    assert np.isnan(alone.tau2)
    none = glmm("IRR", model=model, x1i=[0, 0], t1i=[9.0, 8], x2i=[2, 5], t2i=[7.0, 8])
    assert not none.converged
    assert np.isnan(none.estimate)


@pytest.mark.slow
def test_trials_without_events_say_something_of_baselines_alone():
    more = {"x1i": [*X1, 0], "t1i": [*T1, 40.0], "x2i": [*X2, 0], "t2i": [*T2, 50.0]}
    for model in ("UM.FS", "CM.EL"):  # a constant in their likelihood
        assert glmm("IRR", model=model, drop00=False, **more).k == 6
    kept, left = (glmm("IRR", model="UM.RS", drop00=drop, **more) for drop in (False, True))
    assert (kept.k, left.k) == (7, 6)
    assert kept.sigma2 > left.sigma2
