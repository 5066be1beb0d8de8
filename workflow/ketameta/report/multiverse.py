"""The section of a page on all combinations of the choices that could have been made."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from ketameta.configuration import Analysis
from ketameta.figures.scene import to_svg
from ketameta.figures.specifications import (
    NARROW,
    WIDE,
    Choice,
    Specification,
    SpecificationCurve,
    draw_specifications,
)
from ketameta.measures import MEASURES
from ketameta.report.forest_data import axis_scale
from ketameta.report.wording import anchor, excludes_null, quantity, unit_sign, with_interval
from ketameta.synthesize.words import TRIALS
from ketameta.tables.collection import Tables
from ketameta.tables.multiverse import (
    ChoiceRow,
    ExtremeRow,
    MeasureRow,
    MultiverseRow,
    SpecificationRow,
)
from ketameta.tables.syntheses import StudyRow, SynthesisRow

# options of a dimension that have a row of the picture; of more, the first and the rest together
ROWS = 5
HOW = (
    "An analysis here is one option of each choice below. Combinations that pool the same effects "
    "by the same procedure are one and are counted once: the rule auto is the rule that it takes, "
    "and what pools counts asks for no estimator and no rule. Choices of data that change the same "
    "key exclude each other. The share of a choice is its Shapley share of the variance of the "
    "estimates over all combinations (Owen 2014)."
)
# what is told of a side: the word for it, and the columns of `Held` that begin with it
_SIDES = ("benefit", "harm")


@dataclass(frozen=True, slots=True)
class InMeasure:
    """A line of the table of measures, each cell in words."""

    measure: str
    specifications: str
    shares: Sequence[str]
    range: str


@dataclass(frozen=True, slots=True)
class Pooled:
    """A trial in an extreme: where it stands on the page, if it does; its effect; its rows."""

    label: str
    anchor: str
    effect: str
    like: bool
    rows: str


@dataclass(frozen=True, slots=True)
class Extreme:
    """The lowest or the highest estimate: its value, its choices and its trials."""

    which: str
    value: str
    spec: str
    choices: Sequence[str]
    trials: Sequence[Pooled]
    without: Sequence[str]


@dataclass(frozen=True, slots=True)
class MultiverseView:
    """What the page shows: a conclusion, two pictures, a line a choice, the two extremes.

    `name` is that of the analysis as a command line has it.
    """

    name: str
    sentence: str
    wide: str
    narrow: str
    choices: Sequence[tuple[str, str, str]]
    heads: Sequence[str]
    measures: Sequence[InMeasure]
    extremes: Sequence[Extreme]
    notes: Sequence[str]


def multiverse_view(analysis: Analysis, record: SynthesisRow, own: Tables) -> MultiverseView | None:
    """Return the section from the rows of the analysis; None where nothing varies."""
    rows, choices, curve = own[MultiverseRow], own[ChoiceRow], own[SpecificationRow]
    if not rows or not choices or not curve:
        return None
    (row,) = rows
    ordered = sorted(choices, key=_by_share)
    drawn = _curve(analysis, choices, curve)
    scenes = [
        to_svg(draw_specifications(drawn, width), f"spec-{name}")
        for width, name in ((WIDE, analysis.slug), (NARROW, f"{analysis.slug}-narrow"))
    ]
    measures = own[MeasureRow]
    return MultiverseView(
        name=shlex.quote(analysis.name),
        sentence=conclusion(analysis, record, row, choices),
        wide=scenes[0],
        narrow=scenes[1],
        choices=[(c.dimension, _listed(c.options), _percent(c.share)) for c in ordered],
        heads=[head for head, _ in _columns(measures)],
        measures=[_in_measure(line, measures) for line in measures],
        extremes=[
            _extreme(analysis, which, end, choices, own)
            for which, end in (("lowest", curve[0]), ("highest", curve[-1]))
        ],
        notes=_notes(analysis, row, bool(measures)),
    )


def _columns(measures: Sequence[MeasureRow]) -> list[tuple[str, str]]:
    """Return heading and column of the shares that any line has, on the sides where any is."""
    told = {
        "": "{}",
        "_clear": "{}, interval past no effect",
        "_worthwhile": "worthwhile {}",
        "_wholly": "worthwhile {}, whole interval",
    }
    return [
        (said.format(side), side + end)
        for side in _SIDES
        for end, said in told.items()
        if any(getattr(line, side + end) for line in measures)
    ]


def _in_measure(line: MeasureRow, measures: Sequence[MeasureRow]) -> InMeasure:
    name = line.measure
    ends = " to ".join(quantity(name, end) for end in (line.low, line.high))
    return InMeasure(
        measure=MEASURES[name].words,
        specifications=f"{line.specifications:,}",
        shares=[_percent(getattr(line, column)) for _, column in _columns(measures)],
        range=f"{quantity(name, line.median)} ({ends}){unit_sign(name)}",
    )


def _extreme(
    analysis: Analysis,
    which: str,
    end: SpecificationRow,
    choices: Sequence[ChoiceRow],
    own: Tables,
) -> Extreme:
    measure = analysis.select.measure
    here = {anchor(study): study for study in own[StudyRow]}
    inside = [row for row in own[ExtremeRow] if row.highest == (which == "highest")]
    ids = {row.trial_id for row in inside}
    chosen = zip(choices, end.options, strict=True)
    return Extreme(
        which=which,
        value=with_interval(measure, end.estimate, end.ci_low, end.ci_high) + unit_sign(measure),
        spec=end.spec,
        choices=[
            option if option == c.dimension else f"{c.dimension}: {option}"
            for c, option in chosen
            if option != c.options[0]
        ],
        trials=[
            Pooled(
                label=row.label + (f", {row.comparison}" if row.comparison else ""),
                anchor=anchor(row) if anchor(row) in here else "",
                effect=with_interval(measure, row.effect, row.ci_low, row.ci_high)
                + unit_sign(measure),
                like=row.like,
                rows=", ".join(row.rows),
            )
            for row in inside
        ],
        without=[study.label for study in here.values() if study.trial_id not in ids],
    )


def _notes(analysis: Analysis, row: MultiverseRow, several: bool) -> list[str]:
    """Say what of the choices is in no combination or in no share, and why."""
    told = []
    if several:
        name = MEASURES[analysis.select.measure].words
        told.append(
            f"The picture, the range and the shares of the variance are of the measure of the "
            f"analysis alone, the {name}: other measures stand on other scales. Whether the "
            "estimate is a benefit, the interval past no effect, and either past the smallest "
            "worthwhile effect, is asked of every measure on its own scale and counted together."
        )
    if row.idle:
        told.append(
            "Changes nothing here, by itself or, of up to 100 trials, beside one other choice "
            f"(beside two at once it is not tried), and is not counted: {'; '.join(row.idle)}."
        )
    if row.apart:
        why = "too few effects under it, or arms that share a control, which need another model"
        told.append(f"Not combined with the others ({why}): {'; '.join(row.apart)}.")
    if row.crowded:
        told.append(
            "Not combined with the others, as there would be too many combinations (of choices of "
            "data those that move the effects least; each alone is in the table above): "
            f"{'; '.join(row.crowded)}."
        )
    if row.reduced:
        told.append(
            "The shares of the variance are over fewer combinations than the rest, as under some "
            f"others nothing is pooled; they leave out {'; '.join(row.reduced)}."
        )
    return told


def _by_share(choice: ChoiceRow) -> float:
    # equal ones in the order of the configuration, whatever the noise of their last digits
    return -round(choice.share or 0.0, 9)


def _percent(share: float | None) -> str:
    if share is None:
        return "–"
    if 0 < share < 0.01:
        return "under 1%"
    return "over 99%" if 0.99 < share < 1 else f"{100 * max(share, 0.0):.0f}%"


def _listed(options: Sequence[str]) -> str:
    shown = options if len(options) <= ROWS + 1 else [*options[:2], f"{len(options) - 2} more"]
    return "; ".join(shown)


def conclusion(
    analysis: Analysis, record: SynthesisRow, row: MultiverseRow, choices: Sequence[ChoiceRow]
) -> str:
    """Say how far a result holds under all combinations, and which choice matters most."""
    choices = sorted(choices, key=_by_share)
    measure = analysis.select.measure
    number = f"{row.specifications:,} different analyses ({row.combinations:,} combinations of "
    number += "choices, of which many come to the same)"
    if row.benefit is None or row.harm is None:
        text = f"The group was pooled by {number}"
    else:
        clear = row.benefit_clear or 0.0, row.harm_clear or 0.0
        if excludes_null(analysis, record):
            text = "That the interval lies wholly on one side of no difference"
            held = clear[0] if _is_benefit(record) else clear[1]
        else:
            text, held = "That the interval includes no difference", 1 - sum(clear)
        text += f" holds in {_percent(held)} of {number}. The estimate is "
        sides = [_on_side(row, side) for side in _SIDES if getattr(row, side)]
        text += "; it is ".join(sides) if sides else "no effect in all"
    text += (
        f". Of 100 estimates 95 lie between {quantity(measure, row.low)} and "
        f"{quantity(measure, row.high)}{unit_sign(measure)}"
    )
    if choices and choices[0].share:
        text += f"; the choice that matters most is {choices[0].dimension}"
        text += f" ({_percent(choices[0].share)} of the variance)"
    text += "."
    if row.unpooled:
        text += f" {row.unpooled:,} of the combinations leave too few effects to pool."
    return text


def _is_benefit(record: SynthesisRow) -> bool:
    """Say whether the estimate is on the side that favours treatment."""
    assert record.estimate is not None
    above = record.estimate >= MEASURES[record.measure].no_effect
    return above == (record.favours == "above")


def _on_side(row: MultiverseRow, side: str) -> str:
    """Say how many estimates are on a side, and how far."""
    part, clear, worth, wholly = (
        getattr(row, side + end) for end in ("", "_clear", "_worthwhile", "_wholly")
    )
    text = f"a {side} in {_percent(part)}, its interval past no effect in {_percent(clear)}"
    if worth is None:
        return text
    size = "worthwhile" if side == "benefit" else "as large as a worthwhile benefit"
    whole = f" (the whole interval in {_percent(wholly)})" if wholly else ""
    return f"{text}, {size} in {_percent(worth)}{whole}"


def _apart(choice: ChoiceRow) -> bool:
    """Say whether each option has a row of its own; trials left out have one together."""
    return len(choice.options) <= ROWS and choice.dimension != TRIALS


def _curve(
    analysis: Analysis,
    choices: Sequence[ChoiceRow],
    rows: Sequence[SpecificationRow],
) -> SpecificationCurve:
    drawn = MEASURES[analysis.select.measure].drawn
    # another measure stands on another scale, and in no place of the curve
    kept = [
        (n, choice)
        for n, choice in enumerate(choices)
        if any(row.options[n] != choice.options[0] for row in rows)
    ]
    number = rows[-1].rank
    # of a few options those that are drawn
    shown = {
        choice.dimension: [o for o in choice.options if any(row.options[n] == o for row in rows)]
        for n, choice in kept
    }

    def place(choice: ChoiceRow, option: str) -> int:
        if _apart(choice):
            return shown[choice.dimension].index(option)
        return min(choice.options.index(option), 1)

    def value(number: float | None, other: float) -> float:
        found = drawn(other if number is None else number)
        assert found is not None
        return found

    return SpecificationCurve(
        title=f"{analysis.display.title} under every choice",
        description=f"{len(rows)} of {number:,} analyses in the order of their "
        "estimates, each with its interval; below, which option each has.",
        effect=MEASURES[analysis.select.measure].axis,
        notes=(
            f"{len(rows)} of {number:,} different analyses, evenly by rank; the analysis itself in "
            "orange.",
        ),
        specifications=tuple(
            Specification(
                value(row.estimate, row.estimate),
                value(row.ci_low, row.estimate),
                value(row.ci_high, row.estimate),
                row.configured,
                tuple(place(choice, row.options[n]) for n, choice in kept),
            )
            for row in rows
        ),
        choices=tuple(
            Choice(
                choice.dimension,
                tuple(shown[choice.dimension])
                if _apart(choice)
                else (choice.options[0], f"one of {len(choice.options) - 1} others"),
            )
            for _, choice in kept
        ),
        scale=axis_scale(analysis),
    )
