"""Effect sizes of two arms with events: 2×2 tables and event rates.

Every function takes checked arrays and `Options` and returns (yi, vi). Arm 1
(ai, bi, n1i; x1i, t1i) is compared with arm 2 (ci, di, n2i; x2i, t2i): ratios
are on the natural-log scale, above 0 where arm 1 has more events.
"""

import numpy as np

from ketameta.stats.effects.cells import (
    add_to_cells,
    drop_double_zero,
    events_and_times,
    two_by_two,
)
from ketameta.stats.effects.continuous import COX
from ketameta.stats.effects.inputs import Array, Arrays, EffectOptions, weighted_mean

Effect = tuple[Array, Array]


def _cells(x: Arrays, options: EffectOptions) -> tuple[Array, ...]:
    cells = two_by_two(x)
    if options.drop00:
        drop_double_zero(cells, (0, 2), (1, 3))
    return add_to_cells(cells, options, arms=True)


def log_risk_ratio(x: Arrays, options: EffectOptions) -> Effect:
    """Log risk ratio: log(a/n1) - log(c/n2), variance 1/a - 1/n1 + 1/c - 1/n2.

    Source: Katz and others 1978; Fleiss and Berlin 2009.
    """
    a, b, c, d = _cells(x, options)
    n1, n2 = a + b, c + d
    return np.log(a / n1) - np.log(c / n2), 1 / a - 1 / n1 + 1 / c - 1 / n2


def log_odds_ratio(x: Arrays, options: EffectOptions) -> Effect:
    """Log odds ratio: log(ad/bc), variance 1/a + 1/b + 1/c + 1/d (Woolf 1955)."""
    a, b, c, d = _cells(x, options)
    return np.log(a / b) - np.log(c / d), 1 / a + 1 / b + 1 / c + 1 / d


def standardised_by_logistic(x: Arrays, options: EffectOptions) -> Effect:
    """Standardised difference that a log odds ratio stands for, of logistic scores cut in two.

    The log odds ratio times sqrt(3)/pi (Hasselblad and Hedges 1995; Chinn 2000), OR2D.
    """
    yi, vi = log_odds_ratio(x, options)
    return yi * np.sqrt(3.0) / np.pi, vi * 3.0 / np.pi**2


def standardised_by_normal(x: Arrays, options: EffectOptions) -> Effect:
    """As `standardised_by_logistic` of normal scores: divided by 1.65 (Cox and Snell 1989)."""
    yi, vi = log_odds_ratio(x, options)
    return yi / COX, vi / COX**2


def risk_difference(x: Arrays, options: EffectOptions) -> Effect:
    """Risk difference a/n1 - c/n2.

    Variance p(1-p)/n of both arms added ("LS"), with n-1 below the line
    ("UB"), or with the risks averaged over the studies of the analysis ("AV").
    """
    a, b, c, d = _cells(x, options)
    n1, n2 = a + b, c + d
    p1, p2 = a / n1, c / n2
    q1, q2 = b / n1, d / n2
    if options.vtype == "UB":
        return p1 - p2, p1 * q1 / (n1 - 1) + p2 * q2 / (n2 - 1)
    if options.vtype == "AV":
        m1, m2 = weighted_mean(p1, n1), weighted_mean(p2, n2)
        return p1 - p2, m1 * (1 - m1) / n1 + m2 * (1 - m2) / n2
    return p1 - p2, p1 * q1 / n1 + p2 * q2 / n2


def arcsine_difference(x: Arrays, options: EffectOptions) -> Effect:
    """Difference of arcsine-transformed risks, variance 1/(4 n1) + 1/(4 n2).

    Defined with empty cells. Source: Rücker and others 2009.
    """
    a, b, c, d = _cells(x, options)
    n1, n2 = a + b, c + d
    yi = np.arcsin(np.sqrt(a / n1)) - np.arcsin(np.sqrt(c / n2))
    return yi, 1 / (4 * n1) + 1 / (4 * n2)


def peto_log_odds_ratio(x: Arrays, options: EffectOptions) -> Effect:
    """Peto's one-step log odds ratio (a - E)/V with variance 1/V.

    E and V are the hypergeometric mean and variance of a given the margins.
    Source: Yusuf and others 1985.
    """
    a, b, c, d = _cells(x, options)
    n1, n2 = a + b, c + d
    n = n1 + n2
    v = (a + c) * (b + d) * (n1 / n) * (n2 / n) / (n - 1)
    return (a - (a + c) * n1 / n) / v, 1 / v


def log_rate_ratio(x: Arrays, options: EffectOptions) -> Effect:
    """Log incidence rate ratio: log(x1/t1) - log(x2/t2), variance 1/x1 + 1/x2."""
    x1, t1, x2, t2 = events_and_times(x)
    if options.drop00:
        drop_double_zero((x1, x2), (0, 1))
    x1, x2 = add_to_cells((x1, x2), options)
    return np.log(x1 / t1) - np.log(x2 / t2), 1 / x1 + 1 / x2
