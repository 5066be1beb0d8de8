"""The beta-binomial model: VGAM and glmmTMB, plain searches, its limits, and what has no answer."""

from dataclasses import asdict

import numpy as np
import pytest
from scipy import optimize, special, stats

from ketameta.stats import beta_binomial, mantel_haenszel

TRIALS = {
    "ai": [0, 1, 9, 4, 12, 2, 30],
    "n1i": [20, 35, 40, 22, 12, 60, 75],
    "ci": [3, 0, 3, 4, 9, 8, 11],
    "n2i": [22, 31, 44, 20, 15, 58, 80],
}
RARE = {
    "ai": [3, 0, 1, 0, 2],
    "n1i": [90, 60, 75, 40, 30],
    "ci": [17, 2, 4, 0, 0],
    "n2i": [88, 61, 77, 41, 33],
}


def log_likelihood(table, mean1, mean2, gamma1, gamma2):
    """Independent: SciPy's distribution of the arms, at gammas above 0."""
    a, n1, c, n2 = (np.array(table[name]) for name in ("ai", "n1i", "ci", "n2i"))
    one = stats.betabinom.logpmf(a, n1, mean1 / gamma1, (1 - mean1) / gamma1)
    two = stats.betabinom.logpmf(c, n2, mean2 / gamma2, (1 - mean2) / gamma2)
    return one.sum() + two.sum()


def test_common_correlation_matches_vgam_and_glmmtmb():
    got = beta_binomial("OR", **TRIALS)
    # R 4.2.2: VGAM vglm(cbind(x, n - x) ~ g, betabinomial(zero = 2), epsilon = 1e-12)
    # whose scoring leaves the seventh digit
    assert got.estimate == pytest.approx(0.172012985319, abs=1e-7)
    assert got.log_likelihood == pytest.approx(-43.0634153349, abs=1e-9)
    assert got.rho1 == got.rho2 == pytest.approx(special.expit(-0.784379121570), rel=1e-6)
    assert got.risk2 == pytest.approx(special.expit(-1.200061401927), rel=1e-6)
    # glmmTMB 1.1.5, family betabinomial, whose search stops at seven digits
    assert got.se == pytest.approx(0.640184403132, rel=2e-7)


def gammas(common, x):
    g = np.exp(x[2])
    return (g, g) if common == "rho" else (g * special.expit(-x[0]), g * special.expit(-x[1]))


@pytest.mark.parametrize("table", [TRIALS, RARE], ids=["varied", "rare"])
@pytest.mark.parametrize("common", ["rho", "beta"])
def test_maximum_and_error_are_those_of_another_search_and_of_differences(common, table):
    got = beta_binomial("OR", common=common, **table)

    def down(x):
        return -log_likelihood(table, *special.expit(x[:2]), *gammas(common, x))

    other = optimize.minimize(
        down, [-1, -1, -1], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}
    )
    assert got.log_likelihood == pytest.approx(-other.fun, abs=1e-9)
    assert got.estimate == pytest.approx(other.x[0] - other.x[1], abs=1e-5)
    assert [got.risk1, got.risk2] == pytest.approx(special.expit(other.x[:2]), abs=1e-6)
    g1, g2 = gammas(common, other.x)
    assert [got.rho1, got.rho2] == pytest.approx([g1 / (1 + g1), g2 / (1 + g2)], abs=1e-5)
    h, e = 1e-3, np.eye(3) * 1e-3
    hessian = [
        [
            (down(other.x + p + q) - down(other.x + p - q) - down(other.x - p + q)
             + down(other.x - p - q)) / (4 * h * h)
            for q in e
        ]
        for p in e
    ]  # fmt: skip
    covariance = np.linalg.inv(hessian)
    se = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    assert got.se == pytest.approx(se, rel=1e-4)


def test_ratio_of_risks_and_difference_are_of_the_same_fit():
    odds, ratio, difference = (beta_binomial(m, **TRIALS) for m in ("OR", "RR", "RD"))
    assert ratio.estimate == pytest.approx(np.log(odds.risk1 / odds.risk2), rel=1e-12)
    assert difference.estimate == pytest.approx(odds.risk1 - odds.risk2, rel=1e-12)
    assert odds.log_likelihood == ratio.log_likelihood == difference.log_likelihood
    # errors by differences of the effect along the log odds: the two arms' parts are the same
    for other, per in ((ratio, lambda m: 1 - m), (difference, lambda m: m * (1 - m))):
        low, high = sorted(per(m) for m in (odds.risk1, odds.risk2))
        assert low * odds.se < other.se * (1 + 1e-9)
        assert other.se < high * odds.se * (1 + 1e-9)


def test_where_trials_do_not_differ_it_is_the_binomial_of_all_people():
    alike = {"ai": [4, 8, 6], "n1i": [40, 80, 60], "ci": [6, 12, 9], "n2i": [40, 80, 60]}
    got = beta_binomial("OR", **alike)
    assert (got.rho1, got.rho2, got.spread_p) == (0, 0, 1)
    assert got.estimate == pytest.approx(np.log(18 / 162 / (27 / 153)), rel=1e-10)
    assert got.se == pytest.approx(np.sqrt(1 / 18 + 1 / 162 + 1 / 27 + 1 / 153), rel=1e-10)
    assert got.log_likelihood == pytest.approx(
        stats.binom.logpmf([4, 8, 6], [40, 80, 60], 0.1).sum()
        + stats.binom.logpmf([6, 12, 9], [40, 80, 60], 0.15).sum()
    )


def test_trials_without_any_event_lower_the_risks_and_are_counted():
    more = {name: [*column, *add] for (name, column), add in zip(
        RARE.items(), ([0, 0], [500, 400], [0, 0], [500, 400]), strict=True)}  # fmt: skip
    few, many = beta_binomial("RD", **RARE), beta_binomial("RD", **more)
    assert many.k == few.k + 2
    assert many.risk2 < few.risk2
    assert mantel_haenszel("OR", **more).estimate == mantel_haenszel("OR", **RARE).estimate


def test_swapping_arms_and_counting_non_events_negate():
    one = beta_binomial("OR", **TRIALS)
    a, n1, c, n2 = TRIALS.values()
    two = beta_binomial("OR", ai=c, n1i=n2, ci=a, n2i=n1)
    rest = {"ai": np.subtract(n1, a), "n1i": n1, "ci": np.subtract(n2, c), "n2i": n2}
    for other in (two, beta_binomial("OR", **rest)):
        assert other.estimate == pytest.approx(-one.estimate, rel=1e-7)
        assert other.se == pytest.approx(one.se, rel=1e-7)
    common = beta_binomial("OR", common="beta", **rest)
    # a common beta is not symmetric in what counts as an event
    assert common.estimate != pytest.approx(-beta_binomial("OR", common="beta", **TRIALS).estimate)


def test_one_trial_is_itself_and_none_is_nothing():
    one = beta_binomial("OR", ai=[4], n1i=[20], ci=[9], n2i=[30])
    assert one.converged
    assert one.estimate == pytest.approx(np.log(4 / 16 / (9 / 21)), rel=1e-10)
    assert one.se == pytest.approx(np.sqrt(1 / 4 + 1 / 16 + 1 / 9 + 1 / 21), rel=1e-10)
    assert np.isnan([one.rho1, one.rho2, one.spread_p]).all()
    none = beta_binomial("OR", ai=[np.nan], n1i=[5], ci=[1], n2i=[5])
    assert (none.k, none.converged) == (0, True)
    assert np.isnan(none.estimate)


def test_trials_of_one_arm_are_absent():
    got = beta_binomial(
        "OR", **{name: [*column, at] for (name, column), at in zip(
            TRIALS.items(), (5, 20, np.nan, np.nan), strict=True)}
    )  # fmt: skip
    assert asdict(got) == asdict(beta_binomial("OR", **TRIALS))


@pytest.mark.parametrize(
    ("a", "c"),
    [
        ([0, 0, 0], [1, 0, 4]),
        ([2, 0, 1], [0, 0, 0]),
        ([5, 6, 7], [1, 2, 3]),
        ([0, 0, 0], [0, 0, 0]),
        ([0, 6, 0], [8, 0, 10]),  # all or nobody: the more spread, the more likely
    ],
)
def test_what_has_no_finite_maximum_says_so(a, c):
    got = beta_binomial("OR", ai=a, n1i=[5, 6, 7], ci=c, n2i=[8, 9, 10])
    assert not got.converged
    assert got.k == 3
    assert np.isnan([got.estimate, got.se, got.rho1, got.log_likelihood]).all()


def test_a_batch_is_its_analyses():
    a = np.array([TRIALS["ai"], [0] * 7], float)
    both = beta_binomial("RR", **(TRIALS | {"ai": a}))
    assert both.converged.tolist() == [True, False]
    assert both.estimate[0] == beta_binomial("RR", **TRIALS).estimate
    assert len(both.to_frame()) == 2


def test_large_trials_keep_their_digits():
    big = {"ai": [10, 18, 54], "n1i": [15560, 15630, 26870]}
    big |= {"ci": [18, 19, 41], "n2i": [7925, 7925, 9090]}
    got = beta_binomial("OR", **big)
    assert got.converged
    assert got.risk1 == pytest.approx(1.4e-3, rel=0.2)
    assert got.rho1 < 1e-2


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    # 20 trials, risks by beta distributions with a correlation of 0.05
    rng = np.random.default_rng(11)
    means, rho, runs = np.array([0.06, 0.12]), 0.05, 200
    sizes = rng.integers(30, 150, (2, runs, 20))
    shape = (1 - rho) / rho
    counts = [
        rng.binomial(n, rng.beta(m * shape, (1 - m) * shape, n.shape))
        for m, n in zip(means, sizes, strict=True)
    ]
    fits = beta_binomial("OR", ai=counts[0], n1i=sizes[0], ci=counts[1], n2i=sizes[1])
    truth = special.logit(means) @ [1, -1]
    assert fits.converged.all()
    assert fits.estimate.mean() == pytest.approx(truth, abs=0.06)
    # three standard errors of 200 runs, and 20 trials that leave a little below
    assert 0.89 < ((fits.ci_low <= truth) & (truth <= fits.ci_high)).mean() < 0.99


def test_faults_are_named():
    with pytest.raises(ValueError, match="measure is one of OR, RR, RD"):
        beta_binomial("IRR", **TRIALS)
    with pytest.raises(ValueError, match="common is one of rho, beta"):
        beta_binomial("OR", common="both", **TRIALS)
    with pytest.raises(ValueError, match=r"ai\[1\] is not a whole number \(2.5\)"):
        beta_binomial("OR", **(TRIALS | {"ai": [1, 2.5, 1, 1, 1, 1, 1]}))
    with pytest.raises(ValueError, match="needs an axis of studies"):
        beta_binomial("OR", ai=1, n1i=4, ci=1, n2i=4)
