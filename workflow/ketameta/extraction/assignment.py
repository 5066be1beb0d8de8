"""Who goes with whom: the pairing of two lists whose likenesses add up to most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

Pair = tuple[int, int]


def assigned(likeness: Mapping[Pair, float]) -> list[Pair]:
    """Return the one-to-one pairing with the largest total, by the first of each pair.

    ``likeness`` is above 0 for each pair that may be; others may not. The best total, not the best
    pair first: where two arms both resemble one, taking the nearest can leave the other to a
    stranger. Pairs that hang together by no third are taken at once, so that
    `scipy.optimize.linear_sum_assignment` is loaded (0.3 s) where there is a choice alone.
    """
    chosen: list[Pair] = []
    for part in _parts(likeness):
        if len({a for a, _ in part}) == 1 or len({b for _, b in part}) == 1:
            chosen.append(max(part, key=lambda pair: (likeness[pair], -pair[0], -pair[1])))
        else:
            chosen += _best(part, likeness)
    return sorted(chosen)


def _parts(likeness: Mapping[Pair, float]) -> list[list[Pair]]:
    """Return the pairs in parts: no member of one may go with a member of another."""
    leader: dict[tuple[int, int], tuple[int, int]] = {}

    def lead(member: tuple[int, int]) -> tuple[int, int]:
        while leader.setdefault(member, member) != member:
            leader[member] = leader[leader[member]]
            member = leader[member]
        return member

    for a, b in likeness:
        leader[lead((0, a))] = lead((1, b))
    parts: dict[tuple[int, int], list[Pair]] = defaultdict(list)
    for pair in sorted(likeness):
        parts[lead((0, pair[0]))].append(pair)
    return list(parts.values())


def _best(part: list[Pair], likeness: Mapping[Pair, float]) -> list[Pair]:
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    rows = sorted({a for a, _ in part})
    columns = sorted({b for _, b in part})
    at_row = {a: i for i, a in enumerate(rows)}
    at_column = {b: i for i, b in enumerate(columns)}
    total = np.zeros((len(rows), len(columns)))
    for a, b in part:
        total[at_row[a], at_column[b]] = likeness[a, b]
    found = zip(*linear_sum_assignment(total, maximize=True), strict=True)
    pairs = [(rows[i], columns[j]) for i, j in found]
    return [pair for pair in pairs if pair in likeness]
