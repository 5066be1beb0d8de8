"""Time courses: one model of an outcome over all its hours, in place of one for each window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Gt, Interval, Len, MinLen

from ketameta.configuration.models import Positive, Question, Split
from ketameta.documents.document import Document, Fault, Place
from ketameta.documents.fields import Listed
from ketameta.measures import MEASURES

# all of one is no correlation to model: effects that do not differ
Correlation = Annotated[float, Interval(ge=0, lt=1)]


@dataclass(frozen=True)
class Curve:
    """The part of a time course that decides how effects become curves."""

    by: Split
    """What each curve is of: effects with one word in this column."""
    knots: Annotated[tuple[Annotated[float, Gt(0)], ...], MinLen(3), Listed()]
    """Hours of the knots of the spline, increasing; a curve has those between its own first and
    last hour, and bends only with results at as many hours."""
    shown: Annotated[tuple[Annotated[float, Gt(0)], ...], MinLen(1), Listed()]
    """Hours of the table."""
    compared: Annotated[tuple[Annotated[float, Gt(0)], ...], Len(2, 2), Listed()]
    """Two hours, the earlier first: how far the effect changes from one to the other tells how long
    it lasts."""
    trials: Annotated[int, Interval(ge=3)]
    """Fewest trials that have a curve; the results of fewer are shown as points alone."""
    over_time: Correlation
    """Correlation of the sampling errors of the same people, `lag` hours apart."""
    lag: Positive
    """The hours between them; t hours apart it is `over_time` to the power of t over this."""
    between_scales: Annotated[float, Interval(ge=0, le=1)]
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


def course_faults(document: Document, place: Place, block: dict[str, Any]) -> Iterator[Fault]:
    """Yield what is at odds in a block of a time course, where it has the right form."""
    measure = block.get("measure")
    if isinstance(measure, str) and measure in MEASURES and not MEASURES[measure].compares:
        said = f"{measure} is of treated arms alone, and a time course compares them with control"
        yield document.fault((*place, "measure"), said)
    hours = block.get("hours")
    ends = [hours.get(key) for key in ("from", "to")] if isinstance(hours, dict) else []
    if not ends or not all(map(_is_number, ends)):
        return
    if ends[0] >= ends[1]:
        yield document.fault((*place, "hours"), "from must be before to")
    for key in ("knots", "shown", "compared"):
        given = block.get(key)
        if not isinstance(given, list) or not all(map(_is_number, given)):
            continue
        if given != sorted(given):
            yield document.fault((*place, key), "hours must increase")
        if outside := [hour for hour in given if not ends[0] <= hour <= ends[1]]:
            said = f"{outside[0]:g} h is outside the hours of the course"
            yield document.fault((*place, key, given.index(outside[0])), said)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
