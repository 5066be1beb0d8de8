"""The data in numbers, as the pages and the table `summary` tell them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ketameta.tables.collection import Tables
from ketameta.tables.effects import CountRow, DataRow, DigestRow, FindingRow, WarningRow
from ketameta.tables.syntheses import ReasonRow, RowUseRow
from ketameta.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class Section:
    """Counts of one kind: a word for them, the caption of their table, what is counted."""

    name: str
    caption: str
    counts: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Overview:
    """What the data hold, what of it is used, and what was noted of the form of its tables.

    `rows` are the numbers of rows by the name of their table.
    """

    data: DataRow
    rows: dict[str, int]
    digests: dict[str, str]
    sections: tuple[Section, ...]
    warnings: Sequence[WarningRow]

    def said(self, severity: str) -> list[WarningRow]:
        """Return the warnings or the notes that nobody lets stand."""
        return [w for w in self.warnings if w.severity == severity and not w.acknowledged]

    @property
    def settled(self) -> list[WarningRow]:
        """The warnings that somebody lets stand."""
        return [w for w in self.warnings if w.acknowledged]


def overview(tables: Tables) -> Overview:
    """Return what the tables hold in numbers."""
    (data,), (use,) = tables[DataRow], tables[RowUseRow]
    populations = vocabulary().words("populations")
    trials = (
        ("trial reports", data.reports),
        ("reports that share no people with a report they are part of", data.apart),
        *([("people randomised in these", data.people)] if data.people is not None else []),
        ("of these, without a number of people randomised", data.unnumbered),
    )
    uses = (
        ("raw rows of outcomes and contrasts", use.rows),
        ("used in at least one analysis", use.used),
        ("used in none", use.rows - use.used),
    )
    rows = tables[CountRow]
    counted = {
        what: [(row.name, row.number) for row in rows if row.what == what]
        for what in ("table", "population", "treatment")
    }
    sections = (
        Section("tables", "Rows in each table", counted["table"]),
        Section("trials", "Trials", trials),
        Section(
            "populations",
            "Populations (reports that share no people)",
            [(populations[name], number) for name, number in counted["population"]],
        ),
        Section("arms", "Arms by treatment", counted["treatment"]),
        Section("use of rows", "Use of the raw rows", uses),
        Section(
            "reasons, row × analysis",
            "Why a row was not used, counted over rows of the outcome in question and analyses",
            [(row.reason, row.number) for row in tables[ReasonRow]],
        ),
    )
    digests = {row.trial_id: row.digest for row in tables[DigestRow]}
    return Overview(data, dict(counted["table"]), digests, sections, tables[WarningRow])


def place(row: WarningRow | FindingRow) -> str:
    """Say where a warning is: file, line, and column if it is about one cell."""
    return f"{row.file}:{row.line} {row.column or ''}".strip()


def told(row: WarningRow | FindingRow) -> str:
    """Return the words of a warning, with the reason for which it may stand."""
    return row.message + (f"; acknowledged: {row.acknowledged}" if row.acknowledged else "")


def summary(found: Overview) -> list[tuple[str, str, str]]:
    """Return all of it as the table `summary`: section, item and value."""
    of_data = [s for s in found.sections if s.name in ("tables", "trials", "populations", "arms")]
    of_use = [s for s in found.sections if s not in of_data]
    lines = [("data", "data hash", found.data.data_hash)]
    lines += [("digest of a trial's cells", *pair) for pair in found.digests.items()]
    lines += _lines(of_data)
    lines += [
        ("acknowledged" if w.acknowledged else w.severity, place(w), told(w))
        for w in found.warnings
    ]
    return lines + _lines(of_use)


def _lines(sections: Sequence[Section]) -> list[tuple[str, str, str]]:
    return [(s.name, item, str(number)) for s in sections for item, number in s.counts]
