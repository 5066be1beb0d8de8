"""The interval of Henmi and Copas: equal-effects weights, random-effects uncertainty."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import special

from ketameta.stats.numerics.sums import Floats, Rows, over_studies
from ketameta.stats.univariate.intervals import NAMES, EffectInterval, PooledEffect
from ketameta.stats.univariate.models import MeanModel
from ketameta.stats.univariate.tau2 import dersimonian_laird

# Gauss-Legendre nodes over the normal tail up to REACH, beyond which nothing is left.
NODES = 100
REACH = 12.0


@cache
def _nodes() -> tuple[Floats, Floats]:
    """Return nodes and weights on [-1, 1]."""
    node, weight = np.polynomial.legendre.leggauss(NODES)
    return node, weight


class _Law(NamedTuple):
    """What the joint law of the pooled effect and Q needs, each of shape (n,)."""

    tau2: Floats
    w1: Floats
    w2: Floats
    w3: Floats
    w4: Floats
    df: Floats


def henmi_copas(
    model: MeanModel, fit: PooledEffect, level: float
) -> tuple[PooledEffect, EffectInterval]:
    """Return the fit with the equal-effects estimate, and its interval.

    The estimate weights by 1 / v, which publication bias moves least; its variance
    (tau2 W2 + 1) / W1 takes DerSimonian and Laird's tau2 whatever estimator was chosen; the
    quantile comes from the joint law of estimate and Q, the latter a gamma given the former
    (Henmi & Copas 2010, sections 3 and 4). `df` is NaN: the law is not a t.
    """
    from scipy.optimize.elementwise import find_root

    tau2 = dersimonian_laird(model).value
    w = 1.0 / model.v
    powers, sums = w.copy(), []
    for _ in range(4):
        sums.append(over_studies(powers))
        powers *= w
    w1 = sums[0]
    law = _Law(tau2, w1, sums[1] / w1, sums[2] / w1, sums[3] / w1, model.df)
    estimate = model.zero.mean + model.origin
    se = np.sqrt((tau2 * law.w2 + 1.0) / w1)
    spread = np.sqrt(1.0 + tau2 * law.w2)
    n = estimate.size

    def gap(x: Floats, rows: Rows) -> Floats:
        return _tail(x, _Law(*(a[rows] for a in law))) - (1.0 - level) / 2.0

    x = find_root(gap, (np.full(n, 1e-8), np.full(n, REACH)), args=(np.arange(n),)).x
    half = x * spread * se
    statistic = estimate / se
    p = 2.0 * _tail(np.abs(statistic / spread).clip(1e-8), law)
    rule = np.full(n, "henmi-copas", NAMES)
    interval = EffectInterval(
        se,
        statistic,
        np.full(n, np.nan),
        np.minimum(p, 1.0),
        estimate - half,
        estimate + half,
        rule,
    )
    return fit._replace(estimate=estimate), interval


def _tail(x: Floats, law: _Law) -> Floats:
    """Return the probability that the pivot exceeds x.

    The integral over r > x of the gamma law of Q given r, below
    (W1/W2 - 1)((r/x)^2 - 1) + (k - 1), times the normal density.
    """
    node, weight = _nodes()
    width = (np.maximum(REACH, x) - x)[:, None] / 2.0
    r = x[:, None] + width * (node + 1.0)
    tau2, w1, w2, w3, w4, df = (a[:, None] for a in law)
    vr = 1.0 + tau2 * w2
    rr = r * r / vr  # ((sd r) / vr)^2 with sd^2 = vr
    odd = rr - 1.0 / vr
    mean = df + tau2 * (w1 - w2) + tau2**2 * odd * (w3 - w2**2)
    var = 2.0 * df + 4.0 * tau2 * (w1 - w2) + 2.0 * tau2**2 * (w1 * w2 - 2.0 * w3 + w2**2)
    var = var + 4.0 * tau2**2 * odd * (w3 - w2**2)
    var += 4.0 * tau2**3 * odd * (w4 - 2.0 * w2 * w3 + w2**3)
    var += 2.0 * tau2**4 * (1.0 / vr**2 - 2.0 * rr / vr) * (w3 - w2**2) ** 2
    below = (w1 / w2 - 1.0) * ((r / x[:, None]) ** 2 - 1.0) + df
    density = np.exp(-0.5 * r * r) / np.sqrt(2.0 * np.pi)
    inside = special.gammainc(mean**2 / var, below * mean / var) * density * weight
    return np.asarray(inside.sum(axis=1) * width[:, 0])
