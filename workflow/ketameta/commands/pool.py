"""`ketameta pool`: effect sizes and a random-effects model for any table."""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from ketameta.stats import MEASURES, RandomEffects, back_transform, effect_size, random_effects
from ketameta.vocabulary import nearest

_ARGUMENTS = (
    "ai bi ci di n1i n2i m1i sd1i m2i sd2i x1i t1i x2i t2i xi mi ni ri yi vi sei".split()
)
_RATIOS = ("RR", "OR", "IRR", "ROM", "PETO")


class TableError(ValueError):
    """The file cannot be pooled; the message says why."""


def pool(given: argparse.Namespace) -> int:
    """Read, pool and print; 1 with one sentence where the file or an option does not allow it."""
    try:
        measure = _measure(given.measure)
        names, arrays = read_studies(given.file)
        effects = effect_size(measure, **arrays)
        yi, vi = np.atleast_1d(effects.yi), np.atleast_1d(effects.vi)
        fit = random_effects(
            yi, vi, given.tau2, given.interval, given.level, prediction=given.prediction
        )
    except (TableError, ValueError, TypeError) as error:
        print(f"{given.file}: {error}", file=sys.stderr)
        return 1
    if given.json:
        print(json.dumps(as_json(measure, given, names, yi, vi, fit), indent=2))
    else:
        _print(measure, given, names, yi, vi, fit)
    return 0


def _measure(word: str) -> str:
    known = {name.upper(): name for name in MEASURES}
    if word.upper() in known:
        return known[word.upper()]
    close = nearest(word, list(MEASURES))
    raise TableError(f"unknown measure {word}; " + (f"did you mean {close[0]}?" if close else f"known: {', '.join(MEASURES)}"))  # fmt: skip


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
    arrays = {name: np.array([_number(row[name], line, name) for line, row in rows]) for name in columns}
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


def as_json(measure: str, given: argparse.Namespace, names: list[str], yi: np.ndarray, vi: np.ndarray, fit: RandomEffects) -> dict[str, Any]:  # fmt: skip
    """Return the fit with every digit, on the scale of analysis, and the studies."""
    result = {field.name: _plain(getattr(fit, field.name)) for field in fields(fit)}
    weights = result.pop("weights")
    studies = [
        {"study": n, "yi": _plain(float(y)), "vi": _plain(float(v)), "weight": w}
        for n, y, v, w in zip(names, yi, vi, weights, strict=True)
    ]
    options = {name: getattr(given, name) for name in ("tau2", "interval", "prediction", "level")}
    return {"measure": measure, "options": options, "fit": result, "studies": studies}


def _print(measure: str, given: argparse.Namespace, names: list[str], yi: np.ndarray, vi: np.ndarray, fit: RandomEffects) -> None:  # fmt: skip
    ratio = measure in _RATIOS

    def show(value: float) -> str:
        if math.isnan(value):
            return "–"
        return f"{float(np.exp(value)) if ratio else value:.4g}"

    if measure in ("PLO", "PAS", "PR"):

        def show(value: float) -> str:
            return "–" if math.isnan(value) else f"{float(back_transform(measure, value)):.4g}"

    half = 1.959964 * np.sqrt(vi)
    width = max([5, *(len(n) for n in names)])
    weights = np.atleast_1d(fit.weights)
    print(f"{'study':<{width}}  {'effect':>8}  {'95% CI':<20} {'weight %':>8}")
    for n, y, h, w in zip(names, yi, half, weights, strict=True):
        around = f"{show(y - h)} to {show(y + h)}"
        print(f"{n:<{width}}  {show(y):>8}  {around:<20} {'–' if math.isnan(w) else f'{w:.1f}':>8}")
    level = f"{100 * given.level:g}%"
    print(f"\n{measure}, {fit.k} studies, tau² by {given.tau2}, {fit.rule} interval")
    print(f"pooled      {show(fit.estimate)} ({level} CI {show(fit.ci_low)} to {show(fit.ci_high)}), p = {fit.p:.4g}")
    print(f"prediction  {show(fit.pi_low)} to {show(fit.pi_high)}")
    print(f"tau²        {fit.tau2:.4g} ({fit.tau2_low:.4g} to {fit.tau2_high:.4g})")
    print(f"I²          {fit.i2:.1f}% ({fit.i2_low:.1f} to {fit.i2_high:.1f}%)")
    print(f"Q           {fit.q:.2f}, df = {fit.q_df:g}, p = {fit.q_p:.4g}")
    if not fit.converged:
        print("the search for tau² did not converge")
