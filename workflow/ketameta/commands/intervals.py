"""Estimates that are published with an interval: OR, RR, HR (or a difference), lower, upper.

The standard error is (upper - lower) / (2 z), ratios on the log scale, with the normal quantile z
of the level of the interval (Cochrane Handbook 6.3.1 and 6.3.2).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketameta.commands.names import (
    DIFFERENCES,
    ESTIMATES,
    LOG_ERRORS,
    RATIOS,
    Value,
    bare_name,
    end_of,
    is_interval,
    is_log,
    level_of,
    value_of,
)
from ketameta.commands.numbers import ABSENT, as_numbers
from ketameta.commands.table import Table, TableError
from ketameta.ingest.cells import parse_number
from ketameta.tables.problems import shown

# how far from the middle an estimate may stand beyond what rounding explains, in half-widths
LEAN = 0.1
_NUMBER = r"[-+\u2212]?[0-9]*[.,]?[0-9]+"
_PAIR = rf"({_NUMBER})\s*(?:to|[-\u2013\u2014;,]|\.\.)\s*({_NUMBER})"
_LEVEL = r"(?:([5-9]\d(?:[.,]\d+)?)\s?%-?\s*)?(?:CI|KI|IC)?\s*[:,=]?\s*"
# estimate or nothing, level or nothing, both ends
_TWO = re.compile(rf"()[(\[]?\s*{_LEVEL}[(\[]?\s*{_PAIR}\s*[)\]]*", re.I)
_THREE = re.compile(rf"({_NUMBER})\s*[(\[,;]?\s*{_LEVEL}[(\[]?\s*{_PAIR}\s*[)\]]*", re.I)
_DEFAULT_LEVEL = 0.95
_LEVELS = ("cilevel", "level", "conflevel", "confidencelevel", "levelci", "levelofci", "cipercent")


@dataclass(frozen=True)
class ReportedInterval:
    """Effects made of estimates and intervals: yi and sei on the scale of analysis.

    ``places`` are the columns used; ``reasons`` say of a study, by its place, why it has no effect.
    """

    measure: str
    columns: dict[str, NDArray[np.float64]]
    places: set[int]
    reasons: dict[int, str]
    notes: list[str]


@dataclass(frozen=True)
class _Cells:
    """Estimates and both ends as text, the columns that they stand in, and the level if stated.

    ``levels`` are those that rows state themselves, NaN where one does not.
    """

    texts: dict[str, list[str]]
    titles: dict[str, str]
    places: set[int]
    level: float | None
    levels: NDArray[np.float64]


def reported(table: Table, measure: str | None, level: float | None) -> ReportedInterval | None:
    """Return the effects of a table of estimates with intervals; None where it is none.

    Raises `TableError` with every row whose numbers cannot be: a ratio of 0 or below, an estimate
    outside its interval, limits the wrong way round.
    """
    found = _estimates(table, measure)
    cells = found and _cells(table, found[0], found[1].measure)
    if found and not cells:
        return _of_logs(table, *found)
    if not found or not cells:
        return None
    values, said = as_numbers(table, cells.texts, cells.titles)
    faults = [*_faults(table, cells, values, found[1].log)]
    if faults:
        raise TableError(*faults)
    # what is asked for goes before a row's own, that before the name of a column
    own = np.where(np.isnan(cells.levels), cells.level or _DEFAULT_LEVEL, cells.levels)
    levels = np.full(len(own), level) if level else own
    return _effects(table, found[1], cells, values, (levels, said))


def _of_logs(table: Table, at: int, value: Value) -> ReportedInterval | None:
    """Return ratios with the standard error of their logarithm; None where there is none."""
    error = next((i for i, name in enumerate(table.header) if bare_name(name) in LOG_ERRORS), None)
    if error is None or not value.log:
        return None
    titles = {"estimate": table.header[at], "sei": table.header[error]}
    values, said = as_numbers(
        table, {"estimate": table.column(at), "sei": table.column(error)}, titles
    )
    bad = [
        (line, titles["estimate"], f"{x:g} is no ratio, which is above 0; logarithms are called yi")
        for line, x in zip(table.lines, values["estimate"], strict=True)
        if x <= 0
    ]
    if bad:
        raise TableError(*bad)
    lacking = {
        i: f"{' or '.join(titles.values())} is empty"
        for i in range(len(table.lines))
        if math.isnan(values["estimate"][i]) or math.isnan(values["sei"][i])
    }
    columns = {"yi": np.log(values["estimate"]), "sei": values["sei"]}
    said.append(f"{titles['estimate']} is pooled as its logarithm, {titles['sei']} as its error")
    return ReportedInterval(value.measure, columns, {at, error}, lacking, said)


def _estimates(table: Table, measure: str | None) -> tuple[int, Value] | None:
    """Return the column of estimates and what it holds; a `TableError` where it is not clear."""
    named = {i: value for i, name in enumerate(table.header) if (value := value_of(name))}
    if measure in (*RATIOS, *DIFFERENCES):
        wished = Value(measure, measure in RATIOS)
        # the arithmetic of all ratios is one: what is asked for goes before the column's name
        logs = {i: wished for i, value in named.items() if value.log and wished.log}
        other = (i for i, name in enumerate(table.header) if bare_name(name) in ESTIMATES)
        named = {i: value for i, value in named.items() if value.measure == measure}
        named = named or dict.fromkeys(other, wished) or logs
    elif measure == "GEN" or not named:
        header = enumerate(table.header)
        effects = (i for i, name in header if bare_name(name) in ("yi", "te") or is_log(name))
        named = {i: Value("GEN", log=False) for i in effects}
    exact = {i: v for i, v in named.items() if bare_name(table.header[i]) == v.measure.lower()}
    if measure is not None and measure not in (*RATIOS, *DIFFERENCES, "GEN"):
        return None
    if len(named) > 1 and len(exact) == 1:
        named = exact
    if len(named) > 1:
        names = " and ".join(shown(table.header[i]) for i in named)
        what = "say which with --measure" if measure is None else "keep one of them"
        raise TableError((table.header_line, "", f"{names} are estimates; {what}"))
    return next(iter(named.items()), None)


def _cells(table: Table, at: int, measure: str) -> _Cells | None:
    """Return the cells of estimates and ends, from three columns, two or one."""
    title = table.header[at]
    low, high = (_end(table, end, measure) for end in ("low", "high"))
    column, levels = _level_column(table)
    if low is not None and high is not None:
        places = {"estimate": at, "low": low, "high": high}
        titles = {name: table.header[i] for name, i in places.items()}
        texts = {name: table.column(i) for name, i in places.items()}
        stated = next((x for name in titles.values() if (x := level_of(name))), None)
        return _Cells(texts, titles, {*places.values(), *column}, stated, levels)
    whole = [i for i, name in enumerate(table.header) if is_interval(name) and not value_of(name)]
    if whole:
        parts, title_of = _taken_apart(table, whole[0], _TWO), table.header[whole[0]]
        texts = {"estimate": table.column(at), "low": parts[2], "high": parts[3]}
        titles = {"estimate": title, "low": title_of, "high": title_of}
        levels = _first_known(parts[1], levels)
        return _Cells(texts, titles, {at, whole[0], *column}, level_of(title_of), levels)
    if is_interval(title) or any(map(_THREE.fullmatch, table.column(at))):
        parts = _taken_apart(table, at, _THREE)
        texts = {"estimate": parts[0], "low": parts[2], "high": parts[3]}
        levels = _first_known(parts[1], levels)
        places_of = {at, *column}
        return _Cells(texts, dict.fromkeys(texts, title), places_of, level_of(title), levels)
    return None


def _level_column(table: Table) -> tuple[set[int], NDArray[np.float64]]:
    """Return the column of levels, if there is one, and the level of each row, NaN where none is.

    0.9, 90 and 90% are one. Raises `TableError` for what is no level.
    """
    levels = np.full(len(table.rows), np.nan)
    at = next((i for i, name in enumerate(table.header) if bare_name(name) in _LEVELS), None)
    if at is None:
        return set(), levels
    faults = []
    for i, cell in enumerate(table.column(at)):
        if cell in ABSENT:
            continue
        value = parse_number(cell.rstrip("% ").replace(",", ".")) or 0.0
        levels[i] = value / 100 if value > 1 else value
        if not 0.5 <= levels[i] < 1:
            message = f"{shown(cell)} is no level of an interval, such as 95"
            faults.append((table.lines[i], table.header[at], message))
    if faults:
        raise TableError(*faults)
    return {at}, levels


def _first_known(cells: list[str], levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the level that stands in a cell beside its interval, else that of its row."""
    own = [float(cell.replace(",", ".")) / 100 if cell else math.nan for cell in cells]
    return np.where(np.isnan(own), levels, own)


def _end(table: Table, end: str, measure: str) -> int | None:
    """Return the column of one end; of several that of the measure."""
    found = [i for i, name in enumerate(table.header) if end_of(name) == end]
    own = [i for i in found if measure.lower() in bare_name(table.header[i])]
    found = own if len(found) > 1 and own else found
    if len(found) > 1:
        names = " and ".join(shown(table.header[i]) for i in found)
        message = f"{names} can each be the {'lower' if end == 'low' else 'upper'} limit; keep one"
        raise TableError((table.header_line, "", message))
    return found[0] if found else None


def _taken_apart(table: Table, at: int, pattern: re.Pattern[str]) -> tuple[list[str], ...]:
    """Return estimates, levels and ends of cells such as ``0.95 to 2.76`` as columns of text."""
    rows, faults = [], []
    for line, cell in zip(table.lines, table.column(at), strict=True):
        found = pattern.fullmatch(cell)
        if not found and cell not in ABSENT:
            example = "0.95 to 2.76" if pattern is _TWO else "1.62 (0.95 to 2.76)"
            faults.append((line, table.header[at], f"{shown(cell)} is not written as {example}"))
        rows.append(found.groups("") if found else [""] * pattern.groups)
    if faults:
        raise TableError(*faults)
    return tuple([row[i] for row in rows] for i in range(pattern.groups))


def _faults(
    table: Table, cells: _Cells, values: dict[str, NDArray[np.float64]], log: bool
) -> Iterator[tuple[int, str, str]]:
    """Yield what cannot be."""
    titles = cells.titles
    for i, line in enumerate(table.lines):
        estimate, low, high = (float(values[name][i]) for name in ("estimate", "low", "high"))
        bad = {"estimate": estimate <= 0, "low": low < 0, "high": high <= 0}
        if log and any(bad.values()):
            name = next(name for name, wrong in bad.items() if wrong)
            message = f"{values[name][i]:g} is no ratio, which is above 0; logarithms are called yi"
            yield line, titles[name], message
        elif low > high:
            message = f"the lower limit {low:g} is above the upper limit {high:g}"
            yield line, titles["low"], message
        elif not _inside(cells.texts, i, (estimate, low, high)):
            message = f"{estimate:g} is outside its interval, {low:g} to {high:g}"
            yield line, titles["estimate"], message


def _inside(texts: dict[str, list[str]], i: int, row: tuple[float, float, float]) -> bool:
    """Say whether an estimate can be inside its interval, each number being rounded."""
    estimate, low, high = row
    around, below, above = (_half(texts[name][i]) for name in ("estimate", "low", "high"))
    return not (estimate + around < low - below or estimate - around > high + above)


def _half(text: str) -> float:
    """Return half a unit of the last digit of a number as it is typed."""
    digits = re.search(r"[.,]([0-9]+)", text)
    return 0.5 * 10.0 ** -(len(digits[1]) if digits else 0)


def _effects(
    table: Table,
    value: Value,
    cells: _Cells,
    values: dict[str, NDArray[np.float64]],
    how: tuple[NDArray[np.float64], list[str]],
) -> ReportedInterval:
    """Return yi and sei, NaN with a reason where there is none, and what must be known of them."""
    from scipy.special import ndtri

    levels, notes = how
    z = ndtri(0.5 + levels / 2)
    reasons: dict[int, str] = {}
    for i in range(len(table.lines)):
        row = {name: values[name][i] for name in ("estimate", "low", "high")}
        if empty := [cells.titles[name] for name, x in row.items() if math.isnan(x)]:
            names = list(dict.fromkeys(empty))
            reasons[i] = f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} empty"
        elif value.log and row["low"] == 0:
            reasons[i] = "a lower limit of 0 has no logarithm; give it with more digits"
        elif row["low"] == row["high"]:
            reasons[i] = "both limits are equal: no standard error"
    out = np.array([i in reasons for i in range(len(table.lines))])
    scale = np.log if value.log else np.asarray
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate, low, high = (
            np.where(out, np.nan, scale(values[x])) for x in ("estimate", "low", "high")
        )
    ends = "ln upper − ln lower" if value.log else "upper − lower"
    used = sorted({*zip(levels[~out].tolist(), z[~out].tolist(), strict=True)})
    of = " and ".join(f"{100 * level:g}%" for level, _ in used)
    by = " or ".join(f"{quantile:.3g}" for _, quantile in used)
    by = f"({by})" if len(used) > 1 else by
    said = f"standard errors from the {of} intervals, ({ends}) / (2 × {by})"
    title = cells.titles["estimate"]
    if (own := value_of(title)) and own.measure != value.measure:
        notes = [f"the column {shown(title)} is taken as {value.measure}, as asked", *notes]
    lean = [*_leaning(table, cells, value, (estimate, low, high))]
    columns = {"yi": estimate, "sei": (high - low) / (2 * z)}
    return ReportedInterval(value.measure, columns, cells.places, reasons, [*notes, said, *lean])


def _leaning(
    table: Table, cells: _Cells, value: Value, row: tuple[NDArray[np.float64], ...]
) -> Iterator[str]:
    """Yield a note on estimates that are off the middle of their interval beyond rounding."""
    estimate, low, high = row
    found = []
    for i, line in enumerate(table.lines):
        if math.isnan(estimate[i]):
            continue
        halves = [_half(cells.texts[name][i]) for name in ("estimate", "low", "high")]
        if value.log:
            ends = zip(halves, np.exp([estimate[i], low[i], high[i]]), strict=True)
            halves = [math.log(x / max(x - half, x / 2)) for half, x in ends]
        off = abs(estimate[i] - (low[i] + high[i]) / 2) - halves[0] - (halves[1] + halves[2]) / 2
        if off > LEAN * (high[i] - low[i]) / 2:
            found.append(line)
    if not found:
        return
    middle = "geometric middle" if value.log else "middle"
    lines = f"line{'s' if len(found) > 1 else ''} {', '.join(map(str, found[:10]))}"
    yield f"the estimate is not in the {middle} of its interval ({lines}); is a number mistyped?"
    if not value.log and 2 * len(found) > len(table.lines) and (low > 0).all():
        yield "if these are ratios, say so with --measure OR, RR or HR"
