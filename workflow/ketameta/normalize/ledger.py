"""What each raw row was used for, and why not: one entry a raw row and analysis."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from ketameta.normalize.records import Row

if TYPE_CHECKING:
    import pyarrow as pa

# Reason -> what it means, in the order in which rows are sifted.
REASONS = {
    "used": "used",
    "other outcome": "another outcome",
    "other population": "the trial's population is not asked for",
    "design": "a kind of trial that is not pooled here",
    "narrowed": "not what the analysis is narrowed to",
    "flagged": "marked in the tables as not to be pooled",
    "other treatment": "the arm's treatment is neither asked for nor a comparator asked for",
    "other measure": "a reported measure that this analysis cannot take",
    "source not asked for": "reported contrasts are not asked for",
    "no hour": "no hour is reported and the analysis has a window",
    "outside window": "outside the window of hours",
    "other scale": "a scale that is not asked for",
    "other definition": "a definition that is not asked for",
    "other analysis set": "an analysis set that is not asked for",
    "pooled arm": "its arms are used apart",
    "same people": "another period of the same people (crossover) is used",
    "repeated report": "another report of the same fact is used",
    "other comparator": "a comparator class preferred to this one is used",
    "no comparison": "no usable row of the other side at the same hour, scale and analysis set",
    "not usable": "no effect follows from what is reported",
    "selected arm": "one arm alone is known of several of the same treatment",
    "scale preferred": "another scale is preferred",
    "definition preferred": "another definition is preferred",
    "time preferred": "another hour is nearer the target",
    "source preferred": "arm-level numbers or a reported contrast are preferred",
    "analysis set preferred": "another analysis set is preferred",
    "same patients": "another report of the same patients is used",
}

# reason and detail by the key of a row
Fates = dict[str, tuple[str, str]]
# how the detail of a row begins that stood back for another
_USED = "used: "


class Ledger:
    """The fate of every raw row in one analysis; each row is entered exactly once.

    `note` keeps the last word on a row, since a row that passes one sieve meets the next.
    """

    def __init__(self, analysis: str, rows: list[Row], fates: Fates | None = None) -> None:
        """Take the rows, and what is known already of the fate of some, to be written on."""
        self.analysis = analysis
        self._rows = rows
        self._fate: Fates = {} if fates is None else fates

    def rows_of(self, trial_id: str) -> list[Row]:
        """Return every raw row of a trial."""
        return self._by_trial.get(trial_id, [])

    @cached_property
    def _by_trial(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self._rows:
            found[row["trial_id"]].append(row)
        return found

    def note(self, row: Row, reason: str, detail: str = "") -> None:
        """Set what became of a row."""
        if reason not in REASONS:
            raise KeyError(reason)
        self._fate[row.key] = (reason, detail)

    def fates(self, rows: Iterable[Row]) -> Fates:
        """Return what is noted so far of some rows, by their keys."""
        return {row.key: self._fate[row.key] for row in rows if row.key in self._fate}

    def told(self, rows: Iterable[Row]) -> tuple[tuple[str, str] | None, ...]:
        """Return what is noted so far of some rows, in their order; None of a row that passed."""
        return tuple([self._fate.get(row.key) for row in rows])

    def enter(self, fates: Fates) -> None:
        """Set what became of rows as it was noted before."""
        self._fate |= fates

    def fate(self, row: Row) -> str:
        """Return the reason noted for a row."""
        return self._fate[row.key][0]

    def noted(self, row: Row) -> bool:
        """Say whether anything was noted for a row."""
        return row.key in self._fate

    def rows_with(self, reason: str) -> list[Row]:
        """Return the rows of which a reason is noted, in the order of the tables."""
        return [row for row in self._rows if self._fate.get(row.key, ("",))[0] == reason]

    def refusal(self, row: Row) -> str:
        """Return reason and detail noted for a row in a few words; empty where there is none."""
        return ", ".join(filter(None, self._fate.get(row.key, ())))

    def stood_back(self, rows: Iterable[Row]) -> None:
        """Correct the word on rows that stood back for others which then gave no effect."""
        for row in rows:
            reason, detail = self._fate.get(row.key, ("", ""))
            if detail.startswith(_USED):
                detail = f"taken: {detail.removeprefix(_USED)}, which gives no effect"
                self._fate[row.key] = (reason, detail)

    def check(self) -> None:
        """Raise KeyError with the first row that nothing was noted for."""
        for row in self._rows:
            if row.key not in self._fate:
                raise KeyError(row.key)

    def table(self, shared: Mapping[str, pa.Array], schema: pa.Schema) -> pa.Table:
        """Return the table of that name, a row for every raw row in their order.

        `shared` are the columns of it that are the same in every analysis, see `places`. Raises
        KeyError for a row that nothing was noted for.
        """
        import pyarrow as pa

        fates = [self._fate[row.key] for row in self._rows]
        reasons = [reason for reason, _ in fates]
        columns = {
            "analysis": [self.analysis] * len(fates),
            "used": [reason == "used" for reason in reasons],
            "reason": reasons,
            "detail": [detail for _, detail in fates],
        }
        return pa.Table.from_pydict({**columns, **shared}, schema=schema)


def places(rows: Iterable[Row], schema: pa.Schema) -> dict[str, pa.Array]:
    """Return the columns of the table that say where a raw row stands."""
    import pyarrow as pa

    rows, names = list(rows), ("file", "line", "trial_id")
    return {n: pa.array([row[n] for row in rows], schema.field(n).type) for n in names}
