"""Read the data rows that Cochrane's RevMan exports: checked as our own tables are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ketameta.ingest.reader import read_text
from ketameta.ingest.rows import TextTable
from ketameta.ingest.sheet import Entry, Sheet, typed
from ketameta.ingest.text import UnreadableError, decode, file_content
from ketameta.tables.collection import by
from ketameta.tables.problems import ERROR, NOTE, WARNING, Problem
from ketameta.tables.revman import DATA_ROWS, TOGETHER

# so many names of the header are no accident
_SURE = 5
_ARMS = ("Experimental", "Control")
# what R's write.csv and RevMan write where there is nothing
_MISSING = ("NA", "#N/A")


@dataclass(frozen=True)
class RevmanAnalysis:
    """The rows of one analysis: its number such as 1.2, its name, its subgroups in order."""

    number: str
    name: str
    rows: tuple[Entry, ...]

    @property
    def subgroups(self) -> list[str]:
        """The names of the subgroups, in the order of the file."""
        return [name for name in dict.fromkeys(row["Subgroup"] for row in self.rows) if name]

    def overall(self) -> tuple[Entry, ...]:
        """Return the rows that the overall estimate pools."""
        return tuple(row for row in self.rows if "OVERALL" in (row["Applicability"] or "OVERALL"))

    def subgroup(self, name: str) -> tuple[Entry, ...]:
        """Return the rows of a subgroup, none where there is no such."""
        return tuple(row for row in self.rows if row["Subgroup"] == name)


def is_data_rows(path: Path) -> bool:
    """Say whether a file has the header of RevMan's data rows, whatever stands between cells."""
    try:
        return has_data_rows(file_content(path))
    except UnreadableError:
        return False


def has_data_rows(content: bytes) -> bool:
    """Say whether the bytes of a file have that header."""
    try:
        # the header may follow a line sep=;
        lines = decode(content).content.lstrip("\n").split("\n", 2)[:2]
    except UnreadableError:
        return False
    known, own = set(DATA_ROWS.names), DATA_ROWS.own_name
    found = [
        {own(part.strip(' "')) for part in line.split(mark)} & known
        for line in lines
        for mark in ",;\t|"
    ]
    return max(map(len, found)) >= _SURE


def read_data_rows(path: Path, content: bytes | None = None) -> Sheet:
    """Read and check a file of data rows; every fault is a problem of the sheet, in one pass.

    ``content`` are its bytes where they are read already.
    """
    text = read_text(path, DATA_ROWS, content=content)
    if not text.readable:
        return Sheet(DATA_ROWS, text.file, problems=list(text.problems))
    _take_as_r_writes(text)
    sheet = typed(text)
    _check_header(sheet)
    for row in sheet.entries:
        _check(sheet, row)
    _tell_twins(sheet)
    if not sheet.entries and not any(p.severity == ERROR for p in sheet.problems):
        sheet.problems.append(Problem(sheet.file, 0, "", "", "has a header and no study below it"))
    return sheet


def _take_as_r_writes(text: TextTable) -> None:
    """Empty the cells that say NA, and pass over the numbers of rows in front."""
    for row in text.rows:
        for name, cell in row.cells.items():
            if cell in _MISSING and name != "Study":
                row.cells[name] = ""
    for i, problem in enumerate(text.problems):
        if problem.message.startswith("column 1 has no name"):
            message = "column 1 has no name: taken for the numbers of rows that R writes, left out"
            text.problems[i] = replace(problem, message=message, severity=NOTE)


def analyses(sheet: Sheet) -> dict[str, RevmanAnalysis]:
    """Return the analyses of a sheet without faults by their number, in the order of the file."""
    rows = by(sheet.entries, lambda row: f"{row['Analysis group']}.{row['Analysis number']}")
    return {
        number: RevmanAnalysis(number, own[0]["Analysis name"] or "", tuple(own))
        for number, own in rows.items()
    }


def _check_header(sheet: Sheet) -> None:
    """Fault a column that is missing beside those that it belongs to, and a file without data."""
    # a name that looks like it stands for it, and is told already
    told = " ".join(p.message for p in sheet.problems if p.line == 1)
    present = [[name for name in group if name not in sheet.missing] for group in TOGETHER]
    for group, names in zip(TOGETHER, present, strict=True):
        for name in group if names else ():
            if name in sheet.missing and name not in told:
                message = "the column is missing from the header"
                sheet.problems.append(Problem(sheet.file, 1, name, "", message))
    if not any(present):
        wanted = "; ".join(", ".join(group) for group in TOGETHER)
        message = f"the header has no column of data, of {wanted}"
        sheet.problems.append(Problem(sheet.file, 1, "", "", message))


def _check(sheet: Sheet, row: Entry) -> None:
    """Fault what a row's own numbers contradict."""
    for arm in _ARMS:
        cases, people = row[f"{arm} cases"], row[f"{arm} N"]
        if cases is not None and people is not None and cases > people:
            sheet.fault(row, f"{arm} cases", f"{cases:g} cases of {people:g} people")
    low, high = row["CI start"], row["CI end"]
    if low is not None and high is not None and low > high:
        sheet.fault(row, "CI start", f"{low:g} is above CI end = {high:g}")
    for have, need in (("GIV Mean", "GIV SE"), ("O-E", "Variance")):
        if row[have] and row[need] is None and need not in row.bad | sheet.missing:
            sheet.fault(row, need, f"is empty beside {have} = {row[have]:g}")


def _tell_twins(sheet: Sheet) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for row in sheet.entries:
        cells = tuple(row.entered.values())
        first = seen.setdefault(cells, row.line)
        if first != row.line:
            sheet.fault(row, "", f"the row repeats line {first} in every cell", WARNING)
