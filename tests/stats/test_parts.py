"""Likelihood regions that fall into parts: outermost limits, and a word on it.

The regions are found again by evaluating the likelihood on a fine net, without any search.
"""

from __future__ import annotations

import numpy as np
import pytest

from ketameta.stats import meta_regression, random_effects

FALL = 3.841458820694124  # the 95% quantile of chi-squared on 1 degree, as tables give it
APART = ([0.0, 2, 2, 2, 2], [1e-4, 1, 1, 1, 1])


def on_a_net(y, v, of_tau2: bool = False) -> tuple[float, float, bool, float]:
    """Return the limits of the region of mu (or tau2), whether it is in parts, and the mesh."""
    y, v = np.asarray(y, float)[:, None], np.asarray(v, float)[:, None]
    t = np.concatenate([[0.0], np.geomspace(1e-7, 1e3, 1500)])
    w = 1 / (v + t)
    total, mean = w.sum(0), (w * y).sum(0) / w.sum(0)
    height = -0.5 * (np.log(v + t).sum(0) + (w * (y - mean) ** 2).sum(0))
    if of_tau2:
        points, falls, mesh = t, 2 * (height.max() - height), 0.02
    else:
        points = np.linspace(y.min() - 9, y.max() + 9, 4001)
        falls = [
            2 * (height.max() - (height - 0.5 * total * (m - mean) ** 2).max()) for m in points
        ]
        falls, mesh = np.array(falls), points[1] - points[0]
    inside = np.flatnonzero(falls <= FALL)
    low, high = points[inside[0]], points[inside[-1]]
    return float(low), float(high), inside.size < inside[-1] - inside[0] + 1, float(mesh)


def test_the_interval_holds_both_parts_and_agrees_with_p() -> None:
    fit = random_effects(*APART, "ML", "profile")
    low, high, parts, mesh = on_a_net(*APART)
    assert (fit.ci_in_parts, parts) == (True, True)
    assert fit.ci_low == pytest.approx(low, abs=mesh)
    assert fit.ci_high == pytest.approx(high, abs=mesh)
    # 0 is in the part about the precise study, far from the estimate
    assert fit.ci_low < 0 < fit.ci_high
    assert fit.p > 0.05


@pytest.mark.parametrize("seed", range(25))
def test_limits_and_parts_are_those_of_the_net(seed: int) -> None:
    g = np.random.default_rng(seed)
    k = int(g.integers(4, 9))
    v = 10 ** g.uniform(-0.3, 0.3, k)
    y = g.normal(g.uniform(1.2, 4), 0.05, k)
    y[0], v[0] = 0.0, 10 ** g.uniform(-5, -2)
    if seed % 3 == 0:
        y[1], v[1] = g.choice([-3.0, 0.05, 6.0]), 10 ** g.uniform(-5, -2)
    fit = random_effects(y, v, "ML", "profile", tau2_interval="profile")
    low, high, parts, mesh = on_a_net(y, v)
    assert fit.ci_low == pytest.approx(low, abs=mesh)
    assert fit.ci_high == pytest.approx(high, abs=mesh)
    assert fit.ci_in_parts == parts
    low, high, parts, mesh = on_a_net(y, v, of_tau2=True)
    assert fit.tau2_low == pytest.approx(low, rel=mesh, abs=1e-6)
    assert fit.tau2_high == pytest.approx(high, rel=mesh, abs=1e-6)
    assert fit.tau2_in_parts == parts


def test_a_batch_finds_the_parts_of_each() -> None:
    plain = ([0.1, 0.3, 0.2, 0.5, 0.4], [0.1, 0.2, 0.1, 0.3, 0.1])
    y, v = (np.array(x) for x in zip(plain, APART, plain, strict=True))
    fit = random_effects(y, v, "ML", "profile", tau2_interval="profile")
    assert fit.ci_in_parts.tolist() == fit.tau2_in_parts.tolist() == [False, True, False]
    alone = random_effects(*APART, "ML", "profile")
    assert fit.ci_low[1] == pytest.approx(alone.ci_low, rel=1e-10)


def test_rules_that_are_whole_say_so() -> None:
    for rule in ("wald", "hksj", "henmi-copas"):
        fit = random_effects(*APART, interval=rule)
        assert (fit.ci_in_parts, fit.tau2_in_parts) == (False, False)
    assert random_effects([0.1], [0.2], interval="profile").ci_in_parts is False
    fit = meta_regression(*APART, np.arange(5), tau2_interval="profile")
    assert fit.tau2_in_parts is False
