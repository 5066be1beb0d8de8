"""What a disagreement does: fitted with A's cell and with B's, alone or with its row.

A cell is tried alone: so its line is decided. It is tried with its row, that is with the other
cells in which this differs (an answer about bias: with those of its domain), where

- alone it breaks a rule of ingest or needs another edit, or has a warning that the row has not: an
  estimate that lost its sign lies outside its interval;
- the others do not stand without it: the last limit of that interval;
- the row turns what none of its cells turns alone, or moves something though none of them does,
  and does not so without this cell: a mean and its SD where A has neither.

A slip that several rows of a trial have in the same way (`slips`) is tried in all of them.

Cells that each move something are told alone though together they may move more, such as mean and
SD of another visit: a line says what it does itself, and its neighbours stand beside it. A row of
one cell is fitted once, one of n cells n + 1 times, and where it turns more 2n + 1 times.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ketameta.configuration import Configuration
from ketameta.evidence.certainty import NOT_RATED
from ketameta.evidence.changes import Move, compare, compare_claims
from ketameta.evidence.edits import Edit, edits, rows_joined
from ketameta.evidence.rated import result_of
from ketameta.evidence.reclaimed import ClaimsToJudge
from ketameta.evidence.references import NEEDS
from ketameta.evidence.refits import RefittedTables
from ketameta.evidence.rows import RowChange, with_cells
from ketameta.extraction.cells import FREE
from ketameta.extraction.records import Disagreement, Impact
from ketameta.extraction.rules import Broken, Rules, row_key
from ketameta.tables.collection import Tables
from ketameta.tables.decisions import ROW
from ketameta.tables.raw import (
    RESULT_TABLES,
    ROB2_ANSWERS,
    ClaimRow,
    ContrastRow,
    OutcomeRow,
    Rob2AnswerRow,
)
from ketameta.tables.rob2 import domain_of

# no number, weight or rating comes from these, nor from what is read by people alone
TOLD = (
    *FREE,
    *("label", "registration", "doi", "pmid", "country", "population_note", "setting"),
    *("blinding", "funding", "arm_label", "analysis_set_as_reported"),
    *("registered_on", "started_on"),
)


def by_row(cells: Iterable[Disagreement]) -> list[list[Disagreement]]:
    """Return cells by what they are tried with: their row, or their domain of bias."""
    found: dict[tuple[object, ...], list[Disagreement]] = {}
    for one in cells:
        key: tuple[object, ...] = (one.table, one.place_a)
        if one.table == ROB2_ANSWERS.name:
            row = one.edit.changes[0].row
            assert isinstance(row, Rob2AnswerRow)
            key = (row.trial_id, row.outcome, row.rater, domain_of(row.question))
        found.setdefault(key, []).append(one)
    return list(found.values())


class Trying:
    """A's tables, to be tried with one cell or row of B after the other."""

    def __init__(self, tables: Tables, configuration: Configuration) -> None:
        """Take the rows that stand, and the analyses to fit."""
        self.before, self.configuration = RefittedTables(tables), configuration
        self._claims = ClaimsToJudge(tables[ClaimRow], configuration)
        self._said = self._claims.verdicts(self.before)
        self._rules = Rules(tables)
        self._asked = {analysis.select.outcome for analysis in configuration}

    def rows(self, every: Sequence[Disagreement]) -> list[Impact]:
        """Try what one side alone has; a new row with those of the other arms that are sound."""
        new = [one.edit for one in every if one.b == ROW and not _fault(one.edit)]
        joined = {id(change): edit for edit in rows_joined(new) for change in edit.changes}
        found = []
        for one in every:
            edit = joined.get(id(one.edit.changes[0]), one.edit)
            if edit is not one.edit and self._rules.broken(edit).error:
                edit = one.edit
            found.append(self._tried(one, edit)[0])
        return found

    def cells(self, every: Sequence[Disagreement]) -> list[Impact]:
        """Try the cells of a row that differ, each alone, or with its row where that is needed."""
        tried = [self._tried(one, one.edit) for one in every]
        found = [impact for impact, _ in tried]
        sound = [place for place, one in enumerate(every) if not _fault(one.edit)]
        if len(sound) < 2:
            return found
        whole, broken = self._joint(every, sound)
        if whole.problem:
            return found

        def lame(at: tuple[Impact, Broken]) -> bool:
            """Say whether an edit does not stand, or has a warning that the row has not."""
            return bool(at[0].problem or (at[1].warning and not broken.warning))

        chosen = {place for place in sound if lame(tried[place])}
        extra = _turned(whole).difference(*(_turned(found[place]) for place in sound))
        rest = {}
        if chosen or extra:
            for place in set(sound) - chosen:
                others = [other for other in sound if other != place]
                one = others[0]
                rest[place] = tried[one] if len(others) == 1 else self._joint(every, others)
        needed = {place for place, left in rest.items() if chosen and lame(left)}
        needed |= {place for place, left in rest.items() if extra - _turned(left[0])}
        chosen = chosen | needed or (set(sound) if extra else set())
        return [
            replace(whole, disagreement=impact.disagreement) if place in chosen else impact
            for place, impact in enumerate(found)
        ]

    def slip(self, every: Sequence[Disagreement]) -> list[Impact]:
        """Try cells that differ in the same way as one edit; none where that does not stand."""
        sound = [place for place, one in enumerate(every) if not _fault(one.edit)]
        if len(sound) < 2:
            return []
        whole, _ = self._joint(every, sound)
        if whole.problem:
            return []
        return [replace(whole, disagreement=every[at], slip=len(sound)) for at in sound]

    def _joint(self, every: Sequence[Disagreement], places: Sequence[int]) -> tuple[Impact, Broken]:
        """Try some cells of a row as one edit."""
        edit = joint([every[place].edit for place in places])
        impact, broken = self._tried(every[places[0]], edit)
        return replace(impact, row=edit.name), broken

    def _tried(self, one: Disagreement, edit: Edit) -> tuple[Impact, Broken]:
        """Fit the analyses that an edit reaches with A's cells and with B's, where it stands."""
        if fault := _fault(edit):
            return Impact(one, (), None, (), fault), Broken()
        broken = self._rules.broken(edit)
        try:
            # what an edit needs says more than the rule that it breaks
            after = self.before.edited(edit)
            if isinstance(after, str) or broken.error:
                problem = after if isinstance(after, str) else broken.error
                return Impact(one, (), None, (), problem), broken
            moves, claims = self._moves(after), self._claims.verdicts(after)
        except KeyError as error:
            return Impact(one, (), None, (), f"{error} is not a known word"), broken
        shifts = [_shift(move) for move in moves]
        impact = Impact(
            one,
            tuple(move.analysis for move in moves),
            None if math.inf in shifts else max(shifts, default=0.0),
            tuple(move.analysis for move in moves if move.flipped or regraded(move)),
            moves=tuple(moves),
            claims=compare_claims(self._said, claims),
            asked=self._is_asked(edit),
        )
        return impact, broken

    def _is_asked(self, edit: Edit) -> bool:
        """Say whether an analysis asks for the outcome of a row, or an edit is of other tables."""
        rows = [row for c in edit.changes for row in (c.old, c.new) if row is not None]
        results = [row for row in rows if isinstance(row, OutcomeRow | ContrastRow)]
        return len(results) < len(rows) or any(row.outcome in self._asked for row in results)

    def _moves(self, after: RefittedTables) -> list[Move]:
        """Return the analyses that move, those that turn first, then by how far they move."""
        outcomes = after.outcomes
        reached = [a for a in self.configuration if a.select.outcome in outcomes]
        pairs = [(self.before.rated(analysis), after.rated(analysis)) for analysis in reached]
        other = [(old, new) for old, new in pairs if new is not old]
        moves = compare([result_of(old) for old, _ in other], [result_of(new) for _, new in other])
        return sorted(
            (move for move in moves if move.moved),
            key=lambda m: (not m.flipped, not regraded(m), -_shift(m), m.analysis),
        )


def joint(found: Iterable[Edit]) -> Edit:
    """Return several edits of cells as one: each row with all its cells of B."""
    rows: dict[tuple[str, str, int], RowChange] = {}
    for change in (change for edit in found for change in edit.changes):
        assert change.old is not None
        known = rows.setdefault(row_key(change.table, change.old), change)
        if known is not change:
            rows[row_key(change.table, change.old)] = _with(known, change)
    parts = edits([*rows.values()], RESULT_TABLES)
    return Edit("; ".join(part.name for part in parts), parts[0].trial, tuple(rows.values()))


def _with(one: RowChange, other: RowChange) -> RowChange:
    """Return the change of a row with the cells of another change of it."""
    assert one.new is not None
    assert other.new is not None
    cells = {cell.column: cell for cell in (*one.cells, *other.cells)}
    texts = {cell.column: cell.new for cell in other.cells}
    new = with_cells(one.table, one.new, texts, {name: getattr(other.new, name) for name in texts})
    return replace(one, new=new, cells=tuple(cells.values()))


def _turned(impact: Impact) -> set[str]:
    """Return the analyses and claims that turn; and whether anything moves."""
    claims = (claim.claim_id for claim in impact.claims if claim.flipped)
    moves = ("",) if impact.moves or impact.claims else ()
    return {*impact.flips, *claims, *moves}


def _shift(move: Move) -> float:
    """Return how far an analysis moves, in standard errors; without bound where nothing tells."""
    ends = [side.estimate if side else None for side in (move.old, move.new)]
    if ends == [None, None]:
        return 0.0
    return math.inf if move.in_se is None else abs(move.in_se)


def regraded(move: Move) -> bool:
    """Say whether an analysis that is rated before and after has another certainty."""
    ends = [
        (side.certainty, side.certainty_best) if side else (NOT_RATED, NOT_RATED)
        for side in (move.old, move.new)
    ]
    return ends[0] != ends[1] and all(low != NOT_RATED for low, _ in ends)


def _fault(edit: Edit) -> str:
    """Say why the cells of B cannot be pooled, or those of A beside them; empty where they can."""
    for change in edit.changes:
        if (row := change.new) is None:
            continue
        entered = row.entered
        of_b = {cell.column for cell in change.cells} or {*RESULT_TABLES[change.table].names}
        for column in RESULT_TABLES[change.table].columns:
            if getattr(row, column.name) is not None:
                continue
            if column.name in of_b and (text := entered.get(column.name)):
                return f"{column.name} of B has a fault: {text}"
            if column.required:
                own = f"{column.name} of B is empty"
                return own if column.name in of_b else f"{NEEDS}{column.name} of the same row"
    return ""
