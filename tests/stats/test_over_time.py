"""Covariance over time, the spline and a whole curve against metafor and clubSandwich."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ketameta.stats import (
    cluster_robust,
    covariance_over_time,
    restricted_cubic_spline,
    three_level,
    working_covariance,
)

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "multilevel.json").read_text(encoding="utf-8")
)["ishak"]
DATA = REFERENCE["data"]
KNOTS = np.log([3, 8, 24])
# Nelder and Mead's variance components, and what hangs on them, have about six digits
TOLERANCE = 1e-5
# metafor 3.8-1: vcalc(vi, cluster=1, time1=time, phi=0.97, grp1=arm, grp2="P", w1=n_t, w2=n_c)
VCALC = [
    [0.05, 0.02318694478800842, 0.02978484282646792, 0.01409721163706771],
    [0.02318694478800842, 0.04, 0.01381239012273641, 0.02431922233128077],
    [0.02978484282646792, 0.01381239012273641, 0.06, 0.02839809171235324],
    [0.01409721163706771, 0.02431922233128077, 0.02839809171235324, 0.05],
]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """Return the design of the reference, a curve in each of two groups, and its covariance."""
    lines = restricted_cubic_spline(np.log(DATA["month"]), KNOTS)
    worse = np.array(DATA["worse"], float)[:, None]
    one = np.column_stack([np.ones(len(lines)), lines])
    V = covariance_over_time(DATA["vi"], DATA["study"], DATA["month"], 0.9)
    return np.hstack([one * (1 - worse), one * worse]), V


def test_a_curve_over_time_matches_metafor_and_clubsandwich() -> None:
    X, V = curve()
    assert V[4, :10] == pytest.approx(DATA["row_of_covariance"], rel=1e-12)
    fit = three_level(DATA["yi"], V, DATA["study"], X=X)
    expected = REFERENCE["fit"]
    assert fit.beta == pytest.approx(np.array(expected["beta"]), rel=TOLERANCE)
    assert fit.se == pytest.approx(np.array(expected["se"]), rel=TOLERANCE)
    assert fit.sigma2 == pytest.approx(np.array(expected["sigma2"]), rel=1e-4)
    # never below the reference's likelihood, beyond its last digits
    assert fit.log_likelihood == pytest.approx(expected["ll"], abs=1e-8)
    robust = cluster_robust(DATA["yi"], fit.covariance, DATA["study"], X)
    for name in ("se", "df"):
        wanted = np.array(REFERENCE["cr2"][name])
        assert getattr(robust, name) == pytest.approx(wanted, rel=TOLERANCE)
    asked = cluster_robust(
        DATA["yi"], fit.covariance, DATA["study"], X, contrasts=DATA["contrasts"]
    )
    found = REFERENCE["contrasts"]
    assert asked.beta == pytest.approx(np.array(found["estimate"]), rel=TOLERANCE)
    for name in ("se", "df", "ci_low", "ci_high"):
        assert getattr(asked, name) == pytest.approx(np.array(found[name]), rel=TOLERANCE)
    assert asked.p == pytest.approx(np.array(found["p"]), rel=1e-3)


def test_contrasts_do_not_hang_on_how_the_curve_is_written() -> None:
    # any columns that span the same curves give the same points of it, df included
    X, V = curve()
    C, turn = np.array(DATA["contrasts"]), np.random.default_rng(3).normal(size=(6, 6))
    one = cluster_robust(DATA["yi"], V, DATA["study"], X, contrasts=C)
    other = cluster_robust(DATA["yi"], V, DATA["study"], X @ turn, contrasts=C @ turn)
    for name in ("beta", "se", "df"):
        assert getattr(other, name) == pytest.approx(getattr(one, name), rel=1e-7)
    whole = cluster_robust(DATA["yi"], V, DATA["study"], X)
    assert one.vcov == pytest.approx(C @ whole.vcov @ C.T, rel=1e-9)


@pytest.mark.parametrize("bad", [np.ones((2, 5)), np.ones(6), np.full((1, 6), np.nan)])
def test_contrasts_of_another_width_are_refused(bad: np.ndarray) -> None:
    X, V = curve()
    with pytest.raises(ValueError, match="contrasts must"):
        cluster_robust(DATA["yi"], V, DATA["study"], X, contrasts=bad)


def test_two_arms_against_one_control_match_vcalc() -> None:
    vi = np.array([0.05, 0.04, 0.06, 0.05])
    n_t, n_c = np.array([30, 40, 30, 40]), 32
    treated = np.array([[1, 0], [0, 1], [1, 0], [0, 1]])
    found = covariance_over_time(
        vi, [1] * 4, [4, 4, 24, 24], 0.97, shared=vi * n_t / (n_t + n_c), treated=treated
    )
    assert found == pytest.approx(np.array(VCALC), rel=1e-11)


def test_without_time_between_them_effects_are_as_alike_as_their_scales() -> None:
    vi, trial = [0.02, 0.03, 0.015], ["A", "A", "B"]
    over = covariance_over_time(vi, trial, [24] * 3, 0.1, scale=["x", "y", "x"], between=0.6)
    assert over == pytest.approx(working_covariance(vi, trial, 0.6), rel=1e-12)


def test_a_pool_of_arms_shares_with_each_what_it_holds_of_it() -> None:
    # errors of two arms drawn apart; the pool is their mean by people, the control another
    people, control = np.array([20.0, 60.0]), 50.0
    pool = people.sum()
    vi = 1 / np.append(people, pool) + 1 / control
    weights = np.vstack([np.eye(2), people / pool])
    truth = weights @ np.diag(1 / people) @ weights.T + 1 / control
    found = covariance_over_time(
        vi, ["A"] * 3, [0] * 3, 0.5, shared=np.full(3, 1 / control), treated=weights
    )
    assert found == pytest.approx(truth, rel=1e-12)


def test_no_arrangement_gives_an_indefinite_covariance() -> None:
    g = np.random.default_rng(11)
    for _ in range(20):
        k = 12
        vi = g.uniform(0.01, 1, k)
        found = covariance_over_time(
            vi,
            g.integers(0, 2, k),
            g.choice([2.0, 4, 24, 672], k),
            g.uniform(0, 1),
            lag=g.uniform(1, 200),
            scale=g.integers(0, 3, k),
            between=g.uniform(0, 1),
            shared=vi * g.uniform(0, 1, k),
            treated=g.dirichlet(np.ones(3), k),
            control=g.dirichlet(np.ones(2), k),
        )
        assert np.linalg.eigvalsh(found).min() > -1e-12
        assert np.diag(found) == pytest.approx(vi, rel=1e-15)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rho": 1.2}, "rho must lie"),
        ({"lag": 0.0}, "lag must be above 0"),
        ({"between": -0.1}, "between must lie"),
        ({"shared": [0.1, 0.5]}, "part of each vi"),
        ({"time": [1.0]}, "same length"),
        ({"treated": [[0.5, 0.4], [1, 0]]}, "add up to 1"),
        ({"vi": [0.2, -0.1]}, "positive"),
    ],
)
def test_what_is_no_covariance_is_refused(change: dict[str, object], said: str) -> None:
    given: dict[str, object] = {
        "vi": [0.2, 0.3],
        "cluster": ["A", "A"],
        "time": [1.0, 2.0],
        "rho": 0.5,
    }
    with pytest.raises(ValueError, match=said):
        covariance_over_time(**(given | change))  # type: ignore[arg-type]


def test_the_spline_is_straight_outside_and_smooth_inside() -> None:
    knots = np.array([-1.0, 0.5, 2, 4])
    x = np.linspace(-4, 9, 2601)
    second = np.diff(restricted_cubic_spline(x, knots), 2, axis=0) / (x[1] - x[0]) ** 2
    inner = x[1:-1]
    assert np.abs(second[(inner < -1) | (inner > 4)]).max() < 1e-6
    # the second derivative of a cubic spline is a line between knots, without a step at them
    assert np.abs(np.diff(second, axis=0)).max() < 0.05
    third = np.diff(second, axis=0)
    places = [np.abs(inner[:-1] - k) > 0.02 for k in knots]
    assert np.abs(np.diff(third, axis=0))[np.logical_and.reduce(places)[:-1]].max() < 1e-5


def test_two_knots_are_a_line() -> None:
    assert restricted_cubic_spline([1.0, 5.0], [0, 2]).tolist() == [[1.0], [5.0]]
    with pytest.raises(ValueError, match="increase"):
        restricted_cubic_spline([1.0], [2, 2])
