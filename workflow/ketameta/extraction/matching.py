"""Which rows of two extractions are the same, and by what.

Trials, arms and reviews first (`owners`); the rows of B are then called by the names of A. Within a
trial: rows of the same key that agree, then the rest by the assignment with the largest total
likeness (`assignment`). Rows whose key differs are only taken for one where their numbers agree, or
where the two extractions of the trial overlap so far that what is left on either side is likely the
same. The order of rows makes no difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from ketameta.evidence.rows import OWNERS, trial_of
from ketameta.extraction.assignment import assigned
from ketameta.extraction.cells import letters_and_digits
from ketameta.extraction.lines import (
    ARMS,
    NEAR,
    OTHER,
    SAME,
    SHAPES,
    CellAgreement,
    ComparedRow,
    Shape,
    cell_agreement,
    comparable_line,
    compare_names,
    sharing_marks,
)
from ketameta.extraction.naming import Names, names_of
from ketameta.extraction.owners import FIGURES
from ketameta.extraction.records import SAME_KEY, Match, Matching, Side
from ketameta.extraction.turning import as_turned, turned
from ketameta.tables.collection import by
from ketameta.tables.parts import Placed
from ketameta.tables.raw import RAW_KINDS, RESULT_TABLES, TrialRow
from ketameta.vocabulary import vocabulary

TURNED = "the arms the other way round, and the numbers with them"
TOLERANCE_H = 2.0
# what B was made to hold: all that A holds, a part of its trials, or more rows
WHOLE, SAMPLE, BATCH = "whole", "sample", "batch"
# the share of numbers that agree in one row told otherwise
_SHARE = 0.6
# cells of a key that do not make another row
_LABELS = ("flag", "rater", "comparison")
# what likeness loses for an identifying cell that is near, or another
_LOST = {SAME: 0.0, NEAR: 0.1, OTHER: 0.5}

# A's line, B's line and the reason
Pair = tuple[ComparedRow, ComparedRow, str]
# a trial, review or claim: the column that names it, and its name
Owner = tuple[str, str]
Key = TypeVar("Key", bound=Hashable)


def match(a: Side, b: Side, tolerance_h: float = TOLERANCE_H, *, scope: str = WHOLE) -> Matching:
    """Return which rows of B are which rows of A; of each table that both sides have.

    Hours that differ by ``tolerance_h`` or less may be one time point. By table, then in the order
    of A's rows. Of what A alone has the ``scope`` of B tells what counts: all of it where B is a
    second reading of the `WHOLE`, the rows of B's own trials, reviews and claims where it is one of
    a `SAMPLE`, and none where it is a `BATCH` of more rows.
    """
    names = names_of(a.tables, b.tables)
    whole = _both_extracted(a, b, names)
    matches: list[Match] = []
    only: tuple[list[tuple[str, Placed]], list[tuple[str, Placed]]] = ([], [])
    for table in RESULT_TABLES:
        if table in (*a.absent, *b.absent):
            continue
        # a column that one side lacks tells nothing apart
        without = frozenset(c for t, c in a.missing | b.missing if t == table)
        kind = RAW_KINDS[table]
        left = [comparable_line(table, row, {}, without) for row in a.tables.get(kind)]
        right = [comparable_line(table, *names.renamed(row), without) for row in b.tables.get(kind)]
        pairs = _Matcher(SHAPES[table], tolerance_h, whole).pairs(left, right)
        shared = a.shared & b.shared
        apart = [p for p in pairs if (p[0].record.file, p[0].record.line) not in shared]
        found = [_match(table, pair, names) for pair in apart]
        matches += sorted(found, key=lambda m: (m.a.file, m.a.line))
        for side, lines, at in zip(only, (left, right), (0, 1), strict=True):
            taken = {id(pair[at]) for pair in pairs}
            side += [(table, line.record) for line in lines if id(line) not in taken]
    only_a = [] if scope == BATCH else only[0]
    if scope == SAMPLE:
        own = owners_of_b(matches, only[1])
        only_a = [(table, row) for table, row in only_a if owner_of(row) in own]
    return Matching(tuple(matches), tuple(only_a), tuple(only[1]))


def owners_of_b(
    matches: Iterable[Match], only_b: Iterable[tuple[str, Placed]]
) -> set[Owner | None]:
    """Return the trials, reviews and claims of which B has a row, by `owner_of`."""
    rows = [*(match.b for match in matches), *(row for _, row in only_b)]
    return {owner_of(row) for row in rows} - {None}


def owner_of(row: Placed) -> Owner | None:
    """Return the trial, review or claim that a row is of, as (column, name); None of none."""
    return next(((c, name) for c in OWNERS if (name := getattr(row, c, None))), None)


def _both_extracted(a: Side, b: Side, names: Names) -> frozenset[str]:
    """Return the trials, by A's names, that each side has a row of its own of.

    A batch that adds rows to known trials does not tell of these again.
    """
    if "trials" in (*a.absent, *b.absent):
        return frozenset()
    own = {names.renamed(row)[0].trial_id for row in b.tables[TrialRow]}
    return frozenset(own & {row.trial_id for row in a.tables[TrialRow]})


def _match(table: str, pair: Pair, names: Names) -> Match:
    a, b, reason = pair
    if TURNED in reason:
        b = as_turned(a, b)
    trial = b.renamed.get("trial_id") or trial_of(b.record)
    if by := names.reason(trial, b.renamed):
        own = by.removeprefix(f"{table.removesuffix('s')} by ")
        reason = own if own != by and reason == SAME_KEY else f"{reason} ({by})"
    return Match(table, a.record, b.record, reason, b.renamed)


@dataclass
class _Block:
    """The lines of one trial (or review) that are not matched yet, and how many each side had."""

    a: list[ComparedRow]
    b: list[ComparedRow]
    least: int = 0

    def __post_init__(self) -> None:
        self.a.sort(key=_order)
        self.b.sort(key=_order)
        self.least = min(len(self.a), len(self.b))

    def take(self, pairs: Iterable[Pair]) -> list[Pair]:
        """Leave out the lines of pairs, and return these."""
        taken = list(pairs)
        gone = {id(line) for pair in taken for line in pair[:2]}
        self.a = [line for line in self.a if id(line) not in gone]
        self.b = [line for line in self.b if id(line) not in gone]
        return taken


def _order(line: ComparedRow) -> tuple[object, ...]:
    """Order by what a row says: only rows that say the same stand in the order of the file."""
    return line.identity, sorted(line.entered.items()), line.record.line


@dataclass(frozen=True)
class _Matcher:
    """Pairs the rows of a table; ``whole`` are the trials that both sides extracted as a whole."""

    shape: Shape
    tolerance: float
    whole: frozenset[str]

    def pairs(self, a: Iterable[ComparedRow], b: Iterable[ComparedRow]) -> list[Pair]:
        """Return the pairs of all blocks."""
        blocks = _grouped(a, b, self._owner)
        found: list[Pair] = []
        strays = _Block([], [])
        for owner in sorted(blocks):
            left, right = blocks[owner]
            block = _Block(left, right)
            found += self._of_block(block, owner in self.whole)
            # what a misspelt trial may have torn from its own
            if not left or not right:
                strays.b += block.b
            strays.a += block.a
        return found + self._strays(strays)

    def _owner(self, line: ComparedRow) -> str:
        return line.entered.get(self.shape.owner, "") if self.shape.owner else ""

    def _of_block(self, block: _Block, whole: bool) -> list[Pair]:
        if not block.least:
            return []
        found = block.take(self._equal(block))
        found += block.take(self._by_key(block))
        if block.a and block.b:
            overlap = whole or 0 < block.least <= 2 * len(found)
            found += block.take(self._by_likeness(block, overlap))
        return found

    def _equal(self, block: _Block) -> list[Pair]:
        """Pair rows that say the same in every cell, each as often as in the other."""
        waiting = by(reversed(block.b), _all)
        found = []
        for line in block.a:
            if same := waiting.get(_all(line)):
                found.append((line, same.pop(), SAME_KEY))
        return found

    def _by_key(self, block: _Block) -> list[Pair]:
        """Pair rows of a key that each side has once, where most of the numbers agree."""
        return [
            (x[0], y[0], SAME_KEY)
            for x, y in _grouped(block.a, block.b, lambda line: line.identity).values()
            if len(x) == len(y) == 1 and self._sure(x[0], y[0])
        ]

    def _sure(self, a: ComparedRow, b: ComparedRow) -> bool:
        agreed = cell_agreement(a.content, b.content)
        return self.shape.sure or agreed.most or not agreed.of

    def _by_likeness(self, block: _Block, overlap: bool) -> list[Pair]:
        """Pair the rest by the largest total likeness.

        Rows of other keys only where one of the two keys is missing on the other side: numbers
        that stand in each other's rows are exchanged numbers, not rows called otherwise.
        """
        likeness, why = {}, {}
        keys = [{line.identity for line in lines} for lines in (block.a, block.b)]
        both = keys[0] & keys[1]
        for i, j in sharing_marks(block.a, block.b, self.shape.marks):
            one, other = block.a[i], block.b[j]
            if one.identity != other.identity and {one.identity, other.identity} <= both:
                continue
            if judged := self._judge(one, other, overlap):
                likeness[i, j], why[i, j] = judged
        return [(block.a[i], block.b[j], why[i, j]) for i, j in assigned(likeness)]

    def _judge(self, a: ComparedRow, b: ComparedRow, overlap: bool) -> tuple[float, str] | None:
        """Return how alike two rows of a block are and by what; None where they are not one row."""
        kept, others, reasons = 1.0, 0, []
        content: Mapping[str, str] = b.content
        for name, cell in a.key.items():
            if name == ARMS and cell != b.key[name] and _reversed(cell) == b.key[name]:
                crossed, how = turned(b), (OTHER, "the arms the other way round")
                found = cell_agreement(a.content, crossed)
                if found.most and found.telling > cell_agreement(a.content, b.content).telling:
                    content, how = crossed, (NEAR, TURNED)
            else:
                how = compare_names(name, cell, b.key[name], self.tolerance)
            if name in self.shape.fixed and how[0] == OTHER:
                return None
            others += how[0] == OTHER and name in self.shape.names
            kept -= min(_LOST[how[0]], _LOST[NEAR] if name in self.shape.extras else 1.0)
            reasons += [how[1]] if how[1] else []
        agreed = cell_agreement(a.content, content)
        if _other_subgroup(a, b) and not agreed.most:
            return None
        unlike = [n for n, cell in a.key.items() if cell != b.key[n] and n not in _LABELS]
        said = _free(a) == _free(b)
        # of rows without numbers the words must do
        alike = agreed.all or (said and not agreed.of)
        if unlike and not self._likely(agreed, others, len(unlike), overlap and alike, overlap):
            return None
        value = 0.6 * max(kept, 0.0) + 0.4 * agreed.share + 0.01 * said + 1e-6
        return value, _in_words(reasons, agreed, others)

    def _likely(
        self, agreed: CellAgreement, others: int, unlike: int, alike: bool, overlap: bool
    ) -> bool:
        """Say whether two rows that differ in so many cells of their key are one all the same."""
        telling = agreed.telling >= _SHARE * agreed.of and agreed.figures >= FIGURES
        if others:
            return others == 1 and (telling or alike)
        return overlap or (agreed.most if unlike == 1 else telling)

    def _strays(self, left: _Block) -> list[Pair]:
        """Pair rows of trials that one side alone has with their like, where there is just one."""
        if self.shape.owner != "trial_id" or self.shape.sure:
            return []
        telling = [
            [x for x in lines if cell_agreement(x.content, x.content).figures >= FIGURES]
            for lines in (left.a, left.b)
        ]
        return [
            (a[0], b[0], "the same numbers under another trial")
            for a, b in _grouped(telling[0], telling[1], _all).values()
            if len(a) == len(b) == 1
        ]


def _grouped(
    a: Iterable[ComparedRow], b: Iterable[ComparedRow], by: Callable[[ComparedRow], Key]
) -> dict[Key, tuple[list[ComparedRow], list[ComparedRow]]]:
    """Return the lines of each side by what they have in common."""
    found: dict[Key, tuple[list[ComparedRow], list[ComparedRow]]] = defaultdict(lambda: ([], []))
    for side, lines in enumerate((a, b)):
        for line in lines:
            found[by(line)][side].append(line)
    return found


def _all(line: ComparedRow) -> tuple[object, ...]:
    return line.identity, tuple(line.content.items())


def _free(line: ComparedRow) -> tuple[str, str]:
    return line.entered.get("note", ""), line.entered.get("locator", "")


def _other_subgroup(a: ComparedRow, b: ComparedRow) -> bool:
    """Say whether two rows are of subgroups that have other names: their key does not tell."""
    named = [line.entered.get("analysis_set_as_reported", "") for line in (a, b)]
    parts = vocabulary().sets_of_part
    both = all(line.entered.get("analysis_set") in parts for line in (a, b))
    return both and all(named) and letters_and_digits(named[0]) != letters_and_digits(named[1])


def _reversed(arms: str) -> str:
    treated, control = arms.split("\x1f")
    return f"{control}\x1f{treated}"


def _in_words(reasons: list[str], agreed: CellAgreement, others: int) -> str:
    if not reasons:
        return SAME_KEY
    said = "; ".join(reasons)
    return f"{said}; the numbers agree" if others and agreed.all else said
