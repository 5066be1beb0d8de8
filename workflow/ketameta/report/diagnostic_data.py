"""The diagnostics of a synthesis as the words and numbers of its figures."""

from __future__ import annotations

from typing import Any

from ketameta.configuration import Analysis
from ketameta.figures.chart import Band, Chart, Course, Funnel, Point, Stop
from ketameta.figures.columns import Heading
from ketameta.figures.forest import Block, Forest, Row, Total
from ketameta.figures.marks import Interval
from ketameta.measures import MEASURES, PLAIN
from ketameta.report import naming, wording, wording_model
from ketameta.report.forest_data import scale_of
from ketameta.tables.fits import Engine

Record = dict[str, Any]
_TESTED = 10  # effects from which a test of asymmetry is made
# two-sided p at the edge of each band of a funnel, and the standard errors that go with it
_EDGES = ((2.5758, "band2", "0.01"), (1.96, "band3", "0.05"), (1.6449, "paper", "0.1"))


def _name(row: Record) -> str:
    return f"{row['label']}, {row['comparison']}" if row["comparison"] else str(row["label"])


def _of(number: int) -> str:
    return wording.count(number, "effect")


def funnel_of(analysis: Analysis, asymmetry: Record, rows: list[Record]) -> Funnel:
    """Return the contour-enhanced funnel plot; Egger's line from ten effects on."""
    measure = MEASURES[analysis.select.measure]
    tested = asymmetry["p"] is not None
    notes = [
        f"{_of(asymmetry['k'])}. Dashes: the pooled effect, and 1.96 standard errors about it."
    ]
    if measure.compares:
        notes.append(
            "Shades by the p-value that an effect has alone: white above 0.1, then 0.05 to 0.1, "
            "0.01 to 0.05, below 0.01."
        )
    if tested:
        said = (
            f"Egger's line: slope {wording.fixed(asymmetry['slope'], 2)} per unit of standard "
            f"error, t = {wording.fixed(asymmetry['statistic'], 2)}, "
            f"df = {asymmetry['k'] - 2}, {wording.p_value(asymmetry['p'])}."
        )
        if measure.transform is not PLAIN:
            said += " The standard error of these effects follows from the effect itself: "
            said += "asymmetry alone is no sign of missing trials."
        notes.append(said)
    elif asymmetry["k"] >= _TESTED:
        notes.append("All standard errors are alike: no line and no test of asymmetry.")
    else:
        notes.append(f"Fewer than {_TESTED} effects: no line and no test of asymmetry.")
    points = [Point(r["effect"], r["se"], _hover(analysis, r)) for r in rows]
    smallest, largest = min(r["se"] for r in rows), max(r["se"] for r in rows)
    chart = Chart(
        f"{analysis.display.title}: funnel plot",
        f"Funnel plot of {_of(len(rows))}, standard errors from {wording.fixed(smallest, 2)} to "
        f"{wording.fixed(largest, 2)}. {notes[-1]}",
        measure.pooled_axis,
        "Standard error",
        tuple(notes),
    )
    return Funnel(
        chart,
        tuple(points),
        asymmetry["centre"],
        1.96,
        tuple(Band(z, role, p) for z, role, p in _EDGES) if measure.compares else (),
        0.0,
        (asymmetry["limit"], asymmetry["slope"]) if tested else None,
        measure.is_ratio,
    )


def _hover(analysis: Analysis, row: Record) -> str:
    scale = MEASURES[analysis.select.measure].transform.name
    unit = f" ({scale})" if scale else ""
    effect, se = wording.fixed(row["effect"], 2), wording.fixed(row["se"], 2)
    return f"{_name(row)}: effect{unit} {effect}, standard error {se}"


def refits_of(
    analysis: Analysis, record: Record, rows: list[Record], prefix: str, title: str
) -> Forest:
    """Return pooled effects without each effect (`without`), or up to each year (`until`)."""
    measure = analysis.select.measure
    lead = "without " if prefix == "without" else "+ "
    shown = [r for r in rows if r[f"{prefix}_estimate"] is not None]
    forest_rows = []
    for n, r in enumerate(shown):
        part = {name: r[f"{prefix}_{name}"] for name in ("estimate", "low", "high")}
        pooled = {"estimate": part["estimate"], "ci_low": part["low"], "ci_high": part["high"]}
        text = wording.estimate_interval(measure, pooled)
        i2 = wording.fixed(r[f"{prefix}_i2"], 0)
        label = _name(r) if prefix == "until" and n == 0 else lead + _name(r)
        cells = (label, str(r["year"])) if prefix == "until" and r["year"] else (label, "–")
        forest_rows.append(
            Row(
                cells if prefix == "until" else (label,),
                (i2, text),
                _interval(measure, part),
                None,
                f"{label}: {MEASURES[measure].words} {text}",
            )
        )
    every = {
        "estimate": record["estimate"],
        "low": record["ci_low"],
        "high": record["ci_high"],
    }
    total = Total(
        f"All {wording.count(record['k'], 'trial')} ({wording_model.model(record)})",
        (wording.fixed(record["i2"], 0), wording.estimate_interval(measure, record)),
        _interval(measure, every),
    )
    left = (Heading("Trial", widest=260), Heading("Year", "end"))
    level = wording.percent(analysis.model.level)
    return Forest(
        f"{analysis.display.title}: {title}",
        _refit_alt(analysis, shown, prefix),
        left if prefix == "until" else left[:1],
        (Heading("I²\n%", "."), Heading(f"{MEASURES[measure].heading}\n[{level} CI]", ".")),
        (Block("", tuple(forest_rows)),),
        total,
        None,
        scale_of(analysis),
        notes=(_refit_note(analysis, record, len(rows), prefix),),
    )


def _refit_note(analysis: Analysis, record: Record, k: int, prefix: str) -> str:
    how = f"τ² by {analysis.model.tau2}, interval {analysis.model.interval}"
    if record["engine"] == Engine.GLMM:
        how += ", inverse variance on the logit in place of the GLMM"
    if prefix == "without":
        return f"{_of(k)}; each row pools all but one. {how}."
    return f"{_of(k)} in the order of publication; each row pools all down to it. {how}."


def _refit_alt(analysis: Analysis, rows: list[Record], prefix: str) -> str:
    measure = analysis.select.measure
    values = [r[f"{prefix}_estimate"] for r in rows]
    low, high = (wording.quantity(measure, f(values)) + wording.unit(measure) for f in (min, max))
    name = MEASURES[measure].words
    if prefix == "without":
        return (
            f"Leaving out one of {_of(len(rows))} at a time, the pooled {name} lies between "
            f"{low} and {high}."
        )
    first, last = (
        wording.quantity(measure, v) + wording.unit(measure) for v in (values[0], values[-1])
    )
    return (
        f"Adding {_of(len(rows))} in the order of years, the pooled {name} goes from {first} "
        f"to {last}."
    )


def _interval(measure: str, part: Record) -> Interval:
    drawn = MEASURES[measure].drawn
    value = drawn(part["estimate"])
    assert value is not None
    return Interval(value, drawn(part["low"]), drawn(part["high"]))


def baujat_of(analysis: Analysis, rows: list[Record]) -> tuple[Chart, list[Point]]:
    """Return the Baujat plot; the effects that stand out, or the three furthest, are named."""
    usable = [r for r in rows if None not in (r["baujat_x"], r["baujat_y"])]
    top_x = max((r["baujat_x"] for r in usable), default=0) or 1.0
    top_y = max((r["baujat_y"] for r in usable), default=0) or 1.0
    order = sorted(
        usable,
        key=lambda r: (-(r["baujat_x"] / top_x + r["baujat_y"] / top_y), _name(r)),
    )
    far = {_name(r) for r in order[:3]}
    points = [
        Point(r["baujat_x"], r["baujat_y"], _name(r), bool(r["influential"]) or _name(r) in far)
        for r in usable
    ]
    stand_out = [_name(r) for r in usable if r["influential"]]
    rule = "dffits, Cook's distance, hat value or dfbetas beyond metafor's limits"
    found = f"Stand out ({rule}): {', '.join(stand_out) or 'none'}."
    chart = Chart(
        f"{analysis.display.title}: Baujat plot",
        f"Baujat plot of {_of(len(usable))}. Furthest out: "
        f"{', '.join(_name(r) for r in order[:3])}. {found}",
        "Contribution to heterogeneity (squared Pearson residual)",
        "Influence on the pooled effect (squared change over its variance)",
        (f"{_of(len(usable))}; the three furthest out are named. {found}",),
    )
    return chart, points


def course_of(analyses: list[Analysis], rows: list[Record]) -> Course | None:
    """Return the time course of a family of analyses; None where fewer than two are pooled."""
    stops = []
    for analysis, r in zip(analyses, rows, strict=True):
        if r["estimate"] is None:
            continue
        m = r["measure"]
        part = {"estimate": r["estimate"], "low": r["ci_low"], "high": r["ci_high"]}
        estimate, low, high = (
            MEASURES[m].drawn(part[name]) or 0.0 for name in ("estimate", "low", "high")
        )
        text = wording.estimate_interval(m, r)
        name = hour_name(r["hour"])
        below = (f"{r['k']:,}", f"{r['n']:,}", wording.quantity(m, r["estimate"]))
        tooltip = f"{analysis.display.title}: {text}, {wording.count(r['k'], 'trial')}"
        stops.append(
            Stop(r["hour"], name, r["start"], r["end"], estimate, low, high, below, tooltip)
        )
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
    return Course(chart, tuple(stops), below, scale_of(first))


def _outcome(analysis: Analysis) -> str:
    from ketameta.vocabulary import vocabulary

    label = vocabulary().outcomes[analysis.select.outcome].label
    return label[:1].upper() + label[1:]


def _favours(analysis: Analysis) -> str:
    sides = naming.sides(analysis)
    return f"Below no effect: {sides[0]}; above: {sides[1]}." if sides else ""


def hour_name(hour: float) -> str:
    """Write an hour as people say it: 4 h, 24 h, 7 d."""
    return f"{hour / 24:g} d" if hour >= 48 and hour % 24 == 0 else f"{hour:g} h"
