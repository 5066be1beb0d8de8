"""All checks of the numbers: their table, and the one call that runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ketameta.normalize.checks import (
    agreement,
    balance,
    bounds,
    change,
    conflicts,
    counts,
    design,
    granularity,
    impossible,
    intervals,
    missing,
    outliers,
    places,
    registration,
    repeats,
    spread,
    timing,
)
from ketameta.normalize.checks.findings import Finding
from ketameta.normalize.checks.view import RowsByTrial
from ketameta.normalize.rows import Rows
from ketameta.tables.effects import EffectRow
from ketameta.tables.problems import ERROR
from ketameta.tables.raw import ArmRow, TrialRow

_FAMILIES = (
    counts, bounds, spread, impossible, granularity, change, balance, conflicts,
    repeats, timing, places, registration, design, intervals, agreement, missing, outliers,
)  # fmt: skip
CHECKS: dict[str, Callable[[RowsByTrial], Iterable[Finding]]] = {
    name: look for family in _FAMILIES for name, look in family.CHECKS.items()
}


def find(
    rows: Rows,
    trials: Sequence[TrialRow],
    arms: Sequence[ArmRow],
    effects: Sequence[EffectRow] = (),
) -> list[Finding]:
    """Return every finding about the raw rows and the effects made of them.

    Errors come first, then in the order of files, lines and columns.
    """
    view = RowsByTrial(rows, trials, arms, effects)
    found = [finding for look in CHECKS.values() for finding in look(view)]
    return sorted(
        found,
        key=lambda f: (f.severity != ERROR, f.file, f.line, f.column, f.check, f.arm_id, f.message),
    )
