"""Tests of small-study effects against metafor, R's lm and statsmodels."""

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm

from ketameta.stats import begg, egger, pet_peese, peters

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "small_study.json").read_text(encoding="utf-8")
)
CASES = REFERENCE["cases"]
# Closed forms differ by rounding, times the cancellation in sums of 160 studies.
CLOSED = 1e-9
# metafor's REML ran to 1e-13 in tau2.
LIKELIHOOD = 1e-6


def effects(name):
    return np.array(CASES[name]["yi"]), np.array(CASES[name]["vi"])


@pytest.mark.parametrize("name", CASES)
def test_egger_by_meta_regression_matches_metafor(name):
    expected = CASES[name]["egger_re"]
    out = egger(*effects(name))
    assert out.converged
    assert out.statistic == pytest.approx(expected["z"], rel=LIKELIHOOD)
    assert out.p == pytest.approx(expected["p"], rel=1e-5)
    assert out.limit == pytest.approx(expected["est"], rel=LIKELIHOOD)
    assert out.df == np.inf


@pytest.mark.parametrize("name", CASES)
def test_classical_egger_matches_metafor(name):
    expected = CASES[name]["egger_lm"]
    out = egger(*effects(name), model="lm")
    assert out.statistic == pytest.approx(expected["t"], rel=CLOSED)
    assert out.p == pytest.approx(expected["p"], rel=CLOSED)
    assert out.df == expected["df"]
    assert out.limit == pytest.approx(expected["est"], rel=CLOSED)
    assert (out.limit_low, out.limit_high) == pytest.approx(expected["ci"], rel=CLOSED)


@pytest.mark.parametrize("name", ["bcg_rr", "normand_md", "tannersmith_gen"])
def test_classical_egger_matches_statsmodels(name):
    yi, vi = effects(name)
    fit = sm.WLS(yi, sm.add_constant(np.sqrt(vi)), weights=1 / vi).fit()
    out = egger(yi, vi, model="lm")
    assert (out.limit, out.slope) == pytest.approx(tuple(fit.params), rel=1e-9)
    assert (out.limit_se, out.slope_se) == pytest.approx(tuple(fit.bse), rel=1e-9)


def test_classical_egger_is_the_regression_on_precision():
    yi, vi = effects("dorn2007_rr")
    sei = np.sqrt(vi)
    fit = sm.OLS(yi / sei, sm.add_constant(1 / sei)).fit()
    out = egger(yi, vi, model="lm")
    assert out.slope == pytest.approx(fit.params[0], rel=1e-10)
    assert out.p == pytest.approx(fit.pvalues[0], rel=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_begg_matches_metafor(name):
    expected = CASES[name]["begg"]
    out = begg(*effects(name))
    assert out.tau == pytest.approx(expected["tau"], rel=CLOSED, abs=1e-15)
    assert out.p == pytest.approx(expected["p"], rel=CLOSED)


def test_begg_counts_all_orders_of_a_few_studies():
    # Of the 24 orders of four, 1, 3, 5, 6, 5, 3, 1 have 0 to 6 discordant pairs.
    yi, vi = [0.1, 0.25, 0.22, 0.2], [0.01, 0.02, 0.03, 0.04]
    pooled = np.average(yi, weights=1 / np.array(vi))
    z = (np.array(yi) - pooled) / np.sqrt(np.array(vi) - 1 / np.sum(1 / np.array(vi)))
    discordant = sum(z[i] > z[j] for i in range(4) for j in range(i + 1, 4))
    orders = [1, 3, 5, 6, 5, 3, 1]
    out = begg(yi, vi)
    assert out.exact
    assert out.tau == pytest.approx(1 - discordant / 3)
    tail = min(discordant, 6 - discordant)
    assert out.p == pytest.approx(min(1, 2 * sum(orders[: tail + 1]) / 24))


@pytest.mark.parametrize("name", [n for n in REFERENCE["peters"] if n != "call"])
def test_peters_matches_lm(name):
    case = REFERENCE["peters"][name]
    out = peters(case["yi"], case["ai"], case["n1i"], case["ci"], case["n2i"])
    limit, slope, limit_se, slope_se, limit_t, slope_t, limit_p, slope_p = case["coef"]
    assert (out.limit, out.slope) == pytest.approx((limit, slope), rel=CLOSED)
    assert (out.limit_se, out.slope_se) == pytest.approx((limit_se, slope_se), rel=CLOSED)
    assert (out.statistic, out.p) == pytest.approx((slope_t, slope_p), rel=CLOSED)
    assert out.limit / out.limit_se == pytest.approx(limit_t, rel=CLOSED)
    assert out.limit_p == pytest.approx(limit_p, rel=CLOSED)


def test_peters_leaves_out_studies_in_which_nothing_or_everything_happened():
    yi, a, n1, c, n2 = [0.1, 0.5, 0.3, 0.9, 0.0], [3, 4, 9, 0, 5], [10, 12, 30, 8, 5], None, None
    c, n2 = [2, 3, 8, 0, 6], [10, 14, 28, 9, 6]
    some, few = peters(yi, a, n1, c, n2), peters(yi[:3], a[:3], n1[:3], c[:3], n2[:3])
    assert some.k == 3
    assert some.slope == pytest.approx(few.slope, rel=1e-12)
    with pytest.raises(ValueError, match=r"ci\[1\] is 15 of 14"):
        peters(yi, a, n1, [2, 15, 8, 0, 6], n2)


@pytest.mark.parametrize("name", [n for n in CASES if "lm_vi" in CASES[n]])
def test_pet_and_peese_match_lm(name):
    case = CASES[name]
    out = pet_peese(*effects(name))
    for fit, expected in ((out.pet, case["lm_sei"]), (out.peese, case["lm_vi"])):
        assert (fit.limit, fit.slope) == pytest.approx(expected[:2], rel=CLOSED)
        assert (fit.limit_se, fit.slope_se) == pytest.approx(expected[2:4], rel=CLOSED)
        assert (fit.limit_p, fit.p) == pytest.approx(expected[6:8], rel=CLOSED)
    chosen = out.peese if case["lm_sei"][6] < 0.10 else out.pet
    assert (out.estimate, out.se, out.p) == (chosen.limit, chosen.limit_se, chosen.limit_p)
    assert (out.ci_low, out.ci_high) == (chosen.limit_low, chosen.limit_high)


def test_pet_peese_obeys_its_threshold():
    yi, vi = effects("bcg_rr")
    p = pet_peese(yi, vi).pet.limit_p
    assert pet_peese(yi, vi, threshold=p * 1.01).uses_peese
    assert not pet_peese(yi, vi, threshold=p * 0.99).uses_peese


@pytest.mark.parametrize("test", [egger, lambda y, v: egger(y, v, model="lm"), begg, pet_peese])
def test_batch_with_absent_studies_equals_its_members(test):
    yi, vi = effects("bcg_rr")
    more, less = np.stack([yi, yi * 2 - 1]), np.stack([vi, vi])
    more[1, 4] = less[1, 4] = np.nan
    batch = test(more, less)
    keep = np.arange(13) != 4
    alone = test(more[1, keep], less[1, keep])
    for field in fields(alone):
        value = getattr(alone, field.name)
        if np.isscalar(value):
            assert getattr(batch, field.name).shape == (2,)
            assert getattr(batch, field.name)[1] == pytest.approx(value, rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("k", [0, 1, 2])
@pytest.mark.parametrize("model", ["re", "lm"])
def test_fewer_than_three_studies_test_nothing(k, model):
    out = egger([0.1, 0.4][:k], [0.1, 0.2][:k], model=model)
    assert np.isnan([out.slope, out.statistic, out.p, out.limit, out.limit_low]).all()
    assert out.k == k
    assert not out.converged
    assert np.isnan(pet_peese([0.1, 0.4][:k], [0.1, 0.2][:k]).estimate)


@pytest.mark.parametrize("model", ["re", "lm"])
def test_equal_standard_errors_test_nothing(model):
    out = egger([0.1, 0.4, 0.3, 0.7], [0.3] * 4, model=model)
    assert np.isnan([out.slope, out.p, out.limit]).all()
    assert np.isnan(begg([0.1, 0.4, 0.3, 0.7], [0.3] * 4).p)


@pytest.mark.parametrize("k", [0, 1])
def test_ranks_of_fewer_than_two_studies(k):
    out = begg([0.1][:k], [0.2][:k])
    assert np.isnan([out.tau, out.p]).all()
    assert out.k == k


@pytest.mark.parametrize("model", ["re", "lm"])
@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_scale_and_sign(model, scale):
    yi, vi = effects("dorn2007_rr")
    one, other = egger(yi, vi, model=model), egger(-yi * scale, vi * scale**2, model=model)
    assert other.statistic == pytest.approx(-one.statistic, rel=1e-9)
    assert other.slope == pytest.approx(-one.slope, rel=1e-9)


def test_faults_are_named():
    with pytest.raises(ValueError, match="model is one of re, lm"):
        egger([0.1], [0.1], model="ols")
    with pytest.raises(ValueError, match=r"vi\[0\]"):
        begg([0.1], [0])


def test_groups_have_a_limit_each_as_a_regression_on_their_dummies_has():
    g = np.random.default_rng(2)
    v = g.uniform(0.02, 0.4, 12)
    y = g.normal(0.3 + np.sqrt(v), np.sqrt(v))
    groups = np.array(["a", "b", "a", "c", "b", "a", "c", "b", "a", "d", "b", "c"])
    dummies = (groups[:, None] == np.array(["a", "b", "c", "d"])).astype(float)
    line = sm.WLS(y, np.column_stack([np.sqrt(v), dummies]), 1 / v).fit()
    fit = egger(y, v, "lm", groups=groups)
    ours = (fit.slope, fit.slope_se, fit.statistic, fit.df, fit.p)
    theirs = (line.params[0], line.bse[0], line.tvalues[0], 7, line.pvalues[0])
    assert ours == pytest.approx(theirs, rel=1e-9)
    assert np.isnan([fit.limit, fit.limit_se, fit.limit_low]).all()
    one = egger(y, v, "lm", groups=["a"] * 12)
    assert (one.p, one.limit_p) == (egger(y, v, "lm").p, egger(y, v, "lm").limit_p)
    # a study absent, and a group of its own: as without both
    y[9] = v[9] = np.nan
    less = egger(y, v, "lm", groups=groups)
    here = groups != "d"
    assert less.p == pytest.approx(egger(y[here], v[here], "lm", groups=groups[here]).p, rel=1e-12)
    with pytest.raises(ValueError, match="alone"):
        egger(y, v, groups=groups)
