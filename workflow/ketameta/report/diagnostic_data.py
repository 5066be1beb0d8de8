"""The diagnostics of a synthesis as the words and numbers of its figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ketameta.configuration import Analysis
from ketameta.figures.chart import Band, Chart, CourseChart, Funnel, Point, Stop
from ketameta.figures.columns import Heading
from ketameta.figures.forest import Block, Forest, ForestRow, Total
from ketameta.measures import MEASURES, PLAIN
from ketameta.report import naming, wording, wording_model
from ketameta.report.forest_data import axis_scale, interval_of
from ketameta.tables.diagnostics import AsymmetryRow, CourseRow, DiagnosticRow
from ketameta.tables.fits import Engine
from ketameta.tables.syntheses import SynthesisRow

_TESTED = 10  # effects from which a test of asymmetry is made
# two-sided p at the edge of each band of a funnel, and the standard errors that go with it
_EDGES = ((2.5758, "band2", "0.01"), (1.96, "band3", "0.05"), (1.6449, "paper", "0.1"))


def _name(row: DiagnosticRow) -> str:
    return f"{row.label}, {row.comparison}" if row.comparison else row.label


def _of(number: int) -> str:
    return wording.count(number, "effect")


def funnel_of(analysis: Analysis, asymmetry: AsymmetryRow, rows: Sequence[DiagnosticRow]) -> Funnel:
    """Return the contour-enhanced funnel plot; Egger's line from ten effects on."""
    measure = MEASURES[analysis.select.measure]
    tested = asymmetry.p is not None
    notes = [f"{_of(asymmetry.k)}. Dashes: the pooled effect, and 1.96 standard errors about it."]
    if measure.compares:
        notes.append(
            "Shades by the p-value that an effect has alone: white above 0.1, then 0.05 to 0.1, "
            "0.01 to 0.05, below 0.01."
        )
    if tested:
        said = (
            f"Egger's line: slope {wording.fixed(asymmetry.slope, 2)} per unit of standard "
            f"error, t = {wording.fixed(asymmetry.statistic, 2)}, "
            f"df = {asymmetry.k - 2}, {wording.p_value(asymmetry.p)}."
        )
        if measure.transform is not PLAIN:
            said += " The standard error of these effects follows from the effect itself: "
            said += "asymmetry alone is no sign of missing trials."
        notes.append(said)
    elif asymmetry.k >= _TESTED:
        notes.append("All standard errors are alike: no line and no test of asymmetry.")
    else:
        notes.append(f"Fewer than {_TESTED} effects: no line and no test of asymmetry.")
    points = [Point(r.effect, r.se, _hover(analysis, r)) for r in rows]
    smallest, largest = min(r.se for r in rows), max(r.se for r in rows)
    chart = Chart(
        f"{analysis.display.title}: funnel plot",
        f"Funnel plot of {_of(len(rows))}, standard errors from {wording.fixed(smallest, 2)} to "
        f"{wording.fixed(largest, 2)}. {notes[-1]}",
        measure.pooled_axis,
        "Standard error",
        tuple(notes),
    )
    line = None
    if asymmetry.limit is not None and asymmetry.slope is not None:
        line = asymmetry.limit, asymmetry.slope
    return Funnel(
        chart,
        tuple(points),
        asymmetry.centre,
        1.96,
        tuple(Band(z, role, p) for z, role, p in _EDGES) if measure.compares else (),
        0.0,
        line if tested else None,
        measure.is_ratio,
    )


def _hover(analysis: Analysis, row: DiagnosticRow) -> str:
    scale = MEASURES[analysis.select.measure].transform.name
    unit = f" ({scale})" if scale else ""
    effect, se = wording.fixed(row.effect, 2), wording.fixed(row.se, 2)
    return f"{_name(row)}: effect{unit} {effect}, standard error {se}"


@dataclass(frozen=True, slots=True)
class Refits:
    """Syntheses again, without each effect or up to each year.

    `of` gives what a row of the table has of them.
    """

    lead: str
    in_order: bool
    of: Callable[[DiagnosticRow], Refit]


@dataclass(frozen=True, slots=True)
class Refit:
    """A pooled effect with its interval, and I² in per cent."""

    estimate: float | None
    ci_low: float | None
    ci_high: float | None
    i2: float | None


WITHOUT = Refits(
    "without ",
    False,
    lambda r: Refit(r.without_estimate, r.without_low, r.without_high, r.without_i2),
)
UNTIL = Refits("+ ", True, lambda r: Refit(r.until_estimate, r.until_low, r.until_high, r.until_i2))


def refits_of(
    analysis: Analysis,
    record: SynthesisRow,
    rows: Sequence[DiagnosticRow],
    refits: Refits,
    title: str,
) -> Forest:
    """Return the pooled effects of all refits that there are, as a forest plot."""
    measure = analysis.select.measure
    pooled = [(r, refits.of(r)) for r in rows]
    shown = [(r, refit) for r, refit in pooled if refit.estimate is not None]
    forest_rows = []
    for n, (r, refit) in enumerate(shown):
        text = wording.with_interval(measure, refit.estimate, refit.ci_low, refit.ci_high)
        label = _name(r) if refits.in_order and n == 0 else refits.lead + _name(r)
        forest_rows.append(
            ForestRow(
                (label, str(r.year or "–")) if refits.in_order else (label,),
                (wording.fixed(refit.i2, 0), text),
                interval_of(measure, refit.estimate, refit.ci_low, refit.ci_high),
                None,
                f"{label}: {MEASURES[measure].words} {text}",
            )
        )
    total = Total(
        f"All {wording.count(record.k, 'trial')} ({wording_model.model(record)})",
        (wording.fixed(record.i2, 0), wording.estimate_interval(measure, record)),
        interval_of(measure, record.estimate, record.ci_low, record.ci_high),
    )
    left = (Heading("Trial", widest=260), Heading("Year", "end"))
    level = wording.level_percent(analysis.model.level)
    return Forest(
        f"{analysis.display.title}: {title}",
        _refit_alt(analysis, [refit for _, refit in shown], refits),
        left if refits.in_order else left[:1],
        (Heading("I²\n%", "."), Heading(f"{MEASURES[measure].heading}\n[{level} CI]", ".")),
        (Block("", tuple(forest_rows)),),
        total,
        None,
        axis_scale(analysis),
        notes=(_refit_note(analysis, record, len(rows), refits),),
    )


def _refit_note(analysis: Analysis, record: SynthesisRow, k: int, refits: Refits) -> str:
    how = f"τ² by {analysis.model.tau2}, interval {analysis.model.interval}"
    if Engine(record.engine).modelled:
        model = "GLMM" if Engine(record.engine).mixed else f"{record.engine} model"
        how += f", inverse variance in place of the {model}"
    if not refits.in_order:
        return f"{_of(k)}; each row pools all but one. {how}."
    return f"{_of(k)} in the order of publication; each row pools all down to it. {how}."


def _refit_alt(analysis: Analysis, shown: Sequence[Refit], refits: Refits) -> str:
    measure = analysis.select.measure
    values = [refit.estimate for refit in shown if refit.estimate is not None]
    low, high = (
        wording.quantity(measure, f(values)) + wording.unit_sign(measure) for f in (min, max)
    )
    name = MEASURES[measure].words
    if not refits.in_order:
        return (
            f"Leaving out one of {_of(len(shown))} at a time, the pooled {name} lies between "
            f"{low} and {high}."
        )
    first, last = (
        wording.quantity(measure, v) + wording.unit_sign(measure) for v in (values[0], values[-1])
    )
    return (
        f"Adding {_of(len(shown))} in the order of years, the pooled {name} goes from {first} "
        f"to {last}."
    )


def baujat_of(analysis: Analysis, rows: Sequence[DiagnosticRow]) -> tuple[Chart, list[Point]]:
    """Return the Baujat plot; the effects that stand out, or the three furthest, are named."""
    usable = [
        Point(r.baujat_x, r.baujat_y, _name(r), r.influential)
        for r in rows
        if r.baujat_x is not None and r.baujat_y is not None
    ]
    top_x = max((p.x for p in usable), default=0) or 1.0
    top_y = max((p.y for p in usable), default=0) or 1.0
    order = sorted(usable, key=lambda p: (-(p.x / top_x + p.y / top_y), p.label))
    far = {p.label for p in order[:3]}
    points = [replace(p, stands_out=p.stands_out or p.label in far) for p in usable]
    stand_out = [p.label for p in usable if p.stands_out]
    rule = "dffits, Cook's distance, hat value or dfbetas beyond metafor's limits"
    found = f"Stand out ({rule}): {', '.join(stand_out) or 'none'}."
    chart = Chart(
        f"{analysis.display.title}: Baujat plot",
        f"Baujat plot of {_of(len(usable))}. Furthest out: "
        f"{', '.join(p.label for p in order[:3])}. {found}",
        "Contribution to heterogeneity (squared Pearson residual)",
        "Influence on the pooled effect (squared change over its variance)",
        (f"{_of(len(usable))}; the three furthest out are named. {found}",),
    )
    return chart, points


def family_course(analyses: Sequence[Analysis], rows: Sequence[CourseRow]) -> CourseChart | None:
    """Return the time course of a family of analyses; None where fewer than two are pooled."""
    stops = []
    for analysis, r in zip(analyses, rows, strict=True):
        if r.estimate is None:
            continue
        m = r.measure
        ends = (r.estimate, r.ci_low, r.ci_high)
        estimate, low, high = (MEASURES[m].drawn(end) or 0.0 for end in ends)
        text = wording.estimate_interval(m, r)
        name = hour_name(r.hour)
        below = (f"{r.k:,}", f"{r.n:,}", wording.quantity(m, r.estimate))
        tooltip = f"{analysis.display.title}: {text}, {wording.count(r.k, 'trial')}"
        stops.append(Stop(r.hour, name, r.start, r.end, estimate, low, high, below, tooltip))
    if len(stops) < 2:
        return None
    first = analyses[0]
    measure = MEASURES[first.select.measure]
    said = "; ".join(f"{s.name}: {s.tooltip.partition(': ')[2]}" for s in stops)
    chart = Chart(
        f"{_outcome(first)}: time course",
        f"Time course, {measure.words}: {said}.",
        "Time",
        measure.axis,
        (
            "Points: pooled effects with their intervals; grey: the window of hours. The trials "
            "differ from point to point: the line of one trial over time is not what is shown.",
            *filter(None, [_favours(first)]),
        ),
    )
    below = ("Trials", "People", "Effect")
    return CourseChart(chart, tuple(stops), below, axis_scale(first))


def _outcome(analysis: Analysis) -> str:
    from ketameta.vocabulary import vocabulary

    label = vocabulary().outcomes[analysis.select.outcome].label
    return label[:1].upper() + label[1:]


def _favours(analysis: Analysis) -> str:
    sides = naming.favoured_sides(analysis)
    return f"Below no effect: {sides[0]}; above: {sides[1]}." if sides else ""


def hour_name(hour: float) -> str:
    """Write an hour as people say it: 4 h, 24 h, 7 d."""
    return f"{hour / 24:g} d" if hour >= 48 and hour % 24 == 0 else f"{hour:g} h"
