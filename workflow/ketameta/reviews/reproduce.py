"""Compute every pooled result of reviews again, and hold it against what the file prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import isnan

import numpy as np
from numpy.typing import NDArray

from ketameta.reviews import rules
from ketameta.reviews.model import OVERALL, Analysis, Number, Review, Settings, StudyRow
from ketameta.reviews.rules import Effects, Pools, Rules

Floats = NDArray[np.float64]
# from so many significant digits on, what is printed is a number of double precision
_DOUBLE, _RELATIVE = 11, 1e-8
# RevMan 5 takes p of chi² by an approximation: 0.12694225 for 0.12694218 of 9.946 on 6 degrees
# and the one on the web 0.110565 for 0.1105646 of 2.5461 on 1, and p of z 0.25036775, not …73
_ROUGH = {"q_p": 5e-7, "between_p": 5e-7, "p": 1e-7}
# its search for limits of tau² ends, as R's uniroot does, within the fourth root of the precision
_ROUGH |= dict.fromkeys(("tau2_low", "tau2_high"), 1.3e-4)
_ENDS = ("estimate", "low", "high", "prediction_low", "prediction_high")
_OF_POOL = (*_ENDS, "tau2", "tau2_low", "tau2_high", "q", "df", "q_p", "i2", "z", "t", "p", "se")


TOTAL = "Total"


@dataclass(frozen=True, slots=True)
class Pool:
    """What is pooled: some rows of an analysis, under the name of a subgroup or `OVERALL`.

    Where the whole is not pooled, but its subgroups are held against each other, it has no rows.
    """

    review: str
    analysis: Analysis
    subgroup: str
    rows: tuple[StudyRow, ...]

    @property
    def title(self) -> str:
        """Number and names, as they are told."""
        name = f"{self.analysis.number} {self.analysis.name}".strip()
        return name if self.label == TOTAL else f"{name}: {self.label}"

    @property
    def label(self) -> str:
        """Which of the analysis it is, in a word."""
        if self.subgroup:
            return self.subgroup
        return TOTAL if self.analysis.settings.overall else "between subgroups"

    @property
    def printed(self) -> dict[str, Number]:
        """The numbers printed of it; none where the file did not calculate it."""
        found = self.analysis.printed.get(self.subgroup, {})
        return found if _is_calculated(found) or (not self.rows and "between" in found) else {}


@dataclass(frozen=True, slots=True)
class Result:
    """A pooled result by the review's settings: `own` numbers as they are printed, by name.

    Beside the names of `PRINTED` it has `se`, the error of the interval on the scale of analysis.

    `differs` are the names of those that are not equal to the printed digits, `cause` says why in
    words where that is known; both are empty where all are equal.
    """

    pool: Pool
    k: int
    own: dict[str, float]
    effects: tuple[Floats, Floats]
    weights: Floats
    differs: tuple[str, ...] = ()
    cause: str = ""
    printed: dict[str, Number] = field(default_factory=dict)

    @property
    def equal(self) -> bool:
        """Whether all that is printed was met."""
        return not self.differs


def _is_calculated(found: dict[str, Number]) -> bool:
    """Say whether a file printed a result: one without an estimate, or all zeros, is none."""
    if not {"estimate", "low", "high"} <= found.keys():
        return False
    return len({found[name].value for name in ("estimate", "low", "high")}) > 1


def pools_of(review: Review) -> list[Pool]:
    """Return what a review pools, in its order: analyses, each with its subgroups first."""
    found = []
    for analysis in review.analyses:
        names = dict.fromkeys(row.subgroup for row in analysis.rows if row.subgroup)
        for name in names if analysis.settings.subgroups else ():
            rows = tuple(r for r in analysis.rows if r.subgroup == name and r.in_subgroup)
            found.append(Pool(review.name, analysis, name, rows))
        if analysis.settings.overall:
            rows = tuple(row for row in analysis.rows if row.in_overall)
            found.append(Pool(review.name, analysis, OVERALL, rows))
        elif names and "between" in analysis.printed.get(OVERALL, {}):
            found.append(Pool(review.name, analysis, OVERALL, ()))
    return found


def effects_of(rows: Sequence[StudyRow], how: Settings) -> Effects:
    """Return the effects of rows, on the scale of analysis."""

    def pairs(name: str) -> Floats:
        return np.array([getattr(row, name) for row in rows], float).reshape(-1, 2)

    if how.data == "counts":
        events, people = pairs("events"), pairs("people")
        return rules.of_counts(how.measure, people - events if how.swapped else events, people)
    if how.data == "means":
        return rules.of_means(how.measure, pairs("mean"), pairs("sd"), pairs("people"))
    if how.data == "O-E":
        return rules.of_observed(pairs("observed"))
    return rules.of_generic(pairs("generic"))


def rules_of(how: Settings) -> Rules:
    """Return how pools of some settings are pooled."""
    random = how.model == "random"
    hksj = random and how.interval == "hksj"
    estimator = how.tau2 if random else "DL"
    return Rules(how.method, how.measure, random, estimator, hksj, random and how.tau2_limits)


def reproduce(reviews: Iterable[Review]) -> list[Result]:
    """Compute all pooled results of reviews, all of one kind at once, and compare them."""
    pools = [pool for review in reviews for pool in pools_of(review)]
    kinds: dict[tuple[object, ...], list[int]] = {}
    for i, pool in enumerate(pools):
        how = pool.analysis.settings
        kinds.setdefault((how.data, how.swapped, rules_of(how)), []).append(i)
    results: list[Result | None] = [None] * len(pools)
    for members in kinds.values():
        own = [pools[i] for i in members]
        for i, result in zip(members, _of_kind(own), strict=True):
            results[i] = result
    done = [result for result in results if result is not None]
    return [compared(result) for result in _with_weights(_with_tests(done))]


def _of_kind(pools: list[Pool]) -> list[Result]:
    """Return the results of pools with the same data and rules."""
    how = pools[0].analysis.settings
    rows = [row for pool in pools for row in pool.rows]
    sizes = [len(pool.rows) for pool in pools]
    place = np.repeat(np.arange(len(pools)), sizes)
    effects = effects_of(rows, how)
    level = np.array([pool.analysis.settings.level for pool in pools])
    found = rules.pool(effects, place, rules_of(how), level)
    ends = np.cumsum(sizes)
    return [
        Result(
            pool,
            int(found.k[i]),
            shown(found, i, how.ratio),
            (effects.yi[end - size : end], effects.vi[end - size : end]),
            found.weights[end - size : end],
        )
        for i, (pool, size, end) in enumerate(zip(pools, sizes, ends, strict=True))
    ]


def shown(found: Pools, i: int, ratio: bool) -> dict[str, float]:
    """Return the numbers of a pool as a review prints them, NaN left out."""
    own = {name: float(getattr(found, name)[i]) for name in _OF_POOL}
    with np.errstate(over="ignore"):
        for name in _ENDS if ratio else ():
            own[name] = float(np.exp(own[name]))
    return {name: value for name, value in own.items() if not isnan(value)}


def _with_tests(results: list[Result]) -> list[Result]:
    """Return the results, those of whole analyses with the test between their subgroups."""
    keys = {(r.pool.review, r.pool.analysis.number): i for i, r in enumerate(results)}
    place = {key: n for n, key in enumerate(dict.fromkeys(keys))}
    parts = [r for r in results if r.pool.subgroup and r.pool.analysis.settings.test]
    if not parts:
        return results
    logs = [_on_scale(r) for r in parts]
    where = np.array([place[r.pool.review, r.pool.analysis.number] for r in parts])
    estimate, se = (np.array(x) for x in zip(*logs, strict=True))
    tests = rules.between(estimate, se, where, len(place))
    done = []
    for result in results:
        n = place[result.pool.review, result.pool.analysis.number]
        if result.pool.subgroup or isnan(tests[0][n]):
            done.append(result)
            continue
        names = ("between", "between_df", "between_p", "between_i2")
        more = {name: float(x[n]) for name, x in zip(names, tests, strict=True)}
        done.append(replace(result, own=result.own | more))
    return done


def _with_weights(results: list[Result]) -> list[Result]:
    """Return the results, those of subgroups with the weight of their rows in the whole."""
    of_row = {
        id(row): weight
        for result in results
        if not result.pool.subgroup
        for row, weight in zip(result.pool.rows, result.weights.tolist(), strict=True)
        if not isnan(weight)
    }
    return [
        replace(r, own=r.own | {"weight": sum(of_row.get(id(row), 0.0) for row in r.pool.rows)})
        if r.pool.subgroup and r.pool.analysis.settings.overall
        else r
        for r in results
    ]


def _on_scale(result: Result) -> tuple[float, float]:
    """Return estimate and standard error on the scale of analysis; NaN where there are none."""
    estimate = result.own.get("estimate", np.nan)
    log = float(np.log(estimate)) if result.pool.analysis.settings.ratio else estimate
    return log, result.own.get("se", np.nan)


def compared(result: Result) -> Result:
    """Return a result with what is printed of it, and which of it was not met."""
    own = result.own
    printed = {
        name: value
        for name, value in result.pool.printed.items()
        if name in own or (name in _ENDS[:3] and result.pool.rows)
    }
    row = _furthest(result) if printed else None
    if row is not None:
        printed["weight"] = result.pool.rows[row].printed["weight"]
        own = own | {"weight": float(result.weights[row])}
    differs = tuple(
        name
        for name, value in printed.items()
        if not same(value, own.get(name, float("nan")), _ROUGH.get(name, 0.0))
    )
    return replace(result, own=own, printed=printed, differs=differs)


def _furthest(result: Result) -> int | None:
    """Return which row's weight is furthest from the printed one; None where none is printed.

    Rows of a subgroup have the weight that they have in the whole, where that is pooled.
    """
    pool = result.pool
    if pool.subgroup and pool.analysis.settings.overall:
        return None
    rows = zip(pool.rows, result.weights, strict=True)
    off = [
        abs(row.printed["weight"].value - own) if "weight" in row.printed else np.nan
        for row, own in rows
    ]
    known = np.isfinite(off)
    return int(np.nanargmax(off)) if known.any() else None


def same(printed: Number, value: float, rough: float = 0.0) -> bool:
    """Say whether a number is equal to all digits that are printed.

    A printed number of double precision is met where it is to 1e-8 of itself; `rough` is an error
    that the printed one is known to have before it is rounded.
    """
    if isnan(value):
        return False
    digits = len(printed.text.lower().partition("e")[0].replace(".", "").strip("-0"))
    if digits >= _DOUBLE:
        return abs(value - printed.value) <= _RELATIVE * max(abs(printed.value), 1e-3) + rough
    half = 0.5 * 10.0**-printed.decimals
    return abs(value - printed.value) <= half * (1 + 1e-6) + 1e-12 * abs(value) + rough
