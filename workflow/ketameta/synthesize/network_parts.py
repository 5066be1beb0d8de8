"""Which nodes of a network trials join, and so which parts it has: known without a fit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from ketameta.configuration import Network
from ketameta.tables.collection import by
from ketameta.tables.effects import NetworkEffectRow

Pair = tuple[str, str]


class Met(NamedTuple):
    """A trial that has both nodes of a pair, and the people in their arms."""

    trial_id: str
    people: float


def pairs_of(network: Network, effects: Sequence[NetworkEffectRow]) -> dict[Pair, list[Met]]:
    """Return the trials of each pair of nodes that any has, nodes in the configuration's order."""
    places = {label: n for n, label in enumerate(network.labels)}
    found: dict[Pair, list[Met]] = defaultdict(list)
    for trial_id, own in by(effects, lambda effect: effect.trial_id).items():
        sizes = sizes_of(own)
        for first, second in combinations(sorted(sizes, key=places.__getitem__), 2):
            people = own[0].people if len(own) == 1 else sizes[first] + sizes[second]
            found[first, second].append(Met(trial_id, people))
    order = sorted(found, key=lambda pair: (places[pair[0]], places[pair[1]]))
    return {pair: found[pair] for pair in order}


def sizes_of(effects: Sequence[NetworkEffectRow]) -> dict[str, float]:
    """Return the people in each node of one trial; 0 where they are not known."""
    sizes = {effect.comparison: effect.n_t or 0.0 for effect in effects}
    return sizes | {effects[0].comparator_class: effects[0].n_c or 0.0}


def parts_of(network: Network, pairs: dict[Pair, list[Met]]) -> dict[str, int]:
    """Return the part of each node: 1 has the reference, 2 the most trials of the others.

    0 is a node without a trial; the reference has 1 also where no trial has it.
    """
    joined = {label: {label} for label in network.labels}
    for first, second in pairs:
        whole = joined[first] | joined[second]
        for label in whole:
            joined[label] = whole
    own = joined[network.model.reference]
    trials = {
        frozenset(whole): {
            met.trial_id for pair, all_ in pairs.items() if pair[0] in whole for met in all_
        }
        for whole in joined.values()
        if len(whole) > 1 and whole != own
    }
    others = sorted(trials, key=lambda whole: (-len(trials[whole]), sorted(whole)))
    numbers = {label: n for n, whole in enumerate(others, start=2) for label in whole}
    return {label: 1 if label in own else numbers.get(label, 0) for label in network.labels}
