"""The page of the rules by which certainty is rated: every rule, threshold and source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

from ketameta.configuration import Analysis, Configuration, Thresholds
from ketameta.documents.forms import meanings
from ketameta.evidence.ratings import CertaintyRule
from ketameta.evidence.rules import RULES
from ketameta.report import wording_certainty, wording_method
from ketameta.report.naming import capital
from ketameta.tables.verdicts import CertaintyRow


@dataclass(frozen=True, slots=True)
class ShownRule:
    """A rule with its thresholds written in, and how many analyses it decided."""

    rule: CertaintyRule
    when: str
    levels: str
    decided: int


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold of the configuration: its key, value, meaning, and analyses with another."""

    key: str
    value: str
    meaning: str
    others: tuple[tuple[Analysis, str], ...]


def usual_thresholds(configuration: Configuration) -> list[Threshold]:
    """Return every threshold with the value that most analyses have."""
    found = []
    written = {a.name: wording_certainty.thresholds_in_words(a) for a in configuration}
    for field in fields(Thresholds):
        values = Counter(own[field.name] for own in written.values())
        common = values.most_common(1)[0][0] if values else "–"
        others = [(a, written[a.name][field.name]) for a in configuration]
        apart = tuple(pair for pair in others if pair[1] != common)
        found.append(Threshold(field.name, common, meanings(Thresholds)[field.name], apart))
    return found


@dataclass(frozen=True, slots=True)
class View:
    """What the page is given; `works` are name, text and DOI of the sources of the rules."""

    thresholds: list[Threshold]
    rules: dict[str, list[ShownRule]]
    works: list[tuple[str, str, str]]
    capital: Callable[[str], str] = capital


def view(configuration: Configuration, rows: Sequence[CertaintyRow]) -> View:
    """Return what the page is given; `rows` are those of the table certainty."""
    known = usual_thresholds(configuration)
    sources = [source for rule in RULES.values() for source in rule.sources]
    return View(known, rules(known, rows), wording_method.cited([", ".join(sources)]))


def rules(known: Sequence[Threshold], rows: Sequence[CertaintyRow]) -> dict[str, list[ShownRule]]:
    """Return the rules by domain with their numbers; `rows` are those of the table certainty."""
    values = {threshold.key: threshold.value for threshold in known}
    decided = Counter(row.rule for row in rows)
    found: dict[str, list[ShownRule]] = {}
    for rule in RULES.values():
        when, levels = (text.format(**values) for text in (rule.when, rule.levels))
        found.setdefault(rule.domain, []).append(ShownRule(rule, when, levels, decided[rule.name]))
    return found
