"""Moved events, trials that are not there yet, people lost, clusters of subsets."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import norm

import ketameta.stats.sensitivity.fragility as searches
from ketameta.stats import (
    conditional_power,
    effect_size,
    fragility,
    gamble_hollis,
    gosh,
    gosh_shares,
    informative_difference,
    informative_missing,
    random_effects,
    with_new_trial,
)

TRIALS = {"ai": [12, 9, 15], "n1i": [20, 20, 30], "ci": [5, 4, 8], "n2i": [20, 20, 30]}
FLAT = {"ai": [9, 8, 6], "n1i": [20, 20, 30], "ci": [6, 5, 5], "n2i": [20, 20, 30]}
YI, VI = [0.12, 0.05, 0.32, 0.18], [0.02, 0.03, 0.015, 0.04]


def fewest(trials, measure, reach):
    """Return by one loop over every table near the one given how few moves turn the conclusion."""
    found = effect_size(measure, **trials)

    def excludes(table):
        e = effect_size(measure, **table)
        fit = random_effects(e.yi, e.vi)
        return fit.ci_low > 0 or fit.ci_high < 0

    whole = excludes(trials)
    assert np.isfinite(found.yi).all()
    best = np.inf
    for moves in product(range(-reach, reach + 1), repeat=6):
        size = sum(map(abs, moves))
        if 0 < size <= min(reach, best - 1):
            table = trials | {
                "ai": np.add(trials["ai"], moves[:3]), "ci": np.add(trials["ci"], moves[3:])
            }  # fmt: skip
            if excludes(table) != whole:
                best = size
    return whole, best


@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
@pytest.mark.parametrize("trials", [TRIALS, FLAT])
def test_the_fewest_moves_are_those_of_a_loop_over_all(trials, measure):
    e = effect_size(measure, **trials)
    found = fragility(e.yi, e.vi, **trials, measure=measure)
    whole, best = fewest(trials, measure, 3)
    assert found.excludes == whole
    assert found.exact
    assert found.moved == best or (best == np.inf and found.moved > 3)


def test_the_moves_told_turn_the_conclusion():
    e = effect_size("RR", **TRIALS)
    found = fragility(e.yi, e.vi, **TRIALS)
    assert found.excludes
    assert np.abs(found.treated).sum() + np.abs(found.control).sum() == found.moved
    moved = TRIALS | {"ai": TRIALS["ai"] + found.treated, "ci": TRIALS["ci"] + found.control}
    after = effect_size("RR", **moved)
    fit = random_effects(after.yi, after.vi)
    assert fit.ci_low <= 0 <= fit.ci_high
    assert (found.ci_low, found.ci_high) == pytest.approx((fit.ci_low, fit.ci_high), rel=1e-12)
    back = fragility(after.yi, after.vi, **moved)
    assert not back.excludes
    assert 0 < back.moved <= found.moved


def test_a_study_without_counts_stays_and_none_with_them_cannot_be_turned():
    e = effect_size("RR", **TRIALS)
    some = {name: np.where([True, True, False], x, np.nan) for name, x in TRIALS.items()}
    found = fragility(e.yi, e.vi, **some)
    assert found.treated[2] == found.control[2] == 0
    assert found.moved >= fragility(e.yi, e.vi, **TRIALS).moved
    none = fragility(e.yi, e.vi, **dict.fromkeys(TRIALS, [np.nan] * 3))
    assert np.isnan(none.moved)
    assert np.isnan(fragility(e.yi, e.vi, **TRIALS, most=1).moved)


@pytest.mark.parametrize("counts", [(np.nan,) * 4, (0, 0, 3, 20), (0, 0, 0, 0)])
def test_an_absent_study_changes_nothing(counts):
    e = effect_size("RR", **TRIALS)
    more = {name: np.append(x, n) for (name, x), n in zip(TRIALS.items(), counts, strict=True)}
    whole = effect_size("RR", **more)
    assert np.isnan(whole.yi[-1])
    found, without = (fragility(x.yi, x.vi, **t) for x, t in ((whole, more), (e, TRIALS)))
    assert found.excludes
    assert found.moved == without.moved
    assert (found.ci_low, found.ci_high) == (without.ci_low, without.ci_high)
    assert found.treated.tolist() == [*without.treated, 0]


@pytest.mark.parametrize(
    ("risk", "most", "ends"),
    [(0.3, 100, False), (0.28, 40, False), (0.26, 15, True), (0.4, 60, True)],
)
def test_a_search_that_is_given_up_would_not_have_turned_it(risk, most, ends, monkeypatch):
    rng = np.random.default_rng(3)
    n1, n2 = rng.integers(30, 80, (2, 30))
    trials = {"ai": rng.binomial(n1, risk), "n1i": n1, "ci": rng.binomial(n2, 0.2), "n2i": n2}
    e = effect_size("RR", **trials)
    fits = []
    pooled = searches.random_effects
    monkeypatch.setattr(
        searches, "random_effects", lambda *a, **k: fits.append(1) or pooled(*a, **k)
    )
    found = fragility(e.yi, e.vi, **trials, most=most)
    before = len(fits)
    monkeypatch.setattr(searches, "_SEEN", most)
    whole = fragility(e.yi, e.vi, **trials, most=most)
    assert np.array_equal(found.moved, whole.moved, equal_nan=True)
    assert np.isnan(found.moved) == ends == (before < len(fits) - before)


def test_a_grid_of_new_trials_is_the_pooling_with_each():
    found = with_new_trial(YI, VI, [-0.4, 0.3], [0.1, 0.01], tau2="DL", interval="hksj")
    for i, v in enumerate((0.1, 0.01)):
        for j, y in enumerate((-0.4, 0.3)):
            fit = random_effects([*YI, y], [*VI, v], "DL", "hksj")
            assert found.ci_low[i, j] == pytest.approx(fit.ci_low, rel=1e-12)
            assert found.ci_high[i, j] == pytest.approx(fit.ci_high, rel=1e-12)


@pytest.mark.parametrize(
    ("effects", "variances", "says"),
    [
        ([0.1], [0.1, -0.5], r"^variances\[1\] is no sampling variance above 0 \(-0.5\)"),
        ([0.1], [0.0], r"^variances\[0\] is no sampling variance above 0 \(0\)"),
        ([0.1], [0.1, np.nan], r"^variances\[1\] is no sampling variance above 0 \(nan\)"),
        ([0.1], 0.1, "^variances is a list of new trials"),
        ([0.1, np.inf], [0.1], r"^effects\[1\] is no result of a trial \(inf\)"),
        (0.1, [0.1], "^effects is a list of new trials"),
    ],
)
def test_a_new_trial_that_cannot_be_is_named_as_such(effects, variances, says):
    with pytest.raises(ValueError, match=says):
        with_new_trial(YI, VI, effects, variances)
    if effects == [0.1]:
        with pytest.raises(ValueError, match=says):
            conditional_power(YI, VI, variances)


def test_power_of_a_common_effect_has_its_closed_form():
    y, v, new = np.array(YI), np.array(VI), np.array([0.3, 0.05, 0.01])
    total, w = (1 / v).sum(), 1 / new
    mean, theta = (y / v).sum() / total, 0.1
    centre = (total * mean + w * theta) / np.sqrt(total + w)
    spread = np.sqrt(w / (total + w))  # of the updated z, given the trials that are there
    z = norm.ppf(0.975)
    power = norm.sf((z - centre) / spread) + norm.cdf((-z - centre) / spread)
    found = conditional_power(YI, VI, new, effect=theta, tau2="EE", interval="wald")
    # the sum over 400 results is right to one of them
    assert found == pytest.approx(power, abs=1 / 400)


def test_power_is_the_share_of_simulated_updates():
    y, v = [0.3, 0.05, 0.6, 0.18, -0.1], [0.02, 0.03, 0.015, 0.04, 0.05]
    now, rng = random_effects(y, v, interval="wald"), np.random.default_rng(7)
    assert now.tau2 > 0.01
    new = 0.03
    draws = rng.normal(rng.normal(now.estimate, np.sqrt(now.tau2), 40_000), np.sqrt(new))
    whole = np.column_stack([np.tile(y, (draws.size, 1)), draws])
    fit = random_effects(whole, np.tile([*v, new], (draws.size, 1)), tau2_interval=None)
    share = ((fit.ci_low > 0) | (fit.ci_high < 0)).mean()
    # three standard errors of the share, and one of 400 results
    slack = 3 * np.sqrt(0.25 / draws.size) + 1 / 400
    assert conditional_power(y, v, [new]) == pytest.approx(share, abs=slack)


def test_a_cluster_share_is_a_squared_correlation_over_subsets():
    found = gosh([0.1, 0.2, 0.15, 0.12, 1.5], [0.02, 0.03, 0.015, 0.04, 0.02])
    more = found.k > 1
    expected = [
        np.corrcoef(found.included[more, i], found.estimate[more])[0, 1] ** 2 for i in range(5)
    ]
    assert gosh_shares(found) == pytest.approx(expected, rel=1e-9)
    assert np.argmax(gosh_shares(found)) == 4
    assert np.isnan(gosh_shares(gosh([0.3] * 4, [0.1] * 4))).all()


KNOWN = {"ai": [20, 31], "n1i": [40, 55], "ci": [10, 22], "n2i": [40, 60]}
LOST = {"m1i": [10, 5], "m2i": [4, 12]}


@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
def test_missing_at_random_leaves_effect_and_variance(measure):
    found, seen = informative_missing(measure, **KNOWN, **LOST), effect_size(measure, **KNOWN)
    assert found.yi == pytest.approx(seen.yi, rel=1e-12)
    assert found.vi == pytest.approx(seen.vi, rel=1e-12)


def test_extreme_odds_are_all_events_or_none():
    all_of_them = informative_missing("RD", **KNOWN, **LOST, imor_treated=1e12, imor_control=1e-12)
    a, n, c, m = (np.array(KNOWN[x]) for x in ("ai", "n1i", "ci", "n2i"))
    lost1, lost2 = np.array(LOST["m1i"]), np.array(LOST["m2i"])
    expected = (a + lost1) / (n + lost1) - c / (m + lost2)
    assert all_of_them.yi == pytest.approx(expected, rel=1e-9)
    none = informative_missing("RD", **KNOWN, **LOST, imor_treated=0.0, imor_control=1e12)
    assert none.yi == pytest.approx(a / (n + lost1) - (c + lost2) / (m + lost2), rel=1e-9)
    with pytest.raises(ValueError, match="below 0"):
        informative_missing("RR", **KNOWN, **LOST, imor_treated=-0.1)


# improvement with the drug and with placebo in 17 trials: with, without, not known (Higgins, White
# & Wood 2008, Clinical Trials 5, 225, as Joy2006.txt of the R package meta has them)
IMPROVED = np.array(
    [
        *[(25, 25, 2, 18, 33, 0), (29, 18, 22, 20, 14, 34), (12, 17, 1, 2, 28, 1)],
        *[(3, 9, 0, 0, 12, 0), (10, 11, 0, 3, 19, 0), (11, 8, 0, 1, 14, 0)],
        *[(7, 18, 1, 4, 21, 1), (8, 9, 0, 3, 10, 0), (19, 45, 2, 14, 50, 2)],
        *[(1, 9, 0, 0, 10, 0), (11, 23, 3, 0, 13, 0), (20, 9, 0, 2, 9, 0)],
        *[(17, 1, 11, 7, 4, 18), (4, 10, 0, 0, 13, 1), (2, 14, 0, 0, 7, 1)],
        *[(11, 1, 0, 1, 11, 0), (9, 20, 1, 0, 29, 1)],
    ]
)
_A, _B, _M1, _C, _D, _M2 = IMPROVED.T
COUNTS = {"ai": _A, "n1i": _A + _B, "ci": _C, "n2i": _C + _D, "m1i": _M1, "m2i": _M2}


@pytest.mark.parametrize(
    ("measure", "imors", "common", "random"),
    [
        ("RR", (1, 1, 0), (0.44918063, 0.10271273), (0.81056800, 0.19453174)),
        ("RR", (2, 2, 0), (0.35047418, 0.09011681), (0.80479315, 0.20181892)),
        ("RR", (2, 0.5, 0), (0.57689964, 0.10847403), (0.80647700, 0.17036922)),
        ("RR", (1, 1, 1), (0.56767059, 0.12200335), (0.81246435, 0.19016923)),
        ("OR", (0.5, 0.5, 0), (1.06105625, 0.18437627), (1.48498797, 0.29463559)),
        ("OR", (1, 1, 1), (1.14832179, 0.19650031), (1.48617097, 0.29132874)),
        ("RD", (2, 0.5, 0), (0.27343864, 0.02726132), (0.28928445, 0.04818443)),
        ("RD", (1, 1, 1), (0.26743385, 0.02814480), (0.27776550, 0.05031899)),
    ],
)
def test_imors_of_seventeen_trials_are_those_of_another_way(measure, imors, common, random):
    # R 4.2.2: log risks, log odds and risks differentiated by numDeriv over risk, part missing and
    # log IMOR, pooled by metafor 3.8-1, whose REML search ends at steps of 1e-5
    treated, control, sd = imors
    found = informative_missing(
        measure, **COUNTS, imor_treated=treated, imor_control=control, sd_log_imor=sd
    )
    for tau2, expected in (("FE", common), ("REML", random)):
        fit = random_effects(found.yi, found.vi, tau2, "wald")
        assert (fit.estimate, fit.se) == pytest.approx(
            expected, abs=1e-5 if tau2 == "REML" else 1e-8
        )


def test_available_cases_are_the_published_ratio():
    seen = effect_size("RR", **{name: COUNTS[name] for name in ("ai", "n1i", "ci", "n2i")})
    fit = random_effects(seen.yi, seen.vi, "FE", "wald")
    # 1.57 (1.28 to 1.92), the fixed-effect ratio of those observed
    found = np.exp([fit.estimate, fit.ci_low, fit.ci_high])
    assert found.round(2).tolist() == [1.57, 1.28, 1.92]


@pytest.mark.parametrize(
    ("measure", "estimate", "se"),
    [
        ("RR", 0.70220454, 0.14763512),
        ("OR", 1.25380203, 0.21776342),
        ("RD", 0.28557696, 0.03132513),
    ],
)
def test_gamble_hollis_is_that_of_escalc_and_rma(measure, estimate, se):
    # metafor 3.8-1: escalc of best and worst case, rma(yi, sei, method="FE")
    found = gamble_hollis(measure, **COUNTS)
    fit = random_effects(found.yi, found.vi, "FE", "wald")
    assert (fit.estimate, fit.se) == pytest.approx((estimate, se), abs=1e-8)


def test_uncertain_odds_have_the_variance_of_drawn_ones():
    lost = {"m1i": [10], "m2i": [4]}
    known = {name: values[:1] for name, values in KNOWN.items()}
    drawn = np.exp(0.2 * np.random.default_rng(5).standard_normal(40_000))
    every = {name: np.full(drawn.size, x[0]) for name, x in (known | lost).items()}
    each = informative_missing("OR", **every, imor_treated=drawn)
    fixed = informative_missing("OR", **known, **lost)
    unsure = informative_missing("OR", **known, **lost, sd_log_imor=0.2)
    control = informative_missing("OR", **known, m1i=[0], m2i=[4], sd_log_imor=0.2)
    alone = unsure.vi[0] - (control.vi[0] - effect_size("OR", **known).vi[0])
    # 40,000 draws tell a variance to 1%
    assert alone - fixed.vi[0] == pytest.approx(np.var(each.yi), rel=0.03)


def test_scores_of_all_people_are_those_of_a_mixture_of_observed_and_missing():
    rng, size, part, shift = np.random.default_rng(2), 200, 0.25, -0.8
    lost = rng.binomial(size, part, 20_000)
    observed = rng.normal(0.4, 1 / np.sqrt(size - lost))
    whole = observed + lost / size * shift
    numbers = {"n1i": [150], "n2i": [200], "m1i": [50], "m2i": [0]}
    yi, vi = informative_difference([0.4], [1 / 150], **numbers, treated=shift)
    assert yi[0] == pytest.approx(whole.mean(), abs=0.003)
    assert vi[0] == pytest.approx(whole.var(), rel=0.03)
    same = informative_difference([0.4], [0.1], n1i=[9], n2i=[9], m1i=[3], m2i=[2])
    assert [x.tolist() for x in same] == [[0.4], [0.1]]
    _, unsure = informative_difference([0.4], [0.1], n1i=[9], n2i=[9], m1i=[3], m2i=[1], sd=0.5)
    assert unsure[0] == pytest.approx(0.1 + (0.25**2 + 0.1**2) * 0.25, rel=1e-12)
    with pytest.raises(ValueError, match="below 0"):
        informative_difference([0.4], [0.1], n1i=[9], n2i=[9], m1i=[3], m2i=[1], sd=-1)


NUMBERS = {"n1i": [40, 55], "n2i": [40, 60]}
EVERY_WAY = [
    lambda **people: informative_missing("RR", **KNOWN | people),
    lambda **people: gamble_hollis("OR", **KNOWN | people),
    lambda **people: informative_difference([0.5, 0.1], [0.1, 0.2], **NUMBERS | people),
]


@pytest.mark.parametrize("way", EVERY_WAY, ids=["odds", "best and worst", "scores"])
@pytest.mark.parametrize(
    ("people", "says"),
    [
        ({"m2i": [4, -5]}, r"m2i\[1\] is negative \(-5\)"),
        ({"m1i": -40}, r"m1i(\[0\])? is negative \(-40\)"),
        ({"n1i": [40, -60]}, r"n1i\[1\] is (negative|below 1) \(-60\)"),
        ({"m1i": [1, 2, 3]}, "differ in shape"),
        ({"m1i": ["few", 1]}, "m1i must be numeric"),
    ],
)
def test_numbers_of_people_that_cannot_be_are_named(way, people, says):
    way(**LOST)
    with pytest.raises(ValueError, match=says):
        way(**LOST | people)


@pytest.mark.parametrize("way", [informative_missing, gamble_hollis])
def test_more_events_than_people_are_named(way):
    with pytest.raises(ValueError, match=r"ci\[0\] is larger than n2i \(41\)"):
        way("RD", **KNOWN | {"ci": [41, 1]}, **LOST)


@pytest.mark.parametrize("way", [informative_missing, gamble_hollis])
@pytest.mark.parametrize("lost", [0, 5])
def test_a_group_of_which_nobody_is_known_has_no_effect(way, lost):
    # else the halves of empty cells were the people from whom those of the missing are guessed
    none = {"ai": [0, 31], "n1i": [0, 55], "ci": [10, 22], "n2i": [40, 60]}
    found = way("RR", **none, m1i=[lost, 5], m2i=[4, 12])
    whole = way("RR", **KNOWN, **LOST)
    assert np.isnan([found.yi[0], found.vi[0]]).all()
    assert (found.yi[1], found.vi[1]) == (whole.yi[1], whole.vi[1])


def test_scores_of_a_group_of_nobody_are_refused():
    with pytest.raises(ValueError, match=r"n2i\[1\] is below 1 \(0\)"):
        informative_difference([0.5, 0.1], [0.1, 0.2], **NUMBERS | {"n2i": [40, 0]}, **LOST)


@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
def test_an_empty_cell_gets_its_half_as_in_the_observed_effect(measure):
    empty = {"ai": [0, 31], "n1i": [40, 55], "ci": [10, 60], "n2i": [40, 60]}
    found, seen = informative_missing(measure, **empty, **LOST), effect_size(measure, **empty)
    assert (found.yi, found.vi) == (
        pytest.approx(seen.yi, rel=1e-12), pytest.approx(seen.vi, rel=1e-12)
    )  # fmt: skip


def test_its_variance_is_that_of_simulated_trials():
    rng, size, risk, part, odds = np.random.default_rng(3), 400, 0.4, 0.2, 3.0
    lost = rng.binomial(size, part, 20_000)
    events = rng.binomial(size - lost, risk)
    other = {"ci": 100, "n2i": 400, "m2i": 0}
    each = informative_missing(
        "RD", ai=events, n1i=size - lost, m1i=lost, imor_treated=odds,
        **{name: np.full(lost.size, x) for name, x in other.items()},
    )  # fmt: skip
    one = informative_missing(
        "RD", ai=[128], n1i=[320], m1i=[80], imor_treated=odds,
        **{name: [x] for name, x in other.items()},
    )  # fmt: skip
    control = 0.25 * 0.75 / 400
    # 20,000 draws tell a variance to 1%
    assert one.vi[0] - control == pytest.approx(np.var(each.yi), rel=0.03)


# deaths with lidocaine and in control in six trials (Hine and others 1989), as metadat has them
HINE = {
    "ai": [2, 4, 6, 7, 7, 11], "n1i": [39, 44, 107, 103, 110, 154],
    "ci": [1, 4, 4, 5, 3, 4], "n2i": [43, 44, 110, 100, 106, 146],
}  # fmt: skip


@pytest.mark.parametrize(
    ("trials", "measure", "moved"),
    [
        (HINE, "RR", 1),
        (HINE, "OR", 1),
        (HINE, "RD", 2),
        ({name: COUNTS[name] for name in HINE}, "RR", 25),
        ({name: COUNTS[name] for name in HINE}, "OR", 30),
    ],
)
def test_moves_are_those_of_the_published_search_written_in_r(trials, measure, moved):
    # the search of Atal and others 2019, one event at a time, as a loop over rma.uni(method="DL")
    # of metafor 3.8-1
    e = effect_size(measure, **trials)
    found = fragility(e.yi, e.vi, **trials, measure=measure, tau2="DL", interval="wald")
    assert found.moved == moved


def test_no_trial_however_large_settles_effects_that_differ():
    # what Roloff and others 2013 show: where effects differ the power of one more trial has a bound
    y, v = [0.5, -0.3, 0.6, -0.2, 0.4], [0.01] * 5
    sizes = [1e-2, 1e-4, 1e-6]
    apart = conditional_power(y, v, sizes)
    assert apart[2] == pytest.approx(apart[1], abs=2 / 400)
    assert apart[2] < 0.5
    assert conditional_power(y, v, sizes, tau2="EE", interval="wald")[2] > 0.99
