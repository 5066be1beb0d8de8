"""What a reader must know of printed numbers: halves added to counts, limits that cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ketameta.configuration import Analysis
from ketameta.report.wording import MINUS, quantity
from ketameta.vocabulary import vocabulary

Record = dict[str, Any]
NAMED = 20  # trials that a note names
# measure -> the values that it can take, and what a note says of others
_POSSIBLE = {
    "RD": (-1.0, 1.0, f"beyond {MINUS}1 or 1", "no difference of risks is that large"),
    "PCTRED": (None, 100.0, "beyond 100%", "no score of these scales falls by more"),
}


def notes(analysis: Analysis, record: Record, studies: Sequence[Record]) -> list[str]:
    """Return a sentence for each thing that the numbers of a plot or table do not say themselves.

    `studies` are rows of the table of that name, with their steps as text.
    """
    found = halves(record, studies), twice(studies), _beyond(analysis, record, studies)
    return [text for text in found if text]


def halves(record: Record, studies: Sequence[Record]) -> str:
    """Name the trials whose effect has a half added to its counts; empty for none."""
    names = [s["label"] for s in studies if any("1/2 added" in step for step in s["steps"])]
    if not names:
        return ""
    text = f"A half is added to each cell of a trial with an empty one: {some(names)}"
    if record["model"].startswith("binomial"):
        text += "; for its own interval alone, the model takes the counts as they are"
    return f"{text}."


def twice(studies: Sequence[Record]) -> str:
    """Name the crossover trials whose people stand in both arms; empty for none."""

    def in_both(s: Record) -> bool:
        arms = (s["n_t"] or 0) + (s["n_c"] or 0)
        return s["design"] == "crossover" and 0 < (s["people"] or 0) < arms

    names = [s["label"] for s in studies if in_both(s)]
    if not names:
        return ""
    return (
        f"People who took both treatments in turn ({some(names)}) stand in both arms and in both "
        "sums; where people are counted they count once."
    )


def some(names: Sequence[str]) -> str:
    """List names, not all of many."""
    text = ", ".join(names[:NAMED])
    return f"{text} and {len(names) - NAMED:,} more" if len(names) > NAMED else text


def _beyond(analysis: Analysis, record: Record, studies: Sequence[Record]) -> str:
    """Say that a limit lies where no value can; empty where none does, as printed."""
    measure = analysis.select.measure
    if measure not in _POSSIBLE:
        return ""
    low, high, where, why = _POSSIBLE[measure]
    if measure == "PCTRED" and not all(_starts_at_zero(s["scale"]) for s in studies):
        return ""

    def printed(value: float) -> float:
        return float(quantity(measure, value).replace(MINUS, "-").replace(",", ""))

    shown = [printed(value) for value in _limits(record, studies)]
    if all((low is None or low <= x) and x <= high for x in shown):
        return ""
    return f"Limits {where} are those of a normal approximation: {why}."


def _limits(record: Record, studies: Sequence[Record]) -> Iterator[float]:
    for row in (record, *studies):
        for name in ("ci_low", "ci_high"):
            if row[name] is not None:
                yield row[name]


def _starts_at_zero(scale: str | None) -> bool:
    """Say whether no score of a scale is below 0."""
    known = vocabulary().scales.get(scale or "")
    return known is not None and known.minimum is not None and known.minimum >= 0
