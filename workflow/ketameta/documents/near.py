"""The known words that an unknown one is most like."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return the known words most like an unknown one, best first, case ignored."""
    by_lower = {name.lower(): name for name in known}
    close = get_close_matches(word.lower(), list(by_lower), n=count, cutoff=0.5)
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
    told = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
    return f"unknown word {word[:80]}; {told}"


def escaped(text: str) -> str:
    """Write what a terminal would act on as escapes."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )
