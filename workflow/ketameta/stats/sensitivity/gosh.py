"""Every subset of the studies, pooled: the graphical display of heterogeneity (GOSH)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.numerics.checks import as_effects
from ketameta.stats.numerics.shown import Labels, Shown, four_digits, study_names
from ketameta.stats.univariate.models import filled
from ketameta.stats.univariate.pooling import random_effects

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Elements of a block of masked copies, 8 MB an array: the 16,383 subsets of 14 studies take 29, 23,
# 22, 23 ms for 2^16, 2^18, 2^20, 2^22.
_BLOCK = 2**20


@dataclass(frozen=True, repr=False)
class Gosh(Shown):
    """Pooled results of n subsets; numbers of shape (..., n), `included` (n, k).

    `i2` and `h2` are those of tau2; `i2_q`, `h2_q` the classical ones. A subset of one
    study has its own effect and NaN for what needs two. `exhaustive` says whether
    these are all subsets (in the order of the binary number with study 0 as its
    lowest bit) or a sample. `studies` names the columns of `included` where `yi` carried
    labels. Of one analysis the short table shows how its subsets spread.
    """

    ROWS: ClassVar[str] = "estimate"
    SHORT: ClassVar[tuple[str, ...]] = ("k", "estimate", "tau2", "i2")

    included: Mask
    k: NDArray[np.intp]
    estimate: Array
    tau2: Array
    i2: Array
    h2: Array
    i2_q: Array
    h2_q: Array
    q: Array
    converged: Mask
    exhaustive: bool
    studies: Labels = field(default=None, kw_only=True)

    def table(self) -> tuple[str, list[list[str]], list[str]]:
        """Return title, rows and notes of the short table: of one analysis quartiles."""
        if self.estimate.ndim > 1:
            return Shown.table(self)
        rows = [["", "least", "quarter", "half", "three quarters", "most"]]
        for name in ("estimate", "tau2", "i2"):
            values = getattr(self, name)
            found = values[~np.isnan(values)]
            cuts = np.quantile(found, (0, 0.25, 0.5, 0.75, 1)) if found.size else np.full(5, np.nan)
            rows.append([name, *map(four_digits, cuts)])
        which = "all" if self.exhaustive else "a sample of"
        return f"Gosh: {which} {self.estimate.size} subsets", rows, []


_NUMBERS = ("k", "estimate", "tau2", "i2", "h2", "i2_q", "h2_q", "q", "converged")


def gosh(
    yi: ArrayLike,
    vi: ArrayLike,
    tau2: str = "REML",
    *,
    draws: int = 2**17,
    seed: int = 0,
) -> Gosh:
    """Pool all non-empty subsets of the studies, or a random sample where there are too many.

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape (..., k); NaN in both marks an absent
        study. Studies absent from every analysis are not counted; one absent from
        some gives those analyses subsets that repeat, or are empty (all NaN).
    tau2
        Estimator, as in `random_effects`.
    draws
        Subsets to pool at most: all where there are no more (of 17 studies by default), else
        so many at random. Each study is in or out with probability 1/2, empty subsets are drawn
        again.
    seed
        Of the sample.

    Returns
    -------
    Gosh. No study: no subset. One study: one subset.

    Raises
    ------
    ValueError
        As `random_effects`; draws below 1.

    References
    ----------
    Olkin, Dahabreh & Trikalinos (2012), Research Synthesis Methods 3, 214.

    Examples
    --------
    >>> from ketameta.stats import gosh
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> gosh(yi, vi)
    Gosh: all 31 subsets
              least  quarter      half  three quarters    most
    estimate   0.12    0.275    0.3339          0.3874    0.52
    tau2          0        0  0.005961         0.01956  0.0625
    i2            0        0     17.36           46.91   78.12
    """
    y, v = as_effects(yi, vi)
    if draws < 1:
        raise ValueError(f"draws must be at least 1, not {draws}")
    k = y.shape[-1]
    present = np.flatnonzero(~np.isnan(y).reshape(-1, k).all(axis=0)) if y.size else np.arange(0)
    exhaustive = 2**present.size <= draws + 1
    included = np.zeros(((2**present.size - 1) if exhaustive else draws, k), dtype=bool)
    if exhaustive:
        code = np.arange(1, len(included) + 1)
        for bit, study in enumerate(present):
            included[:, study] = code >> bit & 1
    else:
        included[:, present] = _sample(draws, present.size, seed)
    lead = y.shape[:-1]
    out = {name: np.empty((*lead, len(included)), dtype=_kind(name)) for name in _NUMBERS}
    size = max(1, _BLOCK // max(y.size, 1))
    for start in range(0, len(included), size):
        block = included[start : start + size]
        count = block.sum(axis=1)
        study = np.flatnonzero(block) - np.repeat(np.arange(len(block)) * k, count)
        here = np.arange(count.max()) < count[:, None]
        # each without gaps: to be pooled half as wide as with them
        effects, variances = (filled(here, x[..., study]) for x in (y, v))
        fit = random_effects(effects, variances, tau2, interval="wald", tau2_interval=None)
        for name, numbers in out.items():
            numbers[..., start : start + size] = getattr(fit, name)
    names = study_names(yi, vi).get("studies")
    return Gosh(included=included, exhaustive=exhaustive, studies=names, **out)


def gosh_shares(found: Gosh) -> Array:
    r"""Return how much of the spread of the subsets' estimates each study explains, shape (..., k).

    Parameters
    ----------
    found
        What `gosh` returns; subsets of one study are left out.

    Returns
    -------
    Squared correlations, 0 to 1, of being in a subset with its estimate; NaN for a study that is
    in all subsets or none, or where all estimates are the same.

    Notes
    -----
    A study is in half of the subsets. Two normal distributions of one spread, half and half, have
    two peaks exactly where their means are more than two standard deviations apart (Schilling,
    Watkins & Watkins 2002, The American Statistician 56, 223): where what distinguishes them
    explains over half of the variance. So a share above 1/2 says that the subsets with the study
    and those without it are two clusters.

    Examples
    --------
    >>> from ketameta.stats import gosh, gosh_shares
    >>> gosh_shares(gosh([0.1, 0.2, 0.15, 0.12, 1.5], [0.02, 0.03, 0.015, 0.04, 0.02])).round(2)
    array([0.07, 0.03, 0.05, 0.06, 0.83])
    """
    use = (found.k > 1) & np.isfinite(found.estimate)
    estimate = np.where(use, found.estimate, 0.0)
    count = use.sum(axis=-1, keepdims=True)
    inside = use.astype(float) @ found.included
    with np.errstate(divide="ignore", invalid="ignore"):
        part = inside / count
        centred = np.where(use, estimate - estimate.sum(axis=-1, keepdims=True) / count, 0.0)
        total = (centred**2).sum(axis=-1, keepdims=True)
        total = np.where(total > 1e-20 * (estimate**2).sum(axis=-1, keepdims=True), total, np.nan)
        together = centred @ found.included
        share = together**2 / (count * part * (1 - part) * total)
    return np.asarray(np.where((part > 0) & (part < 1), share, np.nan))


def _kind(name: str) -> type:
    """Return the type of a field."""
    return {"k": np.intp, "converged": np.bool_}.get(name, np.float64)


def _sample(draws: int, k: int, seed: int) -> Mask:
    """Draw non-empty subsets, each equally likely."""
    rng = np.random.default_rng(seed)
    included = rng.integers(0, 2, (draws, k), dtype=np.int8).astype(bool)
    empty = np.flatnonzero(~included.any(axis=1))
    while empty.size:
        included[empty] = rng.integers(0, 2, (empty.size, k), dtype=np.int8).astype(bool)
        empty = empty[~included[empty].any(axis=1)]
    return included
