"""Permutation tests of a pooled effect and of moderators."""

from __future__ import annotations

from collections.abc import Iterator
from math import factorial, prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.numerics.checks import aligned, as_effects
from ketameta.stats.numerics.sums import Floats
from ketameta.stats.univariate.pooling import random_effects
from ketameta.stats.univariate.regression import REMEDY, design_columns, meta_regression
from ketameta.stats.univariate.results import Permutation

# Statistics of arrangements that are equal on paper may differ by rounding.
TIE = 1e-8
# cells of the designs that are dealt out at once
_CELLS = 2**18


def permutation_test(
    yi: ArrayLike,
    vi: ArrayLike,
    X: ArrayLike | None = None,
    tau2: str = "REML",
    interval: str = "hksj",
    *,
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
    return _shuffle((y[here], v[here], x[here]), (tau2, interval), at_most, draw)


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
    at_most: int,
    draw: np.random.Generator,
) -> Permutation:
    """Refit with the rows of the design in other orders."""
    y, v, x = data
    rows, code, counts = np.unique(x, axis=0, return_inverse=True, return_counts=True)
    code = code.ravel()
    arrangements = factorial(y.size) // prod(factorial(int(m)) for m in counts)
    exact = arrangements <= at_most
    if exact:
        order = np.array(list(_distinct(code)), dtype=np.intp).reshape(arrangements, y.size)
    else:
        arrangements = at_most
        order = draw.permuted(np.tile(code, (at_most, 1)), axis=1)
        order[0] = code
    parts = np.array_split(order, -(-order.size * x.shape[1] // _CELLS))
    fits = [meta_regression(y, v, rows[part], *options, tau2_interval=None) for part in parts]
    statistic = np.concatenate([fit.statistic for fit in fits])
    qm = np.concatenate([fit.qm for fit in fits])
    observed = (order == code).all(axis=1).argmax()
    swap = np.concatenate([[observed], np.delete(np.arange(len(order)), observed)])
    p = _share(np.abs(statistic[swap]))
    qm_p = _share(qm[swap][:, None])[0]
    return Permutation(
        statistic[observed], p, float(qm[observed]), float(qm_p), arrangements, exact
    )


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
