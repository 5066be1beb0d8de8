"""Pooled results as they are read: with their verdict, their certainty and what matters of them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from ketameta.configuration import Thresholds
from ketameta.tables.parts import Estimate
from ketameta.tables.syntheses import SubgroupRow, SynthesisRow

Bounds = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Rated(Estimate):
    """A pooled estimate with what is said of it and what it is held against.

    `certainty` is the lower end of its level, `certainty_best` the upper one, `certainty_reason`
    the rule that weighs most in a few words; None where none is recorded. `worthwhile` are the
    smallest worthwhile effects below and above no effect, `populations` those that carry enough of
    the weight; `more_is_better` says that more of what is pooled is. An analysis that the
    configuration has no more has no certainty and no `limits`.
    """

    __slots__ = ()

    favours: str | None
    verdict: str
    certainty: str | None = None
    certainty_best: str | None = None
    certainty_reason: str | None = None
    worthwhile: Bounds | None = None
    populations: tuple[str, ...] = ()
    limits: Thresholds | None = None
    more_is_better: bool | None = None

    if not TYPE_CHECKING:
        # until all rooms take cells by their attributes

        def keys(self):
            """Return the names of the fields."""
            return dict.fromkeys(f.name for f in fields(self)).keys()

        def items(self):
            """Return names and values."""
            return dict(self).items()

        def values(self):
            """Return the values."""
            return dict(self).values()

        def __or__(self, other):
            """Return a dictionary."""
            return {**self, **other}

        def __ror__(self, other):
            """Return a dictionary."""
            return {**other, **self}


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedSynthesis(Rated, SynthesisRow):
    """One analysis with its verdict and certainty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedGroup(Rated, SubgroupRow):
    """One group of a split, held against what its analysis is; verdict and certainty are its."""
