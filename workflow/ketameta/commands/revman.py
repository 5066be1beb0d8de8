"""One analysis of a RevMan export as studies to pool, and what its effects are.

The file of data rows does not say which measure an analysis has: that stands in another file of
the package. But each row carries its effect as the review's forest plot shows it, so the measure
is the one that gives those effects. Older reviews fill columns without data with zeros, which is
why filled columns do not tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketameta.commands.names import RATIOS
from ketameta.commands.studies import Studies
from ketameta.commands.table import Table, TableError
from ketameta.ingest.revman import RevmanAnalysis, analyses, read_data_rows
from ketameta.ingest.sheet import Entry
from ketameta.stats import MEASURES, back_transform, effect_size
from ketameta.tables.problems import ERROR, Problem, escaped, shown
from ketameta.vocabulary import nearest

Array = NDArray[np.float64]

_COUNTS = {
    "ai": "Experimental cases",
    "n1i": "Experimental N",
    "ci": "Control cases",
    "n2i": "Control N",
}
_MEANS = {
    "m1i": "Experimental mean",
    "sd1i": "Experimental SD",
    "n1i": "Experimental N",
    "m2i": "Control mean",
    "sd2i": "Control SD",
    "n2i": "Control N",
}
_GENERIC = {"yi": "GIV Mean", "sei": "GIV SE"}
_TITLES = {
    "counts": _COUNTS,
    "means": _MEANS,
    "giv": _GENERIC,
    "o-e": {"yi": "O-E", "sei": "Variance"},
}
_RATIOS = ("RR", "OR", "PETO")
# the forest plot's numbers have six decimals; g has an approximate small-sample factor there
_RELATIVE, _ABSOLUTE = 1e-3, 5e-6


@dataclass(frozen=True)
class Kind:
    """How an analysis measures: ``measure`` of effect sizes, ``data`` the columns it comes from.

    ``shown`` is the measure whose way back from the scale of analysis the forest plot takes, and
    ``add`` what goes to empty cells (None: the measure's own).
    """

    measure: str
    data: str
    shown: str
    name: str
    add: float | None = None


KINDS = (
    Kind("RR", "counts", "RR", "risk ratio"),
    Kind("OR", "counts", "OR", "odds ratio"),
    Kind("PETO", "counts", "PETO", "Peto odds ratio", add=0.0),
    # a risk difference, and Peto's O-E and V, can be computed with empty cells
    Kind("RD", "counts", "RD", "risk difference", add=0.0),
    Kind("MD", "means", "MD", "mean difference"),
    Kind("SMD", "means", "SMD", "standardised mean difference"),
    Kind("GEN", "giv", "GEN", "estimate and standard error"),
    Kind("GEN", "giv", "RR", "ratio, from the log of the estimate and its standard error"),
    Kind("GEN", "o-e", "RR", "ratio, from O-E and its variance"),
)


@dataclass(frozen=True)
class Chosen:
    """What is pooled: the studies, how they are measured, and what a person must know of it."""

    studies: Studies
    kind: Kind
    title: str
    said: tuple[str, ...]
    table: Table


class ChoiceError(ValueError):
    """Which analysis is meant is not said, or there is none such; the message lists them."""


def choose(
    file: tuple[str, bytes], number: str | None, subgroup: str | None, measure: str | None
) -> tuple[Chosen, list[Problem]]:
    """Return one analysis, or one subgroup of it, and the notes on how the file was read.

    ``file`` is its name, for messages, and its bytes.
    Raises `TableError` with every fault of the file or where the measure cannot be told, and
    `ChoiceError`.
    """
    sheet = read_data_rows(Path(file[0]), file[1])
    faults = sorted(p for p in sheet.problems if p.severity == ERROR)
    if faults:
        raise TableError(*((p.line, p.column, p.message) for p in faults))
    analysis = _analysis(analyses(sheet), number)
    rows, title = analysis.overall(), f"{analysis.number} {analysis.name}".strip()
    if subgroup is not None:
        name = _subgroup(analysis, subgroup)
        rows, title = analysis.subgroup(name), f"{title}: {name}"
    return chosen(rows, title, measure), sheet.problems


def chosen(rows: Sequence[Entry], title: str, measure: str | None) -> Chosen:
    """Return the rows of an analysis as studies. Raises `TableError` as `measured_as`."""
    kind, said = measured_as(rows, measure)
    empty = ~estimable(rows, kind)
    if left := [row["Study"] for row, none in zip(rows, empty, strict=True) if none]:
        said.append(f"not estimable: {', '.join(left)}")
    studies = Studies(
        [escaped(row["Study"]) for row in rows],
        [row.line for row in rows],
        columns_of(rows, kind),
        [],
        shown=_TITLES[kind.data],
    )
    header = [*dict.fromkeys(name for row in rows for name in row.entered)]
    cells = [[row.entered.get(name, "") for name in header] for row in rows]
    told = escaped(title), tuple(escaped(text) for text in said)
    return Chosen(studies, kind, *told, Table(header, studies.lines, cells))


def _analysis(found: dict[str, RevmanAnalysis], number: str | None) -> RevmanAnalysis:
    if number is None and len(found) == 1:
        return next(iter(found.values()))
    if number in found:
        return found[number]
    raise ChoiceError(ask_which(found, number))


def ask_which(found: dict[str, RevmanAnalysis], number: str | None) -> str:
    """Say that one of the analyses must be chosen, and which there are."""
    lines = [f"  {key}  {a.name} ({len(a.rows)} rows){_groups(a)}" for key, a in found.items()]
    what = (
        f"the file holds {len(found)} analyses; say which with --analysis"
        if number is None
        else f"--analysis {shown(number)}: there is none such"
    )
    return "\n".join([what, *map(escaped, lines)])


def _groups(analysis: RevmanAnalysis) -> str:
    names = analysis.subgroups
    return f"; subgroups: {'; '.join(names)}" if names else ""


def _subgroup(analysis: RevmanAnalysis, wanted: str) -> str:
    numbers = {str(row["Subgroup number"]): row["Subgroup"] for row in analysis.rows}
    names = {name.casefold(): name for name in analysis.subgroups}
    if name := names.get(wanted.strip().casefold()) or numbers.get(wanted):
        return str(name)
    close = nearest(wanted[:80], analysis.subgroups, 1)
    hint = f"did you mean {close[0]}?" if close else f"there are: {'; '.join(analysis.subgroups)}"
    if not analysis.subgroups:
        hint = "it has none"
    message = f"--subgroup {wanted[:80]}: analysis {analysis.number} has no such; {hint}"
    raise ChoiceError(escaped(message))


def measured_as(rows: Sequence[Entry], measure: str | None = None) -> tuple[Kind, list[str]]:
    """Return how rows are measured and a sentence on it.

    Without a wish, the kind whose effects are those that every row prints; `TableError` where
    none is. With one, that measure, and how many rows print another effect.
    """
    printed = _column(rows, "Mean")
    kind, off = nearest_kind(rows, KINDS if measure is None else _wished(measure))
    count, wrong = int(np.isfinite(printed).sum()), int((off > 1).sum())
    if measure is None and (wrong or not count):
        raise TableError(_untold(rows, printed, kind, off))
    if not count:
        return kind, ["the file prints no effects to compare with"]
    if not wrong:
        return kind, [f"{kind.name}: gives the {count} effects that the file prints"]
    return kind, [f"{wrong} of the {count} effects that the file prints are not {measure}"]


def nearest_kind(rows: Sequence[Entry], kinds: tuple[Kind, ...] = KINDS) -> tuple[Kind, Array]:
    """Return the kind that gives most of the printed effects, and how far each row is off.

    Where none are printed it is the kind that has numbers in most rows.
    """
    printed = _column(rows, "Mean")
    offs = [(kind, _off(rows, kind, printed)) for kind in kinds]
    return min(
        offs,
        key=lambda pair: (
            int((pair[1] > 1).sum()),
            float(np.max(pair[1], initial=0)),
            -int(estimable(rows, pair[0]).sum()),
        ),
    )


def _wished(measure: str) -> tuple[Kind, ...]:
    """Return the kinds that a measure can be here; `TableError` where its numbers are missing."""
    found = [kind for kind in KINDS if kind.measure == measure]
    if measure in MEASURES and not found:
        required = MEASURES[measure].required
        for data, names in (("counts", _COUNTS), ("means", _MEANS)):
            if all(set(group) & set(names) for group in required):
                found.append(Kind(measure, data, measure, measure))
    if measure in RATIOS:
        # as logs with standard errors, or O-E, where there are no counts (adjusted, HR)
        found += [kind for kind in KINDS if (kind.measure, kind.shown) == ("GEN", "RR")]
    if found:
        return tuple(found)
    wanted = {name for group in MEASURES[measure].required for name in group}
    known = ", ".join(dict.fromkeys(kind.measure for kind in KINDS))
    message = f"data rows have no {', '.join(sorted(wanted))}, which {measure} needs; say {known}"
    raise TableError((0, "", message))


def _untold(rows: Sequence[Entry], printed: Array, kind: Kind, off: Array) -> tuple[int, str, str]:
    say = "say --measure RR, OR, PETO, RD, MD, SMD or GEN"
    if not np.isfinite(printed).any():
        return 0, "", f"no row prints its effect (Mean), so the measure cannot be told; {say}"
    at = int(np.argmax(off))
    found = float(back_transform(kind.shown, effects(rows, kind)[0][at]))
    gives = "none" if np.isnan(found) else f"{found:.6g}"
    message = f"{printed[at]:g} is not the effect of this row: as {kind.name} it is {gives}; {say}"
    return rows[at].line, "Mean", message


def _off(rows: Sequence[Entry], kind: Kind, printed: Array) -> Array:
    """Return how far each printed effect is from a kind's own, in units of the tolerance.

    Older files print 0 for what is not estimable. A kind that estimates no row is as far as can be.
    """
    good = estimable(rows, kind)
    with np.errstate(all="ignore"):
        own = np.asarray(back_transform(kind.shown, effects(rows, kind)[0]), float)
        off = np.abs(own - printed) / (_ABSOLUTE + _RELATIVE * np.abs(printed))
    off = np.where(good & np.isfinite(off), off, np.inf)
    silent = np.isnan(printed) | (~good & (printed == 0))
    return np.where(silent & good.any(), 0.0, off)


def effects(rows: Sequence[Entry], kind: Kind) -> tuple[Array, Array]:
    """Return yi and vi of rows as RevMan computes them; NaN where a row has no effect."""
    columns = columns_of(rows, kind)
    if kind.data in ("counts", "means"):
        correction = "approximate" if kind.measure == "SMD" else "exact"
        arrays: dict[str, Any] = dict(columns)
        found = effect_size(kind.measure, add=kind.add, correction=correction, **arrays)
        return np.atleast_1d(found.yi), np.atleast_1d(found.vi)
    return columns["yi"], columns["sei"] ** 2


def estimable(rows: Sequence[Entry], kind: Kind) -> NDArray[np.bool_]:
    """Say which rows have an effect: not those without people, events, spread or variance.

    A ratio is not estimable where both arms have no event, or events alone, as in RevMan.
    """
    x = columns_of(rows, kind)
    with np.errstate(all="ignore"):
        if kind.data == "counts":
            known = np.isfinite(x["ai"]) & np.isfinite(x["ci"])
            good = known & (x["n1i"] > 0) & (x["n2i"] > 0)
            none = (x["ai"] == 0) & (x["ci"] == 0)
            full = (x["ai"] == x["n1i"]) & (x["ci"] == x["n2i"])
            if kind.measure in _RATIOS:
                good &= ~(none | full)
            found: NDArray[np.bool_] = good
        elif kind.data == "means":
            known = np.isfinite(x["m1i"]) & np.isfinite(x["m2i"]) & (x["sd1i"] + x["sd2i"] > 0)
            found = known & (x["n1i"] > 1) & (x["n2i"] > 1)
        else:
            found = np.isfinite(x["yi"]) & (x["sei"] > 0)
    return found


def columns_of(rows: Sequence[Entry], kind: Kind) -> dict[str, Array]:
    """Return the columns of a kind by the names that effect sizes know."""
    if kind.data in ("counts", "means"):
        names = _COUNTS if kind.data == "counts" else _MEANS
        return {name: _column(rows, column) for name, column in names.items()}
    if kind.data == "giv":
        return {name: _column(rows, column) for name, column in _GENERIC.items()}
    # Peto's one-step estimate: log ratio (O-E)/V with variance 1/V
    with np.errstate(all="ignore"):
        variance = _column(rows, "Variance")
        return {"yi": _column(rows, "O-E") / variance, "sei": 1 / np.sqrt(variance)}


def _column(rows: Sequence[Entry], name: str) -> Array:
    values = [row[name] for row in rows]
    return np.array([np.nan if value is None else value for value in values], float)
