"""A synthesis and its studies as the words and numbers of a forest plot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from ketameta.configuration import Analysis
from ketameta.figures.axis import AxisScale
from ketameta.figures.forest import Block, Forest, ForestRow, LeftOut, Light, Total
from ketameta.figures.marks import Interval
from ketameta.measures import MEASURES
from ketameta.report import bias, naming, wording, wording_model, wording_notes, wording_plot
from ketameta.report.forest_columns import SideColumns, side_columns
from ketameta.synthesize.prediction import expected
from ketameta.tables.bayes import ShrunkenRow
from ketameta.tables.collection import Tables
from ketameta.tables.diagnostics import EarlierRow, JudgementRow
from ketameta.tables.effects import MissingResultRow
from ketameta.tables.fits import Engine
from ketameta.tables.parts import Estimate
from ketameta.tables.syntheses import (
    ExclusionRow,
    SplitRow,
    StudyRow,
    SubgroupRow,
    SynthesisRow,
)
from ketameta.vocabulary.narrowing import keys

# the lights of a trial
Lights = Callable[[str], tuple[Light, ...]]
LISTED = 10  # trials left out that a figure names; the page lists all

PREDICTED_BY = {
    "k-1": "t, k − 1 df",
    "k-2": "t, k − 2 df",
    "normal": "normal",
    "hksj": "t, HKSJ variance",
    "hksj-k-2": "t, k − 2 df, HKSJ variance",
    "k-1-wald": "t, k − 1 df, Wald variance",
    "k-2-wald": "t, k − 2 df, Wald variance",
    "normal-wald": "normal, Wald variance",
}


# what a forest plot shows
PLOTTED = (
    *(StudyRow, SubgroupRow, SplitRow, ExclusionRow),
    *(JudgementRow, MissingResultRow, EarlierRow, ShrunkenRow),
)


def forest_of(
    analysis: Analysis,
    record: SynthesisRow,
    own: Tables,
    columns: SideColumns | None = None,
    form: str = wording.EFFECT,
) -> Forest:
    """Return the forest plot of an analysis; rows are links to `#effect-<trial>`.

    `own` are its rows of the tables of `PLOTTED`, or of some of them; `columns` and the `form` of
    pooled effects are those of the report where no others are given.
    """
    studies, judgements = own[StudyRow], own.get(JudgementRow)
    tools = bias.tools_of(judgements)
    lights = partial(bias.lights, judged=bias.judgements_by_trial(judgements), tools=tools)
    columns = columns or side_columns(analysis)
    near = [row for row in own.get(ExclusionRow) if row.near]
    listed, heading = _left_out(near, own.get(MissingResultRow))
    groups = plotted(record, own.get(SubgroupRow))
    pooled = partial(_total, analysis, columns, form)
    drawn = own.get(ShrunkenRow) if analysis.display.forest == "shrunken" else ()
    blocks = tuple(_blocks(analysis, columns, studies, groups, lights, pooled))
    return Forest(
        analysis.display.title,
        wording.forest_alt(analysis, record, studies),
        tuple(c.heading for c in columns.left),
        tuple(c.heading for c in columns.right),
        _with_drawn(analysis, blocks, studies, drawn) if drawn else blocks,
        pooled(record, studies, "Random effects", wording_model.model(record))
        if _pooled(record)
        else None,
        _prediction(analysis, columns, record, form),
        axis_scale(analysis),
        statistics=(
            *wording_plot.statistics(record, groups, own.get(SplitRow)),
            *_of_drawn(analysis, drawn),
        ),
        left_out=listed,
        left_out_heading=heading,
        notes=tuple(_notes(analysis, record, studies)),
        lights=bias.headings(tools),
        earlier=_earlier(analysis, columns, own.get(EarlierRow)),
        legend=tuple(bias.legend(judgements)),
    )


def axis_scale(analysis: Analysis) -> AxisScale:
    """Return what an axis of an analysis shows, by its measure and the direction of its outcome."""
    measure = MEASURES[analysis.select.measure]
    sides = naming.favoured_sides(analysis)
    return AxisScale(measure.axis, measure.null, measure.is_ratio, measure.limits, sides)


def _pooled(record: Estimate) -> bool:
    return record.k > 1 and record.estimate is not None


def interval_of(
    measure: str, estimate: float | None, low: float | None, high: float | None
) -> Interval:
    """Return an estimate with its interval as drawn."""
    drawn = MEASURES[measure].drawn
    value = drawn(estimate)
    assert value is not None
    return Interval(value, drawn(low), drawn(high))


def plotted(record: SynthesisRow, subgroups: Sequence[SubgroupRow]) -> list[SubgroupRow]:
    """Return the groups of the split that stands on the plot."""
    return [group for group in subgroups if group.split == record.split]


def _blocks(
    analysis: Analysis,
    columns: SideColumns,
    studies: Sequence[StudyRow],
    subgroups: Sequence[SubgroupRow],
    lights: Lights,
    pooled: Callable[[Estimate, Sequence[StudyRow], str, str], Total],
) -> list[Block]:
    if not subgroups:
        return [Block("", tuple(_row(analysis, columns, s, lights) for s in studies))]
    labels = keys()[subgroups[0].split]
    blocks = []
    for group in subgroups:
        name = group.subgroup
        own = [s for s in studies if s.subgroup == name]
        rows = tuple(_row(analysis, columns, s, lights) for s in own)
        model = "" if wording_plot.model_of_groups(subgroups) else wording_model.model(group)
        subtotal = None
        if _pooled(group):
            subtotal = pooled(group, own, "Subtotal", model)
            subtotal = replace(subtotal, below=wording_plot.under(group))
        heading = labels.get(name, name) or "not stated"
        blocks.append(Block(heading[:1].upper() + heading[1:], rows, subtotal))
    return blocks


def _row(analysis: Analysis, columns: SideColumns, s: StudyRow, lights: Lights) -> ForestRow:
    measure = analysis.select.measure
    text = wording.estimate_interval(measure, s, "effect")
    return ForestRow(
        *columns.cells(s),
        interval_of(measure, s.effect, s.ci_low, s.ci_high),
        s.weight,
        f"{s.label}: {MEASURES[measure].words} {text}",
        f"#{wording.anchor(s)}",
        lights(s.trial_id),
    )


def _with_drawn(
    analysis: Analysis,
    blocks: Sequence[Block],
    studies: Sequence[StudyRow],
    drawn: Sequence[ShrunkenRow],
) -> tuple[Block, ...]:
    """Return the blocks with each trial's effect drawn to the mean beside its own."""
    measure = analysis.select.measure
    known = {(row.trial_id, row.comparison): row for row in drawn}
    by_link = {f"#{wording.anchor(s)}": known.get((s.trial_id, s.comparison)) for s in studies}

    def more(row: ForestRow) -> ForestRow:
        found = by_link[row.href]
        if found is None:
            return row
        ends = found.estimate, found.low, found.high
        text = f"{row.tooltip}; drawn to the mean {wording.with_interval(measure, *ends)}"
        return replace(row, tooltip=text, drawn=interval_of(measure, *ends))

    return tuple(replace(block, rows=tuple(map(more, block.rows))) for block in blocks)


def _of_drawn(analysis: Analysis, drawn: Sequence[ShrunkenRow]) -> list[str]:
    """Return what the legend says of effects drawn to the mean, where they are asked for."""
    if analysis.display.forest != "shrunken":
        return []
    if not drawn:
        return ["Drawn to the mean: no trial; no prior of the spread between trials applies here."]
    return [
        "Grey dots on thin lines: each trial's true effect given all trials, under the first prior "
        f"of tau, with {wording.level_percent(analysis.model.level)} credible interval."
    ]


def _total(
    analysis: Analysis,
    columns: SideColumns,
    form: str,
    record: Estimate,
    studies: Sequence[StudyRow],
    label: str,
    model: str,
) -> Total:
    measure = analysis.select.measure
    ends = record.estimate, record.ci_low, record.ci_high
    text = wording.with_interval(measure, *ends)
    left, right = columns.pooled(wording.with_interval(measure, *ends, form=form), studies)
    return Total(
        f"{label}, {wording.count(record.k, 'trial')}" + (f" ({model})" if model else ""),
        right,
        interval_of(measure, record.estimate, record.ci_low, record.ci_high),
        f"{label} {MEASURES[measure].words} {text}",
        left,
    )


def _prediction(
    analysis: Analysis, columns: SideColumns, record: SynthesisRow, form: str
) -> Total | None:
    where = expected(record)
    if where is None:
        return None
    measure = analysis.select.measure
    low, high = (wording.limit(measure, end) for end in (where.low, where.high))
    values = [MEASURES[measure].drawn(value) for value in (record.estimate, where.low, where.high)]
    rule = PREDICTED_BY[analysis.model.prediction]
    if record.engine == Engine.THREE_LEVEL:
        rule = "three-level, t"
    elif Engine(record.engine).mixed:
        rule = PREDICTED_BY["k-1"]
    left, right = columns.pooled(form.format("", low, high).lstrip(), ())
    return Total(
        f"{wording.level_percent(analysis.model.level)} prediction interval ({rule})",
        right,
        Interval(values[0] or 0.0, values[1], values[2]),
        f"Prediction interval {low} to {high}",
        left,
    )


def _earlier(
    analysis: Analysis, columns: SideColumns, rows: Sequence[EarlierRow]
) -> tuple[Total, ...]:
    """Return what earlier reviews found, as far as it has a place on the axis."""
    measure = analysis.select.measure
    totals = []
    for row in rows:
        if row.estimate is None:
            continue
        text = wording.quantity(measure, row.estimate)
        if row.ci_low is not None:
            text = wording.estimate_interval(measure, row)
        trials = wording.count(row.k, "trial") if row.k is not None else ""
        printed = f"{row.measure} {row.printed}" if row.converted else ""
        year = str(row.year or "")
        year = "" if year in row.label else year
        label = ", ".join(filter(None, (row.label, year, row.comparison, trials, printed)))
        tooltip = f"{label}: {MEASURES[measure].words} {text}"
        cells = columns.pooled(text, ())[1]
        totals.append(
            Total(
                label, cells, interval_of(measure, row.estimate, row.ci_low, row.ci_high), tooltip
            )
        )
    return tuple(totals)


def _left_out(
    near: Sequence[ExclusionRow], missing: Sequence[MissingResultRow]
) -> tuple[tuple[LeftOut, ...], str]:
    """Return the trials to list without a weight, not all of many, and a heading with a count.

    Known missing results come first, with what is reported in place of a number.
    """
    said = {m.trial_id: m for m in missing}
    near = sorted(near, key=lambda e: e.trial_id not in said)
    shown = tuple(LeftOut(e.label, _why_out(e, said.get(e.trial_id))) for e in near[:LISTED])
    heading = f"Not pooled, though outcome and time fit ({wording.count(len(near), 'trial')}"
    more = len(near) - len(shown)
    return shown, heading + (f"; {len(shown)} shown, the page lists all)" if more else ")")


def _why_out(exclusion: ExclusionRow, missing: MissingResultRow | None) -> str:
    if missing is None:
        detail = wording_notes.plain_reason(exclusion.detail)
        return f"{exclusion.reason} ({detail})" if detail else exclusion.reason
    through = f"; its people are in {missing.through}" if missing.through else ""
    return f"measured, no number reported: {missing.said}{through}"


def marks_explained(predicted: bool) -> str:
    """Say what the marks of a plot with a pooled result mean."""
    bar = "Grey bar: prediction interval. " if predicted else ""
    return (
        f"Squares: area by weight. Diamond: pooled effect with its interval. {bar}Arrow: the "
        "interval goes beyond the axis."
    )


def _notes(analysis: Analysis, record: SynthesisRow, studies: Sequence[StudyRow]) -> list[str]:
    notes = []
    if record.k > 1 and record.estimate is None:
        notes.append(f"Nothing is pooled: {naming.why_not_pooled(analysis, record)}.")
    elif record.k > 1:
        notes.append(marks_explained(expected(record) is not None))
        if Engine(record.engine).mixed or record.engine == Engine.THREE_LEVEL:
            notes.append("Weights: inverse variance, two levels; the model gives none of its own.")
        elif Engine(record.engine).of_counts:
            notes.append("Weights: those of inverse variance, not of the pooled effect.")
    elif record.k == 1:
        notes.append("One trial: nothing is pooled.")
    if any(s.basis == "contrast" for s in studies) and not analysis.select.by_arm:
        notes.append("contrast, –: a reported difference, without numbers of the arms.")
    return notes + wording_notes.notes(analysis, record, studies)
