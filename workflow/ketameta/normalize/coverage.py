"""What evidence there is: trials and people by population, outcome and period."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping

from ketameta.normalize.records import Trial
from ketameta.normalize.rows import Rows
from ketameta.tables.effects import PERIODS, EvidenceMapRow


def period_of(hour: float | None) -> str:
    """Return the period of an hour, empty for a baseline: zero hours after the start."""
    if hour is not None and hour <= 0:
        return ""
    return next(name for name, last in PERIODS.items() if (hour or math.inf) <= last)


def coverage(trials: Mapping[str, Trial], rows: Rows) -> list[EvidenceMapRow]:
    """Count the trials and people with a usable row, by population, outcome and period.

    A report whose people another report of the same cell holds is not counted again. People
    are those randomised, as far as the number is known; None where no report tells it.
    """
    cells: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for row in rows:
        period = period_of(row.timepoint_h)
        if period and row.use != "never":
            trial = trials[row.trial_id]
            cells[trial.population, row.outcome, period].add(trial.trial_id)
    result = []
    for (population, outcome, period), members in sorted(cells.items()):
        own = [trials[name] for name in sorted(members) if not members & {*trials[name].parts}]
        told = [trial.n_randomised for trial in own if trial.n_randomised is not None]
        result.append(
            EvidenceMapRow(
                population=population,
                outcome=outcome,
                period=period,
                trials=len(own),
                people=sum(told) if told else None,
                trial_ids=[trial.trial_id for trial in own],
                labels=[trial.label for trial in own],
            )
        )
    return result
