"""Raw tables by trial, and what one edit changes of them: the rows of few trials."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count

from ketameta.evidence.edits import Edit
from ketameta.evidence.references import NEEDS, unmet
from ketameta.evidence.rows import REMOVED, trial_of
from ketameta.normalize.trials import ids
from ketameta.normalize.words import DERIVED
from ketameta.tables.collection import Tables, by
from ketameta.tables.parts import Placed
from ketameta.tables.raw import (
    EFFECT_TABLES,
    RAW_KINDS,
    ContrastRow,
    OutcomeRow,
    RiskOfBiasRow,
    Rob2AnswerRow,
    TrialRow,
)
from ketameta.tables.table import Row
from ketameta.vocabulary import SECONDARY

BIAS_KINDS: tuple[type[Placed], ...] = (RiskOfBiasRow, Rob2AnswerRow)
_BIAS_TABLES = ("risk_of_bias", "rob2_answers")
_TABLES = (*EFFECT_TABLES, *_BIAS_TABLES)
_KINDS = tuple(RAW_KINDS[name] for name in _TABLES)


@dataclass(frozen=True, slots=True)
class Changed:
    """What an edit leaves of the trials that it touches: their rows by table.

    `trials` are these trials, one that went among them; `secondary` are the sources that any row
    calls secondary now. `family` are the trials whose judgements of bias may be others, each with
    the reports that may lend theirs.
    """

    trials: frozenset[str] = frozenset()
    own: Tables = field(default_factory=Tables)
    secondary: frozenset[str | None] = frozenset()
    family: frozenset[str] = frozenset()


class FaultlessTables:
    """Raw tables without faults, their rows by trial."""

    def __init__(self, tables: Tables) -> None:
        """Take the tables; what no number is pooled or rated from is left out."""
        self.tables = Tables({kind: tables.get(kind) for kind in _KINDS})
        self._of = {kind: by(self.tables[kind], trial_of) for kind in _KINDS}
        self.reports = {row.trial_id: row for row in self.tables[TrialRow]}
        # more than any line of a row that stands
        self._beyond = 1 + max((r.line for kind in _KINDS for r in self.tables[kind]), default=1)
        self._secondary = _secondary(self.tables)

    @property
    def secondary(self) -> frozenset[str | None]:
        """The sources that a row calls secondary."""
        return frozenset(self._secondary)

    def rows(self, kind: type[Placed], trials: Iterable[str]) -> list[Placed]:
        """Return the rows of some trials in a table."""
        return [row for trial in trials for row in self._of[kind].get(trial, ())]

    def changed(self, edit: Edit) -> Changed | str:
        """Make one edit; a sentence where it does not stand without others.

        An added row stands below those of its trial. A row that is edited or removed and is not
        among the rows (it has a fault) is taken for none.
        """
        changes = [change for change in edit.changes if change.table in _TABLES]
        sides = [row for change in changes for row in (change.old, change.new) if row is not None]
        trials = sorted({trial_of(row) for row in sides})
        found: dict[type[Row], list[Placed]] = {k: self.rows(k, trials) for k in _KINDS}
        before = _secondary(Tables(found))
        for change in changes:
            rows = found[RAW_KINDS[change.table]]
            at = rows.index(change.old) if change.old in rows else len(rows)
            rows[at : at + 1] = [] if change.kind == REMOVED else [change.row]
        lines = count(self._beyond)
        # lines name rows: those of two versions may be the same
        own = Tables({kind: [replace(r, line=next(lines)) for r in found[kind]] for kind in _KINDS})
        reports = self.reports_with(own, trials)
        judged = {c.trial for c in changes if c.table in _BIAS_TABLES and c.kind != REMOVED}
        lost = [f"{NEEDS}trial {trial}" for trial in sorted(judged) if trial not in reports]
        if problem := unmet(reports, own) or "".join(lost[:1]):
            return problem
        after = _secondary(own)
        secondary = frozenset(self._secondary - before + after)
        more = sorted(self._resting(secondary ^ self.secondary) - {*trials})
        own = Tables({kind: own[kind] + self.rows(kind, more) for kind in _KINDS})
        family: set[str] = set()
        if any(change.table in ("trials", *_BIAS_TABLES) for change in changes):
            family = _family(trials, self.reports) | _family(trials, reports)
        return Changed(frozenset((*trials, *more)), own, secondary, frozenset(family))

    def reports_with(self, own: Tables, trials: Iterable[str]) -> dict[str, TrialRow]:
        """Return the rows of the table trials by their names, in their order, after an edit."""
        new = {row.trial_id: row for row in own[TrialRow]}
        gone = {*trials} - new.keys()
        return {name: row for name, row in {**self.reports, **new}.items() if name not in gone}

    def _resting(self, sources: frozenset[str | None]) -> set[str]:
        """Return the trials with a row computed from numbers of one of some sources."""
        return {
            row.trial_id
            for row in (result_rows(self.tables) if sources else ())
            if row.seen == DERIVED and row.source in sources
        }


def result_rows(tables: Tables) -> list[OutcomeRow | ContrastRow]:
    """Return the rows that numbers come from."""
    return [*tables[OutcomeRow], *tables[ContrastRow]]


def _secondary(tables: Tables) -> Counter[str | None]:
    return Counter(row.source for row in result_rows(tables) if row.seen == SECONDARY)


def _family(trials: Iterable[str], reports: Mapping[str, TrialRow]) -> set[str]:
    """Return trials with all reports that are linked to them by shared people."""
    linked: dict[str, set[str]] = defaultdict(set)
    for name, row in reports.items():
        for part in ids(row.part_of):
            linked[name].add(part)
            linked[part].add(name)
    found: set[str] = set()
    todo = [*trials]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += linked[name]
    return found
