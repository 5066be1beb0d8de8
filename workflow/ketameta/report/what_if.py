"""The section of a page on what would change a result, in words, and its figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from ketameta.configuration import Analysis
from ketameta.figures.chart import FIELDS_WIDTH, Along, Chart, Field, draw_fields
from ketameta.figures.scene import Scene
from ketameta.measures import MEASURES
from ketameta.report import naming, wording
from ketameta.tables.collection import Tables
from ketameta.tables.diagnostics import DiagnosticRow
from ketameta.tables.syntheses import SynthesisRow
from ketameta.tables.what_if import (
    ContourRow,
    FragilityRow,
    NewTrialRow,
    SubsetFieldRow,
    SubsetRow,
)

# colours from a worthwhile benefit to a harm as large
_ROLES = ("mark", "band3", "paper", "concern", "high")
# people in a new trial
_TICKS = (20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0)
_MOST = 100  # moves after which a search ends
_NAMED = 4  # trials with moved events that a sentence names
# Where trials differ by chance alone (normal, variances of 1 to 10), one of them explains over half
# of the spread of the subsets in 52, 32, 10, 5 and 2 of 100 sets of 5, 6, 8, 10 and 12 trials.
_SELDOM_BY_CHANCE = 10


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial and what it does to the result, in words."""

    name: str
    without: str
    i2: str
    residual: str
    cook: str
    share: str
    stands_out: str


@dataclass(frozen=True, slots=True)
class WhatIfView:
    """What the page shows: sentences, the power of new trials and how it is found, the trials."""

    sentences: Sequence[str]
    powers: Sequence[tuple[str, str]]
    how: str
    trials: Sequence[Trial]


def what_if_view(analysis: Analysis, own: Tables) -> WhatIfView | None:
    """Return the section; None where nothing is pooled that could change."""
    fragile, sized, subsets = own[FragilityRow], own[NewTrialRow], own[SubsetRow]
    if not fragile and not subsets:
        return None
    sentences = [_fragility(row) for row in fragile]
    if subsets:
        sentences.append(_subsets(analysis, subsets))
    powers = [(f"{row.people}", _power(row.power)) for row in sized]
    trials = _trials(analysis, own[DiagnosticRow], subsets) if subsets else []
    return WhatIfView(sentences, powers, _HOW, trials)


_HOW = (
    "The new trial has as much information a person as the median trial; its result is drawn about "
    "the pooled effect with the spread between trials, and the result with it is pooled anew by "
    "the same rules (after Roloff 2013). Moved events: the search of Atal 2019, and every smaller "
    "number in full where these are 2,000 sets or fewer. Subsets of the trials: Olkin 2012."
)


def _fragility(row: FragilityRow) -> str:
    """Say how many events turn the conclusion, and where."""
    others = row.k - row.movable
    beside = ""
    if others:
        beside = (
            f" ({wording.count(others, 'effect')} of {row.k} not of plain counts "
            f"{'stays' if others == 1 else 'stay'} as {'it is' if others == 1 else 'they are'})"
        )
    turned = "include no difference" if row.excludes else wording.BESIDE
    if row.moved is None:
        if not row.movable:
            return "No effect is of plain counts: how many events would turn it cannot be told."
        return f"Moving {_MOST} events does not make the interval {turned}{beside}."
    number = wording.count(row.moved, "person", "people")
    most = "" if row.exact else "at most "
    named = row.moves[:_NAMED]
    where = naming.listed(
        [*named, f"{len(row.moves) - _NAMED} more"] if len(row.moves) > _NAMED else named
    )
    return (
        f"It takes {most}{number} with another outcome to make the interval {turned}{beside}: "
        f"events of {where}."
    )


def _subsets(analysis: Analysis, rows: Sequence[SubsetRow]) -> str:
    """Say between what the subsets of the trials lie, and which trial makes two clusters."""
    measure, first = analysis.select.measure, rows[0]
    least, most = (wording.quantity(measure, x) for x in (first.least, first.most))
    which = f"all {first.subsets:,} subsets" if first.all else f"{first.subsets:,} drawn subsets"
    text = (
        f"Of {which} of two trials or more, 95 of 100 give a {MEASURES[measure].words} between "
        f"{least} and {most}{wording.unit_sign(measure)}"
    )
    named = [row for row in rows if row.cluster]
    chance = ", as chance alone often makes of so few trials" * (len(rows) < _SELDOM_BY_CHANCE)
    if len(named) == 1:
        return f"{text}; {_clusters(measure, named[0])} are two clusters{chance}."
    if named:
        labels = naming.listed([row.label for row in named])
        return f"{text}; those with {labels} and those without are two clusters{chance}."
    return f"{text}; no single trial parts them into two clusters."


def _clusters(measure: str, row: SubsetRow) -> str:
    """Say about what the subsets with a trial lie, and those without."""
    ends = (wording.quantity(measure, x) for x in (row.with_it, row.without_it))
    within, without = (f"{x}{wording.unit_sign(measure)}" for x in ends)
    return f"those with {row.label} (about {within}) and those without (about {without})"


def _power(power: float) -> str:
    if power > 0.99:
        return "over 99%"
    return "under 1%" if power < 0.01 else f"{100 * power:.0f}%"


def _trials(
    analysis: Analysis, rows: Sequence[DiagnosticRow], subsets: Sequence[SubsetRow]
) -> list[Trial]:
    measure = analysis.select.measure
    found = []
    own = {(row.trial_id, row.comparison): row for row in subsets}
    for row in rows:
        subset = own[row.trial_id, row.comparison]
        ends = row.without_estimate, row.without_low, row.without_high
        marks = (row.influential and "influence", subset.cluster and "two clusters")
        share = None if subset.share is None else 100 * subset.share
        found.append(
            Trial(
                f"{row.label}, {row.comparison}" if row.comparison else row.label,
                wording.with_interval(measure, *ends) + wording.unit_sign(measure),
                wording.fixed(row.without_i2, 0),
                wording.fixed(row.rstudent, 2),
                wording.fixed(row.cook, 2),
                wording.fixed(share, 0),
                ", ".join(mark for mark in marks if mark),
            )
        )
    return found


def role_of(record: SynthesisRow, place: int) -> str:
    """Return the colour of a conclusion: see `ContourRow`."""
    return _ROLES[2 - (-1 if record.favours == "below" else 1) * place]


def legend_of(fields: Sequence[Field]) -> list[tuple[str, str]]:
    """Return what the colours of conclusions mean that are among fields."""
    words = (
        "favours treatment, beyond the smallest worthwhile effect",
        "favours treatment: the whole interval lies on that side of no difference",
        "open: the interval includes no difference",
        "favours control: the whole interval lies on that side of no difference",
        "favours control, beyond the smallest worthwhile effect",
    )
    used = {field.role for field in fields}
    return [(role, said) for role, said in zip(_ROLES, words, strict=True) if role in used]


def contour_of(
    analysis: Analysis,
    record: SynthesisRow,
    rows: Sequence[ContourRow],
    width: float = FIELDS_WIDTH,
) -> Scene:
    """Return the figure: size and result of a new trial, coloured by what the update concludes."""
    measure = MEASURES[analysis.select.measure]
    sizes = sorted({row.people for row in rows})
    edges = [sqrt(a * b) for a, b in pairwise(sizes)]
    span = dict(zip(sizes, zip([sizes[0], *edges], [*edges, sizes[-1]], strict=True), strict=True))
    drawn = [row for row in rows if row.start < row.end]
    fields = [
        Field(*span[row.people], row.start, row.end, role_of(record, row.place)) for row in drawn
    ]
    legend = legend_of(fields)
    said = "; ".join(words for _, words in legend)
    chart = Chart(
        f"{analysis.display.title}: what a new trial would conclude",
        f"Size and result of one more trial, coloured by the updated interval: {said}. Dashes: the "
        "pooled effect as it is.",
        "People in the new trial (log scale)",
        f"Result of the new trial: {measure.pooled_axis}",
        ("Dashes: the pooled effect now. Colours: where the interval lies with the new trial.",),
    )
    up = Along(measure.is_ratio, mark=measure.drawn(record.estimate))
    return draw_fields(chart, fields, legend, Along(True, _TICKS), up, width)


# colours of the densest half of the subsets, of most, and of the rest
_DENSITY = {
    50: ("mark", "half of the subsets: where they lie densest"),
    95: ("predict", "with these 95 of 100"),
    100: ("band3", "the rest"),
}


def subsets_of(
    analysis: Analysis,
    record: SynthesisRow,
    subsets: Sequence[SubsetRow],
    rows: Sequence[SubsetFieldRow],
    width: float = FIELDS_WIDTH,
) -> Scene:
    """Return the figure: estimates and I² of the subsets of the trials, by how densely they lie."""
    measure = MEASURES[analysis.select.measure]
    fields = [
        Field(row.start, row.end, row.i2_low, row.i2_high, _DENSITY[row.within][0]) for row in rows
    ]
    used = {field.role for field in fields}
    legend = [(role, words) for role, words in _DENSITY.values() if role in used]
    said = _subsets(analysis, subsets)
    chart = Chart(
        f"{analysis.display.title}: all subsets of the trials",
        f"Pooled effect and heterogeneity of subsets of the trials, darker where more lie. {said}",
        measure.pooled_axis,
        "I² of the subset, %",
        (f"{said} Dashes: the pooled effect of all trials.",),
    )
    along = Along(measure.is_ratio, mark=measure.drawn(record.estimate))
    return draw_fields(chart, fields, legend, along, Along(), width)
