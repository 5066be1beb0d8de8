"""Numbers and sentences: the only place where results are rounded and worded.

No sentence says more than its interval and the certainty of the evidence: a direction is named
only where the interval excludes no effect; "probably" and "may" go with moderate and low certainty,
"may …, but the evidence is very uncertain" with very low (Santesso 2020). Nothing is called an
effect for its p-value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, Protocol

from ketameta.configuration import Analysis
from ketameta.evidence.rated import Rated
from ketameta.measures import LARGEST, MEASURES, PER_CENT
from ketameta.report.naming import (
    aim,
    capital,
    control_name,
    listed,
    treatment_name,
    why_not_pooled,
)
from ketameta.report.wording_model import INTERVALS
from ketameta.synthesize.prediction import expected
from ketameta.tables.fits import Engine
from ketameta.tables.multiverse import ExtremeRow
from ketameta.tables.parts import Estimate, PoolableEffect
from ketameta.tables.syntheses import StudyRow, SynthesisRow
from ketameta.vocabulary import vocabulary

MINUS = "−"
EFFECT = "{} [{}, {}]"  # an estimate with its interval
# upper over lower end of the interval of two trials beyond which people of 1,000 are not told
USELESS = 50.0
TOO_FEW = "two trials, too few for a useful interval"


class HasInterval(Protocol):
    """A row with an interval, natural scale."""

    @property
    def ci_low(self) -> float | None:
        """Its lower end."""

    @property
    def ci_high(self) -> float | None:
        """Its upper end."""


# numbers come again: in a figure, in its forms for a phone and paper, in the tables beside it
@lru_cache(maxsize=4_000)
def fixed(value: float | None, digits: int) -> str:
    """Write a number with a fixed number of decimals and a true minus; an en dash for none.

    From 1e15 on a power of ten is written, as 1.2e15. Below, what is a half but for the noise of a
    search (beyond 12 digits) is rounded as a half.
    """
    if value is None:
        return "–"
    if abs(value) >= LARGEST:
        return "∞" if value > 0 else f"{MINUS}∞"
    if abs(value) >= 1e15:
        return f"{value:.1e}".replace("e+", "e").replace("-", MINUS)
    text = f"{float(f'{value:.12g}'):,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def quantity(measure: str, value: float | None) -> str:
    """Write an estimate of a measure on its natural scale, without its unit."""
    if value is None:
        return "–"
    asked = MEASURES[measure]
    if (digits := asked.digits) is None:
        digits = 2 if value < 10 else 1 if value < 100 else 0
    return fixed(asked.drawn(value), digits)


def unit_sign(measure: str) -> str:
    """Return what follows a quantity: a per cent sign or nothing."""
    return PER_CENT if MEASURES[measure].unit == PER_CENT else ""


def limit(measure: str, value: float | None) -> str:
    """Write an end of an interval; of per cent one beyond the scale as ``>100``, as none can be."""
    text, limits = quantity(measure, value), MEASURES[measure].limits
    if value is None or limits is None or not unit_sign(measure):
        return text
    low, high = limits
    shown = float(text.replace(MINUS, "-").replace(",", "")) if math.isfinite(value) else value
    return f"<{fixed(low, 0)}" if shown < low else f">{fixed(high, 0)}" if shown > high else text


def interval(measure: str, low: float | None, high: float | None) -> str:
    """Write an interval as ``1.68 to 2.84``."""
    return f"{limit(measure, low)} to {limit(measure, high)}"


def estimate_interval(
    measure: str, row: HasInterval, column: Literal["estimate", "effect"] = "estimate"
) -> str:
    """Write ``2.18 [1.68, 2.84]`` for a row of a forest plot, whose value is in a column."""
    return with_interval(measure, getattr(row, column), row.ci_low, row.ci_high)


def with_interval(
    measure: str,
    estimate: float | None,
    low: float | None,
    high: float | None,
    *,
    form: str = EFFECT,
) -> str:
    """Write ``2.18 [1.68, 2.84]``, or in another form."""
    return form.format(quantity(measure, estimate), limit(measure, low), limit(measure, high))


def p_value(p: float | None) -> str:
    """Write ``p = 0.13`` or ``p < 0.001``."""
    if p is None:
        return "p not available"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def level_percent(level: float) -> str:
    """Write a level such as 0.95 as ``95%``."""
    return f"{100 * level:g}%"


def people(number: float | None) -> str:
    """Write a number of people, which may be a part of a shared control arm."""
    return "–" if number is None else f"{number:,.4g}" if number < 1e4 else f"{number:,.0f}"


def anchor(study: PoolableEffect | ExtremeRow) -> str:
    """Return the stable anchor of an effect on its page."""
    own = f"-{study.comparison}" if study.comparison else ""
    return f"effect-{study.trial_id}{own}"


def count(number: int, one: str, many: str = "") -> str:
    """Write ``1 trial`` or ``13 trials``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def in_letters(number: int, one: str, many: str = "") -> str:
    """Write ``three outcomes``: a small number as a word."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    figure, what = count(number, one, many).split(" ", maxsplit=1)
    return f"{words[number] if number < len(words) else figure} {what}"


BESIDE = "lie wholly on one side of no difference"


def excludes_null(analysis: Analysis, record: HasInterval) -> bool:
    """Say whether the interval lies wholly on one side of no effect."""
    return _side(analysis, record) is not None


def _side(analysis: Analysis, record: HasInterval) -> Literal["above", "below"] | None:
    """Return the side of no effect on which the interval lies; None where it holds no effect."""
    null = MEASURES[analysis.select.measure].null
    low, high = record.ci_low, record.ci_high
    if null is None or low is None or high is None:
        return None
    return "above" if low > null else "below" if high < null else None


def useless(record: Estimate) -> bool:
    """Say whether a ratio of two trials is too uncertain for its absolute ends to be told."""
    low, high = record.ci_low, record.ci_high
    if record.k != 2 or not MEASURES[record.measure].is_ratio or low is None or high is None:
        return False
    return high > USELESS * low


def headline(analysis: Analysis, record: Estimate) -> str:
    """Say in a short line what the analysis found: for terminals and lists."""
    measure = analysis.select.measure
    if record.k == 0:
        return "no trial with usable numbers"
    if record.estimate is None:
        return f"{count(record.k, 'trial')}, not pooled"
    value = quantity(measure, record.estimate) + unit_sign(measure)
    around = interval(measure, record.ci_low, record.ci_high) + unit_sign(measure)
    trials, people = count(record.k, "trial"), count(record.n, "person", "people")
    level = level_percent(analysis.model.level)
    return f"{MEASURES[measure].words} {value} ({level} CI {around}), {trials}, {people}"


def answer(analysis: Analysis, record: Rated, sides: tuple[str, str] | None = None) -> str:
    """Say in a few sentences what the trials show, no more than interval and certainty allow.

    `record` is a synthesis with its certainty and worthwhile effects (`evidence.rated`), `sides`
    as `statement` takes them.
    """
    k = record.k
    if k == 0:
        return "No trial in the tables gives an effect for this question."
    if record.estimate is None:
        give = f"{count(k, 'trial')} {'gives' if k == 1 else 'give'} an effect"
        if k < analysis.model.minimum_k:
            return f"{give}; {why_not_pooled(analysis, record)} are not pooled."
        return f"{give}, but they are not pooled: {why_not_pooled(analysis, record)}."
    lead = "One trial" if k == 1 else f"{count(k, 'trial')} together"
    lead += f" with {count(record.n, 'person', 'people')}"
    text = f"{lead} {'gives' if k == 1 else 'give'} {_finding(analysis, record)}."
    return f"{text} {statement(analysis, record, sides)}"


# GRADE's informative statements by certainty: for a direction, for little or none, for a share
_RAISES: dict[str | None, tuple[str, str]] = {
    "high": ("raises", "lowers"),
    "moderate": ("probably raises", "probably lowers"),
    **dict.fromkeys(("low", "very low"), ("may raise", "may lower")),
}
_LITTLE: dict[str | None, str] = {
    "high": "makes",
    "moderate": "probably makes",
    **dict.fromkeys(("low", "very low"), "may make"),
}
_UNCERTAIN = ", but the evidence is very uncertain"
_NEAR: dict[str | None, str] = {
    "high": "is near this",
    "moderate": "is probably near this",
    "low": "may be near this",
}


def statement(analysis: Analysis, record: Rated, sides: tuple[str, str] | None = None) -> str:
    """Say in a sentence what follows for the treatment, by interval and certainty.

    `sides` names treatment and control where the analysis itself should not.

    Very low certainty hedges the direction and does not take it away; an interval that includes
    both no effect and a worthwhile one names none, whatever the certainty.
    """
    level, what = record.certainty, aim(analysis)
    who, control = sides or (treatment_name(analysis), control_name(analysis))
    if not MEASURES[analysis.select.measure].compares:
        if level == "very low":
            return f"The evidence is very uncertain about {what}."
        return f"{capital(what)} {_NEAR[level]}, without comparison to a control."
    hedge = _UNCERTAIN if level == "very low" else ""
    against = f"compared with {control}{hedge}"
    if side := _side(analysis, record):
        return f"{capital(who)} {_RAISES[level][side == 'below']} {what} {against}."
    if _little(record):
        return f"{capital(who)} {_LITTLE[level]} little or no difference to {what} {against}."
    if hedge:
        return f"The evidence is very uncertain about the effect of {who} on {what}."
    why = "reaches to both sides of no difference"
    if record.worthwhile:
        why = "includes both no difference and one that would matter"
    return f"Whether {who} changes {what} {against} is not clear: the interval {why}."


def _little(record: Rated) -> bool:
    """Say whether the interval lies wholly between the smallest worthwhile effects."""
    bounds, low, high = record.worthwhile, record.ci_low, record.ci_high
    if bounds is None or low is None or high is None:
        return False
    return bounds[0] < low and high < bounds[1]


def _finding(analysis: Analysis, record: Estimate) -> str:
    measure = analysis.select.measure
    around = (
        f"{level_percent(analysis.model.level)} interval "
        f"{interval(measure, record.ci_low, record.ci_high)}{unit_sign(measure)}"
    )
    value = quantity(measure, record.estimate) + unit_sign(measure)
    return f"{MEASURES[measure].finding.format(value)} ({around})"


def prediction(analysis: Analysis, record: Estimate) -> str:
    """Say where the true effect lies in further settings; empty where none is told (`expected`)."""
    where = expected(record)
    if where is None:
        return ""
    measure = analysis.select.measure
    low, high = (limit(measure, end) + unit_sign(measure) for end in (where.low, where.high))
    text = (
        f"In {100 * analysis.model.level:g} of 100 settings like these the true "
        f"{MEASURES[measure].expected} would lie between {low} and {high}"
    )
    null = MEASURES[measure].null
    if null is not None and where.low < null < where.high:
        return f"{text}: no difference, or one in the other direction, is not excluded."
    return f"{text}."


def prediction_text(record: Estimate) -> str:
    """Write the prediction interval with its unit; empty where none is told (`expected`)."""
    where, measure = expected(record), record.measure
    return f"{interval(measure, where.low, where.high)}{unit_sign(measure)}" if where else ""


def heterogeneity(record: Estimate, decimals: int = 3) -> str:
    """Write tau², I² and Q of a pooled result in a line; `decimals` of a tau² below 1."""
    if record.tau2 is None:
        return ""
    tau2, low, high = (
        _digits(value, decimals) for value in (record.tau2, record.tau2_low, record.tau2_high)
    )
    parts = [f"τ² = {tau2}"]
    if record.tau2_low is not None:
        parts[0] += f" ({low} to {high})"
    i2 = f"I² = {fixed(record.i2, 0)}%"
    if record.i2_low is not None:
        i2 += f" ({fixed(record.i2_low, 0)} to {fixed(record.i2_high, 0)}%)"
    if record.i2_q is not None:
        i2 += f", from Q {fixed(record.i2_q, 0)}%"
    parts.append(i2)
    parts.append(f"Q = {fixed(record.q, 2)}, df = {record.q_df}, {p_value(record.q_p)}")
    ends = {
        "τ²": (record.tau2, record.tau2_low, record.tau2_high),
        "I²": (record.i2, record.i2_low, record.i2_high),
    }
    outside = [sign for sign, own in ends.items() if _outside(*own)]
    if outside:
        lies = "lies outside its interval" if len(outside) == 1 else "lie outside their intervals"
        parts.append(f"{listed(outside)} {lies}, which another method gives (Q-profile)")
    return "; ".join(parts)


def _outside(value: float | None, low: float | None, high: float | None) -> bool:
    """Say whether an estimate lies outside its own interval by more than rounding."""
    if value is None or low is None or high is None:
        return False
    return value < low - 1e-9 * abs(low) or value > high + 1e-9 * abs(high)


def _digits(value: float | None, decimals: int) -> str:
    if value is None:
        return "–"
    return fixed(value, decimals if value < 1 else 2 if value < 10 else 1 if value < 100 else 0)


def between_groups_text(record: SynthesisRow) -> str:
    """Write the test between the groups on the plot; empty where there is none."""
    if record.between_q is None or record.split is None:
        return ""
    return (
        f"Between groups by {vocabulary().words('splits')[record.split]}: "
        f"Q = {fixed(record.between_q, 2)}, df = {record.between_df}, "
        f"{p_value(record.between_p)}"
    )


def pooled_by(analysis: Analysis, record: Estimate) -> str:
    """Say how the result was pooled."""
    if record.tau2 is None:
        return ""
    if Engine(record.engine).mixed:
        by = record.engine
        kind = "a binomial-normal" if by == Engine.GLMM else f"a {by}"
        how = f"{kind} generalised linear mixed model, normal interval"
    else:
        how = f"τ² by {record.tau2_by}, {INTERVALS[record.rule]} interval"
    df = {
        "k-1": "t with k − 1 degrees of freedom",
        "k-2": "t with k − 2 degrees of freedom",
        "normal": "normal",
        "hksj": "t with the HKSJ variance",
        "hksj-k-2": "t with k − 2 degrees of freedom and the HKSJ variance",
        "k-1-wald": "t with k − 1 degrees of freedom and the Wald variance",
        "k-2-wald": "t with k − 2 degrees of freedom and the Wald variance",
        "normal-wald": "normal with the Wald variance",
    }[analysis.model.prediction]
    text = f"Random effects: {how}"
    return text + (f"; prediction interval: {df}" if expected(record) else "")


def forest_alt(analysis: Analysis, record: Estimate, studies: Sequence[StudyRow]) -> str:
    """Describe a forest plot from its numbers."""
    measure = analysis.select.measure
    if not studies:
        return "No trial with usable numbers."
    each = "; ".join(
        f"{s.label} {quantity(measure, s.effect)} ({interval(measure, s.ci_low, s.ci_high)})"
        for s in studies
    )
    name = MEASURES[measure].words + (" in per cent" if unit_sign(measure) else "")
    text = f"Forest plot of {count(len(studies), 'trial')}, {name}: {each}."
    if record.k > 1 and record.estimate is not None:
        text += f" Pooled {headline(analysis, record)}."
    return text


def natural_interval(measure: str, low: float | None, high: float | None) -> str:
    """Write an interval that is given on the analysis scale."""
    asked = MEASURES[measure]
    return interval(measure, asked.natural(low), asked.natural(high))
