"""Contrasts of trials as independent rows of a regression on the treatments.

The true contrasts of a trial scatter with one variance tau2 about those of the network and
correlate by 1/2 where they share an arm: their covariance is tau2 E with E = C C'/2, C the
contrasts by treatment (1 for the first, -1 for the second). V and E of a trial are diagonal in one
basis, T E T' = I and T V T' = D, in which the model is a meta-regression of independent effects
with the variances D + tau2. All estimators and intervals of `univariate` so hold for networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.dependent.shared import prepare
from ketameta.stats.numerics.checks import aligned, as_floats, as_labels
from ketameta.stats.numerics.distributions import t_quantile
from ketameta.stats.univariate.regression import meta_regression

Array = NDArray[np.float64]
Ints = NDArray[np.intp]

# Eigenvalues of C C' are at least 0.2 for a trial of up to six arms in a row, 0 for a loop.
_LOOP = 1e-9


@dataclass(frozen=True, slots=True)
class Contrasts:
    """The contrasts of a network that are present, n of them, between t treatments.

    `design` (n, t) holds 1 for the first and -1 for the second treatment of each; `codes` (n,)
    their trials, numbers into `studies`. `y` (n,) and `V` (n, n) are effects and covariance.
    `turn` (n, n) is T, and `variances` (n,) the diagonal of T V T'.
    """

    y: Array
    V: Array
    codes: Ints
    design: Array
    studies: tuple[Any, ...]
    treatments: tuple[Any, ...]
    turn: Array
    variances: Array

    @classmethod
    def of(
        cls, yi: ArrayLike, vi: ArrayLike, study: ArrayLike, first: ArrayLike, second: ArrayLike
    ) -> Contrasts:
        """Check what a user gives; see `network_meta_analysis` for what is refused."""
        yi, vi, study, first, second = aligned(
            yi=yi, vi=vi, study=study, first=first, second=second
        )
        y, v = as_floats("yi", yi), as_floats("vi", vi)
        if y.ndim != 1 or v.shape not in (y.shape, (y.size, y.size)):
            raise ValueError(
                f"yi needs shape (n,), vi (n,) or (n, n); they have {y.shape} and {v.shape}"
            )
        data = prepare(y, v, study, None)
        if not data.y.size:
            raise ValueError("there is no contrast")
        studies = as_labels("study", study, y.size)[0]
        treatments, codes = treatment_codes(first, second, y.size)
        one, other = (x[data.present] for x in codes)
        if (same := np.flatnonzero(one == other)).size:
            name, arm = studies[data.codes[same[0]]], treatments[one[same[0]]]
            raise ValueError(f"study {name!r} compares {arm!r} with itself")
        places = np.arange(len(treatments))
        design = (one[:, None] == places).astype(float) - (other[:, None] == places)
        if len(apart := parts(one, other, treatments)) > 1:
            said = " | ".join(", ".join(map(str, part)) for part in apart)
            raise ValueError(f"the network is not connected; it has {len(apart)} parts: {said}")
        plain = cls(
            y=data.y,
            V=data.V,
            codes=data.codes,
            design=design,
            studies=tuple(studies),
            treatments=tuple(treatments),
            turn=np.eye(data.y.size),
            variances=np.diag(data.V).copy(),
        )
        plain.turn_those_of_several_arms()
        return plain

    def several(self) -> list[Ints]:
        """Return the rows of each trial that has more than one."""
        count = np.bincount(self.codes)
        return [np.flatnonzero(self.codes == code) for code in np.flatnonzero(count > 1)]

    def arms(self, rows: Ints) -> Ints:
        """Return the treatments that some contrasts are about."""
        return np.flatnonzero(self.design[rows].any(axis=0))

    def turn_those_of_several_arms(self) -> None:
        """Find T, with T E T' = I, and the diagonal of T V T' for trials of several contrasts.

        Raises a ValueError that names the trial whose contrasts follow from each other, or whose
        covariance is none.
        """
        for rows in self.several():
            name, block = self.studies[self.codes[rows[0]]], np.ix_(rows, rows)
            size, axes = np.linalg.eigh(self.design[rows] @ self.design[rows].T / 2)
            if size[0] < _LOOP:
                raise ValueError(
                    f"study {name!r} has {rows.size} contrasts of {self.arms(rows).size} arms, of "
                    "which one follows from the others; give one fewer than there are arms (see "
                    "multi_arm_contrasts)"
                )
            half = axes.T / np.sqrt(size)[:, None]
            d, back = np.linalg.eigh(half @ self.V[block] @ half.T)
            if d[0] <= 1e-12 * d[-1]:
                raise ValueError(f"the covariance of study {name!r} is not positive definite")
            self.variances[rows], self.turn[block] = d, back.T @ half

    def all_pairs(self) -> tuple[Ints, Ints, Ints, Array, Array]:
        """Return every pair of treatments of every trial: first, second, trial, effect, variance.

        A trial of several arms gives each pair its own contrast, of which the variance follows
        from the covariance of those that it brings.
        """
        alone = np.bincount(self.codes)[self.codes] == 1
        C, v = self.design[alone], np.diag(self.V)[alone]
        pairs = [(C.argmax(axis=1), C.argmin(axis=1), self.codes[alone], self.y[alone], v)]
        for rows in self.several():
            arms, C = self.arms(rows), self.design[rows]
            part = joined(C.argmax(axis=1), C.argmin(axis=1), len(self.treatments))[arms]
            i, j = np.nonzero(np.triu(part[:, None] == part, 1))
            one, other = arms[i], arms[j]
            back = np.linalg.pinv(C).T  # (rows, t): C' back is the identity but for means
            mix = back[:, one] - back[:, other]
            v = np.einsum("ij,ik,kj->j", mix, self.V[np.ix_(rows, rows)], mix)
            trial = np.full(one.size, self.codes[rows[0]])
            pairs.append((one, other, trial, mix.T @ self.y[rows], v))
        one, other, trial, effect, v = (np.concatenate(x) for x in zip(*pairs, strict=True))
        return one, other, trial, effect, v


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients (p,) of columns, their covariance (p, p) by the interval rule, and the rest.

    `df` is that of t (infinite: normal), `factor` what the rule multiplied Wald's variances by;
    `critical` the quantile of `df`.
    """

    beta: Array
    covariance: Array
    df: float
    factor: float
    critical: float
    rule: str
    tau2: float
    tau2_low: float
    tau2_high: float
    i2: float
    q: float
    q_df: int
    q_p: float
    converged: bool


def fit_columns(
    data: Contrasts,
    columns: Array,
    tau2: str,
    interval: str,
    level: float,
    *,
    tau2_interval: str | None = "qprofile",
) -> Fit:
    """Fit effects to columns (n, p) that are linearly independent.

    With as many rows as columns there is nothing to estimate heterogeneity from: tau2 is NaN,
    and the coefficients have Wald's intervals by the sampling errors alone.
    """
    y, X, d = data.turn @ data.y, data.turn @ columns, data.variances
    n, p = X.shape
    found = meta_regression(
        y, d, X, tau2, interval, level=level, intercept=False, tau2_interval=tau2_interval
    )
    spread = 0.0 if np.isnan(found.tau2) else found.tau2
    wald = np.linalg.inv(X.T @ (X / (d + spread)[:, None]))
    beta, covariance, df, rule = found.beta, found.covariance, found.df, found.rule
    if n == p:
        beta, covariance, df, rule = np.linalg.solve(X, y), wald, np.inf, "wald"
    return Fit(
        beta=beta,
        covariance=covariance,
        df=df,
        factor=float(covariance[0, 0] / wald[0, 0]),
        critical=float(t_quantile(np.array(df), level)),
        rule=rule,
        tau2=found.tau2,
        tau2_low=found.tau2_low,
        tau2_high=found.tau2_high,
        i2=found.i2,
        q=0.0 if n == p else found.qe,
        q_df=n - p,
        q_p=found.qe_p,
        converged=bool(found.converged),
    )


def joined(one: Ints, other: Ints, size: int) -> Ints:
    """Return for each of `size` nodes the number of the part that edges join it with."""
    part = np.arange(size)
    for a, b in zip(one, other, strict=True):
        part[part == part[a]] = part[b]
    return part


def parts(one: Ints, other: Ints, treatments: Sequence[Any]) -> tuple[tuple[Any, ...], ...]:
    """Return the treatments that contrasts connect with each other, the largest part first."""
    part = joined(one, other, len(treatments))
    groups = [np.flatnonzero(part == code) for code in np.unique(part)]
    groups.sort(key=lambda group: (-group.size, group[0]))
    return tuple(tuple(treatments[i] for i in group.tolist()) for group in groups)


def treatment_codes(
    first: ArrayLike, second: ArrayLike, size: int
) -> tuple[list[Any], tuple[Ints, Ints]]:
    """Return the treatments in sorted order, and the numbers of those of each contrast."""
    for name, labels in (("first", first), ("second", second)):
        _, codes = as_labels(name, labels, size)
        if (missing := np.flatnonzero(codes < 0)).size:
            raise ValueError(f"{name}[{missing[0]}] is missing; each contrast needs two treatments")
    both = [*_plain(first), *_plain(second)]
    treatments, codes = as_labels("first and second", both, 2 * size)
    return treatments, (codes[:size], codes[size:])


def _plain(labels: Any) -> list[Any]:
    return labels.tolist() if hasattr(labels, "tolist") else list(labels)
