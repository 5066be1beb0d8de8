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
    `variances` (n,) is the diagonal of T V T'; `turns` has of all trials with the same number of
    contrasts m, of which there are c, their rows (c, m) and their part (c, m, m) of T.
    """

    y: Array
    V: Array
    codes: Ints
    design: Array
    studies: tuple[Any, ...]
    treatments: tuple[Any, ...]
    variances: Array
    turns: tuple[tuple[Ints, Array], ...]

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
        variances, turns = np.diag(data.V).copy(), []
        for rows in _several(data.codes):
            names = [studies[code] for code in data.codes[rows[:, 0]]]
            T, variances[rows] = _turn(design[rows], _blocks(data.V, rows), names)
            turns.append((rows, T))
        labels = tuple(studies), tuple(treatments)
        return cls(data.y, data.V, data.codes, design, *labels, variances, tuple(turns))

    def turned(self, columns: Array) -> Array:
        """Return T times columns (..., n, p)."""
        out = np.array(columns)
        for rows, T in self.turns:
            out[..., rows, :] = T @ columns[..., rows, :]
        return out

    def all_pairs(self) -> tuple[Ints, Ints, Ints, Array, Array]:
        """Return every pair of treatments of every trial: first, second, trial, effect, variance.

        A trial of several arms gives each pair its own contrast, of which the variance follows
        from the covariance of those that it brings.
        """
        alone = np.bincount(self.codes)[self.codes] == 1
        C, v = self.design[alone], np.diag(self.V)[alone]
        pairs = [(C.argmax(axis=1), C.argmin(axis=1), self.codes[alone], self.y[alone], v)]
        for rows, _ in self.turns:
            C, V = self.design[rows], _blocks(self.V, rows)
            # mix (c, m, P): the contrasts of a trial that make a pair, C' mix = its 1 and -1
            one, other = np.triu_indices(len(self.treatments), 1)
            back = np.linalg.solve(C @ np.swapaxes(C, 1, 2), C)
            mix = back[:, :, one] - back[:, :, other]
            made = np.einsum("cmt,cmp->cpt", C, mix)
            wanted = np.eye(len(self.treatments))[one] - np.eye(len(self.treatments))[other]
            trial, pair = np.nonzero(np.abs(made - wanted).max(axis=2) < _LOOP)
            mix = mix[trial, :, pair]
            effect = (mix * self.y[rows][trial]).sum(axis=1)
            v = np.einsum("pi,pij,pj->p", mix, V[trial], mix)
            pairs.append((one[pair], other[pair], self.codes[rows[trial, 0]], effect, v))
        one, other, trials, effect, v = (np.concatenate(x) for x in zip(*pairs, strict=True))
        return one, other, trials, effect, v


def _several(codes: Ints) -> list[Ints]:
    """Return the rows of trials that have more than one: an array (c, m) for each m."""
    order = np.argsort(codes, kind="stable")
    count = np.bincount(codes)
    each = count[codes[order]]
    return [order[each == m].reshape(-1, m) for m in np.unique(count) if m > 1]


def _blocks(V: Array, rows: Ints) -> Array:
    """Return the covariance (c, m, m) of trials."""
    return np.asarray(V[rows[:, :, None], rows[:, None, :]])


def _turn(C: Array, V: Array, names: list[Any]) -> tuple[Array, Array]:
    """Return T (c, m, m) of trials, with T E T' = I, and the diagonals (c, m) of T V T'.

    Raises a ValueError that names the trial whose contrasts follow from each other, or whose
    covariance is none.
    """
    size, axes = np.linalg.eigh(C @ np.swapaxes(C, 1, 2) / 2)
    if (loop := np.flatnonzero(size[:, 0] < _LOOP)).size:
        arms = int(C[loop[0]].any(axis=0).sum())
        raise ValueError(
            f"study {names[loop[0]]!r} has {C.shape[1]} contrasts of {arms} arms, of which one "
            "follows from the others; give one fewer than there are arms (see multi_arm_contrasts)"
        )
    half = np.swapaxes(axes, 1, 2) / np.sqrt(size)[:, :, None]
    d, back = np.linalg.eigh(half @ V @ np.swapaxes(half, 1, 2))
    if (none := np.flatnonzero(d[:, 0] <= 1e-12 * d[:, -1])).size:
        raise ValueError(f"the covariance of study {names[none[0]]!r} is not positive definite")
    return np.swapaxes(back, 1, 2) @ half, d


@dataclass(frozen=True, slots=True)
class Fits:
    """Regressions of a network on s sets of columns: arrays of shape (s,), if nothing is said.

    `beta` (s, p) and `covariance` (s, p, p) by the interval rule; `df` is that of t (infinite:
    normal) and `critical` its quantile; `factor` is what the rule multiplied Wald's variances by.
    """

    beta: Array
    covariance: Array
    df: Array
    factor: Array
    critical: Array
    rule: NDArray[np.str_]
    tau2: Array
    tau2_low: Array
    tau2_high: Array
    i2: Array
    q: Array
    q_df: int
    q_p: Array
    converged: NDArray[np.bool_]


def fit_columns(
    data: Contrasts,
    columns: Array,
    tau2: str,
    interval: str,
    level: float,
    *,
    tau2_interval: str | None,
) -> Fits:
    """Fit effects to sets of columns (s, n, p) that are linearly independent.

    With as many rows as columns there is nothing to estimate heterogeneity from: tau2 is NaN,
    and the coefficients have Wald's intervals by the sampling errors alone.
    """
    y, X, d = data.turned(data.y[:, None])[:, 0], data.turned(columns), data.variances
    _, n, p = X.shape
    found = meta_regression(
        y, d, X, tau2, interval, level=level, intercept=False, tau2_interval=tau2_interval
    )
    w = 1.0 / (d + np.nan_to_num(found.tau2)[:, None])
    wald = np.linalg.inv(np.swapaxes(X, 1, 2) @ (w[:, :, None] * X))
    beta, covariance, df, rule = found.beta, found.covariance, found.df, found.rule
    if n == p:
        beta, covariance = np.linalg.solve(X, y[:, None])[:, :, 0], wald
        df, rule = np.full(len(X), np.inf), np.full(len(X), "wald")
    return Fits(
        beta=beta,
        covariance=covariance,
        df=df,
        factor=covariance[:, 0, 0] / wald[:, 0, 0],
        critical=t_quantile(df, level),
        rule=rule,
        tau2=found.tau2,
        tau2_low=found.tau2_low,
        tau2_high=found.tau2_high,
        i2=found.i2,
        q=np.zeros(len(X)) if n == p else found.qe,
        q_df=n - p,
        q_p=found.qe_p,
        converged=found.converged,
    )


def joined(one: Ints, other: Ints, size: int) -> NDArray[np.bool_]:
    """Return which of `size` nodes edges join with which, by any way: shape (size, size)."""
    found = np.eye(size)
    found[one, other] = found[other, one] = 1.0
    for _ in range(size.bit_length()):
        found = np.minimum(found @ found, 1.0)
    return found > 0


def parts(one: Ints, other: Ints, treatments: Sequence[Any]) -> tuple[tuple[Any, ...], ...]:
    """Return the treatments that contrasts connect with each other, the largest part first."""
    if not treatments:
        return ()
    part = joined(one, other, len(treatments)).argmax(axis=1)
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
