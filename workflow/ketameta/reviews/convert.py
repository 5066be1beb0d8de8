"""Reviews, and tables of other programs, as the start of our tables, with what they cannot say."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from ketameta.ingest.formats import Cells
from ketameta.ingest.text import UnreadableError, file_content
from ketameta.reviews.cells import plain
from ketameta.reviews.drafts import DraftTables, Row, SourceArm, SourceRow, twice
from ketameta.reviews.judgements import judgements_of
from ketameta.reviews.layout_tables import tables_of_layout
from ketameta.reviews.layouts import ARMS
from ketameta.reviews.model import Analysis, Review, StudyRow
from ketameta.reviews.package import ARCHIVE, ROWS, files_of_archive, files_of_folder, read_package
from ketameta.reviews.reading import named_form, read_text
from ketameta.reviews.references import identify
from ketameta.reviews.study_data import tables_of_studies

TEXT = (".csv", ".tsv", ".txt")
_END = "end scores are assumed: move them to change_mean and change_sd where they are changes"
SILENT = (
    "two arms a study and comparison, experimental_ and control_ with its number: merge arms that "
    "two comparisons share",
    "seen is secondary: the numbers were read in a review",
    "not told by the source: direction of scales, analysis set, hours, treatment, dose, population",
)


def tables_of_source(
    path: Path, only: str | None, reference: str
) -> tuple[Cells, list[str]] | None:
    """Return the tables of a review or another program's file, and what was assumed or left out.

    `only` takes one analysis, `reference` is the source of the rows; None where the file is of no
    known form. Raises `UnreadableError`.
    """
    content = b"" if path.is_dir() else file_content(path)
    if path.is_dir() or content.startswith(ARCHIVE):
        found = files_of_archive(content, path.name) if content else files_of_folder(path)
        files = list(found)
        draft, said = (tables_of_studies(files, reference) if only is None else None) or (None, [])
        if draft is None:
            if not content and not any(name.lower().endswith(ROWS) for name, _ in files):
                return None
            draft, said = _of_review(read_package(iter(files), path.name), only, reference)
        more = [*identify(draft, files), *judgements_of(draft, files)]
        return draft.cells(), [*said, *more]
    if form := named_form(content):
        draft, said = _of_review(read_text(content, path.name, form), only, reference)
        return draft.cells(), said
    if path.suffix.lower() in TEXT:
        return tables_of_layout(content, path.name, reference)
    return None


def _of_review(review: Review, only: str | None, reference: str) -> tuple[DraftTables, list[str]]:
    """Return the tables of a review, or of one of its analyses."""
    taken = [a for a in review.analyses if only in (None, a.number)]
    if not review.analyses:
        raise UnreadableError("holds no analysis")
    if not taken:
        known = ", ".join(a.number for a in review.analyses)
        raise UnreadableError(f"has no analysis {only}; there are {known}")
    draft, said = draft_of(taken, reference)
    for analysis in taken:
        how = analysis.settings
        said.append(
            f"{analysis.number} {analysis.name}: pooled there by {how.method}, {how.measure}, "
            f"{how.model} effects" + ", of those without the event" * how.swapped
        )
    return draft, [*review.said, *said, *SILENT]


def draft_of(analyses: Iterable[Analysis], reference: str) -> tuple[DraftTables, list[str]]:
    """Return the tables of some analyses, and what of them was left out or stands twice."""
    draft = DraftTables(reference)
    said = []
    for analysis in analyses:
        empty = [row.study for row in analysis.rows if not _has_numbers(analysis, row)]
        for row in analysis.rows:
            if _has_numbers(analysis, row):
                draft.add(_told(analysis, row))
        said += [f"{analysis.number}: without numbers, left out: {', '.join(empty)}"] * bool(empty)
        said += twice([row.study for row in analysis.rows], analysis.number)
    return draft, said


def _has_numbers(analysis: Analysis, row: StudyRow) -> bool:
    """Say whether a row tells anything, such as no event in either arm."""
    data = analysis.settings.data
    if data in ("counts", "means"):
        return all(n > 0 for n in row.people)
    value, error = row.observed if data == "O-E" else row.generic
    return error > 0 and not math.isnan(value)


def _told(analysis: Analysis, row: StudyRow) -> SourceRow:
    how, group = analysis.settings, f", subgroup {row.subgroup}" if row.subgroup else ""
    notes = [f"RevMan analysis {analysis.number} {analysis.name}{group}"]
    if "estimate" in row.printed:
        effect, *ends = (row.printed.get(name) for name in ("estimate", "low", "high"))
        around = " ({} to {})".format(*(end.text for end in ends if end)) if all(ends) else ""
        notes.append(f"its effect there {effect.text if effect else ''}{around}")
    if row.footnote:
        notes.append(f"footnote: {row.footnote}")
    numbers: list[Row] = [{}, {}]
    between: Row = {}
    if how.data in ("counts", "means"):
        about = {"definition": analysis.name} if how.data == "counts" else {}
        columns = {"n": "people"}
        columns |= {"events": "events"} if how.data == "counts" else {"mean": "mean", "sd": "sd"}
        numbers = [
            about | {ours: _entered(row, name, i) for ours, name in columns.items()} for i in (0, 1)
        ]
        notes += [_END] * (how.data == "means")
    else:
        between, more = _difference(analysis, row)
        notes.append(more)
    key = analysis.number.split(".")[0]
    arms = [
        SourceArm(f"{kind}_{key}", label or f"{kind.capitalize()} arm of comparison {key}", own)
        for kind, label, own in zip(ARMS, analysis.labels, numbers, strict=True)
    ]
    place = f"analysis {analysis.number}{group}, row {row.study}"
    return SourceRow(
        row.study, row.year, tuple(arms), {"note": "; ".join(notes), "locator": place}, between
    )


def _entered(row: StudyRow, name: str, i: int) -> str:
    """Return a number as it was entered, with every digit, of arm i or of a pair's part."""
    return row.entered[name][i] if name in row.entered else plain(getattr(row, name)[i])


def _difference(analysis: Analysis, row: StudyRow) -> tuple[Row, str]:
    """Return estimate and standard error, and from what; a ratio has the error of its log."""
    how = analysis.settings
    if how.data == "O-E":
        value, error = row.observed[0] / row.observed[1], plain(row.observed[1] ** -0.5)
        if how.ratio:
            told = "from exp((O-E)/V), a Peto odds ratio or hazard ratio, and 1/√V of its log"
            return {"estimate": plain(math.exp(value)), "se": error}, told
        return {"estimate": plain(value), "se": error}, "from (O-E)/V and 1/√V"
    error = _entered(row, "generic", 1)
    if how.ratio:
        told = "from exp(GIV Mean), a ratio of some kind, and GIV SE of its log"
        return {"estimate": plain(math.exp(row.generic[0])), "se": error}, told
    return {"estimate": _entered(row, "generic", 0), "se": error}, "from GIV Mean and GIV SE"
