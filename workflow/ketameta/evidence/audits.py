"""An audit of a sample of rows: the share that is wrong, with an exact interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ketameta.tables.upkeep import AuditRow

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Audit:
    """One row of `audits.csv` with the share wrong of the rows that were reached, 0 to 1.

    Share and ends of its interval are None where no row was reached.
    """

    row: AuditRow
    reached: int
    share: float | None
    low: float | None
    high: float | None


def audit(row: AuditRow) -> Audit:
    """Return an audit with its share and interval."""
    reached = row.rows - (row.unreached or 0)
    if not reached:
        return Audit(row, 0, None, None, None)
    low, high = exact_interval(row.wrong, reached)
    return Audit(row, reached, row.wrong / reached, low, high)


def exact_interval(events: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Return the exact interval of a share of `n` (Clopper & Pearson 1934), n of 1 or more.

    Its ends are the shares under which so many events or more, and so many or fewer, each have
    probability (1 - level)/2; 0 and 1 where there are none and all.
    """
    tail = (1 - level) / 2
    low = _crossing(lambda p: 1 - _at_most(events - 1, n, p), tail) if events else 0.0
    high = 1 - _crossing(lambda q: _at_most(events, n, 1 - q), tail) if events < n else 1.0
    return low, high


def _at_most(events: int, n: int, p: float) -> float:
    """Return the probability of so many events or fewer, of a share between 0 and 1."""
    return math.fsum(
        math.exp(
            math.lgamma(n + 1)
            - math.lgamma(k + 1)
            - math.lgamma(n - k + 1)
            + k * math.log(p)
            + (n - k) * math.log1p(-p)
        )
        for k in range(events + 1)
    )


def _crossing(rising: Callable[[float], float], height: float) -> float:
    """Return where a function that rises from 0 over (0, 1) reaches a height, by halving."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if rising(middle) < height:
            low = middle
        else:
            high = middle
    return (low + high) / 2
