"""Other choices of an analysis together: which of them change its effects, and every combination.

Choices that change the same key of the question exclude each other; each that narrows it can stand
beside every other. A choice that changes no effect by itself is left out, as is one that gives
another measure, whose effects are on another scale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from itertools import product

from ketameta.configuration import Analysis, Question, Variant
from ketameta.tables.parts import PoolableEffect
from ketameta.vocabulary.narrowing import combined

# of a combination, between the names of its choices
AND = " and "
# combinations of an analysis beyond which its last dimensions are left out
MOST = 1024

Combination = tuple[Variant, ...]


def changed(question: Question, other: Question) -> frozenset[str]:
    """Return the keys in which two questions differ."""
    names = (field.name for field in fields(Question))
    return frozenset(n for n in names if getattr(question, n) != getattr(other, n))


def same(effects: Sequence[PoolableEffect], others: Sequence[PoolableEffect]) -> bool:
    """Say whether two sets of effects are pooled alike."""

    def cells(rows: Sequence[PoolableEffect]) -> set[tuple[str, str, float, float]]:
        return {(row.trial_id, row.comparison, row.yi, row.vi) for row in rows}

    return cells(effects) == cells(others)


def of_data(analysis: Analysis) -> list[Variant]:
    """Return the choices of data of an analysis; arms and measures are no effects of its kind."""
    found = []
    for variant in analysis.variants:
        keys = changed(analysis.select, variant.select)
        if keys and not keys & {"measure", "arms"}:
            found.append(variant)
    return found


def dimensions(analysis: Analysis, alive: Callable[[Variant], bool]) -> list[list[Variant]]:
    """Return the choices of data that exclude each other, a list a dimension, in their order.

    `alive` says whether a choice changes an effect. As many dimensions as `MOST` lets in.
    """
    found: dict[object, list[Variant]] = {}
    for variant in filter(alive, of_data(analysis)):
        keys = changed(analysis.select, variant.select)
        found.setdefault(variant.name if keys == {"narrow"} else keys, []).append(variant)
    kept: list[list[Variant]] = []
    whole = 1
    for options in found.values():
        if whole * (1 + len(options)) <= MOST:
            whole *= 1 + len(options)
            kept.append(options)
    return kept


def of(
    analysis: Analysis,
    effects: Sequence[PoolableEffect],
    alone: Mapping[str, Sequence[PoolableEffect]],
) -> list[list[Variant]]:
    """Return the dimensions of an analysis from its effects as it is, and under each choice alone.

    None where effects share a control: their dependence is of the question as it is asked.
    """
    if len(effects) < 2 or any(effect.shared is not None for effect in effects):
        return []

    return dimensions(analysis, lambda variant: _alive(effects, alone.get(variant.name, ())))


def _alive(effects: Sequence[PoolableEffect], others: Sequence[PoolableEffect]) -> bool:
    """Say whether a choice gives other effects than the analysis has, that can be pooled alike."""
    shared = any(effect.shared is not None for effect in others)
    return len(others) > 1 and not shared and not same(effects, others)


def left_out(
    analysis: Analysis,
    effects: Sequence[PoolableEffect],
    alone: Mapping[str, Sequence[PoolableEffect]],
) -> tuple[list[str], list[str]]:
    """Return the choices of data that change no effect, and others that are in no dimension.

    The others leave too few effects to pool, or are beyond `MOST` combinations.
    """
    inside = {variant.name for one in of(analysis, effects, alone) for variant in one}
    outside = [variant.name for variant in of_data(analysis) if variant.name not in inside]
    idle = [name for name in outside if same(effects, alone.get(name, ()))]
    return idle, [name for name in outside if name not in idle]


def combinations(dimensions: Sequence[Sequence[Variant]]) -> list[Combination]:
    """Return every combination, the one without any choice first, the last dimension fastest."""
    options = [((), *((variant,) for variant in one)) for one in dimensions]
    return [tuple(choice for one in chosen for choice in one) for chosen in product(*options)]


def question_of(question: Question, combination: Combination) -> Question:
    """Return a question with the keys that each choice of a combination changes."""
    found = question
    for variant in combination:
        for key in changed(question, variant.select):
            value = getattr(variant.select, key)
            if key == "narrow":
                value = combined(found.narrow, value)
            found = replace(found, **{key: value})
    return found


def name_of(combination: Combination) -> str:
    """Return the name of a combination; that of a single choice is its own."""
    return AND.join(variant.name for variant in combination)
