"""`ketameta convert`: tables between CSV, TSV and Excel, and RevMan's data rows into tables."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from ketameta.commands.revman import ChoiceError
from ketameta.commands.table import TableError
from ketameta.ingest.formats import Cells, LossError, as_files, as_workbook, read_cells
from ketameta.ingest.places import EXCEL, named_table, other_form, same_tables, unwritten_form
from ketameta.ingest.revman import is_data_rows
from ketameta.ingest.text import UnreadableError, decode, file_content
from ketameta.report.wording import count
from ketameta.storage import write_bytes
from ketameta.tables.problems import ERROR, WARNING, Problem, escaped
from ketameta.tables.revman import DATA_ROWS

DESCRIPTION = """\
Write tables in another form, every cell as it was entered; nothing is overwritten, but with
--replace, which keeps a copy of what was there and says where.

  ketameta convert data/raw tables.xlsx     to edit in Excel: drop-downs, notes, units
  ketameta check tables.xlsx                in order? every fault, with sheet and row
  ketameta convert tables.xlsx data/raw --replace
                                            and back (--tsv for TSV files)
  ketameta convert CD015373.zip new         a start from a published review: trials, arms, counts,
                                            means and differences. What it does not say stays empty
                                            and is told; `ketameta check new` names what is needed.

  ketameta convert data/raw psy.csv --to metapsy
                                            two arms a row, as metapsy has them, with what has no
                                            column there

FROM may also be a review of RevMan 5 (.rm5), the CSV of its analyses, a review's data rows, study
data of RevMan and Covidence (study-results.csv and the files beside it), a table of metapsy, with
the columns of R's meta or metafor, or judgements in the layout of robvis.
"""
_THERE = "is there already; nothing is written over without --replace, which keeps a copy"
_NAMED = 4
FORMATS = ("metapsy",)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta convert` takes."""
    parser.description = DESCRIPTION
    parser.add_argument("source", metavar="FROM", type=Path, help="folder, FILE.xlsx or FILE.csv")
    parser.add_argument("target", metavar="TO", type=Path, help="folder, or a FILE.xlsx")
    parser.add_argument("--tsv", action="store_true", help="write TSV files, not CSV")
    parser.add_argument(
        "--replace", action="store_true", help="write over tables that are there; a copy is kept"
    )
    parser.add_argument("--analysis", metavar="1.2", help="of a review, this one alone")
    parser.add_argument("--to", choices=FORMATS, help="write one CSV in this program's layout")
    parser.add_argument("--reference", metavar="DOI", help="of the review, as the rows' source")


def convert(given: argparse.Namespace) -> int:
    """Write the tables of one place to another; say what was written and what was assumed.

    1 where the tables cannot be read or kept whole, 2 where the target exists or makes no sense.
    """
    source, target = given.source, given.target
    try:
        if why := _unnamed(target) if given.to else unwritten_form(target):
            raise ChoiceError(f"{target}: {why}")
        cells = _cells(given)
        if cells is None:
            return 1
        files = _laid_out(cells, target, given.to) if given.to else _files(cells, target, given.tsv)
        kept = _write(files, given.replace)
    except TableError as error:
        print(*error.lines(source), sep="\n", file=sys.stderr)
        return 1
    except (ChoiceError, LossError) as error:
        for text in str(error).splitlines():
            print(escaped(f"ketameta convert: {text}"), file=sys.stderr)
        return 1 if isinstance(error, LossError) else 2
    except OSError as error:
        name = escaped(str(error.filename or target))
        print(f"{name}: {error.strerror or error}", file=sys.stderr)
        return 2 if isinstance(error, FileExistsError) else 1
    for path in files:
        print(escaped(path.as_posix()))
    if kept:
        print(escaped(f"what was there is kept in {kept.as_posix()}"))
    if given.to:
        print(f"{count(len(files[target].splitlines()) - 1, 'row')} as {given.to} has them")
        return 0
    print(", ".join(_counted(name, len(own)) for name, own in cells.items() if own))
    return 0


def _counted(table: str, rows: int) -> str:
    """Write how many rows a table has: ``1 claim``, ``2 arms``, ``1 risk of bias``."""
    words = table.replace("_", " ")
    return count(rows, words if words.endswith("bias") else words.removesuffix("s"), words)


def _cells(given: argparse.Namespace) -> Cells | None:
    """Return the cells of the tables to write; None where they have faults, which are told."""
    if given.source.is_file() and is_data_rows(given.source):
        from ketameta.commands.from_revman import tables_of_file

        foreign: tuple[Cells, list[str]] | None
        foreign = tables_of_file(given.source, given.analysis, given.reference)
    else:
        foreign = _foreign(given)
    if foreign is not None:
        cells, said = foreign
        for text in said:
            print(escaped(text), file=sys.stderr)
        return cells
    if given.analysis or given.reference:
        raise ChoiceError("--analysis and --reference are for reviews and tables of others alone")
    if given.source.is_file() and given.source.suffix.lower() != EXCEL:
        _refuse_text(given.source)
    cells, problems = read_cells(given.source)
    if cells and not given.replace:
        problems = [_without_rows(problem, cells) for problem in problems]
    for problem in problems:
        mark = "" if problem.severity == ERROR else f"{problem.severity}: "
        print(mark + str(problem), file=sys.stderr)
    count = Counter(problem.severity for problem in problems)[ERROR]
    if count:
        faults = "1 fault" if count == 1 else f"{count:,} faults"
        print(f"{faults} of form: nothing is written", file=sys.stderr)
    return None if count else cells


def _foreign(given: argparse.Namespace) -> tuple[Cells, list[str]] | None:
    """Return the tables of a review or of another program's table; None where it is neither."""
    source: Path = given.source
    if source.suffix.lower() == EXCEL or (source.is_file() and named_table(source.name)):
        return None
    if source.is_dir() and any(named_table(path.name) for path in source.iterdir()):
        return None
    from ketameta.reviews.convert import tables_of_source

    if not source.exists():
        return None
    try:
        return tables_of_source(source, given.analysis, given.reference or "")
    except UnreadableError as error:
        raise TableError((error.line, "", str(error))) from None


def _without_rows(problem: Problem, cells: Cells) -> Problem:
    """Return the fault that a table is missing as a warning: it is written without rows.

    Of a table that is written over that would be a loss.
    """
    if problem.severity != ERROR or problem.table in ("", *cells):
        return problem
    message = f"{problem.message}; no row of {problem.table} is written"
    return replace(problem, message=message, severity=WARNING)


def _refuse_text(source: Path) -> None:
    """Raise `TableError` that says what a file is that holds neither tables nor data rows."""
    if other_form(source):
        return
    if named_table(source.name):
        raise TableError((0, "", "is one table of several; give the folder that it is in"))
    try:
        decode(file_content(source))
    except UnreadableError as error:
        raise TableError((error.line, "", str(error))) from None
    names = ", ".join(DATA_ROWS.names[:_NAMED])
    raise TableError((1, "", f"has none of the columns of RevMan's data rows ({names}, …)"))


def _files(cells: Cells, target: Path, tsv: bool) -> dict[Path, bytes]:
    """Return the content of each file to write."""
    if target.suffix.lower() == EXCEL:
        return {target: as_workbook(cells)}
    ending = ".tsv" if tsv else ".csv"
    return {target / name: content for name, content in as_files(cells, ending).items()}


def _unnamed(target: Path) -> str:
    """Say why one table of another program is not written by a name; empty where it is."""
    if target.suffix.lower() != ".csv" or named_table(target.name):
        return "--to writes one FILE.csv, which has not the name of a table of ours"
    return ""


def _laid_out(cells: Cells, target: Path, name: str) -> dict[Path, bytes]:
    """Return the file to write in another program's layout; say what has no place in it."""
    from ketameta.reviews.layout_written import WRITTEN, written

    text, said = written(cells, WRITTEN[name])
    print(*map(escaped, said), sep="\n", file=sys.stderr)
    return {target: text.encode()}


def _write(files: dict[Path, bytes], replace: bool) -> Path | None:
    """Write the files, all or none; return where the copies are of what was replaced, if any.

    What holds the same tables in another form is taken away: it would stand beside the new files.
    Raises `FileExistsError` where anything is there and is not to be replaced.
    """
    there = list(dict.fromkeys(old for path in files for old in same_tables(path)))
    if there and not replace:
        raise FileExistsError(17, _THERE, str(there[0]))
    kept = _keep(there) if there else None
    try:
        for path, content in files.items():
            write_bytes(path, content)
        for path in there:
            if path not in files:
                path.unlink()
    except BaseException:
        for path in files.keys() - set(there):
            path.unlink(missing_ok=True)
        if kept:
            for path in there:
                write_bytes(path, (kept / path.name).read_bytes())
        raise
    return kept


def _keep(there: list[Path]) -> Path:
    """Copy files of one folder into a new one in it, which nothing reads; return that."""
    number = 1
    while os.path.lexists(kept := there[0].parent / f"replaced-{number}"):
        number += 1
    kept.mkdir()
    try:
        for path in there:
            shutil.copy2(path, kept / path.name)
    except OSError:
        shutil.rmtree(kept)
        raise
    return kept
