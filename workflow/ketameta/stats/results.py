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
