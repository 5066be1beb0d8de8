"""Other choices of an analysis together: which of them change its effects, and every combination.

Choices that change the same key of the question exclude each other; each that changes another can
stand beside them. A choice that changes no effect, by itself or beside another, is left out; beside
two others it is not tried.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any

from ketameta.configuration import Analysis, Question, Variant
from ketameta.configuration.models import AND
from ketameta.tables.effects import EffectRow, VariantRow
from ketameta.tables.parts import PoolableEffect
from ketameta.vocabulary.narrowing import combined

# combinations of an analysis beyond which dimensions are left out, those that move it least; of
# more trials than usual fewer, so that what all take together does not grow with their square
MOST = 250
USUAL = 40
# trials beyond which choices are not tried in pairs
PAIRED = 100

Combination = tuple[Variant, ...]
Effects = Sequence[PoolableEffect]


@dataclass(frozen=True, slots=True)
class Varied:
    """Which choices of data are combined, a list a dimension, and the names of those that are not.

    `idle` change no effect, by themselves or beside one other choice (a choice that does so beside
    two others alone is not seen: that would ask for every combination with it); `apart` leave too
    few effects, or effects that share a control: their model has one estimator of tau² and one rule
    of the interval, so they have no place in a grid of these; `crowded` are of dimensions beyond
    `MOST`.
    """

    dimensions: Sequence[Sequence[Variant]] = ()
    idle: Sequence[str] = ()
    apart: Sequence[str] = ()
    crowded: Sequence[str] = ()


def changed(question: Question, other: Question) -> frozenset[str]:
    """Return the keys in which two questions differ."""
    names = (field.name for field in fields(Question))
    return frozenset(n for n in names if getattr(question, n) != getattr(other, n))


def touched(question: Question, other: Question) -> frozenset[str]:
    """Return the keys in which two questions differ, of what narrows them each key by itself."""
    keys = changed(question, other)
    if "narrow" not in keys:
        return keys
    sides = [{n.key: n.values for n in asked.narrow} for asked in (question, other)]
    narrower = {key for key in sides[0] | sides[1] if sides[0].get(key) != sides[1].get(key)}
    return frozenset({*(keys - {"narrow"}), *narrower})


def same(effects: Effects, others: Effects) -> bool:
    """Say whether two sets of effects are pooled alike."""

    def cells(rows: Effects) -> set[tuple[str, str, float, float]]:
        return {(row.trial_id, row.comparison, row.yi, row.vi) for row in rows}

    return cells(effects) == cells(others)


def of_data(analysis: Analysis) -> list[Variant]:
    """Return the choices of data of an analysis, those that ask the same once."""
    found: dict[Question, Variant] = {}
    for variant in analysis.variants:
        if variant.select != analysis.select:
            found.setdefault(variant.select, variant)
    return list(found.values())


def of(analysis: Analysis, effects: Sequence[EffectRow], alone: Mapping[str, Effects]) -> Varied:
    """Return what varies, from the effects as they are, under each choice, and under `pairs`.

    Nothing where effects share a control: their dependence is of the question as it is asked.
    """
    if not _varies(analysis, effects):
        return Varied()
    known = of_data(analysis)
    idle = _idle(analysis, effects, alone)
    acting = {v.name for v in known} - idle
    for one, other in _pairs(analysis, effects, alone):
        both = alone.get(name_of((one, other)))
        if both is not None:
            acting |= _acts(idle, one, other, both, alone)
    fit = {v.name for v in known if v.name in acting and _fits(alone.get(v.name, ()))}
    alive = [v for v in known if v.name in fit]
    kept = _kept(analysis, _dimensions(analysis, alive), effects, alone)
    inside = {v.name for one in kept for v in one}
    return Varied(
        kept,
        [v.name for v in known if v.name not in acting],
        [v.name for v in known if v.name in acting - fit],
        [v.name for v in alive if v.name not in inside],
    )


def together(
    analysis: Analysis,
    effects: Sequence[EffectRow],
    alone: Mapping[str, Effects],
    ask: Callable[[Question], list[VariantRow]],
) -> dict[str, list[VariantRow]]:
    """Return the effects under two choices of data and more at a time, by name; `ask` finds them.

    Of two choices of which one changes nothing by itself only where it does beside the other.
    """
    found: dict[str, list[VariantRow]] = {}
    changes = {v.name: _changes(analysis.select, v) for v in of_data(analysis)}

    def find(combination: Combination) -> list[VariantRow]:
        asked = _with(analysis.select, [changes[v.name] for v in combination])
        return ask(asked)

    idle = _idle(analysis, effects, alone)
    for one, other in _pairs(analysis, effects, alone):
        both = find((one, other))
        if _acts(idle, one, other, both, alone):
            found[name_of((one, other))] = both
    for combination in combinations(of(analysis, effects, {**alone, **found}).dimensions):
        if len(combination) > 1 and name_of(combination) not in found:
            found[name_of(combination)] = find(combination)
    return found


def _idle(
    analysis: Analysis, effects: Sequence[EffectRow], alone: Mapping[str, Effects]
) -> set[str]:
    """Return the choices of data that change no effect by themselves."""
    asked = {v.name for v in analysis.choices([e for e in effects if e.marks])}
    return {
        v.name
        for v in of_data(analysis)
        if v.name not in asked or same(effects, alone.get(v.name, ()))
    }


def _pairs(
    analysis: Analysis, effects: Sequence[EffectRow], alone: Mapping[str, Effects]
) -> Iterator[tuple[Variant, Variant]]:
    """Yield two choices that can stand together, of which one or both change nothing alone."""
    if not _varies(analysis, effects) or len(effects) > PAIRED:
        return
    asked = {v.name for v in analysis.choices([e for e in effects if e.marks])}
    idle = _idle(analysis, effects, alone)
    known = [v for v in of_data(analysis) if v.name in asked and _fits(alone.get(v.name, ()))]
    keys = {v.name: touched(analysis.select, v.select) for v in known}
    less = {v.name for v in known if _lessens(analysis, v, effects, alone[v.name])}
    for place, one in enumerate(known):
        for other in known[place + 1 :]:
            sides = ((one.name, other.name), (other.name, one.name))
            unsure = any(a in idle and b not in less for a, b in sides)
            if unsure and not keys[one.name] & keys[other.name]:
                yield one, other


def _lessens(analysis: Analysis, variant: Variant, effects: Effects, others: Effects) -> bool:
    """Say whether a choice narrows the analysis and leaves some of its effects, each as it was.

    What is chosen of a trial is the best of what is let in: beside such a choice, another that
    changes nothing by itself changes nothing either.
    """
    if changed(analysis.select, variant.select) != {"narrow"}:
        return False
    known = {(e.trial_id, e.comparison, e.yi, e.vi) for e in effects}
    return all((e.trial_id, e.comparison, e.yi, e.vi) in known for e in others)


def _acts(
    idle: set[str], one: Variant, other: Variant, both: Effects, alone: Mapping[str, Effects]
) -> set[str]:
    """Return which of two choices, idle alone, change an effect beside the other."""
    if not _fits(both):
        return set()
    sides = ((one, other), (other, one))
    return {a.name for a, b in sides if a.name in idle and not same(both, alone[b.name])}


def _varies(analysis: Analysis, effects: Effects) -> bool:
    return analysis.grid is not None and _fits(effects)


def _fits(effects: Effects) -> bool:
    """Say whether effects are enough to pool, and independent."""
    return len(effects) > 1 and all(effect.shared is None for effect in effects)


def _dimensions(analysis: Analysis, alive: Sequence[Variant]) -> list[list[Variant]]:
    """Return choices in the order of the file, those together that change a key in common."""
    found: list[tuple[frozenset[str], list[Variant]]] = []
    for variant in alive:
        keys = touched(analysis.select, variant.select)
        near = [one for one in found if one[0] & keys]
        rest = [one for one in found if not one[0] & keys]
        options = [v for _, own in near for v in own]
        joined = frozenset(keys.union(*(own for own, _ in near))), [*options, variant]
        place = found.index(near[0]) if near else len(found)
        found = [*rest[:place], joined, *rest[place:]]
    return [options for _, options in found]


def _kept(
    analysis: Analysis,
    whole: Sequence[Sequence[Variant]],
    effects: Effects,
    alone: Mapping[str, Effects],
) -> list[Sequence[Variant]]:
    """Return as many dimensions as `MOST` lets in, first those that move the common effect most.

    Another measure is a question that each reader has, and goes before all.
    """
    own = _centre(effects)

    def moved(options: Sequence[Variant]) -> float:
        if any(v.select.measure != analysis.select.measure for v in options):
            return math.inf
        return max(abs(_centre(alone[v.name]) - own) for v in options)

    kept: list[int] = []
    number = 1
    for place in sorted(range(len(whole)), key=lambda i: -moved(whole[i])):
        if number * (1 + len(whole[place])) <= MOST * USUAL / max(USUAL, len(effects)):
            number *= 1 + len(whole[place])
            kept.append(place)
    return [whole[place] for place in sorted(kept)]


def _centre(effects: Effects) -> float:
    """Return the mean of effects by their inverse variances."""
    return sum(e.yi / e.vi for e in effects) / sum(1 / e.vi for e in effects)


def combinations(dimensions: Sequence[Sequence[Variant]]) -> list[Combination]:
    """Return every combination, the one without any choice first, the last dimension fastest."""
    options = [((), *((variant,) for variant in one)) for one in dimensions]
    return [tuple(choice for one in chosen for choice in one) for chosen in product(*options)]


def question_of(question: Question, combination: Combination) -> Question:
    """Return a question with the keys that each choice of a combination changes."""
    return _with(question, [_changes(question, variant) for variant in combination])


def _changes(question: Question, variant: Variant) -> dict[str, Any]:
    """Return what a choice changes of a question, by key."""
    keys = changed(question, variant.select)
    return {key: getattr(variant.select, key) for key in sorted(keys)}


def _with(question: Question, changes: Sequence[dict[str, Any]]) -> Question:
    """Return a question with changes made one after the other; what narrows it adds up."""
    found: dict[str, Any] = {}
    for one in changes:
        narrow = found.get("narrow", question.narrow)
        found |= one
        if "narrow" in one:
            found["narrow"] = combined(narrow, one["narrow"])
    return replace(question, **found)


def name_of(combination: Combination) -> str:
    """Return the name of a combination; that of a single choice is its own."""
    return AND.join(variant.name for variant in combination)
