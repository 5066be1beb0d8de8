"""From the cells of a row to an effect: worked by hand for each way a paper reports."""

import math

import pytest
from scipy.special import gammaln, ndtri, stdtrit

KET, SAL = "ket", "sal"


def hedges(m1, s1, n1, m2, s2, n2):
    """Return Hedges' g and its variance by hand (Hedges 1981)."""
    df = n1 + n2 - 2
    s = math.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / df)
    j = math.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / math.sqrt(df / 2)
    g = j * (m1 - m2) / s
    return g, 1 / n1 + 1 / n2 + g**2 / (2 * (n1 + n2))


def effect(made, ask, name="depression_24h", **keys):
    return made.result(ask(name, **keys))[0]["a"]


def test_change_and_sd(made, ask):
    made.trial("a").scores(
        "a",
        {
            KET: dict(change_mean=-16.5, change_sd=11.0, n=47),
            SAL: dict(change_mean=-8.8, change_sd=9.5, n=25),
        },
    )
    found = effect(made, ask)
    assert (found.yi, found.vi) == pytest.approx(hedges(-16.5, 11, 47, -8.8, 9.5, 25), rel=1e-12)
    found = effect(made, ask, "depression_24h_madrs")
    assert (found.yi, found.vi) == pytest.approx((-7.7, 11**2 / 47 + 9.5**2 / 25))


def test_endpoint_sd_from_its_interval(made, ask):
    made.trial("a")
    half = stdtrit(15, 0.975) * 10 / math.sqrt(16)
    made.scores(
        "a",
        {
            KET: dict(mean=15.0, ci95_low=15 - half, ci95_high=15 + half, n=16),
            SAL: dict(mean=24.0, sd=12.0, n=16),
        },
    )
    found = effect(made, ask)
    assert found.sd_t == pytest.approx(10)
    assert found.basis == "endpoint"


def test_sd_of_a_change_from_its_standard_error(made, ask):
    made.trial("a").scores(
        "a",
        {
            KET: dict(change_mean=-15.0, se=2.5, n=16),
            SAL: dict(change_mean=-5.0, se=2.0, n=25),
        },
    )
    found = effect(made, ask, "depression_24h_madrs")
    assert (found.sd_t, found.sd_c) == pytest.approx((10, 10))
    assert found.vi == pytest.approx(2.5**2 + 2.0**2)


def test_a_standard_error_of_a_change_is_not_taken_for_that_of_the_endpoint(made, ask):
    made.trial("a").scores(
        "a",
        {
            KET: dict(change_mean=-15.0, mean=18.0, se=2.5, n=16),
            SAL: dict(mean=25.0, sd=9.0, n=25),
        },
    )
    effects, fate = made.result(ask("depression_24h"))
    assert effects == {}
    assert fate["outcomes.csv:2"].reason in ("no comparison", "not usable")


def test_change_computed_from_baseline_and_endpoint(made, ask):
    row = dict(baseline_mean=33.0, baseline_sd=6.0, sd=10.0, n=30)
    made.trial("a").scores("a", {KET: dict(mean=17.0, **row), SAL: dict(mean=25.0, **row)})
    found = effect(made, ask, basis=("computed change",), correlation=0.4)
    sd = math.sqrt(6**2 + 10**2 - 2 * 0.4 * 6 * 10)
    assert (found.mean_t, found.sd_t) == pytest.approx((-16, sd))
    assert found.assumptions == ("correlation",)


def test_arms_on_different_bases_fall_back_to_one_that_both_give(made, ask):
    made.trial("a").scores(
        "a",
        {
            KET: dict(change_mean=-15.0, change_sd=9.0, mean=18.0, sd=10.0, n=30),
            SAL: dict(mean=25.0, sd=9.0, n=30),
        },
    )
    found = effect(made, ask)
    assert (found.basis, found.mean_t) == ("endpoint", 18.0)


def test_two_arms_are_combined_to_all_their_people(made, ask):
    import numpy as np

    made.trial("a", arms=(("low", "ketamine"), ("high", "ketamine"), (SAL, "saline")))
    rng = np.random.default_rng(1)
    low, high = rng.normal(-10, 8, 12), rng.normal(-16, 9, 15)
    made.scores(
        "a",
        {
            name: dict(change_mean=float(x.mean()), change_sd=float(x.std(ddof=1)), n=len(x))
            for name, x in (("low", low), ("high", high))
        }
        | {SAL: dict(change_mean=-5.0, change_sd=9.0, n=20)},
    )
    found = effect(made, ask)
    both = np.concatenate([low, high])
    assert (found.mean_t, found.sd_t) == pytest.approx((both.mean(), both.std(ddof=1)))


def test_quantiles_give_mean_and_sd_and_say_so(made, ask):
    made.trial("a")
    row = dict(q1=10.0, median=15.0, q3=20.0, n=100)
    made.scores("a", {KET: row, SAL: dict(mean=25.0, sd=8.0, n=100)})
    found = effect(made, ask)
    assert found.mean_t == pytest.approx(15)
    assert found.sd_t == pytest.approx(10 / 1.349, rel=0.02)  # normal quartiles, n large
    assert found.assumptions == ("quantiles",)


N = {"arms": ((KET, "ketamine", dict(n_randomised=30)), (SAL, "saline", dict(n_randomised=34)))}


@pytest.mark.parametrize(
    "reported",
    [
        dict(se=2.1),
        dict(ci_low=-5 - 2.1 * stdtrit(62, 0.975), ci_high=-5 + 2.1 * stdtrit(62, 0.975)),
        dict(
            ci_low=-5 - 2.1 * stdtrit(62, 0.95), ci_high=-5 + 2.1 * stdtrit(62, 0.95), ci_level=90
        ),
        dict(t_value=5 / 2.1),
        dict(f_value=(5 / 2.1) ** 2),
    ],
)
def test_a_reported_mean_difference_gives_its_standard_error(made, ask, reported):
    made.trial("a", **N)
    made.contrast("a", KET, SAL, "depression_score", "MD", estimate=-5.0, **reported)
    found = effect(made, ask, "depression_24h_madrs")
    assert (found.yi, found.vi) == pytest.approx((-5, 2.1**2))


def test_an_exact_p_value_gives_a_standard_error_and_a_bound_does_not(made, ask):
    made.trial("a", **N)
    made.contrast("a", KET, SAL, "depression_score", "MD", estimate=-5.0, p_value=".02")
    found = effect(made, ask, "depression_24h_madrs")
    assert found.vi == pytest.approx((5 / stdtrit(62, 0.99)) ** 2)
    assert "p-value" in found.assumptions
    made.raw["contrasts"][0]["p_value"] = "<0.05"
    assert made.result(ask("depression_24h_madrs"))[0] == {}


def test_a_mean_difference_is_standardised_by_the_sd_behind_its_error(made, ask):
    made.trial("a", **N)
    sd = 9.0
    se = sd * math.sqrt(1 / 30 + 1 / 34)
    made.contrast("a", KET, SAL, "depression_score", "MD", estimate=-5.0, se=se)
    found = effect(made, ask)
    assert (found.yi, found.vi) == pytest.approx(hedges(-5, sd, 30, 0, sd, 34))
    assert set(found.assumptions) == {"borrowed n", "SD from a difference"}


def test_a_reported_odds_ratio_is_taken_as_such_and_gives_a_risk_ratio_through_its_counts(
    made, ask
):
    a, n1, c, n2 = 18, 30, 9, 34
    made.trial("a", **N)
    log_or = math.log(a * (n2 - c) / (c * (n1 - a)))
    se = math.sqrt(1 / a + 1 / (n1 - a) + 1 / c + 1 / (n2 - c))
    z = float(ndtri(0.975))
    printed = dict(
        estimate=round(math.exp(log_or), 3),
        ci_low=round(math.exp(log_or - z * se), 3),
        ci_high=round(math.exp(log_or + z * se), 3),
    )
    made.contrast("a", KET, SAL, "response", "OR", **printed)
    found = effect(made, ask, "response_24h", measure="OR")
    assert (found.yi, math.sqrt(found.vi)) == pytest.approx(
        (log_or, se), abs=1e-3
    )  # printed digits
    found = effect(made, ask, "response_24h")
    assert found.yi == pytest.approx(math.log((a / n1) / (c / n2)))
    assert "counts from ratio" in found.assumptions


@pytest.mark.parametrize(
    "change",
    [
        dict(estimate=None),
        dict(ci_low=-3.0, ci_high=-1.0),
        dict(model="MMRM, Dunnett adjustment"),
        dict(model="median-unbiased estimate, weighted combination"),
        dict(model="Hodges-Lehmann median difference"),
    ],
)
def test_a_contrast_that_carries_no_standard_error_is_refused(made, ask, change):
    made.trial("a", **N)
    values = dict(estimate=-5.0, ci_low=-9.0, ci_high=-1.0) | change
    made.contrast("a", KET, SAL, "depression_score", "MD", **values)
    effects, fate = made.result(ask("depression_24h_madrs"))
    assert effects == {}
    assert fate["contrasts.csv:2"].reason == "not usable"


def test_contrasts_of_two_arms_with_one_control_are_averaged(made, ask):
    made.trial("a", arms=(("low", "ketamine"), ("high", "ketamine"), (SAL, "saline")))
    for arm, estimate in (("low", -4.0), ("high", -6.0)):
        made.contrast("a", arm, SAL, "depression_score", "MD", estimate=estimate, se=2.0)
    found = effect(made, ask, "depression_24h_madrs")
    assert found.yi == pytest.approx(-5)
    assert found.vi == pytest.approx((4 + 2) / 2)  # equal variances v, covariance v/2: mean 3v/4
