"""RevMan's data rows as the start of our tables: what a review gives, and no more.

A data row says nothing of treatment, dose, time, scale or population, and not where the review
had its numbers from. Those cells stay empty, and `ketameta check` names the ones that are needed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ketameta.commands.revman import (
    ChoiceError,
    Kind,
    ask_which,
    estimable,
    measured_as,
    nearest_kind,
)
from ketameta.commands.table import TableError
from ketameta.ingest.formats import Cells
from ketameta.ingest.revman import RevmanAnalysis, analyses, read_data_rows
from ketameta.ingest.sheet import Entry
from ketameta.reviews.tables import Arm, Row, Tables, Told, twice
from ketameta.tables.problems import ERROR

_ARMS = {"Experimental": "experimental", "Control": "control"}
_END = "end scores are assumed: move them to change_mean and change_sd where they are changes"
_FROM = {
    ("giv", "GEN"): "GIV Mean and GIV SE",
    ("giv", "RR"): "exp(GIV Mean), a ratio of some kind, and GIV SE of its log",
    ("o-e", "RR"): "exp((O-E)/V), a Peto odds ratio or hazard ratio, and 1/√V of its log",
}


def tables_of_file(
    path: Path, number: str | None, reference: str | None
) -> tuple[Cells, list[str]]:
    """Return the cells of our tables, and what was assumed or left out, in sentences.

    ``number`` takes one analysis alone; ``reference`` is the DOI of the review, for the source.
    Raises `TableError` with every fault of the file, and `ChoiceError`.
    """
    sheet = read_data_rows(path)
    if faults := sorted(p for p in sheet.problems if p.severity == ERROR):
        raise TableError(*((p.line, p.column, p.message) for p in faults))
    found = analyses(sheet)
    if number is not None and number not in found:
        raise ChoiceError(ask_which(found, number))
    taken = [a for key, a in found.items() if number in (None, key)]
    said = [str(problem) for problem in sorted(sheet.problems)]
    tables = Tables(reference or "")
    left: list[str] = []
    for analysis in taken:
        try:
            kind, why = measured_as(analysis.rows)
        except TableError:
            kind = nearest_kind(analysis.rows)[0]
            why = [f"the measure cannot be told from the printed effects; taken as {kind.name}"]
        said.append(f"{analysis.number} {analysis.name}: {'; '.join(why)}")
        rows, more = _told(analysis, kind)
        left += more
        for row in rows:
            tables.add(row)
    said += [
        "two arms a study and comparison, experimental_ and control_ with its number: merge arms "
        "that two comparisons share",
        "seen is secondary: the numbers were read in a review",
    ]
    return tables.cells(), said + left


def _told(analysis: RevmanAnalysis, kind: Kind) -> tuple[list[Told], list[str]]:
    """Return what the rows of an analysis tell, and what of it was left out, in sentences."""
    found, empty = [], []
    for row, good in zip(analysis.rows, estimable(analysis.rows, kind), strict=True):
        if not good and not _has_numbers(row, kind):
            empty.append(row["Study"])
            continue
        about, between = _place(analysis, row), {}
        numbers: dict[str, Row] = {}
        if kind.data in ("counts", "means"):
            numbers = {name: _result(analysis, row, name, kind.data) for name in _ARMS}
            if kind.data == "means":
                about["note"] += f"; {_END}"
        else:
            between = _difference(row, kind)
            about["note"] += f"; from {_FROM[kind.data, kind.shown]}"
        number = row["Analysis group"]
        arms = [
            Arm(f"{key}_{number}", f"{name} arm of comparison {number}", numbers.get(name, {}))
            for name, key in _ARMS.items()
        ]
        found.append(Told(row["Study"], row["Study year"] or "", tuple(arms), about, between))
    said = [f"{analysis.number}: without numbers, left out: {', '.join(empty)}"] * bool(empty)
    return found, said + twice([row["Study"] for row in analysis.rows], analysis.number)


def _place(analysis: RevmanAnalysis, row: Entry) -> Row:
    group = f", subgroup {row['Subgroup']}" if row["Subgroup"] else ""
    notes = [f"RevMan analysis {analysis.number} {analysis.name}{group}"]
    if row["Mean"] is not None:
        ends = (row.entered["CI start"], row.entered["CI end"])
        around = f" ({ends[0]} to {ends[1]})" if all(ends) else ""
        notes.append(f"its effect there {row.entered['Mean']}{around}")
    if row["Footnotes"]:
        notes.append(f"footnote: {row['Footnotes']}")
    place = f"analysis {analysis.number}{group}, row {row['Study']}"
    return {"note": "; ".join(notes), "locator": place}


def _has_numbers(row: Entry, kind: Kind) -> bool:
    """Say whether a row that gives no effect says anything, such as no event in either arm."""
    return kind.data in ("counts", "means") and bool(row["Experimental N"] and row["Control N"])


def _result(analysis: RevmanAnalysis, row: Entry, arm: str, data: str) -> Row:
    if data == "counts":
        own = {"definition": analysis.name, "n": f"{arm} N", "events": f"{arm} cases"}
    else:
        own = {"n": f"{arm} N", "mean": f"{arm} mean", "sd": f"{arm} SD"}
    return {name: row.entered.get(column, column) for name, column in own.items()}


def _difference(row: Entry, kind: Kind) -> Row:
    """Return estimate and standard error; a ratio as the ratio, its error that of the log."""
    log = kind.shown != kind.measure
    if kind.data == "giv":
        estimate = f"{np.exp(row['GIV Mean']):.9g}" if log else row.entered["GIV Mean"]
        return {"estimate": estimate, "se": row.entered["GIV SE"]}
    value, variance = row["O-E"] / row["Variance"], row["Variance"]
    return {"estimate": f"{np.exp(value):.9g}", "se": f"{1 / np.sqrt(variance):.9g}"}
