"""How many people stand behind a number whose own row does not say."""

from __future__ import annotations

from collections.abc import Iterable

from ketameta.normalize.records import Arm, NotUsable, Row, Step
from ketameta.vocabulary import vocabulary


class Sizes:
    """Numbers of people by arm, from the rows of one trial.

    Where a row gives no n, it is borrowed, in this order: a row of the same arm at the same hour;
    the largest n of any row of the arm (the people treated, mostly); the people randomised to it.
    Rows that must not be pooled (subgroups, second periods) lend nothing. The step says so and
    counts as an assumption.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        outcomes = (row for row in rows if row.table == "outcomes")
        self._rows = [row for row in outcomes if row["n"] and not _barred(row)]
        self._borrowed: dict[tuple[str, float | None], tuple[int, Step]] = {}

    def of_both_periods(self) -> Sizes:
        """Return the numbers of people by the rows of both periods of a crossover alone."""
        return Sizes(row for row in self._rows if row.analysis_set == "crossover-all")

    def of(self, arm: Arm, row: Row) -> tuple[int, Step | None]:
        """Return the n of an outcome row, and the step if it was borrowed; else `NotUsable`."""
        if row["n"]:
            return row["n"], None
        if row["n"] == 0:
            raise NotUsable("n = 0")
        return self.borrowed(arm, row["timepoint_h"])

    def borrowed(self, arm: Arm, hour: float | None) -> tuple[int, Step]:
        """Return an n for an arm at an hour that has no row with n of its own."""
        if (arm.arm_id, hour) not in self._borrowed:
            self._borrowed[arm.arm_id, hour] = self._borrow(arm, hour)
        return self._borrowed[arm.arm_id, hour]

    def _borrow(self, arm: Arm, hour: float | None) -> tuple[int, Step]:
        own = [row for row in self._rows if row["arm_id"] == arm.arm_id]
        same_hour = [row for row in own if hour is not None and row["timepoint_h"] == hour]
        if same_hour:
            row = min(same_hour, key=lambda r: (-r["n"], r.order[-1]))
            why = f"n of its {row['outcome']} at the same hour"
            return row["n"], _step(arm, row["n"], why, row)
        if own:
            row = min(own, key=lambda r: (-r["n"], r.order[-1]))
            why = f"largest n reported for the arm ({row['outcome']}, {row.analysis_set})"
            return row["n"], _step(arm, row["n"], why, row)
        if arm.n_randomised:
            return arm.n_randomised, _step(arm, arm.n_randomised, "people randomised to the arm")
        raise NotUsable(f"no n for arm {arm.arm_id}: n and n_randomised are empty", lacks=1)


def _barred(row: Row) -> bool:
    rule = vocabulary().flag_rule(row["flag"]) if row["flag"] else None
    return rule is not None and rule["use"] == "never" and not row["flag"].startswith("baseline")


def _step(arm: Arm, n: int, why: str, row: Row | None = None) -> Step:
    return Step(
        f"n of {arm.arm_id} borrowed",
        why,
        str(n),
        rows=(row.key,) if row else (),
        assumption="borrowed n",
    )
