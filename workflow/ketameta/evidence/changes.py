"""Two versions of the results side by side: which estimate moved, how far, and what it means.

Nothing here is rounded. Moves are on the scale of the analysis (log for ratios, logit for
proportions), in units of the earlier standard error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ketameta.evidence.claims import UNTESTED, changes_side
from ketameta.evidence.rated import RecordedResult
from ketameta.evidence.rows import RowChange
from ketameta.evidence.verdicts import position, verdict
from ketameta.tables.syntheses import SynthesisRow

_NUMBERS = ("k", "n", "estimate", "ci_low", "ci_high", "tau2", "pi_low", "pi_high")
# results of other machines may differ in the last digits; nobody calls that a move
SAME = 1e-9

SAME_STATUS, MOVED_STATUS, FLIPPED_STATUS = 0, 10, 11


@dataclass(frozen=True)
class Cause:
    """One edit made alone: what the estimate would have become.

    `shift` is on the scale of the analysis, `in_se` in earlier standard errors; both are None
    where there was no estimate before or would be none. `problem` says why it cannot be made
    alone.
    """

    edit: str
    estimate: float | None
    k: int | None
    shift: float | None
    in_se: float | None
    problem: str = ""


@dataclass(frozen=True)
class Move:
    """One analysis before and after; None where it did not exist: only what stood in both moves.

    `code` is the part that a change of code alone makes, with the old data: None where it makes
    none, or where there is none. Edits then start from where the code leaves off.
    """

    analysis: str
    old: RecordedResult | None
    new: RecordedResult | None
    moved: bool
    shift: float | None
    in_se: float | None
    before: str | None
    after: str | None
    flipped: bool
    causes: tuple[Cause, ...] = ()
    together: float | None = None
    code: Move | None = None

    @property
    def alone(self) -> bool:
        """Say whether it stands on one side only: it came or went with the questions."""
        return self.old is None or self.new is None


@dataclass(frozen=True)
class Code:
    """What differs of the code that two versions are pooled by: its files.

    `problem` says why what that moves cannot be told apart; empty where it can.
    """

    files: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True)
class ClaimMove:
    """The verdict on one claim before and after, where they differ.

    `flipped` where the trials take another side: for the claim, against it, or neither.
    """

    claim_id: str
    old: str
    new: str
    flipped: bool

    @property
    def first(self) -> bool:
        """Say whether the claim had not been tested before."""
        return self.old == UNTESTED


@dataclass(frozen=True)
class Change:
    """All that differs between two versions; `notes` says what was left out and why.

    `code` is None where both are pooled by the same code.
    """

    old: str
    new: str
    rows: tuple[RowChange, ...]
    moves: tuple[Move, ...]
    notes: tuple[str, ...] = ()
    claims: tuple[ClaimMove, ...] = ()
    code: Code | None = None

    @property
    def status(self) -> int:
        """The exit status: 0 nothing moved, 10 an estimate, certainty or claim moved, 11 a flip.

        An analysis that came or went counts with those that moved.
        """
        flips = [move.flipped for move in self.moves] + [claim.flipped for claim in self.claims]
        if any(flips):
            return FLIPPED_STATUS
        moved = self.claims or any(move.moved or move.alone for move in self.moves)
        return MOVED_STATUS if moved else SAME_STATUS


def on_scale(record: RecordedResult | SynthesisRow | None) -> float | None:
    """Return the estimate on the scale of the analysis."""
    if record is None:
        return None
    return record.estimate if record.estimate_log is None else record.estimate_log


def compare(old: Sequence[RecordedResult], new: Sequence[RecordedResult]) -> list[Move]:
    """Compare two tables of syntheses: those of the new one in its order, then those that went."""
    before = {row.analysis: row for row in old}
    after = {row.analysis: row for row in new}
    names = [*after, *(name for name in before if name not in after)]
    return [_move(name, before.get(name), after.get(name)) for name in names]


def with_code(moves: Sequence[Move], crossed: Sequence[RecordedResult]) -> list[Move]:
    """Return the moves with the part of the code: `crossed` are the old data by the new code."""
    by_code = {row.analysis: row for row in crossed}
    parts = [_move(m.analysis, m.old, by_code.get(m.analysis)) for m in moves]
    return [
        replace(move, code=part) if move.old and part.moved else move
        for move, part in zip(moves, parts, strict=True)
    ]


def compare_claims(old: dict[str, str] | None, new: dict[str, str] | None) -> tuple[ClaimMove, ...]:
    """Return the claims whose verdict is another; none where a side did not record any.

    A claim that came or went is a changed row, and no conclusion turned.
    """
    if old is None or new is None:
        return ()
    both = [claim for claim in new if claim in old]
    return tuple(
        ClaimMove(c, old[c], new[c], changes_side(old[c], new[c])) for c in both if old[c] != new[c]
    )


def _move(name: str, old: RecordedResult | None, new: RecordedResult | None) -> Move:
    old, new = _judged(old), _judged(new)
    was, now = position(old), position(new)
    shift, in_se = move_between(old, new)
    # losing an effect to an empty table, or another measure, is a flip as well
    flipped = was != now and was is not None and (now is not None or was != "around")
    if old and new and old.measure != new.measure:
        shift = in_se = None
    moved = bool(old and new) and differs(old, new)
    return Move(name, old, new, moved, shift, in_se, was, now, flipped)


def _judged(record: RecordedResult | None) -> RecordedResult | None:
    """Return a result with the verdict that its numbers give, and both ends of its certainty."""
    if record is None:
        return None
    best = record.certainty_best or record.certainty
    return replace(record, verdict=verdict(record), certainty_best=best)


def move_between(
    old: RecordedResult | SynthesisRow | None, new: RecordedResult | SynthesisRow | None
) -> tuple[float | None, float | None]:
    """Return the move of an estimate on its scale, and in earlier standard errors."""
    a, b = on_scale(old), on_scale(new)
    if a is None or b is None:
        return None, None
    shift = b - a
    if abs(shift) <= SAME * max(1.0, abs(a)):
        shift = 0.0
    se = old.se if old else None
    return shift, shift / se if se else None


def differs(old: RecordedResult | None, new: RecordedResult | None) -> bool:
    """Say whether two compared syntheses differ in number, measure or certainty."""
    if old is None or new is None:
        return True
    if old.measure != new.measure:
        return True
    ends = [(one.certainty, one.certainty_best) for one in (old, new)]
    if all(end[0] is not None for end in ends) and ends[0] != ends[1]:
        return True
    return any(not _equal(getattr(old, name), getattr(new, name)) for name in _NUMBERS)


def _equal(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return a == b or math.isclose(a, b, rel_tol=SAME, abs_tol=SAME)
