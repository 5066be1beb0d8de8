"""Estimates of all pairs of treatments of a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.network.rows import Contrasts, fit_columns, parts, treatment_codes
from ketameta.stats.numerics.checks import aligned
from ketameta.stats.numerics.distributions import t_quantile, t_tails
from ketameta.stats.numerics.shown import Shown, four_digits
from ketameta.stats.univariate.intervals import DEFAULT

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, repr=False)
class Network(Shown):
    """Effects of t treatments against each other, on the scale of ``yi``.

    Attributes
    ----------
    treatments, reference
        Labels, sorted; the one that the short table shows the others against.
    estimate, se, statistic, p, ci_low, ci_high, pi_low, pi_high
        Shape ``(t, t)``: the row's treatment against the column's, by all evidence, with interval
        and prediction interval for the true difference in a new trial; NaN on the diagonal.
    direct, direct_se, direct_low, direct_high
        The same by the trials alone that have both (inverse variance, with the tau2 and the
        interval rule of the network); NaN where none has. ``direct_studies`` counts them.
    covariance
        Of the effects against the reference, shape ``(t, t)``, 0 in its row and column.
    df, rule
        Degrees of freedom of the intervals (infinite: normal), and the rule that was applied.
    tau2, tau2_low, tau2_high, i2
        Variance of the true differences within any pair, its interval; I² in per cent. NaN where
        the trials are as many contrasts as there are treatments less one.
    q, q_df, q_p
        Q of the network without heterogeneity: of differences within and between designs.
    k, contrasts
        Number of trials, and of the independent contrasts that they give.
    converged
        False where the search for tau2 stopped before its tolerance.
    """

    ROWS: ClassVar[str] = "estimate"
    NAMED: ClassVar[str] = "treatments"

    treatments: tuple[Any, ...]
    reference: Any
    estimate: Array
    se: Array
    statistic: Array
    p: Array
    ci_low: Array
    ci_high: Array
    pi_low: Array
    pi_high: Array
    direct: Array
    direct_se: Array
    direct_low: Array
    direct_high: Array
    direct_studies: Ints
    covariance: Array
    df: float
    rule: str
    tau2: float
    tau2_low: float
    tau2_high: float
    i2: float
    q: float
    q_df: int
    q_p: float
    k: int
    contrasts: int
    converged: bool

    def to_frame(self) -> pd.DataFrame:
        """Return every number of all pairs, a row a pair: a treatment against another."""
        import pandas as pd

        frame = Shown.to_frame(self)
        pairs = [self.treatments, self.treatments]
        frame.index = pd.MultiIndex.from_product(pairs, names=["treatment", "against"])
        return frame.drop(index=[(name, name) for name in self.treatments])

    def table(self) -> tuple[str, list[list[str]], list[str]]:
        """Return title, rows and notes of the short table: each treatment against the reference."""
        base = self.treatments.index(self.reference)
        names = ("estimate", "ci_low", "ci_high", "p", "pi_low", "pi_high")
        shown = [i for i in range(len(self.treatments)) if i != base]
        rows = [
            [str(self.treatments[i]), *(four_digits(getattr(self, n)[i, base]) for n in names)]
            for i in shown
        ]
        below = ("tau2", "i2", "q", "q_df", "q_p")
        notes = [", ".join(f"{n} {four_digits(getattr(self, n))}" for n in below)]
        notes += [] if self.converged else ["the search for tau2 did not converge"]
        title = (
            f"Network: {len(self.treatments)} treatments in {self.k} trials, "
            f"{self.rule} interval, against {self.reference}"
        )
        return title, [["", *names], *rows], notes


def network_meta_analysis(
    yi: ArrayLike,
    vi: ArrayLike,
    study: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    reference: Any = None,
    tau2: str = "REML",
    interval: str = DEFAULT,
    level: float = 0.95,
    tau2_interval: str | None = "qprofile",
) -> Network:
    r"""Compare several treatments by all trials that compare some of them.

    Parameters
    ----------
    yi
        Effects of `first` against `second`, shape (n,); NaN in yi and vi marks an absent one.
    vi
        Sampling variances (n,), or their covariance (n, n) with zeros between trials.
    study, first, second
        Labels (n,). A trial of m arms brings m - 1 contrasts with their covariance, against
        whichever arm: see `multi_arm_contrasts` and `common_arm_covariance`.
    reference
        The treatment that the others are shown against; by default the first label. No number of
        a pair depends on it.
    tau2
        As in `meta_regression`: REML, ML (global maximum), DL (as netmeta), PM ..., or EE for
        none. One variance for all pairs.
    interval
        wald, hksj, hksj-adhoc or auto, as in `meta_regression`, k - p being the contrasts less
        the treatments but one. Prediction intervals take t with these degrees.
    level
        Confidence level.
    tau2_interval
        qprofile, profile or None (NaN), as in `meta_regression`.

    Returns
    -------
    Network. Two treatments give what `random_effects` gives.

    Raises
    ------
    ValueError
        A network that is not connected (its parts are named); a trial whose contrasts follow from
        each other; a covariance that is none or reaches across trials; bad shapes, values, names.

    Notes
    -----
    :math:`y = X d + \delta + e` with :math:`e \sim N(0, V)` and :math:`\delta` the heterogeneity
    of trials, variance tau2 of any contrast, correlation 1/2 of two that share an arm.

    References
    ----------
    Lu & Ades (2004), Statistics in Medicine 23, 3105; Salanti and others (2008), Statistical
    Methods in Medical Research 17, 279; Rücker (2012), Research Synthesis Methods 3, 312.

    Examples
    --------
    >>> from ketameta.stats import network_meta_analysis
    >>> yi, vi = [0.5, 0.6, 0.2, 0.35, 0.7], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> first, second = ["B", "B", "C", "C", "B"], ["A", "A", "A", "A", "C"]
    >>> network_meta_analysis(yi, vi, ["one", "two", "three", "four", "five"], first, second)
    Network: 3 treatments in 5 trials, hksj interval, against A
       estimate  ci_low  ci_high        p   pi_low  pi_high
    B    0.6523  0.2934    1.011  0.01028   0.1625    1.142
    C    0.1441  -0.212   0.5002   0.2882  -0.3436   0.6318
    tau2 0.01096, i2 31.5, q 4.355, q_df 3, q_p 0.2256
    """
    data = Contrasts.of(yi, vi, study, first, second)
    base = 0 if reference is None else _place(reference, data.treatments)
    others = [i for i in range(len(data.treatments)) if i != base]
    fit = fit_columns(
        data, data.design[None, :, others], tau2, interval, level, tau2_interval=tau2_interval
    )
    t, spread = len(data.treatments), fit.tau2[0]
    beta, covariance = np.zeros(t), np.zeros((t, t))
    beta[others], covariance[np.ix_(others, others)] = fit.beta[0], fit.covariance[0]
    estimate, se = pairwise(beta, covariance)
    half = fit.critical * se
    new = t_quantile(np.array(float(fit.q_df or np.nan)), level) * np.sqrt(spread + se**2)
    direct, direct_se, count = _direct(data, spread, fit.factor[0])
    statistic = estimate / se
    return Network(
        treatments=data.treatments,
        reference=data.treatments[base],
        estimate=estimate,
        se=se,
        statistic=statistic,
        p=t_tails(statistic, np.full((t, t), fit.df[0])),
        ci_low=estimate - half,
        ci_high=estimate + half,
        pi_low=estimate - new,
        pi_high=estimate + new,
        direct=direct,
        direct_se=direct_se,
        direct_low=direct - fit.critical * direct_se,
        direct_high=direct + fit.critical * direct_se,
        direct_studies=count,
        covariance=covariance,
        df=fit.df.item(),
        rule=fit.rule.item(),
        tau2=fit.tau2.item(),
        tau2_low=fit.tau2_low.item(),
        tau2_high=fit.tau2_high.item(),
        i2=fit.i2.item(),
        q=fit.q.item(),
        q_df=fit.q_df,
        q_p=fit.q_p.item(),
        k=np.unique(data.codes).size,
        contrasts=data.y.size,
        converged=fit.converged.item(),
    )


def network_parts(first: ArrayLike, second: ArrayLike) -> tuple[tuple[Any, ...], ...]:
    """Return the parts of a network: treatments that trials connect, the largest part first.

    Parameters
    ----------
    first, second
        Labels (n,) of the treatments that are compared.

    Raises
    ------
    ValueError
        Lengths that differ, or a label missing.

    Examples
    --------
    >>> from ketameta.stats import network_parts
    >>> network_parts(["B", "D", "C"], ["A", "E", "A"])
    (('A', 'B', 'C'), ('D', 'E'))
    """
    first, second = aligned(first=first, second=second)
    treatments, (one, other) = treatment_codes(first, second, len(np.atleast_1d(first)))
    return parts(one, other, treatments)


def pairwise(beta: Array, covariance: Array) -> tuple[Array, Array]:
    """Return differences (t, t) of effects (t,) and their standard errors; NaN on the diagonal."""
    variance = np.diag(covariance)
    se = np.sqrt(np.maximum(variance[:, None] + variance - 2 * covariance, 0.0))
    estimate = beta[:, None] - beta
    for found in (estimate, se):
        np.fill_diagonal(found, np.nan)
    return estimate, se


def _place(reference: Any, treatments: tuple[Any, ...]) -> int:
    if reference not in treatments:
        known = ", ".join(map(str, treatments))
        raise ValueError(f"reference {reference!r} is none of the treatments: {known}")
    return treatments.index(reference)


def _direct(data: Contrasts, tau2: float, factor: float) -> tuple[Array, Array, Ints]:
    """Return the direct estimates (t, t), their standard errors and the numbers of trials."""
    t = len(data.treatments)
    one, other, _, effect, v = data.all_pairs()
    u = 1.0 / (v + (0.0 if np.isnan(tau2) else tau2))
    weight, total, count = np.zeros((t, t)), np.zeros((t, t)), np.zeros((t, t), dtype=np.intp)
    for a, b, sign in ((one, other, 1.0), (other, one, -1.0)):
        np.add.at(weight, (a, b), u)
        np.add.at(total, (a, b), sign * u * effect)
        np.add.at(count, (a, b), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return total / weight, np.where(weight > 0, np.sqrt(factor / weight), np.nan), count
