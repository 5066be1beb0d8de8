"""What a reader can choose trials by on the page of an analysis, in the words of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ketameta.evidence.bias import RISKS
from ketameta.moderators import MODERATORS
from ketameta.report.wording_plot import control, treatments_named
from ketameta.tables.effects import EffectRow
from ketameta.vocabulary import vocabulary
from ketameta.vocabulary.narrowing import keys

_STATED = "not stated"
_SPLITS = ("treatment", "route", "population", "comparator_class", "n_doses", "design")


def fields_of(study: EffectRow, risk: str) -> dict[str, Any]:
    """Return what a trial is chosen by: words as pages show them, dose in mg and year as numbers.

    A number that is not known is left out.
    """
    from ketameta.synthesize.moderators import dose_of

    told: dict[str, Any] = {
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


def facets(fields: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what trials differ in, each with its label and its values in their order.

    A choice is between words, a range between the smallest and the largest number.
    """
    splits = vocabulary().words("splits")
    labels = {name: splits[name] for name in _SPLITS}
    labels |= {"comparator_class": splits["comparator_class"]}
    labels |= {"risk_of_bias": MODERATORS["risk_of_bias"].words, "seen": "where numbers were read"}
    found: list[dict[str, Any]] = []
    for name, label in labels.items():
        values = {one[name] for one in fields}
        if len(values) > 1:
            order = RISKS if name == "risk_of_bias" else tuple(keys().get(name, {}).values())
            place = {word: number for number, word in enumerate(order)}
            words = sorted(values, key=lambda word: (place.get(word, len(place)), word))
            found.append({"field": name, "label": label, "kind": "choice", "values": words})
    for name in ("dose_mg", "year"):
        numbers = [one[name] for one in fields if name in one]
        if len({*numbers}) > 1:
            told, ends = MODERATORS[name], [min(numbers), max(numbers)]
            unit = told.unit if name == "dose_mg" else ""
            facet = {"field": name, "label": told.words, "kind": "range", "values": ends}
            found.append(facet | {"unit": unit, "unknown": len(numbers) < len(fields)})
    return found
