"""Effects of studies as `pool` and the reader of RevMan's rows need them, and why a study has none.

A study without events says nothing about a ratio (Cochrane Handbook 10.4.4.2) and is left out, as
in RevMan and the pipeline; Peto's method adds nothing to empty cells.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketameta.stats import MEASURES, effect_size

Array = NDArray[np.float64]
Columns = dict[str, Array]
Row = Mapping[str, float]
# measures, when it is so, and what to say of it
Rule = tuple[tuple[str, ...], Callable[[Row], bool], str]


def _taking(*names: str, log: bool = False) -> tuple[str, ...]:
    """Return the measures that take some arguments; of ``log`` those that are ratios alone."""
    return tuple(
        measure
        for measure, row in MEASURES.items()
        if row.arguments >= {*names} and (row.is_log or not log)
    )


_TABLES, _RATIOS = _taking("ai", "n1i"), _taking("ai", "n1i", log=True)
_PAIRS = tuple(m for m in _taking("ai", "bi", "ci", "di") if m not in _TABLES)
_ONE, _RATES = _taking("xi"), _taking("x1i")
_MEANS, _TWICE = _taking("sd1i", "n1i"), _taking("sd1i", "ni")
_VARIATION = ("CVR", "CVRC")
_LOGS = ("ROM", "ROMC", *_VARIATION)
_SPREADS = ("VR", "VRC", *_VARIATION)
_PARTIAL = ("PCOR", "ZPCOR")
_STANDARDISED = tuple(m for m in _TWICE if MEASURES[m].in_sds)
_PETO = ("PETO", "MPPETO")
# those for which drop00 leaves out tables without events, or with events alone
_DROPPING = tuple(m for m in (*_RATIOS, *_RATES) if m not in _PETO)


def _people(row: Row, events: str, others: str, size: str) -> float:
    total = row.get(size, math.nan)
    return row[events] + row[others] if math.isnan(total) and others in row else total


def _arms(row: Row) -> tuple[float, float]:
    return _people(row, "ai", "bi", "n1i"), _people(row, "ci", "di", "n2i")


# numbers that are all there and describe no study: left out before the engine refuses the file
_UNUSABLE: tuple[Rule, ...] = (
    (_TABLES, lambda r: 0 <= min(_arms(r)) < 1, "an arm without people"),
    (_ONE, lambda r: 0 <= _people(r, "xi", "mi", "ni") < 1, "a group without people"),
    (_PAIRS, lambda r: r["ai"] == r["bi"] == r["ci"] == r["di"] == 0, "no pairs"),
    (_RATES, lambda r: 0 in (r["t1i"], r["t2i"]), "an arm without person-time"),
    (_MEANS, lambda r: 0 <= r["n1i"] < 2, "n = {n1i:g} in arm 1: fewer than 2 people have no SD"),
    (_MEANS, lambda r: 0 <= r["n2i"] < 2, "n = {n2i:g} in arm 2: fewer than 2 people have no SD"),
    (_TWICE, lambda r: 0 <= r["ni"] < 2, "n = {ni:g}: fewer than 2 people have no SD"),
    (("ZCOR",), lambda r: 0 <= r["ni"] <= 3, "n = {ni:g} leaves no variance, 1 / (n − 3)"),
    (_PARTIAL, lambda r: 0 <= r["ni"] < r["mi"] + 2, "n = {ni:g} leaves none beside {mi:g} terms"),
    (("COR",), lambda r: 0 <= r["ni"] <= 3, "n = {ni:g}: a variance needs more than 3 pairs"),
    (
        ("GEN",),
        lambda r: 0 in (r.get("vi"), r.get("sei")),
        "a variance of 0; leave the cell empty where none is reported",
    ),
)
_NO_EFFECT: tuple[Rule, ...] = (
    (
        _RATIOS,
        lambda r: r["ai"] == r["ci"] == 0,
        "no event in either arm: a ratio is not estimable",
    ),
    (
        _RATIOS,
        lambda r: _arms(r) == (r["ai"], r["ci"]),
        "an event in everybody in both arms: a ratio is not estimable",
    ),
    (
        _RATES,
        lambda r: r["x1i"] == r["x2i"] == 0,
        "no event in either arm: a ratio is not estimable",
    ),
    (_PAIRS, lambda r: r["bi"] == r["ci"] == 0, "no discordant pair"),
    (_LOGS, lambda r: 0 in (r["m1i"], r["m2i"]), "a mean of 0 has no log ratio"),
    (_LOGS, lambda r: r["m1i"] * r["m2i"] < 0, "means of different sign have no log ratio"),
    (_VARIATION, lambda r: r["m1i"] < 0, "means below 0 have no coefficient of variation"),
    (_SPREADS, lambda r: 0 in (r["sd1i"], r["sd2i"]), "an SD of 0 has no log ratio"),
    (("PCTRED",), lambda r: r["m2i"] == 0, "a baseline mean of 0 has no percentage"),
    (("ZCOR",), lambda r: abs(r["ri"]) == 1, "a correlation of {ri:g} has no z: it is infinite"),
    (("COR",), lambda r: abs(r["ri"]) == 1, "a correlation of {ri:g} has a variance of 0"),
    (
        (*_MEANS, *_TWICE),
        lambda r: not (r["sd1i"] > 0 or r.get("sd2i", 0) > 0),
        "SDs of 0 give no variance; leave a cell empty where no SD is reported",
    ),
    (("SMCR", "SMCRH"), lambda r: r["sd1i"] == 0, "an SD of 0 to divide by"),
    (_STANDARDISED, lambda r: r["ni"] < 3, "n = {ni:g}: too few for the small-sample correction"),
    (_TWICE, lambda r: abs(r["ri"]) == 1, "a correlation of {ri:g} leaves the change no spread"),
    (tuple(MEASURES), lambda r: True, "its numbers give no finite effect with a variance above 0"),
)


@dataclass(frozen=True)
class Effects:
    """Effects and variances, NaN with a reason where a study has none.

    ``corrected`` are the places of studies to whose cells a half was added.
    """

    yi: Array
    vi: Array
    reasons: dict[int, str]
    corrected: list[int]


def effects_of(
    measure: str, columns: Columns, titles: Mapping[str, str], add: float | None = None
) -> Effects:
    """Return the effects of a measure; ``add`` goes to empty cells (default: the measure's own).

    ``titles`` are what the file calls the columns. Raises the engine's ValueError, ``name[index]
    is wrong``, for a number that cannot be.
    """
    add = 0.0 if measure in _PETO else add
    count = len(next(iter(columns.values())))
    rows = [{name: float(x[i]) for name, x in columns.items()} for i in range(count)]
    reasons = {
        i: why
        for i, row in enumerate(rows)
        if (why := _missing(measure, row, titles) or _said(measure, row, _UNUSABLE))
    }
    out = np.array([i in reasons for i in range(count)])
    use: dict[str, Any] = {name: np.where(out & (x >= 0), np.nan, x) for name, x in columns.items()}
    options: dict[str, Any] = {"add": add, "drop00": measure in _DROPPING}
    found = effect_size(measure, **options, **use)
    yi, vi = np.array(found.yi, float), np.array(found.vi, float)
    none = np.isnan(yi) | np.isnan(vi) | (vi == 0) | out
    for i in map(int, np.flatnonzero(none & ~out)):
        reasons[i] = _said(measure, rows[i], _NO_EFFECT)
    yi[none] = vi[none] = np.nan
    corrected: list[int] = []
    if MEASURES[measure].add and add != 0:
        bare = effect_size(measure, **(options | {"add": 0.0}), **use)
        same = np.isclose(bare.yi, yi, rtol=1e-12) & np.isclose(bare.vi, vi, rtol=1e-12)
        corrected = [int(i) for i in np.flatnonzero(~none & ~same)]
    return Effects(yi, vi, reasons, corrected)


def _missing(measure: str, row: Row, titles: Mapping[str, str]) -> str:
    """Say which columns of a measure are empty in a row."""
    groups = MEASURES[measure].required
    lacking = [g for g in groups if all(math.isnan(row.get(name, math.nan)) for name in g)]
    names = [next((name for name in group if name in row), group[0]) for group in lacking]
    said = [titles.get(name, name) for name in names]
    return f"{', '.join(said)} {'is' if len(said) == 1 else 'are'} empty" if said else ""


def _said(measure: str, row: Row, rules: tuple[Rule, ...]) -> str:
    """Return the words of the first rule that holds of a row."""
    return next((w.format(**row) for who, so, w in rules if measure in who and so(row)), "")
