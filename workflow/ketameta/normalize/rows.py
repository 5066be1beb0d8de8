"""The raw rows that may give effects, by what is asked of them: outcome, trial, people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ketameta.normalize.records import Row

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from ketameta.normalize.converted import Converted


@dataclass(slots=True)
class OnOutcome:
    """The rows on one outcome, those of a trial side by side.

    `places` says where each stands among all rows, `spans` where those of a trial are in `rows`,
    `at` where a row is, by its key.
    """

    rows: list[Row] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    spans: dict[str, slice] = field(default_factory=dict)
    at: dict[str, int] = field(default_factory=dict)

    def of(self, trial_id: str) -> list[Row]:
        """Return the rows of a trial."""
        return self.rows[self.spans[trial_id]] if trial_id in self.spans else []


class Rows:
    """The rows of outcomes and contrasts, in the order of the tables."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._all = list(rows)
        self._converted: dict[str, Converted] = {}

    def __iter__(self) -> Iterator[Row]:
        """Go through the rows."""
        return iter(self._all)

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._all)

    @cached_property
    def by_trial(self) -> dict[str, list[Row]]:
        """The rows of each trial."""
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self._all:
            found[row["trial_id"]].append(row)
        return dict(found)

    @cached_property
    def by_outcome(self) -> dict[str, OnOutcome]:
        """The rows on each outcome."""
        order: dict[str, dict[str, list[int]]] = {}
        for place, row in enumerate(self._all):
            order.setdefault(row["outcome"], {}).setdefault(row["trial_id"], []).append(place)
        return {outcome: self._side_by_side(trials) for outcome, trials in order.items()}

    def _side_by_side(self, trials: dict[str, list[int]]) -> OnOutcome:
        found = OnOutcome()
        for trial_id, places in trials.items():
            first = len(found.rows)
            found.rows += [self._all[place] for place in places]
            found.places += places
            found.spans[trial_id] = slice(first, len(found.rows))
        found.at = {row.key: at for at, row in enumerate(found.rows)}
        return found

    def on(self, outcome: str) -> OnOutcome:
        """Return the rows on an outcome."""
        return self.by_outcome.get(outcome) or OnOutcome()

    @cached_property
    def at(self) -> dict[str, int]:
        """Where each row stands, by its key."""
        return {row.key: place for place, row in enumerate(self._all)}

    def converted(self, trial_id: str) -> Converted:
        """Return what the rows of a trial give, as far as it was asked for."""
        from ketameta.normalize.converted import Converted

        if trial_id not in self._converted:
            self._converted[trial_id] = Converted(self.by_trial.get(trial_id, []))
        return self._converted[trial_id]

    @cached_property
    def outcome_codes(self) -> np.ndarray:
        """The outcome of each row as its place in `by_outcome`."""
        import numpy as np

        codes = np.empty(len(self._all), dtype=np.int32)
        for code, on in enumerate(self.by_outcome.values()):
            codes[on.places] = code
        return codes

    @cached_property
    def columns(self) -> dict[str, pa.Array]:
        """The columns that say where a row stands, which the ledgers of all analyses share."""
        import pyarrow as pa

        kinds = {"file": pa.string(), "line": pa.int64(), "trial_id": pa.string()}
        return {n: pa.array([row[n] for row in self._all], kind) for n, kind in kinds.items()}
