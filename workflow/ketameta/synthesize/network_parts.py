"""Which nodes of a network trials join: known without a fit."""

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
