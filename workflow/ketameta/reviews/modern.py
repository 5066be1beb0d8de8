"""The same rows as pooled today: REML, HKSJ's interval, a prediction interval; what changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ketameta.reviews.reproduce import Floats, Result
from ketameta.stats import pool_many


@dataclass(frozen=True, slots=True)
class Modern:
    """A pooled result by REML and HKSJ (the wider of it and Wald's where tau² is 0 or k is 2).

    On the scale that the review prints. `was` and `now` say whether the interval of the review and
    this one lie past no effect; `new_trial` whether the prediction interval does.
    """

    estimate: float
    low: float
    high: float
    prediction_low: float
    prediction_high: float
    tau2: float
    i2: float
    k: int
    was: bool
    now: bool
    new_trial: bool

    @property
    def changed(self) -> bool:
        """Whether the conclusion is another: the interval includes no effect now, or no more."""
        return self.was != self.now


def modernised(results: Sequence[Result]) -> list[Modern | None]:
    """Return each result as pooled today; None where fewer than two rows can be pooled."""
    sizes = [result.effects[0].size for result in results]
    place = np.repeat(np.arange(len(results)), sizes)
    if not place.size:
        return [None] * len(results)
    yi, vi = (np.concatenate([result.effects[i] for result in results]) for i in (0, 1))
    known = np.isfinite(yi) & (vi > 0) & np.isfinite(vi)
    found = pool_many(yi[known], vi[known], place[known], tau2_interval=None)
    ends = found[["estimate", "ci_low", "ci_high", "pi_low", "pi_high"]].to_numpy()
    rest = found[["tau2", "i2", "k"]].to_numpy()
    rows = dict(zip(found.index, zip(ends, rest, strict=True), strict=True))
    return [
        _modern(result, *rows[i]) if i in rows and result.k > 1 else None
        for i, result in enumerate(results)
    ]


def _modern(result: Result, ends: Floats, rest: Floats) -> Modern:
    how = result.pool.analysis.settings
    none = 1.0 if how.ratio else 0.0
    with np.errstate(over="ignore"):
        middle, low, high, pi_low, pi_high = (np.exp(ends) if how.ratio else ends).tolist()
    was = past(result.own.get("low", np.nan), result.own.get("high", np.nan), none)
    now, new_trial = past(low, high, none), past(pi_low, pi_high, none)
    tau2, i2, k = rest.tolist()
    return Modern(middle, low, high, pi_low, pi_high, tau2, i2, int(k), was, now, new_trial)


def past(low: float, high: float, none: float) -> bool:
    """Say whether an interval lies past a value."""
    return low > none or high < none
