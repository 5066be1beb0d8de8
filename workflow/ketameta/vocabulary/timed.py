"""Questions to time courses: ``reading@until=672&curve=phonics`` asks one about hours.

`by=H` asks whether there is an effect at some hour up to H, `until=H` whether there is one as
late as H, `at=H` what it is at H, `change=A-B` whether it holds from hour A to hour B. `curve`
asks of some curves, alternatives joined by ``|``; without it all of the course are asked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ketameta.vocabulary import kept, nearest
from ketameta.vocabulary.narrowing import split_name

BY, UNTIL, AT, CHANGE = "by", "until", "at", "change"
# what can be asked -> how its hours are written
ASKED = {BY: "by=6", UNTIL: "until=672", AT: "at=24", CHANGE: "change=24-672"}
CURVE = "curve"


@dataclass(frozen=True, slots=True)
class Timed:
    """A question to a time course: which, what (a key of `ASKED`), at which hours, of which curves.

    A change has two hours, the others one; no `curves` are all of them.
    """

    course: str
    asks: str
    hours: tuple[float, ...]
    curves: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it as it is written in a claim."""
        hours = "-".join(f"{hour:g}" for hour in self.hours)
        curves = f"&{CURVE}={'|'.join(self.curves)}" if self.curves else ""
        return f"{self.course}@{self.asks}={hours}{curves}"


class TimedError(ValueError):
    """A question that cannot be read; the message says what can be asked."""


@kept
def parse(text: str) -> Timed:
    """Read a question as a claim has it; raises `TimedError` where it asks nothing that can be."""
    course, expression = split_name(text)
    given: dict[str, str] = {}
    for piece in expression.split("&"):
        key, _, word = (part.strip() for part in piece.partition("="))
        if key not in (*ASKED, CURVE):
            close = nearest(key[:80], [*ASKED, CURVE], 1)
            said = f"did you mean {close[0]}?" if close else f"known: {', '.join(ASKED.values())}"
            raise TimedError(f"a time course is not asked {key[:80] or 'nothing'}; {said}")
        if key in given:
            raise TimedError(f"{key} stands twice")
        given[key] = word
    curves = tuple(word.strip() for word in given.pop(CURVE, "").split("|"))
    if len(given) != 1:
        raise TimedError(f"a time course is asked one thing: {', '.join(ASKED.values())}")
    ((asks, hours),) = given.items()
    return Timed(course, asks, _hours(asks, hours), tuple(filter(None, curves)))


def _hours(asks: str, text: str) -> tuple[float, ...]:
    """Read the hours of a question: one above 0, of a change two, the earlier first."""
    try:
        hours = tuple(float(part) for part in text.split("-"))
    except ValueError:
        hours = ()
    told = all(math.isfinite(hour) and hour > 0 for hour in hours)
    if not told or len(hours) != 1 + (asks == CHANGE) or list(hours) != sorted({*hours}):
        raise TimedError(f"{asks} takes hours as in {ASKED[asks]}, not {text[:80] or 'nothing'}")
    return hours


def fault(text: str) -> str:
    """Say what is wrong with a question to a time course; empty where nothing is."""
    try:
        parse(text)
    except TimedError as error:
        return str(error)
    return ""


def questions(cell: str | None) -> list[Timed]:
    """Return the questions in a cell of a claim, in order; those that cannot be read are left."""
    words = (word.strip() for word in (cell or "").split(";"))
    return [parse(word) for word in words if word and not fault(word)]
