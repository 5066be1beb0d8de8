"""Tests that go by the sizes of studies, against metafor, R's lm and the forms of the articles."""

import json
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.testing import assert_allclose

from ketameta.stats import (
    deeks,
    effect_size,
    egger,
    harbord,
    macaskill,
    peters,
    pustejovsky_rodgers,
    size_regression,
)

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "by_size.json").read_text(encoding="utf-8")
)
TABLES = ("bcg", "lau1992")


def of(name):
    case = REFERENCE[name]
    counts = {x: np.array(case[x], float) for x in ("ai", "n1i", "ci", "n2i")}
    return case, np.array(case["yi"]), np.array(case["vi"]), counts


def assert_line(found, expected, *, limit=True):
    ours = [found.slope, found.slope_se, found.statistic, found.p]
    assert_allclose(ours, [expected[x] for x in ("slope", "slope_se", "t", "p")], rtol=1e-8)
    if limit:
        theirs = [expected["limit"], expected["limit_se"]]
        assert_allclose([found.limit, found.limit_se], theirs, rtol=1e-8)
    else:
        assert np.isnan([found.limit, found.limit_se, found.limit_p, found.limit_low]).all()


@pytest.mark.parametrize("name", TABLES)
def test_regressions_on_a_function_of_size_match_metafor(name):
    case, yi, vi, x = of(name)
    for key, expected in case["regtest"].items():
        predictor, model = key.split()
        model = {"lm": "lm", "rma": "re"}[model]
        found = size_regression(yi, vi, x["n1i"] + x["n2i"], predictor, model)
        close = {"rtol": 1e-8} if model == "lm" else {"rtol": 1e-6, "atol": 1e-9}
        assert_allclose([found.statistic, found.p], [expected["stat"], expected["p"]], **close)
        if predictor == "ni":
            assert np.isnan(found.limit)
        else:
            assert_allclose(found.limit, expected["limit"], **close)


@pytest.mark.parametrize("name", TABLES)
def test_harbord_is_eggers_line_of_scores_in_metafor(name):
    case, _, _, x = of(name)
    found, expected = harbord(**x), case["harbord"]
    ours = [found.statistic, found.p, found.limit]
    assert_allclose(ours, [expected["stat"], expected["p"], expected["limit"]], rtol=1e-8)


@pytest.mark.parametrize("name", TABLES)
def test_harbord_in_the_form_of_the_article(name):
    _, _, _, x = of(name)
    n, events = x["n1i"] + x["n2i"], x["ai"] + x["ci"]
    z = x["ai"] - events * x["n1i"] / n
    v = x["n1i"] * x["n2i"] * events * (n - events) / (n**2 * (n - 1))
    line = sm.OLS(z / np.sqrt(v), sm.add_constant(np.sqrt(v))).fit()
    found = harbord(**x)
    assert found.slope == pytest.approx(line.params[0], rel=1e-9)
    assert found.p == pytest.approx(line.pvalues[0], rel=1e-8)
    assert found.limit == pytest.approx(line.params[1], rel=1e-9)


@pytest.mark.parametrize("name", TABLES)
def test_macaskill_and_deeks_match_lm(name):
    case, yi, vi, x = of(name)
    assert_line(macaskill(yi, **x), case["macaskill_fpv"], limit=False)
    assert_line(macaskill(yi, **x, vi=vi), case["macaskill_fiv"], limit=False)
    assert_line(deeks(yi, x["n1i"], x["n2i"]), case["deeks"])


def test_pustejovsky_and_rodgers_match_lm():
    case = REFERENCE["normand"]
    found = pustejovsky_rodgers(case["yi"], case["n1i"], case["n2i"])
    assert_line(found, case["pustejovsky"])


def test_deeks_is_pustejovsky_and_rodgers_in_another_unit():
    _, yi, _, x = of("bcg")
    one, other = deeks(yi, x["n1i"], x["n2i"]), pustejovsky_rodgers(yi, x["n1i"], x["n2i"])
    assert (one.p, one.limit) == pytest.approx((other.p, other.limit), rel=1e-12)
    assert one.slope == pytest.approx(2 * other.slope, rel=1e-12)


def test_large_effects_alone_set_off_egger_and_none_of_these():
    # one large effect in all trials, none of them kept back: p < 0.1 in a tenth of reviews
    g = np.random.default_rng(5)
    n = np.array([15, 20, 25, 30, 35, 40, 50, 60] * 2)
    shape = (800, n.size)
    x = {"ai": g.binomial(n, 0.5, shape), "ci": g.binomial(n, 0.12, shape), "n1i": n, "n2i": n}
    es = effect_size("OR", to="all", **x)
    share = {
        "egger": egger(es.yi, es.vi, "lm").p,
        "harbord": harbord(**x).p,
        "macaskill": macaskill(es.yi, **x).p,
        "peters": peters(es.yi, **x).p,
        "deeks": deeks(es.yi, n, n).p,
    }
    share = {name: np.mean(p < 0.1) for name, p in share.items()}
    assert share.pop("egger") > 0.3
    assert all(0.05 < found < 0.16 for found in share.values()), share


def test_small_studies_with_larger_effects_are_found():
    n = np.array([10, 12, 15, 20, 30, 50, 80, 120, 200, 400])
    g = np.random.default_rng(6)
    yi = 0.1 + 3 / np.sqrt(2 * n) + g.normal(0, 0.02, 10)
    for found in (
        pustejovsky_rodgers(yi, n, n),
        deeks(yi, n, n),
        size_regression(yi, 2 / n, 2 * n),
        size_regression(yi, 2 / n, 2 * n, model="re"),
    ):
        assert found.slope > 0
        assert found.p < 0.02
        assert found.limit == pytest.approx(0.1, abs=0.05)


def test_studies_without_sizes_or_events_are_left_out():
    _, yi, vi, x = of("bcg")
    gone = {name: np.append(a, np.nan) for name, a in x.items()}
    found = deeks(np.append(yi, 1.0), gone["n1i"], gone["n2i"])
    assert (found.k, found.p) == (13, deeks(yi, x["n1i"], x["n2i"]).p)
    none = {name: np.append(a, 0.0 if name in ("ai", "ci") else 9.0) for name, a in x.items()}
    assert (harbord(**none).k, harbord(**none).p) == (13, harbord(**x).p)
    assert macaskill(np.append(yi, 1.0), **none).k == 13
    sizes = np.append(x["n1i"] + x["n2i"], np.nan)
    assert size_regression(np.append(yi, 1.0), np.append(vi, 1.0), sizes).k == 13


@pytest.mark.parametrize("k", [0, 1, 2])
def test_fewer_than_three_studies_test_nothing(k):
    _, yi, vi, x = of("bcg")
    x = {name: a[:k] for name, a in x.items()}
    sizes = x["n1i"], x["n2i"]
    for found in (
        harbord(**x),
        macaskill(yi[:k], **x),
        deeks(yi[:k], *sizes),
        pustejovsky_rodgers(yi[:k], *sizes),
        size_regression(yi[:k], vi[:k], x["n1i"], model="re"),
    ):
        assert np.isnan(found.p)
        assert not found.converged


def test_a_batch_is_each_by_itself():
    _, yi, vi, x = of("bcg")
    turned = {name: np.stack([a, a[::-1]]) for name, a in x.items()}
    ys, vs = np.stack([yi, yi[::-1] * 2]), np.stack([vi, vi[::-1]])
    batch = {
        "harbord": harbord(**turned),
        "macaskill": macaskill(ys, **turned),
        "sizes": size_regression(ys, vs, turned["n1i"], "ni", "re"),
    }
    for i in range(2):
        own = {name: a[i] for name, a in turned.items()}
        alone = {
            "harbord": harbord(**own),
            "macaskill": macaskill(ys[i], **own),
            "sizes": size_regression(ys[i], vs[i], own["n1i"], "ni", "re"),
        }
        for name, found in alone.items():
            assert batch[name].p[i] == pytest.approx(found.p, rel=1e-10)


def test_groups_have_limits_of_their_own():
    _, yi, _, x = of("bcg")
    group = np.arange(13) % 2
    found = deeks(yi, x["n1i"], x["n2i"], groups=group)
    ess = 4 / (1 / x["n1i"] + 1 / x["n2i"])
    design = np.column_stack([group == 0, group == 1, 1 / np.sqrt(ess)]).astype(float)
    line = sm.WLS(yi, design, ess).fit()
    assert found.p == pytest.approx(line.pvalues[2], rel=1e-9)
    assert np.isnan(found.limit)


def test_what_cannot_be_is_named():
    with pytest.raises(ValueError, match=r"n2i\[1\] is 0; a size is above 0"):
        deeks([1, 2, 3], [4, 4, 4], [4, 0, 4])
    with pytest.raises(ValueError, match="predictor is one of ni, ninv, sqrtninv"):
        size_regression([1, 2, 3], [1, 1, 1], [4, 5, 6], "n")
    with pytest.raises(ValueError, match=r"ci\[1\] is 15 of 14"):
        harbord([1, 2], [10, 10], [2, 15], [14, 14])
    with pytest.raises(ValueError, match='regression "lm" alone'):
        size_regression([1, 2], [1, 1], [4, 5], model="re", groups=["a", "b"])
