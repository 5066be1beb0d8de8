"""Effect sizes of people under both treatments (crossover, matched pairs) with events.

Paired table: ai events under both, bi under treatment 1 only, ci under treatment 2
only, di under neither; n pairs. Marginal tables: ai, bi, n1i and ci, di, n2i as
for parallel groups, every person in both arms, and ri the within-person (phi)
correlation. Functions take checked arrays and `Options` and return (yi, vi);
ratios on the log scale, above 0 where treatment 1 has more events.
"""

import numpy as np

from ketameta.stats.effects.cells import add_to_cells, drop_double_zero, two_by_two
from ketameta.stats.effects.inputs import (
    Array,
    Arrays,
    EffectOptions,
    refuse_correlation,
    refuse_negative,
)

Effect = tuple[Array, Array]


def _pairs(x: Arrays, options: EffectOptions) -> tuple[Array, ...]:
    refuse_negative(x, "ai", "bi", "ci", "di")
    cells = tuple(x[name].copy() for name in ("ai", "bi", "ci", "di"))
    pairs = sum(cells, np.zeros(()))
    missing = np.isnan(pairs) | (pairs == 0)
    for cell in cells:  # a table without pairs or one of its cells is none, used or not
        cell[missing] = np.nan
    if options.drop00:
        drop_double_zero(cells, (0, 2), (1, 3))
    return add_to_cells(cells, options)


def _margins(x: Arrays, options: EffectOptions) -> tuple[Array, ...]:
    """Risks and their complements in both arms, pairs, correlation."""
    refuse_correlation(x)
    cells = two_by_two(x)
    if options.drop00:
        drop_double_zero(cells, (0, 2), (1, 3))
    a, b, c, d = add_to_cells(cells, options)
    n1, n2 = a + b, c + d
    # Where nobody leaves n1 = n2; else the mean of both stands for the number of pairs.
    return a / n1, b / n1, c / n2, d / n2, (n1 + n2) / 2, x["ri"]


def paired_risk_difference(x: Arrays, options: EffectOptions) -> Effect:
    """Risk difference (b - c)/n, variance (b + c - (b-c)²/n)/n² (May and Johnson 1997)."""
    a, b, c, d = _pairs(x, options)
    n = a + b + c + d
    return (b - c) / n, (b + c - (b - c) ** 2 / n) / n**2


def paired_log_risk_ratio(x: Arrays, options: EffectOptions) -> Effect:
    """Log risk ratio log((a+b)/(a+c)), variance (b + c)/((a+b)(a+c)) (Zou 2007)."""
    a, b, c, _ = _pairs(x, options)
    return np.log((a + b) / (a + c)), (b + c) / ((a + b) * (a + c))


def paired_log_odds_ratio(x: Arrays, options: EffectOptions) -> Effect:
    """Marginal log odds ratio of pairs, log((a+b)(b+d)/((a+c)(c+d))).

    Comparable with the odds ratio of a parallel-group trial. Variance: that of
    MPRD over p1 q1 p2 q2 (Becker and Balagtas 1993).
    """
    a, b, c, d = _pairs(x, options)
    n = a + b + c + d
    p1, q1, p2, q2 = (a + b) / n, (c + d) / n, (a + c) / n, (b + d) / n
    spread = (b + c - (b - c) ** 2 / n) / n**2
    return np.log(p1 / q1) - np.log(p2 / q2), spread / (p1 * q1 * p2 * q2)


def conditional_log_odds_ratio(x: Arrays, options: EffectOptions) -> Effect:
    """Conditional (McNemar) log odds ratio log(b/c), variance 1/b + 1/c."""
    _, b, c, _ = _pairs(x, options)
    return np.log(b / c), 1 / b + 1 / c


def paired_peto_log_odds_ratio(x: Arrays, options: EffectOptions) -> Effect:
    """Peto's one-step conditional log odds ratio 2(b-c)/(b+c), variance 4/(b+c)."""
    _, b, c, _ = _pairs(x, options)
    return 2 * (b - c) / (b + c), 4 / (b + c)


def marginal_risk_difference(x: Arrays, options: EffectOptions) -> Effect:
    """Risk difference from both margins and the correlation.

    Variance (p1 q1 + p2 q2 - 2 r √(p1 q1 p2 q2))/n: the covariance of the two
    events in a person is r √(p1 q1 p2 q2).
    """
    p1, q1, p2, q2, n, r = _margins(x, options)
    v1, v2 = p1 * q1, p2 * q2
    return p1 - p2, (v1 + v2 - 2 * r * np.sqrt(v1 * v2)) / n


def marginal_log_risk_ratio(x: Arrays, options: EffectOptions) -> Effect:
    """Log risk ratio from both margins and the correlation.

    Variance (q1/p1 + q2/p2 - 2 r √(q1 q2/(p1 p2)))/n, by the delta method from
    the covariance above; equal to Zou's where r is the phi of the paired table.
    """
    p1, q1, p2, q2, n, r = _margins(x, options)
    v1, v2 = q1 / p1, q2 / p2
    return np.log(p1 / p2), (v1 + v2 - 2 * r * np.sqrt(v1 * v2)) / n


def marginal_log_odds_ratio(x: Arrays, options: EffectOptions) -> Effect:
    """Log odds ratio from both margins and the correlation.

    Variance 1/(n p1 q1) + 1/(n p2 q2) - 2 r/(n √(p1 q1 p2 q2)) (Elbourne and
    others 2002, appendix; Stedman and others 2011; their δ with s put in).
    """
    p1, q1, p2, q2, n, r = _margins(x, options)
    v1, v2 = 1 / (p1 * q1), 1 / (p2 * q2)
    return np.log(p1 / q1) - np.log(p2 / q2), (v1 + v2 - 2 * r * np.sqrt(v1 * v2)) / n
