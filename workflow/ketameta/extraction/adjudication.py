"""The file in which people decide: a line a disagreement, as CSV or a workbook, and back.

Only what people write is read back: a line's name and its decision, value, reason, role, date,
source and locator. What stands beside is for reading; a spreadsheet may have changed it.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ketameta.extraction.cells import column_of, same_cell
from ketameta.extraction.records import Disagreement, Impact, tried_with
from ketameta.ingest.cells import CellError, parse_number
from ketameta.ingest.decisions import fault_decisions, plain_value
from ketameta.ingest.formats import delimited_text
from ketameta.ingest.places import EXCEL, read_table_file
from ketameta.ingest.reader import DELIMITERS
from ketameta.ingest.rows import TextRow
from ketameta.ingest.sheet import typed
from ketameta.tables.columns import TableSchema, is_own, own_columns
from ketameta.tables.decisions import BOTH, CORRECTION, OTHER, ROW, A, B
from ketameta.tables.problems import ERROR, Problem
from ketameta.tables.raw import RESULT_TABLES
from ketameta.tables.upkeep import ADJUDICATION, EMPTY

Cells = dict[str, str]
# a row of a table, by the line on which it starts
At = tuple[str, int]
ENDINGS = (*DELIMITERS, EXCEL)
# what people write
DECIDED = ("decision", "value", "reason", "role", "date", "source", "locator")
# what a difference does
IMPACT = ("analyses", "shift", "flips")
_DECISIONS = {word.casefold(): word for word in (A, B, OTHER, BOTH)}
# stands in the column `likely` of a line that is kept though nothing disagrees any more
ENDED = "no disagreement any more"
_READ = ("id", "table", "column", *DECIDED)
# the table of the raw ones, but `correction` is no decision of people
LINES = replace(
    ADJUDICATION,
    columns=tuple(
        replace(column, words="decisions") if column.name == "decision" else column
        for column in ADJUDICATION.columns
    ),
    key=(),
)
_BESIDE = frozenset(LINES.names) - frozenset(_READ)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_WIDTHS = {
    **dict.fromkeys(("row", "place_a", "place_b", "matched", "likely"), 28),
    **dict.fromkeys(("a", "b", "analyses", "flips", "value", "source", "locator"), 18),
    "reason": 60,
}
ABOUT = (
    "One line a disagreement of extraction A and extraction B; the ones that move most come first.",
    "Fill the columns decision, reason and role of each line; point at a heading to read what it "
    "holds.",
    "A: the cell stays as extraction A has it. B: it becomes what extraction B has.",
    f"other: it becomes what stands in the column value; {EMPTY} makes it an empty cell.",
    "both: the sources conflict. A's cell stays as it is and B's row is added beside it, with a "
    "flag that keeps it from pools.",
    f"A line of a whole row, arm or trial has {ROW} on the side that has it. A: as in extraction "
    "A. B: as in extraction B, so that B of a row that A alone has takes it out.",
    "Write why in reason, and the name of a role (not of a person) in role.",
    "The other columns are for reading. Lines may be sorted; leave the column id as it is.",
    "A column of your own: give it a name that starts with x_.",
    "Then: ketameta merge A B FILE OUT",
)


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """One line as it stands in a file: its place, and its cells, those of own columns with them."""

    place: str
    cells: Mapping[str, str]

    @property
    def id(self) -> str:
        """The name of the line."""
        return self.cells.get("id", "")

    @property
    def decision(self) -> str:
        """What was decided; empty where the line is open."""
        return self.cells.get("decision", "")


@dataclass(frozen=True, slots=True)
class DecidedDisagreement:
    """A disagreement and the line that decides it."""

    found: Disagreement
    line: DecisionLine

    @property
    def at(self) -> At:
        """The row of A that a cell stands in."""
        return self.found.table, int(self.found.place_a.rpartition(":")[2])

    @property
    def cell(self) -> str:
        """What the cell of A is to be."""
        if self.line.decision == OTHER:
            column = RESULT_TABLES[self.found.table][self.found.column]
            return plain_value(self.line.cells.get("value", ""), column)
        return self.found.b if self.line.decision == B else self.found.a


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a file, and what is wrong with them: errors alone."""

    lines: tuple[DecisionLine, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def torn(self) -> list[Problem]:
        """The faults for which a file made anew would lose a line, a column or a decision."""
        return [p for p in self.problems if p.column not in LINES.names]


@dataclass(frozen=True, slots=True)
class Updated:
    """The lines of a file made anew, and what became of those that were there.

    ``kept`` bear a decision or a remark and still disagree; ``ended`` bear one
    and do not disagree any more, so they stand below; ``dropped`` were empty and are left out.
    """

    lines: tuple[Cells, ...]
    kept: int = 0
    ended: int = 0
    dropped: int = 0


def open_lines(impacts: Iterable[Impact]) -> list[Cells]:
    """Return an open line a disagreement, in the order of the impacts, by column as text."""
    found: list[Cells] = []
    for impact in impacts:
        one = impact.disagreement
        cells = {
            **about_cells(one),
            "row": _visible(one.named),
            "analyses": "; ".join(impact.analyses),
            "shift": "" if impact.shift is None else f"{abs(impact.shift):.3g}",
            "flips": "; ".join(impact.flips),
        }
        if impact.row:
            cells["likely"] = "; ".join(
                filter(None, (cells["likely"], f"tried {tried_with(impact)}"))
            )
        found.append(cells)
    return found


def about_cells(found: Disagreement) -> Cells:
    """Return the cells of a record that say what it is about."""
    names = (
        *("id", "table", "trial_id", "row", "column", "a", "b"),
        *("place_a", "place_b", "matched", "likely"),
    )
    return {name: _visible(getattr(found, name)) for name in names}


def take_new(
    found: Sequence[Cells], written: Mapping[str, str], *, of_a: bool = True
) -> list[Cells]:
    """Decide every line of a whole row, arm or trial so that nothing is lost: all rows stand.

    What B alone has is taken, what A alone has stays (left open without ``of_a``); ``written`` are
    the reason, role and date of each. Cells that differ are left open.
    """
    made = []
    for cells in found:
        taken = cells["b"] == ROW
        decided = not cells["column"] and (taken or of_a)
        made.append({**cells, "decision": B if taken else A, **written} if decided else {**cells})
    return made


def update(
    found: Sequence[Cells],
    before: Lines,
    ids: Mapping[str, Sequence[str]] | None = None,
    *,
    tried: bool = True,
) -> Updated:
    """Put what people wrote in a file into new lines, by the names of the lines.

    ``ids`` are all names of a line, by its own; one of an earlier version may be that of several.
    Where the differences were not ``tried`` lines that are there keep what was tried before, and
    their order; new ones stand below.

    New decisions (of `take_new`) stand where nobody decided yet. Of a file that is ``torn``
    something would be lost.
    """
    old = {line.id: line for line in before.lines if line.id}
    order = {name: number for number, name in enumerate(old)}
    keep = DECIDED if tried else (*DECIDED, *IMPACT)
    placed: list[tuple[int, Cells]] = []
    kept = 0
    used: set[str] = set()
    for cells in found:
        names = (ids or {}).get(cells["id"], (cells["id"],))
        line = next((old[name] for name in names if name in old), None)
        used.add(line.id if line else "")
        if line is None:
            placed.append((0 if tried else len(order), dict(cells)))
            continue
        kept += _worked_on(line)
        written = {n: c for n, c in line.cells.items() if (n in keep or is_own(n)) and c}
        new = {n: c for n, c in cells.items() if not (line.decision and n in DECIDED)}
        placed.append((0 if tried else order[line.id], {**new, **written}))
    made = [cells for _, cells in sorted(placed, key=lambda one: one[0])]
    old = {name: line for name, line in old.items() if name not in used}
    rest = [line for line in old.values() if _worked_on(line)]
    # a line that cannot be read by its name is kept as well
    rest += [line for line in before.lines if not line.id and _worked_on(line)]
    made += [{**line.cells, "likely": ENDED} for line in rest]
    return Updated(tuple(made), kept, len(rest), len(old) - sum(bool(x.id) for x in rest))


def _worked_on(line: DecisionLine) -> bool:
    return any(cell for name, cell in line.cells.items() if name in DECIDED or is_own(name))


def content(made: Sequence[Cells], ending: str) -> bytes:
    """Return the lines as a file of that ending, CSV, TSV or XLSX: the same bytes each time."""
    if ending == EXCEL:
        from ketameta.ingest.workbook_template import workbook_of

        table: dict[str, TableSchema] = {LINES.name: LINES}
        return workbook_of(table, {LINES.name: made}, ABOUT, _WIDTHS)
    names = [*LINES.names, *own_columns(made)]
    told = ({name: _harmless(name, cell) for name, cell in cells.items()} for cells in made)
    return delimited_text(names, told, ending).encode()


def _harmless(name: str, cell: str) -> str:
    """Return a cell that is for reading so that no spreadsheet runs it: B may be anybody's."""
    risky = name in _BESIDE and cell[:1] in ("=", "+", "-", "@") and parse_number(cell) is None
    return f"'{cell}" if risky else cell


def read_lines(path: Path) -> Lines:
    """Read the lines of a file, open ones too, and name every fault of what people write."""
    text = read_table_file(path, LINES)
    if not text.readable:
        return Lines(problems=tuple(text.problems))
    for row in text.rows:  # b is B
        typed_in = row.cells.get("decision", "")
        row.cells["decision"] = _DECISIONS.get(typed_in.casefold(), typed_in)
    sheet = typed(text)
    fault_decisions(sheet)
    found = [DecisionLine(f"{text.file}:{row.line}", _cells(row)) for row in text.rows]
    problems = [
        problem
        for problem in sheet.problems
        if problem.severity == ERROR and problem.column not in _BESIDE
    ]
    return Lines(tuple(found), (*problems, *_twice(found)))


def _cells(row: TextRow) -> Cells:
    """Return the filled cells of a line, its value as it is to stand in the table."""
    cells = row.filled
    value, schema = cells.get("value", EMPTY), RESULT_TABLES.get(cells.get("table", ""))
    if value != EMPTY and schema and cells.get("column") in schema.names:
        with suppress(CellError):  # a fault is told of it
            cells["value"] = plain_value(value, schema[cells["column"]])
    return cells


def _twice(found: Sequence[DecisionLine]) -> list[Problem]:
    """Name the lines that decide otherwise than an earlier line of the same name."""
    first: dict[str, DecisionLine] = {}
    problems = []
    for line in found:
        known = first.setdefault(line.id, line)
        if line.id and decided_as(known.cells) != decided_as(line.cells):
            file, _, number = line.place.rpartition(":")
            message = (
                f"{line.id} is decided twice: {decided_as(line.cells) or 'open'} here, "
                f"{decided_as(known.cells) or 'open'} at {known.place}"
            )
            problems.append(Problem(file, int(number), "", line.id, message))
    return problems


def decided_as(cells: Mapping[str, str]) -> str:
    """Return what a line decides: ``A``, ``other 28.5``; empty where it is open."""
    return f"{cells.get('decision', '')} {cells.get('value', '')}".strip()


def settled(
    found: Iterable[Disagreement], record: Sequence[Mapping[str, str]]
) -> list[Disagreement]:
    """Return those of which something decided before, and carried out, is what still differs.

    That is so where A's cell stays though B differs, where another value stands for both, and where
    A's cell was corrected from what B has. What was decided of a row is not of another of its name.
    """
    every = [(one, one.ids) for one in found]
    own = {ids[0] for one, ids in every if one.apart}
    return [
        one
        for one, ids in every
        for others in [own - {*ids}]
        if any(_settles(cells, one, ids, others) for cells in record)
    ]


def _settles(
    cells: Mapping[str, str], found: Disagreement, ids: Sequence[str], others: Container[str]
) -> bool:
    """Say whether a record settles what has these ``ids``; ``others`` are those of its like."""
    name = cells.get("id")
    if name in ids and cells.get("decision") in (A, BOTH):
        return True
    return (
        name not in others
        and (cells.get("table"), cells.get("column", "")) == (found.table, found.column)
        and cells.get("row", "") in (found.row, found.former or found.row)
        and _stands(cells, found)
    )


def _stands(cells: Mapping[str, str], found: Disagreement) -> bool:
    """Say whether A's cell is what was decided before against the cell that B has."""
    a, b, decision = cells.get("a", ""), cells.get("b", ""), cells.get("decision", "")
    if not found.column:
        return decision == A and (a, b) == (found.a, found.b)
    column = column_of(found.table, found.column)
    now, then = {A: (a, b), BOTH: (a, b), CORRECTION: (b, a)}.get(decision, ("", ""))
    if decision == OTHER:
        try:
            now, then = plain_value(cells.get("value", ""), column), b
        except CellError:
            return False
    known = decision in (A, BOTH, CORRECTION, OTHER)
    return (
        known
        and same_cell(column, now, _visible(found.a))
        and same_cell(column, then, _visible(found.b))
    )


def _visible(text: str) -> str:
    """Return a cell with escapes for what no table may hold."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
