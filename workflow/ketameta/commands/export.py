"""`ketameta export`: results to hand on, as a Word document with their forest plots."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ketameta import freshness
from ketameta.commands.last_run import unknown
from ketameta.commands.versions import PROCESSED
from ketameta.configuration import CONFIG, load
from ketameta.project import from_here
from ketameta.vocabulary.narrowing import canonical

DESCRIPTION = """\
Write methods, results with their forest plots, references and tables of trials as a Word document:
what reports/manuscript.docx has without the plots. Of some analyses alone, where they are named.

  ketameta export --docx review.docx
  ketameta export --docx one.docx ANALYSIS
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta export` takes."""
    parser.description = DESCRIPTION
    parser.add_argument(
        "analyses", metavar="ANALYSIS", nargs="*", help="default: those that the summaries tell"
    )
    parser.add_argument(
        "--docx", metavar="FILE", type=from_here, required=True, help="what is written"
    )


def export(given: argparse.Namespace) -> int:
    """Write the document; 1 where there is no run to tell of, 2 for unknown names."""
    from ketameta.read_tables import ReadTables, tables_before
    from ketameta.report.graphics import with_narrowed
    from ketameta.storage import write_bytes

    configuration = load(CONFIG)
    if old := freshness.stale(configuration, ("ingest", "normalize", "synthesize")):
        print(f"the last run is not of today's tables ({next(iter(old.values()))}): run "
              "`ketameta run` first", file=sys.stderr)  # fmt: skip
        return 1
    tables = ReadTables(Path(PROCESSED), tables_before("report"))
    known = with_narrowed(tables, configuration).names
    asked = [canonical(name) for name in given.analyses]
    if wrong := [name for name in asked if name not in known]:
        print(unknown("analysis", wrong[0], {}, known), file=sys.stderr)
        return 2
    from ketameta.report.stage import article

    write_bytes(given.docx, article(tables, configuration, asked))
    print(given.docx.as_posix())
    return 0
