"""Whether rows stand by the rules of ingest when one edit is made to them: the very same checks.

Rows are checked with those of their trial (of its review, its claim), before the edit and after it:
what an edit brings is told, what A had before is not laid on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ketameta.evidence.edits import Edit
from ketameta.evidence.rows import OWNERS
from ketameta.ingest.sheet import Entry, Sheet
from ketameta.ingest.stage import faults_of
from ketameta.normalize.trials import ids
from ketameta.tables.collection import Tables
from ketameta.tables.parts import Placed
from ketameta.tables.problems import ERROR, NOTE
from ketameta.tables.raw import RAW_KINDS, RESULT_TABLES, TrialRow
from ketameta.tables.table import as_dict


@dataclass(frozen=True, slots=True)
class Broken:
    """The first rule of each kind that is broken, in words: run stops at an error."""

    error: str = ""
    warning: str = ""


class Rules:
    """A's rows, to be checked with one edit after the other."""

    def __init__(self, tables: Tables) -> None:
        """Take the rows by what they belong to."""
        self._of: dict[tuple[str, str], list[tuple[str, Placed]]] = {}
        for table in RESULT_TABLES:
            for row in tables.get(RAW_KINDS[table]):
                self._of.setdefault(_owner(row), []).append((table, row))
        self._before: dict[tuple[tuple[str, str], ...], Counter[tuple[str, str, str]]] = {}

    def broken(self, edit: Edit) -> Broken:
        """Return which rules an edit breaks that hold without it."""
        owners = self._with_parts(edit)
        rows = [pair for owner in owners for pair in self._of.get(owner, ())]
        if owners not in self._before:
            self._before[owners] = _told(rows)
        changes = {row_key(c.table, c.old): c for c in edit.changes if c.old is not None}
        after = []
        for table, row in rows:
            change = changes.pop(row_key(table, row), None)
            new = row if change is None else change.new
            after += [(table, new)] if new is not None else []
        # what A has not, or has with a fault
        more = (*changes.values(), *(c for c in edit.changes if c.old is None))
        after += [(c.table, c.new) for c in more if c.new is not None]
        found = _told(after) - self._before[owners]
        errors, warnings = (
            [said for severity, *said in found if (severity == ERROR) == wanted]
            for wanted in (True, False)
        )
        return Broken(_first(errors), _first(warnings))

    def _with_parts(self, edit: Edit) -> tuple[tuple[str, str], ...]:
        """Return whose rows an edit is among; with reports that others are part of."""
        found: dict[tuple[str, str], None] = {}
        rows = [row for c in edit.changes for row in (c.old, c.new) if row is not None]
        todo: list[tuple[Placed | None, tuple[str, str]]] = [(row, _owner(row)) for row in rows]
        while todo:
            given, owner = todo.pop()
            own = () if owner in found else self._of.get(owner, ())
            found[owner] = None
            for row in (given, *(row for _, row in own)):
                parts = ids(row.part_of) if isinstance(row, TrialRow) else ()
                more = (("trial_id", name) for name in parts)
                todo += [(None, other) for other in more if other not in found]
        return tuple(sorted(found))


def row_key(table: str, row: Placed) -> tuple[str, str, int]:
    """Return what tells a row of one side from all others."""
    return table, row.file, row.line


def _owner(row: Placed) -> tuple[str, str]:
    return next(((c, str(name)) for c in OWNERS if (name := getattr(row, c, None))), ("", ""))


def _told(rows: Iterable[tuple[str, Placed]]) -> Counter[tuple[str, str, str]]:
    """Return what is wrong with rows, by severity, column and message, each as often as told."""
    tables: dict[str, list[Placed]] = {}
    for table, row in rows:
        tables.setdefault(table, []).append(row)
    sheets = {name: _sheet(name, tables[name]) for name in RESULT_TABLES if name in tables}
    return Counter(
        (p.severity, p.column, p.message) for p in faults_of(sheets) if p.severity != NOTE
    )


def _sheet(name: str, rows: Iterable[Placed]) -> Sheet:
    """Return typed rows as ingest has them; a cell that is entered without a value is at fault."""
    schema = RESULT_TABLES[name]
    entries = []
    for row in rows:
        entered = dict.fromkeys(schema.names, "") | dict(row.entered)
        bad = {name for name in schema.names if getattr(row, name) is None and entered[name]}
        entries.append(Entry(row.file, row.line, as_dict(row), entered, bad))
    return Sheet(schema, f"{name}.csv", entries)


def _first(said: list[list[str]]) -> str:
    if not said:
        return ""
    column, message = min(said)
    return message if message.startswith(column) else f"{column} {message}"
