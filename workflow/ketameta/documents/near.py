"""The known words that an unknown one is most like."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

# of more words than this, those about the place of an unknown one in the alphabet are held to it
_MANY = 100
_LISTED = 60


def nearest(word: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return the known words most like an unknown one, best first, case ignored."""
    by_lower = {name.lower(): name for name in known}
    likely = list(by_lower)
    if len(likely) > _MANY:
        likely.sort()
        here = bisect(likely, word.lower())
        likely = likely[max(0, here - _MANY // 2) : here + _MANY // 2]
    close = get_close_matches(word.lower(), likely, n=count, cutoff=0.5)
    return [by_lower[name] for name in close]


def hint(word: str, known: Iterable[str], count: int = 3) -> str:
    """Return the nearest known words as the end of a sentence; empty where none comes near."""
    close = nearest(word[:80], list(known), count)
    return f"; nearest: {', '.join(close)}" if close else ""


def unknown(word: str, known: list[str]) -> str:
    """Say that a word is not known, with its neighbour."""
    close = nearest(word[:80], known, 1)
    if not known:
        return f"unknown word {word[:80]}; none is known"
    return f"unknown word {word[:80]}; {meant(close, known)}"


def meant(close: Sequence[str], known: Sequence[str]) -> str:
    """Ask for the first of the near words, or list what is known: the first words of many."""
    if close:
        return f"did you mean {close[0]}?"
    more = f" and {len(known) - _LISTED:,} more" if len(known) > _LISTED else ""
    return f"known: {', '.join(known[:_LISTED])}{more}"


def escaped(text: str) -> str:
    """Write what a terminal would act on as escapes."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )
