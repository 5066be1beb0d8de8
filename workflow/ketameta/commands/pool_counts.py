"""The fit of `ketameta pool`: of effects, or of counts as they are by one of the ways for these."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketameta.commands.pool_text import Options
from ketameta.measures import (
    BETA_BINOMIAL,
    CM_EL,
    GLMM,
    INVERSE_VARIANCE,
    MANTEL_HAENSZEL,
    PETO,
    UM_FS,
    UM_RS,
)
from ketameta.stats import RandomEffects, beta_binomial, glmm, mantel_haenszel, peto, random_effects
from ketameta.stats.effects.inputs import size_and_rest
from ketameta.stats.numerics.shown import number_fields
from ketameta.stats.univariate.prediction import prediction_interval

Array = NDArray[np.float64]
Columns = dict[str, Array]
# the measures that each way is for, as `stats` has it
WAYS: dict[str, tuple[str, ...]] = {
    MANTEL_HAENSZEL: ("RR", "OR", "RD", "IRR"),
    PETO: ("OR", "PETO"),
    GLMM: ("PLO", "OR", "IRR"),
    UM_FS: ("OR", "IRR"),
    UM_RS: ("OR", "IRR"),
    CM_EL: ("OR", "IRR"),
    BETA_BINOMIAL: ("RR", "OR", "RD"),
}
COUNTS = {
    **dict.fromkeys(("RR", "OR", "RD", "PETO"), ("ai", "bi", "ci", "di", "n1i", "n2i")),
    "IRR": ("x1i", "t1i", "x2i", "t2i"),
    "PLO": ("xi", "mi", "ni"),
}
_GROUPS = (("ai", "bi", "n1i"), ("ci", "di", "n2i"), ("xi", "mi", "ni"))


def refused(way: str, measure: str) -> str:
    """Say why a way of pooling does not fit a measure, and what does; else empty."""
    if way == INVERSE_VARIANCE or measure in WAYS[way]:
        return ""
    takes = [INVERSE_VARIANCE, *(name for name, fits in WAYS.items() if measure in fits)]
    return (
        f"--pooling {way} is for {' and '.join(WAYS[way])}, and the measure is {measure}, "
        f"which takes {', '.join(takes)}"
    )


def eventless(columns: Columns) -> str:
    """Say so where no study has an event, or nobody in any is without one; else empty.

    Of the studies that are whole. No way of pooling has anything to compare then; only where halves
    are added to empty cells is a risk told, or a difference of 0.
    """
    events = [columns[name] for name in ("ai", "ci", "xi", "x1i", "x2i") if name in columns]
    groups = [names for names in _GROUPS if names[0] in columns]
    others = [size_and_rest(columns, *names)[1] for names in groups]
    whole = ~np.isnan(sum((*events, *others), np.zeros(())))
    for some, rest in zip(events, others, strict=False):
        whole &= some + rest > 0
    if not events or not whole.any():
        return ""
    if not any(x[whole].any() for x in events):
        return "no event in any study"
    if others and not any(x[whole].any() for x in others):
        return "an event in everybody in every study"
    return ""


def fitted(
    measure: str, columns: Columns, effects: tuple[Array, Array], options: Options
) -> RandomEffects:
    """Return the pool of effects (yi, vi), or of the counts in columns, as the options say."""
    fit = random_effects(
        *effects,
        tau2=options.tau2,
        interval=options.interval,
        prediction=options.prediction,
        level=options.level,
    )
    if options.pooling == INVERSE_VARIANCE:
        return fit
    return _of_counts(options.pooling, measure, columns, fit, options.level, options.prediction)


def _of_counts(
    way: str, measure: str, columns: Columns, fit: RandomEffects, level: float, prediction: str
) -> RandomEffects:
    """Return what a way of pooling makes of the counts in columns, with a normal interval.

    It is laid over the fit by inverse variance, whose weights it keeps; what it does not know is
    NaN. Raises the engine's ValueError, ``name[index] is wrong``, for a number that cannot be.
    """
    counts: Any = {name: columns[name] for name in COUNTS[measure] if name in columns}
    nothing: dict[str, Any] = {
        name: np.nan
        for name in number_fields(RandomEffects)
        if name not in ("weights", "rule", "converged", "ci_in_parts", "tau2_in_parts")
    }
    found: Any
    more: dict[str, Any] = {"converged": True}
    if way == PETO:
        found = peto(level=level, **counts)
    elif way == MANTEL_HAENSZEL:
        found = mantel_haenszel(measure, level=level, **counts)
    elif way == BETA_BINOMIAL:
        found = beta_binomial(measure, level=level, **counts)
        more = {"converged": bool(found.converged)}
    else:
        found = glmm(measure, model=None if way == GLMM else way, level=level, **counts)
        ends = prediction_interval(
            *(np.array([x]) for x in (found.estimate, found.se, found.tau2, found.k)),
            rule=prediction,
            level=level,
        )
        low, high = (float(end[0]) for end in ends)
        more = {"pi_low": low, "pi_high": high, "converged": bool(found.converged)}
    known = {name: getattr(found, name) for name in nothing if hasattr(found, name)}
    known["k"] = int(known["k"])
    parts = {"rule": "wald", "df": np.inf, "ci_in_parts": False, "tau2_in_parts": False}
    return replace(fit, **nothing | known | parts | more)
