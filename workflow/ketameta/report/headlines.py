"""The outcomes that lead the front page, each told apart for the sides of the comparisons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ketameta.configuration import Analysis, Configuration
from ketameta.figures.columns import Heading
from ketameta.figures.forest import Block, Forest, Total
from ketameta.figures.narrow import draw_narrow
from ketameta.figures.scene import to_svg
from ketameta.measures import MEASURES
from ketameta.report import wording, wording_findings
from ketameta.report.alike import Number
from ketameta.report.answers import Answer
from ketameta.report.forest_data import axis_scale, interval_of
from ketameta.report.naming import capital

ALL = "all trials together"


@dataclass(frozen=True, slots=True)
class HeadlineComparison:
    """One treatment against its control, as a comparison of the configuration names it.

    `seen` tells how many of 100 treated people had the event, where that is far from what is said.
    """

    treatment: str
    answer: Answer
    seen: str = ""

    @property
    def said(self) -> str:
        """The result in a line, as a number that a person can picture."""
        return wording_findings.pictured(self.answer)


@dataclass(frozen=True, slots=True)
class Headline:
    """An outcome with its sides, and both in one small forest plot as SVG (empty: no estimate)."""

    analysis: Analysis
    sides: tuple[HeadlineComparison, ...]
    figure: str


def headlines(
    configuration: Configuration,
    answers: Mapping[str, Answer],
    alike: Mapping[str, Sequence[Number]],
) -> list[Headline]:
    """Return the outcomes that lead, in order.

    The sides are the analyses of the summaries of findings that are narrowed from a leading one,
    so that front page and summaries tell the same numbers; without one the analysis stands whole.
    """
    return [
        Headline(analysis, sides, _figure(analysis, sides))
        for analysis in configuration.whole
        if analysis.display.headline
        for sides in [tuple(_sides(analysis, configuration, answers, alike))]
    ]


def _sides(
    analysis: Analysis,
    configuration: Configuration,
    answers: Mapping[str, Answer],
    alike: Mapping[str, Sequence[Number]],
) -> Iterator[HeadlineComparison]:
    def side(treatment: str, name: str) -> HeadlineComparison:
        seen = next((number.of_hundred for number in alike[name] if number.far), "")
        return HeadlineComparison(treatment, answers[name], seen)

    own = [
        side(summary.treatment, name)
        for summary in configuration.summaries
        for name in summary.names
        if answers[name].analysis.base == analysis.name
    ]
    yield from own or [side(ALL, analysis.name)]


def _figure(analysis: Analysis, sides: tuple[HeadlineComparison, ...]) -> str:
    shown = [side for side in sides if side.answer.shown]
    if not shown:
        return ""
    level = wording.level_percent(analysis.model.level)
    told = "; ".join(f"{side.treatment} {wording_findings.relative(side.answer)}" for side in shown)
    forest = Forest(
        analysis.display.title,
        f"{MEASURES[analysis.select.measure].words.capitalize()}: {told}.",
        left=(Heading(""),),
        right=(Heading(f"{MEASURES[analysis.select.measure].heading} [{level} CI]"),),
        blocks=tuple(Block("", (), _pooled(side)) for side in shown),
        total=None,
        prediction=None,
        scale=axis_scale(analysis),
    )
    return to_svg(draw_narrow(forest), f"headline-{analysis.slug}")


def _pooled(side: HeadlineComparison) -> Total:
    measure, record = side.answer.analysis.select.measure, side.answer.record
    text = wording.estimate_interval(measure, record)
    shown = interval_of(measure, record.estimate, record.ci_low, record.ci_high)
    return Total(capital(side.treatment), (text,), shown, f"{side.treatment}: {text}")
