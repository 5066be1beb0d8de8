"""Pooling against metafor, at the edges, and under changes that must not matter."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from ketameta.stats import RandomEffects, random_effects
from ketameta.stats.numerics.shown import number_fields
from ketameta.stats.univariate import pooling as module
from ketameta.stats.univariate.tau2 import ESTIMATORS

RULES = ("wald", "hksj", "hksj-adhoc")
EFFECT = ("estimate", "se", "statistic", "p", "ci_low", "ci_high", "pi_low", "pi_high")
# metafor solves EB by an iteration that ends at 1e-13 in tau2, absolute: on the smallest scale
# among the data sets (risk differences) that is 1e-9 relative, and more after cancellation near 0.
CLOSED = {"rtol": 1e-8, "atol": 1e-14}
# The same for REML and ML, whose iteration converges slower; ML of lau1992 ends at 1e-15.
LIKELIHOOD = {"rtol": 1e-6, "atol": 1e-11}
FIVE = [0.12, 0.31, 0.52, 0.18, 0.44], [0.02, 0.03, 0.015, 0.04, 0.02]
OWN = [1, 2, 3, 1, 2]


def tolerance(method):
    return LIKELIHOOD if method in {"ML", "REML"} else CLOSED


@pytest.mark.parametrize("rule", RULES)
def test_every_field_agrees_with_metafor(univariate, rule):
    prediction = "normal" if rule == "wald" else "k-1"
    for method, expected in univariate["fits"].items():
        if rule not in expected:  # metafor has no HKSJ for EE
            continue
        fit = random_effects(
            univariate["yi"], univariate["vi"], method, rule, prediction=prediction
        )
        assert fit.converged
        assert fit.rule == rule
        pairs = [
            (getattr(fit, field), value, field)
            for field, value in zip(EFFECT, expected[rule], strict=True)
        ]
        pairs += [
            (getattr(fit, field), expected[field], field)
            for field in ("tau2", "tau2_se", "i2", "h2", "log_likelihood")
        ]
        for ours, theirs, field in pairs:
            if theirs is not None:
                label = f"{method} {field}"
                assert_allclose(ours, theirs, **tolerance(method), err_msg=label)


def test_q_and_its_classical_measures_agree_with_metafor(univariate):
    fit = random_effects(univariate["yi"], univariate["vi"])
    k, q = univariate["k"], univariate["q"]
    assert (fit.k, fit.q_df) == (k, k - 1)
    assert_allclose([fit.q, fit.q_p], [q, univariate["q_p"]], rtol=1e-10)
    # The definitions, of Higgins & Thompson 2002.
    assert_allclose(fit.i2_q, 100 * max(0, (q - (k - 1)) / q), rtol=1e-10)
    assert_allclose(fit.h2_q, q / (k - 1), rtol=1e-10)


def test_tau2_limits_agree_with_metafor(univariate):
    fit = random_effects(univariate["yi"], univariate["vi"])
    for name, (low, high) in univariate["qprofile"].items():
        ours = [getattr(fit, f"{name}_low"), getattr(fit, f"{name}_high")]
        # metafor's root search ended at 1e-13 absolute in tau2, of which the smallest is 3e-5.
        assert_allclose(ours, [low, high], rtol=1e-8)


@pytest.mark.parametrize("method", ESTIMATORS)
def test_weights_are_the_inverse_variances_in_per_cent(bcg, method):
    y, v = bcg
    fit = random_effects(y, v, method)
    expected = 1 / (v + fit.tau2)
    assert_allclose(fit.weights, 100 * expected / expected.sum(), rtol=1e-13)
    assert fit.weights.sum() == pytest.approx(100, rel=1e-13)


def test_one_analysis_gives_plain_numbers(bcg):
    fit = random_effects(*bcg)
    for field in number_fields(RandomEffects):
        value = getattr(fit, field)
        if field != "weights":
            assert type(value) in {float, int, str, bool}, field
    assert fit.weights.shape == (13,)


# --- edges -------------------------------------------------------------------------------


def test_no_study_gives_nan_throughout():
    for y in ([], [np.nan, np.nan]):
        fit = random_effects(y, y)
        assert (fit.k, fit.rule, fit.converged) == (0, "none", True)
        assert np.isnan([fit.estimate, fit.se, fit.tau2, fit.i2, fit.q, fit.ci_low]).all()
        assert np.isnan(fit.weights).all()


@pytest.mark.parametrize("interval", ["wald", "hksj", "auto", "profile", "henmi-copas"])
def test_one_study_is_itself_and_says_nothing_of_heterogeneity(interval):
    fit = random_effects([np.nan, 0.3], [np.nan, 0.04], interval=interval)
    assert (fit.k, fit.rule, fit.q, fit.q_df) == (1, "wald", 0, 0)
    assert fit.estimate == 0.3
    # 1.959964 is the normal's 97.5% point.
    expected = [0.2, 0.3 - 1.9599639845400545 * 0.2, 0.3 + 1.9599639845400545 * 0.2]
    assert_allclose([fit.se, fit.ci_low, fit.ci_high], expected, rtol=1e-14)
    nothing = [fit.tau2, fit.tau2_low, fit.i2, fit.h2, fit.q_p, fit.pi_low, fit.log_likelihood]
    assert np.isnan(nothing).all()
    assert_allclose(fit.weights, [np.nan, 100])
    assert random_effects([0.3], [0.04], "EE").tau2 == 0


def test_two_studies_have_a_closed_form():
    # REML for k = 2: tau2 = max(0, ((y1-y2)^2 - v1 - v2) / 2).
    y, v = np.array([0.1, 0.9]), np.array([0.02, 0.05])
    fit = random_effects(y, v, interval="hksj")
    assert fit.tau2 == pytest.approx((0.64 - 0.07) / 2, rel=1e-13)
    assert (fit.df, fit.rule) == (1, "hksj")
    assert random_effects([0.1, 0.2], v).tau2 == 0


@pytest.mark.parametrize("method", ESTIMATORS)
def test_equal_effects_leave_nothing_to_estimate(method):
    fit = random_effects([0.5, 0.5, 0.5], [0.1, 0.2, 0.3], method, "hksj")
    # The first tau2 that SJ tries is the variance of the effects: also 0.
    assert (fit.tau2, fit.q, fit.estimate) == (0, 0, 0.5)
    assert (fit.se, fit.ci_low, fit.ci_high) == (0, 0.5, 0.5)
    assert (fit.p, fit.i2, fit.converged) == (0, 0, True)


@pytest.mark.parametrize("method", ["DL", "DL2", "HE", "REML", "PM", "EB"])
def test_equal_variances_make_the_unbiased_estimators_agree(method):
    # With all v equal each solves sum (y - mean)^2 / (k-1) = v + tau2.
    y = np.array([0.1, 0.5, 1.2, -0.7, 0.4])
    fit = random_effects(y, np.full(5, 0.05), method)
    assert fit.tau2 == pytest.approx(y.var(ddof=1) - 0.05, rel=1e-12)


def test_equal_variances_give_maximum_likelihood_its_bias():
    y = np.array([0.1, 0.5, 1.2, -0.7, 0.4])
    fit = random_effects(y, np.full(5, 0.05), "ML")
    assert fit.tau2 == pytest.approx(y.var() - 0.05, rel=1e-12)


def test_variances_over_twelve_orders_of_magnitude():
    # Two studies of known closed form, the other ten without weight: the answer must be theirs.
    y = np.r_[0.0, 1e-3, np.linspace(-3, 3, 10)]
    v = np.r_[1e-7, 2e-7, np.full(10, 1e5)]
    fit = random_effects(y, v)
    assert fit.converged
    # The ten lack 1e-11 of the weight each; tau2 = ((y1-y2)^2 - v1 - v2) / 2 moves as little.
    assert fit.tau2 == pytest.approx((1e-6 - 3e-7) / 2, rel=1e-6)
    g = np.random.default_rng(12)
    y, v = g.normal(size=8), 10.0 ** np.linspace(-12, 0, 8)
    for method in ESTIMATORS:
        fit = random_effects(y, v, method)
        assert fit.converged, method
        assert np.isfinite([fit.estimate, fit.ci_low, fit.q, fit.log_likelihood]).all(), method


@pytest.mark.parametrize("method", ESTIMATORS)
def test_tau2_is_exactly_zero_without_excess_spread(method):
    y, v = np.array([0.10, 0.12, 0.11, 0.09]), np.array([0.04, 0.05, 0.06, 0.05])
    fit = random_effects(y, v, method)
    if method == "SJ":  # positive by construction
        assert 0 < fit.tau2 < 1e-3
        return
    assert (fit.tau2, fit.tau2_low, fit.tau2_high, fit.i2, fit.h2_q < 1) == (0, 0, 0, 0, True)
    # metafor 3.8-1, rma(yi, vi, method = "DL"): se 0.1107.
    assert random_effects(y, v, method, "wald").se == pytest.approx(0.1107, abs=5e-5)


@pytest.mark.parametrize(
    ("yi", "vi", "message"),
    [
        ([1.0, np.nan], [1.0, 1.0], r"yi\[1\] is NaN while its vi is 1"),
        ([1.0, 1.0], [1.0, np.nan], r"vi\[1\] is NaN while its yi is 1"),
        ([1.0, np.inf], [1.0, 1.0], r"yi\[1\] is infinite"),
        ([1.0, 1.0], [np.inf, 1.0], r"vi\[0\] is infinite"),
        ([1.0, 1.0], [1.0, 0.0], r"vi\[1\] is 0"),
        ([1.0, 1.0], [1.0, -2.0], r"vi\[1\] is -2"),
        ([[1.0, 1.0], [1.0, 2.0]], [[1.0, 1.0], [0.0, 1.0]], r"vi\[1, 0\] is 0"),
        ([1.0, 1.0, 1.0], [1.0, 1.0], "do not fit together"),
        (1.0, [1.0], "yi needs an axis of studies"),
    ],
)
def test_bad_input_is_named(yi, vi, message):
    with pytest.raises(ValueError, match=message):
        random_effects(yi, vi)


@pytest.mark.parametrize(
    "option",
    [
        {"tau2": "reml"},
        {"interval": "t"},
        {"level": 95},
        {"prediction": "k"},
        {"tau2_interval": "wald"},
    ],
)
def test_bad_options_are_named(bcg, option):
    with pytest.raises(ValueError, match=next(iter(option))):
        random_effects(*bcg, **option)


# --- batches -----------------------------------------------------------------------------


def same(batch, index, single):
    """Compare one analysis of a batch with the same alone, to the last bits."""
    for field in number_fields(RandomEffects):
        a, b = getattr(batch, field)[index], getattr(single, field)
        if field in {"rule", "k", "converged"}:
            assert a == b, field
        else:
            # Sums may be taken in another order.
            assert_allclose(a, b, rtol=1e-9, atol=1e-13, err_msg=field)


@pytest.mark.parametrize("interval", ["auto", "profile", "henmi-copas"])
@pytest.mark.parametrize("method", ["REML", "ML", "PM", "DL2", "SJ"])
def test_a_batch_is_its_analyses_one_by_one(method, interval):
    g = np.random.default_rng(5)
    v = g.uniform(0.01, 0.5, (3, 4, 7))
    y = g.normal(0, np.sqrt(v + 0.1))
    absent = g.random(v.shape) < 0.4
    absent[0, 0] = True
    absent[1, 1] = [False, *[True] * 6]
    y[absent], v[absent] = np.nan, np.nan
    batch = random_effects(y, v, method, interval)
    assert batch.estimate.shape == (3, 4)
    assert batch.weights.shape == (3, 4, 7)
    for index in np.ndindex(3, 4):
        same(batch, index, random_effects(y[index], v[index], method, interval))
        here = ~absent[index]
        alone = random_effects(y[index][here], v[index][here], method, interval)
        same(replace(batch, weights=batch.weights[..., here]), index, alone)


def test_blocks_do_not_show(monkeypatch, bcg):
    y, v = bcg
    bits = (np.arange(300)[:, None] >> np.arange(13) & 1).astype(bool)
    ys, vs = np.where(bits, y, np.nan), np.where(bits, v, np.nan)
    whole = random_effects(ys, vs)
    monkeypatch.setattr(module, "BLOCK", 13 * 64)
    parts = random_effects(ys, vs)
    for field in number_fields(RandomEffects):
        a, b = getattr(whole, field), getattr(parts, field)
        if field == "rule":
            assert (a == b).all()
        else:
            assert_allclose(a, b, rtol=1e-9, atol=1e-13, err_msg=field)


def test_an_empty_batch_has_no_results():
    assert random_effects(np.zeros((0, 3)), np.ones((0, 3))).estimate.shape == (0,)


def test_input_is_left_as_it_was(bcg):
    y, v = (a.copy() for a in bcg)
    random_effects(y, v, "DL2", "profile")
    assert (y == bcg[0]).all()
    assert (v == bcg[1]).all()


# --- what must not matter ----------------------------------------------------------------

effects = st.lists(
    st.tuples(st.floats(-3, 3, width=32), st.floats(2**-6, 2, width=32)), min_size=2, max_size=9
)
method = st.sampled_from(sorted(set(ESTIMATORS) - {"EE"}))
interval = st.sampled_from(["wald", "hksj", "hksj-adhoc"])
MAIN = ("estimate", "se", "ci_low", "ci_high", "pi_low", "pi_high", "tau2", "i2", "q")
quick = settings(max_examples=60, deadline=None, derandomize=True)


def close(a, b, scale=1.0):
    # Roots are found to 1e-13; effects up to 3 lose some of that in a difference.
    assert_allclose(a, b, rtol=1e-8, atol=1e-11 * scale)


@given(effects, method, interval, st.randoms(use_true_random=False))
@quick
def test_the_order_of_studies_does_not_matter(data, method, interval, random):
    other = data.copy()
    random.shuffle(other)
    a, b = (random_effects(*np.array(d, float).T, method, interval) for d in (data, other))
    for field in MAIN:
        close(getattr(a, field), getattr(b, field))


@given(effects, method, interval)
@quick
def test_a_change_of_sign_mirrors_the_result(data, method, interval):
    y, v = np.array(data, float).T
    a, b = random_effects(y, v, method, interval), random_effects(-y, v, method, interval)
    close(
        [a.estimate, a.ci_low, a.ci_high, a.pi_low, a.tau2, a.se],
        [-b.estimate, -b.ci_high, -b.ci_low, -b.pi_high, b.tau2, b.se],
    )


@given(effects, method, interval, st.sampled_from([1e-6, 7.0, 1e6]))
@quick
def test_a_change_of_scale_scales_the_result(data, method, interval, factor):
    y, v = np.array(data, float).T
    a = random_effects(y, v, method, interval)
    b = random_effects(y * factor, v * factor**2, method, interval)
    close(
        np.array([a.estimate, a.ci_low, a.pi_high]) * factor,
        [b.estimate, b.ci_low, b.pi_high],
        factor,
    )
    close(np.array([a.tau2, a.tau2_high]) * factor**2, [b.tau2, b.tau2_high], factor**2)
    close([a.i2, a.q, a.h2], [b.i2, b.q, b.h2])


@given(effects, method, interval, st.floats(-100, 100))
@quick
def test_a_shift_moves_the_estimate_alone(data, method, interval, shift):
    y, v = np.array(data, float).T
    a, b = random_effects(y, v, method, interval), random_effects(y + shift, v, method, interval)
    assert_allclose([a.estimate + shift, a.se], [b.estimate, b.se], rtol=1e-8, atol=1e-9)
    assert_allclose(a.tau2, b.tau2, rtol=1e-8, atol=1e-9)


@given(effects, st.sampled_from(["DL", "DL2", "ML", "REML"]), st.floats(-3, 3))
@quick
def test_a_study_of_infinite_variance_changes_nothing(data, method, effect):
    # Those estimators weight by precision; HE does not, and PM and SJ count studies.
    y, v = np.array(data, float).T
    a = random_effects(y, v, method, "wald")
    b = random_effects(np.r_[y, effect], np.r_[v, 1e18], method, "wald")
    # DL and DL2 compare Q with k - 1: the study adds 1 to what is expected and nothing to Q.
    if method in {"ML", "REML"}:
        assert_allclose(
            [a.estimate, a.se, a.tau2], [b.estimate, b.se, b.tau2], rtol=1e-6, atol=1e-8
        )
    else:
        assert b.tau2 <= a.tau2 + 1e-12
    assert b.weights[-1] < 1e-14


@given(effects, interval, st.floats(0.5, 0.98))
@quick
def test_a_higher_level_never_narrows_an_interval(data, interval, level):
    y, v = np.array(data, float).T
    a = random_effects(y, v, "REML", interval, level)
    b = random_effects(y, v, "REML", interval, level + 0.01)
    for low, high in (("ci_low", "ci_high"), ("pi_low", "pi_high"), ("tau2_low", "tau2_high")):
        assert getattr(b, low) <= getattr(a, low) + 1e-12
        assert getattr(b, high) >= getattr(a, high) - 1e-12


@pytest.mark.parametrize("exponent", [-200, -70, -21, 21, 70, 200])
def test_the_scale_of_effects_does_not_matter_at_any_magnitude(bcg, exponent):
    # A power of two changes no digit, so that equality is exact but for the sums' own rescaling.
    y, v = bcg
    factor = 2.0**exponent
    for method in ESTIMATORS:
        a = random_effects(y, v, method)
        b = random_effects(y * factor, v * factor**2, method)
        assert b.converged
        assert b.statistic == pytest.approx(a.statistic, rel=1e-12), method
        assert b.tau2 / factor**2 == pytest.approx(a.tau2, rel=1e-12), method
        assert b.ci_low / factor == pytest.approx(a.ci_low, rel=1e-12), method
        dims = 12 if method == "REML" else 13
        fall = dims * exponent * np.log(2)
        assert b.log_likelihood + fall == pytest.approx(a.log_likelihood, abs=1e-9), method


@pytest.mark.parametrize("method", ESTIMATORS)
def test_a_variance_next_to_infinite_raises_no_alarm(bcg, method):
    y, v = bcg
    fit = random_effects(np.r_[y, 5.0], np.r_[v, 1e300], method)
    assert fit.converged
    assert fit.weights[-1] == pytest.approx(0, abs=1e-280) or method in {"HE", "SJ"}
    assert np.isfinite([fit.estimate, fit.se, fit.tau2]).all()


def test_a_million_times_larger_effects_give_the_same_t(bcg):
    y, v = bcg
    for method in ESTIMATORS:
        a, b = random_effects(y, v, method), random_effects(y * 1e6, v * 1e12, method)
        assert a.statistic == pytest.approx(b.statistic, rel=1e-12), method


@pytest.mark.parametrize("name", ["bcg_rr", "normand_smd"])
def test_two_step_dl_agrees_with_metafor(reference, name):
    data = reference("univariate")
    univariate = data["cases"][name]
    fit = random_effects(univariate["yi"], univariate["vi"], "DL2")
    assert_allclose([fit.tau2, fit.tau2_se], data["dl2"][name], rtol=1e-12)


@pytest.mark.parametrize("tau2", ["REML", "ML", "PM", "DL", "SJ", "EB"])
def test_effects_that_dwarf_their_errors_beyond_all_digits_end_without_an_estimate(tau2):
    yi = np.array([[-4.6e55, 1.6e9], [0.1, 0.4]])
    fit = random_effects(yi, np.ones((2, 2)), tau2)
    assert fit.converged.tolist() == [False, True]
    assert np.isnan(fit.estimate[0])
    assert fit.estimate[1] == random_effects(yi[1], np.ones(2), tau2).estimate


# metafor 4.8: rma(yi, vi, tau2 = 0.05), with test = "knha", weights = w, and both
@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"tau2": 0.05, "interval": "wald"}, (0.323751976508, 0.121655621961, 0.562192614068)),
        ({"tau2": 0.05, "interval": "hksj"}, (0.323751976508, 0.0771963178984, 0.538083315476)),
        ({"weights": OWN, "tau2": 0.05, "interval": "hksj"},
         (0.373333333333, 0.0817679359785, 0.600357518943)),
        ({"weights": OWN, "tau2": "EE"}, (0.373333333333, 0.0698322504999, 0.510202029272)),
    ],
)  # fmt: skip
def test_tau2_and_weights_may_be_told(asked, wanted):
    fit = random_effects(FIVE[0], FIVE[1], **asked)
    assert (fit.estimate, fit.se, fit.ci_high) == pytest.approx(wanted, rel=1e-11)
    assert np.isnan(fit.tau2_se) == ("tau2" in asked)
    # an absent study changes nothing, nor does the unit of weights; a batch is its analyses
    more = {"weights": [*(5 * np.array(OWN)), 7.0]} if "weights" in asked else {}
    again = random_effects([*FIVE[0], np.nan], [*FIVE[1], np.nan], **{**asked, **more})
    assert (again.estimate, again.se) == pytest.approx((fit.estimate, fit.se), rel=1e-13)
    both = random_effects([FIVE[0]] * 2, [FIVE[1]] * 2, **asked)
    assert (both.estimate == fit.estimate).all()


def test_weights_of_the_model_are_the_model():
    fit = random_effects(*FIVE)
    own = random_effects(*FIVE, weights=1 / (np.array(FIVE[1]) + fit.tau2))
    for name in ("estimate", "se", "ci_low", "ci_high", "p", "pi_low", "pi_high", "weights"):
        assert getattr(own, name) == pytest.approx(getattr(fit, name), rel=1e-12), name


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"tau2": -1.0}, "tau2 is an estimator, or a number of 0 or more"),
        ({"weights": [1, 1, -1, 1, 1]}, r"weights\[2\] is not a number of 0 or more"),
        ({"weights": [0] * 5}, "weights are 0 for all studies"),
        ({"weights": [1, 1]}, "weights have shape"),
        ({"weights": OWN, "interval": "profile"}, "weights go with the intervals"),
    ],
)
def test_what_is_told_of_tau2_and_weights_has_to_be_possible(asked, says):
    with pytest.raises(ValueError, match=says):
        random_effects(*FIVE, **asked)
