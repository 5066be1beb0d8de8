"""RevMan's data rows as the start of our tables: what a review gives, and no more.

A data row says nothing of treatment, dose, time, scale or population, and not where the review
had its numbers from. Those cells stay empty, and `ketameta check` names the ones that are needed.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
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
from ketameta.tables.problems import ERROR
from ketameta.tables.raw import RAW_TABLES

_ARMS = {"Experimental": "experimental", "Control": "control"}
_END = "end scores are assumed: move them to change_mean and change_sd where they are changes"
_FROM = {
    ("giv", "GEN"): "GIV Mean and GIV SE",
    ("giv", "RR"): "exp(GIV Mean), a ratio of some kind, and GIV SE of its log",
    ("o-e", "RR"): "exp((O-E)/V), a Peto odds ratio or hazard ratio, and 1/√V of its log",
}
Row = dict[str, str]


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
    tables = _Tables(reference or "")
    for analysis in taken:
        try:
            kind, why = measured_as(analysis.rows)
        except TableError:
            kind = nearest_kind(analysis.rows)[0]
            why = [f"the measure cannot be told from the printed effects; taken as {kind.name}"]
        said.append(f"{analysis.number} {analysis.name}: {'; '.join(why)}")
        tables.add(analysis, kind)
    said += [
        "two arms a study and comparison, experimental_ and control_ with its number: merge arms "
        "that two comparisons share",
        "seen is secondary: the numbers were read in a review",
    ]
    return tables.cells(), said + tables.said


class _Tables:
    """Our tables as they grow; a study is one trial in all analyses."""

    def __init__(self, reference: str) -> None:
        self.reference = reference
        self.trials: dict[str, Row] = {}
        self.names: dict[str, str] = {}
        self.arms: dict[tuple[str, str], Row] = {}
        self.outcomes: list[Row] = []
        self.contrasts: list[Row] = []
        self.said: list[str] = []

    def cells(self) -> Cells:
        """Return the rows by table, in the order of the keys."""
        found: Cells = {name: [] for name in RAW_TABLES}
        own = sorted(self.trials.values(), key=lambda row: row["trial_id"])
        found["trials"] = own
        found["arms"] = [row for _, row in sorted(self.arms.items())]
        # a row of numbers stands with its trial, else in the order of the file
        found["outcomes"] = sorted(self.outcomes, key=lambda row: row["trial_id"])
        found["contrasts"] = sorted(self.contrasts, key=lambda row: row["trial_id"])
        return found

    def add(self, analysis: RevmanAnalysis, kind: Kind) -> None:
        """Add the rows of an analysis."""
        empty = []
        for row, good in zip(analysis.rows, estimable(analysis.rows, kind), strict=True):
            if not good and not _has_numbers(row, kind):
                empty.append(row["Study"])
                continue
            trial = self._trial(row)
            arms = {name: self._arm(trial, row, name) for name in _ARMS}
            place = self._place(analysis, row)
            if kind.data in ("counts", "means"):
                for name, arm in arms.items():
                    self.outcomes.append(
                        {"trial_id": trial, "arm_id": arm}
                        | _result(analysis, row, name, kind.data)
                        | place
                        | ({} if kind.data == "counts" else {"note": f"{place['note']}; {_END}"})
                    )
            else:
                pair = dict(zip(("arm_t", "arm_c"), arms.values(), strict=True))
                own = _difference(row, kind)
                own["note"] = f"{place['note']}; from {_FROM[kind.data, kind.shown]}"
                self.contrasts.append({"trial_id": trial} | pair | place | own)
        if empty:
            self.said.append(f"{analysis.number}: without numbers, left out: {', '.join(empty)}")
        twice = [name for name, n in Counter(r["Study"] for r in analysis.rows).items() if n > 1]
        if twice:
            self.said.append(
                f"{analysis.number}: more than one row of {', '.join(twice)}: give each its own "
                "arms where they are not the same people"
            )

    def _trial(self, row: Entry) -> str:
        name = row["Study"]
        if name in self.names:
            return self.names[name]
        plain = identifier(name)
        trial, i = plain, 2
        while trial in self.trials:
            trial, i = f"{plain}_{i}", i + 1
        self.names[name] = trial
        year = row["Study year"] or ""
        self.trials[trial] = {"trial_id": trial, "label": name, "year": year}
        return trial

    def _arm(self, trial: str, row: Entry, name: str) -> str:
        number = row["Analysis group"]
        arm = f"{_ARMS[name]}_{number}"
        label = f"{_ARMS[name]} arm of comparison {number}"
        self.arms.setdefault((trial, arm), {"trial_id": trial, "arm_id": arm, "arm_label": label})
        return arm

    def _place(self, analysis: RevmanAnalysis, row: Entry) -> Row:
        group = f", subgroup {row['Subgroup']}" if row["Subgroup"] else ""
        notes = [f"RevMan analysis {analysis.number} {analysis.name}{group}"]
        if row["Mean"] is not None:
            ends = (row.entered["CI start"], row.entered["CI end"])
            around = f" ({ends[0]} to {ends[1]})" if all(ends) else ""
            notes.append(f"its effect there {row.entered['Mean']}{around}")
        if row["Footnotes"]:
            notes.append(f"footnote: {row['Footnotes']}")
        place = f"analysis {analysis.number}{group}, row {row['Study']}"
        note = "; ".join(notes)
        return {"note": note, "seen": "secondary", "source": self.reference, "locator": place}


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


def identifier(name: str) -> str:
    """Return a study's name as an identifier: lower case, ASCII letters and digits alone."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "", plain)[:60] or "study"
