"""Tests of small-study effects that effects alone do not set off."""

import numpy as np
import pytest
import statsmodels.api as sm

from ketameta.synthesize.diagnose import asymmetry

SIZES = [12, 16, 20, 24, 30, 40, 50, 60, 80, 100, 140]


def effects(**columns):
    names = ("yi", "vi", "n_t", "n_c", "events_t", "events_c")
    rows = zip(*(columns.get(name, [None] * len(SIZES)) for name in names), strict=True)
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_events_go_on_the_inverse_of_the_size_with_peters_weights(configuration):
    rng = np.random.default_rng(3)
    n = np.array(SIZES)
    a, c = rng.binomial(n, 0.5), rng.binomial(n, 0.3)
    yi, vi = np.log((a / n) / (c / n)), 1 / a - 1 / n + 1 / c - 1 / n
    found = asymmetry(
        configuration["response_24h"],
        effects(yi=yi, vi=vi, n_t=n, n_c=n, events_t=a, events_c=c),
        0.5,
    )
    weights = 1 / (1 / (a + c) + 1 / (2 * n - a - c))
    line = sm.WLS(yi, sm.add_constant(1 / (2 * n)), weights).fit()
    assert (found["test"], found["test_k"]) == ("Peters", 11)
    assert found["test_slope"] == pytest.approx(line.params[1], rel=1e-9)
    assert found["test_p"] == pytest.approx(line.pvalues[1], rel=1e-8)


def test_scores_go_on_what_of_their_standard_error_is_not_the_effect(configuration):
    rng = np.random.default_rng(4)
    n = np.array(SIZES)
    size = 2 / n
    yi = rng.normal(-0.6, np.sqrt(size))
    found = asymmetry(
        configuration["depression_24h"],
        effects(yi=yi, vi=size + yi**2 / (4 * n), n_t=n, n_c=n),
        -0.6,
    )
    line = sm.WLS(yi, sm.add_constant(np.sqrt(size)), 1 / size).fit()
    assert found["test_slope"] == pytest.approx(line.params[1], rel=1e-9)
    assert found["test_p"] == pytest.approx(line.pvalues[1], rel=1e-8)
    assert found["test_p"] != pytest.approx(found["p"], rel=1e-3)


def test_large_effects_alone_do_not_set_the_tests_off(configuration):
    # one large effect in all trials, none of them kept back: p < 0.1 in about a tenth of reviews
    rng = np.random.default_rng(5)
    n = np.array([15, 20, 25, 30, 35, 40, 50, 60] * 2)
    least = {"Peters": 0, "Egger": 0}
    for _ in range(400):
        a, c = rng.binomial(n, 0.5) + 0.5, rng.binomial(n, 0.12) + 0.5
        yi, vi = np.log(a / c), 1 / a - 1 / (n + 1) + 1 / c - 1 / (n + 1)
        rows = [
            dict(yi=y, vi=v, n_t=m + 1, n_c=m + 1, events_t=e, events_c=f)
            for y, v, m, e, f in zip(yi, vi, n, a, c, strict=True)
        ]
        found = asymmetry(configuration["response_24h"], rows, 1.3)
        least["Peters"] += found["test_p"] < 0.1
        least["Egger"] += found["p"] < 0.1
    assert 0.05 < least["Peters"] / 400 < 0.15
    assert least["Egger"] / 400 > 0.5


def test_effects_without_sizes_are_left_out_and_nine_test_nothing(configuration):
    n = [*SIZES[:-2], None, None]
    rows = effects(yi=np.linspace(-1, 0, 11), vi=np.linspace(0.5, 0.1, 11), n_t=n, n_c=n)
    found = asymmetry(configuration["depression_24h"], rows, -0.5)
    assert (found["test_k"], found["test_p"]) == (9, None)
    assert found["p"] is not None


def test_treated_arms_alone_have_no_test(configuration):
    rows = effects(yi=np.linspace(-1, 0, 11), vi=np.linspace(0.5, 0.1, 11), n_t=SIZES)
    found = asymmetry(configuration["response_24h_arm"], rows, -0.5)
    assert (found["test"], found["test_p"]) == (None, None)
