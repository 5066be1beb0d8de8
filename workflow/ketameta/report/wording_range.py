"""What other defensible choices give: the range of an estimate, in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from ketameta.configuration import Analysis
from ketameta.measures import MEASURES
from ketameta.report.naming import listed
from ketameta.report.wording import count, excludes_null, quantity, unit_sign
from ketameta.tables.parts import Estimate
from ketameta.tables.syntheses import SensitivityRow

NAMED = 2  # choices that the sentence names where several give the same


def other_choices(
    analysis: Analysis, record: Estimate, sensitivity: Sequence[SensitivityRow]
) -> str:
    """Say between which values other choices put the estimate, and which they are.

    `sensitivity` are the analysis's rows of that table; of these the ones on its own measure count.
    Whether an interval lies on one side of no effect is told where any of them differs in that from
    the headline. Empty where nothing is pooled or there is no other choice.
    """
    measure = analysis.select.measure
    others = [r for r in sensitivity if r.measure == measure and r.estimate is not None]
    if record.k < 2 or record.estimate is None or not others:
        return ""
    ranked = sorted(others, key=lambda r: (r.estimate, r.variant))
    low, high = (
        quantity(measure, r.estimate) + unit_sign(measure) for r in (ranked[0], ranked[-1])
    )
    own = quantity(measure, record.estimate) + unit_sign(measure)
    number = count(len(others), "other defensible choice")
    if low == high == own:
        text = f"The estimate is the same, {own}, under {number}"
    elif low == high:
        text = f"Under {number} the {MEASURES[measure].words} is {low} in place of {own}"
    else:
        ends = (
            f"{end} ({'as here' if end == own else _named(measure, order, end)})"
            for end, order in ((low, ranked), (high, ranked[::-1]))
        )
        text = f"Under {number} the {MEASURES[measure].words} runs from {' to '.join(ends)}"
    return f"{text}{_hangs(analysis, record, others)}."


def _named(measure: str, ranked: Sequence[SensitivityRow], shown: str) -> str:
    """Name the choices that give a value as printed, not all of many."""
    names = [
        r.variant for r in ranked if quantity(measure, r.estimate) + unit_sign(measure) == shown
    ]
    more = len(names) - NAMED
    return f"{', '.join(names[:NAMED])} and {more} more" if more > 0 else listed(names)


def _hangs(analysis: Analysis, record: Estimate, others: Sequence[SensitivityRow]) -> str:
    """Say how many choices turn the answer to whether the interval includes no effect."""
    if not MEASURES[analysis.select.measure].compares:
        return ""
    clear = excludes_null(analysis, record)
    turned = [r for r in others if excludes_null(analysis, r) != clear]
    if not turned:
        return ""
    does = "includes no difference" if clear else "lies wholly on one side of no difference"
    names = listed([r.variant for r in turned[:NAMED]])
    more = f" and {len(turned) - NAMED} more" if len(turned) > NAMED else ""
    return f"; the interval {does} under {names}{more}"
