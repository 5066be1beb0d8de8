"""What of a prediction interval may be told: from how many trials, and within the scale."""

from __future__ import annotations

from dataclasses import dataclass

from ketameta.measures import MEASURES
from ketameta.tables.parts import Estimate

# trials below which the spread of true effects is hardly known and an interval for a further one
# tells of the few, not of the trials (Cochrane Handbook 10.10.4.3 asks for more where it can)
FEWEST = 5


@dataclass(frozen=True, slots=True)
class Expected:
    """Where the true effect of a further setting is expected, natural scale, within the scale."""

    low: float
    high: float


def expected(record: Estimate) -> Expected | None:
    """Return the prediction interval of a synthesis, cut to its scale; None where none is told.

    It needs `FEWEST` trials, and one: a table may hold an interval of fewer. At a τ² of 0 the
    interval of the average says the same, and nothing of how far settings may differ. An interval
    wholly off the scale cannot be, as the estimate lies on it. Every sentence, plot and verdict
    that speaks of a further trial goes by this.
    """
    low, high = record.pi_low, record.pi_high
    if low is None or high is None or record.k < FEWEST or record.tau2 == 0:
        return None
    # a table pooled by itself may be of a measure that no project asks
    known = MEASURES.get(record.measure)
    least, most = known.bounds if known else (None, None)
    return Expected(
        low if least is None else max(low, least), high if most is None else min(high, most)
    )
