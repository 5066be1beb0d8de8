"""A file of corrections: cells to mend, each only where what it says to stand there does.

A line names a row by the place where it stands, in the tables as they are or as they were in an
earlier version. An empty cell stands on most rows, so an old cell that is empty proves little:
lines of an earlier version are followed to the rows of today, and where other lines of the file do
not fit the table, those with an empty old cell are not believed either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ketameta.evidence.rows import same_rows
from ketameta.extraction.records import id_of
from ketameta.ingest.cells import CellError, parse_number
from ketameta.ingest.decisions import plain_value
from ketameta.ingest.places import read_table_file
from ketameta.ingest.rows import TextRow, TextTable
from ketameta.ingest.sheet import Entry, typed
from ketameta.tables.columns import Column, Range
from ketameta.tables.entered import Entered, as_entered
from ketameta.tables.identity import decision_name
from ketameta.tables.parts import DAY
from ketameta.tables.problems import ERROR, Problem, shown
from ketameta.tables.raw import RESULT_TABLES
from ketameta.tables.table import Row, col, schema_of, table
from ketameta.tables.upkeep import EMPTY
from ketameta.vocabulary import hint

Texts = Mapping[str, TextTable]


@table("corrections", "Corrections")
class CorrectionRow(Row):
    """One cell to mend."""

    file: str = col("file that the row stands in, such as outcomes.csv")
    line: int = col("line on which the row starts", Range(minimum=2))
    column: str = col("column of the cell")
    old: str | None = col("what stands there; empty for an empty cell")
    new: str | None = col("what is to stand there; empty for an empty cell")
    why: str = col("why")
    source: str | None = col("DOI, PMID, PMC or registry number of what was looked up")
    locator: str | None = col("page, table or figure in the source")
    trial_id: str | None = col("trial that the row must be of", optional=True)
    arm_id: str | None = col("arm, or treated arm, that it must be of", optional=True)
    role: str | None = col("name of the role that corrects", optional=True)
    date: str | None = col("when", form=DAY, optional=True)


CORRECTIONS = schema_of(CorrectionRow)
DONE, OFF = "done", "off"
_GUARDS = {"trial_id": ("trial_id",), "arm_id": ("arm_id", "arm_t")}


@dataclass(frozen=True, slots=True)
class Correction:
    """One cell to mend as its file has it; ``place`` is file and line of the correction."""

    place: str
    table: str
    line: int
    column: str
    old: str
    new: str
    cells: Mapping[str, str]

    @property
    def target(self) -> str:
        """Where the cell stands, as the correction says."""
        return f"{self.cells['file']}:{self.line} {self.column}"


@dataclass(frozen=True, slots=True)
class Located:
    """A correction, the line of its row in the tables of today, and what names the row."""

    correction: Correction
    line: int
    row: str
    trial_id: str

    @property
    def id(self) -> str:
        """The name under which it is recorded: another than that of a decision on the cell."""
        one = self.correction
        return id_of(one.table, self.row, one.column, one.old, one.new, one.cells["why"])


@dataclass(frozen=True, slots=True)
class Left:
    """A correction that is not applied, why, and what that is a case of.

    ``DONE``: the cell says so already. ``OFF``: another row stands on that line, so it seems.
    """

    correction: Correction
    said: str
    case: str = ""


def read_corrections(path: Path) -> tuple[list[Correction], list[Problem]]:
    """Return the corrections of a file, CSV, TSV or a workbook, and every fault of it: errors.

    What their column does not allow is a fault, and so is a cell that is mended twice.
    """
    text = read_table_file(path, CORRECTIONS)
    if not text.readable:
        return [], text.problems
    sheet = typed(text)
    found = [_correction(entry, text.file, sheet.fault) for entry in sheet.entries]
    problems = [problem for problem in sheet.problems if problem.severity == ERROR]
    whole = [one for one in found if one is not None]
    return whole, [*problems, *_twice(whole)]


def _correction(entry: Entry, file: str, fault: Any) -> Correction | None:
    """Return the correction of a row; None where it has a fault that says of no cell."""
    if entry.bad or entry["file"] is None or entry["line"] is None or entry["column"] is None:
        return None
    cells = {name: cell for name, cell in entry.entered.items() if cell}
    table, name = _table_of(entry["file"]), entry["column"]
    old, new = (entry.entered.get(word, "") for word in ("old", "new"))
    if table in RESULT_TABLES and name in RESULT_TABLES[table].names:
        column = RESULT_TABLES[table][name]
        try:
            new = plain_value(new, column)
        except CellError as error:
            fault(entry, "new", f"for {name} {error}")
            return None
        try:
            old = plain_value(old, column)
        except CellError:
            old = "" if old == EMPTY else old  # what is mended may be what is not allowed
    return Correction(f"{file}:{entry.line}", table, entry["line"], name, old, new, cells)


def _table_of(file: str) -> str:
    """Return the table that a file, a sheet (``tables.xlsx[arms]``) or a bare name stands for."""
    name = file.strip().replace("\\", "/").rpartition("/")[2]
    if name.endswith("]") and "[" in name:
        return name[name.index("[") + 1 : -1]
    return name.rpartition(".")[0] or name


def _twice(found: Sequence[Correction]) -> list[Problem]:
    """Name the corrections that say otherwise than an earlier one of the same cell."""
    first: dict[tuple[str, int, str], Correction] = {}
    problems = []
    for one in found:
        known = first.setdefault((one.table, one.line, one.column), one)
        if (known.old, known.new) != (one.old, one.new):
            file, _, line = one.place.rpartition(":")
            message = (
                f"{one.target} is corrected twice: to {shown(one.new)} here, "
                f"to {shown(known.new)} at {known.place}"
            )
            problems.append(Problem(file, int(line), "new", one.new[:200], message))
    return problems


def located(
    found: Sequence[Correction], texts: Texts, then: Texts | None = None, version: str = ""
) -> tuple[list[Located], list[Left]]:
    """Find the rows that corrections are of: those to apply, and the rest with the reason.

    ``texts`` are the tables of today; ``then`` those that the lines are of, of the ``version``,
    where they are of an earlier one.
    """
    placed: list[Located] = []
    left: list[Left] = []
    followed = {} if then is None else _followed({one.table for one in found}, then, texts)
    for one in found:
        row = _row(one, texts if then is None else then, version)
        if isinstance(row, TextRow) and then is not None:
            row = _today(one, row, followed, texts, version)
        if isinstance(row, Left):
            left.append(row)
            continue
        stands = row.cells.get(one.column, "")
        if _stands_as(stands, one.new, _column(one)):
            left.append(Left(one, f"{shown(stands)} stands there already", DONE))
        elif not _stands_as(stands, one.old, _column(one)):
            said = f"{shown(stands)} stands there, not {shown(one.old)}"
            left.append(Left(one, said, OFF if one.old else ""))
        else:
            name, trial = decision_name(one.table, row.cells), row.cells.get("trial_id", "")
            placed.append(Located(one, row.line, name, trial))
    return _believed(placed, left) if then is None else (_once(placed), left)


def _row(one: Correction, texts: Texts, version: str) -> TextRow | Left:
    """Return the row that a correction names by its line, or why there is none."""
    where = f" in {version}" if version else ""
    if one.table not in RESULT_TABLES or one.table not in texts:
        return Left(one, f"there is no such table{where}{hint(one.table, texts, 1)}")
    if one.column not in RESULT_TABLES[one.table].names:
        close = hint(one.column, RESULT_TABLES[one.table].names, 1)
        return Left(one, f"{one.table} has no such column{close}")
    row = _at(texts[one.table], one.line)
    if row is None:
        return Left(one, f"no row starts on that line{where}", OFF)
    for name, columns in _GUARDS.items():
        wanted = one.cells.get(name, "")
        found = next((row.cells[c] for c in columns if row.cells.get(c)), "")
        if wanted and wanted != found:
            said = f"the row{where} is of {name} {shown(found)}, not {shown(wanted)}"
            return Left(one, said, OFF)
    return row


def _today(
    one: Correction,
    row: TextRow,
    followed: Mapping[tuple[str, int], int],
    texts: Texts,
    version: str,
) -> TextRow | Left:
    """Return the row of today that is the row of an earlier version, or why there is none."""
    stands = row.cells.get(one.column, "")
    if _stands_as(stands, one.new, _column(one)):
        return Left(one, f"{shown(stands)} stood there already in {version}", DONE)
    if not _stands_as(stands, one.old, _column(one)):
        return Left(one, f"in {version} {shown(stands)} stands there, not {shown(one.old)}")
    line = followed.get((one.table, one.line))
    found = None if line is None else _at(texts[one.table], line)
    gone = f"no row of today is surely the one of {version}: give its line of today"
    return found or Left(one, gone)


def _at(text: TextTable, line: int) -> TextRow | None:
    return next((row for row in text.rows if row.line == line), None)


def _column(one: Correction) -> Column:
    return RESULT_TABLES[one.table][one.column]


def _stands_as(stands: str, said: str, column: Column) -> bool:
    """Say whether two cells are the same: of numbers, whether they are the same number."""
    if stands == said:
        return True
    if column.kind not in ("number", "integer"):
        return False
    a, b = parse_number(stands), parse_number(said)
    return a is not None and a == b


def _followed(tables: set[str], then: Texts, texts: Texts) -> dict[tuple[str, int], int]:
    """Return the line of today of each row of an earlier version that is surely there still."""
    found = {}
    for name in tables & then.keys() & texts.keys() & RESULT_TABLES.keys():
        pairs = same_rows(name, _lines(then[name]), _lines(texts[name]))
        found.update({(name, old.line): new.line for old, new in pairs})
    return found


@dataclass(frozen=True, slots=True)
class _Line:
    """A row of a text table: where it starts, and its cells that hold something."""

    line: int
    entered: Entered


def _lines(text: TextTable) -> list[_Line]:
    return [_Line(row.line, as_entered(row.cells)) for row in text.rows]


def _believed(placed: list[Located], left: list[Left]) -> tuple[list[Located], list[Left]]:
    """Leave corrections of an empty cell out where the lines of their table seem to be others'."""
    off: dict[str, Left] = {}
    for one in left:
        if one.case == OFF:
            off.setdefault(one.correction.table, one)
    doubted = [p for p in placed if not p.correction.old and p.correction.table in off]
    doubted = [p for p in doubted if not p.correction.cells.get("trial_id")]
    for doubt in doubted:
        other = off[doubt.correction.table].correction.target
        said = f"the cell is empty, but so are most, and {other} does not fit: are the lines"
        left.append(Left(doubt.correction, f"{said} those of an earlier version?"))
    return _once([p for p in placed if p not in doubted]), left


def _once(placed: list[Located]) -> list[Located]:
    """Return each cell once: a correction may stand twice in a file."""
    return list({(p.correction.table, p.line, p.correction.column): p for p in placed}.values())
