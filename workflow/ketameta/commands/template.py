"""`ketameta template`: empty tables to start an extraction with."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ketameta.ingest.places import EXCEL, unwritten_form
from ketameta.ingest.template import refuse_taken
from ketameta.ingest.template import template as write
from ketameta.tables.problems import escaped


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta template` takes."""
    parser.description = (
        "Write one empty CSV file a raw table, or a workbook with a sheet a table and\n"
        "drop-downs; nothing is overwritten."
    )
    parser.add_argument("folder", type=Path, help="folder to write them to, or a FILE.xlsx")


def template(given: argparse.Namespace) -> int:
    """Write the empty tables and say which; 1 where one is there already or cannot be written.

    A name that ends in .xlsx gives one workbook with a sheet a table; 2 where it ends otherwise as
    a file does.
    """
    place = given.folder
    if why := unwritten_form(place):
        print(escaped(f"{place.as_posix()}: {why}"), file=sys.stderr)
        return 2
    try:
        files = _workbook(place) if place.suffix.lower() == EXCEL else write(place)
    except OSError as error:
        print(f"{place.as_posix()}: {error.strerror or error}", file=sys.stderr)
        return 1
    for path in files:
        print(path.as_posix())
    return 0


def _workbook(path: Path) -> list[Path]:
    from ketameta.ingest.workbook_template import workbook_template
    from ketameta.storage import write_bytes

    refuse_taken(path)
    write_bytes(path, workbook_template())
    return [path]
