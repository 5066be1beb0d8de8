"""`ketameta pool`: effect sizes and a random-effects model for any table."""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from ketameta.stats import MEASURES, RandomEffects, back_transform, effect_size, random_effects
from ketameta.vocabulary import nearest

_ARGUMENTS = [
    "ai",
    "bi",
    "ci",
    "di",
    "n1i",
    "n2i",
    "m1i",
    "sd1i",
    "m2i",
    "sd2i",
    "x1i",
    "t1i",
    "x2i",
    "t2i",
    "xi",
    "mi",
    "ni",
    "ri",
    "yi",
    "vi",
    "sei",
]


class TableError(ValueError):
    """The file cannot be pooled; the message says why."""


@dataclass(frozen=True)
class _Pooled:
    """What was asked and what came out."""

    measure: str
    options: dict[str, Any]
    names: list[str]
    yi: np.ndarray
    vi: np.ndarray
    fit: RandomEffects


def pool(given: argparse.Namespace) -> int:
    """Read, pool and print; 1 with one sentence where the file or an option does not allow it."""
    options = {name: getattr(given, name) for name in ("tau2", "interval", "prediction", "level")}
    try:
        measure = _measure(given.measure)
        names, arrays = read_studies(given.file)
        effects = effect_size(measure, **arrays)  # type: ignore[arg-type]
        yi, vi = np.atleast_1d(effects.yi), np.atleast_1d(effects.vi)
        pooled = _Pooled(measure, options, names, yi, vi, random_effects(yi, vi, **options))
    except (TableError, ValueError, TypeError) as error:
        print(f"{given.file}: {error}", file=sys.stderr)
        return 1
    if given.json:
        print(json.dumps(_as_json(pooled), indent=2))
    else:
        _print(pooled)
    return 0


def _measure(word: str) -> str:
    known = {name.upper(): name for name in MEASURES}
    if word.upper() in known:
        return known[word.upper()]
    close = nearest(word, list(MEASURES))
    raise TableError(
        f"unknown measure {word}; "
        + (f"did you mean {close[0]}?" if close else f"known: {', '.join(MEASURES)}")
    )


def read_studies(path: Path) -> tuple[list[str], dict[str, np.ndarray]]:
    """Return the names of the studies and the numeric columns that effect sizes know.

    Empty cells are NaN. Raises `TableError` naming line and column of what is not a number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            header = [name.strip() for name in reader.fieldnames or []]
            reader.fieldnames = header
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TableError(str(error)) from None
    columns = [name for name in header if name in _ARGUMENTS]
    if not columns:
        raise TableError(f"no column has a name that effect sizes know: {', '.join(_ARGUMENTS)}")
    arrays = {
        name: np.array([_number(row[name], line, name) for line, row in rows]) for name in columns
    }
    label = next((n for n in ("study", "trial", "label", "name", "author") if n in header), None)
    names = [str(row[label]) if label else f"study {i}" for i, (_, row) in enumerate(rows, start=1)]
    return names, arrays


def _number(cell: str | None, line: int, column: str) -> float:
    text = (cell or "").strip().replace("\u2212", "-")
    if text in ("", "NA"):
        return math.nan
    try:
        return float(text)
    except ValueError:
        raise TableError(f"line {line} column {column}: '{text[:40]}' is not a number") from None


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [_plain(v) for v in value.tolist()]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _as_json(pooled: _Pooled) -> dict[str, Any]:
    """Return the fit with every digit, on the scale of analysis, and the studies."""
    fit = {field.name: _plain(getattr(pooled.fit, field.name)) for field in fields(pooled.fit)}
    weights = fit.pop("weights")
    studies = [
        {"study": name, "yi": _plain(float(y)), "vi": _plain(float(v)), "weight": weight}
        for name, y, v, weight in zip(pooled.names, pooled.yi, pooled.vi, weights, strict=True)
    ]
    return {"measure": pooled.measure, "options": pooled.options, "fit": fit, "studies": studies}


def _print(pooled: _Pooled) -> None:
    from scipy.special import ndtri

    fit, level = pooled.fit, pooled.options["level"]

    def show(value: float) -> str:
        if math.isnan(value):
            return "–"
        if pooled.measure == "PFT":  # its way back needs a sample size, which a pool has not
            return f"{value:.4g}"
        return f"{float(back_transform(pooled.measure, value)):.4g}"

    width = max([5, *(len(name) for name in pooled.names)])
    head = f"{100 * level:g}% CI"
    print(f"{'study':<{width}}  {'effect':>8}  {head:<20} {'weight %':>8}")
    half = float(ndtri(0.5 + level / 2)) * np.sqrt(pooled.vi)
    rows = zip(pooled.names, pooled.yi, half, np.atleast_1d(fit.weights), strict=True)
    for name, y, h, w in rows:
        around = f"{show(y - h)} to {show(y + h)}"
        weight = "–" if math.isnan(w) else f"{w:.1f}"
        print(f"{name:<{width}}  {show(y):>8}  {around:<20} {weight:>8}")
    tau2 = pooled.options["tau2"]
    print(f"\n{pooled.measure}, {fit.k} studies, tau² by {tau2}, {fit.rule} interval")
    around = f"{head} {show(fit.ci_low)} to {show(fit.ci_high)}"
    print(f"pooled      {show(fit.estimate)} ({around}), p = {fit.p:.4g}")
    print(f"prediction  {show(fit.pi_low)} to {show(fit.pi_high)}")
    print(f"tau²        {fit.tau2:.4g} ({fit.tau2_low:.4g} to {fit.tau2_high:.4g})")
    print(f"I²          {fit.i2:.1f}% ({fit.i2_low:.1f} to {fit.i2_high:.1f}%)")
    print(f"Q           {fit.q:.2f}, df = {fit.q_df:g}, p = {fit.q_p:.4g}")
    if not fit.converged:
        print("the search for tau² did not converge")
