"""Which treatment of a network may be best, and how surely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ketameta.stats.network.fit import Network
from ketameta.stats.numerics.checks import as_level
from ketameta.stats.numerics.shown import Shown

Array = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, repr=False)
class Ranks(Shown):
    """Ranks of t treatments, 1 the best, with their uncertainty.

    Attributes
    ----------
    treatments
        Their labels, as in the network.
    p_score
        Shape (t,): how surely each is better than another, from 0 to 1, averaged over all others.
        It is the area under the cumulative ranks (SUCRA).
    mean_rank
        Shape (t,), t - (t - 1) `p_score`.
    rank_low, rank_high
        Shape (t,): interval of the rank.
    best
        Shape (t,): probability of rank 1.
    probability
        Shape (t, t): of each treatment (row) the probability of each rank (column).
    lower_is_better, draws
        The direction, and the number of draws that intervals and probabilities come from: a
        probability near 1/2 has a standard error of 0.5 / sqrt(draws).
    """

    NAMED: ClassVar[str] = "treatments"
    ROWS: ClassVar[str] = "p_score"
    BELOW: ClassVar[tuple[str, ...]] = ("lower_is_better", "draws")

    treatments: tuple[Any, ...]
    p_score: Array
    mean_rank: Array
    rank_low: Ints
    rank_high: Ints
    best: Array
    probability: Array
    lower_is_better: bool
    draws: int


def network_ranks(
    network: Network,
    *,
    lower_is_better: bool,
    level: float = 0.95,
    draws: int = 100_000,
    seed: int = 0,
) -> Ranks:
    r"""Rank the treatments of a network by how their estimates scatter.

    Parameters
    ----------
    network
        Its estimates are taken as normal, or as t where its interval rule has degrees of freedom.
    lower_is_better
        Whether a lower effect is better.
    level
        Of the interval of each rank.
    draws, seed
        How many draws the probabilities of ranks and the intervals are made of, and where the
        generator starts: the same seed gives the same numbers. P-scores and mean ranks are exact.

    Raises
    ------
    ValueError
        A level outside 0 to 1, or no draws.

    Notes
    -----
    The P-score of i is the mean over j of P(i better than j) =
    :math:`F((d_i - d_j) / se_{ij})`, F the normal or t, for a higher effect better; it equals
    SUCRA under that distribution. Ranks come from draws of the joint distribution of the effects
    about their mean, so that they do not depend on the reference.

    References
    ----------
    Rücker & Schwarzer (2015), BMC Medical Research Methodology 15, 58; Salanti, Ades & Ioannidis
    (2011), Journal of Clinical Epidemiology 64, 163.

    Examples
    --------
    >>> from ketameta.stats import network_meta_analysis, network_ranks
    >>> yi, vi = [0.5, 0.6, 0.2, 0.35, 0.7], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> first, second = ["B", "B", "C", "C", "B"], ["A", "A", "A", "A", "C"]
    >>> fit = network_meta_analysis(yi, vi, ["one", "two", "three", "four", "five"], first, second)
    >>> network_ranks(fit, lower_is_better=False)
    Ranks
       p_score  mean_rank  rank_low  rank_high     best
    A  0.07462      2.851         2          3  0.00358
    B   0.9904      1.019         1          1   0.9838
    C    0.435       2.13         2          3  0.01267
    lower_is_better no, draws 100000
    """
    level = as_level(level)
    if draws < 1:
        raise ValueError(f"draws must be at least 1, not {draws}")
    t = len(network.treatments)
    sign = -1.0 if lower_is_better else 1.0
    z = sign * network.statistic
    better = special.ndtr(z) if np.isinf(network.df) else special.stdtr(network.df, z)
    p_score = np.nansum(better, axis=1) / (t - 1)
    probability = _rank_probabilities(network, sign, draws, seed)
    cumulative = np.cumsum(probability, axis=1)
    tail = (1 - level) / 2
    return Ranks(
        treatments=network.treatments,
        p_score=p_score,
        mean_rank=t - (t - 1) * p_score,
        rank_low=1 + (cumulative < tail - 1e-12).sum(axis=1),
        rank_high=1 + (cumulative < 1 - tail - 1e-12).sum(axis=1),
        best=probability[:, 0],
        probability=probability,
        lower_is_better=lower_is_better,
        draws=draws,
    )


def _rank_probabilities(network: Network, sign: float, draws: int, seed: int) -> Array:
    """Return how often each treatment (row) has each rank (column) in draws, shape (t, t)."""
    t = len(network.treatments)
    base = network.treatments.index(network.reference)
    centre = np.eye(t) - 1 / t
    size, axes = np.linalg.eigh(centre @ network.covariance @ centre)
    root = (axes * np.sqrt(np.maximum(size, 0.0))) @ axes.T
    draw = np.random.default_rng(seed)
    scatter = draw.standard_normal((draws, t)) @ root
    if np.isfinite(network.df):
        scatter *= np.sqrt(network.df / draw.chisquare(network.df, draws))[:, None]
    effects = sign * (network.estimate[:, base] + scatter)
    effects[:, base] = sign * scatter[:, base]  # its difference from itself is NaN
    effects = np.ascontiguousarray(effects.T)
    rank = np.zeros((t, draws), dtype=np.intp)
    for i in range(t):  # a comparison a pair is faster than a sort of each draw
        for j in range(i):
            above = effects[i] > effects[j]
            rank[j] += above
            rank[i] += ~above
    return np.array([np.bincount(places, minlength=t) for places in rank]) / draws
