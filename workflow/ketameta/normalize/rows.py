"""The raw rows that may give effects, by what is asked of them: outcome, trial, arm or contrast."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ketameta.normalize.results import AnyResult, ArmResult, Contrast
from ketameta.tables.collection import by

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from ketameta.normalize.converted import Converted


@dataclass(slots=True)
class OnOutcome:
    """The rows on one outcome, those of a trial side by side.

    `places` says where each stands among all rows, `spans` where those of a trial are in `rows`,
    `at` where a row is, by its key.
    """

    rows: list[AnyResult] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    spans: dict[str, slice] = field(default_factory=dict)
    at: dict[str, int] = field(default_factory=dict)

    def of(self, trial_id: str) -> list[AnyResult]:
        """Return the rows of a trial."""
        return self.rows[self.spans[trial_id]] if trial_id in self.spans else []


class Rows:
    """The rows of outcomes and contrasts, in the order of the tables."""

    def __init__(self, outcomes: Sequence[ArmResult], contrasts: Sequence[Contrast]) -> None:
        self.outcomes, self.contrasts = outcomes, contrasts
        self._converted: dict[str, Converted] = {}

    @classmethod
    def of(cls, rows: Iterable[AnyResult]) -> Rows:
        """Take rows of both kinds."""
        every = list(rows)
        return cls(
            [row for row in every if isinstance(row, ArmResult)],
            [row for row in every if isinstance(row, Contrast)],
        )

    def __iter__(self) -> Iterator[AnyResult]:
        """Go through the rows."""
        yield from self.outcomes
        yield from self.contrasts

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.outcomes) + len(self.contrasts)

    @cached_property
    def by_trial(self) -> dict[str, list[AnyResult]]:
        """The rows of each trial."""
        return dict(by(self, lambda row: row.trial_id))

    @cached_property
    def by_outcome(self) -> dict[str, OnOutcome]:
        """The rows on each outcome."""
        rows = list(self)
        order: dict[str, dict[str, list[int]]] = {}
        for place, row in enumerate(rows):
            order.setdefault(row.outcome, {}).setdefault(row.trial_id, []).append(place)
        found = {outcome: OnOutcome() for outcome in order}
        for outcome, on in found.items():
            for trial_id, places in order[outcome].items():
                on.spans[trial_id] = slice(len(on.rows), len(on.rows) + len(places))
                on.rows += [rows[place] for place in places]
                on.places += places
            on.at = {row.key: at for at, row in enumerate(on.rows)}
        return found

    def on(self, outcome: str) -> OnOutcome:
        """Return the rows on an outcome."""
        return self.by_outcome.get(outcome) or OnOutcome()

    @cached_property
    def at(self) -> dict[str, int]:
        """Where each row stands, by its key."""
        return {row.key: place for place, row in enumerate(self)}

    def forget(self) -> None:
        """Forget what rows were converted to."""
        self._converted.clear()

    def converted(self, trial_id: str) -> Converted:
        """Return what the rows of a trial give, as far as it was asked for."""
        if trial_id not in self._converted:
            from ketameta.normalize.converted import Converted

            self._converted[trial_id] = Converted(self.by_trial.get(trial_id, []))
        return self._converted[trial_id]

    @cached_property
    def outcome_codes(self) -> NDArray[np.int32]:
        """The outcome of each row as its place in `by_outcome`."""
        import numpy as np

        codes = np.empty(len(self), dtype=np.int32)
        for code, on in enumerate(self.by_outcome.values()):
            codes[on.places] = code
        return codes

    @cached_property
    def columns(self) -> dict[str, pa.Array]:
        """The columns that say where a row stands, which the ledgers of all analyses share."""
        import pyarrow as pa

        return {
            "file": pa.array([row.file for row in self], pa.string()),
            "line": pa.array([row.line for row in self], pa.int64()),
            "trial_id": pa.array([row.trial_id for row in self], pa.string()),
        }
