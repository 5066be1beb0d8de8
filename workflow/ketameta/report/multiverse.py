"""The section of a page on all combinations of the choices that could have been made."""

from __future__ import annotations

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
from ketameta.report.wording import excludes_null, quantity, unit_sign, with_interval
from ketameta.synthesize.words import TRIALS
from ketameta.tables.multiverse import ChoiceRow, MultiverseRow, SpecificationRow
from ketameta.tables.syntheses import SynthesisRow

# options of a dimension that have a row of the picture; of more, the first and the rest together
ROWS = 5
HOW = (
    "A specification is one option of each choice below. Choices of data that exclude each other "
    "are one choice; one that changes no effect of this analysis is not counted, nor is another "
    "measure, which stands on another scale in the table above. Equal sets of effects are fitted "
    "once. The share of a choice is its Shapley share of the variance of all estimates (Owen 2014)."
)


@dataclass(frozen=True, slots=True)
class MultiverseView:
    """What the page shows: a conclusion, two pictures, a line a choice, the two extremes."""

    sentence: str
    wide: str
    narrow: str
    choices: Sequence[tuple[str, str, str]]
    extremes: Sequence[tuple[str, str, str, str]]
    notes: Sequence[str]


def multiverse_view(
    analysis: Analysis,
    record: SynthesisRow,
    rows: Sequence[MultiverseRow],
    choices: Sequence[ChoiceRow],
    curve: Sequence[SpecificationRow],
) -> MultiverseView | None:
    """Return the section; None where nothing varies."""
    if not rows or not choices or not curve:
        return None
    (row,) = rows
    ordered = sorted(choices, key=lambda choice: -(choice.share or 0.0))
    scenes = [
        to_svg(draw_specifications(_curve(analysis, choices, curve, row), width), f"spec-{name}")
        for width, name in ((WIDE, analysis.slug), (NARROW, f"{analysis.slug}-narrow"))
    ]
    measure = analysis.select.measure
    ends = [curve[0], curve[-1]]
    return MultiverseView(
        sentence=_sentence(analysis, record, row, ordered),
        wide=scenes[0],
        narrow=scenes[1],
        choices=[(c.dimension, _listed(c.options), _percent(c.share)) for c in ordered],
        extremes=[
            (
                "lowest" if end is ends[0] else "highest",
                with_interval(measure, end.estimate, end.ci_low, end.ci_high) + unit_sign(measure),
                "; ".join(
                    f"{choice.dimension}: {option}"
                    for choice, option in zip(choices, end.options, strict=True)
                ),
                end.spec,
            )
            for end in ends
        ],
        notes=_notes(row),
    )


def _notes(row: MultiverseRow) -> list[str]:
    """Say what of the choices of data is in no specification, and why."""
    told = []
    if row.idle:
        told.append(f"Changes nothing here: {'; '.join(row.idle)}.")
    if row.beyond:
        why = "too few effects under it, or too many combinations with it"
        told.append(f"Not combined with the others ({why}): {'; '.join(row.beyond)}.")
    return told


def _percent(share: float | None) -> str:
    if share is None:
        return "–"
    return "under 1%" if 0 < share < 0.01 else f"{100 * max(share, 0.0):.0f}%"


def _listed(options: Sequence[str]) -> str:
    shown = options if len(options) <= ROWS + 1 else [*options[:2], f"{len(options) - 2} more"]
    return "; ".join(shown)


def _sentence(
    analysis: Analysis, record: SynthesisRow, row: MultiverseRow, choices: Sequence[ChoiceRow]
) -> str:
    measure = analysis.select.measure
    pooled = row.specifications - row.unpooled
    held = row.past_none or 0.0
    if excludes_null(analysis, record):
        text = f"That the interval excludes no effect holds in {_percent(held)}"
    else:
        text = f"That the interval includes no effect holds in {_percent(1 - held)}"
    text += f" of {pooled:,} specifications"
    side = _percent(row.same_side)
    text += f"; the estimate is on the same side in {side}"
    if row.worthwhile is not None:
        text += f" and worthwhile there in {_percent(row.worthwhile)}"
    text += (
        f". Of 100 estimates 95 lie between {quantity(measure, row.low)} and "
        f"{quantity(measure, row.high)}{unit_sign(measure)}"
    )
    if choices and choices[0].share:
        text += f"; the choice that matters most is {choices[0].dimension}"
        text += f" ({_percent(choices[0].share)} of the variance)"
    text += "."
    if row.unpooled:
        text += f" {row.unpooled:,} more leave too few effects to pool."
    return text


def _apart(choice: ChoiceRow) -> bool:
    """Say whether each option has a row of its own; trials left out have one together."""
    return len(choice.options) <= ROWS and choice.dimension != TRIALS


def _curve(
    analysis: Analysis,
    choices: Sequence[ChoiceRow],
    rows: Sequence[SpecificationRow],
    whole: MultiverseRow,
) -> SpecificationCurve:
    drawn = MEASURES[analysis.select.measure].drawn
    kept = [(n, choice) for n, choice in enumerate(choices)]

    def place(choice: ChoiceRow, option: str) -> int:
        at = choice.options.index(option)
        return at if _apart(choice) else min(at, 1)

    def value(number: float | None, other: float) -> float:
        found = drawn(other if number is None else number)
        assert found is not None
        return found

    return SpecificationCurve(
        title=f"{analysis.display.title} under every specification",
        description=f"{len(rows)} of {whole.specifications:,} specifications in the order of their "
        "estimates, each with its interval; below, which option each has.",
        effect=MEASURES[analysis.select.measure].axis,
        notes=(
            f"{len(rows)} of {whole.specifications - whole.unpooled:,} specifications, evenly by "
            "rank; the analysis itself in orange.",
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
                tuple(choice.options)
                if _apart(choice)
                else (choice.options[0], f"one of {len(choice.options) - 1} others"),
            )
            for _, choice in kept
        ),
        scale=axis_scale(analysis),
    )
