"""The columns of a meta-regression, and its formula: without arithmetic, for a second fit too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ketameta.moderators import MODERATORS, Moderator

Value = float | str | None


class Design(NamedTuple):
    """The columns besides the intercept: of each its term (moderator, level, reference), values."""

    terms: list[tuple[str, str, str]]
    columns: list[list[float]]


def design_of(
    model: Sequence[str],
    values: Mapping[str, Sequence[Value]],
    known: Mapping[str, Moderator] = MODERATORS,
) -> Design:
    """Return the columns of a model; the values of its moderators are all there.

    A number is in steps of its unit; a factor has a column of 0 and 1 for each level but the one
    of most trials, ties to the first in the alphabet.
    """
    terms: list[tuple[str, str, str]] = []
    columns: list[list[float]] = []
    for name in model:
        column = values[name]
        if known[name].is_number:
            terms.append((name, "", ""))
            columns.append([float(value or 0.0) / known[name].step for value in column])
            continue
        levels = Counter(str(value) for value in column)
        first, *others = sorted(levels, key=lambda level: (-levels[level], level))
        for level in sorted(others):
            terms.append((name, level, first))
            columns.append([float(value == level) for value in column])
    return Design(terms, columns)


def formula_of(
    model: Sequence[str], design: Design, known: Mapping[str, Moderator] = MODERATORS
) -> str:
    """Write a model as a formula, with the reference level of each factor and the steps."""
    parts = []
    for name in model:
        step, unit = known[name].step, known[name].unit
        if known[name].is_number:
            parts.append(name if step == 1 else f"{name} / {step:g} {unit}")
        else:
            references = [reference for term, _, reference in design.terms if term == name]
            parts.append(f"{name}{f' (reference: {references[0]})' if references else ''}")
    return f"effect ~ {' + '.join(parts)}"
