"""What evidence there is: trials and people by population, outcome and period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from ketameta.normalize.records import Trial
from ketameta.normalize.rows import Rows
from ketameta.tables.effects import EvidenceMapRow
from ketameta.vocabulary.periods import mapped, period_of


def coverage(trials: Mapping[str, Trial], rows: Rows) -> list[EvidenceMapRow]:
    """Count the trials and people with a usable row, by population, outcome and period.

    A report whose people another report of the same cell holds is not counted again. People
    are those randomised, as far as the number is known; None where no report tells it.
    """
    cells: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    four = mapped()
    for row in rows:
        hour = row.timepoint_h
        # a baseline has no period
        if (hour is None or hour > 0) and row.use != "never":
            trial, period = trials[row.trial_id], period_of(hour, four)
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
