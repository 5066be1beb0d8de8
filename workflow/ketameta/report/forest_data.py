"""A synthesis and its studies as the words and numbers of a forest plot."""

from __future__ import annotations

from typing import Any

from ketameta.configuration import Analysis
from ketameta.figures.forest import Block, Forest, Heading, Interval, Row, Total
from ketameta.report import wording
from ketameta.synthesize.scales import NULL_VALUE
from ketameta.vocabulary import vocabulary

Record = dict[str, Any]

AXIS = {
    "RR": "Risk ratio (log scale)",
    "OR": "Odds ratio (log scale)",
    "RD": "Risk difference",
    "MD": "Mean difference, scale points",
    "SMD": "Standardised mean difference (Hedges' g)",
    "PLO": "People with the outcome, per cent",
    "PCTRED": "Reduction from baseline, per cent",
}
LIMITS = {"PLO": (0.0, 100.0), "RD": (-1.0, 1.0)}
_LISTS = {
    "comparator_class": "comparator_classes",
    "population": "populations",
    "treatment": "treatments",
}


def forest_of(
    analysis: Analysis,
    record: Record,
    studies: list[Record],
    subgroups: list[Record],
    href: str = "",
) -> Forest:
    """Return the forest plot of an analysis; `href` links rows to `<href>#effect-<trial>`."""
    measure = analysis.select.measure
    left = _left_headings(analysis, studies)
    right = (
        Heading("Weight\n%", "end"),
        Heading(f"{short(measure)}\n[{wording.percent(analysis.model.level)} CI]", "end"),
    )
    total = _total(analysis, record, "Pooled", record["model"]) if _pooled(record) else None
    return Forest(
        analysis.display.title,
        wording.forest_alt(analysis, record, studies),
        left,
        right,
        tuple(_blocks(analysis, studies, subgroups, href)),
        total,
        _prediction(analysis, record),
        AXIS[measure],
        wording.sides(analysis),
        NULL_VALUE.get(measure),
        measure in ("RR", "OR"),
        LIMITS.get(measure),
        tuple(_notes(analysis, record, studies)),
    )


def _pooled(record: Record) -> bool:
    return record["k"] > 1 and record["estimate"] is not None


def short(measure: str) -> str:
    """Return the heading of a measure's column."""
    return {"PLO": "Share, %", "PCTRED": "Reduction, %"}.get(measure, measure)


def scaled(measure: str, value: float | None) -> float | None:
    """Return a value as drawn: proportions in per cent."""
    return None if value is None else 100 * value if measure == "PLO" else value


def _interval(measure: str, record: Record, estimate: str) -> Interval:
    value = scaled(measure, record[estimate])
    assert value is not None
    return Interval(value, scaled(measure, record["ci_low"]), scaled(measure, record["ci_high"]))


def _left_headings(analysis: Analysis, studies: list[Record]) -> tuple[Heading, ...]:
    headings = [
        Heading("Trial"),
        Heading("Treatment"),
        *([] if analysis.select.by_arm else [Heading("Control")]),
        Heading("Hour", "end"),
    ]
    if analysis.select.measure in ("RR", "OR", "RD"):
        headings += [Heading("Treated\nevents/n", "end"), Heading("Control\nevents/n", "end")]
    elif analysis.select.measure == "PLO":
        headings += [Heading("Treated\nevents/n", "end")]
    elif analysis.select.by_arm:
        headings += [Heading("Scale"), Heading("Treated\nn", "end")]
    else:
        headings += [
            Heading("Scale"),
            Heading("Treated\nmean (SD) n", "end"),
            Heading("Control\nmean (SD) n", "end"),
        ]
    return tuple(headings)


def _left_cells(analysis: Analysis, s: Record) -> tuple[str, ...]:
    drug = " ".join(filter(None, (s["treatment"], _dose(s), s["route"])))
    label = f"{s['label']}, {s['comparison']}" if s["comparison"] else s["label"]
    cells = [label, drug]
    if not analysis.select.by_arm:
        cells.append(s["control"])
    cells.append(f"{s['hour']:g}" if s["hour"] is not None else "–")
    if analysis.select.measure == "PLO":
        return (*cells, _events(s, "t"))
    if analysis.select.measure in ("RR", "OR", "RD"):
        return (*cells, _events(s, "t"), _events(s, "c"))
    if analysis.select.by_arm:
        return (*cells, s["scale"] or "–", wording.people(s["n_t"]))
    return (*cells, s["scale"] or "–", _mean(s, "t"), _mean(s, "c"))


def _dose(study: Record) -> str:
    """Write a list of doses once per unit: 28, 56, 84 mg."""
    parts = [part.rpartition(" ") for part in (study["dose"] or "").split(", ") if part]
    units = {unit for _, _, unit in parts}
    if len(units) != 1:
        return study["dose"] or ""
    return ", ".join(amount for amount, _, _ in parts) + " " + units.pop()


def _events(study: Record, side: str) -> str:
    if study[f"events_{side}"] is None:
        return "–"
    return f"{wording.people(study[f'events_{side}'])}/{wording.people(study[f'n_{side}'])}"


def _mean(study: Record, side: str) -> str:
    n = wording.people(study[f"n_{side}"])
    if study[f"mean_{side}"] is None:
        return f"reported, n {n}" if study[f"n_{side}"] else "reported"
    mean, sd = wording.fixed(study[f"mean_{side}"], 1), wording.fixed(study[f"sd_{side}"], 1)
    return f"{mean} ({sd}) {n}"


def _blocks(
    analysis: Analysis, studies: list[Record], subgroups: list[Record], href: str
) -> list[Block]:
    if not subgroups:
        return [Block("", tuple(_row(analysis, s, href) for s in studies))]
    labels = vocabulary().words(_LISTS[analysis.model.subgroup or "comparator_class"])
    blocks = []
    for group in subgroups:
        name = group["subgroup"]
        rows = tuple(_row(analysis, s, href) for s in studies if s["subgroup"] == name)
        subtotal = _total(analysis, group, "Subtotal", group["model"]) if _pooled(group) else None
        heading = labels.get(name, name) or "not stated"
        blocks.append(Block(heading[:1].upper() + heading[1:], rows, subtotal))
    return blocks


def _row(analysis: Analysis, s: Record, href: str) -> Row:
    measure = analysis.select.measure
    text = wording.estimate_interval(measure, s, "effect")
    return Row(
        _left_cells(analysis, s),
        (wording.fixed(s["weight"], 1), text),
        _interval(measure, s, "effect"),
        s["weight"],
        f"{s['label']}: {wording.MEASURES[measure]} {text}",
        f"{href}#{wording.anchor(s)}",
    )


def _total(analysis: Analysis, record: Record, label: str, model: str) -> Total:
    measure = analysis.select.measure
    text = wording.estimate_interval(measure, record)
    people = wording.count(record["k"], "trial")
    return Total(
        f"{label} ({people}; {model})",
        ("100.0" if label == "Pooled" else "", text),
        _interval(measure, record, "estimate"),
        f"{label} {wording.MEASURES[measure]} {text}",
    )


def _prediction(analysis: Analysis, record: Record) -> Total | None:
    if record["pi_low"] is None:
        return None
    measure = analysis.select.measure
    low, high = (
        wording.quantity(measure, record["pi_low"]),
        wording.quantity(measure, record["pi_high"]),
    )
    values = [scaled(measure, record[name]) for name in ("estimate", "pi_low", "pi_high")]
    level = wording.percent(analysis.model.level)
    rule = {"k-1": "t, k − 1 df", "k-2": "t, k − 2 df", "normal": "normal", "hksj": "HKSJ"}
    return Total(
        f"{level} prediction interval ({rule[analysis.model.prediction]})",
        ("", f"[{low}, {high}]"),
        Interval(values[0] or 0.0, values[1], values[2]),
        f"Prediction interval {low} to {high}",
    )


def _notes(analysis: Analysis, record: Record, studies: list[Record]) -> list[str]:
    notes = [wording.heterogeneity(record), wording.between_groups(record)]
    marked = [s["label"] for s in studies if s["marks"]]
    if marked:
        notes.append("Rows that want a check: " + ", ".join(marked) + ".")
    notes.append(
        "Squares: area by weight. Arrows: the interval goes beyond the axis."
        if record["k"] > 1
        else "One trial: nothing is pooled."
    )
    return [note for note in notes if note]
