"""The numbers and words of the figures that seaborn draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ketameta.configuration import Analysis
from ketameta.figures.scene import Scene, Text
from ketameta.figures.statistical import (
    REDUCTIONS_SIZE,
    Fall,
    draw_evidence,
    draw_reductions,
    evidence_layout,
    pixels,
)
from ketameta.report import wording
from ketameta.tables.effects import ArmReductionRow, EvidenceMapRow
from ketameta.vocabulary import vocabulary
from ketameta.vocabulary.hours import LATER
from ketameta.vocabulary.periods import mapped, period_of, periods

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# title, description, width and height in pixels, drawing
Parts = tuple[str, str, tuple[float, float], Callable[[], "Figure | Scene"]]


def _to(period: str) -> str:
    return period if period == LATER else f"to {period}"


def reduction_parts(analysis: Analysis, rows: Sequence[ArmReductionRow]) -> Parts:
    """Return the parts of a drawing of the reductions, arm by arm and period by period."""
    if not rows:
        return _nothing(f"{_outcome(analysis)}: reduction from baseline, arm by arm")
    every = [*periods()]
    points = [
        Fall(
            _to(period_of(r.hour, every)),
            "treated" if r.treated else "control",
            r.reduction,
            r.n or 0,
        )
        for r in rows
    ]
    order = [name for name in map(_to, every) if any(p.period == name for p in points)]
    parts = []
    for name in order:
        for side in ("treated", "control"):
            values = [p.reduction for p in points if (p.period, p.side) == (name, side)]
            if values:
                low, high = wording.fixed(min(values), 0), wording.fixed(max(values), 0)
                parts.append(
                    f"{name}, {side}: {wording.count(len(values), 'arm')}, {low} to {high}%"
                )
    trials = wording.count(len({r.trial_id for r in rows}), "trial")
    title = f"{_outcome(analysis)}: reduction from baseline, arm by arm"
    description = f"{wording.count(len(rows), 'arm mean')} of {trials}. {'; '.join(parts)}."
    note = (
        f"{wording.count(len(rows), 'mean')} of arms from {trials}; area by people. No comparison: "
        "a fall in the treated includes what control shows too."
    )

    drawn = partial(draw_reductions, points, order, note)
    return title, description, pixels(REDUCTIONS_SIZE), drawn


def _nothing(title: str) -> Parts:
    said = "No row of the tables gives a number for this figure."
    scene = Scene(420, 60, title, said, (Text(12, 35, said),))
    return title, said, (scene.width, scene.height), lambda: scene


def _outcome(analysis: Analysis) -> str:
    label = vocabulary().outcomes[analysis.select.outcome].label
    return label[:1].upper() + label[1:]


def evidence_parts(rows: Sequence[EvidenceMapRow]) -> Parts:
    """Return the parts of a drawing of the map of populations, outcomes and periods."""
    if not rows:
        return _nothing("What evidence there is: trials by population, outcome and time")
    words, four = vocabulary(), mapped()
    outcomes = [o for o in words.outcomes if any(r.outcome == o for r in rows)]
    populations = [p for p in words.words("populations") if any(r.population == p for r in rows)]
    labels = [words.outcomes[o].label for o in outcomes]
    facets = []
    for population in populations:
        own = [r for r in rows if r.population == population]
        counts = {(r.outcome, r.period): r.trials for r in own}
        grid = [[counts.get((o, p), 0) for p in four] for o in outcomes]
        facets.append((population, [_short(p) for p in four], grid))
    most = sorted(rows, key=lambda r: (-r.trials, r.population, r.outcome))[:3]
    said = "; ".join(
        f"{r.population}, {words.outcomes[r.outcome].label}, {_short(r.period)}: "
        f"{wording.count(r.trials, 'trial')}"
        for r in most
    )
    title = "What evidence there is: trials by population, outcome and time"
    description = (
        f"{wording.count(len(outcomes), 'outcome')} in "
        f"{wording.count(len(populations), 'population')}, "
        f"{wording.count(len(rows), 'cell')} with a trial. Most: {said}."
    )
    meant = words.words("populations")
    names = ", ".join(f"{p} {meant[p]}" for p in populations if p != meant[p])
    note = (
        "Numbers: trials with a usable row; ≤: up to this time after the start of treatment, from "
        f"the time before on; later: or no hour stated. {names}."
    )

    layout = evidence_layout(labels, [len(four)] * len(facets), note)
    return title, description, pixels(layout.size), lambda: draw_evidence(labels, facets, layout)


def _short(period: str) -> str:
    return period if period == LATER else f"≤ {period}"
