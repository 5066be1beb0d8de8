"""Meta-regression against metafor, weighted least squares and its own special cases."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from ketameta.stats import meta_regression, random_effects
from ketameta.stats.univariate.tau2 import ESTIMATORS

# As for pooling: metafor's iterations end at 1e-13 in tau2, absolute, and it inverts X'WX, which
# for years as a moderator (lau1992) has a condition number of 1e10.
TOLERANCE = {"rtol": 2e-8, "atol": 1e-12}
COLUMNS = ("beta", "se", "statistic", "p", "ci_low", "ci_high")


def test_one_moderator_agrees_with_metafor(moderated):
    for method, expected in moderated["fits"].items():
        for rule in ("wald", "hksj"):
            fit = meta_regression(moderated["yi"], moderated["vi"], moderated["x"], method, rule)
            assert fit.converged
            for field in (*COLUMNS, "qm", "qm_p"):
                theirs = expected[rule][field]
                label = f"{method} {rule} {field}"
                assert_allclose(getattr(fit, field), theirs, **TOLERANCE, err_msg=label)
            for field in ("tau2", "tau2_se", "i2", "h2", "r2", "log_likelihood", "qe", "qe_p"):
                # metafor's ML of lau1992 ends at 5e-14 instead of 0: i2 is in per cent.
                close = {"rtol": 2e-8, "atol": 1e-9 if field in {"i2", "r2"} else 1e-12}
                label = f"{method} {field}"
                assert_allclose(getattr(fit, field), expected[field], **close, err_msg=label)


def bcg_design(reference):
    bcg = reference("univariate")["bcg"]
    alloc = np.array(bcg["alloc"])
    x = np.column_stack([alloc == "random", alloc == "systematic", bcg["ablat"]])
    return bcg["regression"], x.astype(float)


@pytest.mark.parametrize("method", ["HE", "HS", "HSk", "SJ", "PMM", "REML", "ML"])
def test_three_moderators_agree_with_metafor(bcg, reference, method):
    expected, x = bcg_design(reference)
    fit = meta_regression(*bcg, x, method, "hksj-adhoc")
    ours = [*fit.beta, *fit.se, fit.tau2, fit.tau2_se, fit.i2, fit.r2, fit.qm, fit.qm_p]
    assert_allclose([*ours, fit.log_likelihood], expected[method], rtol=1e-9)
    assert (fit.qm_df, fit.qm_df2, fit.df, fit.k) == (3, 9, 9, 13)


def test_equal_effects_regression_agrees_with_metafor(bcg, reference):
    expected, x = bcg_design(reference)
    fit = meta_regression(*bcg, x, "EE", "wald")
    ours = [*fit.beta, *fit.se, fit.qm, fit.qm_p, fit.r2, fit.qe, fit.i2, fit.h2]
    assert_allclose([*ours, fit.log_likelihood], expected["EE"]["values"], rtol=1e-10)


@pytest.mark.parametrize("rule", ["qprofile", "profile"])
def test_limits_of_residual_tau2_agree_with_metafor(bcg, reference, rule):
    expected, x = bcg_design(reference)
    fit = meta_regression(*bcg, x, tau2_interval=rule)
    assert_allclose([fit.tau2_low, fit.tau2_high], expected[rule], rtol=1e-9)


def test_dl2_matches_its_equation(bcg, reference):
    # The generalised moment equation with P written out (DerSimonian & Kacker 2007, eq. 6).
    y, v = bcg
    _, x = bcg_design(reference)
    x = np.column_stack([np.ones(13), x])
    w = np.diag(1 / (v + meta_regression(y, v, x, "DL").tau2))
    p = w - w @ x @ np.linalg.inv(x.T @ w @ x) @ x.T @ w
    expected = (y @ p @ y - np.trace(p @ np.diag(v))) / np.trace(p)
    fit = meta_regression(y, v, x, "DL2")
    assert fit.tau2 == pytest.approx(expected, rel=1e-10)
    s = p @ np.diag(v + fit.tau2)
    assert fit.tau2_se == pytest.approx(np.sqrt(2 * np.trace(s @ s)) / np.trace(p), rel=1e-10)


def test_pm_meets_its_equation(moderated):
    y, v = np.array(moderated["yi"]), np.array(moderated["vi"])
    x = np.column_stack([np.ones(len(y)), moderated["x"]])
    t = meta_regression(y, v, x, "PM").tau2
    w = 1 / (v + t)
    r = y - x @ np.linalg.lstsq(np.sqrt(w)[:, None] * x, np.sqrt(w) * y, rcond=None)[0]
    q = (w * r * r).sum()
    assert q == pytest.approx(len(y) - 2, rel=1e-9) if t > 0 else q <= len(y) - 2


def test_coefficients_are_those_of_weighted_least_squares(moderated):
    sm = pytest.importorskip("statsmodels.api")
    y, v = np.array(moderated["yi"]), np.array(moderated["vi"])
    fit = meta_regression(y, v, moderated["x"], "REML", "hksj")
    other = sm.WLS(y, sm.add_constant(moderated["x"]), weights=1 / (v + fit.tau2)).fit()
    # HKSJ is the usual variance of WLS.
    assert_allclose(fit.beta, other.params, rtol=1e-8)
    assert_allclose(fit.se, other.bse, rtol=1e-8)
    assert_allclose(fit.p, other.pvalues, rtol=1e-7)
    assert_allclose(fit.covariance, other.cov_params(), rtol=1e-7)


@pytest.mark.parametrize("method", ESTIMATORS)
def test_a_constant_alone_is_pooling(bcg, method):
    fit = meta_regression(*bcg, np.ones(13), method)
    whole = random_effects(*bcg, method)
    pairs = {"estimate": fit.beta[0], "se": fit.se[0], "p": fit.p[0], "ci_low": fit.ci_low[0]}
    pairs |= {f: getattr(fit, f) for f in ("tau2", "tau2_se", "tau2_high", "i2", "log_likelihood")}
    for field, value in pairs.items():
        assert_allclose(value, getattr(whole, field), rtol=1e-9, err_msg=field)
    assert fit.qe == pytest.approx(whole.q, rel=1e-12)


def test_the_global_maximum_is_found_with_moderators_too():
    g = np.random.default_rng(4)
    n, k = 200, 7
    v = 10.0 ** g.uniform(-4, 0, (n, k))
    y = g.normal(size=(n, k)) * np.sqrt(v * g.choice([0.1, 1, 3], (n, k)))
    x = np.stack([np.ones((n, k)), g.normal(size=(n, k))], axis=2)
    fit = meta_regression(y, v, x, "REML", tau2_interval=None)
    assert fit.converged.all()

    def height(t, i):
        w = 1 / (v[i] + t)
        xwx = x[i].T @ (w[:, None] * x[i])
        r = y[i] - x[i] @ np.linalg.solve(xwx, x[i].T @ (w * y[i]))
        return -0.5 * (np.log(v[i] + t).sum() + np.linalg.slogdet(xwx)[1] + (w * r * r).sum())

    for i in range(n):
        grid = np.r_[0, np.geomspace(1e-6, 1e2, 300)]
        assert height(fit.tau2[i], i) >= max(height(t, i) for t in grid) - 1e-9


def exact_sums(y, v, x):
    """Return beta, and weighted sums of squares, residual and explained, in rational numbers."""
    rows = [[Fraction(float(a)) for a in row] for row in x]
    y = [Fraction(float(a)) for a in y]
    w = [1 / Fraction(float(a)) for a in v]
    p = len(rows[0])
    table = [
        [sum(u * r[i] * r[j] for u, r in zip(w, rows, strict=True)) for j in range(p)]
        + [sum(u * r[i] * a for u, r, a in zip(w, rows, y, strict=True))]
        for i in range(p)
    ]
    for i in range(p):  # Gauss and Jordan
        table[i] = [a / table[i][i] for a in table[i]]
        for j in range(p):
            if j != i:
                table[j] = [a - table[j][i] * b for a, b in zip(table[j], table[i], strict=True)]
    beta = [row[-1] for row in table]
    explained = sum(
        (b * u * r[i] * a for i, b in enumerate(beta) for u, r, a in zip(w, rows, y, strict=True))
    )
    rest = (
        a - sum(b * c for b, c in zip(beta, r, strict=True)) for a, r in zip(y, rows, strict=True)
    )
    q = sum(u * r * r for u, r in zip(w, rest, strict=True))
    return list(map(float, beta)), float(q), float(explained)


@pytest.mark.parametrize("orders", [0, 3, 6, 12])
def test_weights_orders_of_magnitude_apart_lose_no_digits(orders):
    # calendar years and a group, so that the columns are nearly dependent too
    g = np.random.default_rng(orders)
    v = 10.0 ** g.uniform(-orders, 0, 9)
    y = g.normal(size=9) * np.sqrt(v + 0.1)
    x = np.column_stack([np.ones(9), 1980.0 + g.permutation(9), np.arange(9) % 2])
    beta, q, _ = exact_sums(y, v, x)
    fit = meta_regression(y, v, x, "EE")
    assert_allclose(fit.beta, beta, rtol=1e-12)
    assert fit.qe == pytest.approx(q, rel=1e-13)


def test_the_omnibus_test_of_columns_that_are_nearly_alike_loses_no_digits():
    # condition number 7e6; an inverse of the covariance has two digits left
    x = np.array([[2005, 2002, 2001], [2005, 2002, 2003], [2006, 2003, 2003], [2006, 2003, 2005]])
    y, v = np.array([0.1, 0.4, 0.3, 0.9]), np.array([0.02, 0.03, 0.05, 0.01])
    fit = meta_regression(y, v, x, "EE", intercept=False)
    assert fit.qm_df == 3
    assert fit.qm == pytest.approx(exact_sums(y, v, x)[2], rel=1e-9)


def test_an_exact_fit_leaves_no_doubt_of_its_slope():
    fit = meta_regression(np.arange(10.0, 16.0), np.full(6, 0.1), np.arange(6.0), "DL", "hksj")
    assert (fit.se[1], fit.qm, fit.qm_p) == (0.0, np.inf, 0.0)
    x = np.column_stack([np.arange(6.0), np.arange(6.0) ** 2])
    fit = meta_regression(np.arange(10.0, 16.0), np.full(6, 0.1), x, "DL", "hksj")
    assert fit.qm > 1e20
    assert fit.qm_p < 1e-20


# --- the design --------------------------------------------------------------------------


def test_an_intercept_is_added_only_where_the_columns_span_none(bcg):
    y, v = bcg
    x = np.linspace(-1, 1, 13)
    group = (np.arange(13) % 2 == 0).astype(float)
    for design, columns in (
        (x, 2),
        (x[:, None], 2),
        (np.column_stack([np.ones(13), x]), 2),
        (np.column_stack([group, 1 - group]), 2),
        (np.column_stack([group, 1 - group, x]), 3),
    ):
        assert meta_regression(y, v, design).beta.shape == (columns,)
    assert meta_regression(y, v, x, intercept=False).beta.shape == (1,)
    assert np.isnan(meta_regression(y, v, x, intercept=False).r2)


def test_groups_of_their_own_are_tested_together_and_against_each_other(bcg):
    group = (np.arange(13) % 2 == 0).astype(float)
    cells = meta_regression(*bcg, np.column_stack([group, 1 - group]), interval="wald")
    contrast = meta_regression(*bcg, group, interval="wald")
    assert (cells.qm_df, contrast.qm_df) == (2, 1)
    assert contrast.qm == pytest.approx(contrast.statistic[1] ** 2, rel=1e-12)
    assert_allclose(cells.beta, [contrast.beta.sum(), contrast.beta[0]], rtol=1e-10)


def test_rules_fire_as_their_names_say(bcg):
    x, (y, v) = np.arange(13.0), bcg
    assert meta_regression(y, v, x, interval="auto").rule == "hksj"
    # effects pulled together leave no tau2 and residuals far smaller than their errors; three
    # studies leave one degree of freedom, whose t is far from normal
    assert meta_regression(y / 100, v, x, "DL", "auto").rule == "wald"
    assert meta_regression(y, v, x, "EE", "auto").rule == "wald"
    assert meta_regression(y[:3], v[:3], x[:3], "DL", "auto").rule == "hksj"
    assert meta_regression(y[:3] / 1000, v[:3], x[:3], "DL", "auto").rule == "wald"


def test_auto_is_never_the_narrower_where_it_may_choose_and_hksj_elsewhere():
    g = np.random.default_rng(8)
    v = g.uniform(0.02, 0.4, (300, 5))
    y = g.normal(0.3, np.sqrt(v + 0.02))
    y[::3, 0] = y[::3, 1] = np.nan  # three studies on two columns
    v[np.isnan(y)] = np.nan
    x = np.arange(5.0)
    auto, wald, hksj = (meta_regression(y, v, x, "DL", r) for r in ("auto", "wald", "hksj"))
    width, one, other = (f.ci_high - f.ci_low for f in (auto, wald, hksj))
    chosen = (auto.tau2 == 0) | (auto.k == 3)
    expected = np.where(chosen[:, None], np.maximum(one, other), other)
    assert_allclose(width, expected, rtol=1e-12)
    assert_allclose(auto.qm_p, np.where(auto.rule == "wald", wald.qm_p, hksj.qm_p), rtol=1e-12)
    assert set(auto.rule[chosen]) == {"wald", "hksj"}
    assert set(auto.rule[~chosen]) == {"hksj"}


@pytest.mark.parametrize("k", [0, 1, 2])
def test_too_few_studies_give_nan(k):
    fit = meta_regression(np.ones(k), np.ones(k), np.arange(float(k)))
    assert (fit.k, fit.rule, fit.converged) == (k, "none", True)
    assert np.isnan([fit.tau2, fit.qe, fit.qm_p, *fit.beta, *fit.se]).all()


def test_dependent_columns_are_an_error_alone_and_nan_in_a_batch(bcg):
    y, v = bcg
    x = np.column_stack([np.ones(13), np.r_[np.zeros(8), np.ones(5)]])
    with pytest.raises(ValueError, match="linearly dependent"):
        meta_regression(y, v, np.column_stack([x, x[:, 1] * 3]))
    absent = np.zeros((2, 13), dtype=bool)
    absent[1, 8:] = True
    fit = meta_regression(np.where(absent, np.nan, y), np.where(absent, np.nan, v), x)
    assert fit.converged.tolist() == [True, False]
    assert np.isnan(fit.beta[1]).all()
    alone = meta_regression(y, v, x)
    assert_allclose(fit.beta[0], alone.beta, rtol=1e-12)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones((3, 2)), "X has shape"),
        (np.r_[np.ones(12), np.nan], r"X\[12, 0\] is not finite"),
        (np.r_[np.inf, np.ones(12)], r"X\[0, 0\] is not finite"),
    ],
)
def test_bad_designs_are_named(bcg, x, message):
    with pytest.raises(ValueError, match=message):
        meta_regression(*bcg, x)


def test_rows_of_absent_studies_are_not_looked_at(bcg):
    y, v = (np.r_[a, np.nan] for a in bcg)
    x = np.arange(14.0)
    expected = meta_regression(*bcg, x[:13])
    x[13] = np.nan
    assert_allclose(meta_regression(y, v, x).beta, expected.beta, rtol=1e-12)


def test_a_batch_of_designs_is_its_analyses_one_by_one():
    g = np.random.default_rng(9)
    v = g.uniform(0.01, 0.5, (2, 3, 9))
    y, x = g.normal(0, np.sqrt(v + 0.1)), g.normal(size=(2, 3, 9, 2))
    absent = g.random(v.shape) < 0.2
    y[absent], v[absent] = np.nan, np.nan
    batch = meta_regression(y, v, x)
    assert batch.beta.shape == (2, 3, 3)
    assert batch.covariance.shape == (2, 3, 3, 3)
    for i in np.ndindex(2, 3):
        alone = meta_regression(y[i], v[i], x[i])
        for field in (*COLUMNS, "tau2", "tau2_high", "qm_p", "qe", "r2", "log_likelihood"):
            assert_allclose(getattr(batch, field)[i], getattr(alone, field), rtol=1e-8, atol=1e-12)
    shared = meta_regression(y, v, x[0, 0])
    assert_allclose(shared.beta[0, 0], batch.beta[0, 0], rtol=1e-9)
    designs = meta_regression(y[0, 0], v[0, 0], x)
    alone = [meta_regression(y[0, 0], v[0, 0], x[i]).r2 for i in np.ndindex(2, 3)]
    assert_allclose(designs.r2.ravel(), alone, rtol=1e-8)


studies = st.lists(
    st.tuples(st.floats(-3, 3, width=32), st.floats(2**-6, 2, width=32), st.integers(-4, 4)),
    min_size=5,
    max_size=9,
).filter(lambda rows: len({x for _, _, x in rows}) > 2)


@given(studies, st.sampled_from(["REML", "ML", "DL", "PM", "SJ"]), st.sampled_from([1e-6, 1e6]))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_units_of_effect_and_moderator_do_not_matter(data, method, factor):
    y, v, x = np.array(data, float).T
    a = meta_regression(y, v, x, method)
    b = meta_regression(y * factor, v * factor**2, x, method)
    c = meta_regression(y, v, x * factor + 7, method)
    assert_allclose([a.qm, a.i2, a.qe], [b.qm, b.i2, b.qe], rtol=1e-6, atol=1e-8)
    assert_allclose([a.qm, a.i2, a.qe], [c.qm, c.i2, c.qe], rtol=1e-6, atol=1e-8)
    assert c.beta[1] * factor == pytest.approx(a.beta[1], rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("exponent", [-150, 150])
def test_extreme_magnitudes_are_no_different(bcg, exponent):
    y, v = bcg
    x, factor = np.arange(13.0), 2.0**exponent
    a, b = meta_regression(y, v, x), meta_regression(y * factor, v * factor**2, x)
    assert_allclose(b.beta / factor, a.beta, rtol=1e-12)
    assert_allclose(b.covariance / factor**2, a.covariance, rtol=1e-12)
    assert_allclose([b.qm, b.i2, b.qe, b.r2], [a.qm, a.i2, a.qe, a.r2], rtol=1e-10)
    fall = 11 * exponent * np.log(2)
    assert b.log_likelihood + fall == pytest.approx(a.log_likelihood, abs=1e-9)


@pytest.mark.parametrize(
    "years",
    [np.array(["2001", "2002", "2004"], "datetime64[Y]"), np.arange(3).astype("timedelta64[D]")],
)
def test_dates_are_no_moderators(years):
    with pytest.raises(ValueError, match="X holds dates or times; give numbers"):
        meta_regression([1.0, 2.0, 2.5], [1.0, 1.0, 1.0], years)
