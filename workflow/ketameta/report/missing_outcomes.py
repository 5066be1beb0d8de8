"""The section of a page on people whose outcome is missing, in words, and its figure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ketameta.configuration import Analysis
from ketameta.figures.chart import FIELDS_WIDTH, Along, Chart, Field, draw_fields
from ketameta.figures.scene import Scene
from ketameta.measures import MEASURES
from ketameta.report import naming, wording
from ketameta.report.what_if import legend_of, role_of
from ketameta.tables.collection import Tables
from ketameta.tables.missing_outcomes import AssumedFieldRow, AssumedRow, LossRow, TurningRow
from ketameta.tables.syntheses import SynthesisRow

_TICKS = (0.2, 0.5, 1.0, 2.0, 5.0)
# what is assumed, by its name in the table
_WORDS = {
    "at random": "fared as the observed of their arm",
    "none has the event": "all missing without the event",
    "all have the event": "all missing with the event",
    "half the odds": "half the odds of the event, in both arms",
    "twice the odds": "twice the odds of the event, in both arms",
    "best case": "best case: those of the treated arms fared well, of control badly",
    "worst case": "worst case: those of the treated arms fared badly, of control well",
    "best and worst of each trial": "intervals of each trial from its worst to its best case",
    "half a standard deviation worse": "half a standard deviation worse, in both arms",
    "treated half a standard deviation worse": "half a standard deviation worse, treated arms",
    "control half a standard deviation worse": "half a standard deviation worse, control arms",
}
_UNSURE = {
    True: "not known: odds ratio about 1, in 95 of 100 trials between 1/7 and 7, each arm alone",
    False: "not known: about as the observed, SD 0.5 standard deviations, each arm alone",
}
_FIXED = {
    "crossover": "crossovers, whose people are not randomised to one arm",
    "not told": "trials that do not tell the people randomised to each arm, or analysed in it",
    "more than randomised": "trials with more people in the result than the tables have randomised",
    "not of counts": "effects that are not those of plain counts",
}
_HOW = {
    True: (
        "The odds of the event among those missing are a multiple of the odds among those observed "
        "of the same arm: the informative missingness odds ratio (White 2008, Higgins 2008; "
        "intervals from worst to best case: Gamble 2005). "
    ),
    False: (
        "The mean of those missing differs from that of those observed of the same arm (Mavridis "
        "2015). "
    ),
}
_ALL = (
    "Pooled by inverse variance with the same rules. What a trial itself filled in for its missing "
    "people counts as observed; the tables do not tell why people are missing."
)


@dataclass(frozen=True, slots=True)
class MissingView:
    """What the page shows: sentences, how it is made, assumptions, trials with people missing."""

    sentences: Sequence[str]
    how: str
    assumed: Sequence[tuple[str, str]]
    trials: Sequence[tuple[str, str, str]]


def missing_view(analysis: Analysis, record: SynthesisRow, own: Tables) -> MissingView | None:
    """Return the section; None where nothing is pooled that could change."""
    losses, assumed, turning = own[LossRow], own[AssumedRow], own[TurningRow]
    if not losses:
        return None
    of_events = MEASURES[analysis.select.measure].counts
    sentences = [_lost(losses)]
    if assumed:
        sentences.insert(0, _turned(turning, losses, of_events))
        sentences.append(_between(analysis, assumed))
    sentences += _left(losses)
    measure = analysis.select.measure
    lines = [
        (
            _WORDS.get(row.assumed) or _UNSURE[of_events],
            wording.with_interval(measure, row.estimate, row.low, row.high)
            + wording.unit_sign(measure),
        )
        for row in assumed
    ]
    trials = [_trial(row) for row in losses if not row.fixed and _missing([row])]
    return MissingView(sentences, _HOW[of_events] + _ALL if assumed else "", lines, trials)


def _lost(losses: Sequence[LossRow]) -> str:
    """Say how many people are missing, of those trials that tell."""
    told = [row for row in losses if not row.fixed]
    if not told:
        return (
            f"No trial of {len(losses)} tells how many of the people "
            "randomised to each arm are missing from it."
        )
    lost = _missing(told)
    whole = _sum(x for row in told for x in (row.randomised_t, row.randomised_c))
    every = len(told) == len(losses)
    which = f"in {'all ' if every else f'{len(told)} of '}{wording.count(len(losses), 'effect')}"
    if not lost:
        return (
            f"Nobody is missing {which}: all {wording.people(whole)} people randomised are in the "
            "results."
        )
    are = "is" if lost == 1 else "are"
    return (
        f"Of {wording.people(whole)} people randomised {which}, {wording.people(lost)} "
        f"({_share(lost, whole)}) {are} not in the results."
    )


def _share(part: float, whole: float) -> str:
    share = 100 * part / whole
    return "under 1%" if share < 1 else f"{share:.0f}%"


def _sum(numbers: Iterable[float | None]) -> float:
    return sum(x for x in numbers if x is not None)


def _turned(rows: Sequence[TurningRow], losses: Sequence[LossRow], of_events: bool) -> str:
    """Say which difference of those missing turns the conclusion, the nearest first."""
    excludes, reach = rows[0].excludes, rows[0].reach
    turned = "include no difference" if excludes else wording.BESIDE
    by = {row.whose: row.at for row in rows}
    found = [_where(whose, at, of_events) for whose in _ORDER if (at := by[whose]) is not None]
    if not found:
        lost = wording.count(round(_missing(losses)), "person", "people")
        far = f"{reach:g} times the odds, or 1/{reach:g}," if of_events else f"{reach:g} SD off"
        return (
            f"The {lost} known to be missing cannot make the interval {turned}, not even at {far} "
            "in either arm."
        )
    said = naming.listed(found, "or")
    if of_events:
        return (
            f"The interval would {turned} if the odds of the event among those missing, over those "
            f"among the observed, were {said}."
        )
    return f"The interval would {turned} if those missing, against the observed, had fared {said}."


_ORDER = ("opposed", "treated", "control", "both")


def _where(whose: str, at: float, of_events: bool) -> str:
    size = _size(at, of_events)
    if whose == "opposed":
        other = _size(1 / at if of_events else -at, of_events)
        return f"{size} in the treated and {other} in the control arms"
    arms = {"treated": "in the treated arms alone", "control": "in the control arms alone"}
    return f"{size} {arms.get(whose, 'in both arms')}"


def _size(at: float, of_events: bool) -> str:
    if of_events:
        return f"{at:.2g}" if at >= 1 else f"1/{1 / at:.2g}"
    return f"{abs(at):.1f} SD {'better' if at > 0 else 'worse'}"


def _missing(losses: Iterable[LossRow]) -> float:
    return _sum(x for row in losses if not row.fixed for x in (row.missing_t, row.missing_c))


def _between(analysis: Analysis, rows: Sequence[AssumedRow]) -> str:
    """Say between what the estimates of all assumptions lie."""
    measure = analysis.select.measure
    known = [row.estimate for row in rows if row.estimate is not None]
    low, high = (wording.quantity(measure, x) for x in (min(known), max(known)))
    words = MEASURES[measure].words
    if low == high:
        return f"Whatever is assumed below, the {words} is {low}{wording.unit_sign(measure)}."
    return f"As assumed below, the {words} runs from {low} to {high}{wording.unit_sign(measure)}."


def _left(losses: Sequence[LossRow]) -> list[str]:
    """Name the trials that stay as they are, by the reason."""
    said = []
    for reason, words in _FIXED.items():
        names = [row.label for row in losses if row.fixed == reason]
        if names:
            said.append(f"{words} ({len(names)}: {'; '.join(names)})")
    return [f"Left as they are: {naming.listed(said)}."] if said else []


def _trial(row: LossRow) -> tuple[str, str, str]:
    def told(lost: float | None, whole: float | None) -> str:
        return f"{wording.people(lost)} of {wording.people(whole)}"

    name = f"{row.label}, {row.comparison}" if row.comparison else row.label
    return (
        name,
        told(row.missing_t, row.randomised_t),
        told(row.missing_c, row.randomised_c),
    )


def missing_of(
    analysis: Analysis,
    record: SynthesisRow,
    rows: Sequence[AssumedFieldRow],
    width: float = FIELDS_WIDTH,
) -> Scene | None:
    """Return the figure: the conclusion by what is assumed of either arm; None where it is one."""
    if len({row.place for row in rows}) < 2:
        return None
    log = MEASURES[analysis.select.measure].counts
    heights = sorted({row.control for row in rows})
    step = heights[1] / heights[0] if log else heights[1] - heights[0]

    def about(control: float) -> tuple[float, float]:
        return (control / step**0.5, control * step**0.5) if log else (
            control - step / 2, control + step / 2
        )  # fmt: skip

    fields = [
        Field(row.start, row.end, *about(row.control), role_of(record, row.place)) for row in rows
    ]
    legend = legend_of(fields)
    what = "Odds of the event" if log else "SD better (above 0) or worse"
    none = "the same odds" if log else "no difference"
    chart = Chart(
        f"{analysis.display.title}: had the missing fared otherwise",
        f"What is assumed of those whose outcome is missing, treated arms across and control arms "
        f"up, coloured by the interval: {'; '.join(words for _, words in legend)}. Dashes: {none}.",
        f"{what}, missing against observed: treated arms",
        f"{what}, missing against observed: control arms",
        (f"Dashes: {none} among missing and observed. Colours: where the interval lies.",),
    )
    ticks = _TICKS if log else ()
    mark = 1.0 if log else 0.0
    return draw_fields(
        chart, fields, legend, Along(log, ticks, mark), Along(log, ticks, mark), width
    )
