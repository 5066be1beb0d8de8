"""The map of the evidence: outcomes down, populations across, four fixed times in each cell."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ketameta.report.wording import anchor, count
from ketameta.tables.effects import EvidenceMapRow
from ketameta.tables.syntheses import StudyRow
from ketameta.vocabulary import vocabulary
from ketameta.vocabulary.hours import LATER
from ketameta.vocabulary.periods import mapped, periods

SHADES = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """The trials of one population with a usable row on one outcome in one period.

    `shade` is 1 to `SHADES`, by the square root of the number of trials. `members` are names of
    trials, each with the address of its effect on the outcome, empty where it is in none.
    """

    population: str
    outcome: str
    period: str
    trials: int
    people: int | None
    shade: int
    members: tuple[tuple[str, str], ...]

    @property
    def identifier(self) -> str:
        """Its anchor on the page: by the places of its words, which no address has to escape."""
        words = vocabulary()
        places = [
            [*words.outcomes].index(self.outcome),
            [*words.words("populations")].index(self.population),
            mapped().index(self.period),
        ]
        return "cell-" + "-".join(map(str, places))

    @property
    def said(self) -> str:
        """Say in words what the number in the map stands for."""
        what = vocabulary().outcomes[self.outcome].label
        when = periods()[self.period]
        people = vocabulary().words("populations")[self.population]
        return f"{what}, {people}, {when}: {count(self.trials, 'trial')}"

    @property
    def when(self) -> str:
        """The period in words."""
        text = periods()[self.period]
        return text if self.period != LATER else f"{text}, or no hour stated"


@dataclass(frozen=True, slots=True)
class EvidenceMap:
    """Rows of the map: an outcome and, for each population, its cells by period (None: empty)."""

    populations: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[Cell | None, ...], ...]], ...]

    @property
    def cells(self) -> list[Cell]:
        """The cells that hold a trial, in the order of the map."""
        return [c for _, row in self.rows for four in row for c in four if c is not None]


def evidence_map(
    coverage: Sequence[EvidenceMapRow],
    studies: Iterable[StudyRow],
    pages: Mapping[str, tuple[str, str]],
) -> EvidenceMap:
    """Return the map of rows of the table evidence_map.

    `pages` gives the outcome and the address of the page of each analysis.
    """
    words, effects, four = vocabulary(), _effects(studies, pages), mapped()
    most = max((row.trials for row in coverage), default=1)
    cells = {(r.outcome, r.population, r.period): _cell(r, most, effects) for r in coverage}
    outcomes = [o for o in words.outcomes if any(key[0] == o for key in cells)]
    people = [p for p in words.words("populations") if any(key[1] == p for key in cells)]
    return EvidenceMap(
        tuple(people),
        tuple(
            (o, tuple(tuple(cells.get((o, p, period)) for period in four) for p in people))
            for o in outcomes
        ),
    )


def _cell(row: EvidenceMapRow, most: int, effects: Mapping[tuple[str, str], str]) -> Cell:
    shade = max(1, round(SHADES * math.sqrt(row.trials / most)))
    members = tuple(
        (label, effects.get((row.outcome, trial), ""))
        for trial, label in zip(row.trial_ids, row.labels, strict=True)
    )
    place = row.population, row.outcome, row.period
    return Cell(*place, row.trials, row.people, shade, members)


def _effects(
    studies: Iterable[StudyRow], pages: Mapping[str, tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """Return the address of the first effect of each trial on each outcome."""
    found: dict[tuple[str, str], str] = {}
    for study in studies:
        outcome, page = pages[study.analysis]
        found.setdefault((outcome, study.trial_id), f"{page}#{anchor(study)}")
    return found
