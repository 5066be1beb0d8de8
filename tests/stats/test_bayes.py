"""The Bayesian normal-normal model against what is known of it without integration."""

import numpy as np
import pytest
from scipy import integrate, stats

from ketameta.stats import bayes, half_cauchy, half_normal, log_normal, log_t
from ketameta.stats.numerics.mixtures import Mixture
from ketameta.stats.univariate.bayes import Posterior

Y = np.array([-0.9, -0.3, -1.1, -0.6])
V = np.array([0.05, 0.09, 0.12, 0.04])


def joint(mu, tau, y=Y, v=V, mean=0.0, sd=1.0, scale=0.5):
    prior = stats.norm.pdf(mu, mean, sd) * stats.halfnorm.pdf(tau, scale=scale)
    return prior * np.prod(stats.norm.pdf(y, mu, np.sqrt(v + tau**2)))


@pytest.mark.slow
def test_moments_are_those_of_the_joint_density_integrated_over_both():
    def moment(g):
        # dblquad's own tolerance is 1.5e-8
        return integrate.dblquad(lambda m, t: g(m, t) * joint(m, t), 0, 4, -4, 3)[0]

    total = moment(lambda m, t: 1.0)
    fit = bayes(Y, V)
    assert fit.log_marginal == pytest.approx(np.log(total), rel=1e-7)
    assert fit.mu_mean == pytest.approx(moment(lambda m, t: m) / total, rel=1e-6)
    assert fit.tau_mean == pytest.approx(moment(lambda m, t: t) / total, rel=1e-6)


def test_no_study_leaves_the_prior():
    fit = bayes(np.array([]), np.array([]), mu_mean=0.2, mu_sd=0.7, tau=half_normal(0.5))
    prior = stats.halfnorm(scale=0.5)
    assert (fit.mu_mean, fit.mu_sd, fit.mu_median) == pytest.approx((0.2, 0.7, 0.2), abs=1e-9)
    assert (fit.tau_mean, fit.tau_median) == pytest.approx((prior.mean(), prior.median()), rel=1e-9)
    assert (fit.tau_mode, fit.tau_low) == (0, 0)
    assert fit.tau_high == pytest.approx(prior.ppf(0.95), rel=1e-9)
    assert fit.log_marginal == pytest.approx(0, abs=1e-9)


def test_a_tiny_prior_of_tau_gives_the_conjugate_normal():
    fit = bayes(Y, V, mu_sd=2.0, tau=half_normal(1e-6))
    precision = (1 / V).sum() + 1 / 4
    assert fit.mu_mean == pytest.approx((Y / V).sum() / precision, rel=1e-9)
    assert fit.mu_sd == pytest.approx(precision**-0.5, rel=1e-9)
    half = stats.norm.ppf(0.975) * precision**-0.5
    assert (fit.mu_low, fit.mu_high) == pytest.approx((fit.mu_mean - half, fit.mu_mean + half))


def test_intervals_hold_their_level_and_end_at_equal_densities():
    fit = bayes(np.array([-2.0, 0.5, 1.9, -0.4, 3.0]), np.full(5, 0.02), tau=half_normal(1.0))
    assert 0 < fit.tau_low < fit.tau_mode < fit.tau_high
    wide = bayes(
        np.array([-2.0, 0.5, 1.9, -0.4, 3.0]), np.full(5, 0.02), tau=half_normal(1.0), level=0.99
    )
    assert wide.tau_low < fit.tau_low
    assert wide.tau_high > fit.tau_high


def test_order_sign_and_scale_of_the_effects():
    fit = bayes(Y, V)
    assert bayes(Y[::-1], V[::-1]).mu_mean == pytest.approx(fit.mu_mean, rel=1e-12)
    assert bayes(-Y, V).mu_mean == pytest.approx(-fit.mu_mean, rel=1e-12)
    large = bayes(1e6 * Y, 1e12 * V, mu_sd=1e6, tau=half_normal(0.5e6))
    assert large.tau_median == pytest.approx(1e6 * fit.tau_median, rel=1e-9)


def test_a_batch_is_its_analyses_and_nan_marks_an_absent_study():
    batch = bayes(np.array([Y, [*Y[:3], np.nan]]), np.array([V, [*V[:3], np.nan]]))
    assert batch.mu_mean[0] == bayes(Y, V).mu_mean
    assert batch.mu_mean[1] == bayes(Y[:3], V[:3]).mu_mean
    assert batch.k.tolist() == [4, 3]


def test_a_prior_without_width_is_refused():
    with pytest.raises(ValueError, match="mu_sd"):
        bayes(Y, V, mu_sd=0.0)
    with pytest.raises(ValueError, match="scale"):
        half_normal(0.0)
    with pytest.raises(ValueError, match="two studies"):
        bayes(Y[:1], V[:1], mu_sd=np.inf)


def test_eight_schools_are_those_of_the_manual_of_bayesmeta():
    """Digits as printed in bayesmeta 2.0's vignette: mu ~ N(0, 50²), tau ~ half-Cauchy(25)."""
    effects = [28.39, 7.94, -2.75, 6.82, -0.64, 0.63, 18.01, 12.16]
    errors = np.array([14.9, 10.2, 16.3, 11.0, 9.4, 11.4, 10.4, 17.6])
    fit = bayes(effects, errors**2, mu_sd=50, tau=half_cauchy(25))
    # its integrals stop at a relative 1e-4
    close = {"rel": 2e-4}
    assert fit.tau_median == pytest.approx(4.758539, **close)
    assert fit.tau_mean == pytest.approx(5.884511, **close)
    assert fit.tau_sd == pytest.approx(4.869904, **close)
    assert (fit.tau_mode, fit.tau_low) == (0, 0)
    assert fit.tau_high == pytest.approx(15.165894, **close)
    assert fit.mu_median == pytest.approx(7.962961, **close)
    assert fit.mu_mean == pytest.approx(7.985729, **close)
    assert fit.mu_sd == pytest.approx(4.995762, **close)
    # of the shortest intervals it finds the ends by the density, flat there, of those integrals
    assert (fit.mu_low, fit.mu_high) == pytest.approx((-1.823353, 17.824562), abs=5e-3)


PRIORS = {
    "half-normal": (half_normal(0.4), stats.halfnorm(scale=0.4)),
    "half-Cauchy": (half_cauchy(0.4), stats.halfcauchy(scale=0.4)),
}


@pytest.mark.parametrize(("prior", "known"), PRIORS.values(), ids=PRIORS)
def test_priors_on_tau_are_those_densities(prior, known):
    at = np.array([1e-3, 0.1, 0.4, 2.0, 30.0])
    assert prior.log_density(at) == pytest.approx(known.logpdf(at), rel=1e-12)


def test_published_priors_are_of_tau_squared():
    at = np.array([1e-4, 0.1, 0.4, 2.0, 30.0])
    # the density of tau is that of its square times 2 tau
    turner = log_normal(-2.12, 1.53)
    known = stats.lognorm(s=1.53, scale=np.exp(-2.12))
    assert turner.log_density(at) == pytest.approx(known.logpdf(at**2) + np.log(2 * at), rel=1e-12)
    rhodes = log_t(-3.27, 2.14)
    known = stats.t(5, -3.27, 2.14)
    logs = known.logpdf(2 * np.log(at)) + np.log(2 / at)
    assert rhodes.log_density(at) == pytest.approx(logs, rel=1e-12)


ALL = [half_normal(0.5), half_cauchy(0.5), log_t(-3.16, 2.5)]


@pytest.mark.parametrize("prior", ALL, ids=str)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
def test_a_flat_prior_of_mu_is_the_limit_of_wide_ones(prior, scale):
    y = Y * scale
    flat, wide = (bayes(y, V, mu_sd=sd, tau=prior) for sd in (np.inf, 1e6))
    for name in ("mu_mean", "mu_low", "mu_high", "tau_median", "tau_high", "pi_low", "below"):
        assert getattr(flat, name) == pytest.approx(getattr(wide, name), rel=1e-7, abs=1e-12)
    assert np.isnan(flat.log_marginal)


@pytest.mark.parametrize("prior", ALL, ids=str)
def test_shares_and_ends_are_those_of_an_integral_by_another_rule(prior):
    """Every end is looked at by adaptive quadrature over tau, each mu a normal given tau."""
    found = Posterior(Y, V, prior)
    low, high = found.mu.shortest(0.9)

    def given(tau, x, new):
        total = (1 / (V + tau**2)).sum()
        mean = (Y / (V + tau**2)).sum() / total
        return stats.norm.cdf(x, mean, np.sqrt(1 / total + (tau**2 if new else 0)))

    def density(u):
        tau = np.exp(u)
        return np.exp(found.log_density(np.array([tau]))[0]) * tau

    def integral(function):
        return integrate.quad(function, -600, 12, limit=400, epsrel=1e-11, points=[-60, -9, -1])[0]

    def share(x, new=False):
        return integral(lambda u: density(u) * given(np.exp(u), x, new)) / integral(density)

    assert share(high) - share(low) == pytest.approx(0.9, abs=1e-9)
    assert found.mu.density(low) == pytest.approx(found.mu.density(high), rel=1e-9)
    at = found.new.quantile(0.975)
    assert share(at, new=True) == pytest.approx(0.975, abs=1e-8)
    assert found.tau_cdf(found.tau_quantile(0.3)) == pytest.approx(0.3, rel=1e-10)


def test_a_trial_is_drawn_to_the_mean_as_far_as_it_says_little():
    wide = np.array([*V[:3], 4.0])
    found = Posterior(Y, wide, half_normal(0.3))
    drawn = Mixture(*(column[3] for column in found.studies()))
    assert abs(drawn.expectation - found.mu.expectation) < 0.2 * abs(Y[3] - found.mu.expectation)
    # by simulation of tau, mu and the trial's own effect given both
    generator = np.random.default_rng(1)
    tau = generator.choice(found.tau, 400_000, p=found.p / found.p.sum())
    total = (1 / (wide + tau[:, None] ** 2)).sum(axis=1)
    mean = (Y / (wide + tau[:, None] ** 2)).sum(axis=1) / total
    mu = generator.normal(mean, total**-0.5)
    precision = 1 / wide[3] + tau**-2
    effect = generator.normal((Y[3] / wide[3] + mu / tau**2) / precision, precision**-0.5)
    low, high = drawn.quantile(0.1), drawn.quantile(0.9)
    assert ((effect > low) & (effect < high)).mean() == pytest.approx(0.8, abs=0.004)


def test_a_prior_far_from_the_data_has_its_narrow_peak_found():
    """Effects hundreds of prior scales apart: by Laplace's method tau² is sqrt(S) times the scale.

    Given mu its density falls as exp(-S / (2 tau²) - tau² / (2 s²)), with S the squares about it.
    """
    found = Posterior(np.array([-700.0, 700.0]), np.full(2, 0.01), half_normal(0.5))
    assert found.p.sum() == pytest.approx(1, rel=1e-12)
    squares = 2 * 700.0**2
    assert found.tau_quantile(0.5) == pytest.approx((squares * 0.25) ** 0.25, rel=2e-3)
    assert found.tau_cdf(found.tau_quantile(0.9)) == pytest.approx(0.9, rel=1e-9)
    assert found.mu.quantile(0.5) == pytest.approx(0, abs=1e-9)


def test_many_trials_drawn_at_once_have_the_intervals_of_each_alone():
    found = Posterior(Y, np.array([*V[:3], 4.0]), half_normal(0.3))
    every = found.studies()
    told = every.intervals(0.9)
    for i in range(4):
        one = Mixture(*(column[i] for column in every))
        assert told.median[i] == pytest.approx(one.quantile(0.5), abs=1e-8)
        assert (told.low[i], told.high[i]) == pytest.approx(one.shortest(0.9), abs=1e-8)
