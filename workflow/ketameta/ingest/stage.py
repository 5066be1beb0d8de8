"""The first stage: read and check every raw table, then write it as Parquet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketameta.ingest.cells import CellError, parse
from ketameta.ingest.reader import TextTable, find_file, read_text
from ketameta.ingest.rules import check_rows
from ketameta.tables.columns import TableSchema
from ketameta.tables.problems import NOTE, Problem
from ketameta.tables.raw import RAW_TABLES
from ketameta.tables.stages import PROBLEMS, with_place

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]


def check_folder(folder: Path) -> tuple[dict[str, list[Row]], list[Problem]]:
    """Read and check every table of a folder.

    Returns the typed rows of each table (with ``file``, ``line`` and ``entered``, the non-empty
    cells as JSON text) and every problem found, in one pass.
    """
    known: dict[str, list[Row]] = {}
    problems: list[Problem] = []
    for name, schema in RAW_TABLES.items():
        path = find_file(folder, name)
        if path is None:
            problems.append(
                Problem(
                    (folder / f"{name}.csv").as_posix(),
                    0,
                    "",
                    "",
                    "the file is missing",
                    table=name,
                )
            )
            continue
        text = read_text(path, schema)
        problems += text.problems
        if text.rows or not any(p.severity == "error" for p in text.problems):
            known[name] = _typed(text, problems)
    tables = {name: _complete(rows, RAW_TABLES[name]) for name, rows in known.items()}
    problems += check_rows(tables, known, RAW_TABLES)
    return tables, sorted(problems, key=lambda p: (p.severity, p.file, p.line, p.column))


def _typed(text: TextTable, problems: list[Problem]) -> list[Row]:
    rows = []
    for text_row in text.rows:
        row: Row = {"file": text.file, "line": text_row.line}
        for column in text.schema.columns:
            cell = text_row.cells.get(column.name, "")
            note = ""
            try:
                row[column.name], note = parse(cell, column)
            except CellError as error:
                row[column.name] = None
                problems.append(
                    _cell_problem(
                        text, text_row.line, column.name, cell, str(error), text_row.cells
                    )
                )
            if note:
                problems.append(
                    _cell_problem(
                        text, text_row.line, column.name, cell, note, text_row.cells, NOTE
                    )
                )
        row["entered"] = json.dumps(
            {name: cell for name, cell in text_row.cells.items() if cell}, ensure_ascii=False
        )
        rows.append(row)
    return rows


def _cell_problem(
    text: TextTable,
    line: int,
    column: str,
    cell: str,
    message: str,
    cells: dict[str, str],
    severity: str = "error",
) -> Problem:
    return Problem(
        text.file,
        line,
        column,
        cell[:200],
        message,
        severity,
        text.schema.name,
        cells.get("trial_id", "")[:80],
        (cells.get("arm_id") or cells.get("arm_t") or "")[:80],
    )


def _complete(rows: list[Row], schema: TableSchema) -> list[Row]:
    """Leave out rows whose required cells are missing: their fault is already on the list."""
    needed = [column.name for column in schema.columns if column.required]
    return [row for row in rows if all(row[name] is not None for name in needed)]


def ingest(folder: Path) -> tuple[dict[str, pa.Table], list[Problem]]:
    """Return each raw table and the table of problems as typed Arrow tables, and the problems.

    Files are named without their folder, so that the output does not depend on where it lies.
    """
    import pyarrow as pa

    rows, problems = check_folder(folder)
    result = {}
    for name, table_rows in rows.items():
        for row in table_rows:
            row["file"] = Path(row["file"]).name
        result[name] = pa.Table.from_pylist(
            table_rows, schema=with_place(RAW_TABLES[name]).arrow_schema()
        )
    found = [{**vars(p), "file": Path(p.file).name} for p in problems]
    result["problems"] = pa.Table.from_pylist(found, schema=PROBLEMS.arrow_schema())
    return result, problems
