"""Checks of one row: numbers that contradict each other, their scale or their outcome.

A check yields faults as (column, message, severity). It sees None for a cell that is empty or
already at fault, and stays silent then: one fault gives one message.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from ketameta.ingest.cells import parse_number
from ketameta.ingest.sheet import Entry, Sheet
from ketameta.measures import read_as
from ketameta.tables.problems import ERROR, WARNING, shown
from ketameta.vocabulary import Scale, hint, narrowing, nearest, timed, vocabulary
from ketameta.vocabulary.narrowing import keys, split_name

Fault = tuple[str, str, str]
Check = Callable[[Entry], Iterator[Fault]]

_SCORES = ("baseline_mean", "mean", "median", "q1", "q3", "minimum", "maximum")
_SPREADS = ("baseline_sd", "sd")
_RESULTS = (*_SCORES, *_SPREADS, "change_mean", "change_sd")
_TOOL = re.compile(r"\(RoB [12]\)")


def check_rows(sheet: Sheet) -> None:
    """Add every fault that a row of the table has in itself."""
    for check in _CHECKS.get(sheet.schema.name, ()):
        for entry in sheet.entries:
            for column, message, severity in check(entry):
                sheet.fault(entry, column, message, severity)


def _events(row: Entry) -> Iterator[Fault]:
    if row["events"] is not None and row["n"] is not None and row["events"] > row["n"]:
        yield "events", f"{row['events']} is more than n = {row['n']}", ERROR


def _ordered(*names: str) -> Check:
    """Return a check that the numbers of these columns do not fall."""

    def check(row: Entry) -> Iterator[Fault]:
        given = [name for name in names if row[name] is not None]
        for low, high in pairwise(given):
            if None not in (row[low], row[high]) and row[low] > row[high]:
                message = f"{row.entered[low]} is above {high} = {row.entered[high]}"
                yield low, message, ERROR

    return check


def _beside(row: Entry) -> Iterator[Fault]:
    """Hold what a review is matched by to words that exist, and its hours to both ends."""
    known, word = keys()["drug_route"], row["drug_route"]
    if word is not None and word not in known:
        yield "drug_route", f"{shown(word)} is no treatment by its route{hint(word, known)}", ERROR
    for name, other in (("hour_low", "hour_high"), ("hour_high", "hour_low")):
        if row[name] is not None and row[other] is None and other not in row.bad:
            yield other, f"is empty beside {name} = {row.entered[name]}", ERROR


def _kind(row: Entry) -> Iterator[Fault]:
    """Events are counted and scores measured: a row holds the one or the other."""
    if row["outcome"] is None:
        return
    outcome = vocabulary().outcomes[row["outcome"]]
    for name in ("events", "percent"):
        if outcome.kind == "score" and row[name] is not None:
            yield name, f"{outcome.name} is a score and has no {name}", ERROR
    if outcome.kind == "event":
        for name in _RESULTS:
            if row[name] is not None:
                yield name, f"{outcome.name} is counted in events and has no {name}", ERROR
                return


def _scale(row: Entry) -> Iterator[Fault]:
    """Hold a score against its scale: a mean lies on it, an SD fits into it."""
    if row["outcome"] is None or vocabulary().outcomes[row["outcome"]].kind != "score":
        return
    if row["scale"] is None:
        if "scale" not in row.bad and any(row[name] is not None for name in _RESULTS):
            yield "scale", "is empty: a score without a scale has no direction", WARNING
        return
    scale = vocabulary().scales[row["scale"]]
    if scale.minimum is None or scale.maximum is None:
        return
    where = f"{scale.name}, which runs from {scale.minimum:g} to {scale.maximum:g}"
    for name in _SCORES:
        if row[name] is not None and not scale.holds(row[name]):
            yield name, f"{row.entered[name]} is outside the scale {where}", ERROR
    if row["change_mean"] is not None and abs(row["change_mean"]) > scale.maximum - scale.minimum:
        yield "change_mean", f"{row.entered['change_mean']} is more than the scale {where}", ERROR
    for name in _SPREADS:
        if row[name] is not None and row[name] > _largest_sd(scale, row["n"]):
            yield name, f"{row.entered[name]} is more than an SD can be on {where}", ERROR


def _largest_sd(scale: Scale, n: int | None) -> float:
    """Return the SD of n people of whom half score lowest and half highest (Popoviciu 1935)."""
    if scale.minimum is None or scale.maximum is None:
        return math.inf
    people = n if n and n > 1 else 2
    # a printed SD is rounded: a little more than the bound is no fault
    widened: float = (people / (people - 1)) ** 0.5
    return (scale.maximum - scale.minimum) / 2 * widened * 1.001


def _standard_error(row: Entry) -> Iterator[Fault]:
    for name in ("sd", "change_sd"):
        if None not in (row["se"], row[name]) and row["se"] > row[name]:
            message = f"{row.entered['se']} is above {name} = {row.entered[name]}"
            yield "se", message + "; are they swapped?", ERROR


def _flag(row: Entry) -> Iterator[Fault]:
    """Look for flags that rules do not know: their rows would be pooled in silence."""
    flag, known = row["flag"], vocabulary().flags
    if flag is None or vocabulary().flag_rule(flag):
        return
    starts = [start.rstrip(": ") for start in known]
    words = re.split(r"[:;,.]| - ", flag)[0]
    if close := nearest(words[:40], starts, 1):
        message = f"{shown(flag)} starts with no known flag; nearest: {close[0]}"
        yield "flag", message, ERROR
    else:
        message = f"{shown(flag)} starts with no known flag, so the row is used all the same"
        yield "flag", f"{message}; known: {', '.join(dict.fromkeys(starts))}", WARNING


def _p_value(row: Entry) -> Iterator[Fault]:
    start = re.match(r"[<>=≤≥~ ]*([0-9.]+(e-?[0-9]+)?)", row["p_value"] or "", re.IGNORECASE)
    value = parse_number(start[1]) if start else None
    if value is not None and value > 1:
        yield "p_value", f"{shown(row['p_value'])} is above 1", ERROR


def _measure(row: Entry) -> Iterator[Fault]:
    """Hold estimate and interval against what the measure can be."""
    measure, names = read_as(row["measure"]), ("estimate", "ci_low", "ci_high")
    least, most = measure.bounds if measure else (None, None)
    for name in names:
        value = row[name]
        if value is None:
            continue
        if measure and measure.is_ratio and value <= 0:
            yield name, f"{row.entered[name]} is not above 0, as a ratio must be", ERROR
        elif measure and least is not None and most is not None and not least <= value <= most:
            message = f"{row.entered[name]} is no {measure.words}: from {least:g} to {most:g}"
            yield name, message + "; is this per cent?", ERROR
    estimate, low, high = (row[name] for name in names)
    if None not in (estimate, low, high) and low <= high and not low <= estimate <= high:
        message = f"{row.entered['estimate']} lies outside its interval "
        message += f"{row.entered['ci_low']} to {row.entered['ci_high']}"
        yield "estimate", message, WARNING


def _contrast(row: Entry) -> Iterator[Fault]:
    if row["arm_t"] is not None and row["arm_t"] == row["arm_c"]:
        yield "arm_c", f"{shown(row['arm_c'])} is compared with itself", ERROR
    given = row["ci_low"] is not None or row["ci_high"] is not None
    if given and row["ci_level"] is None and "ci_level" not in row.bad:
        yield "ci_level", "is empty: an interval without a level gives no standard error", WARNING
    scale = row["scale"]
    if row["outcome"] is None or scale is None:
        return
    if vocabulary().outcomes[row["outcome"]].kind == "score" and scale not in vocabulary().scales:
        close = hint(scale, vocabulary().scales)
        yield "scale", f"{shown(scale)} is not a known scale{close}", ERROR


def _totals(row: Entry) -> Iterator[Fault]:
    parts = (row["n_t"], row["n_c"], row["n_total"])
    if None not in parts and parts[0] + parts[1] > parts[2]:
        message = f"{parts[2]} is less than n_t + n_c = {parts[0] + parts[1]}"
        yield "n_total", message, WARNING


def _dose(row: Entry) -> Iterator[Fault]:
    if row["dose"] is None:
        return
    low, _, high = row["dose"].partition("-")
    if high and float(low) > float(high):
        yield "dose", f"{row['dose']} runs from more to less", ERROR
    if row["dose_unit"] is None and "dose_unit" not in row.bad:
        yield "dose_unit", f"is empty; the dose is {row['dose']}", WARNING


def _claim(row: Entry) -> Iterator[Fault]:
    value = row["claimed_value"]
    if row["claimed_unit"] == "percent of people" and value is not None and not 0 <= value <= 100:
        yield "claimed_value", f"{row.entered['claimed_value']} is no per cent of people", ERROR
    if row["claimed_unit"] is None and value is not None and "claimed_unit" not in row.bad:
        said = f"is empty; the number claimed is {row.entered['claimed_value']}"
        yield "claimed_unit", f"{said}: no result is held against it", WARNING


def _tool(row: Entry) -> Iterator[Fault]:
    """Hold domain and judgement against the tool: the vocabulary's labels say whose they are."""
    if row["tool"] is None:
        return
    tool = f"({row['tool'].replace('RoB', 'RoB ')})"
    for name in ("domain", "judgement"):
        if row[name] is not None:
            labels = vocabulary().words(f"rob_{name}s")
            named = _TOOL.search(labels[row[name]])
            if named and named[0] != tool:
                fitting = [w for w, label in labels.items() if _fits(label, tool)]
                message = f"{shown(row[name])} is no {name} of {row['tool']}"
                yield name, f"{message}: {', '.join(fitting)}", ERROR


def _narrowing(row: Entry) -> Iterator[Fault]:
    """Hold what narrows an analysis against the keys and words that there are."""
    for name in (row["analysis"] or "").split(";"):
        if "@" in name and (said := narrowing.fault(split_name(name)[1])):
            yield "analysis", f"{shown(name.strip())}: {said}", ERROR


def _timed(row: Entry) -> Iterator[Fault]:
    """Hold what is asked of time courses against what can be asked."""
    for asked in (row["course"] or "").split(";"):
        if asked.strip() and (said := timed.fault(asked)):
            yield "course", f"{shown(asked.strip())}: {said}", ERROR


def _fits(label: str, tool: str) -> bool:
    named = _TOOL.search(label)
    return named is None or named[0] == tool


_CHECKS: dict[str, tuple[Check, ...]] = {
    "arms": (_dose,),
    "outcomes": (
        _events,
        _ordered("ci95_low", "ci95_high"),
        _ordered("minimum", "q1", "median", "q3", "maximum"),
        _ordered("minimum", "mean", "maximum"),
        _kind,
        _scale,
        _standard_error,
        _flag,
    ),
    "contrasts": (_ordered("ci_low", "ci_high"), _measure, _contrast, _p_value, _flag),
    "published": (
        _ordered("ci_low", "ci_high"),
        _ordered("hour_low", "hour_high"),
        _beside,
        _measure,
        _totals,
        _p_value,
    ),
    "claims": (_claim, _narrowing, _timed),
    "risk_of_bias": (_tool,),
}
