"""Where the tables stand: files of a folder, sheets of the one workbook, or a file by itself.

What lies there by a name or in a form that is not read is named, with what it must be instead.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from ketameta.ingest.reader import DELIMITERS, read_text
from ketameta.ingest.rows import TextTable
from ketameta.ingest.text import UnreadableError, decode, file_content
from ketameta.ingest.workbook import WORKBOOK, read_alone, read_workbook
from ketameta.tables.columns import Column, TableSchema, widened
from ketameta.tables.problems import NOTE, Problem, shown
from ketameta.tables.raw import OPTIONAL_TABLES, RAW_TABLES
from ketameta.vocabulary import nearest

EXCEL = ".xlsx"
# spreadsheets that are neither read nor written
OTHER_FORMS = {
    ".xls": "the form of old Excel",
    ".xlsb": "the binary form of Excel",
    ".xlsm": "a workbook with macros",
    ".xlt": "a template of old Excel",
    ".xltx": "a template of Excel",
    ".xltm": "a template of Excel",
    ".ods": "the form of OpenDocument",
    ".fods": "the form of OpenDocument",
    ".ots": "a template of OpenDocument",
    ".numbers": "the form of Apple Numbers",
    ".gsheet": "a link to Google Sheets",
}
# other endings that no folder has
_NO_TABLES = (
    *(".txt", ".json", ".xml", ".html", ".pdf", ".docx", ".md", ".zip", ".gz", ".rm5"),
    *(".parquet", ".feather", ".db", ".sqlite", ".rds", ".rdata", ".dta", ".sav", ".sas7bdat"),
)
_HINTS = 3
# how the names of files start that a program left there, such as Excel's ~$tables.xlsx
_HIDDEN = (".", "~$")

Found = tuple[dict[str, TextTable], list[Problem]]


def read_place(place: Path, more: tuple[Column, ...] = ()) -> Found:
    """Read the tables of a folder, of a workbook, or the one table of a CSV or TSV file.

    A table that is missing is a problem; of a file with one table, the others are not. Each table
    may have the columns of `more` besides its own.
    """
    if other := other_form(place):
        return {}, [Problem(place.as_posix(), 0, "", "", other)]
    if place.is_dir():
        return _read_folder(place, more)
    if place.suffix.lower() == EXCEL:
        return read_workbook(place, more)
    if name := named_table(place.name):
        said = "is checked by itself; what refers to other tables is checked with their folder"
        alone = Problem(place.as_posix(), 0, "", "", said, NOTE, name)
        return {name: read_text(place, widened(RAW_TABLES[name], more))}, [alone]
    return ({}, [_stranger(place)]) if place.is_file() else _read_folder(place, more)


def read_table_file(place: Path, schema: TableSchema) -> TextTable:
    """Read a table that is none of the raw ones from a file by itself: CSV, TSV or a workbook."""
    if why := other_form(place):
        table = TextTable(schema, place.as_posix())
        table.fault(0, "", "", why)
        return table
    return read_alone(place, schema) if place.suffix.lower() == EXCEL else read_text(place, schema)


def _stranger(place: Path) -> Problem:
    """Say what a file is that holds no table of ours."""
    try:
        decode(file_content(place))
    except UnreadableError as error:
        return Problem(place.as_posix(), error.line, "", "", str(error))
    names = ", ".join(f"{name}.csv" for name in RAW_TABLES)
    return Problem(place.as_posix(), 0, "", "", f"is none of the tables by its name: {names}")


def other_form(place: Path) -> str:
    """Say why a spreadsheet of another form is not taken; empty where the name says of none."""
    what = OTHER_FORMS.get(place.suffix.lower())
    return (
        f"is {what}; {EXCEL} (Excel Workbook) is the one that is read and written" if what else ""
    )


def unwritten_form(target: Path) -> str:
    """Say why tables are not written by a name; empty where it is a folder's or a workbook's."""
    ending = target.suffix.lower()
    if ending in OTHER_FORMS:
        return f"{EXCEL} is the one workbook that can be written"
    if ending in (*DELIMITERS, *_NO_TABLES):
        return f"the tables are several files; give a folder, or a FILE{EXCEL}"
    return ""


def same_tables(path: Path) -> list[Path]:
    """Return what is there of a file to be written, or of the same tables in another form."""
    files = [f"{name}{ending}" for name in RAW_TABLES for ending in DELIMITERS]
    others = {path.name}
    if path.name == WORKBOOK:
        others |= set(files)
    elif path.stem in RAW_TABLES:
        others |= {WORKBOOK, *(f"{path.stem}{ending}" for ending in DELIMITERS)}
    return [
        path.with_name(name) for name in sorted(others) if os.path.lexists(path.with_name(name))
    ]


def named_table(file: str) -> str:
    """Return the table that the name of a CSV or TSV file says it is, or nothing."""
    stem, ending = os.path.splitext(file)
    return stem if stem in RAW_TABLES and ending.lower() in DELIMITERS else ""


def unread(folder: Path) -> list[Problem]:
    """Note what looks like tables in a folder whose tables are read from elsewhere in it.

    None where the place is a file.
    """
    read = {WORKBOOK, *(f"{name}{ending}" for name in RAW_TABLES for ending in DELIMITERS)}
    try:
        present = sorted(os.listdir(folder))
    except OSError:
        return []
    source = "files of their own" if any(named_table(file) for file in present) else WORKBOOK
    message = f"is not read: the tables are read from {source}"
    return [
        Problem((folder / file).as_posix(), 0, "", "", message, NOTE)
        for file in present
        if file not in read and _must_be(file)
    ]


def _read_folder(folder: Path, more: tuple[Column, ...]) -> Found:
    book = folder / WORKBOOK
    own = [folder / f"{name}{end}" for name in RAW_TABLES for end in DELIMITERS]
    if os.path.lexists(book) and not any(map(os.path.lexists, own)):
        texts, problems = read_workbook(book, more)
        return {**texts, **_optional(folder)}, problems
    paths, problems = _find(folder)
    if paths and os.path.lexists(book):
        message = (
            "stands beside tables of the same content; keep one of the two: move it away, or take "
            f"it for the tables with ketameta convert {book.as_posix()} {folder.as_posix()} "
            "--replace, which keeps a copy of both"
        )
        # tables without a file are in the workbook
        problems = [problem for problem in problems if os.path.lexists(problem.file)]
        problems.append(Problem(book.as_posix(), 0, "", "", message))
    texts = {name: read_text(path, widened(RAW_TABLES[name], more)) for name, path in paths.items()}
    return {**texts, **_optional(folder)}, problems


def _optional(folder: Path) -> dict[str, TextTable]:
    """Read the tables that a project may do without, from files of their own."""
    places = [
        (folder / f"{name}{ending}", schema)
        for name, schema in OPTIONAL_TABLES.items()
        for ending in DELIMITERS
    ]
    return {schema.name: read_text(path, schema) for path, schema in places if path.is_file()}


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
        hints = [
            f"; there is {shown(file)}: {must}" for file in present if (must := _must_be(file))
        ]
        message = f"holds none of the tables {names}, and no {WORKBOOK}{''.join(hints[:_HINTS])}"
        return {}, [Problem(folder.as_posix(), 0, "", "", message)]
    return paths, problems


def _missing(folder: Path, name: str, present: list[str]) -> Problem:
    known = {WORKBOOK, *(f"{table}{ending}" for table in RAW_TABLES for ending in DELIMITERS)}
    others = [file for file in present if file not in known and not file.startswith(_HIDDEN)]
    named = [file for file in others if _named_in(file) == name]
    hint = ""
    if close := named or nearest(f"{name}.csv", others, 1):
        saved = "saved as CSV UTF-8, as" if _is_spreadsheet(close[0]) else "called"
        hint = f"; there is {shown(close[0])}: if that is it, it must be {saved} {name}.csv"
    path = (folder / f"{name}.csv").as_posix()
    return Problem(path, 0, "", "", f"the file is missing{hint}", table=name)


def _must_be(file: str) -> str:
    """Say what a file would have to be called or saved as to be read; empty for any other file."""
    if file.startswith(_HIDDEN):
        return ""
    if file.lower().endswith(EXCEL):
        return f"it must be called {WORKBOOK}"
    if _is_spreadsheet(file):
        return f"it must be saved as Excel Workbook, as {WORKBOOK}"
    table = _named_in(file)
    return f"it must be called {table}.csv" if table else ""


def _is_spreadsheet(file: str) -> bool:
    return file.lower().endswith((EXCEL, *OTHER_FORMS))


def _named_in(file: str) -> str:
    """Return the table that is named in a file's name, as in "Extraction - outcomes.csv"."""
    for name in RAW_TABLES:
        words = name.replace("_", "[ _-]")
        if re.search(rf"(?<![a-z]){words}(?![a-z_]).*\.(csv|tsv|txt)", file.lower()):
            return name
    return ""
