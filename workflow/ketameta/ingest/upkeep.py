"""Tables about the extraction held against the others: decisions that fit nothing, odd audits.

- A decision whose cell holds another value since, or whose row is there no more, is a warning: the
  record tells of something that is not so.
- An audit with more rows unreached, wrong and to mend than it has is an error.
- So is a second reading of no table of ours, or one with more cells that differ than it has.
"""

from __future__ import annotations

from collections.abc import Mapping

from ketameta.ingest.decisions import unknown_table
from ketameta.ingest.sheet import Sheet
from ketameta.tables.decisions import Decided, decision
from ketameta.tables.problems import WARNING, shown
from ketameta.tables.raw import RESULT_TABLES


def check_upkeep(sheets: Mapping[str, Sheet]) -> None:
    """Add what is odd of the tables about the extraction."""
    if "audits" in sheets:
        _audits(sheets["audits"])
    if "readings" in sheets:
        _readings(sheets["readings"])
    if "adjudication" in sheets:
        _decisions(sheets["adjudication"], sheets)


def _audits(sheet: Sheet) -> None:
    for entry in sheet.entries:
        parts = [entry[name] or 0 for name in ("unreached", "wrong", "detail")]
        if entry["rows"] is not None and sum(parts) > entry["rows"]:
            told = f"unreached, wrong and detail are {sum(parts)} together"
            sheet.fault(entry, "rows", f"{told}, more than the rows of the sample")


def _readings(sheet: Sheet) -> None:
    for entry in sheet.entries:
        table, cells, differed = (entry[name] for name in ("table", "cells", "differed"))
        if table is not None and table not in RESULT_TABLES:
            sheet.fault(entry, "table", unknown_table(table))
        if cells is not None and differed is not None and differed > cells:
            sheet.fault(entry, "differed", f"{differed} is more than the {cells} cells of both")


def _decisions(sheet: Sheet, sheets: Mapping[str, Sheet]) -> None:
    """Warn of decisions that fit no cell and no row any more."""
    entries = {decision(entry.values): entry for entry in sheet.entries}
    tables = {
        name: [entry.entered for entry in sheets[name].entries]
        for name in RESULT_TABLES
        if name in sheets and sheets[name].whole
    }
    for one in Decided(list(entries)).idle(tables):
        if entries[one].bad:
            continue
        what = shown(one.stands) if one.stands else "an empty cell"
        message = (
            f"decided was {what}, and no {one.column} of {one.row} in {one.table} holds that now"
            if one.column
            else f"decided was that {one.row} {'stands' if one.stands else 'goes'} in {one.table}, "
            f"and it {'is not there' if one.stands else 'is there'}"
        )
        sheet.fault(entries[one], "row", f"{message}: look again", WARNING)
