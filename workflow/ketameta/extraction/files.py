"""The files of merged tables: those of A with their edits, or a workbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ketameta.extraction.editing import Edits, edited, edited_rows
from ketameta.ingest.formats import LossError, as_files, as_workbook, delimited_text, header_of
from ketameta.ingest.places import EXCEL
from ketameta.ingest.rows import TextTable
from ketameta.ingest.workbook import WORKBOOK, spare_sheets
from ketameta.tables.problems import ERROR, shown
from ketameta.tables.raw import OPTIONAL_TABLES

_NOTHING = Edits()


def merged_files(
    texts: Mapping[str, TextTable],
    edits: Mapping[str, Edits],
    out: Path,
    in_place: bool,
) -> dict[Path, bytes]:
    """Return every file of the merged tables, by its path in a folder or the one workbook ``out``.

    Tables that stand in files of their own keep their bytes but for what changes, if they go to a
    folder. Those of a workbook, and all that go to one, are written anew, every cell as it was
    entered. Raises `LossError` where a cell would not be kept, or in place a sheet of another kind.
    """
    new = {
        name: TextTable(OPTIONAL_TABLES[name], f"{name}.csv", readable=True)
        for name in edits
        if name not in texts
    }
    texts = {**texts, **new}
    sheets = [name for name, text in texts.items() if text.file.endswith("]")]
    if in_place and sheets and (spare := spare_sheets(book := Path(_book(texts[sheets[0]])))):
        listed = ", ".join(map(shown, spare))
        raise LossError(f"{book.as_posix()}: the sheets {listed} would be lost; give another place")
    if out.suffix.lower() == EXCEL:
        _refuse_torn(texts, list(texts))
        return {out: as_workbook(_cells(texts, edits, list(texts)))}
    files: dict[Path, bytes] = {}
    if sheets:
        _refuse_torn(texts, sheets)
        cells = _cells(texts, edits, sheets)
        if in_place:
            files[out / WORKBOOK] = as_workbook(cells)
        else:
            files |= {out / name: content for name, content in as_files(cells).items()}
    for name, text in texts.items():
        if name not in sheets:
            path = Path(text.file)
            content = _empty(text) if name in new else path.read_bytes()
            files[out / path.name] = edited(path, content, text.schema, edits.get(name, _NOTHING))
    return files


def _empty(text: TextTable) -> bytes:
    return delimited_text(header_of(text.schema), (), ".csv").encode()


def _book(text: TextTable) -> str:
    return text.file.rpartition("[")[0]


def _cells(
    texts: Mapping[str, TextTable], edits: Mapping[str, Edits], names: Sequence[str]
) -> dict[str, list[dict[str, str]]]:
    return {name: edited_rows(texts[name], edits.get(name, _NOTHING)) for name in names}


def _refuse_torn(texts: Mapping[str, TextTable], names: Sequence[str]) -> None:
    """Raise `LossError` where tables written anew would lose a row that cannot be taken apart."""
    lost = [
        str(problem)
        for name in names
        for problem in texts[name].problems
        if problem.severity == ERROR and (texts[name].broken or not texts[name].whole)
    ]
    if lost:
        raise LossError("\n".join(lost))
