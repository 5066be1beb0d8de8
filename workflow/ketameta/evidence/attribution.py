"""Which edit moved which estimate: each edit made alone to the old tables, and fitted again.

Effects of edits need not add up: what they do together beyond their sum is told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import fsum
from typing import Any

from ketameta.configuration import Analysis, Configuration
from ketameta.evidence.changes import SAME, Cause, Move, difference, on_scale
from ketameta.evidence.edits import Edit, edits
from ketameta.evidence.rows import ADDED, REMOVED, RowChange, Tables, changed_rows
from ketameta.normalize.stage import effects_of, normalize, raw_rows, trials_of
from ketameta.synthesize.pool import pooled
from ketameta.synthesize.stage import synthesize
from ketameta.tables.raw import EFFECT_TABLES

Record = dict[str, Any]
MOST_FITS = 600


def tables_of(raw: Tables, configuration: Configuration) -> Tables:
    """Normalise and pool raw tables in memory: return the tables of both stages as rows."""
    made = normalize({**raw, "problems": []}, configuration)
    rows = {name: table.to_pylist() for name, table in made.items()}
    made = synthesize({**raw, **rows}, configuration)
    return rows | {name: table.to_pylist() for name, table in made.items()}


def attribute(
    old: Tables, new: Tables, moves: Sequence[Move], configuration: Configuration
) -> tuple[list[Move], list[str]]:
    """Return the moves with their causes, and notes on what was not fitted.

    Where the code changed (`Move.code`), `old` holds the old raw tables as the new code reads them.
    Only analyses that moved are fitted, each with the edits of trials that report its outcome.
    At most `MOST_FITS` fits are made.
    """
    found = edits(changed_rows(old, new))
    configuration = configuration.asked(move.analysis for move in moves)
    if not found:
        return list(moves), []
    outcomes = _outcomes(old, new)
    try:
        before, after = _Tables(old), _Tables(new)
    except KeyError as error:
        return list(moves), [
            f"nothing is attributed to edits: {error} is not a word that is known any more"
        ]
    made: dict[int, _Tables | str] = {}
    result, notes, unlike = [], [], []
    room = max(1, MOST_FITS // max(1, sum(move.moved for move in moves)))
    for move in moves:
        if not move.moved or move.analysis not in configuration.names:
            result.append(move)
            continue
        analysis = configuration[move.analysis]
        base = before.fit(analysis)
        if not _agrees(base, move.code.new if move.code else move.old):
            unlike.append(move.analysis)
            result.append(move)
            continue
        concerned = [
            n for n, e in enumerate(found) if (e.trial, analysis.select.outcome) in outcomes
        ]
        # edits of trials that are pooled before or after come first
        own = before.trials_of(analysis) | after.trials_of(analysis)
        concerned.sort(key=lambda n: found[n].trial not in own)
        if len(concerned) > room:
            notes.append(
                f"{move.analysis}: {len(concerned) - room} of {len(concerned)} edits were not "
                f"fitted alone; at most {MOST_FITS} fits are made in all"
            )
            concerned = concerned[:room]
        causes = []
        for n in concerned:
            if n not in made:
                made[n] = _with_edit(old, found[n])
            causes.append(_cause(found[n], made[n], analysis, base))
        result.append(_explained(move, [c for c in causes if _matters(c, base)]))
    if unlike:
        notes.append(
            f"{', '.join(unlike)}: the old tables do not give the old estimate with the present "
            "configuration and code, so nothing is attributed to edits"
        )
    return result, notes


def fitted(tables: Tables, analysis: Analysis) -> Record:
    """Return what an analysis gives of raw tables, fitted now.

    Raises KeyError where they hold a word that is not known any more.
    """
    return _Tables(tables).fit(analysis)


def _explained(move: Move, causes: list[Cause]) -> Move:
    """Attach the causes, the largest first, and what they do together beyond their sum."""
    order = sorted(causes, key=lambda c: (-abs(c.shift or 0.0), c.edit))
    together = None
    code = move.code.shift if move.code else 0.0
    if None not in (move.shift, code, *(c.shift for c in causes)):
        rest = fsum([move.shift or 0.0, -(code or 0.0), *(-(c.shift or 0.0) for c in causes)])
        together = rest if abs(rest) > SAME else 0.0
    return replace(move, causes=tuple(order), together=together)


def _matters(cause: Cause, base: Record) -> bool:
    return bool(cause.problem) or cause.k != base["k"] or cause.shift != 0.0


def _cause(edit: Edit, tables: _Tables | str, analysis: Analysis, base: Record) -> Cause:
    if isinstance(tables, str):
        return Cause(edit.name, None, None, None, None, tables)
    after = tables.fit(analysis)
    shift, in_se = difference(base, after)
    if shift is None and on_scale(base) is None and on_scale(after) is None:
        shift = 0.0
    return Cause(edit.name, after.get("estimate"), after["k"], shift, in_se)


class _Tables:
    """Raw tables ready to be fitted, analysis by analysis."""

    def __init__(self, tables: Tables) -> None:
        self.trials = trials_of(tables)
        self.rows = raw_rows(tables)

    def trials_of(self, analysis: Analysis) -> set[str]:
        """Return the trials that give an effect."""
        effects, _ = effects_of(analysis.name, analysis.select, self.trials, self.rows)
        return {effect.trial.trial_id for effect in effects}

    def fit(self, analysis: Analysis) -> Record:
        """Return the pooled result as the synthesis has it."""
        effects, _ = effects_of(analysis.name, analysis.select, self.trials, self.rows)
        records = [
            {
                "trial_id": effect.trial.trial_id,
                "year": effect.trial.year,
                **{name: getattr(effect, name) for name in _EFFECT},
            }
            for effect in effects
        ]
        records.sort(key=lambda e: (e["year"] or 9999, e["trial_id"]))
        return pooled(analysis.select.measure, records, analysis.model)


_EFFECT = ("yi", "vi", "shared", "people", "n_t", "n_c", "events_t", "comparison")


def _outcomes(old: Tables, new: Tables) -> set[tuple[str, str]]:
    return {
        (row["trial_id"], row["outcome"])
        for tables in (old, new)
        for name in ("outcomes", "contrasts")
        for row in tables[name]
    }


def _agrees(base: Record, old: Record | None) -> bool:
    if old is None or base.get("estimate") is None or old["estimate"] is None:
        return old is None or base.get("estimate") is old["estimate"]
    return abs(base["estimate"] - old["estimate"]) <= 1e-6 * max(1.0, abs(old["estimate"]))


def _with_edit(old: Tables, edit: Edit) -> _Tables | str:
    """Make one edit to the old tables; a sentence where it does not stand without others."""
    tables = {name: list(old[name]) for name in EFFECT_TABLES}
    for change in edit.changes:
        rows = tables[change.table]
        if change.kind == ADDED:
            rows.insert(_place(rows, change), change.row)
        else:
            at = next(i for i, row in enumerate(rows) if row is change.old)
            rows[at : at + 1] = [] if change.kind == REMOVED else [change.row]
    for name, rows in tables.items():
        # lines name rows in the ledger: two versions may use one twice
        tables[name] = [{**row, "line": line} for line, row in enumerate(rows, start=2)]
    problem = _dangling(tables)
    return problem or _Tables(tables)


def _place(rows: list[Record], change: RowChange) -> int:
    """Return where an added row goes: below the rows of its trial, else at the end."""
    own = [i for i, row in enumerate(rows) if row["trial_id"] == change.trial]
    return own[-1] + 1 if own else len(rows)


def _dangling(tables: Tables) -> str:
    """Say which reference has no target; empty where all stand."""
    trials = {row["trial_id"] for row in tables["trials"]}
    arms = {(row["trial_id"], row["arm_id"]) for row in tables["arms"]}
    for row in tables["trials"]:
        for part in (row["part_of"] or "").split(";"):
            if part and part not in trials:
                return f"needs another edit: trial {part}"
    for row in tables["arms"]:
        if row["trial_id"] not in trials:
            return f"needs another edit: trial {row['trial_id']}"
        for part in (row["pooled_arms"] or "").split(";"):
            if part and (row["trial_id"], part) not in arms:
                return f"needs another edit: arm {part} of {row['trial_id']}"
    for name, columns in (("outcomes", ("arm_id",)), ("contrasts", ("arm_t", "arm_c"))):
        for row in tables[name]:
            for column in columns:
                if (row["trial_id"], row[column]) not in arms:
                    return f"needs another edit: arm {row[column]} of {row['trial_id']}"
    return ""
