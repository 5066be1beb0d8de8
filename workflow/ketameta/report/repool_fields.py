"""What a reader can choose trials by on the page of an analysis, in the words of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ketameta.evidence.bias import RISKS
from ketameta.moderators import MODERATORS, dose_of
from ketameta.report.wording_plot import control, treatments_named
from ketameta.tables.effects import EffectRow
from ketameta.vocabulary import vocabulary
from ketameta.vocabulary.narrowing import keys

# by the name of a field: words, or a number
Fields = Mapping[str, str | float]
_STATED = "not stated"
_SPLITS = ("treatment", "route", "population", "comparator_class", "n_doses", "design")


def fields_of(study: EffectRow, risk: str) -> Fields:
    """Return what a trial is chosen by: words as pages show them, dose in mg and year as numbers.

    A number that is not known is left out.
    """
    told: dict[str, str | float | None] = {
        "treatment": treatments_named(study.treatment) or _STATED,
        **{name: _word(name, getattr(study, name)) for name in _SPLITS[1:]},
        "control": control(study),
        "risk_of_bias": risk,
        "seen": study.seen or _STATED,
        "dose_mg": dose_of(study.dose),
        "year": study.year,
    }
    return {name: value for name, value in told.items() if value is not None}


def _word(key: str, word: str) -> str:
    """Return the label of a word of a key; of several words between commas theirs."""
    labels = keys()[key]
    if word in labels or not word:
        return labels.get(word) or _STATED
    return ", ".join(labels.get(one, one) for one in word.split(", "))


@dataclass(frozen=True, slots=True)
class Facet:
    """Something that trials differ in: a choice between words, or a range of numbers.

    `values` are the words in their order, or the smallest and the largest number; `unknown` says
    that the number of some trial is not known.
    """

    field: str
    label: str
    kind: str
    values: Sequence[str] | Sequence[float]
    unit: str = ""
    unknown: bool = False


def facets(fields: Sequence[Fields]) -> list[Facet]:
    """Return what trials differ in, each with its label and its values in their order."""
    splits = vocabulary().words("splits")
    labels = {name: splits[name] for name in _SPLITS}
    labels |= {"risk_of_bias": MODERATORS["risk_of_bias"].words, "seen": "where numbers were read"}
    found = []
    for name, label in labels.items():
        values = {str(one[name]) for one in fields}
        if len(values) > 1:
            order = RISKS if name == "risk_of_bias" else tuple(keys().get(name, {}).values())
            place = {word: number for number, word in enumerate(order)}
            words = sorted(values, key=lambda word: (place.get(word, len(place)), word))
            found.append(Facet(name, label, "choice", words))
    for name in ("dose_mg", "year"):
        numbers = [float(one[name]) for one in fields if name in one]
        if len({*numbers}) > 1:
            told, ends = MODERATORS[name], (min(numbers), max(numbers))
            unit = told.unit if name == "dose_mg" else ""
            found.append(
                Facet(name, told.words, "range", ends, unit, unknown=len(numbers) < len(fields))
            )
    return found
