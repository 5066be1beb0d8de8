"""Permutation tests of a pooled effect and of moderators."""

from __future__ import annotations

from collections.abc import Iterator
from math import factorial, prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.numerics.checks import aligned, as_effects
from ketameta.stats.numerics.sums import Floats
from ketameta.stats.univariate.pooling import random_effects
from ketameta.stats.univariate.regression import (
    REMEDY,
    design_columns,
    meta_regression,
    with_constant,
)
from ketameta.stats.univariate.results import MetaRegression, Permutation

# Statistics of arrangements that are equal on paper may differ by rounding.
TIE = 1e-8
# cells of the designs that are dealt out at once
_CELLS = 2**18
# Of fewer studies a fit costs no more than to look whether it is needed; of variances that differ
# more, normal equations may not tell.
_MANY, _ALIKE = 100, 1e8
# An F that is below this share of the observed one at values of tau2, each so many times the one
# before, is below it between them: none was seen to rise there by a twentieth.
_BELOW, _STEP = 0.8, 2.5

Flags = NDArray[np.bool_]


def permutation_test(
    yi: ArrayLike,
    vi: ArrayLike,
    X: ArrayLike | None = None,
    tau2: str = "REML",
    interval: str = "hksj",
    *,
    intercept: bool = True,
    at_most: int = 10_000,
    generator: np.random.Generator | None = None,
) -> Permutation:
    """Test a pooled effect, or moderators, by refitting the model to permuted data.

    Parameters
    ----------
    yi, vi
        Effects and sampling variances of one analysis, shape ``(k,)``; NaN in both marks an
        absent study.
    X
        None: the signs of the effects are flipped, 2^k arrangements, under the hypothesis that
        they are symmetric about 0. Else moderators as `meta_regression` takes them: their rows
        are permuted among the studies, k! arrangements or fewer where rows are equal.
    tau2, interval
        As in `random_effects` (wald, hksj, hksj-adhoc or auto with moderators). The default is one
        rule for every arrangement, since auto would compare statistics of two kinds.
    intercept
        Whether to test a constant column of a regression as well. Where not, its p is NaN, and of
        more than 100 studies under hksj only those orders are fitted whose F, at tau2 from 0 to
        infinity in steps of 2.5 times, comes to four fifths of the observed one. That no other
        could exceed it is what was seen, not proved.
    at_most
        All arrangements are fitted where there are no more than this (with mirror images counted
        once), else so many, drawn at random and the observed one among them.
    generator
        Source of the draws; by default seeded with 0, so that a result can be repeated.

    Returns
    -------
    Permutation
        p is the share of arrangements whose statistic is as far from 0 as the observed one
        (Higgins & Thompson 2004; Follmann & Proschan 1999). k = 0: NaN. k = 1 and 2: p cannot be
        below 1 and 1/2.

    Raises
    ------
    ValueError
        As `random_effects` and `meta_regression`; also for a batch and for at_most below 2.

    Examples
    --------
    >>> from ketameta.stats import permutation_test
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> permutation_test(yi, vi)
    Permutation
                   value
    statistic      4.242
    p             0.0625
    qm                 –
    qm_p               –
    arrangements      32
    exact            yes
    """
    yi, vi, X = aligned(yi=yi, vi=vi, X=X)
    y, v = as_effects(yi, vi)
    if y.ndim > 1:
        raise ValueError(f"yi has shape {y.shape}; a permutation test takes one analysis")
    if at_most < 2:
        raise ValueError(f"at_most is at least 2; not {at_most!r}")
    draw = generator or np.random.default_rng(0)
    here = ~np.isnan(y)
    if X is None:
        return _flip(y[here], v[here], (tau2, interval), at_most, draw)
    x = design_columns(X)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or len(x) != len(y):
        raise ValueError(f"X has shape {np.shape(X)}; with {len(y)} studies it is (k,) or (k, p)")
    if (bad := np.flatnonzero(here & ~np.isfinite(x).all(axis=1))).size:
        raise ValueError(f"X[{bad[0]}] is not finite; {REMEDY}")
    data = y[here], v[here], x[here]
    return _shuffle(data, (tau2, interval), intercept, at_most, draw)


def _flip(
    y: Floats, v: Floats, options: tuple[str, str], at_most: int, draw: np.random.Generator
) -> Permutation:
    """Refit under flipped signs; all signs flipped is a mirror image, and not fitted."""
    k = y.size
    exact = k < 62 and 2 ** max(k - 1, 0) <= at_most
    if exact:
        bits = np.arange(2 ** max(k - 1, 0))[:, None] >> np.arange(k) & 1
        arrangements = 2**k
    else:
        bits = draw.integers(0, 2, (at_most, k))
        bits[0] = 0
        arrangements = at_most
    fit = random_effects(np.where(bits == 1, -y, y), v, *options, tau2_interval=None)
    size = np.abs(fit.statistic)
    p = _share(size[:, None])[0]
    return Permutation(float(fit.statistic[0]), float(p), np.nan, np.nan, arrangements, exact)


def _shuffle(
    data: tuple[Floats, Floats, Floats],
    options: tuple[str, str],
    intercept: bool,
    at_most: int,
    draw: np.random.Generator,
) -> Permutation:
    """Refit with the rows of the design in other orders, the observed one first."""
    y, v, x = data
    x, _, (moderator, _) = with_constant(x, y, None)
    tested = moderator | intercept
    rows, code, counts = np.unique(x, axis=0, return_inverse=True, return_counts=True)
    code = code.ravel()
    arrangements = factorial(y.size) // prod(factorial(int(m)) for m in counts)
    exact = arrangements <= at_most
    if exact:
        order = np.array(list(_distinct(code)), dtype=np.intp).reshape(arrangements, y.size)
        order = np.concatenate([code[None], order[(order != code).any(axis=1)]])
    else:
        arrangements = at_most
        order = draw.permuted(np.tile(code, (at_most, 1)), axis=1)
        order[0] = code
    statistic, qm = np.zeros((len(order), x.shape[1])), np.zeros(len(order))
    seen = meta_regression(y, v, x[None], *options, intercept=False, tau2_interval=None)
    skips = not intercept and options[1] == "hksj" and y.size > _MANY
    skips = skips and v.max() < _ALIKE * v.min() and bool(np.isfinite(seen.statistic).all())
    for part in np.array_split(np.arange(len(order)), -(-order.size * x.shape[1] // _CELLS)):
        some = _may_exceed((y, v, x), rows, order[part], seen, tested) if skips else slice(None)
        left = part[some]
        deal = rows[order[left]]
        fit = meta_regression(y, v, deal, *options, intercept=False, tau2_interval=None)
        statistic[left], qm[left] = fit.statistic, fit.qm
    p = np.where(tested, _share(np.abs(statistic)), np.nan)
    qm_p = _share(qm[:, None])[0]
    return Permutation(statistic[0], p, float(qm[0]), float(qm_p), arrangements, exact)


def _may_exceed(
    data: tuple[Floats, Floats, Floats],
    rows: Floats,
    order: NDArray[np.intp],
    seen: MetaRegression,
    tested: Flags,
) -> Flags:
    """Say of each order whether a test may come as far as in the one seen, at whatever tau2.

    F by Knapp & Hartung of the columns that are tested, by normal equations at tau2 from 0 to
    infinity. Columns that are orthogonal with equal weights are so in every order.
    """
    y, v, x = data
    (k, p), n = x.shape, len(order)
    low, high = v.min() / 8, v.max() * 8
    steps = 2 + int(np.log(high / low) / np.log(_STEP))
    known = np.concatenate([[0.0], np.geomspace(low, high, steps)])
    u = np.vstack([1 / (v + known[:, None]), np.full(k, 1 / v.min())])
    uy = u * y
    back = np.linalg.inv(np.linalg.qr(x)[1])
    columns = (rows @ back).T[:, order]
    cross, gram = np.empty((len(u), n, p)), np.empty((len(u), n, p, p))
    for i, column in enumerate(columns):
        cross[..., i] = uy @ column.T
        for j in range(i + 1):
            gram[..., i, j] = gram[..., j, i] = u @ (column * columns[j]).T
    inverse = np.linalg.inv(gram)
    along = np.einsum("mnij,mnj->mni", inverse, cross)
    whole = uy @ y
    left = whole[:, None] - np.einsum("mni,mni->mn", cross, along)
    spread = np.einsum("li,mnij,lj->mnl", back, inverse, back, optimize=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        f = (along @ back.T) ** 2 / spread * ((k - p) / left)[..., None]
        # what is left without the columns of the omnibus test: about a mean, or of the effects
        without = whole if tested.all() else whole - uy.sum(axis=1) ** 2 / u.sum(axis=1)
        omnibus = (without[:, None] - left) / tested.sum() * (k - p) / left
        below = (f < _BELOW * seen.statistic**2)[..., tested].all(axis=(0, 2))
        below &= (omnibus < _BELOW * seen.qm).all(axis=0)
    return np.asarray(~below)


def _share(size: Floats) -> Floats:
    """Return the share of rows at least as large as the first, by column, NaN left out."""
    known = ~np.isnan(size)
    first = size[0]
    with np.errstate(invalid="ignore"):
        # An infinite statistic (no spread at all) is as large as any other.
        beyond = (size >= first - TIE * np.maximum(np.minimum(first, 1e300), 1.0)) & known
    count = known.sum(axis=0)
    return np.where(known[0], beyond.sum(axis=0) / np.maximum(count, 1), np.nan)


def _distinct(code: NDArray[np.intp]) -> Iterator[list[int]]:
    """Yield every distinct order of the codes, in lexicographic sequence."""
    now = sorted(int(c) for c in code)
    while True:
        yield now.copy()
        i = len(now) - 2
        while i >= 0 and now[i] >= now[i + 1]:
            i -= 1
        if i < 0:
            return
        j = len(now) - 1
        while now[j] <= now[i]:
            j -= 1
        now[i], now[j] = now[j], now[i]
        now[i + 1 :] = now[:i:-1]
