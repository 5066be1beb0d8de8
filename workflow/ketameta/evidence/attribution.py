"""Which edit moved which estimate: each edit made alone to the old tables, and fitted again.

Effects of edits need not add up: what they do together beyond their sum is told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import fsum

from ketameta.configuration import Analysis, Configuration
from ketameta.evidence.changes import SAME, Cause, Move, move_between, on_scale
from ketameta.evidence.edited import result_rows
from ketameta.evidence.edits import Edit, edits, rows_joined
from ketameta.evidence.rated import RecordedResult
from ketameta.evidence.refits import RefittedTables
from ketameta.evidence.rows import changed_rows
from ketameta.normalize.stage import normalize
from ketameta.normalize.trials import trials_of
from ketameta.synthesize.stage import synthesize
from ketameta.tables.collection import Tables
from ketameta.tables.problems import ProblemRow
from ketameta.tables.stages import MADE_KINDS
from ketameta.tables.syntheses import SynthesisRow


def stage_tables(raw: Tables, configuration: Configuration) -> Tables:
    """Normalise and pool raw tables in memory: return the tables of both stages."""
    raw = raw | Tables({ProblemRow: []})
    rows = Tables.of_arrow(MADE_KINDS, normalize(raw, configuration))
    return rows | Tables.of_arrow(MADE_KINDS, synthesize(raw | rows, configuration))


def attribute(
    old: Tables, new: Tables, moves: Sequence[Move], configuration: Configuration
) -> tuple[list[Move], list[str]]:
    """Return the moves with their causes, and notes on what was not fitted.

    Where the code changed (`Move.code`), `old` holds the old raw tables as the new code reads them.
    Only analyses that moved are fitted, each with the edits of trials that report its outcome.
    """
    found = rows_joined(edits(changed_rows(old, new)))
    configuration = configuration.asked(move.analysis for move in moves)
    if not found:
        return list(moves), []
    try:
        before = RefittedTables(old)
        trials_of(new)
    except KeyError as error:
        return list(moves), [
            f"nothing is attributed to edits: {error} is not a word that is known any more"
        ]
    causes: dict[str, list[Cause]] = {}
    notes, unlike = [], []
    for move in moves:
        if move.moved and move.analysis in configuration.names:
            base = before.fit(configuration[move.analysis])
            if _agrees(base, move.code.new if move.code else move.old):
                causes[move.analysis] = []
            else:
                unlike.append(move.analysis)
    analyses = [configuration[name] for name in causes]
    outcomes = _outcomes(old, new)
    for edit in found:
        tables = before.edited(edit)
        for analysis in analyses:
            if (edit.trial, analysis.select.outcome) in outcomes:
                base = before.fit(analysis)
                cause = _cause(edit, tables, analysis, base)
                if cause.problem or cause.k != base.k or cause.shift != 0.0:
                    causes[analysis.name].append(cause)
    if unlike:
        notes.append(
            f"{', '.join(unlike)}: the old tables do not give the old estimate with the present "
            "configuration and code, so nothing is attributed to edits"
        )
    told = [_explained(m, causes[m.analysis]) if m.analysis in causes else m for m in moves]
    return told, notes


def fitted(tables: Tables, analysis: Analysis) -> SynthesisRow:
    """Return what an analysis gives of raw tables, fitted now.

    Raises KeyError where they hold a word that is not known any more.
    """
    return RefittedTables(tables).fit(analysis)


def _explained(move: Move, causes: list[Cause]) -> Move:
    """Attach the causes, the largest first, and what they do together beyond their sum."""
    order = sorted(causes, key=lambda c: (-abs(c.shift or 0.0), c.edit))
    together = None
    code = move.code.shift if move.code else 0.0
    if None not in (move.shift, code, *(c.shift for c in causes)):
        rest = fsum([move.shift or 0.0, -(code or 0.0), *(-(c.shift or 0.0) for c in causes)])
        together = rest if abs(rest) > SAME else 0.0
    return replace(move, causes=tuple(order), together=together)


def _cause(
    edit: Edit, tables: RefittedTables | str, analysis: Analysis, base: SynthesisRow
) -> Cause:
    if isinstance(tables, str):
        return Cause(edit.name, None, None, None, None, tables)
    after = tables.fit(analysis)
    shift, in_se = move_between(base, after)
    if shift is None and on_scale(base) is None and on_scale(after) is None:
        shift = 0.0
    return Cause(edit.name, after.estimate, after.k, shift, in_se)


def _outcomes(old: Tables, new: Tables) -> set[tuple[str, str]]:
    return {(row.trial_id, row.outcome) for tables in (old, new) for row in result_rows(tables)}


def _agrees(base: SynthesisRow, old: RecordedResult | None) -> bool:
    if old is None:
        return True
    if base.estimate is None or old.estimate is None:
        return base.estimate is old.estimate
    return abs(base.estimate - old.estimate) <= 1e-6 * max(1.0, abs(old.estimate))
