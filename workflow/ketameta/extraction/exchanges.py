"""Numbers that stand in the row of another arm or another hour: exchanged, or read from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from ketameta.extraction.cells import column_of, number_of, same_cell, significant_digits
from ketameta.extraction.owners import FIGURES
from ketameta.extraction.records import Match
from ketameta.tables.identity import identity
from ketameta.tables.raw import OUTCOMES

TABLE = OUTCOMES.name
# what rows differ in whose numbers are exchanged, and what people call it
_APART = {"arm_id": "arms", "timepoint_h": "hours"}
_RESULTS = tuple(
    column.name
    for column in OUTCOMES.columns
    if column.kind in ("integer", "number") and column.name not in (*_APART, "n")
)

Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Exchange:
    """Two matches of which B has the numbers of some columns crosswise, and what to call it."""

    one: Match
    other: Match
    columns: tuple[str, ...]
    said: str


@dataclass(frozen=True, slots=True)
class _Pair:
    """A match of outcomes with its cells, and the columns of results that differ."""

    match: Match
    a: Cells
    b: Cells
    differing: tuple[str, ...]


def exchanges(matches: Sequence[Match]) -> tuple[dict[int, Exchange], dict[int, str]]:
    """Return by the `id` of a match the exchange that it is part of, and whose numbers B has.

    The second, for matches in no exchange, says of which other row of A all numbers are that B has
    where the two differ.
    """
    groups: dict[tuple[str, ...], list[_Pair]] = defaultdict(list)
    for match in matches:
        if match.table != TABLE:
            continue
        pair = _pair(match)
        for apart in _APART:
            names = [name for name in identity(TABLE) if name not in (apart, "flag")]
            groups[apart, *(pair.a.get(name, "") for name in names)].append(pair)
    found: dict[int, Exchange] = {}
    borrowed: dict[int, str] = {}
    for (apart, *_), pairs in groups.items():
        if len(pairs) > 1 and any(pair.differing for pair in pairs):
            # whatever the order of rows
            pairs.sort(key=lambda pair: _order(pair, apart))
            _exchanged(apart, pairs, found)
            _borrowed(apart, pairs, borrowed)
    return found, {key: said for key, said in borrowed.items() if key not in found}


def _pair(match: Match) -> _Pair:
    a, b = match.a.entered, match.b.entered
    differing = tuple(n for n in _RESULTS if not _same(n, a.get(n, ""), b.get(n, "")))
    return _Pair(match, a, b, differing)


def _order(pair: _Pair, apart: str) -> tuple[float, str, list[tuple[str, str]]]:
    said = pair.a.get(apart, "")
    return number_of(said) or 0.0, said, sorted(pair.b.items())


def _same(column: str, a: str, b: str) -> bool:
    return same_cell(column_of(TABLE, column), a, b)


def _exchanged(apart: str, pairs: Sequence[_Pair], found: dict[int, Exchange]) -> None:
    """Find pairs of rows of which each has in B what the other has in A."""
    left = [pair for pair in pairs if pair.differing and id(pair.match) not in found]
    for one, other in combinations(left, 2):
        if id(one.match) in found or id(other.match) in found:
            continue
        columns = tuple(
            name
            for name in one.differing
            if name in other.differing
            and one.b.get(name)
            and _same(name, one.b[name], other.a.get(name, ""))
            and _same(name, other.b.get(name, ""), one.a.get(name, ""))
        )
        if columns:
            names = " and ".join(pair.a.get(apart, "none") for pair in (one, other))
            said = f"the numbers of {_APART[apart]} {names} exchanged"
            exchange = Exchange(one.match, other.match, columns, said)
            found[id(one.match)] = found[id(other.match)] = exchange


def _borrowed(apart: str, pairs: Sequence[_Pair], found: dict[int, str]) -> None:
    """Find rows whose numbers in B, where they differ, are all those of another row of A.

    One number of few digits is a coincidence, unless two rows of the group are so.
    """
    doubtful: dict[int, str] = {}
    for pair in pairs:
        filled = [name for name in pair.differing if pair.b.get(name)]
        others = [
            other.a.get(apart, "none")
            for other in pairs
            if all(_same(name, pair.b[name], other.a.get(name, "")) for name in filled)
        ]
        if filled and others and id(pair.match) not in found:
            telling = (
                len(filled) > 1 or sum(significant_digits(pair.b[n]) for n in filled) >= FIGURES
            )
            said = f"the numbers of {_APART[apart].removesuffix('s')} {others[0]}"
            (found if telling else doubtful)[id(pair.match)] = said
    if len(doubtful) > 1:
        found |= doubtful
