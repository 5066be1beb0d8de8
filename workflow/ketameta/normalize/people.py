"""How many people stand behind a number whose own row does not say."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from ketameta.normalize.records import Arm, NotUsable, Step
from ketameta.normalize.results import AnyResult, ArmResult


class People:
    """Numbers of people by arm, from the rows of one trial.

    Where a row gives no n, it is borrowed, in this order: a row of the same arm at the same hour,
    on the same outcome before another, the largest n of several; the largest n of any row of the
    arm (the people treated, mostly); the people randomised to it.
    Rows that must not be pooled (subgroups, second periods) lend nothing. The step says so and
    counts as an assumption.
    """

    def __init__(self, rows: Sequence[AnyResult]) -> None:
        self._of = rows
        self._borrowed: dict[tuple[str, str, float | None], tuple[int, Step]] = {}

    @cached_property
    def _rows(self) -> list[tuple[int, ArmResult]]:
        """The rows that lend their n: most results have one of their own."""
        return [
            (row.n, row)
            for row in self._of
            if isinstance(row, ArmResult) and row.n and not _lends_nothing(row)
        ]

    def of_both_periods(self) -> People:
        """Return the numbers of people by the rows of both periods of a crossover alone."""
        return People([row for _, row in self._rows if row.analysis_set == "crossover-all"])

    def of(self, arm: Arm, row: ArmResult) -> tuple[int, Step | None]:
        """Return the n of an outcome row, and the step if it was borrowed; else `NotUsable`."""
        if row.n:
            return row.n, None
        if row.n == 0:
            raise NotUsable("n = 0")
        return self.borrowed(arm, row)

    def borrowed(self, arm: Arm, row: AnyResult) -> tuple[int, Step]:
        """Return an n for an arm in a result that has none of its own."""
        asked = arm.arm_id, row.outcome, row.timepoint_h
        if asked not in self._borrowed:
            self._borrowed[asked] = self._borrow(arm, row.outcome, row.timepoint_h)
        return self._borrowed[asked]

    def _borrow(self, arm: Arm, outcome: str, hour: float | None) -> tuple[int, Step]:
        own = [(n, row) for n, row in self._rows if row.arm_id == arm.arm_id]
        same_hour = [(n, row) for n, row in own if hour is not None and row.timepoint_h == hour]
        same_hour = [(n, row) for n, row in same_hour if row.outcome == outcome] or same_hour
        if same_hour:
            n, row = _largest(same_hour)
            return n, _step(arm, n, f"n of its {row.outcome} at the same hour", row)
        if own:
            n, row = _largest(own)
            why = f"largest n reported for the arm ({row.outcome}, {row.analysed})"
            return n, _step(arm, n, why, row)
        if arm.n_randomised:
            return arm.n_randomised, _step(arm, arm.n_randomised, "people randomised to the arm")
        raise NotUsable(f"no n for arm {arm.arm_id}: n and n_randomised are empty", lacks=1)


def _largest(known: list[tuple[int, ArmResult]]) -> tuple[int, ArmResult]:
    most = max(n for n, _ in known)
    first, *more = [row for n, row in known if n == most]
    return most, min((first, *more), key=lambda row: row.order[-1]) if more else first


def _lends_nothing(row: ArmResult) -> bool:
    return row.use == "never" and not (row.flag or "").startswith("baseline")


def _step(arm: Arm, n: int, why: str, row: ArmResult | None = None) -> Step:
    return Step(
        f"n of {arm.arm_id} borrowed",
        why,
        str(n),
        rows=(row.key,) if row else (),
        assumption="borrowed n",
    )
