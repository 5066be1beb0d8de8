"""`ketameta convert`: tables between CSV, TSV and Excel, and RevMan's data rows into tables."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

from ketameta.commands.revman import ChoiceError
from ketameta.commands.studies import TableError
from ketameta.ingest.formats import Cells, LossError, as_files, as_workbook, read_cells
from ketameta.ingest.reader import DELIMITERS
from ketameta.ingest.revman import is_data_rows
from ketameta.storage import write_bytes
from ketameta.tables.problems import ERROR, escaped
from ketameta.tables.raw import RAW_TABLES

DESCRIPTION = """\
Write tables in another form, every cell as it was entered; nothing is overwritten.

  ketameta convert data/raw tables.xlsx     to edit in Excel: drop-downs, notes, units
  ketameta convert tables.xlsx data/raw     and back (--tsv for TSV files)
  ketameta convert CD015373-data-rows.csv new
                                            a start from a Cochrane review's data rows: trials,
                                            arms, counts, means and differences. What a review does
                                            not say stays empty; `ketameta check new` names it.
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta convert` takes."""
    parser.description = DESCRIPTION
    parser.add_argument("source", metavar="FROM", type=Path, help="folder, FILE.xlsx or FILE.csv")
    parser.add_argument("target", metavar="TO", type=Path, help="folder, or a FILE.xlsx")
    parser.add_argument("--tsv", action="store_true", help="write TSV files, not CSV")
    parser.add_argument("--analysis", metavar="1.2", help="of RevMan's data rows, this one alone")
    parser.add_argument("--reference", metavar="DOI", help="of the review, as the rows' source")


def convert(given: argparse.Namespace) -> int:
    """Write the tables of one place to another; say what was written and what was assumed.

    1 where the tables cannot be read or kept whole, 2 where the target exists or makes no sense.
    """
    source, target = given.source, given.target
    try:
        cells = _cells(given)
        if cells is None:
            return 1
        files = _files(cells, target, given.tsv)
        _refuse_to_overwrite(files)
        for path, content in files.items():
            write_bytes(path, content)
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
    rows = {name: len(own) for name, own in cells.items() if own}
    print(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in rows.items()))
    return 0


def _cells(given: argparse.Namespace) -> Cells | None:
    """Return the cells of the tables to write; None where they have faults, which are told."""
    if given.source.is_file() and is_data_rows(given.source):
        from ketameta.commands.from_revman import tables_of_file

        cells, said = tables_of_file(given.source, given.analysis, given.reference)
        for text in said:
            print(escaped(text), file=sys.stderr)
        return cells
    if given.analysis or given.reference:
        raise ChoiceError("--analysis and --reference are for RevMan's data rows alone")
    cells, problems = read_cells(given.source)
    for problem in problems:
        mark = "" if problem.severity == ERROR else f"{problem.severity}: "
        print(mark + str(problem), file=sys.stderr)
    count = Counter(problem.severity for problem in problems)[ERROR]
    if count:
        print(f"{count} faults of form: nothing is written", file=sys.stderr)
    return None if count else cells


def _files(cells: Cells, target: Path, tsv: bool) -> dict[Path, bytes]:
    """Return the content of each file to write."""
    if target.suffix.lower() == ".xlsx":
        return {target: as_workbook(cells)}
    if target.suffix.lower() in DELIMITERS:
        raise ChoiceError(f"{target}: the tables are several files; give a folder, or a FILE.xlsx")
    ending = ".tsv" if tsv else ".csv"
    return {target / name: content for name, content in as_files(cells, ending).items()}


def _refuse_to_overwrite(files: dict[Path, bytes]) -> None:
    """Raise `FileExistsError` where a file is there, or the same table in another form."""
    for path in files:
        others = [path]
        if path.stem in RAW_TABLES:
            others += [path.with_suffix(ending) for ending in DELIMITERS]
        for other in others:
            if os.path.lexists(other):
                raise FileExistsError(17, "is there already; nothing is written over", str(other))
