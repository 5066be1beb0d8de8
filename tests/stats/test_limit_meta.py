"""Limit meta-analysis against regressions by R's lm, and what the model must obey."""

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from ketameta.stats.bias.limit_meta import limit_meta
from ketameta.stats.bias.small_study import egger

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "small_study.json").read_text(encoding="utf-8")
)
NAMES = [name for name in REFERENCE["limit"] if name != "call"]


def effects(name):
    case = REFERENCE["cases"][name]
    return np.array(case["yi"]), np.array(case["vi"])


@pytest.mark.parametrize("name", NAMES)
def test_matches_radial_regressions_by_lm(name):
    expected = REFERENCE["limit"][name]
    out = limit_meta(*effects(name))
    assert out.converged
    for field, value in expected.items():
        # lm was given metafor's tau2, which is good to about 1e-10 relative here.
        assert getattr(out, field) == pytest.approx(value, rel=1e-8), field


@pytest.mark.parametrize("name", NAMES)
def test_parts_of_q_add_up(name):
    yi, vi = effects(name)
    out = limit_meta(yi, vi)
    assert out.q_small + out.q_residual == pytest.approx(out.q, rel=1e-12)
    # The residual part is that of Egger's classical regression.
    line = egger(yi, vi, model="lm")
    residuals = (yi - line.limit - line.slope * np.sqrt(vi)) ** 2 / vi
    assert out.q_residual == pytest.approx(residuals.sum(), rel=1e-10)


def test_effects_on_the_model_line_are_recovered():
    # y = beta + alpha sqrt(v + tau2) exactly, with tau2 what DL makes of it: the
    # expectation at v = 0 is beta + alpha tau, and nothing is left unexplained.
    vi = np.array([0.01, 0.04, 0.09, 0.25, 0.5, 1.0])
    tau2, beta, alpha = 0.05, 0.3, 1.1
    for _ in range(300):
        yi = beta + alpha * np.sqrt(vi + tau2)
        tau2 = limit_meta(yi, vi, tau2="DL").tau2
    out = limit_meta(yi, vi, tau2="DL")
    assert out.alpha == pytest.approx(alpha, rel=1e-9)
    assert out.beta == pytest.approx(beta, rel=1e-9)
    assert out.estimate == pytest.approx(beta + alpha * np.sqrt(tau2), rel=1e-9)


def test_variance_is_that_of_a_function_of_the_coefficients():
    # Unit-variance residuals on the radial plot: put each unit vector in for the
    # standardised effects and add the squares up.
    yi, vi = effects("bcg_rr")
    out = limit_meta(yi, vi)
    s, tau = np.sqrt(vi + out.tau2), np.sqrt(out.tau2)
    design = np.column_stack([np.ones_like(s), 1 / s])
    weights = np.array([tau, 1.0]) @ np.linalg.pinv(design)
    assert out.se == pytest.approx(np.sqrt(weights @ weights), rel=1e-9)


def test_without_heterogeneity_the_limit_is_eggers():
    yi = np.array([0.1, 0.14, 0.2, 0.25, 0.4])
    vi = np.array([0.01, 0.02, 0.05, 0.1, 0.4])
    out = limit_meta(yi, vi)
    assert out.tau2 == 0.0
    assert out.estimate == pytest.approx(egger(yi, vi, model="lm").limit, rel=1e-12)
    assert out.g2 == 0.0
    assert out.limit_effects == pytest.approx(np.full(5, out.beta))
    assert out.mu_limit == pytest.approx(out.beta, rel=1e-12)


def test_sign_and_scale():
    yi, vi = effects("dorn2007_rr")
    one, other = limit_meta(yi, vi), limit_meta(-1e6 * yi, 1e12 * vi)
    assert other.statistic == pytest.approx(-one.statistic, rel=1e-9)
    assert other.g2 == pytest.approx(one.g2, rel=1e-9)


def test_batch_with_absent_studies_equals_its_members():
    yi, vi = effects("bcg_rr")
    yi, vi = np.stack([yi, yi]), np.stack([vi, vi])
    yi[1, 6] = vi[1, 6] = np.nan
    batch, alone = limit_meta(yi, vi), limit_meta(np.delete(yi[1], 6), np.delete(vi[1], 6))
    for field in fields(alone):
        value = getattr(alone, field.name)
        if field.name != "limit_effects":
            assert getattr(batch, field.name)[1] == pytest.approx(value, rel=1e-10), field.name
    assert np.isnan(batch.limit_effects[1, 6])


@pytest.mark.parametrize("k", [0, 1, 2])
def test_fewer_than_three_studies(k):
    out = limit_meta([0.1, 0.4][:k], [0.1, 0.2][:k])
    assert np.isnan([out.estimate, out.se, out.p, out.g2, out.q_small]).all()
    assert out.k == k
    assert not out.converged


def test_equal_variances_leave_nothing_to_extrapolate():
    out = limit_meta([0.1, 0.4, 0.3, 0.9], [0.1] * 4)
    assert np.isnan([out.estimate, out.beta_limit, out.mu_limit]).all()
    assert not out.converged
