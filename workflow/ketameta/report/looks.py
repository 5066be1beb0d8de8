"""The folded section of a page on looking after every trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ketameta.configuration import Analysis
from ketameta.measures import MEASURES
from ketameta.report.wording import count, level_percent, unit_sign, with_interval
from ketameta.tables.looks import LookRow

ADVICE = (
    "The Cochrane Handbook (chapter 22) advises against sequential methods for the main analyses "
    "of a review and for its conclusions: this stands beside them and changes none."
)
HOW = (
    "The interval is a confidence sequence of the common effect (Howard 2021; for meta-analysis "
    "ter Schure 2022): it holds at every look at once, whatever made somebody look. The boundaries "
    "are those of Lan 1983 in the shape of O'Brien and Fleming, for the smallest worthwhile effect "
    "with 90% power, the required information raised by how much the trials differ (Wetterslev "
    "2009). Both take one true effect and the years as the order of trials."
)


@dataclass(frozen=True, slots=True)
class LooksView:
    """What the page shows: a conclusion, and a line a look."""

    sentence: str
    lines: Sequence[tuple[str, str, str, str, str, str]]


def looks_view(analysis: Analysis, rows: Sequence[LookRow]) -> LooksView | None:
    """Return the section; None where no look was taken."""
    if not rows:
        return None
    measure = analysis.select.measure
    lines = [
        (
            f"{row.label}{', ' if row.comparison else ''}{row.comparison}",
            with_interval(measure, row.estimate, row.low, row.high) + unit_sign(measure),
            f"{row.e_value:,.3g}" if row.e_value < 1e6 else "over 1,000,000",
            f"{row.z:.2f}".replace("-", "−"),
            _edge(row.boundary),
            "–" if row.fraction is None else f"{100 * row.fraction:.0f}%",
        )
        for row in rows
    ]
    return LooksView(_sentence(analysis, rows), lines)


def _edge(boundary: float | None) -> str:
    if boundary is None:
        return "–"
    # no trial so small passes what is left of the error by then
    return "none yet" if boundary > 20 else f"{boundary:.2f}"


def _sentence(analysis: Analysis, rows: Sequence[LookRow]) -> str:
    null = MEASURES[analysis.select.measure].no_effect
    outside = [row for row in rows if not row.low <= null <= row.high]
    level = level_percent(analysis.model.level)
    looks = count(len(rows), "look")
    if outside:
        text = (
            f"With {level} for all {looks} together, the interval first lies wholly "
            f"on one side of no difference after "
            f"{outside[0].label}"
        )
        text += "." if outside[-1] is rows[-1] else ", and not any more after the last trial."
    else:
        text = (
            f"With {level} for all {looks} together, the interval never lies wholly on one side of "
            "no difference."
        )
    last = rows[-1]
    if last.boundary is None or last.fraction is None:
        return text
    passed = [row for row in rows if row.boundary is not None and abs(row.z) > row.boundary]
    if passed:
        text += f" The boundary for a worthwhile effect is passed first after {passed[0].label}"
    else:
        text += " The boundary for a worthwhile effect is not passed"
    share = f"{100 * last.fraction:.0f}%"
    return f"{text}; the trials hold {share} of the information that such an analysis asks for."
