"""How well two extractions agree on the rows that are matched, by table and column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log
from statistics import median

from ketameta.extraction.cells import canonical_cell, compared, number_of
from ketameta.extraction.records import FieldAgreement, Match, Matching, NumberPair, Side
from ketameta.stats.sensitivity.agreement import (
    Agreement,
    absolute_icc,
    cohen_kappa,
    limits_of_agreement,
    wilson,
)
from ketameta.tables.columns import Column
from ketameta.tables.identity import identity, name_of
from ketameta.tables.raw import RESULT_TABLES

NUMBER, WORD, TEXT = "number", "word", "text"
_KINDS = {"integer": NUMBER, "number": NUMBER, "word": WORD, "flag": WORD}
# largest over smallest from which numbers above 0 are compared as ratios
DECADE = 10.0
Cells = tuple[str, str]


def column_agreement(a: Side, b: Side, matching: Matching) -> list[FieldAgreement]:
    """Return a line of everything, and for each table a line and below it one a column.

    Columns that nobody filled, that a side lacks, or that hold words for people alone have none.
    The line of a table (column empty) counts the cells of all its columns but those by which rows
    are matched; that of everything (table empty too) those of all tables. Rows that are of both
    raters are left out.
    """
    found: list[FieldAgreement] = []
    every: list[Cells] = []
    rows = 0
    for table in RESULT_TABLES:
        matches = [
            match
            for match in matching.matches
            if match.table == table and (match.a.file, match.a.line) not in a.shared
        ]
        fields, cells = _table(table, matches, a.missing | b.missing)
        if matches:
            found += [replace(_counted(table, "", "", False, cells), rows=len(matches)), *fields]
        every += cells
        rows += len(matches)
    return [replace(_counted("", "", "", False, every), rows=rows), *found]


def both_filled(match: Match) -> list[Cells]:
    """Return the cells of a match that the line of its table counts and both filled, in one form.

    Those of data: neither what rows are matched by nor words for people alone.
    """
    a, b, key = match.a.entered, match.b.entered, identity(match.table)
    cells = (
        (
            canonical_cell(column, a.get(column.name, "")),
            canonical_cell(column, b.get(column.name, "")),
        )
        for column in compared(RESULT_TABLES[match.table])
        if column.name not in key
    )
    return [(x, y) for x, y in cells if x and y]


def _table(
    table: str, matches: Sequence[Match], missing: frozenset[tuple[str, str]]
) -> tuple[list[FieldAgreement], list[Cells]]:
    """Return the columns of a table, and the cells that its own line counts."""
    schema, key = RESULT_TABLES[table], identity(table)
    entered = [(match.a.entered, match.b.entered) for match in matches]
    fields: list[FieldAgreement] = []
    counted: list[Cells] = []
    for column in compared(schema):
        name = column.name
        # what trial and arm are called says nothing: matched rows bear the same name
        if (table, name) in missing or (name in key and column.kind == "id"):
            continue
        cells = [
            (canonical_cell(column, a.get(name, "")), canonical_cell(column, b.get(name, "")))
            for a, b in entered
        ]
        if any(a or b for a, b in cells):
            fields.append(_field(table, column, matches, cells))
            counted += [] if fields[-1].identifies else cells
    return fields, counted


def _field(
    table: str, column: Column, matches: Sequence[Match], cells: Sequence[Cells]
) -> FieldAgreement:
    kind = _KINDS.get(column.kind, TEXT)
    line = _counted(table, column.name, kind, column.name in identity(table), cells)
    if kind != NUMBER or line.identifies:
        return line
    numbers = [
        (match, number_of(a), number_of(b)) for match, (a, b) in zip(matches, cells, strict=True)
    ]
    return _measured(
        line,
        tuple(
            NumberPair(a, b, name_of(table, match.a.entered))
            for match, a, b in numbers
            if a is not None and b is not None
        ),
    )


def _counted(
    table: str, column: str, kind: str, identifies: bool, cells: Sequence[Cells]
) -> FieldAgreement:
    both = [(a, b) for a, b in cells if a and b]
    n, equal = len(both), sum(a == b for a, b in both)
    said = Agreement(n, equal / n if n else None, None, wilson(equal, n))
    if kind == WORD:
        said = cohen_kappa([a for a, _ in both], [b for _, b in both])
    filled = cohen_kappa(*([str(bool(pair[side])) for pair in cells] for side in (0, 1)))
    only_a = sum(bool(a and not b) for a, b in cells)
    only_b = sum(bool(b and not a) for a, b in cells)
    return FieldAgreement(table, column, kind, identifies, len(cells), only_a, only_b, said, filled)


def _measured(line: FieldAgreement, pairs: tuple[NumberPair, ...]) -> FieldAgreement:
    """Add what is told of numbers."""
    every = [x for pair in pairs for x in (pair.a, pair.b)]
    ratio = bool(every) and min(every) > 0 and max(every) >= DECADE * min(every)
    apart = [2 * abs(p.a - p.b) / (abs(p.a) + abs(p.b)) for p in pairs if p.a != p.b]
    return replace(
        line,
        icc=absolute_icc([(log(p.a), log(p.b)) if ratio else (p.a, p.b) for p in pairs]),
        limits=limits_of_agreement([p.a for p in pairs], [p.b for p in pairs], ratio),
        apart=median(apart) if apart else None,
        pairs=pairs,
    )
