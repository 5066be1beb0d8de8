"""The list of analyses: in groups, each whole analysis with the narrowed ones below it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ketameta.configuration import Analysis, Configuration
from ketameta.report.answers import Answer


@dataclass(frozen=True, slots=True)
class ResultLine:
    """A whole analysis, and those that are narrowed from it."""

    answer: Answer
    narrowed: tuple[Answer, ...]


def lines_by_group(
    configuration: Configuration, answers: Mapping[str, Answer]
) -> dict[str, list[ResultLine]]:
    """Return the lines of each group, groups and lines in the order of the configuration."""
    found: dict[str, list[ResultLine]] = {}
    for whole in configuration.whole:
        narrowed = tuple(answers[a.name] for a in configuration if a.base == whole.name != a.name)
        found.setdefault(whole.display.group, []).append(ResultLine(answers[whole.name], narrowed))
    return found


def neighbours(configuration: Configuration, analysis: Analysis) -> list[tuple[str, str, Analysis]]:
    """Return what stands beside an analysis: its relation in HTML, a word for it, and what it is.

    A whole one has the one before, the one after, and its narrowed ones; a narrowed one its whole.
    """
    whole = configuration.whole
    if analysis.narrow:
        return [("up", "Of all trials", configuration[analysis.base])]
    place = [a.name for a in whole].index(analysis.name)
    found = [("prev", "Before", whole[place - 1])] if place else []
    found += [("next", "Next", whole[place + 1])] if place + 1 < len(whole) else []
    return found + [("", "Part", a) for a in configuration if a.narrow and a.base == analysis.name]
