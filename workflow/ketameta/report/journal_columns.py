"""The columns of a journal's layout, as `ForestColumn`s in the order of its record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from ketameta.configuration import Analysis
from ketameta.figures.columns import SMALL, Heading
from ketameta.figures.metrics import wrap
from ketameta.measures import MEASURES
from ketameta.report import journal_words, naming, wording
from ketameta.report.forest_columns import (
    Arm,
    ForestColumn,
    SideColumns,
    control_side,
    share,
    sums,
    treated,
    trial_name,
)
from ketameta.report.journals import Journal
from ketameta.tables.parts import Estimate
from ketameta.tables.syntheses import StudyRow

# pixels of the name of an arm above its columns, and of an effect's above its own
_WIDEST, _WIDEST_EFFECT = 110.0, 125.0
# parts of an arm's cells -> as they are written
_CELLS: dict[str, Callable[[Arm], str]] = {
    "events": lambda arm: wording.people(arm.events),
    "n": lambda arm: wording.people(arm.n),
    "mean": lambda arm: wording.fixed(arm.mean, 1),
    "sd": lambda arm: wording.fixed(arm.sd, 1),
}
# what can be added up
_SUMMED = ("events", "n")
Side = Callable[[StudyRow], Arm]


def journal_columns(journal: Journal, analysis: Analysis, record: Estimate) -> SideColumns:
    """Return the columns of a journal's layout for an analysis."""
    makers = {"study": _study, "arms": _arms, "weight": _weight, "effect": _effect}
    left, right = (
        tuple(column for key in side for column in makers[key](journal, analysis, record))
        for side in (journal.left, journal.right)
    )
    return SideColumns(left, right, "effect" in journal.left)


def stacked_columns(journal: Journal, analysis: Analysis, record: Estimate) -> SideColumns:
    """Return the columns of a plot with each trial's name and effect above its interval."""
    name, effect = (tuple(one(journal, analysis, record)) for one in (_study, _effect))
    return SideColumns(name, effect)


def spare(journal: Journal, key: str) -> int:
    """Return how early a column leaves: the later, the smaller."""
    return len(journal.leave) - journal.leave.index(key) if key in journal.leave else 0


def _study(journal: Journal, _: Analysis, __: Estimate) -> Iterator[ForestColumn]:
    yield ForestColumn(
        Heading(journal.study, widest=210),
        lambda s: journal_words.study_name(journal, s, trial_name(s)),
    )


def _weight(journal: Journal, _: Analysis, __: Estimate) -> Iterator[ForestColumn]:
    unit = "" if "%" in journal.weight else {True: "\n(%)", False: ", %"}[journal.equals == "="]

    def written(text: str) -> str:
        return journal.weight.format(text) if text not in ("", "–") else text

    yield ForestColumn(
        Heading(f"Weight{unit}", ".", spare=spare(journal, "weight")),
        lambda s: written(wording.fixed(s.weight, 1)),
        lambda text, studies: written(share(text, studies)),
    )


def _effect(journal: Journal, analysis: Analysis, record: Estimate) -> Iterator[ForestColumn]:
    measure = analysis.select.measure
    form = journal_words.interval_form(journal, measure)
    said = journal_words.title(journal, journal.effect, analysis, record).split("\n")
    lines = [line for part in said for line in wrap(part, SMALL, _WIDEST_EFFECT, bold=True)]
    yield ForestColumn(
        Heading("\n".join(lines), "."),
        lambda s: journal_words.numbers(
            journal, wording.with_interval(measure, s.effect, s.ci_low, s.ci_high, form=form)
        ),
        lambda text, _: journal_words.numbers(journal, text),
    )


def _arms(journal: Journal, analysis: Analysis, _: Estimate) -> Iterator[ForestColumn]:
    """Yield the columns of both arms, or of the treated one where there is no comparison."""
    sides = [(treated, naming.treatment_name(analysis))]
    if not analysis.select.by_arm:
        sides.append((control_side, naming.control_name(analysis)))
    counts = MEASURES[analysis.select.measure].counts
    form = journal.counts if counts else journal.scores
    for side, name in sides:
        arm = "\n".join(wrap(naming.capital(name), SMALL, _WIDEST, bold=True))
        for heading, key in form.columns:
            # a fall from baseline has people alone
            if analysis.select.by_arm and not counts and key != "n":
                continue
            heading_of_arm = Heading(
                heading.format(arm=arm),
                "/" if "/" in key else "." if "mean" in key else "end",
                form.group.format(arm=arm),
                spare=spare(journal, "arms"),
            )
            yield ForestColumn(
                heading_of_arm,
                partial(_cell, journal, side, key),
                partial(_sum, journal, side, key),
            )


def _cell(journal: Journal, side: Side, key: str, study: StudyRow) -> str:
    """Write a cell of an arm; a dash where the trial gives none."""
    arm = side(study)
    text = re.sub(r"[a-z]+", lambda part: _CELLS[part[0]](arm), key)
    return "–" if text.startswith("–") else journal_words.numbers(journal, text)


def _sum(journal: Journal, side: Side, key: str, _: str, studies: Sequence[StudyRow]) -> str:
    """Write the sum below a column; none of means, and none of events where a line tells them."""
    parts = key.split("/")
    told_below = parts == ["events"] and journal.events
    if not studies or told_below or not set(parts) <= set(_SUMMED):
        return ""
    return journal_words.numbers(journal, sums(side, parts, "", studies))
