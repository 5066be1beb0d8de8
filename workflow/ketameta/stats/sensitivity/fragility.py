"""How many events, moved in which trials, turn the conclusion of a pooled result."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.effects.effect_size import effect_size
from ketameta.stats.numerics.checks import as_effects, one_of
from ketameta.stats.numerics.shown import Labels, Shown, study_names
from ketameta.stats.univariate.pooling import random_effects

Array = NDArray[np.float64]
# moves: a few of many studies, of many sets at once
Ints = NDArray[np.int16]

# sets of moves of which all are tried
_TRIED = 2_000
# single moves of which all are tried at each step. Of more, so many are tried at the first step as
# do most where tau2 stays as it was, and from then on those that did most there
_CANDIDATES, _BEST = 100, 50
# cells of the tables that are pooled at once
_CELLS = 2**18
# moves after which the search may be given up, and how many times the largest of them it is then
# trusted to do by each move that is left
_SEEN, _AHEAD = 10, 2.0
# what events moved between people give
MEASURES = ("RR", "OR", "RD")


@dataclass(frozen=True, repr=False)
class Fragility(Shown):
    """The fewest moved events found after which the interval stands otherwise to no effect.

    Attributes
    ----------
    excludes
        Whether the interval of the data as they are excludes no effect: then the number is the
        fragility, else the reverse fragility.
    moved
        Events moved; NaN where the search does not turn it by `most` moves, or no study has counts.
    treated, control
        Events that each study has more (below 0: fewer) in either group, shape (k,).
    estimate, ci_low, ci_high
        The pooled result after the moves, NaN without any.
    exact
        Whether every smaller number of moves was tried in full. Else it is an upper bound.
    """

    excludes: bool
    moved: float
    treated: Ints
    control: Ints
    estimate: float
    ci_low: float
    ci_high: float
    exact: bool
    studies: Labels = field(default=None, kw_only=True)


def fragility(
    yi: ArrayLike,
    vi: ArrayLike,
    ai: ArrayLike,
    n1i: ArrayLike,
    ci: ArrayLike,
    n2i: ArrayLike,
    measure: str = "RR",
    *,
    tau2: str = "REML",
    interval: str = "auto",
    level: float = 0.95,
    most: int = 100,
) -> Fragility:
    """Turn people with the event into people without, or back, until the conclusion turns.

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape (k,); NaN in both marks an absent study.
    ai, n1i, ci, n2i
        Events and sizes of the two groups; NaN in a study whose effect is not of counts: it stays.
    measure
        RR, OR or RD, which yi are (of the first two the log).
    tau2, interval, level
        As in `random_effects`.
    most
        Moves after which the search ends. It ends before, from ten moves on, where each of those
        left would have to do more than twice what the largest so far did.

    Returns
    -------
    Fragility. Each step tries an event more and one fewer in each group of each study, all in
    one batch, and keeps the one that brings the interval nearest to turning; of more than 50
    studies the later steps try the 50 moves that came nearest at the first. Fewer moves than
    these are then tried in all their combinations, as long as these are 2,000 or fewer.

    Raises
    ------
    ValueError
        As `random_effects` and `effect_size`.

    References
    ----------
    Atal et al. (2019), Journal of Clinical Epidemiology 111, 32.

    Examples
    --------
    >>> from ketameta.stats import effect_size, fragility
    >>> trials = {"ai": [12, 9, 15], "n1i": [20, 20, 30], "ci": [5, 4, 8], "n2i": [20, 20, 30]}
    >>> found = effect_size("RR", **trials)
    >>> fragility(found.yi, found.vi, **trials).moved
    2.0
    """
    one_of("measure", measure, MEASURES)
    y, v = as_effects(yi, vi)
    tables = np.array([ai, n1i, ci, n2i], float)
    search = _Search(y, v, tables, measure, (tau2, interval, level))
    names = study_names(yi, vi).get("studies")
    greedy = search.climb(most)
    exact = False
    if greedy is not None and search.options:
        moves, exact = search.fewer(greedy)
        return search.told(moves, exact, names)
    return search.told(greedy, exact, names)


class _Search:
    """The moves that there are: +1 or -1 in the treated (0) or control group (2) of a study."""

    def __init__(
        self, y: Array, v: Array, tables: Array, measure: str, model: tuple[str, str, float]
    ) -> None:
        self.y, self.v, self.tables, self.measure, self.model = y, v, tables, measure, model
        movable = np.flatnonzero(~np.isnan(tables).any(axis=0))
        self.options = [(int(i), g, d) for i in movable for g in (0, 2) for d in (1, -1)]
        still = np.zeros((1, 2, y.size), np.int16)
        low, high, estimate, self.tau2 = (float(x[0]) for x in self._pooled(still))
        self.excludes = bool(low > 0 or high < 0)
        self.side = 1.0 if (low > 0 if self.excludes else estimate > 0) else -1.0

    def _pooled(self, moves: Ints, tau2: float | None = None) -> tuple[Array, ...]:
        """Return ends, estimates and tau2 with moves of shape (n, 2, k), or at the tau2 told.

        NaN where a group would have too many or too few.
        """
        n = len(moves)
        a, n1, c, n2 = (np.broadcast_to(x, (n, self.y.size)) for x in self.tables)
        a, c = a + moves[:, 0], c + moves[:, 1]
        touched = moves.any(axis=1)
        wrong = touched & ~((a >= 0) & (a <= n1) & (c >= 0) & (c <= n2))
        y, v = np.tile(self.y, (n, 1)), np.tile(self.v, (n, 1))
        use = touched & ~wrong
        if use.any():
            new = effect_size(self.measure, ai=a[use], n1i=n1[use], ci=c[use], n2i=n2[use])
            y[use], v[use] = np.asarray(new.yi), np.asarray(new.vi)
        # a study that is absent stays so, unless moves give it an effect
        known = np.isfinite(np.where(touched, y + v, 0.0))
        fine = np.asarray(known.all(axis=1) & ~wrong.any(axis=1))
        y, v = np.where(fine[:, None], y, self.y), np.where(fine[:, None], v, self.v)
        estimator, interval, level = self.model
        fit = random_effects(
            y, v, estimator if tau2 is None else tau2, interval, level, tau2_interval=None
        )
        found = fit.ci_low, fit.ci_high, fit.estimate, fit.tau2
        return tuple(np.where(fine, np.asarray(x), np.nan) for x in found)

    def _gap(self, moves: Ints, tau2: float | None = None) -> Array:
        """Return how far each is from turning the conclusion; 0 or below: it is turned."""
        parts = np.array_split(moves, -(-moves.size // _CELLS))
        ends = [self._pooled(part, tau2)[:2] for part in parts]
        low, high = map(np.concatenate, zip(*ends, strict=True))
        near = low if self.side > 0 else -high
        gap = near if self.excludes else -near
        # an end at no effect includes it
        gap = gap if self.excludes else np.where(gap == 0, 1e-300, gap)
        return np.where(np.isnan(gap), np.inf, gap)

    def climb(self, most: int) -> Ints | None:
        """Return the moves of the steepest search, shape (2, k); None where it does not turn."""
        here = np.zeros((2, self.y.size), np.int16)
        steps = self._steps()
        if few := len(steps) > _CANDIDATES:
            steps = steps[np.argsort(self._gap(steps, self.tau2), kind="stable")[:_CANDIDATES]]
        last, largest = -np.inf, 0.0
        for left in range(most if len(steps) else 0, 0, -1):
            # moves that undo an earlier one are left out: the number of moves has to rise
            tried = here + steps
            tried = tried[np.abs(tried).sum(axis=(1, 2)) > np.abs(here).sum()]
            if not len(tried):
                return None
            gaps = self._gap(tried)
            best = int(np.argmin(gaps))
            if not np.isfinite(gaps[best]):
                return None
            here = np.asarray(tried[best], np.int16)
            if gaps[best] <= 0:
                return here
            last, largest = gaps[best], max(largest, last - gaps[best])
            if most - left >= _SEEN and last > _AHEAD * largest * (left - 1):
                return None
            if few and len(steps) > _BEST:
                steps = steps[np.argsort(gaps, kind="stable")[:_BEST]]
        return None

    def _steps(self) -> Ints:
        steps = np.zeros((len(self.options), 2, self.y.size), np.int16)
        for row, (study, group, by) in enumerate(self.options):
            steps[row, group // 2, study] = by
        return steps

    def fewer(self, found: Ints) -> tuple[Ints, bool]:
        """Try every smaller number of moves; return the fewest that turn, and whether all were."""
        steps = self._steps()
        for number in range(1, int(np.abs(found).sum())):
            if comb(len(steps) + number - 1, number) > _TRIED:
                return found, False
            sets = np.array([*combinations_with_replacement(range(len(steps)), number)])
            moves = steps[sets].sum(axis=1)
            moves = moves[np.abs(moves).sum(axis=(1, 2)) == number]
            gaps = self._gap(moves)
            if (gaps <= 0).any():
                fewest: Ints = moves[int(np.argmin(gaps))]
                return fewest, True
        return found, True

    def told(self, moves: Ints | None, exact: bool, names: Labels) -> Fragility:
        """Return the result of moves, shape (2, k); NaN for None."""
        ends = (np.nan,) * 3
        if moves is not None:
            low, high, estimate, _ = (float(x[0]) for x in self._pooled(moves[None]))
            ends = estimate, low, high
        shown = np.zeros((2, self.y.size), np.int16) if moves is None else moves
        return Fragility(
            excludes=self.excludes,
            moved=np.nan if moves is None else float(np.abs(moves).sum()),
            treated=shown[0],
            control=shown[1],
            estimate=ends[0],
            ci_low=ends[1],
            ci_high=ends[2],
            exact=exact,
            studies=names,
        )
