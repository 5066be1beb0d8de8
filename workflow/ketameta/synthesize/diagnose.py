"""The numbers behind the diagnostic figures: deletion, accumulation, asymmetry, time courses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketameta.configuration import Analysis, Configuration, Question, Window
from ketameta.measures import MEASURES
from ketameta.methods import EGGER, HARBORD, SIZES, small_study_test
from ketameta.stats import (
    cumulative,
    egger,
    harbord,
    influence,
    peters,
    pustejovsky_rodgers,
)
from ketameta.stats.bias.small_study import RegressionTest
from ketameta.stats.sensitivity.influence import without_each
from ketameta.synthesize.pool import finite_or_none, independent
from ketameta.tables.diagnostics import AsymmetryRow, CourseRow, DiagnosticRow
from ketameta.tables.effects import EffectRow
from ketameta.tables.parts import Estimate
from ketameta.tables.small_study import LEAST, LEAST_TESTED
from ketameta.tables.syntheses import SynthesisRow
from ketameta.tables.table import extended


def diagnosed(effects: Sequence[EffectRow], record: Estimate) -> bool:
    """Say whether an analysis is pooled from enough independent effects to diagnose it."""
    return len(effects) >= LEAST and record.estimate is not None and independent(effects)


def diagnostics(analysis: Analysis, effects: Sequence[EffectRow]) -> list[DiagnosticRow]:
    """Return the diagnostics of each effect; effects come in the order in which they accumulate.

    The refits take the estimator and the interval rule of the analysis; a synthesis by a GLMM is
    diagnosed by its inverse-variance form.
    """
    yi, vi = np.array([e.yi for e in effects]), np.array([e.vi for e in effects])
    model, natural = analysis.model, MEASURES[analysis.select.measure].natural
    tau2, rule, level = model.tau2, model.interval, model.level
    # nobody reads limits of tau²
    until = cumulative(yi, vi, tau2=tau2, interval=rule, level=level, tau2_interval=None)
    without, wald = without_each(yi, vi, tau2, (rule, "wald"), level)
    refits = {"without": without, "until": until}
    found = influence(yi, vi, tau2, without=wald)
    result = []
    for i, effect in enumerate(effects):
        ends: dict[str, float | None] = {}
        for name, fit in refits.items():
            for end, field in (("estimate", "estimate"), ("low", "ci_low"), ("high", "ci_high")):
                ends[f"{name}_{end}"] = natural(finite_or_none(getattr(fit, field)[i]))
            ends[f"{name}_i2"] = finite_or_none(fit.i2[i])
        for name in ("baujat_x", "baujat_y", "rstudent"):
            ends[name] = finite_or_none(getattr(found, name)[i])
        result.append(
            DiagnosticRow(
                analysis=analysis.name,
                trial_id=effect.trial_id,
                comparison=effect.comparison,
                label=effect.label,
                year=effect.year,
                effect=effect.yi,
                se=float(np.sqrt(vi[i])),
                cook=finite_or_none(found.cooks_distance[i]),
                influential=bool(found.influential[i]),
                **ends,
            )
        )
    return result


def asymmetry(analysis: Analysis, effects: Sequence[EffectRow], centre: float) -> AsymmetryRow:
    """Return Egger's regression of an analysis, about a pooled effect on the analysis scale.

    The line is given from five effects on, its p from ten on (Sterne 2011, BMJ 343, d4002). It is
    what a funnel plot shows; the test beside it goes by size where standard errors follow effects.
    It is made twice more: without crossovers, as their standard errors come of another design
    (empty where fewer than five effects are left), and within treatments by route, as small trials
    may have given another. An analysis without crossovers, or of one treatment, has its p again.
    """
    yi, vi = column(e.yi for e in effects), column(e.vi for e in effects)
    level = analysis.model.level
    found = egger(yi, vi, "lm", level=level)
    return AsymmetryRow(
        analysis=analysis.name,
        k=len(effects),
        centre=centre,
        slope=finite_or_none(found.slope),
        limit=finite_or_none(found.limit),
        statistic=finite_or_none(found.statistic),
        p=finite_or_none(found.p) if len(effects) >= LEAST_TESTED else None,
        **_tested(analysis, effects),
    )


def _tested(analysis: Analysis, effects: Sequence[EffectRow]) -> dict[str, Any]:
    """Return the test of small-study effects; of fewer than ten effects its name and their number.

    Treated arms alone have none.
    """
    told: dict[str, Any] = dict.fromkeys(
        ("test_slope", "test_p", "without_crossovers_k", "without_crossovers_p", "adjusted_p")
    )
    if not MEASURES[analysis.select.measure].compares:
        return told | {"test": None, "test_k": 0}
    name, test = by_size(analysis, effects)
    told |= {"test": name, "test_k": int(test.k)}
    if test.k < LEAST_TESTED:
        return told
    parallel = [e for e in effects if e.design != "crossover"]
    fewer = by_size(analysis, parallel)[1] if len(parallel) >= LEAST else None
    routes = [e.drug_route or "not known" for e in effects]
    adjusted = by_size(analysis, effects, routes)[1]
    return told | {
        "test_slope": finite_or_none(test.slope),
        "test_p": finite_or_none(test.p),
        "without_crossovers_k": int(fewer.k) if fewer else 0,
        "without_crossovers_p": finite_or_none(fewer.p) if fewer and fewer.k >= LEAST else None,
        "adjusted_p": finite_or_none(adjusted.p),
    }


def by_size(
    analysis: Analysis, effects: Sequence[EffectRow], groups: list[str] | None = None
) -> tuple[str, RegressionTest]:
    """Return the test of small-study effects that an analysis asks for, with its author.

    By default one that effects alone do not set off: `methods.small_study_test`. With `groups`
    each has a limit of its own, and the slope is that within groups.
    """
    level = analysis.model.level
    name = small_study_test(MEASURES[analysis.select.measure], analysis.model.small_study)
    yi = column(e.yi for e in effects)
    if name == EGGER:
        vi = column(e.vi for e in effects)
        return name, egger(yi, vi, "lm", groups=groups, level=level)
    n_t, n_c = column(e.n_t for e in effects), column(e.n_c for e in effects)
    if name == SIZES:
        return name, pustejovsky_rodgers(yi, n_t, n_c, groups=groups, level=level)
    a, c = column(e.events_t for e in effects), column(e.events_c for e in effects)
    if name == HARBORD:
        return name, harbord(a, n_t, c, n_c, groups=groups, level=level)
    return name, peters(yi, a, n_t, c, n_c, groups=groups, level=level)


def column(values: Iterable[float | None]) -> NDArray[np.float64]:
    """Return a column, NaN where it is empty."""
    return np.array([np.nan if value is None else value for value in values], float)


def windows_of_one_question(
    configuration: Configuration, syntheses: Sequence[SynthesisRow]
) -> list[CourseRow]:
    """Return the analyses that differ in nothing but their window, in the order of hours.

    Each such family of two or more carries the name of its first analysis.
    """
    families: dict[tuple[Question, str], list[tuple[Window, str]]] = defaultdict(list)
    for analysis in configuration:
        if window := analysis.select.window:
            family = replace(analysis.select, window=None), str(analysis.model)
            families[family].append((window, analysis.name))
    records = {row.analysis: row for row in syntheses}
    return [
        extended(
            CourseRow,
            records[name],
            course=members[0][1],
            hour=float(window.target),
            start=float(window.start),
            end=float(window.end),
        )
        for members in families.values()
        if len(members) > 1
        for window, name in sorted(members, key=lambda member: (member[0].target, member[1]))
    ]
