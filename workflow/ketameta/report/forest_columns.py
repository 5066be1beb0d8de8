"""The columns of a forest plot: each with its heading, a trial's cell, and a pooled row's cell.

A new column is one more `Column` in one of the two lists, left or right of the plot.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ketameta.configuration import Analysis
from ketameta.figures.columns import SMALL, Heading
from ketameta.figures.metrics import wrap
from ketameta.measures import MEASURES
from ketameta.report import naming, wording, wording_notes, wording_plot

Record = dict[str, Any]
_WIDEST_SIDE = 110.0  # pixels of the name of a side above its column


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, the cell of a trial, and that of a pooled row.

    `pooled` is made of the result in words and of the trials behind it. Left of the plot only the
    last columns have it, as the label of the row stands below the others.
    """

    heading: Heading
    cell: Callable[[Record], str]
    pooled: Callable[[str, Sequence[Record]], str] | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """The columns left and right of the plot."""

    left: tuple[Column, ...]
    right: tuple[Column, ...]

    def cells(self, study: Record) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the cells of a trial, left and right."""
        left, right = (tuple(c.cell(study) for c in side) for side in (self.left, self.right))
        return left, right

    def pooled(
        self, text: str, studies: Sequence[Record]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the cells of a pooled row; one of no trials of its own has the result alone."""
        left = tuple(c.pooled(text, studies) for c in self.left if c.pooled and studies)
        return left, tuple(c.pooled(text, studies) if c.pooled else "" for c in self.right)


def beside(analysis: Analysis) -> Beside:
    """Return the columns that an analysis has; those of the arms come last, headed by the arm."""
    measure, by_arm = MEASURES[analysis.select.measure], analysis.select.by_arm
    left = (
        Column(Heading("Trial", widest=210), _trial),
        Column(Heading("Treatment", widest=80, spare=5), lambda s: s["treatment"] or "–"),
        Column(Heading("Dose", widest=105, spare=2), lambda s: _dose(s) or "–"),
        Column(Heading("Route", widest=60, spare=6), lambda s: s["route"] or "–"),
        *([] if by_arm else [Column(Heading("Control", widest=95, spare=1), wording_plot.control)]),
        Column(Heading("Hour", "end", spare=4), _hour),
        *([] if measure.counts else [_SCALE]),
        _arm("t", naming.treatment_name(analysis), analysis),
        *([] if by_arm else [_arm("c", naming.control_name(analysis), analysis)]),
    )
    said = f"{measure.heading}\n[{wording.percent(analysis.model.level)} CI]"
    right = (
        Column(Heading("Weight\n%", "."), lambda s: wording.fixed(s["weight"], 1), _share),
        Column(
            Heading(said, "."),
            lambda s: wording.estimate_interval(measure.name, s, "effect"),
            lambda text, _: text,
        ),
    )
    return Beside(left, right)


_SCALE = Column(Heading("Scale", widest=100, spare=3), lambda s: s["scale"] or "–")


def _arm(side: str, name: str, analysis: Analysis) -> Column:
    """Return the column of what an arm gives: events of people, a mean, or people alone.

    Below it stand people (and events) of the arms together; a dash where a trial gives none.
    """
    # a long name in lines
    above = "\n".join(wrap(naming.capital(name), SMALL, _WIDEST_SIDE, bold=True))
    if MEASURES[analysis.select.measure].counts:
        names = [f"events_{side}", f"n_{side}"]
        return Column(Heading(f"{above}\nn/N", "/"), partial(_events, side), _sum(side, names))
    total = _sum(side, [f"n_{side}"])
    if analysis.select.by_arm:
        return Column(Heading(f"{above}\nN", "."), lambda s: wording.people(s["n_t"]), total)
    return Column(Heading(f"{above}\nmean (SD) n", "."), partial(_mean, side), total)


def _trial(study: Record) -> str:
    label = f"{study['label']}, {study['comparison']}" if study["comparison"] else study["label"]
    return f"{label} {wording_notes.DAGGER}" if wording_notes.rests_on_others(study) else str(label)


def _hour(study: Record) -> str:
    return f"{study['hour']:g}" if study["hour"] is not None else "–"


def _dose(study: Record) -> str:
    """Write a list of doses once per unit: 28, 56, 84 mg."""
    parts = [part.rpartition(" ") for part in (study["dose"] or "").split(", ") if part]
    units = {unit for _, _, unit in parts}
    if len(units) != 1:
        return study["dose"] or ""
    return ", ".join(amount.replace("-", "–") for amount, _, _ in parts) + " " + units.pop()


def _events(side: str, study: Record) -> str:
    if study[f"events_{side}"] is None:
        return "–"
    return f"{wording.people(study[f'events_{side}'])}/{wording.people(study[f'n_{side}'])}"


def _mean(side: str, study: Record) -> str:
    n = wording.people(study[f"n_{side}"])
    if study[f"mean_{side}"] is None:
        return f"contrast, n {n}" if study[f"n_{side}"] else "contrast"
    mean, sd = wording.fixed(study[f"mean_{side}"], 1), wording.fixed(study[f"sd_{side}"], 1)
    return f"{mean} ({sd}) {n}"


def _sum(side: str, names: list[str]) -> Callable[[str, Sequence[Record]], str]:
    """Return what adds columns up; a control kept whole beside several arms is counted once."""

    def sums(_: str, studies: Sequence[Record]) -> str:
        once = studies
        if side == "c" and any(s["shared"] is not None for s in studies):
            once = list({s["trial_id"]: s for s in studies}.values())
        found = [
            None if any(s[name] is None for s in once) else sum(s[name] for s in once)
            for name in names
        ]
        return "–" if None in found else "/".join(wording.people(x) for x in found)

    return sums


def _share(_: str, studies: Sequence[Record]) -> str:
    """Write the weight of the trials together; nothing where they have none, or there are none."""
    weights = [s["weight"] for s in studies]
    return "" if None in weights or not weights else wording.fixed(math.fsum(weights), 1)
