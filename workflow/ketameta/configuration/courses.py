"""Time courses: one model of an outcome over all its hours, in place of one for each window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Interval, Len, MinLen

from ketameta.configuration.models import Positive, Question, Split, Thresholds, Window
from ketameta.documents.fields import Listed

# all of one is no correlation to model: effects that do not differ
Correlation = Annotated[float, Interval(ge=0, lt=1)]


@dataclass(frozen=True)
class Curve:
    """The part of a time course that decides how effects become curves."""

    by: Split
    """What each curve is of: effects with one word in this column."""
    knots: Annotated[tuple[Annotated[float, Gt(0)], ...], MinLen(3), Listed()]
    """Hours of the knots of the spline, increasing; a curve has those between its own first and
    last hour, as far as its trials and hours go (see `trials`)."""
    shown: Annotated[tuple[Annotated[float, Gt(0)], ...], MinLen(1), Listed()]
    """Hours of the table."""
    compared: Annotated[tuple[Annotated[float, Gt(0)], ...], Len(2, 2), Listed()]
    """Two hours, the earlier first: how far the effect changes from one to the other tells how long
    it lasts."""
    trials: Annotated[int, Ge(2)]
    """Trials for each knot of a curve: two knots are a straight line, each further one lets it
    bend, and what has trials for fewer than two is shown as points alone."""
    over_time: Correlation
    """Correlation of the sampling errors of the same people, `lag` hours apart."""
    lag: Positive
    """The hours between them; t hours apart it is `over_time` to the power of t over this."""
    between_scales: Correlation
    """Correlation of the sampling errors of the same people at one hour on two scales."""
    sweep: Annotated[tuple[Correlation, ...], MinLen(1), Listed()]
    """Other values of `over_time` under which the answer is given once more."""


@dataclass(frozen=True)
class About:
    """The part of a time course that only the report reads."""

    title: Annotated[str, Len(3, 120)]
    """Title in the report."""
    question: Annotated[str, Len(10, 300)]
    """The question in one sentence."""


@dataclass(frozen=True)
class Course:
    """A time course, complete; the window of its question holds all its hours."""

    name: str
    select: Question
    curve: Curve
    level: float
    display: About
    certainty: Thresholds
    """Of these the smallest differences worth having, and from how many trials and people a curve
    has a verdict on a claim; a curve has no certainty that would be rated."""

    @property
    def hours(self) -> Window:
        """All its hours."""
        assert self.select.window is not None
        return self.select.window
