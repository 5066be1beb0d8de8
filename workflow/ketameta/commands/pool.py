"""`ketameta pool`: effect sizes and a random-effects model for any table."""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketameta.commands.revman import ChoiceError, choose
from ketameta.commands.studies import Studies, TableError, read_studies
from ketameta.ingest.revman import is_data_rows
from ketameta.stats import MEASURES, RandomEffects, back_transform, effect_size, random_effects
from ketameta.stats.intervals import RULES as INTERVALS
from ketameta.stats.prediction import RULES as PREDICTIONS
from ketameta.stats.tau2 import ESTIMATORS
from ketameta.tables.problems import escaped
from ketameta.vocabulary import nearest

DESCRIPTION = """\
Pool a CSV file with one row a study. Columns carry metafor's names:

  GEN         yi and vi (or sei)              PLO PR PAS PFT   xi ni
  RR OR RD    ai n1i ci n2i (or ai bi ci di)  IRR              x1i t1i x2i t2i
  MD SMD ROM  m1i sd1i n1i m2i sd2i n2i       ZCOR COR         ri ni

A column `study` names the rows. Ratios are pooled as logs and shown as ratios.

FILE may be the data rows of a Cochrane review (…-data-rows.csv of its data package): say which
with --analysis 1.2 (and --subgroup). The measure is then the one that gives the effects printed in
the file, unless --measure says another.
"""
_OPTIONS = {"tau2": tuple(ESTIMATORS), "interval": INTERVALS, "prediction": PREDICTIONS}
_WIDEST = 40
_LARGEST = 1e30


class OptionError(ValueError):
    """An option with a value that it cannot have; the message says what is allowed."""


@dataclass(frozen=True)
class _Pooled:
    """What was asked and what came out; ``title`` names one analysis of several in the file.

    ``shown`` is the measure whose way back to the readable scale the numbers take in print.
    """

    measure: str
    shown: str
    title: str
    options: dict[str, Any]
    names: list[str]
    yi: NDArray[np.float64]
    vi: NDArray[np.float64]
    fit: RandomEffects


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta pool` takes."""
    parser.description = DESCRIPTION
    parser.add_argument("file", type=Path, help="CSV file")
    parser.add_argument("--measure", help="effect measure (default: GEN)")
    parser.add_argument("--analysis", metavar="1.2", help="of RevMan's data rows, the analysis")
    parser.add_argument("--subgroup", metavar="NAME", help="and one of its subgroups")
    parser.add_argument("--tau2", default="REML", help="estimator of tau² (default: REML)")
    parser.add_argument(
        "--interval",
        default="auto",
        help="wald, hksj, hksj-adhoc, profile, henmi-copas or auto (default)",
    )
    parser.add_argument("--prediction", default="k-1", help="k-1 (default), k-2, normal or hksj")
    parser.add_argument(
        "--level", type=float, default=0.95, help="level of intervals (default: 0.95)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON with every digit")


def pool(given: argparse.Namespace) -> int:
    """Read, pool and print; 1 with every fault of the file, 2 with that of an option."""
    try:
        measure, options = _checked(given)
        pooled = _read_and_pool(given, measure, options)
    except (OptionError, ChoiceError) as error:
        for text in f"ketameta pool: {error}".splitlines():
            print(escaped(text), file=sys.stderr)
        return 2
    except TableError as error:
        print(*error.lines(given.file), sep="\n", file=sys.stderr)
        return 1
    if given.json:
        print(json.dumps(_as_json(pooled), indent=2, allow_nan=False))
    else:
        _print(pooled)
    return 0


def _read_and_pool(
    given: argparse.Namespace, measure: str | None, options: dict[str, Any]
) -> _Pooled:
    """Read a table of studies, or one analysis of a RevMan export, and pool it."""
    if not is_data_rows(given.file):
        if given.analysis or given.subgroup:
            raise OptionError("--analysis and --subgroup are for RevMan's data rows alone")
        return _pooled(measure or "GEN", options, read_studies(given.file))
    chosen, problems = choose(given.file, given.analysis, given.subgroup, measure)
    for problem in sorted(problems):
        print(f"{problem.severity}: {problem}", file=sys.stderr)
    for said in chosen.said:
        print(said, file=sys.stderr)
    pooled = _pooled(chosen.kind.measure, options, chosen.studies)
    return replace(pooled, shown=chosen.kind.shown, title=chosen.title)


def _checked(given: argparse.Namespace) -> tuple[str | None, dict[str, Any]]:
    """Return the measure and the options of the engine, words as the engine spells them."""
    options: dict[str, Any] = {
        name: _word(name, getattr(given, name), known) for name, known in _OPTIONS.items()
    }
    level = given.level
    if not 0 < level < 1:
        hint = f"; did you mean {level / 100:g}?" if 1 < level < 100 else ""
        raise OptionError(f"--level is a proportion between 0 and 1; not {level:g}{hint}")
    asked = given.measure and _word("measure", given.measure, tuple(MEASURES))
    return asked, {**options, "level": level}


def _word(option: str, word: str, known: tuple[str, ...]) -> str:
    by_lower = {name.lower(): name for name in known}
    if word.lower() in by_lower:
        return by_lower[word.lower()]
    close = nearest(word[:40], list(known), 1)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
    raise OptionError(f"--{option} {word[:40]} is not known; {hint}")


def _pooled(measure: str, options: dict[str, Any], studies: Studies) -> _Pooled:
    """Compute effects and pool them. Raises `TableError` where a row does not allow it."""
    columns = _columns(measure, studies)
    try:
        effects = effect_size(measure, **columns)  # type: ignore[arg-type]
        yi, vi = np.atleast_1d(effects.yi), np.atleast_1d(effects.vi)
        _refuse_extremes(yi, vi, studies)
        with np.errstate(all="ignore"):
            fit = random_effects(yi, vi, **options)
    except ValueError as error:
        raise TableError(_place(str(error), columns, studies)) from None
    if not fit.k:
        raise TableError((0, "", f"no study has the numbers for an effect: {_needs(measure)}"))
    return _Pooled(measure, measure, "", options, studies.names, yi, vi, fit)


def _refuse_extremes(yi: NDArray[np.float64], vi: NDArray[np.float64], studies: Studies) -> None:
    """Refuse numbers whose squares and ratios leave double precision: they are typing errors."""
    far = (np.abs(yi) > _LARGEST) | (vi > _LARGEST) | ((vi > 0) & (vi < 1 / _LARGEST))
    if far.any():
        raise TableError(
            *(
                (
                    studies.lines[i],
                    "",
                    f"effect {yi[i]:g} with variance {vi[i]:g}: too large or small",
                )
                for i in np.flatnonzero(far)
            )
        )


def _columns(measure: str, studies: Studies) -> dict[str, NDArray[np.float64]]:
    """Return the columns that the measure takes; the file may have others."""
    row = MEASURES[measure]
    taken = (*(name for group in row.required for name in group), *row.optional)
    if missing := _lacks(measure, studies):
        groups = ", ".join(" or ".join(group) for group in missing)
        spare = [name for name in studies.header if name and name not in studies.columns]
        hints = [
            f"is {close[0]!r} meant for {name}?"
            for group in missing
            for name in group
            if (close := nearest(name, spare, 1)) and close[0][:1].lower() == name[0]
        ]
        fitting = [name for name in MEASURES if not _lacks(name, studies)]
        hints = hints[:3] or [f"the file has those of {', '.join(fitting[:8])}"] * bool(fitting)
        message = f"{_needs(measure)}; missing: {groups}"
        raise TableError((1, "", "; ".join([message, *hints])))
    return {name: studies.columns[name] for name in taken if name in studies.columns}


def _lacks(measure: str, studies: Studies) -> list[tuple[str, ...]]:
    """Return the groups of columns of which the file has none."""
    return [group for group in MEASURES[measure].required if not set(group) & set(studies.columns)]


def _needs(measure: str) -> str:
    groups = (" or ".join(group) for group in MEASURES[measure].required)
    return f"{measure} needs the columns {', '.join(groups)}"


def _place(
    message: str, columns: dict[str, NDArray[np.float64]], studies: Studies
) -> tuple[int, str, str]:
    """Turn the engine's ``name[index] is wrong (value)`` into line, column and a sentence."""
    found = re.fullmatch(r"(\w+)\[(\d+)\] (.*?)(?: \(([^()]*)\))?", message)
    if not found:
        return 0, "", message
    name, line = found[1], studies.lines[int(found[2])]
    if name not in columns:
        what = "variance" if name == "vi" else "value"
        return line, "", f"the {what} of the effect {found[3]}"
    what = found[3]
    if (other := re.search(r"than (\w+)$", what)) and other[1] in columns:
        what += f" = {columns[other[1]][int(found[2])]:g}"
    return line, name, f"{found[4]} {what}" if found[4] else what


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
    title = {"analysis": pooled.title} if pooled.title else {}
    head = {**title, "measure": pooled.measure, "options": pooled.options}
    return {**head, "fit": fit, "studies": studies}


def _number(value: float, form: str = ".4g") -> str:
    return "–" if math.isnan(value) else format(value, form)


def _print(pooled: _Pooled) -> None:
    fit, level = pooled.fit, pooled.options["level"]
    head = f"{100 * level:g}% CI"
    if pooled.title:
        print(f"{pooled.title}\n")
    _print_studies(pooled, head)

    def show(value: float) -> str:
        return _shown(pooled.shown, value)

    count = f"{fit.k} {'study' if fit.k == 1 else 'studies'}"
    measure = pooled.measure if pooled.shown == pooled.measure else f"{pooled.measure} as a ratio"
    print(f"\n{measure}, {count}, tau² by {pooled.options['tau2']}, {fit.rule} interval")
    around = f"{head} {show(fit.ci_low)} to {show(fit.ci_high)}"
    print(f"pooled      {show(fit.estimate)} ({around}), p = {_number(fit.p)}")
    print(f"prediction  {show(fit.pi_low)} to {show(fit.pi_high)}")
    low, high = _number(fit.tau2_low), _number(fit.tau2_high)
    print(f"tau²        {_number(fit.tau2)} ({low} to {high})")
    low, high = _number(fit.i2_low, ".1f"), _number(fit.i2_high, ".1f")
    print(f"I²          {_number(fit.i2, '.1f')}% ({low} to {high}%)")
    print(f"Q           {_number(fit.q, '.2f')}, df = {fit.q_df:g}, p = {_number(fit.q_p)}")
    if not fit.converged:
        print("the search for tau² did not converge")


def _print_studies(pooled: _Pooled, head: str) -> None:
    from scipy.special import ndtri

    names = [name if len(name) <= _WIDEST else name[: _WIDEST - 1] + "…" for name in pooled.names]
    width = max(5, *(len(name) for name in names))
    print(f"{'study':<{width}}  {'effect':>8}  {head:<20} {'weight %':>8}")
    half = float(ndtri(0.5 + pooled.options["level"] / 2)) * np.sqrt(pooled.vi)
    weights = np.atleast_1d(pooled.fit.weights)
    for name, y, h, w in zip(names, pooled.yi, half, weights, strict=True):
        low, effect, high = (_shown(pooled.shown, value) for value in (y - h, y, y + h))
        around = f"{low} to {high}" if not math.isnan(y) else "no effect"
        print(f"{name:<{width}}  {effect:>8}  {around:<20} {_number(w, '.1f'):>8}")


def _shown(measure: str, value: float) -> str:
    if math.isnan(value):
        return "–"
    if measure == "PFT":  # its way back needs a sample size, which a pool has not
        return f"{value:.4g}"
    return f"{float(back_transform(measure, value)):.4g}"
