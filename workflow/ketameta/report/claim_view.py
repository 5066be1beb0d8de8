"""What a page shows of a claim, as records: the words are written, the picture not yet drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ketameta.evidence.certainty import LEVELS
from ketameta.evidence.claims import Control
from ketameta.report.claim_sentences import Told


@dataclass(frozen=True, slots=True)
class GroupsView:
    """The groups of one split: what they differ in, the test of it, each with its number."""

    name: str
    test: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LineView:
    """What one analysis or time course says of a claim; `page` is empty where there is no such."""

    analysis: str
    title: str
    page: str
    answer: str
    verdict: str
    reason: str
    groups: tuple[GroupsView, ...] = ()
    trials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimCertainty:
    """How sure: `level` is the lower end, `best` the upper; `reason` weighs most at the lower."""

    level: str
    best: str
    reason: str


# how sure each of some things is, by its name; one of the whole has none
Sure: TypeAlias = tuple[tuple[str, ClaimCertainty], ...]


def weakest(sure: Sure) -> ClaimCertainty:
    """Return the weakest of some certainties, one at least; what is not rated steps back."""
    known = [found for _, found in sure if found.level in LEVELS]
    return min(known, key=lambda found: LEVELS.index(found.level)) if known else sure[0][1]


@dataclass(frozen=True, slots=True)
class PartView:
    """A part of a claim: its name (empty for the whole), verdict, certainty and analyses.

    `lines` are pairs of an analysis (name, title, slug) and what it says.
    """

    name: str
    verdict: str
    certainty: ClaimCertainty
    rule: str
    lines: tuple[LineView, ...]


@dataclass(frozen=True, slots=True)
class ClaimView:
    """All that a page shows of a claim; the picture is drawn from `told` (`claim_pictures`)."""

    claim_id: str
    claim: str
    kind: str
    article: str
    article_date: str
    section: str
    headline: bool
    claimed: str
    verdict: str
    because: str
    sentence: str
    sure: Sure
    heavy: str  # the trial that carries nearly all the weight, where one does
    k: int
    people: int
    populations: tuple[str, ...]
    others: tuple[str, ...]  # of these, those that the claim does not speak of
    links: tuple[tuple[str, str], ...]
    parts: tuple[PartView, ...]
    told: tuple[Told, ...]
    control: Control | None
    claimed_value: float | None

    @property
    def certainty(self) -> ClaimCertainty:
        """The weakest certainty that the verdict rests on."""
        return weakest(self.sure)
