"""What trials of several arms report, as contrasts with their covariance."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.dependent.shared import label_codes
from ketameta.stats.network.rows import treatment_codes
from ketameta.stats.numerics.checks import aligned, as_floats, as_labels

Array = NDArray[np.float64]
Ints = NDArray[np.intp]


class TrialContrasts(NamedTuple):
    """What `network_meta_analysis` reads, in its order: n contrasts, one fewer a trial than arms.

    Effects `yi` (n,) of `first` against `second`, covariance `vi` (n, n), labels (n,).
    """

    yi: Array
    vi: Array
    study: list[Any]
    first: list[Any]
    second: list[Any]


def multi_arm_contrasts(
    yi: ArrayLike,
    vi: ArrayLike,
    study: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    tolerance: float = 0.02,
) -> TrialContrasts:
    r"""Turn all comparisons of each trial into m - 1 contrasts and their covariance.

    Parameters
    ----------
    yi, vi
        Effects of `first` against `second` and their sampling variances, shape (n,): of a trial
        of m arms all m (m - 1) / 2 comparisons, as netmeta reads them.
    study, first, second
        Labels (n,).
    tolerance
        How far the effects of a trial may miss adding up, by rounding, as a share of its smallest
        standard error; they are then brought to add up by least squares. How far an arm's
        variance may fall below 0, as a share of the smallest variance of the trial.

    Returns
    -------
    TrialContrasts against the first label of each trial, trials in the order of their labels. The
    fit of a network does not depend on that choice.

    Raises
    ------
    ValueError
        Names the trial that has not each comparison once, whose effects do not add up, or whose
        variances leave an arm a variance below 0; also bad shapes, values and labels.

    Notes
    -----
    Whatever the arms, :math:`cov(y_{ab}, y_{ac}) = (v_{ab} + v_{ac} - v_{bc}) / 2`. Arms that are
    independent have variances :math:`a_i` with :math:`v_{ij} = a_i + a_j` (least squares where
    there are more than three).

    References
    ----------
    Rücker & Schwarzer (2014), Statistics in Medicine 33, 4353.

    Examples
    --------
    >>> from ketameta.stats import multi_arm_contrasts, network_meta_analysis
    >>> yi, vi = [0.5, 0.7, 0.2, 0.4], [0.02, 0.03, 0.03, 0.04]
    >>> first, second = ["B", "C", "C", "B"], ["A", "A", "B", "A"]
    >>> found = multi_arm_contrasts(yi, vi, ["one", "one", "one", "two"], first, second)
    >>> found.first, found.second
    (['B', 'C', 'B'], ['A', 'A', 'A'])
    >>> found.vi.round(3)
    array([[0.02, 0.01, 0.  ],
           [0.01, 0.03, 0.  ],
           [0.  , 0.  , 0.04]])
    >>> network_meta_analysis(*found).contrasts
    3
    """
    yi, vi, study, first, second = aligned(yi=yi, vi=vi, study=study, first=first, second=second)
    y, v = _finite("yi", yi), _finite("vi", vi)
    if v.shape != y.shape:
        raise ValueError(f"yi and vi need one shape; they have {y.shape} and {v.shape}")
    if not (v > 0).all():
        raise ValueError(f"vi[{np.flatnonzero(v <= 0)[0]}] is not positive")
    codes, names = label_codes(study, y.size, "study"), as_labels("study", study, y.size)[0]
    treatments, (one, other) = treatment_codes(first, second, y.size)
    effects, blocks, found = [], [], TrialContrasts(y, v, [], [], [])
    for code, name in enumerate(names):
        rows = np.flatnonzero(codes == code)
        arms = np.unique([one[rows], other[rows]])
        pairs = np.searchsorted(arms, np.array([one[rows], other[rows]]))
        _refuse_unless_each_once(name, arms.size, pairs)
        effects.append(_against_first(name, y[rows], v[rows], pairs, tolerance))
        blocks.append(_covariance(name, v[rows], pairs, [treatments[i] for i in arms], tolerance))
        found.study.extend([name] * (arms.size - 1))
        found.first.extend(treatments[i] for i in arms[1:])
        found.second.extend([treatments[arms[0]]] * (arms.size - 1))
    V, at = np.zeros((len(found.study), len(found.study))), 0
    for block in blocks:
        V[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    return found._replace(yi=np.concatenate(effects) if effects else np.empty(0), vi=V)


def common_arm_covariance(
    vi: ArrayLike, study: ArrayLike, second: ArrayLike, shared: ArrayLike
) -> Array:
    r"""Return the covariance of contrasts of each trial against one arm that they share.

    Parameters
    ----------
    vi
        Sampling variances, shape (n,).
    study, second
        Labels (n,): the trial, and the arm that its contrasts are against.
    shared
        The part of each variance that comes of the common arm, on the scale of vi, shape (n,).

    Returns
    -------
    Array of shape (n, n): vi on the diagonal, :math:`\sqrt{s_i s_j}` within a trial (s itself
    where it is equal), 0 between trials.

    Raises
    ------
    ValueError
        A trial whose contrasts are against several arms; variances not positive, parts outside 0
        to vi; bad shapes, values and labels.

    References
    ----------
    Gleser & Olkin (2009), in Cooper et al., The Handbook of Research Synthesis, chapter 19.

    Examples
    --------
    >>> from ketameta.stats import common_arm_covariance
    >>> common_arm_covariance([0.02, 0.03, 0.04], ["x", "x", "y"], ["A"] * 3, [0.01, 0.01, 0.03])
    array([[0.02, 0.01, 0.  ],
           [0.01, 0.03, 0.  ],
           [0.  , 0.  , 0.04]])
    """
    vi, study, second, shared = aligned(vi=vi, study=study, second=second, shared=shared)
    v, s = _finite("vi", vi), _finite("shared", shared)
    codes, names = label_codes(study, v.size, "study"), as_labels("study", study, v.size)[0]
    base = label_codes(second, v.size, "second")
    if s.shape != v.shape or not ((v > 0) & (s >= 0) & (s <= v)).all():
        raise ValueError("vi must be positive, and shared hold a part of each, between 0 and it")
    same = codes[:, None] == codes
    if (wrong := np.flatnonzero((same & (base[:, None] != base)).any(axis=1))).size:
        raise ValueError(f"study {names[codes[wrong[0]]]!r} has contrasts against several arms")
    root = np.sqrt(s)
    found = same * np.outer(root, root)
    found[np.diag_indices(v.size)] = v
    return np.asarray(found)


def _finite(name: str, values: Any) -> Array:
    array = as_floats(name, values)
    if array.ndim != 1 or not np.isfinite(array).all():
        raise ValueError(f"{name} needs one axis of finite numbers")
    return array


def _refuse_unless_each_once(name: Any, arms: int, pairs: Ints) -> None:
    """Raise unless pairs (2, r) are all those of the arms, each once."""
    expected = arms * (arms - 1) // 2
    distinct = {tuple(sorted(pair)) for pair in pairs.T.tolist() if pair[0] != pair[1]}
    if not len(distinct) == expected == pairs.shape[1]:
        raise ValueError(
            f"study {name!r} has {arms} arms and needs each of their comparisons once, "
            f"{expected} of them; it has {pairs.shape[1]}, {len(distinct)} of them different"
        )


def _against_first(name: Any, y: Array, v: Array, pairs: Ints, tolerance: float) -> Array:
    """Return the effects of the arms against the first, or say that they do not add up."""
    one, other = pairs
    places = np.arange(pairs.max() + 1)
    C = (one[:, None] == places).astype(float) - (other[:, None] == places)
    effects = np.linalg.lstsq(C, y, rcond=None)[0]
    missed = np.abs(C @ effects - y).max()
    if missed > tolerance * np.sqrt(v.min()):
        raise ValueError(f"the effects of study {name!r} do not add up; they miss it by {missed:g}")
    return np.asarray(effects[1:] - effects[0])


def _covariance(name: Any, v: Array, pairs: Ints, arms: list[Any], tolerance: float) -> Array:
    """Return the covariance of the contrasts against the first arm, shape (m - 1, m - 1)."""
    m = len(arms)
    between = np.zeros((m, m))
    between[tuple(pairs)] = between[tuple(pairs[::-1])] = v
    if m > 2:
        places = np.arange(m)
        sums = (pairs[0][:, None] == places).astype(float) + (pairs[1][:, None] == places)
        own = np.linalg.lstsq(sums, v, rcond=None)[0]
        if own.min() < -tolerance * v.min():
            raise ValueError(
                f"the variances of study {name!r} leave {arms[int(own.argmin())]!r} a variance of "
                f"{own.min():g}, below 0"
            )
    to_first = between[0, 1:]
    return np.asarray((to_first[:, None] + to_first - between[1:, 1:]) / 2)
