"""Why a pooled result differs from what its review prints: the same rows pooled in other ways.

A way that meets what the first did not is named as the cause; where none does, that is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import isnan

import numpy as np
from scipy import special

from ketameta.reviews import rules
from ketameta.reviews.model import Settings, StudyRow
from ketameta.reviews.reproduce import Floats, Result, compared, effects_of, rules_of, same, shown
from ketameta.reviews.rules import Effects, Rules

UNKNOWN = "not explained: no other way of pooling these rows gives it"


def with_cause(result: Result) -> Result:
    """Return a result that differs with its cause in words."""
    if result.equal:
        return result
    # what cannot be computed in a way is NaN, which equals nothing
    with np.errstate(all="ignore"):
        for said, way in _ways(result):
            other = compared(replace(result, own=result.own | way))
            if not {*other.differs} - {"weight"} and result.differs != ("weight",):
                return replace(result, cause=said)
    left = _smallest(result)
    return replace(result, cause=f"{UNKNOWN}{left}")


def _ways(result: Result) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield other ways to pool the rows of a result, each in words, with its numbers."""
    pool, how = result.pool, result.pool.analysis.settings
    effects, own = effects_of(pool.rows, how), rules_of(how)
    if how.interval == "hksj":
        yield "p of HKSJ's t test is printed", _with_t(result)
    yield from _without(result, effects, own, how)
    for said, other in _other_rules(own, how):
        yield f"it is pooled {said}", pooled(effects, other, how)
    if how.data == "means" and how.measure == "SMD":
        yield "its g has the exact small-sample factor", pooled(_exact_g(pool.rows), own, how)
        plain = _plain_d(pool.rows)
        yield "it pools d without a small-sample factor", pooled(plain, own, how)
    given = _as_printed(pool.rows, how)
    if given is not None and own.method != "MH":
        yield (
            "its rows are rounded: their effects as printed give it",
            pooled(given, own, how) | _unprinted(result),
        )


def pooled(effects: Effects, own: Rules, how: Settings) -> dict[str, float]:
    """Return the numbers of one pool of all rows."""
    place = np.zeros(effects.yi.size, np.intp)
    return shown(rules.pool(effects, place, own, np.array([how.level])), 0, how.ratio)


def _other_rules(own: Rules, how: Settings) -> Iterator[tuple[str, Rules]]:
    if own.hksj:
        yield "with Wald's interval", replace(own, hksj=False)
    elif own.random:
        yield "with HKSJ's interval", replace(own, hksj=True)
    if own.random:
        other = "REML" if own.tau2 == "DL" else "DL"
        yield f"with {other}'s tau²", replace(own, tau2=other)
        yield f"with {other}'s tau² and HKSJ's interval", replace(own, tau2=other, hksj=True)
        yield "under the fixed-effect model", replace(own, random=False, hksj=False)
    else:
        yield "under the random-effects model", replace(own, random=True)
    if how.data == "counts" and own.measure != "PETO":
        method = "IV" if own.method == "MH" else "MH"
        name = "inverse variance" if method == "IV" else "Mantel-Haenszel"
        yield f"by {name}", replace(own, method=method)
        if own.random:
            yield f"by {name} and REML", replace(own, method=method, tau2="REML")


def _without(
    result: Result, effects: Effects, own: Rules, how: Settings
) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield the pool of the rows alone of which the file prints an effect."""
    rows = result.pool.rows
    missing = [i for i, row in enumerate(rows) if "estimate" not in row.printed]
    taken = [i for i in missing if effects.known[i]]
    if taken and len(missing) < len(rows):
        names = ", ".join(rows[i].study for i in taken)
        yi = effects.yi.copy()
        yi[taken] = np.nan
        yield (
            f"the file marks {names} as not estimable",
            pooled(replace(effects, yi=yi), own, how),
        )


def _with_t(result: Result) -> dict[str, float]:
    """Return the numbers with the p of HKSJ's test, its t in place of z."""
    own = result.own
    if "t" not in own:
        return own
    return own | {"z": own["t"], "p": float(2 * special.stdtr(own["df"], -own["t"]))}


def _as_printed(rows: tuple[StudyRow, ...], how: Settings) -> Effects | None:
    """Return the effects that the review prints of its rows, or None where it prints none."""
    ends = np.array(
        [
            [row.printed[name].value if name in row.printed else np.nan for name in _ENDS]
            for row in rows
        ]
    ).reshape(-1, 3)
    if not np.isfinite(ends).any():
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        low, middle, high = (np.log(ends) if how.ratio else ends).T
    se = (high - low) / (2 * special.ndtri(0.975))
    return rules.of_generic(np.column_stack([middle, se]))


_ENDS = ("low", "estimate", "high")


def _unprinted(result: Result) -> dict[str, float]:
    """Return what rounding of the rows leaves as it is: numbers that already agree."""
    return {name: result.own[name] for name in result.printed if name not in result.differs}


def _standardised(rows: tuple[StudyRow, ...]) -> tuple[Floats, Floats, Floats]:
    """Return d, and people of both arms."""
    mean, sd, people = (
        np.array([getattr(row, name) for row in rows], float).reshape(-1, 2)
        for name in ("mean", "sd", "people")
    )
    return rules.standardised(mean, sd, people), people[:, 0], people[:, 1]


def _exact_g(rows: tuple[StudyRow, ...]) -> Effects:
    """Return Hedges' g with gamma functions, and RevMan's variance."""
    d, n1, n2 = _standardised(rows)
    m = n1 + n2 - 2
    factor = np.exp(special.gammaln(m / 2) - special.gammaln((m - 1) / 2)) / np.sqrt(m / 2)
    g = d * factor
    vi = (n1 + n2) / (n1 * n2) + g * g / (2 * (n1 + n2 - 3.94))
    return rules.of_generic(np.column_stack([g, np.sqrt(vi)]))


def _plain_d(rows: tuple[StudyRow, ...]) -> Effects:
    d, n1, n2 = _standardised(rows)
    vi = (n1 + n2) / (n1 * n2) + d * d / (2 * (n1 + n2 - 2))
    return rules.of_generic(np.column_stack([d, np.sqrt(vi)]))


def _smallest(result: Result) -> str:
    """Say of which row the file prints another effect, where it does."""
    how = result.pool.analysis.settings
    yi = result.effects[0]
    for row, value in zip(result.pool.rows, yi, strict=True):
        printed = row.printed.get("estimate")
        own = float(np.exp(value)) if how.ratio else float(value)
        if printed and not isnan(own) and not same(printed, own):
            return f"; the file has {printed.text} for {row.study}, its numbers make {own:.6g}"
    return ""
