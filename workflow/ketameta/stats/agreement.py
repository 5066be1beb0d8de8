"""Agreement of two raters beyond chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum


@dataclass(frozen=True, slots=True)
class Agreement:
    """What two raters agree on: `n` things rated, the share rated alike, and Cohen's kappa.

    `kappa` is 1 where all are rated alike, 0 where no more than by chance, below 0 where less; None
    where nothing is rated, or where each rater has one word for all and chance agrees as well.
    """

    n: int
    share: float | None
    kappa: float | None


def cohen_kappa(
    first: Sequence[str], second: Sequence[str], order: Sequence[str] = ()
) -> Agreement:
    """Compare the words that two raters gave to the same things, in the same order.

    Unweighted (Cohen 1960, Educ Psychol Meas 20:37), or with linear weights where `order` ranks
    the words (Cohen 1968, Psychol Bull 70:213): kappa = 1 - observed / expected disagreement, where
    the expected one follows from how often each rater used each word. Raises ValueError where the
    raters did not rate the same number of things, or a word is not in `order`.
    """
    pairs = list(zip(first, second, strict=True))
    if not pairs:
        return Agreement(0, None, None)
    rank = {word: place for place, word in enumerate(order)}
    if order and (unknown := {word for pair in pairs for word in pair} - rank.keys()):
        raise ValueError(f"not in the order of words: {', '.join(sorted(unknown))}")

    def apart(a: str, b: str) -> float:
        return abs(rank[a] - rank[b]) if order else float(a != b)

    n = len(pairs)
    observed = fsum(apart(a, b) for a, b in pairs) / n
    counts = Counter(first), Counter(second)
    expected = (
        fsum(
            apart(a, b) * many * often
            for a, many in counts[0].items()
            for b, often in counts[1].items()
        )
        / n**2
    )
    share = sum(a == b for a, b in pairs) / n
    return Agreement(n, share, 1 - observed / expected if expected else None)
