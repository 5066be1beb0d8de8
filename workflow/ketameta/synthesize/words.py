"""Words and places in the tables of a synthesis that its readers need without its arithmetic."""

from __future__ import annotations

from ketameta.configuration import Analysis
from ketameta.measures import MEASURES
from ketameta.tables.effects import EffectRow
from ketameta.vocabulary import ANY, Spread, vocabulary

# what varies where trials are left out
TRIALS = "trials"
# the choice in which each known missing result is no effect
MISSING_AS_NONE = "known missing results as no effect"


def favours(measure: str, outcome: str) -> str | None:
    """Return the side of no effect that favours treatment: above, below, or None for one group."""
    if not MEASURES[measure].compares:
        return None
    return "above" if vocabulary().outcomes[outcome].sense == "good" else "below"


def group_of(split: str | None, effect: EffectRow) -> str:
    """Return the group of an effect in a split; empty where that is not known, or no split."""
    return str(getattr(effect, split) or "") if split else ""


def spread_of(analysis: Analysis) -> tuple[Spread, tuple[float, float]] | None:
    """Return what earlier reviews found of tau² of such trials: of which, location and scale."""
    words, told = vocabulary(), analysis.model.comparison
    kind = "ratio" if MEASURES[analysis.select.measure].is_ratio else "difference"
    if told is None or kind not in words.spreads:
        return None
    known = words.spreads[kind].comparisons.get(told, {})
    found = known.get(words.outcomes[analysis.select.outcome].prior, known.get(ANY))
    return None if found is None else (words.spreads[kind], (found[0], found[1]))
