"""The numbers behind the diagnostic figures: deletion, accumulation, asymmetry, time courses."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketameta.configuration import Analysis, Configuration, Question
from ketameta.measures import MEASURES, Measure
from ketameta.stats import cumulative, egger, influence, leave_one_out, peters
from ketameta.stats.bias.small_study import RegressionTest
from ketameta.synthesize.pool import number

Record = dict[str, Any]
LEAST = 5  # effects: of fewer, a figure of what each contributes or of their asymmetry says little
LEAST_TESTED = 10  # effects below which a regression on standard errors tests nothing


def diagnosed(analysis: Analysis, effects: list[Record], record: Record) -> bool:
    """Say whether an analysis is pooled from enough independent effects to diagnose it."""
    independent = all(effect["shared"] is None for effect in effects)
    return len(effects) >= LEAST and record.get("estimate") is not None and independent


def diagnostics(analysis: Analysis, effects: list[Record]) -> list[Record]:
    """Return the diagnostics of each effect; effects come in the order in which they accumulate.

    The refits take the estimator and the interval rule of the analysis; a synthesis by a GLMM is
    diagnosed by its inverse-variance form.
    """
    yi = np.array([e["yi"] for e in effects], float)
    vi = np.array([e["vi"] for e in effects], float)
    model = analysis.model
    options: dict[str, Any] = {"tau2": model.tau2, "interval": model.interval, "level": model.level}
    refits = {
        "without": leave_one_out(yi, vi, **options),
        "until": cumulative(yi, vi, **options),
    }
    found = influence(yi, vi, model.tau2)
    result = []
    for i, effect in enumerate(effects):
        record: Record = {
            "analysis": analysis.name,
            **{name: effect[name] for name in ("trial_id", "comparison", "label", "year")},
            "effect": effect["yi"],
            "se": float(np.sqrt(vi[i])),
        }
        for name, fit in refits.items():
            for end, field in (("estimate", "estimate"), ("low", "ci_low"), ("high", "ci_high")):
                value = number(getattr(fit, field)[i])
                record[f"{name}_{end}"] = MEASURES[analysis.select.measure].natural(value)
            record[f"{name}_i2"] = number(fit.i2[i])
        record |= {
            "baujat_x": number(found.baujat_x[i]),
            "baujat_y": number(found.baujat_y[i]),
            "rstudent": number(found.rstudent[i]),
            "cook": number(found.cooks_distance[i]),
            "influential": bool(found.influential[i]),
        }
        result.append(record)
    return result


def asymmetry(analysis: Analysis, effects: list[Record], centre: float) -> Record:
    """Return Egger's regression of an analysis, about a pooled effect on the analysis scale.

    The line is given from five effects on, its p from ten on (Sterne 2011, BMJ 343, d4002). It is
    what a funnel plot shows; the test beside it goes by size where standard errors follow effects.
    It is made twice more: without crossovers, as their standard errors come of another design
    (empty where fewer than five effects are left), and within drugs by route, as small trials may
    have given another drug. An analysis without crossovers, or of one drug, has its p again.
    """
    yi, vi = [e["yi"] for e in effects], [e["vi"] for e in effects]
    level = analysis.model.level
    found = egger(yi, vi, "lm", level=level)
    record: Record = {
        "analysis": analysis.name,
        "k": len(effects),
        "centre": centre,
        "slope": number(found.slope),
        "limit": number(found.limit),
        "statistic": number(found.statistic),
        "p": number(found.p) if len(effects) >= LEAST_TESTED else None,
    }
    measure = MEASURES[analysis.select.measure]
    if not measure.compares:
        return record | {"test": None, "test_k": 0, "test_slope": None, "test_p": None}
    name, test = _by_size(measure, effects, level)
    record |= {"test": name, "test_k": int(test.k), "test_slope": None, "test_p": None}
    if test.k < LEAST_TESTED:
        return record
    parallel = [e for e in effects if e["design"] != "crossover"]
    fewer = _by_size(measure, parallel, level)[1] if len(parallel) >= LEAST else None
    routes = [e["drug_route"] or "not known" for e in effects]
    adjusted = _by_size(measure, effects, level, routes)[1]
    return record | {
        "test_slope": number(test.slope),
        "test_p": number(test.p),
        "without_crossovers_k": int(fewer.k) if fewer else 0,
        "without_crossovers_p": number(fewer.p) if fewer and fewer.k >= LEAST else None,
        "adjusted_p": number(adjusted.p),
    }


def _by_size(
    measure: Measure, effects: list[Record], level: float, groups: list[str] | None = None
) -> tuple[str, RegressionTest]:
    """Return a test of small-study effects that effects alone do not set off, with its author.

    The standard error of a ratio follows the number of events, and so the effect: there effects go
    on 1 / n with Peters' weights (2006, JAMA 295:676). That of an SMD holds the SMD: there it is
    left out (Pustejovsky & Rodgers 2019, Res Synth Methods 10:57). That of an MD does neither:
    Egger's line. With `groups` each has a limit of its own, and the slope is that within groups.
    """
    if not measure.counts and not measure.is_standardised:
        yi, vi = (_column(effects, name) for name in ("yi", "vi"))
        return "Egger", egger(yi, vi, "lm", groups=groups, level=level)
    yi, n_t, n_c = (_column(effects, name) for name in ("yi", "n_t", "n_c"))
    if measure.is_standardised:
        known = np.isfinite(yi + n_t + n_c)
        sized = np.where(known, yi, np.nan), np.where(known, 1 / n_t + 1 / n_c, np.nan)
        return "Pustejovsky and Rodgers", egger(*sized, "lm", groups=groups, level=level)
    a, c = (_column(effects, name) for name in ("events_t", "events_c"))
    return "Peters", peters(yi, a, n_t, c, n_c, groups=groups, level=level)


def _column(effects: list[Record], name: str) -> NDArray[np.float64]:
    """Return a column, NaN where it is empty."""
    return np.array([np.nan if e[name] is None else e[name] for e in effects], float)


def courses(configuration: Configuration, syntheses: list[Record]) -> list[Record]:
    """Return the analyses that differ in nothing but their window, in the order of hours.

    Each such family of two or more carries the name of its first analysis.
    """
    families: dict[tuple[Question, str], list[Analysis]] = defaultdict(list)
    for analysis in configuration:
        if analysis.select.window is not None:
            families[replace(analysis.select, window=None), str(analysis.model)].append(analysis)
    records = {row["analysis"]: row for row in syntheses}
    result = []
    for members in families.values():
        if len(members) < 2:
            continue
        for analysis in sorted(members, key=lambda a: (_window(a).target, a.name)):
            window = _window(analysis)
            result.append(
                {
                    **records[analysis.name],
                    "course": members[0].name,
                    "analysis": analysis.name,
                    "hour": float(window.target),
                    "start": float(window.start),
                    "end": float(window.end),
                }
            )
    return result


def _window(analysis: Analysis) -> Any:
    assert analysis.select.window is not None
    return analysis.select.window
