"""Decisions on disagreements and corrections: whole, and fit for the cell that they are about.

- A decision needs a reason and the role that took it.
- Another value stands only beside the decision ``other``, and its column must allow it.
- Both sides stand where a row can be kept out of pools by its flag, and of cells alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ketameta.ingest.cells import CellError, parse_cell
from ketameta.ingest.plain import with_point
from ketameta.ingest.sheet import Entry, Sheet
from ketameta.tables.columns import Column
from ketameta.tables.problems import WARNING, also, shown
from ketameta.tables.raw import RESULT_TABLES
from ketameta.tables.upkeep import EMPTY
from ketameta.vocabulary import hint

Fault = tuple[str, str]


def check_decisions(sheets: Mapping[str, Sheet]) -> None:
    """Add every fault of a decision, and name the lines that are open."""
    sheet = sheets.get("adjudication")
    if sheet is None:
        return
    fault_decisions(sheet)
    left = [e for e in sheet.entries if e["decision"] is None and "decision" not in e.bad]
    if left:
        places = [(sheet.file, entry.line) for entry in left[1:]]
        message = f"is empty: nobody has decided yet{also(places, sheet.file)}"
        sheet.fault(left[0], "decision", message, WARNING)


def fault_decisions(sheet: Sheet) -> None:
    """Add every fault of a decision; lines without one may stand."""
    for entry in sheet.entries:
        for column, message in _faults(entry):
            sheet.fault(entry, column, message)


def plain_value(text: str, column: Column) -> str:
    """Return a cell as it is to stand in a column; raises `CellError` where it cannot.

    ``(empty)`` is an empty cell. A decimal comma is read as a point where it cannot be else.
    """
    text = "" if text == EMPTY else text
    if column.kind in ("number", "integer") or column.pattern:
        text = with_point(text, column) or text
    parse_cell(text, column)
    return text


def unlike_both(table: str, column: str) -> str:
    """Say why both sides of a cell cannot stand beside each other; empty where they can."""
    if "flag" not in RESULT_TABLES[table].names:
        return f"both cannot stand: a row of {table} has no flag to keep it from pools"
    return "both is for what a source says, not for a flag" if column == "flag" else ""


def unknown_table(table: str) -> str:
    """Say that a word is no table that decisions are about, and which comes near."""
    return f"{shown(table)} is no table that results come from{hint(table, RESULT_TABLES, 1)}"


def _faults(entry: Entry) -> Iterator[Fault]:
    table, name, decision = entry["table"], entry["column"], entry["decision"]
    if "decision" in entry.bad or table is None:
        return
    if table not in RESULT_TABLES:
        yield "table", unknown_table(table)
        return
    schema = RESULT_TABLES[table]
    if name is not None and name not in schema.names:
        yield "column", f"{shown(name)} is not a column of {table}{hint(name, schema.names, 1)}"
        return
    for needed in ("reason", "role"):
        if decision is not None and entry[needed] is None:
            yield needed, f"is empty; the decision {decision} needs a {needed}"
    if decision in ("other", "both") and name is None:
        yield "decision", f"{decision} is for a cell; of a whole row decide A or B"
    elif decision == "both" and (said := unlike_both(table, name)):
        yield "decision", said
    elif decision == "other" and entry["value"] is None:
        yield "value", f"is empty; the decision other needs it ({EMPTY} for an empty cell)"
    elif decision == "other" and name is not None:
        try:
            plain_value(entry["value"], schema[name])
        except CellError as error:
            yield "value", f"for {name} {error}"
    if decision != "other" and entry["value"] is not None:
        yield "value", f"{shown(entry['value'])} stands beside another decision than other"
