"""Which disagreements matter: each is tried, with A's cell and with B's, and the worst come first.

The order is that in which two people should talk: first by how many verdicts on an analysis turn
(its interval leaves no effect, reaches it, or changes sides), then by how many certainties do,
then by the largest shift of an estimate in standard errors of A's, then by how many analyses move
at all. Where an analysis gains its first estimate or loses its only one, nothing measures the
shift, and it counts as the largest. What could not be tried follows, and last what moves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from ketameta.configuration import Configuration
from ketameta.evidence.certainty import NOT_RATED
from ketameta.evidence.changes import Move, compare
from ketameta.evidence.edits import Edit
from ketameta.evidence.references import standing
from ketameta.evidence.refits import Refits
from ketameta.evidence.rows import entered_of
from ketameta.extraction.records import Disagreement, Impact, Record, Tables
from ketameta.tables.raw import RESULT_TABLES
from ketameta.vocabulary.narrowing import named


def ranked(
    tables: Tables, disagreements: Iterable[Disagreement], configuration: Configuration
) -> list[Impact]:
    """Return the impact of every disagreement on the results of A's tables, the largest first.

    Analyses are those of the configuration, with the narrowed ones that claims ask for; their
    variants are left out. Rows of A that cannot be pooled for a fault are left out, with what
    rests on them.
    """
    configuration = configuration.asked(named(tables.get("claims", [])))
    before = Refits(standing(tables))
    return sorted((_tried(one, before, configuration) for one in disagreements), key=_order)


def _tried(one: Disagreement, before: Refits, configuration: Configuration) -> Impact:
    """Fit the analyses that a disagreement reaches with A's cell and with B's."""
    if fault := _fault(one.edit):
        return Impact(one, (), None, (), fault)
    try:
        after = before.edited(one.edit)
        if isinstance(after, str):
            return Impact(one, (), None, (), after)
        moves = _moves(before, after, configuration)
    except KeyError as error:
        return Impact(one, (), None, (), f"{error} is not a known word")
    shifts = [_shift(move) for move in moves]
    return Impact(
        one,
        tuple(move.analysis for move in moves),
        None if math.inf in shifts else max(shifts, default=0.0),
        tuple(move.analysis for move in moves if move.flipped or _regraded(move)),
        moves=tuple(moves),
    )


def _moves(before: Refits, after: Refits, configuration: Configuration) -> list[Move]:
    """Return the analyses that move, those that turn first, then by how far they move."""
    outcomes = after.outcomes
    reached = [a for a in configuration if a.select.outcome in outcomes]
    pairs = [(before.rated(analysis), after.rated(analysis)) for analysis in reached]
    other = [(old, new) for old, new in pairs if new is not old]
    moves = compare([old for old, _ in other], [new for _, new in other])
    return sorted(
        (move for move in moves if move.moved),
        key=lambda m: (not m.flipped, not _regraded(m), -_shift(m), m.analysis),
    )


def _shift(move: Move) -> float:
    """Return how far an analysis moves, in standard errors; without bound where nothing tells."""
    ends = [side["estimate"] if side else None for side in (move.old, move.new)]
    if ends == [None, None]:
        return 0.0
    return math.inf if move.in_se is None else abs(move.in_se)


def _regraded(move: Move) -> bool:
    """Say whether an analysis that is rated before and after has another certainty."""
    ends = [
        (side["certainty"], side["certainty_best"]) if side else (NOT_RATED, NOT_RATED)
        for side in (move.old, move.new)
    ]
    return ends[0] != ends[1] and all(low != NOT_RATED for low, _ in ends)


def _fault(edit: Edit) -> str:
    """Say which cell of B is no value that could be pooled; empty where all are."""
    for change in edit.changes:
        row: Record = change.new or {}
        entered = entered_of(row) if row else {}
        for column in RESULT_TABLES[change.table].columns if row else ():
            if row.get(column.name) is None:
                if text := entered.get(column.name):
                    return f"{column.name} of B has a fault: {text}"
                if column.required:
                    return f"{column.name} of B is empty"
    return ""


def _order(impact: Impact) -> tuple[object, ...]:
    """Return what sorts impacts; nothing in it hangs on the order of rows or files."""
    one, moves = impact.disagreement, impact.moves
    flipped, regraded = sum(m.flipped for m in moves), sum(map(_regraded, moves))
    shift = math.inf if impact.shift is None else impact.shift
    how_far = (-flipped, -regraded, -shift, -len(moves)) if moves else (0, 0, 0.0, 0)
    rank = 0 if moves else 1 if impact.problem else 2
    return (rank, *how_far, one.table, one.trial_id, one.row, one.column, one.a, one.b)
