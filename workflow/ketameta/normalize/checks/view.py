"""The raw tables with the look-ups that several checks need."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from ketameta.normalize.checks.findings import Finding, Row, remark
from ketameta.tables.problems import WARNING
from ketameta.vocabulary import Scale, vocabulary

# Words of a scale's label that say a person's score need not be a whole number.
_NOT_WHOLE = re.compile(r"visual analogue|numeric rating|area under|per cent|slope|trend|composite")


class View:
    """Trials, arms, outcomes, contrasts and effects, as rows, looked up by trial and arm."""

    def __init__(
        self,
        trials: Sequence[Row],
        arms: Sequence[Row],
        outcomes: Sequence[Row] = (),
        contrasts: Sequence[Row] = (),
        effects: Sequence[Row] = (),
    ) -> None:
        self.trials = {row["trial_id"]: row for row in _in_order(trials)}
        self.arms = {(row["trial_id"], row["arm_id"]): row for row in _in_order(arms)}
        self.outcomes = _in_order(outcomes)
        self.contrasts = _in_order(contrasts)
        self.effects = effects

    @cached_property
    def arms_of(self) -> dict[str, list[Row]]:
        """The arms of each trial, in the order of the table."""
        found: dict[str, list[Row]] = defaultdict(list)
        for (trial_id, _), row in self.arms.items():
            found[trial_id].append(row)
        return found

    @cached_property
    def outcomes_of(self) -> dict[tuple[str, str], list[Row]]:
        """The outcome rows of each trial and outcome."""
        found: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in self.outcomes:
            found[row["trial_id"], row["outcome"]].append(row)
        return found

    @cached_property
    def comparisons(self) -> dict[tuple[Any, ...], list[Row]]:
        """The outcome rows by place: those that differ in arm and numbers alone."""
        found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
        for row in self.outcomes:
            found[place(row)].append(row)
        return found

    def beside(self, row: Row) -> list[Row]:
        """Return the outcome rows at a row's place, its own among them."""
        return self.comparisons.get(place(row), [])

    @cached_property
    def placed(self) -> dict[tuple[str, int], Row]:
        """The outcome and contrast rows by file and line."""
        return {(row["file"], row["line"]): row for row in (*self.outcomes, *self.contrasts)}

    @cached_property
    def _entered(self) -> dict[tuple[str, int], dict[str, str]]:
        return {place: json.loads(row.get("entered") or "{}") for place, row in self.placed.items()}

    def decimals(self, row: Row, column: str) -> int:
        """Return the decimals of a cell as it was typed (a lost trailing zero is not known)."""
        text = self._entered.get((row["file"], row["line"]), {}).get(column)
        if text is None:
            text = str(row[column]).removesuffix(".0")
        return len(text.partition(".")[2])

    def half(self, row: Row, column: str) -> float:
        """Return half a unit of the last digit typed: how far rounding can have moved it."""
        return 0.5 * 10.0 ** -self.decimals(row, column)

    def design(self, row: Row) -> str:
        """Return the design of the row's trial, empty where the trial is not known."""
        return (self.trials.get(row["trial_id"]) or {}).get("design") or ""

    def crossed(self, row: Row) -> bool:
        """Say whether the row's arms hold the same people: both periods of a crossover."""
        if row.get("analysis_set") == "crossover-all":
            return True
        first = ("crossover-period-1", "itt-period-1")
        return self.design(row) == "crossover" and row.get("analysis_set") not in first

    def randomised(self, trial_id: str, arm_id: str) -> int | None:
        """Return the people randomised to an arm, or to the arms that it is together."""
        arm = self.arms.get((trial_id, arm_id))
        if arm is None or arm["n_randomised"] is not None or not arm["pooled_arms"]:
            return arm["n_randomised"] if arm else None
        parts = [self.arms.get((trial_id, part)) for part in arm["pooled_arms"].split(";")]
        sizes = [part["n_randomised"] for part in parts if part]
        return None if None in sizes or len(sizes) < len(parts) else sum(sizes)

    def size(self, row: Row) -> int | None:
        """Return the row's n, or else the people randomised to its arm."""
        n: int | None = row["n"]
        return self.randomised(row["trial_id"], row["arm_id"]) if n is None else n

    def people(self, contrast: Row) -> int | None:
        """Return the people behind a contrast, as far as the tables know."""
        sides = [self.randomised(contrast["trial_id"], contrast[arm]) for arm in ("arm_t", "arm_c")]
        whole: int | None = (self.trials.get(contrast["trial_id"]) or {}).get("n_randomised")
        if None in sides or self.design(contrast) == "crossover":
            return whole
        return sum(n for n in sides if n is not None)

    def scale(self, row: Row) -> Scale | None:
        """Return the row's rating scale; some rows name it in the definition."""
        scales = vocabulary().scales
        return scales.get(row["scale"] or "") or scales.get(row.get("definition") or "")

    def linked(self, one: str, other: str) -> bool:
        """Say whether two reports share people: one is part of the other, or both of a third."""
        return one == other or bool(self._family(one) & self._family(other))

    def _family(self, trial_id: str) -> set[str]:
        parts = (self.trials.get(trial_id) or {}).get("part_of") or ""
        return {trial_id, *filter(None, parts.split(";"))}

    def finding(
        self,
        check: str,
        row: Row,
        column: str,
        message: str,
        explains: str = "",
        severity: str = WARNING,
        also: Iterable[Row] = (),
    ) -> Finding:
        """Return a finding about a cell.

        ``explains`` is a pattern for words that would explain it, in the notes of the row and of
        the rows ``also``.
        """
        typed = self._entered.get((row["file"], row["line"]), {}).get(column)
        value = row.get(column) if typed is None else typed
        return Finding(
            check,
            severity,
            row["file"],
            row["line"],
            column,
            row.get("trial_id") or "",
            row.get("arm_id") or row.get("arm_t") or "",
            "" if value is None else str(value),
            message + (remark((row, *also), explains) if explains else ""),
        )


def _in_order(rows: Sequence[Row]) -> list[Row]:
    """Sort rows by their cells, so that no finding hangs on where a row stands in its table."""

    def cells(row: Row) -> tuple[Any, ...]:
        names = ("file", "trial_id", "arm_id", "arm_t", "arm_c", "outcome", "scale", "definition")
        hour = row.get("timepoint_h")
        words = [row.get(name) or "" for name in names]
        return words, -1.0 if hour is None else hour, row.get("entered") or "", row["line"]

    return sorted(rows, key=cells)


def whole_points(scale: Scale | None) -> bool:
    """Say whether a person's score on the scale is a whole number: a total of rated items."""
    return (
        scale is not None
        and scale.maximum is not None
        and not _NOT_WHOLE.search(scale.label.lower())
    )


def place(row: Row) -> tuple[Any, ...]:
    """Return what two rows must share to be one comparison: all but arm and numbers."""
    names = ("trial_id", "outcome", "scale", "definition", "timepoint_h", "analysis_set")
    return tuple(row[name] for name in names)
