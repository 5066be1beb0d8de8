"""Read an Excel workbook with one sheet a table into rows of text, as a CSV file is read.

What a table has no use for (formulas, merged cells, dates) is refused with its place; what is
read all the same, though nobody sees it, is noted. Numbers are read with the 15 digits that Excel
keeps; a cell that shows 50% is the text 50%, not 0.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ketameta.ingest.reader import read_rows
from ketameta.ingest.rows import DelimitedRow, TextTable
from ketameta.ingest.text import UnreadableError, file_content
from ketameta.ingest.xlsx import Book, SheetPart, XlsxCell, cell_position
from ketameta.tables.columns import Column, TableSchema, is_own, widened
from ketameta.tables.problems import ERROR, NOTE, Problem, first_few, shown
from ketameta.tables.raw import OPTIONAL_TABLES, RAW_TABLES
from ketameta.vocabulary import nearest

WORKBOOK = "tables.xlsx"
# sheets of the template that hold no table
APART = ("about", "lists")
# so many refused cells of a sheet have one reason: nobody reads on
MAX_REFUSED = 2_000
_LISTED = 20
_SURE = 3

Fault = tuple[int, int, str, str]


def read_workbook(
    path: Path, more: tuple[Column, ...] = ()
) -> tuple[dict[str, TextTable], list[Problem]]:
    """Return the table of each sheet, and the problems of the workbook as a whole.

    Rows are named by the workbook, the sheet in brackets and the row: ``tables.xlsx[arms]:7``.
    Each table may have the columns of `more` besides its own.
    """
    try:
        return workbook_tables(path.as_posix(), file_content(path), more)
    except UnreadableError as error:
        return {}, [Problem(path.as_posix(), 0, "", "", str(error))]


def workbook_tables(
    file: str, content: bytes, more: tuple[Column, ...] = ()
) -> tuple[dict[str, TextTable], list[Problem]]:
    """Return what `read_workbook` returns, of the bytes of a workbook; ``file`` names it."""
    try:
        return _sheets(file, Book(content), more)
    except UnreadableError as error:
        return {}, [Problem(file, 0, "", "", str(error))]


def read_alone(path: Path, schema: TableSchema) -> TextTable:
    """Return the one table of a workbook: the sheet of its name, else the first that is filled."""
    file = path.as_posix()
    try:
        book = Book(file_content(path))
        sheets = [s for s in book.sheets if s.kind == "worksheet" and s.title not in APART]
        named = [s for s in sheets if s.title == schema.name]
        filled = named or [s for s in sheets if next(book.rows(s), None) is not None]
        if not filled:
            raise UnreadableError(f"has no sheet {schema.name}")
        return _table(f"{file}[{filled[0].title}]", schema, book, filled[0])
    except UnreadableError as error:
        table = TextTable(schema, file)
        table.fault(error.line, "", "", str(error))
        return table


def spare_sheets(path: Path) -> list[str]:
    """Return the titles of sheets that hold something and are none of ours."""
    book, known = Book(file_content(path)), {*RAW_TABLES, *OPTIONAL_TABLES, *APART}
    return [
        sheet.title
        for sheet in book.sheets
        if sheet.title not in known
        and (sheet.kind != "worksheet" or next(book.rows(sheet), None) is not None)
    ]


def _sheets(
    file: str, book: Book, more: tuple[Column, ...]
) -> tuple[dict[str, TextTable], list[Problem]]:
    found = {sheet.title: sheet for sheet in book.sheets if sheet.kind == "worksheet"}
    missing = [name for name in RAW_TABLES if name not in found]
    problems = [
        Problem(file, 0, "", "", f"the sheet {name} is missing", table=name) for name in missing
    ]
    known = {**RAW_TABLES, **OPTIONAL_TABLES}
    for sheet in book.sheets:
        if found.get(sheet.title) is not sheet or sheet.title not in {*known, *APART}:
            message, severity = _spare(book, sheet, missing)
            problems.append(Problem(file, 0, "", "", message, severity))
    tables = {
        name: _table(f"{file}[{name}]", widened(schema, more), book, found[name])
        for name, schema in known.items()
        if name in found
    }
    return tables, problems


def _spare(book: Book, sheet: SheetPart, missing: list[str]) -> tuple[str, str]:
    """Say what becomes of a sheet that is none of the tables, and how grave that is."""
    name = f"the {'hidden ' * sheet.hidden}sheet {shown(sheet.title)}"
    if sheet.kind != "worksheet":
        return f"{name} is no sheet of cells ({sheet.kind or 'of no kind'}) and left out", NOTE
    rows = book.rows(sheet)
    first, second = next(rows, None), next(rows, None)
    if first is None:
        return f"{name} is empty and left out", NOTE
    if is_own(sheet.title):
        return f"{name} is of your own and left out", NOTE
    if close := nearest(sheet.title.strip()[:80], missing, 1):
        return f"{name} is none of the tables; nearest: {close[0]}", ERROR
    header = {cell.text.strip() for cell in first[1]}
    like = [table for table, schema in RAW_TABLES.items() if _heads(header, schema)]
    if like and like[0] in missing:
        return f"{name} has columns of {like[0]}, which is missing: call it so", ERROR
    if second is not None and like:
        away = "give it a name that starts with x_ to have it left out"
        return f"{name} has columns of {like[0]}: move its rows there, or {away}", ERROR
    return f"{name} is none of the tables and left out", NOTE


def _heads(header: set[str], schema: TableSchema) -> bool:
    known = len(header & set(schema.names))
    return known >= _SURE and 2 * known >= len(header)


def _table(file: str, schema: TableSchema, book: Book, sheet: SheetPart) -> TextTable:
    table = TextTable(schema, file)
    faults: list[Fault] = []
    header: list[str] = []
    read_rows(table, _rows(book, sheet, faults, header, schema), "")
    table.whole = table.whole and len(faults) <= MAX_REFUSED
    for place in sheet.merged[:MAX_REFUSED]:
        faults.append(
            (*cell_position(place), "", f"the cells {place} are merged; unmerge and fill each")
        )
    rows = {row.line: row for row in table.rows}
    for line, at, value, message in sorted(faults):
        column = header[at] if at < len(header) else ""
        if is_own(column):
            if line in rows:
                rows[line].odd.append((column, NOTE, "what is no plain cell is kept by its value"))
            continue
        known = column if column in schema.names else ""
        table.fault(line, known, value, message if known else f"column {at + 1} {message}")
        if line in rows and known:
            rows[line].bad.add(known)
    _tell_hidden(table, sheet, header)
    return table


def _tell_hidden(table: TextTable, sheet: SheetPart, header: list[str]) -> None:
    """Note what is read though nobody sees it: a filter or a hidden column leaves nothing out."""
    name = table.schema.name
    if sheet.hidden:
        message = f"the sheet {name} is hidden and is read all the same"
        table.fault(0, "", "", message, NOTE)
    hidden = sorted({line for line in sheet.hidden_rows if line > 1})
    if hidden:
        _tell_many(table, "row", [str(line) for line in hidden])
    columns = [
        column
        for at, column in enumerate(header)
        if column and any(first <= at <= last for first, last in sheet.hidden_columns)
    ]
    if columns:
        _tell_many(table, "column", columns)


def _tell_many(table: TextTable, what: str, names: list[str]) -> None:
    several = len(names) > 1
    message = (
        f"{len(names):,} {what}{'s' * several} of {table.schema.name} {'are' if several else 'is'} "
        f"hidden ({first_few(names, _LISTED)}) and {'are' if several else 'is'} read all the same"
    )
    table.fault(0, "", "", message, NOTE)


def _rows(
    book: Book, sheet: SheetPart, faults: list[Fault], header: list[str], schema: TableSchema
) -> Iterator[DelimitedRow]:
    """Yield the rows as text; ``faults`` takes (row, column, value, message) of refused cells."""
    numbers = {column.name for column in schema.columns if column.kind in ("integer", "number")}
    per_cent = {column.name for column in schema.columns if column.per_cent}
    for line, cells in book.rows(sheet):
        if len(faults) > MAX_REFUSED:
            many = f"after {MAX_REFUSED:,} cells that cannot be taken, the sheet is not read on"
            yield DelimitedRow(line, 1, many, "")
            return
        texts = [""] * max(len(header), *(cell.column + 1 for cell in cells))
        for cell in cells:
            name = header[cell.column] if cell.column < len(header) else ""
            fault = cell_refusal(cell, name in numbers and name not in per_cent)
            if fault:
                faults.append((line, cell.column, cell.formula or cell.text, fault))
            texts[cell.column] = "" if fault and not is_own(name) else cell.text
        while len(texts) > len(header) and not texts[-1]:
            texts.pop()
        if not header:
            if line > 1:
                return  # as in a file, the first row must name the columns
            header.extend(text.strip() for text in texts)
        yield DelimitedRow(line, 1, texts, ",".join(texts)[:20_000])


def cell_refusal(cell: XlsxCell, number: bool) -> str:
    """Say why a cell is not taken, empty where it is; ``number`` is a column not in per cent."""
    if cell.kind == "formula":
        return "holds a formula; paste its value"
    if cell.kind == "date":
        return f"is a date or time ({cell.text}); format the cell as text or number"
    if cell.kind == "percent" and number:
        return (
            f"shows {cell.text}, which the workbook keeps as a hundredth of that; this column is "
            "not in per cent: format the cell as a number and write what is meant"
        )
    return ""
