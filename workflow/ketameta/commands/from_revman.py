"""RevMan's data rows alone as the start of our tables: what they give, and no more.

Data rows stand without the settings of their analyses: the measure is told by the effects printed.
"""

from __future__ import annotations

from pathlib import Path

from ketameta.commands.names import RATIOS
from ketameta.commands.revman import ChoiceError, Kind, ask_which, measured_as, nearest_kind
from ketameta.commands.table import TableError
from ketameta.ingest.formats import Cells
from ketameta.ingest.revman import RevmanAnalysis, analyses, read_data_rows
from ketameta.reviews.cells import column
from ketameta.reviews.convert import SILENT, draft_of
from ketameta.reviews.model import Analysis, Data, Settings
from ketameta.reviews.package import study_row
from ketameta.tables.problems import ERROR

_DATA: dict[str, Data] = {"counts": "counts", "means": "means", "giv": "generic", "o-e": "O-E"}


def tables_of_file(
    path: Path, number: str | None, reference: str | None
) -> tuple[Cells, list[str]]:
    """Return the cells of our tables, and what was assumed or left out, in sentences.

    ``number`` takes one analysis alone; ``reference`` is the DOI of the review, for the source.
    Raises `TableError` with every fault of the file, and `ChoiceError`.
    """
    sheet = read_data_rows(path)
    if faults := sorted(p for p in sheet.problems if p.severity == ERROR):
        raise TableError(*((p.line, p.column, p.message) for p in faults))
    found = analyses(sheet)
    if number is not None and number not in found:
        raise ChoiceError(ask_which(found, number))
    said = [str(problem) for problem in sorted(sheet.problems)]
    taken = []
    for analysis in (a for key, a in found.items() if number in (None, key)):
        try:
            kind, why = measured_as(analysis.rows)
        except TableError:
            kind = nearest_kind(analysis.rows)[0]
            why = [f"the measure cannot be told from the printed effects; taken as {kind.name}"]
        said.append(f"{analysis.number} {analysis.name}: {'; '.join(why)}")
        taken.append(_as_read(analysis, kind))
    draft, left = draft_of(taken, reference or "")
    return draft.cells(), [*said, *left, *SILENT]


def _as_read(analysis: RevmanAnalysis, kind: Kind) -> Analysis:
    """Return an analysis as a reader of whole reviews does, with what is known of its settings."""
    rows = [{column(name): cell for name, cell in row.entered.items()} for row in analysis.rows]
    how = Settings(_DATA[kind.data], "IV", kind.measure, "fixed", kind.shown in RATIOS)
    return Analysis(analysis.number, analysis.name, "", how, tuple(map(study_row, rows)), {})
