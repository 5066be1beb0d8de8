"""Words for absolute effects: risks per 1,000, numbers needed to treat, points of a scale."""

from __future__ import annotations

import math

from ketameta.report.naming import capital
from ketameta.report.wording import MINUS, TOO_FEW, count, fixed, level_percent
from ketameta.tables.parts import Estimate
from ketameta.tables.syntheses import AbsoluteRow, PointsRow

NOTE = (
    "The control risk is assumed, as stated; the interval carries the uncertainty of the relative "
    "effect alone."
)


def per_thousand(share: float | None) -> str:
    """Write a share as a number of 1,000 people."""
    return fixed(None if share is None else 1000 * share, 0)


def more_or_fewer(row: AbsoluteRow, few: bool = False) -> str:
    """Write a risk difference per 1,000: ``106 more (61 more to 165 more)``.

    Of too `few` trials (`wording.useless`) that is said in place of the ends.
    """
    text = _more(row.difference)
    if few:
        return f"{text} ({TOO_FEW})"
    known = row.difference_low is not None and row.difference_high is not None
    return f"{text} ({ends(row)})" if known else text


def ends(row: AbsoluteRow) -> str:
    """Write the ends of a risk difference per 1,000: ``61 more to 165 more``."""
    return f"{_more(row.difference_low)} to {_more(row.difference_high)}"


def _more(value: float | None) -> str:
    if value is None:
        return "–"
    people = round(1000 * value)
    return f"{abs(people):,} {'more' if people > 0 else 'fewer'}" if people else "no difference"


def treated(row: AbsoluteRow, few: bool = False) -> str:
    """Write the risk under treatment per 1,000 with its interval; of too `few` trials without."""
    text = per_thousand(row.treated_risk)
    if few:
        return text
    if row.treated_risk_low is None or row.treated_risk_high is None:
        return text
    low, high = per_thousand(row.treated_risk_low), per_thousand(row.treated_risk_high)
    return f"{text} ({low} to {high})"


def needed(row: AbsoluteRow, favours: str | None, few: bool = False) -> str:
    """Write a number needed to treat with its interval, rounded up.

    NNTB: treated for one more to benefit; NNTH: for one more to be harmed. Where the interval
    includes no effect it runs through infinity (Altman 1998): ``NNTB 40 (NNTH 31 to ∞ to NNTB 9)``.
    """
    if row.nnt is None:
        return "∞: no difference"
    ends = [row.nnt_low, row.nnt_high]
    text = _needed(row.nnt, favours)
    if row.difference_low is None or row.difference_high is None or few:
        return text
    words = [_needed(end, favours) for end in ends]
    if row.difference_low < 0 < row.difference_high:
        harm, benefit = words if words[0].startswith("NNTH") else reversed(words)
        return f"{text} ({harm} to ∞ to {benefit})"
    smaller = sorted(ends, key=lambda end: math.inf if end is None else abs(end))
    kind = text.split(" ", maxsplit=1)[0]
    numbers = [_needed(end, favours).removeprefix(f"{kind} ") for end in smaller]
    return f"{text} ({numbers[0]} to {numbers[1]})"


def _needed(value: float | None, favours: str | None) -> str:
    if value is None:
        return "∞"
    kind = "NNTB" if (value > 0) == (favours == "above") else "NNTH"
    return f"{kind} {math.ceil(round(abs(value), 6)):,}"


def needed_meaning(row: AbsoluteRow, favours: str | None, few: bool = False) -> str:
    """Say what the number needed to treat means, and what its interval leaves open."""
    if row.nnt is None:
        return "With no difference in risk nobody has to be treated for one more event."
    if few:
        return f"{capital(TOO_FEW)}: it may as well be harm as benefit."
    low, high = row.difference_low, row.difference_high
    if low is not None and high is not None and low < 0 < high:
        ends = sorted(_needed(end, favours) for end in (row.nnt_low, row.nnt_high))
        benefit, harm = (end.split(" ")[1] for end in ends)
        return (
            f"The interval includes no difference: from one more harmed for every {harm} treated, "
            f"through no difference (∞), to one more who benefits for every {benefit}. The trials "
            "do not settle which it is (Altman 1998)."
        )
    kind, number = _needed(row.nnt, favours).split(" ")
    what = "benefits" if kind == "NNTB" else "is harmed"
    risk = percent_of(row.control_risk)
    return f"At a control risk of {risk}, about one more person {what} for every {number} treated."


def percent_of(share: float) -> str:
    """Write a share in per cent, with a decimal below ten."""
    return f"{fixed(100 * share, 1 if share < 0.1 else 0)}%"


def assumed(row: AbsoluteRow) -> str:
    """Say where the control risk is from."""
    return f"{row.assumed} ({row.arms} arms)" if row.arms > 1 else row.assumed


def held(row: AbsoluteRow) -> str:
    """Say that a risk was held at 0 or 1; empty where none was."""
    return "An end that would pass 1,000 or 0 of 1,000 is held there." if row.held else ""


def points_in_words(row: PointsRow) -> str:
    """Write a difference in points with its interval."""
    text = f"{fixed(row.points, 1)} points"
    if row.points_low is None or row.points_high is None:
        return text
    return f"{text} ({fixed(row.points_low, 1)} to {fixed(row.points_high, 1)})"


def points_source(row: PointsRow, level: float) -> str:
    """Say how points follow from the standardised difference."""
    bases = " and ".join(row.bases)
    middle = "the SD of the one trial"
    if row.arms > 1:
        middle = f"the median SD of {count(row.arms, 'control arm')}"
    return (
        f"The standardised difference and its {level_percent(level)} interval times "
        f"{fixed(row.sd, 1)}, {middle} on the {row.scale} in this analysis whose scores are not "
        f"skewed ({bases} scores): {'; '.join(row.trials)}. Scales with another spread would give "
        f"other points; {MINUS} is fewer points than under control."
    )


def share_per_thousand(record: Estimate) -> str:
    """Write a pooled proportion of the people treated per 1,000."""
    low, high = per_thousand(record.ci_low), per_thousand(record.ci_high)
    return f"{per_thousand(record.estimate)} of 1,000 people treated ({low} to {high})"
