"""The picture of a claim: results on the axis of what it claims, or people of 100 side by side."""

from __future__ import annotations

from collections.abc import Sequence

from ketameta.evidence.claim_rules import MIXED
from ketameta.evidence.claims import UNTOLD, Control
from ketameta.figures.axis import AxisScale
from ketameta.figures.claims import (
    ClaimPicture,
    HundredPeople,
    PictureRow,
    Tick,
    draw_axis,
    draw_people,
)
from ketameta.figures.marks import Interval
from ketameta.figures.scene import to_svg
from ketameta.measures import MEASURES, SHARE, Measure
from ketameta.report import claim_words, wording
from ketameta.report.claim_view import ClaimView
from ketameta.report.claim_words import Points, ToldResult
from ketameta.report.naming import capital, control_name
from ketameta.vocabulary import vocabulary
from ketameta.vocabulary.narrowing import in_words

MOST_ROWS = 5
MOST_SMALL = 3


# what stands below the first picture that shows single trials
STROKES = (
    "Dot on a line: pooled result with its interval. Strokes: single trials, the longer the more "
    "people. Square: control arms, with strokes of their own."
)

_STROKE = '<line class="mark"'  # how a trial is drawn, and nothing else on a picture


def pictures(views: Sequence[ClaimView]) -> dict[str, str]:
    """Return the pictures of claims, in the order of the page, by id.

    Below the first that shows single trials stands what its marks are.
    """
    found = {view.claim_id: picture(view) for view in views}
    first = next((name for name, drawn in found.items() if _STROKE in drawn), None)
    if first is not None:
        end = "</div>"
        found[first] = f'{found[first].removesuffix(end)}<p class="note">{STROKES}</p>{end}'
    return found


def picture(view: ClaimView, small: bool = False) -> str:
    """Return the picture of a claim as inline SVG in its frame; empty where there is none to draw.

    One comparison of events is people of 100; several of them, where groups or parts make the claim
    mixed, and all that are drawn small, are treated beside control on an axis of people of 100. The
    rest stands on an axis in the
    unit of the claim, of the score, or of the measure.
    """
    shown = _rows(view, MOST_SMALL if small else 1)
    if not shown:
        return ""
    alone = len(shown) == 1 and view.claimed_value is None and not small
    people = people_of(shown[0], view.verdict) if alone else None
    scene = draw_people(people) if people else draw_axis(axis_of(view, shown), small)
    name = f"claim-{view.claim_id}{'-small' if small else ''}"
    frame = "claim-picture small-picture" if small else "claim-picture"
    return f'<div class="{frame}">{to_svg(scene, name)}</div>'


def _rows(view: ClaimView, most_alike: int) -> list[ToldResult]:
    """Return the results on the picture: groups where they differ, and one measure alone.

    Of events that say the same at most so many.
    """
    found: list[ToldResult] = []
    for told in view.told:
        groups = [s for s in told.shown if s.group]
        found += groups if told.verdict.word == MIXED and groups else list(told.shown[:1])
    if not found:
        return []
    if view.verdict != MIXED and view.claimed_value is None and found[0].risk:
        found = found[:most_alike]
    # one measure, and more of all of it good or of all of it bad: no axis reads both ways
    kind = _kind(found[0])
    return [s for s in found if _kind(s) == kind][:MOST_ROWS]


def _kind(shown: ToldResult) -> tuple[str, bool]:
    return shown.record.measure, _is_good(shown)


def _is_good(shown: ToldResult) -> bool:
    return vocabulary().outcomes[shown.analysis.select.outcome].sense == "good"


def people_of(shown: ToldResult, verdict: str) -> HundredPeople | None:
    """Return a comparison of events as people of 100; None where no control risk is known.

    The difference is called a benefit or a harm where the verdict on the claim tells something.
    """
    if not MEASURES[shown.record.measure].compares_events or (risk := shown.risk) is None:
        return None
    treated, control = round(100 * risk.treated_risk), round(100 * risk.control_risk)
    verb = claim_words.does(claim_words.verb_of(shown.analysis), "high")
    more = treated - control
    difference = (
        f"{abs(more)} {'more' if more > 0 else 'fewer'}" if more else "no more and no fewer"
    )
    when = claim_words.when(shown.analysis.select.window)
    gains = (more > 0) == _is_good(shown)
    said = "too few data" if verdict in UNTOLD else "a benefit" if gains else "a harm"
    return HundredPeople(
        f"Of 100 people, how many {verb}{when}",
        f"Of 100 people {control} {verb}{when} {shown.under} and {treated} {shown.with_treatment}: "
        f"{difference}.",
        control,
        treated,
        (
            f"{control} of 100 {shown.under}\n{verb}{when}",
            f"{treated} of 100 {shown.with_treatment}\n{difference}",
        ),
        gains,
        (
            "either way",
            f"{difference} with treatment: {said}",
            "neither way",
        ),
    )


def axis_of(view: ClaimView, shown: list[ToldResult]) -> ClaimPicture:
    """Return results on one axis: per cent, points of a scale, or the measure's own."""
    measure = MEASURES[shown[0].record.measure]
    if all(one.risk for one in shown):
        return _risks(view, shown)
    points = _points(shown)
    by = [p.sd for p in points] or [measure.factor] * len(shown)
    # a result that the text tells in points is told in them below another unit too
    below = ["" if points or not one.points else claim_words.difference(one) for one in shown]
    rows = [_result(*row) for row in zip(shown, _labels(shown), by, below, strict=True)]
    if view.control and not measure.compares:
        rows.append(_control(view.control))
    claimed = None if measure.compares else view.claimed_value
    unit, null = _unit(shown[0], points[0] if points else None)
    parts = [", ".join(filter(None, (f"{row.label} {row.text}", row.below))) for row in rows]
    said = f" Claimed: {view.claimed}." if claimed is not None else ""
    return ClaimPicture(
        f"{view.claim}: what the trials show",
        f"{unit}. {'; '.join(parts)}.{said}",
        tuple(rows),
        AxisScale(unit, null, measure.is_ratio, measure.limits),
        claimed,
        f"claimed: {claimed:g}" if claimed is not None else "",
    )


def _points(shown: list[ToldResult]) -> list[Points]:
    """Return the results in points of one scale; none where they are not all in points of it."""
    found = [p for one in shown if (p := one.points)]
    one_scale = len({p.scale for p in found}) == 1
    return found if one_scale and len(found) == len(shown) else []


def _risks(view: ClaimView, shown: list[ToldResult]) -> ClaimPicture:
    """Return comparisons of events on an axis of people of 100, control beside treated."""
    rows = []
    for one, label in zip(shown, _labels(shown), strict=True):
        risk = one.risk
        assert risk is not None
        treated, control = 100 * risk.treated_risk, 100 * risk.control_risk
        ends = (risk.treated_risk_low, risk.treated_risk_high)
        low, high = (None if end is None else 100 * end for end in ends)
        around = "" if low is None or high is None else f" ({low:.0f} to {high:.0f})"
        text = f"{treated:.0f}{around}, {one.other_side} {control:.0f}"
        rows.append(PictureRow(label, text, Interval(treated, low, high), beside=control))
    said = "; ".join(f"{row.label}: {row.text}" for row in rows)
    beside = " or ".join(dict.fromkeys(one.other_side for one in shown))
    unit = f"of 100 people, how many; dot: treated, square: {beside}"
    title = f"{view.claim}: what the trials show"
    scale = AxisScale(unit, limits=(0.0, 100.0))
    return ClaimPicture(title, f"{unit}. {said}.", tuple(rows), scale)


def _unit(shown: ToldResult, points: Points | None) -> tuple[str, float | None]:
    """Return what the axis counts, and its point of no difference."""
    measure, under = MEASURES[shown.record.measure], control_name(shown.analysis)
    if measure.is_share:
        verb = claim_words.does(claim_words.verb_of(shown.analysis), "high")
        return f"of 100 people, how many {verb}", None
    if measure.falls:
        return "per cent fall from the start", 0.0
    if measure.is_ratio:
        return f"{measure.words} against {under}", measure.null
    if points:
        return f"points of the {points.scale} against {under}; to the left: lower", 0.0
    return f"{measure.unit} against {under}; to the left: lower", 0.0


def _labels(shown: list[ToldResult]) -> list[str]:
    """Name the rows: by group, by what narrows one analysis, else by analysis."""
    if len(shown) == 1:
        return [capital(shown[0].group) or claim_words.treated_name(shown[0].analysis)]
    one = len({s.analysis.base for s in shown}) == 1
    return [
        capital(s.group or (in_words(s.analysis.narrow) if one else ""))
        or s.analysis.display.title.removesuffix(f": {in_words(s.analysis.narrow)}")
        for s in shown
    ]


def _result(shown: ToldResult, label: str, by: float, below: str) -> PictureRow:
    record, measure = shown.record, MEASURES[shown.record.measure]
    told = (record.estimate, record.ci_low, record.ci_high)
    ends = [None if end is None else by * end for end in told]
    ticks = tuple(
        _tick(s.label, by * (measure.natural(s.yi) or 0.0), s.people, measure, by)
        for s in shown.studies
    )
    assert ends[0] is not None
    return PictureRow(
        label, _numbers(ends, measure, by), Interval(ends[0], ends[1], ends[2]), ticks, below=below
    )


def _numbers(ends: list[float | None], measure: Measure, by: float) -> str:
    """Write a value and its interval in the unit of the axis."""
    digits = 1 if measure.compares and by != 1 else measure.digits
    value, low, high = (
        wording.quantity(measure.name, end) if digits is None else wording.fixed(end, digits)
        for end in ends
    )
    return value if ends[1] is None or ends[2] is None else f"{value} ({low} to {high})"


def _tick(label: str, value: float, people: float | None, measure: Measure, by: float) -> Tick:
    told = _numbers([value, None, None], measure, by)
    return Tick(value, people or 0.0, f"{label}: {told}, {wording.people(people)} people")


def _control(control: Control) -> PictureRow:
    """Return the control arms as a second row, in per cent."""
    ends = [control.estimate, control.low, control.high]
    ticks = tuple(_tick(arm.label, arm.value, arm.people, SHARE, 100) for arm in control.arms)
    interval = Interval(control.estimate, control.low, control.high)
    return PictureRow("Control arms", _numbers(ends, SHARE, 100), interval, ticks, control=True)
