"""How many analyses and claims moved between two versions, those that are new counted apart."""

from __future__ import annotations

from collections.abc import Sequence

from ketameta.evidence.changes import ClaimMove, Move
from ketameta.report import wording


def change_tally(moves: Sequence[Move], claims: Sequence[ClaimMove]) -> str:
    """Count in a clause what moved of what stood in both, what is new, what flipped, and claims."""
    both = [move for move in moves if not move.alone]
    moved = [move for move in both if move.moved]
    told = "no estimate or certainty moved"
    if moved:
        told = f"{wording.count(len(moved), 'analysis', 'analyses')} of {len(both)} moved"
        if by_code := sum(move.code is not None for move in moved):
            told += f" ({by_code} by the code)"
    parts = [told]
    if came := sum(move.old is None for move in moves):
        parts.append(wording.count(came, "analysis is new", "analyses are new"))
    if went := sum(move.new is None for move in moves):
        parts.append(wording.count(went, "analysis is there no more", "analyses are there no more"))
    flipped = sum(move.flipped for move in moves)
    if flipped or moved:
        turned = wording.count(flipped, "conclusion") if flipped else "no conclusion"
        parts.append(f"{turned} flipped")
    return ", ".join([*parts, *_claims(claims)])


def _claims(moves: Sequence[ClaimMove]) -> list[str]:
    """Count claims with another verdict, how many changed sides, and those first tested."""
    told = []
    first = sum(move.first for move in moves)
    if other := len(moves) - first:
        what = wording.count(other, "claim has another verdict", "claims have another verdict")
        told.append(f"{what} ({sum(move.flipped for move in moves) or 'none'} flipped)")
    if first:
        what = wording.count(
            first, "claim has its first verdict", "claims have their first verdict"
        )
        told.append(f"{what} (not tested before)")
    return told
