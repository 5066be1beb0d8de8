"""Raw tables fitted analysis by analysis, and fitted again with one edit made to them.

What a trial gives an analysis follows from its own rows, and an edit is of one trial: the rows of
all others are read and sifted once, and an analysis is pooled and rated again only where the edit
changes what it is given. What comes out is what the edited tables as a whole would give, to the
last digit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from operator import attrgetter
from typing import Any, TypeVar

from ketameta.configuration import Analysis
from ketameta.evidence.certainty import certainty
from ketameta.evidence.edited import BIAS_KINDS, Changed, FaultlessTables
from ketameta.evidence.edits import Edit
from ketameta.evidence.rated import RatedSynthesis
from ketameta.evidence.ratings import Evidence
from ketameta.evidence.results import evidence_of, rated_synthesis
from ketameta.evidence.rows import trial_of
from ketameta.normalize.choose import Choices
from ketameta.normalize.effect_rows import effect_rows
from ketameta.normalize.ledger import Ledger
from ketameta.normalize.overlap import without_overlap
from ketameta.normalize.records import Effect, Trial
from ketameta.normalize.reported import missing_results, says_only
from ketameta.normalize.results import AnyResult
from ketameta.normalize.rows import Rows
from ketameta.normalize.stage import bias_of
from ketameta.normalize.trials import raw_rows, trials_of
from ketameta.synthesize.judge import TrialJudgements
from ketameta.synthesize.stage import rated_from, synthesis
from ketameta.tables.collection import Tables, by
from ketameta.tables.effects import BiasRow, EffectRow, MissingResultRow
from ketameta.tables.raw import TrialRow
from ketameta.tables.syntheses import SynthesisRow
from ketameta.tables.table import Row, schema_of

T = TypeVar("T")
# names and places: nothing is pooled or rated by them
_TOLD = ("label", "said", "rows")
_trial = attrgetter("trial_id")
_said = attrgetter("trial_id", "tool", "outcome", "domain", "judgement", "best")


@dataclass(frozen=True, slots=True)
class _Given:
    """What one trial gives an analysis: its effects as rows, and its results without a number."""

    effects: tuple[tuple[Effect, EffectRow], ...] = ()
    unsaid: tuple[AnyResult, ...] = ()


def _once(make: Callable[[RefittedTables, Analysis], T]) -> Callable[[RefittedTables, Analysis], T]:
    """Keep what is made of an analysis."""

    @wraps(make)
    def known(self: RefittedTables, analysis: Analysis) -> T:
        key = make.__name__, analysis.name
        if key not in self.known:
            self.known[key] = make(self, analysis)
        found: T = self.known[key]
        return found

    return known


class RefittedTables:
    """Raw tables without faults, ready to be fitted as they are and with an edit.

    Each analysis is sifted, fitted and rated when it is first asked for. Raises KeyError where the
    tables hold a word that is not known any more.
    """

    def __init__(self, tables: Tables) -> None:
        """Read the tables."""
        self._raw = FaultlessTables(tables)
        raw = self._raw.tables
        self.base: RefittedTables | None = None
        self._change = Changed()
        self.trials = trials_of(raw)
        self.rows = dict(by(raw_rows(raw, self._raw.secondary), _trial))
        self._start(self.rows)

    def _start(self, rows: Mapping[str, list[AnyResult]]) -> None:
        """Know nothing of any analysis; `rows` are those that are to be sifted, by trial."""
        self._choices = Choices(self.trials, _rows(rows.values()))
        self.known: dict[tuple[str, str], Any] = {}

    def edited(self, edit: Edit) -> RefittedTables | str:
        """Return these tables with one edit; a sentence where it does not stand without others."""
        change = self._raw.changed(edit)
        if isinstance(change, str):
            return change
        new = RefittedTables.__new__(RefittedTables)
        new._raw, new.base, new._change = self._raw, self, change
        others = {name: self.trials[name] for name in self.trials if name not in change.trials}
        own = change.own
        new.trials = others | trials_of(own)
        found = by(raw_rows(own, change.secondary), _trial)
        rows = {name: found.get(name, []) for name in sorted(change.trials)}
        new.rows = {**self.rows, **rows}
        new._start(rows)
        return new

    @cached_property
    def reports(self) -> dict[str, TrialRow]:
        """The rows of the table trials by trial_id."""
        raw, change = self._raw, self._change
        return raw.reports_with(change.own, change.trials) if self.base else raw.reports

    @cached_property
    def _bias(self) -> dict[str, list[BiasRow]]:
        """Judgements of risk of bias by trial."""
        if self.base is None:
            return dict(by(_bias(self._raw.tables, self.trials), _trial))
        if not self._change.family:
            return self.base._bias
        others = sorted(self._change.family - self._change.trials)
        own, rows = self._change.own, self._raw.rows
        raw = Tables({kind: own[kind] + rows(kind, others) for kind in BIAS_KINDS})
        members = {n: t for n, t in self.trials.items() if n in self._change.family}
        told = by(_bias(raw, members), _trial)
        return {**self.base._bias, **{name: told.get(name, []) for name in self._change.family}}

    @cached_property
    def _judged(self) -> TrialJudgements:
        """The same, to be asked what stands for an outcome."""
        same = self.base and self._bias is self.base._bias
        return self.base._judged if self.base and same else TrialJudgements(self._bias)

    @cached_property
    def _rejudged(self) -> frozenset[str]:
        """The trials that are judged otherwise than without the edit."""
        sides = (self._bias, self.base._bias if self.base else self._bias)
        return frozenset(
            name
            for name in self._change.family
            if [*map(_said, sides[0].get(name, ()))] != [*map(_said, sides[1].get(name, ()))]
        )

    @property
    def touched(self) -> frozenset[str]:
        """The trials whose rows or judgements the edit changes."""
        return self._change.trials | self._rejudged

    @cached_property
    def outcomes(self) -> set[str]:
        """The outcomes that trials touched by the edit report, before it or after it."""
        sides = (self, self.base or self)
        return {r.outcome for side in sides for t in self.touched for r in side.rows.get(t, ())}

    @_once
    def fit(self, analysis: Analysis) -> SynthesisRow:
        """Return the pooled result."""
        effects, base = self.effects(analysis), self.base
        if base and effects is base.effects(analysis):
            return base.fit(analysis)
        return synthesis(analysis, effects)

    @_once
    def rated(self, analysis: Analysis) -> RatedSynthesis:
        """Return the pooled result with its verdict and certainty.

        It is the very record of the tables without the edit where that changes nothing.
        """
        evidence, base = self.evidence(analysis), self.base
        if base and evidence is base.evidence(analysis):
            return base.rated(analysis)
        return rated_synthesis(analysis, evidence, certainty(analysis, evidence))

    @_once
    def effects(self, analysis: Analysis) -> list[EffectRow]:
        """Return the effects that are pooled, in their order.

        It is the very list of the tables without the edit where that changes nothing.
        """
        given, base = self._given_of(analysis), self.base
        if base and _same_effects(given, base._given_of(analysis), self._change.trials):
            return base.effects(analysis)
        rows = {id(e): row for own in given.values() for e, row in own.effects}
        chosen = without_overlap([e for own in given.values() for e, _ in own.effects])
        effects = [rows[id(effect)] for effect in chosen]
        effects.sort(key=lambda e: (e.year or 9999, e.trial_id))
        old = base.effects(analysis) if base else None
        return old if old is not None and _alike(old, effects) else effects

    @_once
    def _given_of(self, analysis: Analysis) -> dict[str, _Given]:
        """Return what each trial gives an analysis."""
        given = _given(analysis, self._choices)
        if not self.base:
            return given
        old = self.base._given_of(analysis)
        return {k: own for k, own in old.items() if k not in self._change.trials} | given

    def _missing(self, analysis: Analysis) -> list[MissingResultRow]:
        """Return the known missing results of an analysis."""
        given = self._given_of(analysis)
        silent = [name for name, own in given.items() if own.unsaid]
        if not silent:
            return []
        rows = _rows(self.rows[name] for name in silent)
        ledger = Ledger(analysis.name, rows, analysis.select.outcome)
        for name in silent:
            for row in given[name].unsaid:
                ledger.note(row, "not usable")
        pooled = [effect for own in given.values() for effect, _ in own.effects]
        asked = analysis.name, analysis.select, self.trials, without_overlap(pooled), ledger
        return missing_results(*asked)

    @_once
    def evidence(self, analysis: Analysis) -> Evidence:
        """Return what an analysis is rated from.

        It is the very object of the tables without the edit where that changes nothing.
        """
        effects, missing = self.effects(analysis), self._missing(analysis)
        old = self.base.evidence(analysis) if self.base else None
        trials = dict.fromkeys(effect.trial_id for effect in effects)
        same = self.base is not None and effects is self.base.effects(analysis)
        stands = old if old and same and _alike(old.missing, missing) else None
        if stands and not self._rejudged & trials.keys():
            return stands
        told = self._judged.rows(analysis.name, analysis.select.outcome, trials)
        if stands:
            return replace(stands, judgements=told)
        record = self.fit(analysis)
        found = rated_from(analysis, record, effects, missing, told)
        return evidence_of(found | Tables({SynthesisRow: [record], MissingResultRow: missing}))


def _rows(trials: Iterable[Iterable[AnyResult]]) -> Rows:
    return Rows.of(row for own in trials for row in own)


def _given(analysis: Analysis, choices: Choices) -> dict[str, _Given]:
    """Return what each trial with rows on the outcome gives an analysis by itself."""
    name, question = analysis.name, analysis.select
    effects, ledger = choices.chosen(name, question)
    found: dict[str, list[tuple[Effect, EffectRow]]] = defaultdict(list)
    for effect, row in zip(effects, effect_rows(name, question, effects), strict=True):
        found[row.trial_id].append((effect, row))
    unsaid = by((row for row in ledger.rows_with("not usable") if says_only(row)), _trial)
    return {t: _Given(tuple(found[t]), tuple(unsaid.get(t, ()))) for t in {**found, **unsaid}}


def _same_effects(
    new: Mapping[str, _Given], old: Mapping[str, _Given], trials: Iterable[str]
) -> bool:
    """Say whether some trials give the same effects of the same people in both."""
    for trial in trials:
        a, b = (side.get(trial, _Given()).effects for side in (new, old))
        if not _alike([row for _, row in a], [row for _, row in b]):
            return False
        if any(x.trial.parts != y.trial.parts for (x, _), (y, _) in zip(a, b, strict=True)):
            return False
    return True


def _alike(one: Iterable[Row], other: Iterable[Row]) -> bool:
    """Say whether rows are the same in all that is pooled or rated by."""
    return [_CELLS[type(row)](row) for row in one] == [_CELLS[type(row)](row) for row in other]


_CELLS: dict[type[Row], attrgetter[tuple[Any, ...]]] = {
    kind: attrgetter(*(name for name in schema_of(kind).names if name not in _TOLD))
    for kind in (EffectRow, MissingResultRow)
}


def _bias(raw: Tables, trials: dict[str, Trial]) -> list[BiasRow]:
    """Return the judgements of the trials that are there."""
    known = {kind: [r for r in raw[kind] if trial_of(r) in trials] for kind in BIAS_KINDS}
    return bias_of(Tables({kind: known[kind] for kind in BIAS_KINDS}), trials)
