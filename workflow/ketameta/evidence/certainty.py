"""How certain the evidence of an analysis is: GRADE, by rule, from what is in the data and no more.

Randomised comparisons start high, and so does a share of the people treated, which is a question
of prognosis (Iorio 2015, BMJ 350:h870); comparisons that are not randomised start low. Each of
five domains takes away no, one or two levels. Nothing is rated up. Every threshold is in the
configuration, every rule in `rules`. Each domain is monotone: worse numbers never give a better
rating. Where judgements are missing the level is a range.

Guyatt 2008, BMJ 336:924; Schünemann 2013, GRADE handbook; Cochrane Handbook chapter 14.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ketameta.configuration import Analysis
from ketameta.evidence.agreement import explained, inconsistency, indirectness
from ketameta.evidence.bias import DOMAIN as BIAS
from ketameta.evidence.bias import bias
from ketameta.evidence.missing import publication
from ketameta.evidence.precision import imprecision
from ketameta.evidence.ratings import Evidence, Rating, shares_of
from ketameta.synthesize.worthwhile import worthwhile
from ketameta.tables.syntheses import StudyRow

NOT_RATED = "not rated"
# weakest first
LEVELS = ("very low", "low", "moderate", "high")


@dataclass(frozen=True, slots=True)
class Certainty:
    """The level of an analysis, where it started and its domains; no domains where not rated.

    `level` counts what is not judged as not low, `best` counts it as low: one level where all is
    judged.
    """

    level: str
    best: str
    start: str
    ratings: tuple[Rating[Any], ...] = ()

    @property
    def span(self) -> tuple[str, str]:
        """The lower and the upper end."""
        return self.level, self.best

    @property
    def weightiest(self) -> Rating[Any] | None:
        """The domain that takes most away; of equals one that is sure, and risk of bias last.

        Most analyses share their risk of bias: what sets one apart tells more.
        """
        taken = [rating for rating in self.ratings if rating.rating]
        return min(taken, key=lambda r: (r.rating, r.best, r.domain == BIAS), default=None)


def certainty(analysis: Analysis, evidence: Evidence) -> Certainty:
    """Rate one analysis.

    Without an estimate there is nothing to be certain of: `NOT_RATED`. One trial is rated, with
    inconsistency not judged.
    """
    start = _start(analysis)
    if evidence.record.estimate is None:
        return Certainty(NOT_RATED, NOT_RATED, start)
    limits = analysis.certainty
    bounds = worthwhile(analysis, evidence.studies, evidence.risks)
    split = explained(evidence, bounds, limits)
    ratings = (
        bias(evidence, limits),
        inconsistency(evidence, bounds, split, limits),
        indirectness(evidence, split),
        imprecision(evidence, bounds, limits),
        publication(evidence, bounds, limits),
    )
    worst, best = (level(start, [getattr(r, end) for r in ratings]) for end in ("rating", "best"))
    return Certainty(worst, best, start, ratings)


def level(start: str, ratings: Sequence[int]) -> str:
    """Return the level that a start and the ratings of the domains give; very low is the last."""
    return LEVELS[max(0, LEVELS.index(start) + sum(ratings))]


def _start(analysis: Analysis) -> str:
    """Return the level before the domains: low for a comparison that is not randomised."""
    loose = "not randomised" in analysis.select.design_flags and not analysis.select.by_arm
    return "low" if loose else "high"


def populations(analysis: Analysis, studies: Sequence[StudyRow]) -> tuple[str, ...]:
    """Return the populations that carry enough of the weight to count beside a claim."""
    least = analysis.certainty.mixed
    found = shares_of(studies, lambda study: study.population)
    return tuple(sorted(name for name, share in found.items() if name and share >= least))
