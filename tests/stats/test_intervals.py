"""Intervals of the effect, of tau2 and of a new study, where metafor's table does not reach."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, optimize, stats

from ketameta.stats import i2_from_q, random_effects
from ketameta.stats.univariate.intervals import t_quantile, t_tails

HC_RATIO = 0.938101887373
HALF = stats.chi2.ppf(0.95, 1) / 2  # fall of the log-likelihood at a 95% limit


def full(mu, t, y, v):
    return stats.norm.logpdf(y, mu, np.sqrt(v + t)).sum()


def restricted(t, y, v):
    w = 1 / (v + t)
    mu = w @ y / w.sum()
    return full(mu, t, y, v) + 0.5 * np.log(2 * np.pi * len(y)) - 0.5 * np.log(w.sum())


def test_t_is_the_normal_at_infinite_degrees_and_nan_at_none():
    df = np.array([np.inf, 5.0, np.nan, 1.0])
    assert_allclose(t_quantile(df, 0.9), stats.t.ppf(0.95, df), rtol=1e-13)
    assert_allclose(t_tails(np.full(4, -2.0), df), 2 * stats.t.sf(2, df), rtol=1e-13)


def test_adhoc_never_multiplies_by_less_than_one(univariate):
    wald, plain, floor = (
        random_effects(univariate["yi"], univariate["vi"], interval=rule)
        for rule in ("wald", "hksj", "hksj-adhoc")
    )
    assert floor.se == max(wald.se, plain.se)


# effects, variances; by metafor 3.8-1: the rule that is right for auto, then lower, upper and p of
# rma(yi, vi, test = "z" or "knha", control = list(threshold = 1e-12))
AUTO = {
    "spread, five": (
        ([0.1, 0.62, 0.45, 0.3, 0.95], [0.02, 0.09, 0.16, 0.05, 0.4]),
        ("hksj", -0.0212769157520006, 0.621480876945061, 0.0605159357145298),
    ),
    "no spread, HKSJ far too narrow": (
        ([0.3, 0.32, 0.35, 0.29], [0.02, 0.09, 0.16, 0.05]),
        ("wald", 0.0941360240346321, 0.51352693304009, 0.004513804511595),
    ),
    "no spread, HKSJ wider": (
        ([0.1, 0.55, -0.1, 0.6], [0.05, 0.09, 0.16, 0.2]),
        ("hksj", -0.227188733252756, 0.72227070046587, 0.195609377114915),
    ),
    "two": (
        ([0.1, 0.9], [0.02, 0.05]),
        ("hksj", -4.59564504245453, 5.55814504245453, 0.441125877909979),
    ),
    "two that agree": (
        ([0.4, 0.41], [0.02, 0.05]),
        ("wald", 0.168596640098412, 0.637117645615873, 0.000750197398661727),
    ),
}


@pytest.mark.parametrize("case", AUTO)
def test_auto_takes_the_rule_that_metafors_intervals_ask_for(case):
    effects, expected = AUTO[case]
    fit = random_effects(*effects, interval="auto")
    assert fit.rule == expected[0]
    assert_allclose([fit.ci_low, fit.ci_high, fit.p], expected[1:], rtol=1e-9)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_auto_is_never_the_narrower_where_it_may_choose_and_hksj_elsewhere(level):
    g = np.random.default_rng(7)
    v = 0.25 * g.chisquare(1, (600, 6)).clip(0.036, 2.4)
    y = g.normal(0.3, np.sqrt(v + 0.02))
    y[np.arange(6) >= g.integers(2, 7, 600)[:, None]] = np.nan
    v[np.isnan(y)] = np.nan
    auto, wald, hksj = (random_effects(y, v, "DL", r, level) for r in ("auto", "wald", "hksj"))
    width = {id(f): f.ci_high - f.ci_low for f in (auto, wald, hksj)}
    chosen = (auto.tau2 == 0) | (auto.k == 2)
    widest = np.maximum(width[id(wald)], width[id(hksj)])
    assert_allclose(width[id(auto)], np.where(chosen, widest, width[id(hksj)]), rtol=1e-12)
    # each rule fires in each place, so that the line above says something
    assert {(c, r) for c, r in zip(chosen, auto.rule, strict=True)} == {
        *((True, "wald"), (True, "hksj"), (False, "hksj"))
    }
    by = np.where(auto.rule == "wald", wald.p, hksj.p)
    assert_allclose(auto.p, by, rtol=1e-12)


def test_auto_of_effects_that_are_all_equal_is_walds():
    fit = random_effects([0.5, 0.5, 0.5], [0.1, 0.2, 0.3])
    assert (fit.rule, fit.se) == ("wald", pytest.approx((10 + 5 + 10 / 3) ** -0.5, rel=1e-12))


def test_auto_of_a_common_effect_is_walds_since_no_spread_is_assumed(bcg):
    auto, wald, hksj = (random_effects(*bcg, "EE", rule) for rule in ("auto", "wald", "hksj"))
    assert (auto.rule, auto.ci_high) == ("wald", wald.ci_high)
    assert hksj.ci_high > wald.ci_high


def test_level_is_that_of_the_interval(bcg):
    fit = random_effects(*bcg, interval="wald", level=0.8)
    assert (fit.ci_high - fit.estimate) / fit.se == pytest.approx(stats.norm.ppf(0.9), rel=1e-12)


# --- prediction --------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "df"), [("k-1", 12), ("k-2", 11), ("normal", np.inf)])
def test_prediction_widens_the_interval_in_use_by_tau2(bcg, rule, df):
    for interval in ("wald", "hksj"):
        fit = random_effects(*bcg, interval=interval, prediction=rule)
        half = stats.t.ppf(0.975, df) * np.hypot(fit.se, np.sqrt(fit.tau2))
        expected = [fit.estimate - half, fit.estimate + half]
        assert_allclose([fit.pi_low, fit.pi_high], expected, rtol=1e-12)


def test_hksj_prediction_keeps_its_standard_error_under_any_interval(bcg):
    expected = random_effects(*bcg, interval="hksj", prediction="k-1")
    for interval in ("wald", "hksj", "auto"):
        fit = random_effects(*bcg, interval=interval, prediction="hksj")
        assert fit.pi_low == pytest.approx(expected.pi_low, rel=1e-13)


@pytest.mark.parametrize("rule", ["k-1", "k-2"])
def test_wald_prediction_keeps_its_standard_error_under_any_interval(bcg, rule):
    expected = random_effects(*bcg, interval="wald", prediction=rule)
    assert random_effects(*bcg, interval="hksj", prediction=rule).pi_low != expected.pi_low
    for interval in ("wald", "hksj", "auto"):
        fit = random_effects(*bcg, interval=interval, prediction=f"{rule}-wald")
        assert fit.pi_low == pytest.approx(expected.pi_low, rel=1e-13)
        assert fit.pi_high == pytest.approx(expected.pi_high, rel=1e-13)


def test_standard_terms_are_those_of_the_articles(bcg):
    y, v = bcg
    fit = random_effects(y, v, "REML", "wald")
    wald, tau2 = fit.se, fit.tau2
    hksj = random_effects(y, v, "REML", "hksj").se
    terms = {"HTS": (wald, 11), "V": (wald, 12), "HK": (hksj, 12), "HK-PR": (hksj, 11)}
    for term, (se, df) in (terms | {"S": (wald, np.inf)}).items():
        half = stats.t.ppf(0.975, df) * np.sqrt(tau2 + se**2)
        for interval in ("wald", "hksj", "profile"):
            found = random_effects(y, v, "REML", interval, prediction=term)
            assert found.pi_high - found.pi_low == pytest.approx(2 * half, rel=1e-9), term
    # metafor's, of the interval in use
    ours = random_effects(y, v, prediction="k-2")
    assert random_effects(y, v, prediction="riley").pi_low == ours.pi_low


def test_prediction_needs_degrees_of_freedom():
    fit = random_effects([0.1, 0.9], [0.02, 0.05], prediction="k-2")
    assert np.isnan([fit.pi_low, fit.pi_high]).all()
    assert np.isfinite(random_effects([0.1, 0.9], [0.02, 0.05]).pi_low)


# --- tau2 --------------------------------------------------------------------------------


def test_q_profile_limits_meet_their_quantiles(univariate):
    y, v = np.array(univariate["yi"]), np.array(univariate["vi"])
    fit = random_effects(y, v, level=0.9)
    for t, p in ((fit.tau2_low, 0.95), (fit.tau2_high, 0.05)):
        w = 1 / (v + t)
        q = w @ (y - w @ y / w.sum()) ** 2
        expected = stats.chi2.ppf(p, len(y) - 1)
        assert q == pytest.approx(expected, rel=1e-10) if t > 0 else q <= expected


def test_q_profile_is_empty_where_no_tau2_fits():
    fit = random_effects([0.100, 0.101, 0.100, 0.101], [0.1] * 4)
    assert (fit.tau2_low, fit.tau2_high, fit.i2_high) == (0, 0, 0)


def test_without_tau2_interval_its_limits_are_nan(bcg):
    fit = random_effects(*bcg, tau2_interval=None)
    nothing = [fit.tau2_low, fit.tau2_high, fit.i2_low, fit.i2_high, fit.h2_low, fit.h2_high]
    assert np.isnan(nothing).all()


def test_tau2_profile_limits_fall_by_the_quantile_and_agree_with_metafor(univariate):
    y, v = np.array(univariate["yi"]), np.array(univariate["vi"])
    fit = random_effects(y, v, tau2_interval="profile")
    top = restricted(fit.tau2, y, v)
    for t, theirs in zip((fit.tau2_low, fit.tau2_high), univariate["tau2_profile"], strict=True):
        fall = top - restricted(t, y, v)
        assert fall == pytest.approx(HALF, rel=1e-9) if t > 0 else fall <= HALF
        # uniroot's default tolerance there is 1.2e-4; a single step may fall a little short.
        assert t == pytest.approx(theirs, abs=3e-4, rel=1e-6)


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_tau2_profile_agrees_with_metafor_at_a_tight_tolerance(bcg, reference, method):
    fit = random_effects(*bcg, method, tau2_interval="profile")
    expected = reference("univariate")["tau2_profile"][method]
    assert_allclose([fit.tau2_low, fit.tau2_high], expected, rtol=1e-9)


def test_tau2_profile_is_that_of_the_restricted_likelihood_for_moment_estimators(bcg):
    a, b = (random_effects(*bcg, m, tau2_interval="profile") for m in ("DL", "REML"))
    assert_allclose([a.tau2_low, a.tau2_high], [b.tau2_low, b.tau2_high], rtol=1e-9)


def test_tau2_profile_spans_both_peaks_of_a_likelihood_that_has_two():
    # Two precise studies agree, three imprecise ones lie far apart: peaks near 0 and 1.
    y = np.array([0.0, 0.02, 2.0, -2.2, 1.8])
    v = np.array([1e-4, 1e-4, 0.3, 0.4, 0.5])
    fit = random_effects(y, v, tau2_interval="profile")
    grid = np.r_[0, np.geomspace(1e-6, 1e3, 4000)]
    values = np.array([restricted(t, y, v) for t in grid])
    inside = grid[values >= restricted(fit.tau2, y, v) - HALF]
    assert fit.tau2_low <= inside[0] * 1.01
    assert fit.tau2_high >= inside[-1]
    assert fit.tau2_high <= inside[-1] * 1.01


# --- profile likelihood of the effect ----------------------------------------------------


def profile(mu, y, v):
    """Return the log-likelihood at mu, tau2 searched on a grid and polished."""
    grid = np.r_[0, np.geomspace(v.min() / 100, 10 * ((y - mu) ** 2).max() + v.max(), 300)]
    values = [full(mu, t, y, v) for t in grid]
    i = int(np.argmax(values))
    ends = grid[max(i - 1, 0)], grid[min(i + 1, 300)]
    best = optimize.minimize_scalar(
        lambda t: -full(mu, t, y, v), bounds=ends, method="bounded", options={"xatol": 1e-12}
    )
    return max(values[i], -best.fun)


@pytest.mark.parametrize("name", ["bcg_rr", "hine1989_or", "normand_smd", "lau1992_or"])
def test_profile_limits_fall_by_the_quantile(reference, name):
    univariate = reference("univariate")["cases"][name]
    y, v = np.array(univariate["yi"]), np.array(univariate["vi"])
    fit = random_effects(y, v, "ML", "profile")
    top = fit.log_likelihood
    for mu in (fit.ci_low, fit.ci_high):
        # The search by values alone is good to about 1e-9 of a log-likelihood.
        assert top - profile(mu, y, v) == pytest.approx(HALF, abs=1e-8)
    null = 2 * (top - profile(0.0, y, v))
    assert fit.statistic == pytest.approx(np.sign(fit.estimate) * np.sqrt(null), rel=1e-6)
    assert fit.p == pytest.approx(stats.chi2.sf(null, 1), rel=1e-6)


def test_profile_with_equal_variances_has_a_closed_form():
    # tau2 free: pl(mu) = -k/2 log sum (y - mu)^2, limits mean +- sd sqrt(exp(c/k) - 1).
    y = np.array([0.1, 0.5, 1.2, -0.7, 0.4])
    fit = random_effects(y, np.full(5, 0.05), "ML", "profile")
    half = y.std() * np.sqrt(np.exp(2 * HALF / 5) - 1)
    assert_allclose([fit.ci_low, fit.ci_high], [y.mean() - half, y.mean() + half], rtol=1e-9)


# --- Henmi and Copas ---------------------------------------------------------------------


def test_henmi_copas_agrees_with_metafor(univariate):
    fit = random_effects(univariate["yi"], univariate["vi"], interval="henmi-copas")
    estimate, se, low, high = univariate["henmi_copas"]
    assert_allclose([fit.estimate, fit.se], [estimate, se], rtol=1e-12)
    # uniroot's default tolerance of 1.2e-4 in the quantile.
    unit = np.sqrt(univariate["fits"]["DL"]["tau2"] / np.min(univariate["vi"]) + 1) * se
    assert_allclose([fit.ci_low, fit.ci_high], [low, high], atol=1.3e-4 * unit)


@pytest.mark.parametrize("name", ["bcg_rr", "normand_smd"])
def test_henmi_copas_agrees_with_metafor_at_a_tight_tolerance(reference, name):
    data = reference("univariate")
    univariate = data["cases"][name]
    fit = random_effects(univariate["yi"], univariate["vi"], interval="henmi-copas")
    # The quadrature there ends at 1.2e-4 relative, here at rounding.
    assert_allclose([fit.ci_low, fit.ci_high], data["henmi_copas"][name], rtol=1e-7)


@pytest.mark.parametrize("name", ["bcg_rr", "hannum_plo", "mcdaniel_cor", "hine1989_or"])
def test_henmi_copas_quantile_is_that_of_an_adaptive_quadrature(reference, name):
    univariate = reference("univariate")["cases"][name]
    y, v = np.array(univariate["yi"]), np.array(univariate["vi"])
    fit = random_effects(y, v, interval="henmi-copas")
    w = 1 / v
    w1 = w.sum()
    w2, w3, w4 = ((w**p).sum() / w1 for p in (2, 3, 4))
    t, df = random_effects(y, v, "DL").tau2, len(y) - 1
    vr = 1 + t * w2
    x = (fit.ci_high - fit.estimate) / (np.sqrt(vr) * fit.se)

    def integrand(r):
        z = r * r / vr
        mean = df + t * (w1 - w2) + t**2 * (z - 1 / vr) * (w3 - w2**2)
        var = 2 * df + 4 * t * (w1 - w2) + 2 * t**2 * (w1 * w2 - 2 * w3 + w2**2)
        var += 4 * (z - 1 / vr) * (t**2 * (w3 - w2**2) + t**3 * (w4 - 2 * w2 * w3 + w2**3))
        var += 2 * t**4 * (1 - 2 * r * r) / vr**2 * (w3 - w2**2) ** 2
        bound = (w1 / w2 - 1) * ((r / x) ** 2 - 1) + df
        return stats.gamma.cdf(bound, mean**2 / var, scale=var / mean) * stats.norm.pdf(r)

    tail = integrate.quad(integrand, x, 12, epsabs=1e-13, limit=400)[0]
    assert tail == pytest.approx(0.025, rel=1e-9)


def test_henmi_copas_p_is_five_per_cent_at_its_limit(bcg):
    y, v = bcg
    fit = random_effects(y, v, interval="henmi-copas")
    assert random_effects(y - fit.ci_low, v, interval="henmi-copas").p == pytest.approx(0.05)
    assert_allclose(fit.weights, 100 / v / (1 / v).sum(), rtol=1e-13)


def test_henmi_copas_without_heterogeneity_and_with_equal_variances():
    y, v = np.array([0.10, 0.12, 0.11, 0.09]), np.full(4, 0.05)
    a, b = (random_effects(y, v, interval=i) for i in ("henmi-copas", "wald"))
    assert (a.estimate, a.se) == pytest.approx((b.estimate, b.se), rel=1e-13)
    # metafor 3.8-1, hc(rma(y, v), control = list(tol = 1e-14)): width over that of Wald.
    ratio = (a.ci_high - a.ci_low) / (b.ci_high - b.ci_low)
    assert ratio == pytest.approx(HC_RATIO, rel=1e-7)


def test_i2_from_q_alone_is_that_of_the_published_reviews():
    # printed by R's meta for Fleiss' aspirin trials (1993), and at one decimal: 39.7 [0.0; 74.6]
    found = i2_from_q([9.95, 3.0, 2.0], [6, 6, 1], 0.95)
    assert found.i2 == pytest.approx([39.698, 0, 50], abs=1e-3)
    assert found.low[:2] == pytest.approx([0, 0])
    assert found.high[0] == pytest.approx(74.6, abs=0.05)
    # little spread: SE of log H is sqrt((1 - 1 / (3 x 25)) / 10)
    half = 1.959964 * np.sqrt((1 - 1 / 75) / 10)
    assert found.high[1] == pytest.approx(100 * (1 - 6 / 3 * np.exp(-2 * half)), abs=1e-4)
    assert np.isnan([found.low[2], found.high[2]]).all()
    with pytest.raises(ValueError, match="q must be 0 or above"):
        i2_from_q(-1, 3)
