"""The claims judged from tables that are fitted again with an edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ketameta.configuration import Analysis, Configuration
from ketameta.evidence.claims import verdicts_of
from ketameta.evidence.refits import RefittedTables
from ketameta.evidence.results import grounds
from ketameta.normalize.courses import over_time
from ketameta.normalize.pairs import pairs
from ketameta.normalize.reported import directions
from ketameta.normalize.results import AnyResult
from ketameta.normalize.rows import Rows
from ketameta.synthesize.claims import control_shares, questions_of, tests_of
from ketameta.synthesize.courses import COURSE_KINDS, asked_courses, course_of
from ketameta.synthesize.pairs import paired
from ketameta.tables.collection import Tables, by
from ketameta.tables.diagnostics import PairRow, PairSynthesisRow
from ketameta.tables.effects import ArmPairRow, DirectionRow
from ketameta.tables.raw import ClaimRow, TrialRow
from ketameta.tables.syntheses import ControlShareRow, SplitRow, StudyRow, SubgroupRow
from ketameta.vocabulary.narrowing import named


class ClaimsToJudge:
    """Claims to be judged: rows of the raw table, and the analyses that they name."""

    def __init__(self, rows: Sequence[ClaimRow], configuration: Configuration) -> None:
        """Take the claims and every analysis that there is."""
        configuration = configuration.asked(named(row.analysis for row in rows))
        self._tests = tests_of(rows, configuration)
        asked = {test.analysis for test in self._tests}
        self._told: dict[RefittedTables, dict[str, str]] = {}
        self._analyses = Configuration(tuple(a for a in configuration if a.name in asked))
        self._questions = questions_of(rows)
        timed = {one.course for one in self._questions}
        # one correlation over time is enough for a verdict
        self._courses = [
            replace(course, curve=replace(course.curve, sweep=(course.curve.over_time,)))
            for course in configuration.courses
            if course.name in timed
        ]

    @property
    def outcomes(self) -> set[str]:
        """The outcomes of the analyses and time courses that claims name."""
        every = [analysis.select for analysis in self._analyses]
        return {select.outcome for select in (*every, *(c.select for c in self._courses))}

    def verdicts(self, refits: RefittedTables) -> dict[str, str]:
        """Return the verdict on each claim."""
        base = refits.base
        if base and not self._unlike(refits, base):
            return self.verdicts(base)
        if refits not in self._told:
            found = self._judged(refits)
            if base:
                return found
            self._told[refits] = found
        return self._told[refits]

    def _unlike(self, new: RefittedTables, old: RefittedTables) -> bool:
        """Say whether an edit changes what a claim is judged by."""
        outcomes = new.outcomes
        if any(course.select.outcome in outcomes for course in self._courses):
            return True
        own = [a for a in self._analyses if a.select.outcome in outcomes]
        if any(new.evidence(analysis) is not old.evidence(analysis) for analysis in own):
            return True
        sides = []
        for side in (new, old):
            rows = {name: side.rows.get(name, []) for name in new.touched}
            beside: list[ArmPairRow | DirectionRow] = [
                *_falls(own, side, rows),
                *_directions(own, side),
            ]
            sides.append([replace(row, rows=[], label="") for row in beside])
        return sides[0] != sides[1]

    def _judged(self, refits: RefittedTables) -> dict[str, str]:
        own = list(self._analyses)
        effects = {analysis.name: refits.effects(analysis) for analysis in own}
        seen = [refits.evidence(analysis) for analysis in own]
        falls = by(_falls(own, refits, refits.rows), lambda row: row.analysis)
        sides = [paired(falls[a.name], a.model) for a in own]
        tables = Tables(
            {
                TrialRow: [*refits.reports.values()],
                StudyRow: [row for evidence in seen for row in evidence.studies],
                SplitRow: [row for evidence in seen for row in evidence.splits],
                SubgroupRow: [row for evidence in seen for row in evidence.subgroups],
                DirectionRow: _directions(own, refits),
                ControlShareRow: control_shares(self._tests, effects, self._analyses),
                PairRow: [row for pairs, _ in sides for row in pairs],
                PairSynthesisRow: [row for _, found in sides for row in found],
            }
        )
        records = {analysis.name: refits.rated(analysis) for analysis in own}
        tables |= self._over_time(refits)
        return verdicts_of(self._tests, grounds(tables, records, self._courses))

    def _over_time(self, refits: RefittedTables) -> Tables:
        """Return what the time courses find that are asked."""
        found = Tables({kind: [] for kind in COURSE_KINDS})
        if self._courses:
            every = Rows.of(row for own in refits.rows.values() for row in own)
            effects, _ = over_time(self._courses, refits.trials, every)
            own = by(effects, lambda effect: effect.analysis)
            for asked in asked_courses(self._courses, own, self._questions).values():
                told = course_of(asked)
                found = Tables({kind: found[kind] + told[kind] for kind in COURSE_KINDS})
        return found


def _falls(
    analyses: Sequence[Analysis], refits: RefittedTables, rows: Mapping[str, Sequence[AnyResult]]
) -> list[ArmPairRow]:
    """Return the falls of treated and control arms side by side, from rows by trial."""
    every = Rows.of(row for own in rows.values() for row in own)
    return pairs(Configuration(tuple(analyses)), refits.trials, every)


def _directions(analyses: Sequence[Analysis], refits: RefittedTables) -> list[DirectionRow]:
    """Return which way results point that are not pooled."""
    rows = [row for own in refits.rows.values() for row in own if row.table == "contrasts"]
    return [
        direction
        for analysis in analyses
        for direction in directions(analysis.name, analysis.select, refits.trials, rows)
    ]
