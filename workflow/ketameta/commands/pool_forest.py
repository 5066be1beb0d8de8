"""The forest plot of a pool: that of `ketameta pool --forest`, and of `ketameta.stats.pool`.

The statistics find it by its name (`stats.single.pooled.DRAWN_BY`): they import nothing of the
house.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ketameta.commands.names import RATIOS
from ketameta.commands.pool_groups import Group, Groups
from ketameta.commands.pool_text import Options, Pooled, back, half, remarks
from ketameta.figures.forest import draw
from ketameta.figures.narrow import draw_narrow
from ketameta.measures import INVERSE_VARIANCE
from ketameta.methods import COMMON
from ketameta.notebook import Drawing
from ketameta.report.naming import capital
from ketameta.report.pooled_forest import (
    Part,
    Plot,
    PlottedStudy,
    Scale,
    digits_for,
    forest_of,
    page,
)
from ketameta.report.wording import count, fixed, p_value
from ketameta.stats import MEASURES, RandomEffects
from ketameta.stats import Pooled as Fitted
from ketameta.synthesize.pool import Synthesis, finite_or_none
from ketameta.tables.fits import Engine, IntervalRule

_ENDS = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")
_SPREAD = (
    "se",
    "p",
    "tau2",
    "tau2_low",
    "tau2_high",
    "i2",
    "i2_low",
    "i2_high",
    "i2_q",
    "q",
    "q_p",
)
# what no second arm is compared in has no value of no effect
_OF_ONE_ARM = ("PR", "PLO", "PAS", "PFT", "PCTRED")


def drawn(fitted: Fitted) -> Drawing:
    """Return the forest plot of one analysis of `stats`."""
    if not fitted.k:
        raise ValueError("no study has an effect: there is nothing to draw")
    options = Options(
        INVERSE_VARIANCE, fitted.tau2_by, fitted.rule, fitted.prediction_by, fitted.level
    )
    absent = {int(i): "missing" for i in np.flatnonzero(np.isnan(fitted.yi))}
    return drawing_of(
        Pooled(
            *(fitted.measure, fitted.measure, options, fitted.names()),
            *(fitted.yi, fitted.vi, fitted, absent),
        )
    )


def drawing_of(pooled: Pooled) -> Drawing:
    """Return the forest plot of a table that was pooled, groups apart where they were asked."""
    plot = _plot(pooled)
    forest = forest_of(plot)
    return Drawing(draw(forest), draw_narrow(forest), lambda: page(plot, remarks(pooled)))


def fault_of_writing(pooled: Pooled, path: Path) -> str:
    """Draw it into a file; return why that could not be written, empty where it was."""
    try:
        drawing_of(pooled).save(path)
    except OSError as error:
        return f"{path}: {error.strerror}"
    return ""


def _plot(pooled: Pooled) -> Plot:
    groups = next((one for one in pooled.beside if isinstance(one, Groups)), None)
    total = _record(pooled, pooled.fit, pooled.size())
    scale = _scale(pooled, total)
    plot = Plot(
        title=pooled.title or f"{capital(scale.words)} of {count(total.k, 'study', 'studies')}",
        scale=scale,
        level=pooled.options.level,
        prediction=pooled.options.prediction,
        parts=(Part("", tuple(_studies(pooled, range(len(pooled.yi))))),),
        total=total,
        left_out=tuple((pooled.names[i], why) for i, why in sorted(pooled.reasons.items())),
    )
    return plot if groups is None else _apart(pooled, plot, groups)


def _apart(pooled: Pooled, plot: Plot, groups: Groups) -> Plot:
    """Return the plot with the studies by group, each with its own result, those of none last."""
    parts = []
    for name in (*(one.name for one in groups.groups), ""):
        which = [i for i, own in enumerate(groups.members) if own == name]
        found = next((one for one in groups.groups if one.name == name), None)
        result = None if found is None else _of_group(pooled, found, groups.tau2)
        if studies := tuple(_studies(pooled, which)):
            parts.append(Part(capital(name) or f"{groups.column} not told", studies, result))
    between = f"({groups.column}): Q = {fixed(groups.q, 2)}, df = {groups.df}, {p_value(groups.p)}"
    return replace(plot, parts=tuple(parts), between=between)


def _studies(pooled: Pooled, which: Any) -> list[PlottedStudy]:
    reach = half(pooled)
    found = []
    for i in which:
        y, sizes = pooled.yi[i], pooled.sizes
        if math.isnan(y):
            continue
        size = None if sizes is None else sizes[i]
        effect, low, high = (back(pooled.shown, x, size) for x in (y, y - reach[i], y + reach[i]))
        weight = finite_or_none(np.atleast_1d(pooled.fit.weights)[i])
        found.append(PlottedStudy(pooled.names[i], effect, low, high, weight))
    return found


def _record(pooled: Pooled, fit: RandomEffects, size: float | None) -> Synthesis:
    """Return a fit as a row of the report's tables: what a plot says is made of these."""
    found = {name: finite_or_none(getattr(fit, name)) for name in _SPREAD}
    if pooled.shown in _OF_ONE_ARM:
        found["p"] = None
    df = finite_or_none(fit.q_df)
    return Synthesis(
        **(_facts(pooled, fit, size) | found),
        q_df=None if df is None else int(df),
        converged=bool(fit.converged),
    )


def _of_group(pooled: Pooled, group: Group, tau2: str) -> Synthesis:
    found = {n: finite_or_none(getattr(group, n)) for n in ("se", "p", "tau2", "i2", "q")}
    facts = _facts(pooled, group, pooled.size())
    if group.k > 1 and tau2 == COMMON and pooled.options.pooling == INVERSE_VARIANCE:
        facts["engine"] = Engine.GROUPS
    return Synthesis(**(facts | found), q_df=group.k - 1)


def _facts(pooled: Pooled, fit: RandomEffects | Group, size: float | None) -> dict[str, Any]:
    """Return what a result says of itself, and its ends on the scale that people read."""
    ends = {name: finite_or_none(getattr(fit, name, None)) for name in _ENDS}
    shown = {name: x if x is None else back(pooled.shown, x, size) for name, x in ends.items()}
    k, options = int(fit.k), pooled.options
    return {
        **{"measure": pooled.shown, "k": k, "n": 0, "estimate_log": ends["estimate"]},
        **shown,
        "engine": Engine(options.pooling) if k > 1 else Engine.SINGLE,
        "tau2_by": options.tau2,
        "rule": IntervalRule(str(fit.rule)) if k else None,
    }


def _scale(pooled: Pooled, total: Synthesis) -> Scale:
    ratio = pooled.shown in RATIOS or MEASURES[pooled.shown].is_log
    name = pooled.shown
    if pooled.measure == "GEN":
        name = "ratio" if ratio else "effect"
    null = None if name in _OF_ONE_ARM else 1.0 if ratio else 0.0
    ends = [math.nan if x is None else x for x in (total.ci_low, total.ci_high)]
    return Scale(name, null, ratio, digits_for(*ends))
