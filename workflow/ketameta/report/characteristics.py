"""The table of characteristics of the trials, and the list of those in no analysis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from ketameta.report.prose_methods import Judged
from ketameta.report.wording_notes import plain_reason
from ketameta.synthesize.judge import SEVERITY
from ketameta.tables.characteristics import CharacteristicsRow, ExcludedTrialRow
from ketameta.tables.collection import Tables, by
from ketameta.tables.effects import BiasRow
from ketameta.tables.raw import ArmRow, ContrastRow, OutcomeRow, RiskOfBiasRow, TrialRow
from ketameta.tables.rob2 import OVERALL
from ketameta.tables.syntheses import ExclusionRow, StudyRow
from ketameta.vocabulary import vocabulary

NO_ROW = "no row on an outcome that is asked for"


def characteristics_rows(tables: Tables) -> list[CharacteristicsRow]:
    """Return a row a trial report, in the order of the table of trials."""
    arms = by(tables[ArmRow], lambda row: row.trial_id)
    bias = by(tables[BiasRow], lambda row: row.trial_id)
    hours = _hours(tables)
    used: Counter[str] = Counter()
    for own in by(tables[StudyRow], lambda row: row.analysis).values():
        used.update({study.trial_id for study in own})
    return [
        CharacteristicsRow(
            trial_id=trial.trial_id,
            label=trial.label,
            year=trial.year,
            design=_design(trial),
            people=_people(trial),
            country=trial.country,
            n_randomised=trial.n_randomised,
            arms=[_arm(arm) for arm in arms[trial.trial_id] if not arm.pooled_arms],
            outcomes=_outcomes(hours.get(trial.trial_id, {})),
            funding=_word("fundings", trial.funding) or None,
            registration=trial.registration,
            doi=trial.doi,
            risk_of_bias=[*_bias(bias[trial.trial_id])],
            analyses=used[trial.trial_id],
        )
        for trial in tables[TrialRow]
    ]


def _word(name: str, word: str | None) -> str:
    return vocabulary().words(name).get(word, word) if word else ""


def _design(trial: TrialRow) -> str:
    words = (
        _word("designs", trial.design),
        _word("blindings", trial.blinding),
        _word("design_flags", trial.design_flag),
    )
    return ", ".join(filter(None, words))


def _people(trial: TrialRow) -> str:
    words = (
        _word("populations", trial.population),
        trial.population_note or "",
        _word("settings", trial.setting),
    )
    return "; ".join(filter(None, words))


def _arm(arm: ArmRow) -> str:
    """Write an arm as ``treatment, 0.5 mg/kg, IV, 6 doses (n = 40)``."""
    known = vocabulary().treatments[arm.treatment]
    dose = f"{arm.dose} {arm.dose_unit or ''}".strip() if arm.dose else ""
    doses = f"{arm.n_doses} dose{'s' * (arm.n_doses != 1)}" if arm.n_doses else ""
    with_also = f"with {arm.cotreatment}" if arm.cotreatment else ""
    text = ", ".join(filter(None, (known.label, dose, arm.route or "", doses, with_also)))
    return f"{text} (n = {arm.n_randomised})" if arm.n_randomised is not None else text


Hours = dict[str, set[float]]


def _hours(tables: Tables) -> Mapping[str, Hours]:
    """Return the hours with results by trial and outcome; one without an hour has none."""
    found: dict[str, Hours] = {}
    for kind in (OutcomeRow, ContrastRow):
        told = tables.columns(kind, ("trial_id", "outcome", "timepoint_h"))
        for trial_id, outcome, hour in zip(*told, strict=True):
            own = found.setdefault(trial_id, {}).setdefault(outcome, set())
            if hour is not None:
                own.add(hour)
    return found


def _outcomes(hours: Hours) -> list[str]:
    known = vocabulary().outcomes
    return [
        known[name].label + f": {', '.join(f'{h:g}' for h in sorted(own))} h" * bool(own)
        for name in known
        if (own := hours.get(name)) is not None
    ]


def _bias(rows: Sequence[BiasRow]) -> Iterator[str]:
    """Say for each tool what was judged, of several judgements of a domain the worst."""
    for tool, own in by(rows, lambda row: row.tool).items():
        domains = by(own, lambda row: row.domain)
        worst = {
            name: max((row.judgement for row in judged), key=SEVERITY.index)
            for name, judged in domains.items()
        }
        said = worst.get(OVERALL)
        if said is None:
            counts = Counter(worst.values())
            said = ", ".join(f"{counts[word]} {word}" for word in SEVERITY if counts[word])
        yield f"{tool.replace('RoB', 'RoB ')}: {said}"


def judged_of(
    tables: Tables, raters: Sequence[str], answered: int, trusted: int = 0, assessors: int = 0
) -> Judged:
    """Count who judged what; `raters` answered the questions of so many trial reports.

    The trustworthiness of `trusted` reports was judged by so many assessors.
    """
    by_tool = by(tables[BiasRow], lambda row: row.tool)
    return Judged(
        tools={tool: len({row.trial_id for row in rows}) for tool, rows in by_tool.items()},
        reviews=len({row.source for row in tables[RiskOfBiasRow]}),
        raters=len(raters),
        answered=answered,
        trusted=trusted,
        assessors=assessors,
    )


def excluded_rows(tables: Tables) -> list[ExcludedTrialRow]:
    """Return each trial report that has an effect in no analysis, a row a reason."""
    pooled = {study.trial_id for study in tables[StudyRow]}
    # what narrows an analysis tells of a trial nothing new
    whole = (row for row in tables[ExclusionRow] if "@" not in row.analysis)
    why = by(whole, lambda row: row.trial_id)
    return [
        ExcludedTrialRow(
            trial_id=trial.trial_id,
            label=trial.label,
            year=trial.year,
            reason=reason,
            details=[*dict.fromkeys(filter(None, _details(rows)))],
            analyses=[row.analysis for row in rows],
        )
        for trial in tables[TrialRow]
        if trial.trial_id not in pooled
        for reason, rows in (_by_reason(why.get(trial.trial_id, [])) or {NO_ROW: []}).items()
    ]


def _details(rows: Sequence[ExclusionRow]) -> Iterator[str]:
    for row in rows:
        yield from plain_reason(row.detail).split("; ")


def _by_reason(rows: Sequence[ExclusionRow]) -> Mapping[str, Sequence[ExclusionRow]]:
    return by(rows, lambda row: row.reason)
