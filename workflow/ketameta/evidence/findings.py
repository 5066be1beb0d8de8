"""Findings of the number checks from one state of the data to another: which are there no more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ketameta.tables.effects import FindingRow

OPEN, EXPLAINED, MENDED = "open", "explained", "mended"


@dataclass(frozen=True, slots=True, order=True)
class FindingKey:
    """What a finding is about, without its lines and words (see `checks.acknowledged.Warned`).

    `at` are arm, outcome and hour of each row that it is about, in one text a row.
    """

    check: str
    table: str
    trial_id: str
    column: str
    value: str
    at: tuple[str, ...]

    def stands_in(self, other: FindingKey) -> bool:
        """Say whether another finding is about a row of this one, whatever the cell says now."""
        names = ("check", "table", "trial_id", "column")
        alike = all(getattr(self, name) == getattr(other, name) for name in names)
        return alike and not set(self.at).isdisjoint(other.at)


def finding_key(row: FindingRow) -> FindingKey:
    """Return what a row of `findings` is about."""
    return FindingKey(row.check, row.table, row.trial_id, row.column, row.value, tuple(row.at))


def state(row: FindingRow) -> str:
    """Return whether a row of `findings` is open, or explained by a reason given."""
    return EXPLAINED if row.acknowledged else OPEN


def open_findings(rows: Iterable[FindingRow]) -> tuple[FindingKey, ...]:
    """Return what the open ones are about, sorted, each once."""
    return tuple(sorted({finding_key(row) for row in rows if state(row) == OPEN}))


def mended(before: Iterable[FindingKey], rows: Sequence[FindingRow]) -> list[FindingKey]:
    """Return those of before that no finding of now is about: mended, or their rows are gone."""
    now = [finding_key(row) for row in rows]
    return [one for one in before if not any(one.stands_in(other) for other in now)]
