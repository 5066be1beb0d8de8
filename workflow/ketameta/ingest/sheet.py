"""A table of text -> a table of values, every cell against what its column allows."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ketameta.ingest.cells import CellError, Value, parse_cell
from ketameta.ingest.rows import TextRow, TextTable
from ketameta.tables.columns import Column, TableSchema
from ketameta.tables.entered import as_entered, to_maps
from ketameta.tables.parts import Placed
from ketameta.tables.problems import ERROR, NOTE, Problem, also
from ketameta.tables.table import schema_of

if TYPE_CHECKING:
    import pyarrow as pa

# a column with this many bad cells and no good one is one fault: the wrong column, or format
ALL_BAD = 20
# a column with more bad cells than this is not read on: there is no end to a wrong file
MOST_OF_COLUMN = 500

NO_ROWS = "has no row below the header"

P = TypeVar("P", bound=Placed)


@dataclass(slots=True)
class Entry:
    """One row: its values by column, its cells as entered, the names of cells with a fault.

    A cell that is empty, missing or at fault is None, so that no fault is told twice.
    """

    file: str
    line: int
    values: dict[str, Value]
    entered: dict[str, str]
    bad: set[str] = field(default_factory=set)

    def __getitem__(self, name: str) -> Any:
        """Return the value of a cell, None where it has none that can be trusted."""
        return None if name in self.bad else self.values.get(name)


@dataclass
class Sheet:
    """A table as typed, and what is known of the rows and columns that are not in it."""

    schema: TableSchema
    file: str
    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    whole: bool = True

    def fault(
        self, entry: Entry, column: str, message: str, severity: str = ERROR, value: str = ""
    ) -> None:
        """Add a problem of a row; an error makes the cell untrusted for the checks that follow."""
        self.problems.append(
            Problem(
                self.file,
                entry.line,
                column,
                (value or entry.entered.get(column, ""))[:200],
                message,
                severity,
                self.schema.name,
                entry.entered.get("trial_id", "")[:80],
                (entry.entered.get("arm_id") or entry.entered.get("arm_t") or "")[:80],
            )
        )
        if severity == ERROR and column:
            entry.bad.add(column)

    def rows(self, kind: type[P]) -> list[P]:
        """Return the rows without a fault, with their place and their cells as entered."""
        good = (entry for entry in self.entries if not entry.bad)
        return [
            kind(file=e.file, line=e.line, entered=as_entered(e.entered), **e.values) for e in good
        ]

    def arrow(self, kind: type[Placed]) -> pa.Table:
        """Return these rows as an Arrow table, the file named without its folder."""
        import pyarrow as pa

        schema = schema_of(kind).arrow_schema()
        good = [entry for entry in self.entries if not entry.bad]
        columns = {name: [entry.values[name] for entry in good] for name in self.schema.names}
        columns |= {"file": [Path(self.file).name] * len(good), "line": [e.line for e in good]}
        entered = to_maps(as_entered(entry.entered) for entry in good)
        return pa.Table.from_pydict({**columns, "entered": entered}, schema=schema)


def typed(text: TextTable) -> Sheet:
    """Return the table with typed values; every cell that its column does not allow is a fault."""
    sheet = Sheet(
        text.schema,
        text.file,
        [Entry(text.file, row.line, {}, row.cells, {*row.bad}) for row in text.rows],
        list(text.problems),
        text.missing,
        text.broken,
        text.whole,
    )
    for column in text.schema.columns:
        if column.name in text.missing:
            for entry in sheet.entries:
                entry.values[column.name] = None
        else:
            _type_column(sheet, column)
    _tell_odd(sheet, text.rows)
    if not sheet.entries and not any(p.severity == ERROR for p in sheet.problems):
        sheet.problems.append(Problem(sheet.file, 1, "", "", NO_ROWS, NOTE, sheet.schema.name))
    return sheet


def _type_column(sheet: Sheet, column: Column) -> None:
    name = column.name
    known: dict[str, Any] = {}  # cells repeat: each text is parsed once
    faults: list[tuple[Entry, str]] = []
    notes: dict[str, list[Entry]] = {}
    good = 0
    for entry in sheet.entries:
        text = entry.entered[name]
        entry.values[name] = None
        if name in entry.bad or len(faults) > MOST_OF_COLUMN:
            entry.bad.add(name)
            continue
        if text not in known:
            try:
                known[text] = parse_cell(text, column)
            except CellError as error:
                known[text] = error
        result = known[text]
        if isinstance(result, tuple):
            entry.values[name], note = result
            good += result[0] is not None
            if note:
                notes.setdefault(note, []).append(entry)
        else:
            entry.bad.add(name)
            faults.append((entry, str(result)))
    if len(faults) >= ALL_BAD and not good:
        entry, message = faults[0]
        sheet.problems.append(_whole_column(sheet, name, entry, message, len(faults)))
    else:
        _tell(sheet, name, faults)
    for note, entries in notes.items():
        places = [(sheet.file, entry.line) for entry in entries[1:]]
        sheet.fault(entries[0], name, note + also(places, sheet.file), NOTE)


def _tell_odd(sheet: Sheet, rows: list[TextRow]) -> None:
    """Tell each kind of oddity of a column once; the fault of a cell says it all."""
    odd: dict[tuple[str, str, str], list[Entry]] = {}
    for entry, row in zip(sheet.entries, rows, strict=True):
        for name, severity, message in row.odd:
            if name not in entry.bad:
                odd.setdefault((name, severity, message), []).append(entry)
    for (name, severity, message), entries in odd.items():
        places = [(sheet.file, entry.line) for entry in entries[1:]]
        sheet.fault(entries[0], name, message + also(places, sheet.file), severity)


def _tell(sheet: Sheet, name: str, faults: list[tuple[Entry, str]]) -> None:
    for entry, message in faults[:MOST_OF_COLUMN]:
        sheet.fault(entry, name, message)
    for entry, _ in faults[MOST_OF_COLUMN:]:
        message = f"{MOST_OF_COLUMN} cells of this column are at fault; from here on it is not read"
        sheet.fault(entry, name, message)


def _whole_column(sheet: Sheet, name: str, entry: Entry, message: str, count: int) -> Problem:
    return Problem(
        sheet.file,
        1,
        name,
        entry.entered[name][:200],
        f"none of its {count:,} cells is as it should be; is this the right column? "
        f"(line {entry.line}: {message})",
        ERROR,
        sheet.schema.name,
    )
