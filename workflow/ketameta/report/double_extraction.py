"""How the numbers of the tables were read: where they were seen, and which were read twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ketameta.tables.decisions import Decided
from ketameta.tables.effects import ResultRow
from ketameta.tables.syntheses import StudyRow
from ketameta.tables.upkeep import ReadingRow
from ketameta.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class Seen:
    """Rows of a table, or those that are pooled, by the word that says where they were read.

    `trials` holds how many of each a trial has, by its label.
    """

    what: str
    counts: Mapping[str, int]
    trials: Mapping[str, Mapping[str, int]]

    @property
    def rows(self) -> int:
        """How many rows they are together."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Twice:
    """Rows of a table that were extracted a second time, and how far the readings agree.

    Of those the row of which still stands: `alike` are rows without a cell that differs.
    """

    table: str
    rows: int
    read: int
    alike: int
    cells: int
    differed: int


def rows_by_seen(rows: Sequence[ResultRow], studies: Iterable[StudyRow]) -> list[Seen]:
    """Count rows by how they were seen: each table, and those of both that results rest on."""
    used = {place for study in studies for place in study.rows}
    tables: dict[str, list[ResultRow]] = {"outcomes": [], "contrasts": []}
    pooled = []
    for row in rows:
        tables["contrasts" if "arm_t" in row.entered else "outcomes"].append(row)
        if f"{row.file}:{row.line}" in used:
            pooled.append(row)
    named = [(table, own) for table, own in tables.items() if own]
    return [_seen(what, own) for what, own in [*named, ("of these, pooled", pooled)]]


def _seen(what: str, rows: Sequence[ResultRow]) -> Seen:
    counts = Counter(row.seen for row in rows)
    trials: dict[str, Counter[str]] = {}
    for row in sorted(rows, key=lambda row: (row.label or row.trial_id).casefold()):
        trials.setdefault(row.seen, Counter())[row.label or row.trial_id] += 1
    order = [word for word in vocabulary().words("seen") if word in counts]
    return Seen(what, {word: counts[word] for word in order}, {w: trials[w] for w in order})


def rows_read_twice(
    readings: Sequence[ReadingRow],
    cells: Mapping[str, Sequence[Mapping[str, str]]],
    decided: Decided,
) -> list[Twice]:
    """Count the rows read a second time, by table, of those that still stand."""
    found = []
    for table in dict.fromkeys(row.table for row in readings):
        own = cells.get(table, ())
        there = {name for row in own for name in decided.names(table, row)}
        by_row: dict[str, list[ReadingRow]] = {}
        for again in readings:
            if again.table == table and again.row in there:
                by_row.setdefault(again.row, []).append(again)
        told = [row for rows in by_row.values() for row in rows if row.cells]
        alike = [rows for rows in by_row.values() if all(r.differed == 0 for r in rows)]
        total, differed = sum(r.cells or 0 for r in told), sum(r.differed or 0 for r in told)
        found.append(Twice(table, len(own), len(by_row), len(alike), total, differed))
    return found
