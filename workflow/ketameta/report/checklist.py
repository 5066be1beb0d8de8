"""Reporting lists, filled in by rule: what a rule is given, what it answers, and the items.

The items stand in ``checklists.yaml``, in words of our own; their rules in `checklist_methods` and
`checklist_results`. Page 2021, BMJ 372:n71 (PRISMA 2020); Akl 2024, BMJ 387:e079183 (PRISMA-LSR);
Higgins 2022, MECIR. An item is met only where the report has the place that is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ketameta.configuration import Configuration, Review
from ketameta.documents.document import read_document
from ketameta.evidence.releases import SinceRelease
from ketameta.report.answers import Answer
from ketameta.tables.collection import Tables
from ketameta.tables.effects import BiasRow
from ketameta.tables.prisma import MecirItemRow, PrismaItemRow
from ketameta.tables.raw import TrialRow

ITEMS = Path(__file__).with_name("checklists.yaml")
PAGE = "prisma.html"
# the sections of the page of the lists itself, which is written last
OWN = ("flow", "sources", "analyses", "excluded", "versions", "told", "items")
State = Literal["met", "not met", "for a person"]
STATES: tuple[State, ...] = ("met", "not met", "for a person")
_ANCHOR = re.compile(rb'<h[23] id="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a rule says of an item: met with its place, not met with the reason, or not judged."""

    state: State
    reason: str
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that rules go by.

    `places` are the files of the report, and ``page#anchor`` of each heading; `read_twice` counts
    the rows of results with a second reading, `judged_twice` are trial reports of two raters;
    `latest` is what changed since the last of the `releases` (dates), `trigger` what set off this
    version; `unsettled` says what of the flow is not recorded, or does not add up.
    """

    configuration: Configuration
    tables: Tables
    answers: Mapping[str, Answer]
    trials: Sequence[TrialRow]
    places: Collection[str]
    read_twice: int
    judged_twice: Collection[str]
    left_out: int
    releases: Sequence[str]
    latest: SinceRelease | None
    trigger: str
    unsettled: str

    @property
    def review(self) -> Review:
        """What the review says of itself."""
        return self.configuration.review

    @property
    def pooled(self) -> list[Answer]:
        """The answers of whole analyses that have an estimate."""
        return [a for a in self.answers.values() if a.shown and "@" not in a.analysis.name]

    @property
    def judged(self) -> Sequence[BiasRow]:
        """The judgements of risk of bias."""
        return self.tables[BiasRow]

    def sections(self, anchor: str) -> list[str]:
        """Return the places of a section on the pages of analyses with an estimate, in order."""
        places = (f"analyses/{a.analysis.slug}.html#{anchor}" for a in self.pooled)
        return [place for place in places if place in self.places]


Rule = Callable[[Facts], Ruling]


def met(reason: str, place: str) -> Ruling:
    """Say that an item is met, by what and where."""
    return Ruling("met", reason, place)


def unmet(reason: str) -> Ruling:
    """Say why an item is not met."""
    return Ruling("not met", reason)


def person(reason: str) -> Ruling:
    """Say what of an item a person has to judge or to write."""
    return Ruling("for a person", reason)


def rule(facts: Facts, fulfilled: object, reason: str, place: str, otherwise: str) -> Ruling:
    """Return met with its reason and place where something is fulfilled, else why it is not."""
    return met(reason, place) if fulfilled else unmet(otherwise)


def anchors(path: str, page: bytes) -> Iterator[str]:
    """Yield the places that a page of the report has: each heading with an id."""
    for found in _ANCHOR.findall(page):
        yield f"{path}#{found.decode()}"


def lists() -> dict[str, dict[str, dict[str, list[list[str]]]]]:
    """Return the items by kind (prisma, mecir), list and section."""
    found: dict[str, dict[str, dict[str, list[list[str]]]]] = read_document(ITEMS).values
    return found


def judge(
    facts: Facts, rules: Mapping[str, Rule]
) -> tuple[list[PrismaItemRow], list[MecirItemRow]]:
    """Return every item judged; each rule is asked once."""
    rulings = {name: _held(ask(facts), facts) for name, ask in rules.items()}
    items = lists()
    prisma = [
        PrismaItemRow(checklist=name, section=section, item=item, asks=asks, **_told(rulings[by]))
        for name, sections in items["prisma"].items()
        for section, found in sections.items()
        for item, asks, by in found
    ]
    mecir = [
        MecirItemRow(
            **{"checklist": name, "section": section, "item": item, "asks": asks},
            weight=weight,
            **_told(rulings[by]),
        )
        for name, sections in items["mecir"].items()
        for section, found in sections.items()
        for item, weight, asks, by in found
    ]
    return prisma, mecir


def _held(ruling: Ruling, facts: Facts) -> Ruling:
    """Hold a ruling against the report: nothing is met in a place that is not there."""
    if ruling.state == "met" and ruling.place not in facts.places:
        return unmet(f"the report has no such place: {ruling.place or 'none is named'}")
    return ruling


def _told(ruling: Ruling) -> dict[str, str]:
    return {"state": ruling.state, "reason": ruling.reason, "place": ruling.place}
