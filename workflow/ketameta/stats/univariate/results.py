"""What the pooling functions return: frozen records, a float or an array of shape (...)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ketameta.stats.numerics.shown import Labels, Shown, four_digits

if TYPE_CHECKING:
    import pandas as pd

Number = Any  # a float for one analysis, an array of shape (...) for a batch


@dataclass(frozen=True, repr=False)
class RandomEffects(Shown):
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
    studies, analyses
        Names of the studies and of the analyses of a batch, where `yi` carried labels; else None.

    Examples
    --------
    >>> import pandas as pd
    >>> from ketameta.stats import random_effects
    >>> names = ["Ash 2001", "Beech 2004", "Elm 2010"]
    >>> yi = pd.Series([0.12, 0.31, 0.52], index=names)
    >>> vi = pd.Series([0.02, 0.03, 0.015], index=names)
    >>> random_effects(yi, vi)
    RandomEffects: 3 studies, hksj interval
                  value      low   high        p
    effect       0.3255  -0.1911  0.842   0.1134
    prediction           -0.5417  1.193
    tau2        0.02621        0  1.564
    I2 %          55.79        0  98.69
    Q, 2 df        4.61                  0.09976
    >>> random_effects(yi, vi).by_study().round(1).to_dict()
    {'Ash 2001': 34.0, 'Beech 2004': 27.9, 'Elm 2010': 38.1}
    """

    SHORT: ClassVar[tuple[str, ...]] = (
        *("estimate", "ci_low", "ci_high", "p", "pi_low", "pi_high", "tau2", "i2", "k"),
    )

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
    studies: Labels = field(default=None, kw_only=True)
    analyses: Labels = field(default=None, kw_only=True)

    def by_study(self) -> pd.DataFrame | pd.Series[float]:
        """Return the weights in per cent, by study; of a batch a row an analysis."""
        import pandas as pd

        names = self.studies or tuple(range(self.weights.shape[-1]))
        if self.weights.ndim == 1:
            return pd.Series(self.weights, index=list(names), name="weight")
        rows = self.weights.reshape(-1, self.weights.shape[-1])
        return pd.DataFrame(rows, index=self.to_frame().index, columns=list(names))

    def table(self) -> tuple[str, list[list[str]], list[str]]:
        """Return title, rows and notes of the short table: of one analysis its quantities."""
        if np.ndim(self.estimate):
            return Shown.table(self)
        lines = {
            "effect": (self.estimate, self.ci_low, self.ci_high, self.p),
            "prediction": ("", self.pi_low, self.pi_high, ""),
            "tau2": (self.tau2, self.tau2_low, self.tau2_high, ""),
            "I2 %": (self.i2, self.i2_low, self.i2_high, ""),
            f"Q, {four_digits(self.q_df)} df": (self.q, "", "", self.q_p),
        }
        rows = [[name, *map(four_digits, cells)] for name, cells in lines.items()]
        studies = "1 study" if self.k == 1 else f"{self.k} studies"
        notes = [] if self.converged else ["the search for tau2 did not converge"]
        title = f"RandomEffects: {studies}, {self.rule} interval"
        return title, [["", "value", "low", "high", "p"], *rows], notes


@dataclass(frozen=True, repr=False)
class MetaRegression(Shown):
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
    scale, factor
        The generalised Q at tau2 over k - p, and what `covariance` was multiplied by: that under
        hksj, 1 under wald.
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
    constant
        Whether a constant column was put in front of those given.
    moderators
        Names of the columns of the design, where `X` carried some; else None.
    """

    ROWS: ClassVar[str] = "beta"
    NAMED: ClassVar[str] = "moderators"
    SHORT: ClassVar[tuple[str, ...]] = ("beta", "se", "ci_low", "ci_high", "p")
    BELOW: ClassVar[tuple[str, ...]] = ("k", "tau2", "i2", "r2", "qm", "qm_p", "rule", "converged")

    beta: Any
    se: Any
    statistic: Any
    df: Number
    p: Any
    ci_low: Any
    ci_high: Any
    covariance: Any
    rule: Any
    scale: Number
    factor: Number
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
    constant: Any
    moderators: Labels = field(default=None, kw_only=True)


@dataclass(frozen=True, repr=False)
class Subgroups(Shown):
    """Pooled effects of groups of studies and the test between them.

    Per group, arrays of shape ``(..., g)`` in the order of ``labels``: ``estimate``, ``se``,
    ``df``, ``p``, ``ci_low``, ``ci_high``, ``rule``, ``tau2``, ``i2``, ``q``, ``k`` as in
    `RandomEffects`.
    ``q_between`` on ``q_between_df`` degrees (over ``q_between_df2``: infinite for chi-squared)
    with ``q_between_p`` tests that the groups' effects are equal. ``common`` says whether one
    tau2 was estimated for all groups.
    """

    NAMED: ClassVar[str] = "labels"
    SHORT: ClassVar[tuple[str, ...]] = ("estimate", "ci_low", "ci_high", "p", "tau2", "i2", "k")
    BELOW: ClassVar[tuple[str, ...]] = ("q_between", "q_between_df", "q_between_p", "common")

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


@dataclass(frozen=True, repr=False)
class Permutation(Shown):
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
