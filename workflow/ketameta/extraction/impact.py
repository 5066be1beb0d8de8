"""Which disagreements matter: each is tried, with A's cell and with B's, and the worst come first.

The order is that in which two people should talk: first by how many verdicts turn (of an analysis,
whose interval leaves no effect, reaches it or changes sides, and of a claim, on which the trials
change sides), then by how many certainties do, then by the largest shift of an estimate in standard
errors of A's, then by how many analyses move at all. Where an analysis gains its first estimate or
loses its only one, nothing measures the shift, and it counts as the largest. What could not be
tried follows, and last what moves nothing. Equals stand by table, trial, row and column.

A cell is tried alone, as its line is decided, and where that does not do with its row (`trying`);
one slip in several rows of a trial is tried as a whole (`slips`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from ketameta.configuration import Configuration
from ketameta.evidence.references import standing_rows
from ketameta.extraction.records import Disagreement, Impact
from ketameta.extraction.slips import repeated
from ketameta.extraction.trying import TOLD, Trying, by_row, regraded
from ketameta.tables.collection import Tables
from ketameta.tables.raw import ClaimRow
from ketameta.vocabulary.narrowing import named


def ranked_by_impact(
    tables: Tables, disagreements: Iterable[Disagreement], configuration: Configuration
) -> list[Impact]:
    """Return the impact of every disagreement on the results of A's tables, the largest first.

    Analyses are those of the configuration, with the narrowed ones that claims ask for; their
    variants are left out. Rows of A that cannot be pooled for a fault are left out, with what
    rests on them. A row that B alone has is tried with those of the other arms at its place.
    """
    whole = standing_rows(tables)
    asked = named(claim.analysis for claim in whole[ClaimRow])
    trying = Trying(whole, configuration.asked(asked))
    every = list(disagreements)
    found = trying.rows([one for one in every if not one.column])
    cells = [one for one in every if one.column and one.column not in TOLD]
    for slip in repeated(cells):
        found += trying.slip(slip)
    tried = {id(impact.disagreement) for impact in found}
    for row in by_row(one for one in cells if id(one) not in tried):
        found += trying.cells(row)
    found += [Impact(one, (), 0.0, ()) for one in every if one.column in TOLD]
    return sorted(found, key=_order)


def _order(impact: Impact) -> tuple[object, ...]:
    """Return what sorts impacts; nothing in it hangs on the order of rows or files."""
    one, moves = impact.disagreement, impact.moves
    turned = sum(m.flipped for m in moves) + sum(claim.flipped for claim in impact.claims)
    shift = math.inf if impact.shift is None else impact.shift
    how_far = (-turned, -sum(map(regraded, moves)), -shift, -len(moves), -len(impact.claims))
    rank = 1 if impact.problem else 0 if moves or impact.claims else 2
    return (rank, *how_far, one.table, one.trial_id, one.row, one.column, one.a, one.b)
