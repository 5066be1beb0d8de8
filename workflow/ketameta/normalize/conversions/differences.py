"""Standard errors of differences from intervals and tests, and what follows from them.

A difference is in the units of its scale, or the log of a ratio (odds, risk, hazard):
log it before it comes here, or use `log_interval_se`. Sources: Cochrane Handbook for
Systematic Reviews of Interventions, version 6, chapter 6 (Higgins, Li and Deeks).
"""

from __future__ import annotations

import math

from scipy.special import ndtri, stdtrit

from ketameta.normalize.conversions.checks import (
    ConversionError,
    above_zero,
    check_correlation,
    finite,
    ordered,
    show,
    upper_tail,
    whole_people,
)

# One standard logistic SD in units of the normal's: the logistic variance is π²/3.
LOGISTIC = math.sqrt(3) / math.pi


def se_from_interval(
    low: float, high: float, level: float = 0.95, df: float | None = None
) -> float:
    """Return the SE of an estimate from its interval, (high - low) / (2 q).

    q is the normal quantile, or the t quantile where `df` is given: n1 + n2 - 2 for a
    difference of two means, pairs less one for a paired one. Taking the normal
    quantile for a t interval makes the SE too large by the factor t/z: 2.8% at df = 45.
    Exact but for the rounding of the limits: an absolute error of at most half a unit
    of their last place over q. Cochrane Handbook 6.3.1 (any estimate), 6.5.2.3 (means).
    """
    ordered(low, high)
    return (high - low) / (2 * _quantile(upper_tail(level), df))


def log_interval_se(low: float, high: float, level: float = 0.95) -> float:
    """Return the SE of a log ratio from the interval of the ratio, (ln high - ln low) / (2 z).

    Limits above 0; the normal quantile. Cochrane Handbook 6.3.2.
    """
    above_zero(low=low, high=high)
    ordered(low, high)
    return math.log(high / low) / (2 * _quantile(upper_tail(level), None))


def se_from_t(difference: float, t: float) -> float:
    """Return the SE of a difference from its t (or z) statistic, |difference / t|.

    Neither may be 0: 0/0 says nothing. Cochrane Handbook 6.5.2.3.
    """
    finite(difference=difference, t=t)
    if t == 0:
        raise ConversionError("a t of 0 gives no standard error")
    _not_zero(difference)
    return abs(difference / t)


def se_from_f(difference: float, f: float) -> float:
    """Return the SE of a difference from an F with one numerator degree of freedom.

    F = t², so |difference| / √F. Of a test that compares two groups only: with more
    groups or another numerator F is not of this difference. Cochrane Handbook 6.5.2.3.
    """
    above_zero(f=f)
    return se_from_t(difference, math.sqrt(f))


def se_from_p(difference: float, p: float, df: float | None = None) -> float:
    """Return the SE of a difference from its two-sided p-value, |difference| / q(1 - p/2).

    q is the normal quantile (Wald tests; logs of ratios), or that of t where `df` is
    given. p strictly between 0 and 1, as found by an exact "=": a bound ("<0.05") put
    here gives an SE that is too large (conservative), ">" one that is too small. The
    rounding of p matters most near 1. Cochrane Handbook 6.3.1, 6.3.2, 6.5.2.3.
    """
    finite(difference=difference, p=p)
    if not 0 < p < 1:
        raise ConversionError(f"p = {show(p)} is not between 0 and 1")
    _not_zero(difference)
    return abs(difference) / _quantile(p / 2, df)


def sd_from_se_of_difference(se: float, n1: int, n2: int) -> float:
    """Return the SD within groups from the SE of a difference of means, SE / √(1/n1 + 1/n2).

    One SD for both groups, the pooled one; the paper's SE must be that of the plain
    difference: from a model with covariates the SD comes out too small. Cochrane
    Handbook 6.5.2.3.
    """
    above_zero(se=se)
    return se / math.sqrt(1 / whole_people("n1", n1, 1) + 1 / whole_people("n2", n2, 1))


def sd_from_paired_se(se: float, n: int, r: float) -> float:
    """Return the SD under one treatment from the SE of a paired difference of means.

    SE √n / √(2 (1 - r)): of `n` people measured under both treatments, with one SD for
    both and the within-person correlation `r`. Cochrane Handbook 23.2.7 (Elbourne and
    others 2002), turned round.
    """
    above_zero(se=se)
    check_correlation(r)
    return se * math.sqrt(whole_people("n", n, 2) / (2 * (1 - r)))


def smd_from_log_odds(log_or: float, se: float) -> tuple[float, float]:
    """Return a standardised mean difference and its SE from a log odds ratio and its SE.

    d = log OR × √3/π, and so its SE. Assumes a logistic score of equal spread in both
    groups behind the event, the odds ratio of being above one cut. Hasselblad and
    Hedges 1995; Chinn 2000, who rounds π/√3 to 1.81; Cochrane Handbook 10.6.
    """
    finite(log_or=log_or)
    above_zero(se=se)
    return log_or * LOGISTIC, se * LOGISTIC


def log_odds_from_smd(d: float, se: float) -> tuple[float, float]:
    """Return a log odds ratio and its SE from a standardised mean difference and its SE.

    The inverse of `smd_from_log_odds`, same assumption and sources.
    """
    finite(d=d)
    above_zero(se=se)
    return d / LOGISTIC, se / LOGISTIC


def _quantile(tail_area: float, df: float | None) -> float:
    """Return the value with `tail_area` (below ½) above it: normal, or t with `df`."""
    if df is None:
        return -float(ndtri(tail_area))
    above_zero(df=df)
    return -float(stdtrit(df, tail_area))


def _not_zero(difference: float) -> None:
    if difference == 0:
        raise ConversionError("a difference of 0 gives no standard error from its test")
