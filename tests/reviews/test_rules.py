"""Pooling as RevMan does, against metafor 4.8 (rma.mh, rma.peto, rma.uni) and by identities."""

import numpy as np
import pytest

from ketameta.reviews import rules
from ketameta.reviews.rules import Rules
from ketameta.stats import random_effects

# a study with an empty cell, one without events in either arm, one with events alone in an arm
EVENTS = np.array([[0, 3], [4, 9], [2, 0], [0, 0], [12, 20], [6, 5]], float)
PEOPLE = np.array([[20, 22], [35, 33], [50, 48], [15, 14], [80, 78], [6, 6]], float)
MEANS = [[12.1, 14.9], [9.8, 10.1], [15.2, 18.9], [11, 11.2]]
SDS = [[4.1, 5], [5.2, 5.5], [6.6, 6.1], [3.9, 4.4]]
SIZES = [[20, 22], [31, 29], [15, 17], [44, 41]]


def pooled(effects, own, level=0.95):
    return rules.pool(effects, np.zeros(effects.yi.size, np.intp), own, np.array([level]))


# method, measure, random, estimator: ratio with its limits, tau², Q, z
METAFOR = {
    "MH OR": (
        ("MH", "OR", False, "DL"),
        (0.53770424237953, 0.295047814401302, 0.979928805301017),
        (None, 4.48760687573106, 2.02617670438782),
    ),
    "MH RR": (
        ("MH", "RR", False, "DL"),
        (0.648417104533183, 0.42530046186031, 0.988582847082097),
        (None, 10.5628800418213, 2.01332867124989),
    ),
    "IV OR": (
        ("IV", "OR", False, "DL"),
        (0.517720661789741, 0.274212063070413, 0.977472255023226),
        (None, 4.47396499515139, None),
    ),
    "IV OR DL": (
        ("IV", "OR", True, "DL"),
        (0.529851974552016, 0.250889861639458, 1.11898947650628),
        (0.0936952314461626, 4.47396499515139, None),
    ),
    "IV RR DL": (
        ("IV", "RR", True, "DL"),
        (0.744780130117966, 0.40207612689918, 1.37958313142432),
        (0.197998330467331, 7.68080300850384, None),
    ),
    "IV RR REML": (
        ("IV", "RR", True, "REML"),
        (0.751277660348013, 0.417715633082362, 1.35120181826352),
        (0.168181620069424, 7.68080300850384, None),
    ),
    "Peto": (
        ("IV", "PETO", False, "DL"),
        (0.522502443594326, 0.285705151064808, 0.955561362980515),
        (None, 6.83361877858109, 2.10754926160625),
    ),
}


@pytest.mark.parametrize(("how", "ends", "rest"), METAFOR.values(), ids=METAFOR)
def test_counts_are_pooled_as_metafor_does(how, ends, rest):
    found = pooled(rules.of_counts(how[1], EVENTS, PEOPLE), Rules(*how))
    np.testing.assert_allclose(
        np.exp([found.estimate[0], found.low[0], found.high[0]]), ends, rtol=1e-9
    )
    for own, known in zip((found.tau2[0], found.q[0], found.z[0]), rest, strict=True):
        if known is not None:
            assert own == pytest.approx(known, rel=1e-9)
    assert found.k == [5]


def test_a_risk_difference_takes_empty_cells_into_its_variance_alone():
    effects = rules.of_counts("RD", EVENTS, PEOPLE)
    np.testing.assert_allclose(
        effects.yi, EVENTS[:, 0] / PEOPLE[:, 0] - EVENTS[:, 1] / PEOPLE[:, 1]
    )
    # 0/20 and 0/20 is 0.00 [-0.09, 0.09] in forest plots of RevMan
    none = rules.of_counts("RD", np.zeros((1, 2)), np.full((1, 2), 20.0))
    assert 1.96 * np.sqrt(none.vi[0]) == pytest.approx(0.0923, abs=1e-4)
    found = pooled(effects, Rules("IV", "RD", True))
    ends = found.estimate[0], found.low[0], found.high[0]
    expected = (-0.0418650657802219, -0.123107994596545, 0.0393778630361011)
    np.testing.assert_allclose(ends, expected, rtol=1e-9)
    assert found.tau2[0] == pytest.approx(0.00478642133224512, rel=1e-9)
    assert found.k == [6]


def test_mantel_haenszel_weighs_risk_differences_by_people():
    full = rules.of_counts("RD", EVENTS[[1, 4]], PEOPLE[[1, 4]])
    weight = PEOPLE[[1, 4]].prod(axis=1) / PEOPLE[[1, 4]].sum(axis=1)
    found = pooled(full, Rules("MH", "RD", False))
    assert found.estimate[0] == pytest.approx((weight * full.yi).sum() / weight.sum())
    # without empty cells the variance is that of fixed weights
    variance = (weight**2 * full.vi).sum() / weight.sum() ** 2
    assert (found.high - found.low)[0] == pytest.approx(2 * 1.959963984540054 * variance**0.5)


def test_mantel_haenszel_random_effects_have_q_about_its_own_estimate():
    effects = rules.of_counts("OR", EVENTS, PEOPLE)
    fixed = pooled(effects, Rules("MH", "OR", False))
    found = pooled(effects, Rules("MH", "OR", True))
    w = 1 / effects.vi[effects.known]
    tau2 = (fixed.q[0] - 4) / (w.sum() - (w**2).sum() / w.sum())
    assert found.q[0] == fixed.q[0]
    assert found.tau2[0] == pytest.approx(tau2, rel=1e-12)
    assert found.tau2[0] != pooled(effects, Rules("IV", "OR", True)).tau2[0]


def test_means_are_pooled_as_metafor_does():
    data = np.array(MEANS), np.array(SDS), np.array(SIZES, float)
    for random, ends in (
        (False, (-1.03967442040801, -2.29262219849145, 0.213273357675432)),
        (True, (-1.21459125632577, -2.76606687099432, 0.336884358342785)),
    ):
        found = pooled(rules.of_means("MD", *data), Rules("IV", "MD", random))
        own = found.estimate[0], found.low[0], found.high[0]
        np.testing.assert_allclose(own, ends, rtol=1e-9)


def test_hedges_g_has_the_factor_and_the_variance_of_revman():
    effects = rules.of_means("SMD", *(np.array(x, float)[:1] for x in (MEANS, SDS, SIZES)))
    spread = ((19 * 4.1**2 + 21 * 5**2) / 40) ** 0.5
    g = (12.1 - 14.9) / spread * (1 - 3 / (4 * 42 - 9))
    assert effects.yi[0] == pytest.approx(g, rel=1e-14)
    assert effects.vi[0] == pytest.approx(42 / 440 + g * g / (2 * (42 - 3.94)), rel=1e-14)


def test_hksj_is_as_metafor_has_it_with_p_of_the_normal_test():
    effects = rules.of_counts("RR", EVENTS, PEOPLE)
    found = pooled(effects, Rules("IV", "RR", True, "REML", hksj=True))
    known = effects.known
    other = random_effects(effects.yi[known], effects.vi[known], "REML", "hksj")
    np.testing.assert_allclose(
        [found.low[0], found.high[0]], [other.ci_low, other.ci_high], rtol=1e-9
    )
    # metafor, test="knha"
    np.testing.assert_allclose(
        np.exp([found.low[0], found.high[0]]), [0.317384843246124, 1.7783398764896], rtol=1e-7
    )
    # p is of the normal test under either interval
    wald = pooled(effects, Rules("IV", "RR", True, "REML"))
    assert (found.p[0], found.z[0]) == (wald.p[0], wald.z[0])
    assert found.t[0] == pytest.approx(abs(found.estimate[0]) / found.se[0], rel=1e-14)
    assert np.isnan(wald.t[0])


@pytest.mark.parametrize("k", [2, 4])
def test_hksj_is_taken_as_it_is_with_two_studies_and_without_spread(k):
    # q / (k - 1) of a Q far below its degrees of freedom makes the interval narrower than Wald's
    y, v = 0.4 + np.arange(k) / 100, np.full(k, 0.25)
    effects = rules.of_generic(np.column_stack([y, v**0.5]))
    found, wald = (pooled(effects, Rules("IV", "", True, "REML", hksj=h)) for h in (True, False))
    assert found.tau2 == [0]
    se = np.std(y, ddof=1) / k**0.5
    assert found.se[0] == pytest.approx(se, rel=1e-12)
    quantile = {2: 12.706204736174694, 4: 3.182446305283710}[k]
    half = (found.high[0] - found.low[0]) / 2
    assert half == pytest.approx(quantile * se, rel=1e-10)
    assert half < (wald.high[0] - wald.low[0]) / 2
    one = rules.of_generic(np.array([[0.4, 0.5]]))
    alone, normal = (pooled(one, Rules("IV", "", True, "REML", hksj=h)) for h in (True, False))
    assert (alone.low[0], alone.high[0]) == (normal.low[0], normal.high[0])
    assert np.isnan(alone.t[0])


@pytest.mark.parametrize("hksj", [False, True])
def test_a_prediction_interval_has_the_quantile_of_the_interval(hksj):
    effects = rules.of_counts("RR", EVENTS, PEOPLE)
    found = pooled(effects, Rules("IV", "RR", True, "REML", hksj=hksj))
    wide = (found.prediction_high - found.prediction_low) / (found.high - found.low)
    assert wide[0] == pytest.approx((1 + found.tau2[0] / found.se[0] ** 2) ** 0.5, rel=1e-12)
    # where tau² is 0 it is the interval itself, as RevMan prints it; a fixed effect has none
    same = pooled(rules.of_generic(np.array([[1.0, 0.5], [1.1, 0.5]])), Rules("IV", "", True))
    assert (same.prediction_low[0], same.prediction_high[0]) == (same.low[0], same.high[0])
    assert np.isnan(pooled(effects, Rules("IV", "RR", False)).prediction_low[0])


def test_what_is_not_estimable_is_none():
    none = rules.of_counts("OR", EVENTS[3:4], PEOPLE[3:4])
    found = pooled(none, Rules("MH", "OR", False))
    assert found.k == [0]
    assert np.isnan([found.estimate, found.low, found.p, found.q, found.i2]).all()
    every = rules.of_counts("RR", np.array([[5.0, 4.0]]), np.array([[5.0, 4.0]]))
    assert not every.known.any()
    one = pooled(rules.of_observed(np.array([[-2.0, 4.0]])), Rules("IV", "ratio", False))
    assert (one.k[0], one.estimate[0], one.df[0]) == (1, -0.5, 0)
    assert one.high[0] - one.low[0] == pytest.approx(1.959963984540054)


def test_all_pools_at_once_are_each_as_if_alone():
    rng = np.random.default_rng(5)
    place = np.sort(rng.integers(0, 40, 300))
    people = rng.integers(5, 200, (300, 2)).astype(float)
    events = rng.binomial(people.astype(int), 0.1).astype(float)
    for own in (Rules("MH", "RR", False), Rules("IV", "RR", True), Rules("MH", "RR", True)):
        effects = rules.of_counts("RR", events, people)
        found = rules.pool(effects, place, own, np.full(40, 0.95))
        for i in range(40):
            alone = pooled(rules.of_counts("RR", *(x[place == i] for x in (events, people))), own)
            assert np.array_equal(found.estimate[i : i + 1], alone.estimate, equal_nan=True)
            assert np.array_equal(found.high[i : i + 1], alone.high, equal_nan=True)
        sums = np.bincount(place, np.nan_to_num(found.weights), 40)
        np.testing.assert_allclose(sums[found.k > 0], 100)


def test_subgroups_are_held_against_each_other():
    q, df, p, i2 = rules.between(
        np.array([0.1, 0.9, 0.4]), np.array([0.2, 0.3, 0.1]), np.array([0, 0, 1]), 3
    )
    expected = 0.8**2 / (0.04 + 0.09)
    assert q[0] == pytest.approx(expected)
    assert (df[0], p[0] < 0.05) == (1, True)
    assert i2[0] == pytest.approx(100 * (expected - 1) / expected)
    assert np.isnan([q[1], q[2], df[1], p[2]]).all()
