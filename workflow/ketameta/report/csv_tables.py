"""Every table that a page shows, as rows with column names, and as CSV text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, compress, islice

from ketameta.report.overview import Overview, summary
from ketameta.report.traces import Traces
from ketameta.report.wording_model import model
from ketameta.report_files import TABLES
from ketameta.synthesize.fates import is_told
from ketameta.tables.collection import Tables
from ketameta.tables.effects import DerivationRow, LedgerRow, ResultRow
from ketameta.tables.parts import Fit
from ketameta.tables.raw import OPTIONAL_TABLES, RAW_TABLES, RESULT_TABLES
from ketameta.tables.stages import MADE_KINDS, STAGE_KINDS, STAGE_TABLES
from ketameta.tables.syntheses import StudyRow
from ketameta.tables.table import Row, entered_schema, schema_of

Cell = str | int | float | bool | list[str] | None


@dataclass(frozen=True, slots=True)
class CsvTable:
    """Names of columns, and the cells of each."""

    names: Sequence[str]
    columns: Sequence[Sequence[Cell]]

    @property
    def lines(self) -> list[tuple[Cell, ...]]:
        """Lines with a cell of each column."""
        return list(zip(*self.columns, strict=True))


def _with_lines(names: Sequence[str], lines: Sequence[Sequence[Cell]]) -> CsvTable:
    return CsvTable(names, list(zip(*lines, strict=True)) or [()] * len(names))


def shown_tables(
    tables: Tables, made: Tables, traces: Traces, counted: Overview
) -> Iterator[tuple[str, CsvTable]]:
    """Yield each table of `report_files.TABLES` but the ledger (`fates_of_rows`), by name.

    `made` are those of the report itself.
    """
    kinds = MADE_KINDS | STAGE_KINDS["report"]
    for name in TABLES:
        if name == "ledger":
            continue
        if name == "derivations":
            steps = [step for study in tables[StudyRow] for step in traces.steps(study)]
            yield name, _of(DerivationRow, Tables({DerivationRow: steps}))
        elif name == "raw_rows":
            yield name, _raw_rows(tables[StudyRow], traces)
        elif name == "summary":
            yield name, _with_lines(["section", "item", "value"], summary(counted))
        elif name == "dictionary":
            yield name, _dictionary()
        else:
            kind = kinds[name]
            yield name, _of(kind, made if kind in made.kinds() else tables)


def _of(kind: type[Row], tables: Tables) -> CsvTable:
    """Return one of some tables; of a fit with its model in words."""
    schema = schema_of(kind)
    names = (entered_schema(kind) if schema.name in OPTIONAL_TABLES else schema).names
    if not issubclass(kind, Fit):
        return CsvTable(names, tables.columns(kind, names))
    models = [model(row) for row in tables[kind] if isinstance(row, Fit)]
    return CsvTable([*names, "model"], [*tables.columns(kind, names), models])


def fates_of_rows(tables: Tables) -> CsvTable:
    """Return of the ledger the fates of rows in analyses of their own outcome."""
    ledger = _of(LedgerRow, tables)
    told = [is_told(str(reason)) for reason in ledger.columns[ledger.names.index("reason")]]
    return CsvTable(ledger.names, [list(compress(cells, told)) for cells in ledger.columns])


def _raw_rows(studies: Iterable[StudyRow], traces: Traces) -> CsvTable:
    """Return each raw row used once, with the analyses that use it and its cells as entered."""
    users: dict[tuple[bool, str, int], dict[str, None]] = {}
    found: dict[tuple[bool, str, int], ResultRow] = {}
    for study in studies:
        for row in traces.evidence(study):
            place = row.file != "outcomes.csv", row.file, row.line
            users.setdefault(place, {})[study.analysis] = None
            found[place] = row
    names = dict.fromkeys(c.name for t in ("outcomes", "contrasts") for c in RAW_TABLES[t].columns)
    lines = [
        (place[1], place[2], [*users[place]], *map(found[place].entered.get, names))
        for place in sorted(users)
    ]
    return _with_lines(["file", "line", "analyses", *names], lines)


def _dictionary() -> CsvTable:
    schemas = [("raw", t) for t in RESULT_TABLES.values()]
    schemas += [(stage, t) for stage, found in STAGE_TABLES.items() for t in found.values()]
    lines = [
        (f"{stage}: {table.name}", c.name, c.description, c.unit, c.allowed)
        for stage, table in schemas
        for c in table.columns
    ]
    return _with_lines(["table", "column", "description", "unit", "allowed"], lines)


def to_csv(table: CsvTable) -> bytes:
    """Write a table as CSV: numbers in full, lists with ; between, formulas made harmless."""
    cells = chain([map(_csv_cell, table.names)], zip(*map(_written, table.columns), strict=True))
    lines = map(",".join, cells)
    # of a long table neither all lines nor the whole text have to be there beside the bytes
    blocks = iter(lambda: [*islice(lines, _BLOCK)], [])
    return b"".join(("\n".join(block) + "\n").encode() for block in blocks)


_BLOCK = 10_000  # lines
# a spreadsheet would run a cell that starts like a formula
_RISKY = ("=", "+", "-", "@", "\t", "\r")
# what stands in quotes
_SPECIAL = re.compile('[,"\r\n]')


def _written(cells: Sequence[Cell]) -> Iterable[str]:
    """Return the cells of a column as they stand in a line."""
    kinds = set(map(type, cells)) - {type(None)}
    if kinds in ({str}, {bool}):
        # the same words stand in many cells
        words = {word: _csv_cell(word) for word in set(cells)}
        return map(words.__getitem__, cells)
    if kinds <= {int, float}:
        return ["" if cell is None else str(cell) for cell in cells]
    return map(_csv_cell, cells)


def _csv_cell(value: Cell) -> str:
    text = as_text(value)
    if isinstance(value, int | float):
        return text
    harmless = "'" + text if text.startswith(_RISKY) else text
    if not _SPECIAL.search(harmless):
        return harmless
    quoted = harmless.replace('"', '""')
    return f'"{quoted}"'


def as_text(value: Cell) -> str:
    """Write a cell as text: nothing for None, true and false, lists with ; between."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ";".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
