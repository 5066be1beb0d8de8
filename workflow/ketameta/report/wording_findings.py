"""Words of the summary of findings: risks of 1,000, differences in points, a sentence a result.

Columns and wording follow the Cochrane Handbook, chapter 14, and GRADE guidelines 26
(Santesso 2020, J Clin Epidemiol 119:126).
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from ketameta.configuration import Summary
from ketameta.measures import MEASURES, POINTS, SDS, Measure
from ketameta.report import wording, wording_absolute, wording_certainty, wording_domains
from ketameta.report.answers import Answer
from ketameta.tables.syntheses import StudyRow

NONE = "–"


def with_control(answer: Answer, studies: Sequence[StudyRow]) -> str:
    """Write the risk with control of 1,000 people, or the typical mean of the control arms."""
    if not answer.shown:
        return NONE
    if answer.risk is not None:
        return f"{wording_absolute.per_thousand(answer.risk.control_risk)} of 1,000"
    return _mean(answer, studies) or NONE


def _asked(answer: Answer) -> Measure:
    return MEASURES[answer.analysis.select.measure]


def _mean(answer: Answer, studies: Sequence[StudyRow]) -> str:
    """Write the median of the means of control arms on one scale; empty where none is known."""
    scale = _scale(answer, studies)
    for basis, text in (("change", "mean change {}"), ("endpoint", "mean {}")):
        means = [
            s.mean_c
            for s in studies
            if s.scale == scale and s.basis == basis and s.mean_c is not None
        ]
        if means:
            arms = wording.count(len(means), "control arm")
            where = f"median of {arms}" if len(means) > 1 else arms
            said = text.format(wording.fixed(median(means), 1))
            return f"{said} points on the {scale} ({where})"
    return ""


def _scale(answer: Answer, studies: Sequence[StudyRow]) -> str | None:
    """Return the one scale that a difference is told on."""
    if answer.points is not None:
        return answer.points.scale
    scales = {s.scale for s in studies}
    return scales.pop() if _asked(answer).in_points and len(scales) == 1 else None


def with_treatment(answer: Answer) -> str:
    """Write the risk with treatment of 1,000 people, or the difference in points, with interval."""
    record = answer.record
    if record.estimate is None:
        return NONE
    if answer.risk is not None:
        few = wording.useless(record)
        told = f"{wording_absolute.treated(answer.risk, few)} of 1,000"
        return f"{told} ({wording.TOO_FEW})" if few else told
    if answer.points is not None:
        p = answer.points
        on = f" on the {p.scale}"
        return _lower(p.points, p.points_low, p.points_high, on)
    if (unit := _asked(answer).unit) in (POINTS, SDS):
        return _lower(record.estimate, record.ci_low, record.ci_high, unit=unit)
    return NONE


def _lower(
    value: float, low: float | None, high: float | None, on: str = "", unit: str = POINTS
) -> str:
    """Write a difference without a sign: ``5.2 points lower on the scale (7.1 to 3.4 lower)``."""
    digits = 1 if unit == POINTS else 2
    text = f"{wording.fixed(abs(value), digits)} {unit} {_side(value)}{on}"
    if low is None or high is None:
        return text
    first, last = (wording.fixed(abs(end), digits) for end in (low, high))
    if _side(low) != _side(high):
        first = f"{first} {_side(low)}"
    return f"{text} ({first} to {last} {_side(high)})"


def _side(value: float) -> str:
    return "higher" if value > 0 else "lower"


def relative(answer: Answer) -> str:
    """Write the pooled effect on its own measure: ``RR 2.18 (1.68 to 2.84)``."""
    if not answer.shown:
        return NONE
    measure, record = answer.analysis.select.measure, answer.record
    name, unit = MEASURES[measure].symbol, wording.unit_sign(measure)
    around = wording.interval(measure, record.ci_low, record.ci_high)
    return f"{name} {wording.quantity(measure, record.estimate)}{unit} ({around}{unit})"


def of_hundred(share: float) -> str:
    """Write a share as a number of 100 people, with a decimal below one."""
    return wording.fixed(100 * share, 1 if 0 < share < 0.01 else 0)


def risks_in_words(answer: Answer) -> str:
    """Write the risks with and without treatment, of 100 people; empty where none is known."""
    if answer.risk is None:
        return ""
    return of_both(answer.risk.treated_risk, answer.risk.control_risk)


def of_both(treated: float, control: float) -> str:
    """Write two shares as a number of 100 people with and without treatment."""
    return f"{of_hundred(treated)} of 100 with treatment, {of_hundred(control)} without"


def pictured(answer: Answer) -> str:
    """Write a result as people or points, as a person can picture it; else on its measure."""
    if not answer.shown:
        return "no trial gives a number" if not answer.record.k else "not pooled"
    told = absolute(answer)
    return relative(answer) if told == NONE else told


def absolute(answer: Answer) -> str:
    """Write a result as people of 100 or as points of a scale; a dash where it is neither."""
    estimate = answer.record.estimate
    if _asked(answer).is_share and estimate is not None:
        return f"{of_hundred(estimate)} of 100 treated"
    return risks_in_words(answer) or with_treatment(answer)


def downgrade_reasons(answer: Answer) -> list[str]:
    """Say for each domain that takes a level from the certainty how many and why."""
    return [
        f"{rating.domain.capitalize()}, {wording_certainty.taken(rating)}: "
        f"{wording_domains.domain_reason(answer.analysis, rating)}"
        for rating in answer.rated.ratings
        if rating.rating
    ]


def finding_sentence(summary: Summary, answer: Answer) -> str:
    """Say what the result means, with the two sides named as the comparison names them."""
    if not answer.shown:
        return wording.answer(answer.analysis, answer.record)
    return wording.statement(answer.analysis, answer.record, (summary.treatment, summary.control))
