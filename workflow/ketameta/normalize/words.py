"""Words of rows that normalisation goes by, and how derivations write numbers and lists."""

from __future__ import annotations

from collections.abc import Sequence

# what stands where a row does not say
NOT_STATED = "not stated"
# the word of `seen` for what was computed from other numbers
DERIVED = "derived"


def number_text(value: float, digits: int = 4) -> str:
    """Write a number for a derivation: significant digits, no trailing zeros, a true minus."""
    text = f"{value:.{digits}g}" if abs(value) < 10**digits else f"{value:.0f}"
    return text.replace("-", "−")


def listed(words: Sequence[str]) -> str:
    """Write ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
