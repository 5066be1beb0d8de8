"""What an analysis compares and looks at, named in a word or two, as sentences and axes have it."""

from __future__ import annotations

from ketameta.configuration import Analysis
from ketameta.configuration.review import review
from ketameta.measures import MEASURES
from ketameta.report.wording_model import failure
from ketameta.tables.parts import Estimate
from ketameta.vocabulary import Outcome, vocabulary
from ketameta.vocabulary.narrowing import keys

MOST_NAMED = 3  # treatments that a sentence names


def listed(parts: list[str], last: str = "and") -> str:
    """Write ``a, b and c``."""
    return f" {last} ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def favoured_sides(analysis: Analysis) -> tuple[str, str] | None:
    """Return the labels left and right of no effect, from the outcome's direction."""
    named = sides(analysis)
    return (f"favours {named[0]}", f"favours {named[1]}") if named else None


def sides(analysis: Analysis) -> tuple[str, str] | None:
    """Name who is favoured left and right of no effect; None where nothing is compared."""
    if not MEASURES[analysis.select.measure].compares:
        return None
    good = vocabulary().outcomes[analysis.select.outcome].sense == "good"
    control = control_name(analysis)
    treated = treatment_name(analysis)
    return (control, treated) if good else (treated, control)


def treatment_name(analysis: Analysis) -> str:
    """Name the treated side in a word or two, by what is narrowed to or else by the treatments.

    Those in question together have the phrase of the review.
    """
    narrowed = {narrow.key: narrow.values for narrow in analysis.select.narrow}
    for key, words in narrowed.items():
        if key in ("drug_route", "treatment") and len(words) <= MOST_NAMED:
            return listed([_narrowed(key, word) for word in words], "or")
    names, asked = analysis.select.treatments, review()
    if set(names) == set(asked.treatments):
        return asked.treatments_phrase
    labels = [treatment(name) for name in names]
    return listed(labels, "or") if len(labels) <= MOST_NAMED else "treatment"


def control_name(analysis: Analysis) -> str:
    """Name the control side in a word or two: one treatment where it can be no other."""
    if len(analysis.select.comparators) == 1:
        known = [
            name
            for name, treatment in vocabulary().treatments.items()
            if treatment.comparator_class in analysis.select.comparators
            and name not in analysis.select.treatments
        ]
        if len(known) == 1:
            return treatment(known[0])
    return review().control_phrase


def _narrowed(key: str, word: str) -> str:
    """Name a treatment, or one by its route, that an analysis is narrowed to."""
    return treatment(word) if key == "treatment" else keys()[key].get(word, word)


def treatment(name: str) -> str:
    """Name a treatment of the vocabulary as a sentence does."""
    known = vocabulary().treatments[name]
    return known.short or known.label


def why_not_pooled(analysis: Analysis, record: Estimate) -> str:
    """Say why effects are not pooled: too few of them, or a model without a finite estimate."""
    if record.k < analysis.model.minimum_k:
        return f"fewer than {analysis.model.minimum_k}"
    return failure(record) or "the model has no finite estimate"


def aim(analysis: Analysis) -> str:
    """Name what a treatment may change: the chance or risk of an event, a score."""
    outcome = vocabulary().outcomes[analysis.select.outcome]
    label = outcome_noun(outcome)
    if said := MEASURES[analysis.select.measure].aim:
        return said.format(label)
    if outcome.kind != "event":
        return f"the {label}"
    return f"the {'chance' if outcome.sense == 'good' else 'risk'} of {label}"


def outcome_noun(outcome: Outcome) -> str:
    """Name an outcome as a sentence does: its phrase, or its label with a small letter."""
    label = outcome.label
    return outcome.phrase or (label if label[1:2].isupper() else label[:1].lower() + label[1:])


def capital(text: str) -> str:
    """Begin a sentence: the first letter large, also after a bracket."""
    at = 1 if text.startswith("(") else 0
    return text[:at] + text[at : at + 1].upper() + text[at + 1 :]
