"""The columns of a forest plot: each with its heading, a trial's cell, and a pooled row's cell.

A new column is one more `ForestColumn` in one of the two lists, left or right of the plot.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ketameta.configuration import Analysis
from ketameta.figures.columns import SMALL, Heading
from ketameta.figures.metrics import wrap
from ketameta.measures import MEASURES
from ketameta.report import naming, wording, wording_notes, wording_plot
from ketameta.tables.syntheses import StudyRow
from ketameta.vocabulary import vocabulary

_WIDEST_SIDE = 110.0  # pixels of the name of a side above its column


@dataclass(frozen=True, slots=True)
class ForestColumn:
    """A column: its heading, the cell of a trial, and that of a pooled row.

    `pooled` is made of the result in words and of the trials behind it. Left of the plot only the
    last columns have it, as the label of the row stands below the others.
    """

    heading: Heading
    cell: Callable[[StudyRow], str]
    pooled: Callable[[str, Sequence[StudyRow]], str] | None = None


@dataclass(frozen=True, slots=True)
class SideColumns:
    """The columns left and right of the plot."""

    left: tuple[ForestColumn, ...]
    right: tuple[ForestColumn, ...]
    result_left: bool = False  # the pooled effect stands left of the plot

    def cells(self, study: StudyRow) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the cells of a trial, left and right."""
        left, right = (tuple(c.cell(study) for c in side) for side in (self.left, self.right))
        return left, right

    def pooled(
        self, text: str, studies: Sequence[StudyRow]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the cells of a pooled row; one of no trials of its own has the result alone."""
        summed = studies or self.result_left
        left = tuple(c.pooled(text, studies) for c in self.left if c.pooled and summed)
        return left, tuple(c.pooled(text, studies) if c.pooled else "" for c in self.right)


def side_columns(analysis: Analysis) -> SideColumns:
    """Return the columns that an analysis has; those of the arms come last, headed by the arm.

    Dose and route have a column where the vocabulary has words for them.
    """
    measure, by_arm = MEASURES[analysis.select.measure], analysis.select.by_arm
    words = vocabulary().words
    left = (
        ForestColumn(Heading("Trial", widest=210), trial_name),
        ForestColumn(
            Heading("Treatment", widest=80, spare=5),
            lambda s: wording_plot.treatments_named(s.treatment) or "–",
        ),
        *([_DOSE] if words("dose_units") else []),
        *([_ROUTE] if words("routes") else []),
        *(
            []
            if by_arm
            else [ForestColumn(Heading("Control", widest=95, spare=1), wording_plot.control)]
        ),
        ForestColumn(Heading("Hour", "end", spare=4), _hour),
        *([] if measure.counts else [_SCALE]),
        _arm(treated, naming.treatment_name(analysis), analysis),
        *([] if by_arm else [_arm(control_side, naming.control_name(analysis), analysis)]),
    )
    said = f"{measure.heading}\n[{wording.level_percent(analysis.model.level)} CI]"
    right = (
        ForestColumn(Heading("Weight\n%", "."), lambda s: wording.fixed(s.weight, 1), share),
        ForestColumn(
            Heading(said, "."),
            lambda s: wording.estimate_interval(measure.name, s, "effect"),
            lambda text, _: text,
        ),
    )
    return SideColumns(left, right)


_DOSE = ForestColumn(Heading("Dose", widest=105, spare=2), lambda s: _dose(s) or "–")
_ROUTE = ForestColumn(Heading("Route", widest=60, spare=6), lambda s: s.route or "–")
_SCALE = ForestColumn(Heading("Scale", widest=100, spare=3), lambda s: s.scale or "–")


@dataclass(frozen=True, slots=True)
class Arm:
    """What a trial gives of one of its sides."""

    n: float | None
    events: float | None
    mean: float | None
    sd: float | None


def treated(s: StudyRow) -> Arm:
    """Return what a trial gives of its treated side."""
    return Arm(s.n_t, s.events_t, s.mean_t, s.sd_t)


def control_side(s: StudyRow) -> Arm:
    """Return what a trial gives of its control side."""
    return Arm(s.n_c, s.events_c, s.mean_c, s.sd_c)


def _arm(arm: Callable[[StudyRow], Arm], name: str, analysis: Analysis) -> ForestColumn:
    """Return the column of what an arm gives: events of people, a mean, or people alone.

    Below it stand people (and events) of the arms together; a dash where a trial gives none.
    """
    # a long name in lines
    above = "\n".join(wrap(naming.capital(name), SMALL, _WIDEST_SIDE, bold=True))

    def column(unit: str, anchor: str, cell: Callable[[Arm], str], *added: str) -> ForestColumn:
        heading = Heading(f"{above}\n{unit}", anchor)
        return ForestColumn(heading, lambda s: cell(arm(s)), partial(sums, arm, added))

    if MEASURES[analysis.select.measure].counts:
        return column("n/N", "/", _events, "events", "n")
    if analysis.select.by_arm:
        return column("N", ".", lambda own: wording.people(own.n), "n")
    return column("mean (SD) n", ".", _mean, "n")


def trial_name(study: StudyRow) -> str:
    """Name a trial, with the arm that stands apart and the mark of a secondary source."""
    label = f"{study.label}, {study.comparison}" if study.comparison else study.label
    return f"{label} {wording_notes.DAGGER}" if wording_notes.rests_on_others(study) else label


def _hour(study: StudyRow) -> str:
    return f"{study.hour:g}" if study.hour is not None else "–"


def _dose(study: StudyRow) -> str:
    """Write a list of doses once per unit: ``10, 20, 40 mg``."""
    parts = [part.rpartition(" ") for part in (study.dose or "").split(", ") if part]
    units = {unit for _, _, unit in parts}
    if len(units) != 1:
        return study.dose or ""
    return ", ".join(amount.replace("-", "–") for amount, _, _ in parts) + " " + units.pop()


def _events(arm: Arm) -> str:
    if arm.events is None:
        return "–"
    return f"{wording.people(arm.events)}/{wording.people(arm.n)}"


def _mean(arm: Arm) -> str:
    n = wording.people(arm.n)
    if arm.mean is None:
        return f"contrast, n {n}" if arm.n else "contrast"
    return f"{wording.fixed(arm.mean, 1)} ({wording.fixed(arm.sd, 1)}) {n}"


def sums(
    arm: Callable[[StudyRow], Arm], added: Sequence[str], _: str, studies: Sequence[StudyRow]
) -> str:
    """Add numbers of arms up; a control kept whole beside several arms is counted once."""
    once = studies
    if arm is control_side and any(s.shared is not None for s in studies):
        once = list({s.trial_id: s for s in studies}.values())
    arms = [arm(s) for s in once]
    found = []
    for name in added:
        numbers: list[float | None] = [getattr(own, name) for own in arms]
        if None in numbers:
            return "–"
        found.append(wording.people(sum(n for n in numbers if n is not None)))
    return "/".join(found)


def share(_: str, studies: Sequence[StudyRow]) -> str:
    """Write the weight of the trials together; nothing where they have none, or there are none."""
    weights = [s.weight for s in studies if s.weight is not None]
    whole = weights and len(weights) == len(studies)
    return wording.fixed(math.fsum(weights), 1) if whole else ""
