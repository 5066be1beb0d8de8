"""Which disagreements matter: each is tried, with A's cell and with B's, and the worst come first.

The order is that in which two people should talk: first by how many verdicts turn (of an analysis,
whose interval leaves no effect, reaches it or changes sides, and of a claim, on which the trials
change sides), then by how many certainties do, then by the largest shift of an estimate in standard
errors of A's, then by how many analyses move at all. Where an analysis gains its first estimate or
loses its only one, nothing measures the shift, and it counts as the largest. What could not be
tried follows, and last what moves nothing. Equals stand by table, trial, row and column.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from ketameta.configuration import Configuration
from ketameta.evidence.certainty import NOT_RATED
from ketameta.evidence.changes import Move, compare, compare_claims
from ketameta.evidence.edits import Edit, together
from ketameta.evidence.reclaimed import Claims
from ketameta.evidence.references import NEEDS, standing
from ketameta.evidence.refits import Refits
from ketameta.evidence.rows import entered_of
from ketameta.extraction.cells import FREE
from ketameta.extraction.records import ROW, Disagreement, Impact, Tables
from ketameta.tables.raw import RESULT_TABLES
from ketameta.vocabulary.narrowing import named

# no number, weight or rating comes from these, nor from what is read by people alone
TOLD = (
    *FREE,
    *("label", "registration", "doi", "pmid", "country", "population_note", "setting"),
    *("blinding", "funding", "arm_label", "analysis_set_as_reported"),
)


def ranked(
    tables: Tables, disagreements: Iterable[Disagreement], configuration: Configuration
) -> list[Impact]:
    """Return the impact of every disagreement on the results of A's tables, the largest first.

    Analyses are those of the configuration, with the narrowed ones that claims ask for; their
    variants are left out. Rows of A that cannot be pooled for a fault are left out, with what
    rests on them. A row that B alone has is tried with those of the other arms at its place.
    """
    whole = standing(tables)
    configuration = configuration.asked(named(whole["claims"]))
    trial = _Trial(Refits(whole), configuration, Claims(whole["claims"], configuration))
    every = list(disagreements)
    new = [d.edit for d in every if d.b == ROW and not d.column and not _fault(d.edit)]
    joined = {id(change): edit for edit in together(new) for change in edit.changes}
    return sorted(
        (trial.of(one, joined.get(id(one.edit.changes[0]), one.edit)) for one in every), key=_order
    )


class _Trial:
    """A's tables, to be tried with one cell or row of B after the other."""

    def __init__(self, before: Refits, configuration: Configuration, claims: Claims) -> None:
        self.before, self.configuration, self.claims = before, configuration, claims
        self.said = claims.verdicts(before)

    def of(self, one: Disagreement, edit: Edit) -> Impact:
        """Fit the analyses that a disagreement reaches with A's cell and with B's, by its edit."""
        if one.column in TOLD:
            return Impact(one, (), 0.0, ())
        if fault := _fault(edit):
            return Impact(one, (), None, (), fault)
        try:
            after = self.before.edited(edit)
            if isinstance(after, str):
                return Impact(one, (), None, (), after)
            moves, claims = self._moves(after), self.claims.verdicts(after)
        except KeyError as error:
            return Impact(one, (), None, (), f"{error} is not a known word")
        shifts = [_shift(move) for move in moves]
        return Impact(
            one,
            tuple(move.analysis for move in moves),
            None if math.inf in shifts else max(shifts, default=0.0),
            tuple(move.analysis for move in moves if move.flipped or _regraded(move)),
            moves=tuple(moves),
            claims=compare_claims(self.said, claims),
        )

    def _moves(self, after: Refits) -> list[Move]:
        """Return the analyses that move, those that turn first, then by how far they move."""
        outcomes = after.outcomes
        reached = [a for a in self.configuration if a.select.outcome in outcomes]
        pairs = [(self.before.rated(analysis), after.rated(analysis)) for analysis in reached]
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
    """Say why the cells of B cannot be pooled, or those of A beside them; empty where they can."""
    for change in edit.changes:
        if (row := change.new) is None:
            continue
        entered = entered_of(row)
        of_b = {cell.column for cell in change.cells} or {*RESULT_TABLES[change.table].names}
        for column in RESULT_TABLES[change.table].columns:
            if row.get(column.name) is not None:
                continue
            if column.name in of_b and (text := entered.get(column.name)):
                return f"{column.name} of B has a fault: {text}"
            if column.required:
                own = f"{column.name} of B is empty"
                return own if column.name in of_b else f"{NEEDS}{column.name} of the same row"
    return ""


def _order(impact: Impact) -> tuple[object, ...]:
    """Return what sorts impacts; nothing in it hangs on the order of rows or files."""
    one, moves = impact.disagreement, impact.moves
    turned = sum(m.flipped for m in moves) + sum(claim.flipped for claim in impact.claims)
    shift = math.inf if impact.shift is None else impact.shift
    how_far = (-turned, -sum(map(_regraded, moves)), -shift, -len(moves), -len(impact.claims))
    rank = 1 if impact.problem else 0 if moves or impact.claims else 2
    return (rank, *how_far, one.table, one.trial_id, one.row, one.column, one.a, one.b)
