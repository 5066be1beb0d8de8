"""The first stage: read and check every raw table, then write it as Parquet."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ketameta.ingest.agreement import check_agreement
from ketameta.ingest.contradictions import check_contradictions
from ketameta.ingest.reader import DELIMITERS, TextTable, read_text
from ketameta.ingest.references import check_between_rows
from ketameta.ingest.rules import check_rows
from ketameta.ingest.sheet import Row, Sheet, typed
from ketameta.ingest.workbook import WORKBOOK, read_workbook
from ketameta.tables.problems import Problem, shown
from ketameta.tables.raw import RAW_TABLES
from ketameta.tables.stages import PROBLEMS, with_place
from ketameta.vocabulary import nearest

if TYPE_CHECKING:
    import pyarrow as pa

MOST_OF_FILE = 2_000


def check_folder(folder: Path) -> tuple[dict[str, list[Row]], list[Problem]]:
    """Read and check every table of a folder.

    Returns the rows without a fault of each table (with ``file``, ``line`` and ``entered``, the
    non-empty cells as JSON text) and every problem found, in one pass: errors first, each kind
    in the order of files and lines.
    """
    texts, problems = read_folder(folder)
    sheets: dict[str, Sheet] = {}
    for name, text in texts.items():
        if text.readable:
            sheets[name] = typed(text)
            check_rows(sheets[name])
        else:
            problems += text.problems
    check_between_rows(sheets)
    check_agreement(sheets)
    check_contradictions(sheets)
    for sheet in sheets.values():
        problems += _first(sheet.problems)
    tables = {name: sheet.rows() for name, sheet in sheets.items()}
    return tables, sorted(problems, key=lambda p: (p.severity, p.file, p.line, p.column))


def _first(problems: list[Problem]) -> list[Problem]:
    """Return the problems of a file, cut where a person would stop to read; errors come first."""
    ordered = sorted(problems, key=lambda p: (p.severity, p.line, p.column))
    if len(ordered) <= MOST_OF_FILE:
        return ordered
    rest = ordered[MOST_OF_FILE]
    message = f"{len(ordered) - MOST_OF_FILE:,} problems more in this file are not listed"
    return [
        *ordered[:MOST_OF_FILE],
        Problem(rest.file, rest.line, "", "", message, rest.severity, rest.table),
    ]


def read_folder(folder: Path) -> tuple[dict[str, TextTable], list[Problem]]:
    """Read the tables from files of their own, or from the sheets of the one workbook."""
    book = folder / WORKBOOK
    own = [folder / f"{name}{end}" for name in RAW_TABLES for end in DELIMITERS]
    if os.path.lexists(book) and not any(map(os.path.lexists, own)):
        return read_workbook(book)
    paths, problems = _find(folder)
    if paths and os.path.lexists(book):
        message = "stands beside tables of the same content; keep one of the two"
        problems.append(Problem(book.as_posix(), 0, "", "", message))
    return {name: read_text(path, RAW_TABLES[name]) for name, path in paths.items()}, problems


def _find(folder: Path) -> tuple[dict[str, Path], list[Problem]]:
    """Return the file of each table, and a problem for each table without one."""
    try:
        present = sorted(os.listdir(folder))
    except OSError as error:
        return {}, [Problem(folder.as_posix(), 0, "", "", f"{error.strerror or error}")]
    paths: dict[str, Path] = {}
    problems = []
    for name in RAW_TABLES:
        files = [f"{name}{ending}" for ending in DELIMITERS if f"{name}{ending}" in present]
        if files:
            paths[name] = folder / files[0]
        else:
            problems.append(_missing(folder, name, present))
        for other in files[1:]:
            message = f"stands beside {files[0]}, which is read; keep one of the two"
            problems.append(Problem((folder / other).as_posix(), 0, "", "", message, table=name))
    if not paths:
        names = ", ".join(f"{name}.csv" for name in RAW_TABLES)
        message = f"holds none of the tables {names}"
        return {}, [Problem(folder.as_posix(), 0, "", "", message)]
    return paths, problems


def _missing(folder: Path, name: str, present: Iterable[str]) -> Problem:
    known = {f"{table}{ending}" for table in RAW_TABLES for ending in DELIMITERS}
    close = nearest(f"{name}.csv", [file for file in present if file not in known], 1)
    hint = f"; there is {shown(close[0])}" if close else ""
    path = (folder / f"{name}.csv").as_posix()
    return Problem(path, 0, "", "", f"the file is missing{hint}", table=name)


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
