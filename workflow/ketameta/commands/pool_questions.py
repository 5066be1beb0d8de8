"""The analyses of a file, of each its effects or why it has none: a table, or a whole review."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ketameta.commands.effects import effects_of
from ketameta.commands.names import RATIOS, bare_name
from ketameta.commands.pool_counts import Columns, refused
from ketameta.commands.pool_rows import MEASURE_COLUMNS, OptionError, place_of, rows_with
from ketameta.commands.pool_text import Options
from ketameta.commands.revman import chosen
from ketameta.commands.studies import LARGEST, Studies, studies_of
from ketameta.commands.table import Table, TableError, cells_of_file
from ketameta.ingest.revman import analyses, has_data_rows, read_data_rows
from ketameta.ingest.text import UnreadableError, file_content
from ketameta.measures import INVERSE_VARIANCE
from ketameta.reviews.analysis_csv import is_analysis_csv
from ketameta.reviews.package import ROWS, is_package
from ketameta.reviews.reading import read_review
from ketameta.reviews.rm5 import is_rm5
from ketameta.stats import MEASURES, RandomEffects
from ketameta.stats.numerics.checks import StudyError
from ketameta.stats.numerics.shown import number_fields
from ketameta.tables.problems import ERROR, first_few

Array = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(slots=True)
class Question:
    """An analysis: what tells it from the others, its measure, and its effects or why it has none.

    `shown` is the measure whose way back to the readable scale is taken, `size` the people of a
    group where that way needs them, `notes` what is told of it.
    """

    names: tuple[str, ...]
    measure: str = ""
    shown: str = ""
    yi: Array = field(default_factory=lambda: np.empty(0))
    vi: Array = field(default_factory=lambda: np.empty(0))
    columns: Columns = field(default_factory=dict)
    size: float | None = None
    reason: str = ""
    notes: list[str] = field(default_factory=list)


def is_review(file: Path) -> bool:
    """Say whether a file or folder is a review with its settings, no table."""
    if file.is_dir():
        return any(path.name.lower().endswith(ROWS) for path in file.rglob("*.csv"))
    if not file.is_file():
        return False
    try:
        content = file_content(file)
    except UnreadableError:
        return False
    return is_package(content) or is_rm5(content) or is_analysis_csv(content)


def questions_of(
    given: argparse.Namespace, content: bytes, measure: str | None, options: Options
) -> tuple[tuple[str, ...], list[Question], list[str]]:
    """Return the columns that tell analyses apart, the analyses, and remarks on all."""
    if is_review(given.file):
        found, said = _of_review(given, measure, options)
        return ("analysis", "name", "subgroup"), found, said
    if has_data_rows(content):
        found, said = _of_data_rows(given, content, measure, options)
        return ("analysis", "name"), found, said
    if given.by is None:
        raise OptionError("--out takes many analyses: say with --by COLUMN what tells them apart")
    table = rows_with(cells_of_file(content, given.sheet), given.only)
    at = place_of("by", table, given.by)
    questions, said = _of_table(given, table, at, (measure, options))
    return (named(table.header[at]),), questions, said


def named(column: str) -> str:
    """Return what the column that tells analyses apart is called in the answer: its own name."""
    taken = (*number_fields(RandomEffects), "measure", "shown_as", "reason", "notes")
    return "by" if column in taken or column.startswith("shown_") else column


def _of_review(
    given: argparse.Namespace, measure: str | None, options: Options
) -> tuple[list[Question], list[str]]:
    """Return what a review pools, its analyses and their subgroups, with effects by its rules."""
    if measure is not None or options.pooling != INVERSE_VARIANCE:
        raise OptionError(
            "a review says how its analyses are measured; `ketameta reproduce` pools as it does"
        )
    from ketameta.reviews import reproduce

    try:
        review = read_review(given.file)
    except UnreadableError as error:
        raise TableError((error.line, "", str(error))) from None
    found = []
    for pool in reproduce.pools_of(review):
        how, analysis = pool.analysis.settings, pool.analysis
        if given.analysis not in (None, analysis.number):
            continue
        effect = reproduce.effects_of(pool.rows, how)
        none = ~effect.known
        left = [row.study for row, out in zip(pool.rows, none, strict=True) if out]
        found.append(
            Question(
                (analysis.number, analysis.name, pool.subgroup), how.measure,
                "RR" if how.ratio else "GEN",
                np.where(none, np.nan, effect.yi), np.where(none, np.nan, effect.vi),
                notes=[f"not estimable: {', '.join(left)}"] * bool(left),
            )
        )  # fmt: skip
    if given.analysis is not None and not found:
        raise OptionError(f"--analysis {given.analysis[:40]}: there is none such")
    if not found:
        raise TableError((0, "", "; ".join(["holds no analysis to pool", *review.said])))
    return found, list(review.said)


def _of_data_rows(
    given: argparse.Namespace, content: bytes, measure: str | None, options: Options
) -> tuple[list[Question], list[str]]:
    """Return the analyses of RevMan's data rows, each measured as its printed effects are."""
    if options.pooling != INVERSE_VARIANCE:
        raise OptionError("--pooling is of one analysis of data rows; say which with --analysis")
    sheet = read_data_rows(given.file, content)
    if faults := sorted(p for p in sheet.problems if p.severity == ERROR):
        raise TableError(*((p.line, p.column, p.message) for p in faults))
    questions = []
    for number, analysis in analyses(sheet).items():
        if given.analysis not in (None, number):
            continue
        question = Question((number, analysis.name))
        try:
            rows = chosen(analysis.overall(), number, measure)
            question.measure, question.shown = rows.kind.measure, rows.kind.shown
            question.notes = [*rows.said]
            kind = "GEN" if "yi" in rows.studies.columns else rows.kind.measure
            found = effects_of(kind, rows.studies.columns, rows.studies.shown, rows.kind.add)
            question.yi, question.vi = found.yi, found.vi
        except TableError as error:
            question.reason = _told(error)
        except ValueError as error:
            question.reason = str(error)
        questions.append(question)
    return questions, [str(problem) for problem in sorted(sheet.problems)]


def _told(error: TableError) -> str:
    """Return the faults of an analysis in one line, each with its place."""
    told = [
        " ".join(filter(None, (f"line {line}" * bool(line), f"column {column}" * bool(column))))
        + (": " if line or column else "")
        + message
        for line, column, message in error.faults
    ]
    return first_few(told)


def _of_table(
    given: argparse.Namespace, table: Table, at: int, asked: tuple[str | None, Options]
) -> tuple[list[Question], list[str]]:
    """Return the analyses of a table, by what stands in a column, in the order of the table."""
    cells = table.column(at)
    empty = [line for line, cell in zip(table.lines, cells, strict=True) if not cell]
    table = table.keep([i for i, cell in enumerate(cells) if cell])
    names = [*dict.fromkeys(cell for cell in cells if cell)]
    if not names:
        raise TableError((0, "", f"has nothing in the column {table.header[at]}"))
    faults, kept = _apart(table, at)
    measure, options = asked
    studies, own, shown, kept = _readable(kept, at, measure, given.reported_level, faults)
    if why := refused(options.pooling, own):
        raise OptionError(why)
    if given.exp and own != "GEN":
        raise OptionError(f"--exp is for GEN, yi on the log scale; this is {own}")
    groups: dict[str, list[int]] = {}
    for i, cell in enumerate(kept.column(at)):
        groups.setdefault(cell, []).append(i)
    made = {
        name: Question((name,), own, _scale(kept, groups[name], "RR" if given.exp else shown))
        for name in groups
    }
    _fill(own, studies, made, {name: np.array(rows) for name, rows in groups.items()})
    said = [*studies.notes]
    if empty:
        lines = first_few([str(line) for line in empty])
        said.append(f"nothing stands in {table.header[at]} in line {lines}: left out")
    return [made.get(n) or Question((n,), own, shown, reason=faults[n]) for n in names], said


def _apart(table: Table, at: int) -> tuple[dict[str, str], Table]:
    """Return the analyses with rows of several measures, and the table without them."""
    column = next((i for i, n in enumerate(table.header) if bare_name(n) in MEASURE_COLUMNS), None)
    if column is None:
        return {}, table
    found: dict[str, dict[str, None]] = {}
    for name, cell in zip(table.column(at), table.column(column), strict=True):
        if cell.upper() in {*MEASURES, *RATIOS}:
            found.setdefault(name, {})[cell.upper()] = None
    faults = {
        name: f"rows of {' and '.join(several)} do not belong into one pool"
        for name, several in found.items()
        if len(several) > 1
    }
    return faults, table.keep([i for i, n in enumerate(table.column(at)) if n not in faults])


def _readable(
    table: Table, at: int, measure: str | None, level: float | None, faults: dict[str, str]
) -> tuple[Studies, str, str, Table]:
    """Return the studies that can be read, as `studies_of`, and their table.

    Analyses with a cell that cannot go to `faults`. Raises `TableError` where none is left, or the
    header is at fault.
    """
    while True:
        try:
            return *studies_of(table, measure, level), table
        except TableError as error:
            owner = dict(zip(table.lines, table.column(at), strict=True))
            if not all(line in owner for line, _, _ in error.faults):
                raise
            bad: dict[str, list[tuple[int, str, str]]] = {}
            for fault in error.faults:
                bad.setdefault(owner[fault[0]], []).append(fault)
            faults |= {name: _told(TableError(*own)) for name, own in bad.items()}
            left = [i for i, name in enumerate(table.column(at)) if name not in bad]
            if not left:
                raise
            table = table.keep(left)


def _scale(table: Table, rows: Sequence[int], shown: str) -> str:
    """Return the measure that says how an analysis is shown: of GEN what its column says."""
    if shown != "GEN":
        return shown
    for at, name in enumerate(table.header):
        if bare_name(name) in MEASURE_COLUMNS:
            said = {table.rows[i][at].strip().upper() for i in rows}
            if len(said) == 1 and (own := said.pop()) in RATIOS:
                return own
    return shown


def _fill(
    measure: str, studies: Studies, made: Mapping[str, Question], rows: Mapping[str, Places]
) -> None:
    """Compute the effects of analyses at once; where that is refused, of each half of them."""
    names = [*made]
    places = np.concatenate([rows[name] for name in names])
    kind = "GEN" if "yi" in studies.columns else measure
    columns = {name: x[places] for name, x in studies.columns.items()}
    try:
        found = effects_of(kind, columns, studies.shown)
    except ValueError as error:
        if len(names) > 1:
            half = len(names) // 2
            for part in (names[:half], names[half:]):
                _fill(measure, studies, {name: made[name] for name in part}, rows)
            return
        made[names[0]].reason = _place(error, studies, places)
        return
    reasons = {int(places[i]): why for i, why in found.reasons.items()} | studies.reasons
    corrected = {int(places[i]) for i in found.corrected}
    end = 0
    for name in names:
        question, own = made[name], rows[name]
        start, end = end, end + len(own)
        question.yi, question.vi = found.yi[start:end], found.vi[start:end]
        far = (np.abs(question.yi) > LARGEST) | (question.vi > LARGEST)
        if (far | ((question.vi > 0) & (question.vi < 1 / LARGEST))).any():
            question.reason = "an effect or its variance is too large or small to be pooled"
        question.columns = {key: x[start:end] for key, x in columns.items()}
        question.notes = _notes(studies, own, reasons, corrected)
        if measure == "PFT":
            question.size = _size(question)


def _place(error: ValueError, studies: Studies, places: Places) -> str:
    """Return a fault of the engine with line and column."""
    if not isinstance(error, StudyError):
        return str(error)
    line = studies.lines[places[error.index[-1]]]
    return f"line {line} column {studies.shown.get(error.name, error.name)}: {error.said}"


def _notes(
    studies: Studies, rows: Places, reasons: Mapping[int, str], corrected: set[int]
) -> list[str]:
    left = [f"no effect of {studies.names[i]}: {reasons[i]}" for i in rows.tolist() if i in reasons]
    half = [studies.names[i] for i in rows.tolist() if i in corrected]
    added = f"half an event is added to each cell, one being 0: {first_few(half)}"
    return [*left, *[added] * bool(half)]


def _size(question: Question) -> float:
    """Return the harmonic mean of the people of the groups that are pooled."""
    columns = question.columns
    total = columns.get("ni", columns["xi"] + columns.get("mi", np.nan))
    sizes = total[~np.isnan(question.yi)]
    return float(len(sizes) / np.sum(1 / sizes)) if len(sizes) else np.nan
