"""A synthesis and its studies as the words and numbers of a forest plot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ketameta.configuration import Analysis
from ketameta.figures.columns import SMALL, Heading
from ketameta.figures.forest import Block, Forest, LeftOut, Row, Total
from ketameta.figures.marks import Interval
from ketameta.figures.metrics import wrap
from ketameta.measures import MEASURES
from ketameta.report import bias, naming, wording, wording_notes, wording_plot
from ketameta.synthesize.prediction import expected
from ketameta.vocabulary.narrowing import keys

Record = dict[str, Any]
_WIDEST_SIDE = 110.0  # pixels of the name of a side above its column
LISTED = 10  # trials left out that a figure names; the page lists all

_RULES = {
    "k-1": "t, k − 1 df",
    "k-2": "t, k − 2 df",
    "normal": "normal",
    "hksj": "t, HKSJ variance",
}


def forest_of(
    analysis: Analysis,
    record: Record,
    studies: list[Record],
    subgroups: list[Record],
    href: str = "",
    exclusions: Sequence[Record] = (),
    judgements: Sequence[Record] = (),
    *,
    splits: Sequence[Record] = (),
    missing: Sequence[Record] = (),
    earlier: Sequence[Record] = (),
) -> Forest:
    """Return the forest plot of an analysis; `href` links rows to `<href>#effect-<trial>`.

    `exclusions`, `judgements`, `splits`, `missing` (of `missing_results`) and `earlier` are the
    analysis's own rows of those tables.
    """
    measure = MEASURES[analysis.select.measure]
    judged = bias.by_trial(judgements)
    tools = bias.tools_of(judgements)
    right = (
        Heading("Weight\n%", "."),
        Heading(f"{measure.heading}\n[{wording.percent(analysis.model.level)} CI]", "."),
    )
    listed, heading = _left_out([e for e in exclusions if e["near"]], missing)
    groups = _plotted(record, subgroups)
    return Forest(
        analysis.display.title,
        wording.forest_alt(analysis, record, studies),
        _left_headings(analysis),
        right,
        tuple(_blocks(analysis, studies, groups, href, judged, tools)),
        _total(analysis, record, studies, "Random effects", record["model"])
        if _pooled(record)
        else None,
        _prediction(analysis, record),
        earlier=_earlier(analysis, earlier),
        **scale_of(analysis),
        statistics=tuple(wording_plot.statistics(record, groups, splits)),
        left_out=listed,
        left_out_heading=heading,
        notes=tuple(_notes(analysis, record, studies)),
        lights=bias.headings(tools),
        legend=tuple(bias.legend(judgements)),
    )


def scale_of(analysis: Analysis) -> dict[str, Any]:
    """Return the fields of a forest plot that follow from the measure and the direction."""
    measure = MEASURES[analysis.select.measure]
    return {
        "axis_title": measure.axis,
        "sides": naming.sides(analysis),
        "null": measure.null,
        "log": measure.is_ratio,
        "limits": measure.limits,
    }


def _pooled(record: Record) -> bool:
    return record["k"] > 1 and record["estimate"] is not None


def interval_of(measure: str, record: Record, estimate: str) -> Interval:
    """Return an estimate with its interval as drawn; `estimate` names its column."""
    drawn = MEASURES[measure].drawn
    value = drawn(record[estimate])
    assert value is not None
    return Interval(value, drawn(record["ci_low"]), drawn(record["ci_high"]))


def _left_headings(analysis: Analysis) -> tuple[Heading, ...]:
    """Return the columns that a measure has; those of the arms come last, headed by the arm."""
    treated = _heading(naming.treatment_name(analysis))
    control = _heading(naming.control_name(analysis))
    by_arm = analysis.select.by_arm
    headings = [
        Heading("Trial", widest=210),
        Heading("Treatment", widest=80, spare=5),
        Heading("Dose", widest=105, spare=2),
        Heading("Route", widest=60, spare=6),
        *([] if by_arm else [Heading("Control", widest=95, spare=1)]),
        Heading("Hour", "end", spare=4),
    ]
    if MEASURES[analysis.select.measure].counts:
        cells = "n/N", "/"
    else:
        headings.append(Heading("Scale", widest=100, spare=3))
        cells = ("N" if by_arm else "mean (SD) n"), "."
    sides = [treated] if by_arm else [treated, control]
    return (*headings, *(Heading(f"{side}\n{cells[0]}", cells[1]) for side in sides))


def _heading(name: str) -> str:
    """Write the name of a side above its column, a long one in lines."""
    return "\n".join(wrap(naming.capital(name), SMALL, _WIDEST_SIDE, bold=True))


def _left_cells(analysis: Analysis, s: Record) -> tuple[str, ...]:
    by_arm = analysis.select.by_arm
    label = f"{s['label']}, {s['comparison']}" if s["comparison"] else s["label"]
    cells = [
        f"{label} {wording_notes.DAGGER}" if wording_notes.rests_on_others(s) else label,
        s["treatment"] or "–",
        _dose(s) or "–",
        s["route"] or "–",
        *([] if by_arm else [wording_plot.control(s)]),
        f"{s['hour']:g}" if s["hour"] is not None else "–",
    ]
    sides = ("t",) if by_arm else ("t", "c")
    if MEASURES[analysis.select.measure].counts:
        return (*cells, *(_events(s, side) for side in sides))
    cells.append(s["scale"] or "–")
    if by_arm:
        return (*cells, wording.people(s["n_t"]))
    return (*cells, *(_mean(s, side) for side in sides))


def _dose(study: Record) -> str:
    """Write a list of doses once per unit: 28, 56, 84 mg."""
    parts = [part.rpartition(" ") for part in (study["dose"] or "").split(", ") if part]
    units = {unit for _, _, unit in parts}
    if len(units) != 1:
        return study["dose"] or ""
    return ", ".join(amount.replace("-", "–") for amount, _, _ in parts) + " " + units.pop()


def _events(study: Record, side: str) -> str:
    if study[f"events_{side}"] is None:
        return "–"
    return f"{wording.people(study[f'events_{side}'])}/{wording.people(study[f'n_{side}'])}"


def _mean(study: Record, side: str) -> str:
    n = wording.people(study[f"n_{side}"])
    if study[f"mean_{side}"] is None:
        return f"contrast, n {n}" if study[f"n_{side}"] else "contrast"
    mean, sd = wording.fixed(study[f"mean_{side}"], 1), wording.fixed(study[f"sd_{side}"], 1)
    return f"{mean} ({sd}) {n}"


def _sums(analysis: Analysis, studies: list[Record]) -> tuple[str, ...]:
    """Return people (and events) of the arms together; a dash where a trial gives none.

    A control kept whole beside several arms of its trial is counted once.
    """
    events = MEASURES[analysis.select.measure].counts
    cells = []
    for side in ("t",) if analysis.select.by_arm else ("t", "c"):
        once = studies
        if side == "c" and any(s["shared"] is not None for s in studies):
            once = list({s["trial_id"]: s for s in studies}.values())
        names = [f"events_{side}", f"n_{side}"] if events else [f"n_{side}"]
        sums = [
            None if any(s[name] is None for s in once) else sum(s[name] for s in once)
            for name in names
        ]
        cells.append("–" if None in sums else "/".join(wording.people(x) for x in sums))
    return tuple(cells)


def _plotted(record: Record, subgroups: list[Record]) -> list[Record]:
    """Return the groups of the split that stands on the plot."""
    return [group for group in subgroups if group["split"] == record["split"]]


def _blocks(
    analysis: Analysis,
    studies: list[Record],
    subgroups: list[Record],
    href: str,
    judged: bias.Judged,
    tools: list[str],
) -> list[Block]:
    if not subgroups:
        return [Block("", tuple(_row(analysis, s, href, judged, tools) for s in studies))]
    labels = keys()[subgroups[0]["split"]]
    blocks = []
    for group in subgroups:
        name = group["subgroup"]
        own = [s for s in studies if s["subgroup"] == name]
        rows = tuple(_row(analysis, s, href, judged, tools) for s in own)
        model = "" if wording_plot.model_of_groups(subgroups) else group["model"]
        subtotal = None
        if _pooled(group):
            subtotal = replace(
                _total(analysis, group, own, "Subtotal", model), below=wording_plot.under(group)
            )
        heading = labels.get(name, name) or "not stated"
        blocks.append(Block(heading[:1].upper() + heading[1:], rows, subtotal))
    return blocks


def _row(analysis: Analysis, s: Record, href: str, judged: bias.Judged, tools: list[str]) -> Row:
    measure = analysis.select.measure
    text = wording.estimate_interval(measure, s, "effect")
    return Row(
        _left_cells(analysis, s),
        (wording.fixed(s["weight"], 1), text),
        interval_of(measure, s, "effect"),
        s["weight"],
        f"{s['label']}: {MEASURES[measure].words} {text}",
        f"{href}#{wording.anchor(s)}",
        bias.lights(s["trial_id"], judged, tools),
    )


def _total(
    analysis: Analysis, record: Record, studies: list[Record], label: str, model: str
) -> Total:
    measure = analysis.select.measure
    text = wording.estimate_interval(measure, record)
    weights = [s["weight"] for s in studies]
    share = "" if None in weights else wording.fixed(math.fsum(weights), 1)
    return Total(
        f"{label}, {wording.count(record['k'], 'trial')}" + (f" ({model})" if model else ""),
        (share, text),
        interval_of(measure, record, "estimate"),
        f"{label} {MEASURES[measure].words} {text}",
        _sums(analysis, studies),
    )


def _prediction(analysis: Analysis, record: Record) -> Total | None:
    where = expected(record)
    if where is None:
        return None
    measure = analysis.select.measure
    low, high = (wording.limit(measure, end) for end in (where.low, where.high))
    values = [
        MEASURES[measure].drawn(value) for value in (record["estimate"], where.low, where.high)
    ]
    rule = _RULES[analysis.model.prediction]
    if "three-level" in record["model"]:
        rule = "three-level, t"
    elif "GLMM" in record["model"]:
        rule = _RULES["k-1"]
    return Total(
        f"{wording.percent(analysis.model.level)} prediction interval ({rule})",
        ("", f"[{low}, {high}]"),
        Interval(values[0] or 0.0, values[1], values[2]),
        f"Prediction interval {low} to {high}",
    )


def _earlier(analysis: Analysis, rows: Sequence[Record]) -> tuple[Total, ...]:
    """Return what earlier reviews found, as far as it has a place on the axis."""
    measure = analysis.select.measure
    totals = []
    for row in rows:
        if row["estimate"] is None:
            continue
        text = wording.quantity(measure, row["estimate"])
        if row["ci_low"] is not None:
            text = wording.estimate_interval(measure, row)
        trials = wording.count(row["k"], "trial") if row["k"] is not None else ""
        printed = f"{row['measure']} {row['printed']}" if row["converted"] else ""
        year = str(row["year"] or "")
        year = "" if year in row["label"] else year
        label = ", ".join(filter(None, (row["label"], year, row["comparison"], trials, printed)))
        tooltip = f"{label}: {MEASURES[measure].words} {text}"
        totals.append(Total(label, ("", text), interval_of(measure, row, "estimate"), tooltip))
    return tuple(totals)


def _left_out(near: list[Record], missing: Sequence[Record]) -> tuple[tuple[LeftOut, ...], str]:
    """Return the trials to list without a weight, not all of many, and a heading with a count.

    Known missing results come first, with what is reported in place of a number.
    """
    said = {m["trial_id"]: m for m in missing}
    near = sorted(near, key=lambda e: e["trial_id"] not in said)
    shown = tuple(LeftOut(e["label"], _why_out(e, said.get(e["trial_id"]))) for e in near[:LISTED])
    heading = (
        f"Not pooled, though outcome and time fit: no number to pool "
        f"({wording.count(len(near), 'trial')}"
    )
    more = len(near) - len(shown)
    return shown, heading + (f"; {len(shown)} shown, the page lists all)" if more else ")")


def _why_out(exclusion: Record, missing: Record | None) -> str:
    if missing is None:
        detail = wording_notes.plain(exclusion["detail"])
        return f"{exclusion['reason']} ({detail})" if detail else str(exclusion["reason"])
    through = f"; its patients are in {missing['through']}" if missing["through"] else ""
    return f"measured, no number reported: {missing['said']}{through}"


def _notes(analysis: Analysis, record: Record, studies: list[Record]) -> list[str]:
    notes = []
    if record["k"] > 1 and record["estimate"] is None:
        notes.append(f"Nothing is pooled: {naming.why_not_pooled(analysis, record)}.")
    elif record["k"] > 1:
        bar = "Grey bar: prediction interval. " if expected(record) else ""
        notes.append(
            f"Squares: area by weight. Diamond: pooled effect with its interval. {bar}Arrow: the "
            "interval goes beyond the axis."
        )
        if "GLMM" in record["model"] or "three-level" in record["model"]:
            notes.append("Weights: inverse variance, two levels; the model gives none of its own.")
        elif "Mantel-Haenszel" in record["model"]:
            notes.append("Weights: those of inverse variance, not of the pooled effect.")
    elif record["k"] == 1:
        notes.append("One trial: nothing is pooled.")
    if any(s["basis"] == "contrast" for s in studies) and not analysis.select.by_arm:
        notes.append("contrast, –: a reported difference, without numbers of the arms.")
    return notes + wording_notes.notes(analysis, record, studies)
