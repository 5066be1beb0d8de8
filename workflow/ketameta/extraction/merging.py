"""One set of tables made of two extractions, of what people decided, and of corrections.

What changes is said table by table; nothing is read or written here. A's rows and cells stay as
they are but for what was decided.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ketameta.evidence.rows import ADDED, OWNERS
from ketameta.extraction.adjudication import (
    ENDED,
    At,
    DecidedDisagreement,
    DecisionLine,
    decided_as,
    settled,
)
from ketameta.extraction.cells import FREE, column_of, same_cell
from ketameta.extraction.corrections import Left, Located
from ketameta.extraction.editing import Edits
from ketameta.extraction.matching import Owner, owner_of, owners_of_b
from ketameta.extraction.recording import Signed, add_rows, corrected, readings, recorded
from ketameta.extraction.records import Disagreement, Match, Matching, Side
from ketameta.extraction.sides import RATER
from ketameta.ingest.cells import CellError, parse_cell
from ketameta.ingest.decisions import plain_value, unlike_both
from ketameta.ingest.rows import TextTable
from ketameta.tables.collection import Tables
from ketameta.tables.decisions import BOTH, OTHER, ROW, A, B, decision
from ketameta.tables.decisions import Decided as Decisions
from ketameta.tables.identity import decision_names, identity
from ketameta.tables.parts import Placed
from ketameta.tables.problems import escaped, shown
from ketameta.tables.raw import RAW_KINDS, RESULT_TABLES, ROB2_ANSWERS
from ketameta.tables.table import Row
from ketameta.tables.upkeep import ADJUDICATION, READINGS
from ketameta.vocabulary import vocabulary

# how the flag of a row starts that stands beside the one that is pooled
CONFLICT = "conflict"
_LISTED = 40


class MergeRefusedError(ValueError):
    """What must be settled before anything can be merged, a line each; of many the first."""

    def __init__(self, lines: Sequence[str]) -> None:
        more = len(lines) - _LISTED
        rest = [f"and {more:,} more"] if more > 0 else []
        super().__init__("\n".join([*map(escaped, lines[:_LISTED]), *rest]))


@dataclass(frozen=True, slots=True)
class Merge:
    """What changes, by table, records of it among them.

    ``conflicts`` counts the rows added beside others; ``applied`` and ``left`` are corrections.
    """

    edits: Mapping[str, Edits]
    conflicts: int = 0
    applied: tuple[Located, ...] = ()
    left: tuple[Left, ...] = ()


def without_rater(texts: Mapping[str, TextTable], done: Merge, rater: str) -> Merge:
    """Take the rows of the second rater out of the place of both, and the column that tells whose.

    Answers about bias keep theirs: several raters are at home there. Raises `MergeRefusedError`
    where a third rater has rows: whose they would be then is not known.
    """
    edits = defaultdict(Edits, done.edits)
    raters: set[str] = set()
    for table, text in texts.items():
        if RATER.name in text.missing or table == ROB2_ANSWERS.name or table not in RESULT_TABLES:
            continue
        edits[table].dropped.add(RATER.name)
        raters |= {row.cells[RATER.name] for row in text.rows}
        edits[table].removed |= {r.line for r in text.rows if r.cells[RATER.name] == rater}
    if len(raters - {""}) > 2:
        raise MergeRefusedError(
            [f"there are rows of more raters: {', '.join(sorted(raters - {''}))}"]
        )
    return replace(done, edits=dict(edits))


def set_aside(a: Side, b: Side, record: Sequence[Mapping[str, str]]) -> tuple[Side, Side]:
    """Leave out the rows of A that an earlier merge put beside others, as their sources conflict.

    They are B's rows of then: held against B they would be taken for the row that is pooled. A B
    that was made from A may have them as well.
    """
    both: dict[tuple[str, str], list[Mapping[str, str]]] = defaultdict(list)
    for cells in record:
        schema = RESULT_TABLES.get(cells.get("table", ""))
        known = schema and {"flag", cells.get("column")} <= set(schema.names)
        if known and cells.get("decision") == BOTH:
            both[cells["table"], cells.get("row", "")].append(cells)
    if not both:
        return a, b

    def beside(row: Placed, at: tuple[str, str]) -> bool:
        """Say whether a row has B's cells, and else the name of the row that is pooled."""
        cells = row.entered
        of_b = [c for c in both[at] if _holds(cells, c, "b")]
        named = {**cells, **{c["column"]: c.get("a", "") for c in of_b}}
        return (
            bool(of_b)
            and _kept_out(cells.get("flag", ""))
            and at[1] in decision_names(at[0], named)
        )

    def without(side: Side, places: Sequence[tuple[str, str]]) -> Side:
        own: dict[type[Row], list[Placed]] = {}
        for kind in {RAW_KINDS[table] for table, _ in places}:
            rows = side.tables.get(kind)
            own[kind] = [row for row in rows if not any(beside(row, at) for at in places)]
        return replace(side, tables=side.tables | Tables(own))

    tables = {table for table, _ in both}
    of_a, of_b = (
        {table: [row.entered for row in side.tables.get(RAW_KINDS[table])] for table in tables}
        for side in (a, b)
    )

    def pooled(rows: Mapping[str, Sequence[Mapping[str, str]]], at: tuple[str, str]) -> int:
        """Count the rows of a name that have A's cells: several may bear one name."""
        named = [cells for cells in rows[at[0]] if at[1] in decision_names(at[0], cells)]
        return sum(any(_holds(cells, c, "a") for c in both[at]) for cells in named)

    # B has A's rows as well, all of them
    twice = [at for at in both if pooled(of_b, at) >= max(pooled(of_a, at), 1)]
    return without(a, list(both)), without(b, twice)


def _holds(cells: Mapping[str, str], line: Mapping[str, str], side: str) -> bool:
    """Say whether a row has the cell of a side, ``a`` or ``b``, as a line has it."""
    column = column_of(line["table"], line["column"])
    return same_cell(column, cells.get(column.name, ""), line.get(side, ""))


def decide(
    found: Sequence[Disagreement],
    lines: Sequence[DecisionLine],
    record: Sequence[Mapping[str, str]],
) -> list[DecidedDisagreement]:
    """Return each disagreement with the line that decides it, but those settled before.

    Raises `MergeRefusedError` where a line is open or missing, fits no disagreement, or decides
    otherwise than what was recorded.
    """
    by_id = {line.id: line for line in reversed(lines)}
    before = {cells.get("id", ""): cells for cells in record}
    known_ids = {one.id for one in settled(found, record)}
    decided: list[DecidedDisagreement] = []
    faults: list[tuple[DecisionLine, str]] = []
    left: list[tuple[DecisionLine | None, Disagreement]] = []
    for one in found:
        line = next((by_id[name] for name in one.ids if name in by_id), None)
        known = one.id in known_ids
        if line is None and one.column in FREE:
            continue  # text beside the numbers: A's stands where nobody asks
        if line is None or not line.decision:
            if not known:
                left.append((line, one))
        elif (known_as := _recorded(one, before)) and decided_as(before[known_as]) != decided_as(
            line.cells
        ):
            earlier = f"{decided_as(before[known_as])} was decided before"
            message = f"{decided_as(line.cells)}, but {earlier} ({known_as} in adjudication): "
            faults.append((line, message + "take that row out there to decide anew"))
        elif fault := _fault(one, line):
            faults.append((line, f"{fault}: {_named(one)}"))
        elif not known:
            decided.append(DecidedDisagreement(one, line))
    for line in _stale(found, lines):
        if decided_as(before.get(line.id, {})) != decided_as(line.cells):
            message = "is no disagreement of the two: has one changed since?"
            faults.append((line, f"{line.id} {message}"))
    if faults or left:
        raise MergeRefusedError(_refusal(lines, faults, left))
    return decided


def _refusal(
    lines: Sequence[DecisionLine],
    faults: Iterable[tuple[DecisionLine, str]],
    left: Sequence[tuple[DecisionLine | None, Disagreement]],
) -> list[str]:
    """Return what is to be settled: how much is open and what to do, then by the order of lines."""
    at = {line.place: number for number, line in enumerate(lines)}
    told = [(at[line.place], f"{line.place}: {message}") for line, message in faults]
    told += [
        (at[line.place], f"{line.place}: is open: {_named(one)}")
        if line
        else (len(lines), f"has no line: {_named(one)}")
        for line, one in left
    ]
    head = []
    if count := len({line.place for line, _ in left if line}):
        head.append(
            f"{count:,} of {len(lines):,} lines {'is' if count == 1 else 'are'} open: fill in "
            "decision (A, B, other with a value, or both), reason and role"
        )
    without = [one for line, one in left if line is None]
    if without:
        what = "difference has" if len(without) == 1 else "differences have"
        head.append(
            f"{len(without):,} {what} no line: "
            "ketameta compare --adjudicate FILE adds what is lacking and keeps what is decided"
        )
    if any(one.a == ROW for one in without):
        head.append(
            "some are rows that A alone has: of a sample (--sample) or a batch (--batch) these "
            "need no line"
        )
    return head + [text for _, text in sorted(told, key=lambda one: one[0])]


def _recorded(one: Disagreement, before: Mapping[str, object]) -> str:
    """Return the name under which something was decided before; empty where nothing was."""
    return next((name for name in one.ids if name in before), "")


def _stale(found: Sequence[Disagreement], lines: Sequence[DecisionLine]) -> list[DecisionLine]:
    """Return the decided lines of what does not disagree, but those known to have ended."""
    there = {name for one in found for name in one.ids}
    rest = [line for line in lines if line.id not in there and line.decision]
    return [line for line in rest if line.cells.get("likely") != ENDED]


def _fault(one: Disagreement, line: DecisionLine) -> str:
    """Say why a decision cannot be carried out on its cell; empty where it can."""
    if not one.column:
        return "" if line.decision in (A, B) else "of a whole row decide A or B"
    schema = RESULT_TABLES[one.table]
    try:
        if line.decision == OTHER:
            plain_value(line.cells.get("value", ""), schema[one.column])
        elif line.decision == B:
            parse_cell(one.b, schema[one.column])
    except CellError as error:
        return str(error)
    return unlike_both(one.table, one.column) if line.decision == BOTH else ""


def _named(one: Disagreement) -> str:
    what = f" {one.column}: {shown(one.a)} and {shown(one.b)}" if one.column else ""
    places = " and ".join(filter(None, (one.place_a, one.place_b)))
    return f"{one.table} / {one.named}{what} ({places})"


def merged(
    found: Sequence[Disagreement],
    decided: Sequence[DecidedDisagreement],
    matching: Matching,
    placed: tuple[Sequence[Located], Sequence[Left]],
    texts: Mapping[str, TextTable],
    signed: Signed,
) -> Merge:
    """Return what changes in A's tables ``texts``, records of it among them.

    Raises `MergeRefusedError` where a correction and a decision say different things of a cell.
    """
    edits: dict[str, Edits] = defaultdict(Edits)
    conflicts = _carry(decided, matching, texts, edits)
    applied, left = placed
    _correct(applied, decided, edits)
    of_b = owners_of_b(matching.matches, matching.only_b)
    record = [recorded(one, texts, edits, signed) for one in decided if not _silent(one, of_b)]
    record += [corrected(one, texts, edits, signed) for one in applied]
    add_rows(record, ADJUDICATION, texts, edits)
    if signed.role:
        before = texts[ADJUDICATION.name].rows if ADJUDICATION.name in texts else []
        known = Decisions([decision(cells) for cells in (*(row.cells for row in before), *record)])
        noted = texts[READINGS.name].rows if READINGS.name in texts else []
        there = {(row.cells.get("table", ""), row.cells.get("row", "")) for row in noted}
        add_rows(readings(matching, known, edits, signed, there), READINGS, texts, edits)
    changed = {name: own for name, own in edits.items() if own}
    return Merge(changed, conflicts, tuple(applied), tuple(left))


def _silent(one: DecidedDisagreement, of_b: set[Owner | None]) -> bool:
    """Say whether a row of A stays of whose trial, or review, B has nothing: none was decided.

    Nor of a row that names none, which no record could name either.
    """
    if one.found.column or one.line.decision != A or one.found.a != ROW:
        return False
    return owner_of(one.found.edit.changes[0].row) not in of_b


def _carry(
    decided: Sequence[DecidedDisagreement],
    matching: Matching,
    texts: Mapping[str, TextTable],
    edits: dict[str, Edits],
) -> int:
    """Make the edits that were decided; return how many rows were added beside others."""
    rows: dict[At, list[DecidedDisagreement]] = defaultdict(list)
    for one in decided:
        if one.found.column:
            rows[one.at].append(one)
        elif one.line.decision == B:
            for change in one.found.edit.changes:
                if change.kind == ADDED:
                    cells = change.row.entered
                    place = _below(change.table, cells, texts)
                    edits[change.table].added.append((place, cells))
                else:
                    edits[change.table].removed.add(change.row.line)
    pairs = {(m.table, m.a.line): m for m in matching.matches}
    conflicts = 0
    for (table, line), own in rows.items():
        for one in own:
            if one.cell != one.found.a:
                edits[table].change(line, one.found.column, one.cell)
        if any(one.line.decision == BOTH for one in own):
            edits[table].added.append((line, _beside(pairs[table, line], own)))
            conflicts += 1
    return conflicts


def _beside(match: Match, own: Sequence[DecidedDisagreement]) -> dict[str, str]:
    """Return B's row as it stands beside A's: kept from pools, cells decided otherwise as decided.

    A flag that keeps it from pools already is left as it is.
    """
    cells, of_a = dict(match.b.entered), match.a.entered
    unlike = {one.found.column: one for one in own}
    # what names the row and does not differ is spelt as A has it
    named = [name for name in identity(match.table) if name not in unlike and name != "flag"]
    cells |= {name: of_a.get(name, "") for name in named}
    cells |= {name: one.cell for name, one in unlike.items() if one.line.decision != BOTH}
    flag = cells.get("flag", "")
    if not _kept_out(flag):
        standing = [one.found.column for one in own if one.line.decision == BOTH]
        said = f"{CONFLICT}: another source gives another value of {' and '.join(standing)}"
        cells["flag"] = "; ".join(filter(None, (said, flag)))
    return cells


def _kept_out(flag: str) -> bool:
    """Say whether a flag keeps a row out of every pool."""
    return (vocabulary().flag_rule(flag) or {"use": ""})["use"] == "never"


def _below(table: str, cells: Mapping[str, str], texts: Mapping[str, TextTable]) -> int:
    """Return the line below which a new row goes: the last of its trial, or of all."""
    owner = next((name for name in OWNERS if name in RESULT_TABLES[table].names), "")
    lines = [r.line for r in texts[table].rows if r.cells.get(owner) == cells.get(owner)]
    return lines[-1] if lines else 0


def _correct(
    applied: Iterable[Located], decided: Iterable[DecidedDisagreement], edits: dict[str, Edits]
) -> None:
    by_cell = {(*one.at, one.found.column): one for one in decided if one.found.column}
    faults = []
    for placed in applied:
        one = placed.correction
        other = by_cell.get((one.table, placed.line, one.column))
        if other is not None and other.cell != one.new:
            faults.append(
                f"{one.place}: {one.target} is to be {shown(one.new)}, but {other.line.place} "
                f"decides {other.line.decision}: {shown(other.cell)}"
            )
        elif placed.line in edits[one.table].removed:
            faults.append(f"{one.place}: the row of {one.target} is decided to go")
        else:
            edits[one.table].change(placed.line, one.column, one.new)
    if faults:
        raise MergeRefusedError(faults)
