"""What the pooling functions return: frozen records, a float or an array of shape (...)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Number = Any  # a float for one analysis, an array of shape (...) for a batch


@dataclass(frozen=True)
class RandomEffects:
    """A pooled effect with its heterogeneity, on the scale of ``yi``.

    Every field is a plain number for one analysis and an array of shape ``(...)`` for a batch,
    except ``weights``, which has shape ``(..., k)``. NaN means that there is nothing to
    estimate the quantity from.

    Attributes
    ----------
    estimate, se, statistic, df, p, ci_low, ci_high
        Pooled effect, the standard error that the interval uses, estimate / se, its degrees of
        freedom (infinite: normal), two-sided p, interval.
    rule
        The interval rule that was applied; under ``auto`` the one that fired.
    pi_low, pi_high
        Prediction interval for the true effect of a new study.
    tau2, tau2_se, tau2_low, tau2_high
        Variance of the true effects, its standard error and interval.
    i2, i2_low, i2_high, h2, h2_low, h2_high
        From tau2 and the typical variance; i2 in per cent.
    i2_q, h2_q
        The classical ones from Cochran's Q.
    q, q_df, q_p
        Cochran's Q with its test.
    k, weights
        Number of studies; weights in per cent, summing to 100, NaN for an absent study.
    log_likelihood
        At tau2: restricted for REML, else full.
    converged
        False where a search stopped before its tolerance.
    ci_in_parts, tau2_in_parts
        Whether the values that a likelihood of several peaks is compatible with fall into parts;
        the interval then holds the outermost limits, and values between the parts that are not
        compatible.
    """

    estimate: Number
    se: Number
    statistic: Number
    df: Number
    p: Number
    ci_low: Number
    ci_high: Number
    rule: Any
    pi_low: Number
    pi_high: Number
    tau2: Number
    tau2_se: Number
    tau2_low: Number
    tau2_high: Number
    i2: Number
    i2_low: Number
    i2_high: Number
    h2: Number
    h2_low: Number
    h2_high: Number
    i2_q: Number
    h2_q: Number
    q: Number
    q_df: Number
    q_p: Number
    k: Any
    weights: Any
    log_likelihood: Number
    converged: Any
    ci_in_parts: Any
    tau2_in_parts: Any


@dataclass(frozen=True)
class MetaRegression:
    """A weighted regression of effects on moderators, on the scale of ``yi``.

    Attributes
    ----------
    beta, se, statistic, p, ci_low, ci_high
        Per column of the design, shape ``(..., p)``.
    df
        Degrees of freedom of the tests of single coefficients (infinite: normal).
    covariance
        Of the coefficients, shape ``(..., p, p)``.
    rule
        The interval rule that was applied; under ``auto`` the one that fired.
    tau2, tau2_se, tau2_low, tau2_high
        Variance of the true effects that the moderators leave.
    i2, i2_low, i2_high, h2, h2_low, h2_high
        Residual heterogeneity from tau2 and the typical variance; i2 in per cent.
    r2
        Share of tau2 that the moderators explain, per cent, never below 0.
    qm, qm_df, qm_df2, qm_p
        Omnibus test of all columns but a constant one: chi-squared (qm_df2 infinite) or F.
    qe, qe_df, qe_p
        Cochran's Q of the residuals with its test.
    k, log_likelihood, converged, tau2_in_parts
        As in `RandomEffects`.
    """

    beta: Any
    se: Any
    statistic: Any
    df: Number
    p: Any
    ci_low: Any
    ci_high: Any
    covariance: Any
    rule: Any
    tau2: Number
    tau2_se: Number
    tau2_low: Number
    tau2_high: Number
    i2: Number
    i2_low: Number
    i2_high: Number
    h2: Number
    h2_low: Number
    h2_high: Number
    r2: Number
    qm: Number
    qm_df: Any
    qm_df2: Number
    qm_p: Number
    qe: Number
    qe_df: Number
    qe_p: Number
    k: Any
    log_likelihood: Number
    converged: Any
    tau2_in_parts: Any


@dataclass(frozen=True)
class Subgroups:
    """Pooled effects of groups of studies and the test between them.

    Per group, arrays of shape ``(..., g)`` in the order of ``labels``: ``estimate``, ``se``,
    ``df``, ``p``, ``ci_low``, ``ci_high``, ``rule``, ``tau2``, ``i2``, ``q``, ``k`` as in
    `RandomEffects`.
    ``q_between`` on ``q_between_df`` degrees (over ``q_between_df2``: infinite for chi-squared)
    with ``q_between_p`` tests that the groups' effects are equal. ``common`` says whether one
    tau2 was estimated for all groups.
    """

    labels: tuple[Any, ...]
    estimate: Any
    se: Any
    df: Any
    p: Any
    ci_low: Any
    ci_high: Any
    rule: Any
    tau2: Any
    i2: Any
    q: Any
    k: Any
    q_between: Number
    q_between_df: Number
    q_between_df2: Number
    q_between_p: Number
    common: bool


@dataclass(frozen=True)
class Permutation:
    """A permutation test: the statistics observed and their places among those permuted.

    ``statistic`` and ``p`` are floats for a pooled effect and arrays of shape ``(p,)`` for the
    columns of a regression, whose omnibus test has ``qm`` and ``qm_p`` (NaN otherwise).
    ``arrangements`` were fitted, or stand for a mirror image that was; ``exact`` says whether
    they are all there are.
    """

    statistic: Any
    p: Any
    qm: float
    qm_p: float
    arrangements: int
    exact: bool
