"""Syntheses with their verdict and certainty, and the verdicts on claims that rest on them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from operator import attrgetter

from ketameta.configuration import Analysis, Configuration, Course
from ketameta.evidence.certainty import Certainty, certainty, populations
from ketameta.evidence.claim_rules import Pointing
from ketameta.evidence.claims import Control, ControlArm, Grounds, Split, verdicts_of
from ketameta.evidence.rated import Rated, RatedGroup, RatedSynthesis
from ketameta.evidence.ratings import Evidence
from ketameta.evidence.timed import curves_of
from ketameta.evidence.verdicts import verdict
from ketameta.measures import MEASURES
from ketameta.synthesize.claims import tests_of
from ketameta.synthesize.words import MISSING_AS_NONE
from ketameta.synthesize.worthwhile import worthwhile
from ketameta.tables.collection import Tables, by
from ketameta.tables.courses import (
    CourseChangeRow,
    CourseGroupRow,
    CoursePointRow,
    CourseSpanRow,
)
from ketameta.tables.diagnostics import AsymmetryRow, JudgementRow, PairRow, PairSynthesisRow
from ketameta.tables.effects import DirectionRow, MissingResultRow
from ketameta.tables.parts import Estimate
from ketameta.tables.raw import ClaimRow, TrialRow
from ketameta.tables.syntheses import (
    AbsoluteRow,
    ControlShareRow,
    SensitivityRow,
    SplitRow,
    StudyRow,
    SubgroupRow,
    SynthesisRow,
)
from ketameta.tables.table import Row, extended
from ketameta.vocabulary import vocabulary
from ketameta.vocabulary.narrowing import named, narrowed_to

_analysis = attrgetter("analysis")

# the tables that a certainty is rated from
RATED_FROM: tuple[type[Row], ...] = (
    *(SynthesisRow, StudyRow, JudgementRow, AsymmetryRow),
    *(AbsoluteRow, SplitRow, SubgroupRow, SensitivityRow, MissingResultRow),
)
# those that a claim is judged by besides; older versions lack them
CLAIMS_FROM: tuple[type[Row], ...] = (
    *(ControlShareRow, PairRow, PairSynthesisRow, DirectionRow, TrialRow),
    *(CourseGroupRow, CoursePointRow, CourseSpanRow, CourseChangeRow),
)


@dataclass(frozen=True, slots=True)
class RatedResults:
    """Syntheses as rated, and the verdict on each claim; None where none is recorded."""

    syntheses: list[RatedSynthesis]
    claims: dict[str, str] | None


def results(tables: Tables, configuration: Configuration) -> RatedResults:
    """Return the syntheses as rated, and the verdict on each claim.

    Tables of an older version of this software that lack what a rating needs leave certainty None,
    not recorded, and then there are no verdicts on claims.
    """
    if not set(RATED_FROM) <= set(tables.kinds()):
        return RatedResults([_unrated(row) for row in tables[SynthesisRow]], None)
    rows = rated_syntheses(tables, configuration)
    records = {row.analysis: row for row in rows}
    claims = tables.get(ClaimRow)
    configuration = configuration.asked([*named(row.analysis for row in claims), *records])
    # older results may lack an analysis, and time courses
    told = CoursePointRow in tables.kinds()
    tests = [
        test
        for test in tests_of(claims, configuration)
        if not test.computed or (test.course and told) or test.analysis in records
    ]
    known = grounds(tables, records, configuration.courses)
    return RatedResults(rows, verdicts_of(tests, known))


def certainties(tables: Tables, configuration: Configuration) -> dict[str, Certainty]:
    """Return the certainty of every analysis that is in the tables and the configuration."""
    return {
        analysis.name: certainty(analysis, evidence)
        for analysis, evidence in _evidence(tables, configuration)
    }


def _evidence(tables: Tables, configuration: Configuration) -> Iterator[tuple[Analysis, Evidence]]:
    """Yield what each analysis is rated from."""
    groups = {kind: by(tables[kind], _analysis) for kind in RATED_FROM}
    for analysis in configuration.asked(groups[SynthesisRow]):
        if analysis.name in groups[SynthesisRow]:
            own = Tables({kind: groups[kind][analysis.name] for kind in RATED_FROM})
            yield analysis, evidence_of(own)


def evidence_of(own: Tables) -> Evidence:
    """Return what an analysis is rated from, out of its rows of the tables of `RATED_FROM`."""
    return Evidence(
        own[SynthesisRow][0],
        own[StudyRow],
        own[JudgementRow],
        next(iter(own[AsymmetryRow]), None),
        own[AbsoluteRow],
        own[SplitRow],
        own[SubgroupRow],
        own[MissingResultRow],
        next((row for row in own[SensitivityRow] if row.variant == MISSING_AS_NONE), None),
    )


def rated_syntheses(
    tables: Tables, configuration: Configuration, rated: Mapping[str, Certainty] | None = None
) -> list[RatedSynthesis]:
    """Return the syntheses with their verdict, their certainty and what they are held against.

    `rated` are their certainties, where these are known already.
    """
    found = {
        analysis.name: rated_synthesis(
            analysis, own, rated[analysis.name] if rated else certainty(analysis, own)
        )
        for analysis, own in _evidence(tables, configuration)
    }
    return [found.get(row.analysis) or _unrated(row) for row in tables[SynthesisRow]]


def _unrated(row: SynthesisRow) -> RatedSynthesis:
    return extended(RatedSynthesis, row, verdict=verdict(row))


def rated_synthesis(analysis: Analysis, own: Evidence, rated: Certainty) -> RatedSynthesis:
    """Return a synthesis with its certainty."""
    most = rated.weightiest
    return extended(
        RatedSynthesis,
        own.record,
        verdict=verdict(own.record),
        certainty=rated.level,
        certainty_best=rated.best,
        certainty_reason=most.reason if most else "",
        worthwhile=worthwhile(analysis, own.studies, own.risks),
        populations=populations(analysis, own.studies),
        limits=analysis.certainty,
        more_is_better=_more_is_better(analysis),
    )


def _more_is_better(analysis: Analysis) -> bool:
    """Say whether more of what is pooled is better: of a good event, of a fall of a bad score."""
    good = vocabulary().outcomes[analysis.select.outcome].sense == "good"
    return good != MEASURES[analysis.select.measure].falls


def grounds(
    tables: Tables, records: Mapping[str, RatedSynthesis], courses: Iterable[Course] = ()
) -> Grounds:
    """Return what claims are judged by; `records` are the syntheses as rated, by analysis.

    `courses` are the time courses that claims may ask.
    A group takes what its analysis has beside its numbers: side, thresholds, worthwhile effects;
    verdict and certainty from the analysis of its trials alone, where there is one.
    """
    groups = by(tables.get(SubgroupRow), lambda row: (row.analysis, row.split))
    splits: dict[str, list[Split]] = {}
    for row in tables.get(SplitRow):
        if whole := records.get(row.analysis):
            beside = {f.name: getattr(whole, f.name) for f in fields(Rated)}
            own = tuple(
                extended(RatedGroup, group, **beside | _rating(group, records))
                for group in groups[row.analysis, row.split]
                if group.subgroup
            )
            splits.setdefault(row.analysis, []).append(Split(row.split, row.p, own))
    trials = {row.trial_id: row for row in tables.get(TrialRow)}
    apart = vocabulary().words("told_apart")
    flags = {name: row.design_flag or "" for name, row in trials.items()}
    pointing = [
        extended(Pointing, row, apart=apart.get(flags.get(row.trial_id, ""), ""))
        for row in tables.get(DirectionRow)
    ]
    controls = _shares(tables) | _falls(tables)
    curves = curves_of(tables, courses)
    return Grounds(records, splits, controls, by(pointing, _analysis), trials, curves)


# what a group has from the analysis that it is rated in
_RATING = ("verdict", "certainty", "certainty_best", "certainty_reason")


def _rating(group: SubgroupRow, records: Mapping[str, RatedSynthesis]) -> dict[str, str | None]:
    """Return the rating of a group: that of its analysis narrowed to it, where both are one result.

    Where none such is asked, or trials of several arms make it another, that of its analysis.
    """
    alone = records.get(narrowed_to(group.analysis, group.split, group.subgroup))
    found = alone if alone and _same_result(group, alone) else records[group.analysis]
    return {name: getattr(found, name) for name in _RATING} | {"rated_in": found.analysis}


def _same_result(one: Estimate, other: Estimate) -> bool:
    """Say whether two results are of as many trials and people, and have the same numbers."""
    pairs = [(getattr(one, end), getattr(other, end)) for end in ("estimate", "ci_low", "ci_high")]
    return (one.k, one.n) == (other.k, other.n) and all(
        a == b if a is None or b is None else math.isclose(a, b, rel_tol=1e-9) for a, b in pairs
    )


def _shares(tables: Tables) -> dict[str, Control]:
    """Return the control arms of comparisons of events, in per cent of people."""
    studies = by(tables[StudyRow], _analysis)
    found = {}
    for row in tables.get(ControlShareRow):
        if row.estimate is None or row.ci_low is None or row.ci_high is None:
            continue
        arms = tuple(
            ControlArm(s.label, 100 * s.events_c / s.n_c, s.n_c)
            for s in studies[row.analysis]
            if s.events_c is not None and s.n_c
        )
        low, high = 100 * row.ci_low, 100 * row.ci_high
        found[row.analysis] = Control(100 * row.estimate, low, high, arms)
    return found


def _falls(tables: Tables) -> dict[str, Control]:
    """Return the control arms beside reductions, in per cent of the fall from the start."""
    pairs = by(tables.get(PairRow), _analysis)
    return {
        row.analysis: Control(
            row.control,
            arms=tuple(ControlArm(p.label, p.control, p.n_c or 0.0) for p in pairs[row.analysis]),
        )
        for row in tables.get(PairSynthesisRow)
        if row.control is not None
    }
