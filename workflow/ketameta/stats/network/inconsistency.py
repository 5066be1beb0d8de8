"""Whether what trials say of a comparison agrees with what the rest of the network says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ketameta.stats.network.rows import Contrasts, Fits, fit_columns, joined
from ketameta.stats.numerics.distributions import t_tails
from ketameta.stats.numerics.shown import Shown, four_digits
from ketameta.stats.univariate.intervals import DEFAULT

Array = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, repr=False)
class NodeSplits(Shown):
    """Direct against indirect evidence of s comparisons, arrays of shape (s,).

    Attributes
    ----------
    labels, first, second
        What is compared; effects are of `first` against `second`, on the scale of ``yi``.
    trials
        Number of trials that have both.
    direct, direct_se, direct_low, direct_high
        By the trials that have both.
    indirect, indirect_se, indirect_low, indirect_high
        By the others, and by what the first say of other treatments.
    difference, se, low, high, p
        Direct less indirect.
    tau2
        Heterogeneity where the two may differ.
    """

    NAMED: ClassVar[str] = "labels"
    ROWS: ClassVar[str] = "difference"
    SHORT: ClassVar[tuple[str, ...]] = ("trials", "direct", "indirect", "difference", "se", "p")

    labels: tuple[str, ...]
    first: tuple[Any, ...]
    second: tuple[Any, ...]
    trials: Ints
    direct: Array
    direct_se: Array
    direct_low: Array
    direct_high: Array
    indirect: Array
    indirect_se: Array
    indirect_low: Array
    indirect_high: Array
    difference: Array
    se: Array
    low: Array
    high: Array
    p: Array
    tau2: Array


@dataclass(frozen=True, repr=False)
class DesignByTreatment(Shown):
    """Heterogeneity within designs, and inconsistency between them; a design is a set of arms.

    Attributes
    ----------
    labels, trials, q, q_df, q_p
        Of each design its treatments, number of trials, and Q among them.
    q_total, q_within, q_between
        Q of the network, within and between designs (their sum is the total), each with its
        degrees of freedom ``..._df`` and ``..._p`` (NaN on 0 degrees), without heterogeneity.
    tau2
        Heterogeneity within designs; NaN where no design has trials enough.
    chi2, df, p
        Test of all differences between designs, given that heterogeneity.
    """

    NAMED: ClassVar[str] = "labels"
    ROWS: ClassVar[str] = "q"
    labels: tuple[str, ...]
    trials: Ints
    q: Array
    q_df: Ints
    q_p: Array
    q_total: float
    q_total_df: int
    q_total_p: float
    q_within: float
    q_within_df: int
    q_within_p: float
    q_between: float
    q_between_df: int
    q_between_p: float
    tau2: float
    chi2: float
    df: int
    p: float

    def table(self) -> tuple[str, list[list[str]], list[str]]:
        """Return title, rows and notes of the short table: designs, and what they add up to."""
        title, rows, more = Shown.table(self)
        sums = {"within designs": "within", "between designs": "between", "all": "total"}
        rows += [
            [name, "", *(four_digits(getattr(self, f"q_{of}{end}")) for end in ("", "_df", "_p"))]
            for name, of in sums.items()
        ]
        said = ", ".join(
            f"{n} {four_digits(getattr(self, n))}" for n in ("tau2", "chi2", "df", "p")
        )
        return title, rows, [*more, said]


def node_splits(
    yi: ArrayLike,
    vi: ArrayLike,
    study: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    tau2: str = "REML",
    interval: str = DEFAULT,
    level: float = 0.95,
) -> NodeSplits:
    r"""Set direct against indirect evidence, for each comparison that has both.

    Parameters
    ----------
    yi, vi, study, first, second, tau2, interval, level
        As in `network_meta_analysis`.

    Returns
    -------
    NodeSplits. A comparison is split if some trials have both treatments and the others connect
    them still: of a loop within one trial nothing can be told.

    Raises
    ------
    ValueError
        As `network_meta_analysis`.

    Notes
    -----
    Side-splitting, symmetrical: in the trials that have both, the effect of the first treatment is
    :math:`\omega / 2` higher and that of the second :math:`\omega / 2` lower than elsewhere, which
    moves their own contrast by :math:`\omega` and either against a third arm by half of it. tau2 is
    estimated anew.

    References
    ----------
    Dias and others (2010), Statistics in Medicine 29, 932; White (2015), Stata Journal 15, 951;
    which comparisons: van Valkenhoef and others (2016), Research Synthesis Methods 7, 80.

    Examples
    --------
    >>> from ketameta.stats import node_splits
    >>> yi, vi = [0.5, 0.6, 0.2, 0.35, 0.7], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> first, second = ["B", "B", "C", "C", "B"], ["A", "A", "A", "A", "C"]
    >>> node_splits(yi, vi, ["one", "two", "three", "four", "five"], first, second)
    NodeSplits
           trials   direct  indirect  difference      se        p
    A : B       2    -0.54   -0.9409      0.4009  0.1143  0.07256
    A : C       2  -0.2409      0.16     -0.4009  0.1143  0.07256
    B : C       1      0.7    0.2991      0.4009  0.1143  0.07256
    """
    data = Contrasts.of(yi, vi, study, first, second)
    one, other, trial, _, _ = data.all_pairs()
    size = len(data.treatments)
    ends = data.design.argmax(axis=1), data.design.argmin(axis=1)
    pairs, counts, moved = [], [], []
    for a, b in sorted({(min(x), max(x)) for x in zip(one.tolist(), other.tolist(), strict=True)}):
        both = ((one == a) & (other == b)) | ((one == b) & (other == a))
        has = np.isin(data.codes, trial[both])
        if joined(ends[0][~has], ends[1][~has], size)[a, b]:
            pairs.append((a, b))
            counts.append(int(both.sum()))
            moved.append(has * (data.design[:, a] - data.design[:, b]) / 2)
    columns = np.empty((len(pairs), data.y.size, size))
    columns[:, :, :-1] = data.design[:, 1:]
    if moved:
        columns[:, :, -1] = moved
    fits = fit_columns(data, columns, tau2, interval, level, tau2_interval=None)
    return _splits(data.treatments, pairs, counts, fits)


def _splits(
    treatments: tuple[Any, ...], pairs: list[tuple[int, int]], counts: list[int], fits: Fits
) -> NodeSplits:
    """Read direct and indirect effects of pairs from fits against the first treatment."""
    read = np.zeros((len(pairs), 3, len(treatments) + 1))
    for row, (a, b) in enumerate(pairs):
        read[row, :2, a], read[row, :2, b] = 1, -1
    read[:, [0, 2], -1] = 1
    read = read[:, :, 1:]
    values = (read @ fits.beta[:, :, None])[:, :, 0]
    covariance = read @ fits.covariance @ np.swapaxes(read, 1, 2)
    se = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    critical, df = fits.critical[:, None], fits.df
    low, high = values - critical * se, values + critical * se
    names = [(treatments[a], treatments[b]) for a, b in pairs]
    return NodeSplits(
        labels=tuple(f"{a} : {b}" for a, b in names),
        first=tuple(a for a, _ in names),
        second=tuple(b for _, b in names),
        trials=np.array(counts, dtype=np.intp),
        direct=values[:, 0],
        direct_se=se[:, 0],
        direct_low=low[:, 0],
        direct_high=high[:, 0],
        indirect=values[:, 1],
        indirect_se=se[:, 1],
        indirect_low=low[:, 1],
        indirect_high=high[:, 1],
        difference=values[:, 2],
        se=se[:, 2],
        low=low[:, 2],
        high=high[:, 2],
        p=t_tails(values[:, 2] / se[:, 2], df),
        tau2=fits.tau2,
    )


def design_by_treatment(
    yi: ArrayLike,
    vi: ArrayLike,
    study: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    tau2: str = "REML",
) -> DesignByTreatment:
    r"""Test whether trials of different designs agree: the whole network at once.

    Parameters
    ----------
    yi, vi, study, first, second, tau2
        As in `network_meta_analysis`.

    Raises
    ------
    ValueError
        As `network_meta_analysis`.

    Notes
    -----
    The model of full interaction gives each design its own effects. Its Q is that within designs;
    the Q of the network less it that between. `chi2` is the Wald test of what the designs differ
    in, with heterogeneity estimated in the model of full interaction: it equals the fall of the
    weighted residual sum of squares from the network to that model. With few trials within designs
    it is too often below 0.05: for 12 in 100 networks like that of Senn and others (2013), of 27
    contrasts and 11 degrees of freedom within designs, at tau2 0.1 and no inconsistency.

    References
    ----------
    Higgins and others (2012), Research Synthesis Methods 3, 98; White and others (2012), ibid. 3,
    111; Krahn, Binder & König (2013), BMC Medical Research Methodology 13, 35.

    Examples
    --------
    >>> from ketameta.stats import design_by_treatment
    >>> yi, vi = [0.5, 0.6, 0.2, 0.35, 0.7], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> first, second = ["B", "B", "C", "C", "B"], ["A", "A", "A", "A", "C"]
    >>> design_by_treatment(yi, vi, ["one", "two", "three", "four", "five"], first, second)
    DesignByTreatment
                     trials       q  q_df      q_p
    A : B                 2     0.2     1   0.6547
    A : C                 2  0.4091     1   0.5224
    B : C                 1       0     0        –
    within designs           0.6091     2   0.7375
    between designs           3.746     1  0.05294
    all                       4.355     3   0.2256
    tau2 0, chi2 3.746, df 1, p 0.05294
    """
    data = Contrasts.of(yi, vi, study, first, second)
    designs = _designs(data)
    full = _full_columns(data, [rows for _, _, rows in designs])
    sizes = [(rows.size, np.linalg.matrix_rank(data.design[rows])) for _, _, rows in designs]
    inside = fit_columns(data, full[None], tau2, "wald", 0.95, tau2_interval=None).tau2.item()
    network = data.design[:, 1:]
    outer, inner = (_residuals(data, columns, 0.0) for columns in (network, full))
    q_df = np.array([n - p for n, p in sizes], dtype=np.intp)
    q = np.array([inner[rows].sum() for _, _, rows in designs]) * (q_df > 0)
    between = full.shape[1] - network.shape[1]
    chi2 = np.nan
    if not np.isnan(inside):
        chi2 = float(np.sum(_residuals(data, network, inside) - _residuals(data, full, inside)))
        chi2 = max(chi2, 0.0) if between else 0.0
    total, within = float(outer.sum()), float(inner.sum())
    n = data.y.size
    return DesignByTreatment(
        labels=tuple(label for label, _, _ in designs),
        trials=np.array([count for _, count, _ in designs], dtype=np.intp),
        q=q,
        q_df=q_df,
        q_p=np.array([_tail(*x) for x in zip(q, q_df, strict=True)]),
        q_total=total,
        q_total_df=n - network.shape[1],
        q_total_p=_tail(total, n - network.shape[1]),
        q_within=within,
        q_within_df=n - full.shape[1],
        q_within_p=_tail(within, n - full.shape[1]),
        q_between=max(total - within, 0.0) if between else 0.0,
        q_between_df=between,
        q_between_p=_tail(total - within, between),
        tau2=inside,
        chi2=chi2,
        df=between,
        p=_tail(chi2, between),
    )


def _designs(data: Contrasts) -> list[tuple[str, int, Ints]]:
    """Return the label of each design, its number of trials, and its rows."""
    rows: dict[tuple[int, ...], list[Ints]] = {}
    for code in np.unique(data.codes):
        own = np.flatnonzero(data.codes == code)
        arms = np.flatnonzero(data.design[own].any(axis=0))
        rows.setdefault(tuple(arms.tolist()), []).append(own)
    return [
        (" : ".join(str(data.treatments[i]) for i in arms), len(rows[arms]), np.concatenate(found))
        for arms, found in sorted(rows.items())
    ]


def _full_columns(data: Contrasts, designs: list[Ints]) -> Array:
    """Return columns (n, p) that span effects of its own for each design, independent."""
    parts = []
    for rows in designs:
        u, size, _ = np.linalg.svd(data.design[rows], full_matrices=False)
        columns = np.zeros((data.y.size, int((size > 1e-9 * size[0]).sum())))
        columns[rows] = u[:, : columns.shape[1]]
        parts.append(columns)
    return np.hstack(parts)


def _residuals(data: Contrasts, columns: Array, tau2: float) -> Array:
    """Return the weighted squared residuals of each independent row, shape (n,)."""
    root = 1 / np.sqrt(data.variances + tau2)
    y, X = root * data.turned(data.y[:, None])[:, 0], root[:, None] * data.turned(columns)
    return np.asarray((y - X @ np.linalg.lstsq(X, y, rcond=None)[0]) ** 2)


def _tail(q: float, df: int) -> float:
    return float(special.chdtrc(df, max(q, 0.0))) if df > 0 else np.nan
