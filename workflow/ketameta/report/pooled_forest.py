"""The forest plot of a table that was pooled by itself, and a page with it.

As the plot of an analysis (`forest_data`), by the same words and rules; of studies it knows name,
effect and weight alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ketameta.figures.axis import AxisScale
from ketameta.figures.columns import Heading
from ketameta.figures.forest import Block, Forest, ForestRow, LeftOut, Total, draw
from ketameta.figures.marks import Interval
from ketameta.figures.narrow import draw_narrow
from ketameta.figures.scene import to_svg
from ketameta.measures import MEASURES, read_as
from ketameta.report import wording, wording_model, wording_plot
from ketameta.report.forest_data import LISTED, PREDICTED_BY, marks_explained
from ketameta.report.naming import capital
from ketameta.report.pages import environment, style_sheet
from ketameta.synthesize.prediction import Expected, expected
from ketameta.tables.fits import Engine
from ketameta.tables.parts import Estimate

_MOST_DIGITS = 6
# pixels of the column of names, below which the labels of results stand in lines
_NARROWEST, _WIDEST = 280.0, 320.0


@dataclass(frozen=True, slots=True)
class Scale:
    """What effects are shown on: the measure by its name, and the value of no effect, if any."""

    measure: str
    null: float | None
    is_ratio: bool
    digits: int = 2

    @property
    def words(self) -> str:
        """The measure in words; a table may hold effects of none that is known."""
        known = MEASURES.get(self.measure) or read_as(self.measure)
        return known.words if known else self.measure

    def axis(self) -> AxisScale:
        """Return what the axis shows."""
        known = MEASURES.get(self.measure)
        if known and not known.in_points:
            return AxisScale(known.axis, known.null, known.is_ratio, known.limits)
        log = " (log scale)" if self.is_ratio else ""
        return AxisScale(capital(self.words) + log, self.null, self.is_ratio)

    def drawn(self, value: float | None) -> float | None:
        """Return a value as it is drawn and written: a share in per cent."""
        known = MEASURES.get(self.measure)
        return known.drawn(value) if known else value

    def write(self, value: float | None) -> str:
        """Write an effect or a limit."""
        known = MEASURES.get(self.measure)
        if known and not known.in_points:
            return wording.limit(self.measure, value)
        if value is not None and self.is_ratio:
            return wording.fixed(value, 2 if value < 10 else 1 if value < 100 else 0)
        return wording.fixed(value, self.digits)

    def interval(self, middle: float | None, low: float | None, high: float | None) -> str:
        """Write ``2.18 [1.68, 2.84]``."""
        one, two, three = (self.write(value) for value in (middle, low, high))
        return f"{one} [{two}, {three}]"


def digits_for(low: float, high: float) -> int:
    """Return the decimals that show an interval of this width in two digits."""
    width = high - low
    if not (0 < width < math.inf):
        return 2
    return min(max(1 - math.floor(math.log10(width)), 0), _MOST_DIGITS)


@dataclass(frozen=True, slots=True)
class PlottedStudy:
    """A study that is pooled: effect with interval as shown, and weight in per cent."""

    name: str
    effect: float
    low: float
    high: float
    weight: float | None


@dataclass(frozen=True, slots=True)
class Part:
    """Studies under a heading (empty: none) with their own result."""

    heading: str
    studies: tuple[PlottedStudy, ...]
    result: Estimate | None = None


@dataclass(frozen=True, slots=True)
class Plot:
    """A table, pooled: what its plot and its page show.

    `between` is the test between the parts in words, `left_out` are names and reasons, `notes`
    what else a reader must know.
    """

    title: str
    scale: Scale
    level: float
    prediction: str
    parts: tuple[Part, ...]
    total: Estimate
    between: str = ""
    left_out: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def studies(self) -> list[PlottedStudy]:
        """The studies of all parts."""
        return [study for part in self.parts for study in part.studies]

    @property
    def pooled(self) -> bool:
        """Whether there is a result of several studies."""
        return self.total.k > 1 and self.total.estimate is not None


def forest_of(plot: Plot) -> Forest:
    """Return the forest plot of a pooled table."""
    scale, record = plot.scale, plot.total
    groups = [part.result for part in plot.parts if part.result is not None]
    heading = MEASURES[scale.measure].heading if scale.measure in MEASURES else ""
    return Forest(
        plot.title,
        described(plot),
        (Heading("Study", widest=_WIDEST, narrowest=_NARROWEST),),
        (
            Heading("Weight\n%", "."),
            Heading(
                f"{heading or capital(scale.measure)}\n[{wording.level_percent(plot.level)} CI]",
                ".",
            ),
        ),
        tuple(_block(plot, part, groups) for part in plot.parts),
        _total(plot, record, _label(record)) if plot.pooled else None,
        _prediction(plot) if plot.pooled else None,
        scale.axis(),
        statistics=tuple(_statistics(plot, groups)),
        left_out=tuple(LeftOut(*told) for told in plot.left_out[:LISTED]),
        left_out_heading=_left_out_heading(plot),
        notes=tuple(_notes(plot)),
    )


def headline(plot: Plot) -> str:
    """Say in a sentence what was found."""
    record, scale = plot.total, plot.scale
    if not plot.pooled:
        return "One study: nothing is pooled." if record.k == 1 else "Nothing is pooled."
    low, high = scale.write(record.ci_low), scale.write(record.ci_high)
    found = (
        f"{wording.count(record.k, 'study', 'studies')} together: {scale.words} "
        f"{scale.write(record.estimate)} ({wording.level_percent(plot.level)} CI {low} to {high})."
    )
    if where := expected(record):
        ends = (scale.write(where.low), scale.write(where.high))
        found += f" The true effect of a further study would lie between {ends[0]} and {ends[1]}."
    return found


def described(plot: Plot) -> str:
    """Describe the plot by its numbers, for those who do not see it."""
    each = "; ".join(
        f"{s.name} {plot.scale.interval(s.effect, s.low, s.high)}" for s in plot.studies
    )
    count = wording.count(len(plot.studies), "study", "studies")
    return f"Forest plot of {count}, {plot.scale.words}: {each}. {headline(plot)}"


def page(plot: Plot, said: Sequence[str]) -> str:
    """Return a page of one file: conclusion, plot, the same numbers as a table, and remarks."""
    forest = forest_of(plot)
    return (
        environment()
        .get_template("pooled.html")
        .render(
            plot=plot,
            headline=headline(plot),
            forest=forest,
            wide=to_svg(draw(forest), "forest"),
            narrow=to_svg(draw_narrow(forest), "forest-narrow"),
            fixed=wording.fixed,
            said=said,
            style=style_sheet(),
        )
    )


def _block(plot: Plot, part: Part, groups: Sequence[Estimate]) -> Block:
    rows = []
    for study in part.studies:
        text = plot.scale.interval(study.effect, study.low, study.high)
        right = wording.fixed(study.weight, 1), text
        interval = _interval(plot.scale, study.effect, study.low, study.high)
        tooltip = f"{study.name}: {plot.scale.words} {text}"
        rows.append(ForestRow((study.name,), right, interval, study.weight, tooltip))
    subtotal, own = None, part.result
    if own is not None and own.k > 1 and own.estimate is not None:
        model = "" if wording_plot.model_of_groups(groups) else f" ({wording_model.model(own)})"
        label = f"Subtotal, {wording.count(own.k, 'study', 'studies')}{model}"
        weights = [study.weight for study in part.studies if study.weight is not None]
        subtotal = replace(
            _total(plot, own, label, math.fsum(weights) if weights else None),
            below=wording_plot.under(own),
        )
    return Block(part.heading, tuple(rows), subtotal)


def _interval(
    scale: Scale, middle: float | None, low: float | None, high: float | None
) -> Interval:
    value = scale.drawn(middle)
    assert value is not None
    return Interval(value, scale.drawn(low), scale.drawn(high))


def _label(record: Estimate) -> str:
    common = Engine(record.engine).common_effect or record.tau2_by == "EE"
    kind = "Common effect" if common else "Random effects"
    count = wording.count(record.k, "study", "studies")
    return f"{kind}, {count} ({wording_model.model(record)})"


def _total(plot: Plot, record: Estimate, label: str, weight: float | None = 100.0) -> Total:
    ends = record.estimate, record.ci_low, record.ci_high
    text = plot.scale.interval(*ends)
    interval = _interval(plot.scale, *ends)
    return Total(label, (wording.fixed(weight, 1), text), interval, f"{label}: {text}")


def _prediction(plot: Plot) -> Total | None:
    where: Expected | None = expected(plot.total)
    if where is None:
        return None
    rule = PREDICTED_BY[plot.prediction]
    low, high = plot.scale.write(where.low), plot.scale.write(where.high)
    return Total(
        f"{wording.level_percent(plot.level)} prediction interval ({rule})",
        ("", f"[{low}, {high}]"),
        _interval(plot.scale, plot.total.estimate, where.low, where.high),
        f"Prediction interval {low} to {high}",
    )


def _statistics(plot: Plot, groups: Sequence[Estimate]) -> list[str]:
    """Return the lines below the plot: heterogeneity, test of the whole, test between groups."""
    lines = []
    # of effects that are tiny in their unit, τ² is so by its square
    decimals = max(3, 2 * plot.scale.digits - 2)
    if plot.total.k > 1 and (found := wording.heterogeneity(plot.total, decimals)):
        lines.append(f"Heterogeneity: {found}")
    if plot.total.k > 1 and (found := wording_plot.overall_test(plot.total)):
        lines.append(f"Test for overall effect: {found}")
    if plot.between:
        lines.append(f"Test for differences between groups {plot.between}")
    if model := wording_plot.model_of_groups(groups):
        lines.append(f"Subtotals: {model}")
    return lines


def _left_out_heading(plot: Plot) -> str:
    if not plot.left_out:
        return ""
    more = f"; {LISTED} shown" if len(plot.left_out) > LISTED else ""
    return f"No effect to pool ({wording.count(len(plot.left_out), 'study', 'studies')}{more})"


def _notes(plot: Plot) -> list[str]:
    notes = []
    if plot.pooled:
        notes.append(marks_explained(expected(plot.total) is not None))
        if Engine(plot.total.engine).of_counts:
            notes.append("Weights: those of inverse variance, not of the pooled effect.")
    else:
        notes.append(headline(plot))
    return [*notes, *plot.notes]
