"""Raw tables by trial, and what one edit changes of them: the rows of few trials."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

from ketameta.evidence.edits import Edit
from ketameta.evidence.references import NEEDS, unmet
from ketameta.evidence.rows import REMOVED, Tables
from ketameta.normalize.records import DERIVED
from ketameta.normalize.trials import ids
from ketameta.tables.raw import EFFECT_TABLES
from ketameta.vocabulary import SECONDARY

Record = dict[str, Any]
Item = TypeVar("Item", bound=Any)
BIAS_TABLES = ("risk_of_bias", "rob2_answers")
_TABLES = (*EFFECT_TABLES, *BIAS_TABLES)
_NUMBERS = ("outcomes", "contrasts")


@dataclass(frozen=True, slots=True)
class Changed:
    """What an edit leaves of the trials that it touches: their rows by table.

    `trials` are these trials, one that went among them; `secondary` are the sources that any row
    calls secondary now. `family` are the trials whose judgements of bias may be others, each with
    the reports that may lend theirs.
    """

    trials: frozenset[str] = frozenset()
    own: Tables = field(default_factory=dict)
    secondary: frozenset[str | None] = frozenset()
    family: frozenset[str] = frozenset()


class RawTables:
    """Raw tables without faults, their rows by trial."""

    def __init__(self, tables: Tables) -> None:
        """Take the tables; what no number is pooled or rated from is left out."""
        self.tables: Tables = {name: tables.get(name, []) for name in _TABLES}
        self._of = {name: by_trial(rows) for name, rows in self.tables.items()}
        self._reports = {row["trial_id"]: row for row in self.tables["trials"]}
        # more than any line of a row that stands
        self._beyond = 1 + max(
            (r["line"] for rows in self.tables.values() for r in rows), default=1
        )
        self._secondary = _secondary(r for name in _NUMBERS for r in self.tables[name])

    @property
    def secondary(self) -> frozenset[str | None]:
        """The sources that a row calls secondary."""
        return frozenset(self._secondary)

    def rows(self, name: str, trials: Iterable[str]) -> list[Record]:
        """Return the rows of some trials in a table."""
        return [row for trial in trials for row in self._of[name].get(trial, ())]

    def changed(self, edit: Edit) -> Changed | str:
        """Make one edit; a sentence where it does not stand without others.

        An added row stands below those of its trial. A row that is edited or removed and is not
        among the rows (it has a fault) is taken for none.
        """
        changes = [change for change in edit.changes if change.table in _TABLES]
        sides = [row for change in changes for row in (change.old, change.new) if row is not None]
        trials = sorted({str(row["trial_id"]) for row in sides})
        own = {name: self.rows(name, trials) for name in _TABLES}
        before = _secondary(row for name in _NUMBERS for row in own[name])
        for change in changes:
            rows = own[change.table]
            at = rows.index(change.old) if change.old in rows else len(rows)
            rows[at : at + 1] = [] if change.kind == REMOVED else [change.row]
        lines = count(self._beyond)
        # lines name rows: those of two versions may be the same
        own = {name: [{**row, "line": next(lines)} for row in rows] for name, rows in own.items()}
        reports = self._reports_with(own, trials)
        judged = {c.trial for c in changes if c.table in BIAS_TABLES and c.kind != REMOVED}
        lost = [f"{NEEDS}trial {trial}" for trial in sorted(judged) if trial not in reports]
        if problem := unmet(reports, own) or "".join(lost[:1]):
            return problem
        after = _secondary(row for name in _NUMBERS for row in own[name])
        secondary = frozenset(self._secondary - before + after)
        more = sorted(self._resting(secondary ^ self.secondary) - {*trials})
        own = {name: rows + self.rows(name, more) for name, rows in own.items()}
        family: set[str] = set()
        if any(change.table in ("trials", *BIAS_TABLES) for change in changes):
            family = _family(trials, self._reports) | _family(trials, reports)
        return Changed(frozenset((*trials, *more)), own, secondary, frozenset(family))

    def _reports_with(self, own: Tables, trials: Iterable[str]) -> dict[str, Record]:
        """Return the rows of the table trials by their names, in their order, after an edit."""
        new = {row["trial_id"]: row for row in own["trials"]}
        gone = {*trials} - new.keys()
        return {name: row for name, row in {**self._reports, **new}.items() if name not in gone}

    def _resting(self, sources: frozenset[str | None]) -> set[str]:
        """Return the trials with a row computed from numbers of one of some sources."""
        return {
            row["trial_id"]
            for name in _NUMBERS
            for row in (self.tables[name] if sources else ())
            if row["seen"] == DERIVED and row["source"] in sources
        }


def by_trial(rows: Iterable[Item]) -> dict[str, list[Item]]:
    """Return rows by trial, in their order."""
    found: dict[str, list[Item]] = defaultdict(list)
    for row in rows:
        found[row["trial_id"]].append(row)
    return dict(found)


def _secondary(rows: Iterable[Record]) -> Counter[str | None]:
    return Counter(row["source"] for row in rows if row["seen"] == SECONDARY)


def _family(trials: Iterable[str], reports: Mapping[str, Record]) -> set[str]:
    """Return trials with all reports that are linked to them by shared patients."""
    linked: dict[str, set[str]] = defaultdict(set)
    for name, row in reports.items():
        for part in ids(row["part_of"]):
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
