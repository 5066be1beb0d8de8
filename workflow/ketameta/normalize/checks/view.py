"""The raw tables with the look-ups that several checks need."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from ketameta.normalize.checks.findings import Finding, remark
from ketameta.normalize.results import ArmResult, Contrast, ReportedResult
from ketameta.normalize.rows import Rows
from ketameta.normalize.trials import ids
from ketameta.tables.collection import by
from ketameta.tables.effects import EffectRow
from ketameta.tables.parts import Placed
from ketameta.tables.problems import WARNING
from ketameta.tables.raw import ArmRow, TrialRow
from ketameta.vocabulary import Scale, vocabulary

# Words of a scale's label that say a person's score need not be a whole number.
_NOT_WHOLE = re.compile(r"visual analogue|numeric rating|area under|per cent|slope|trend|composite")
P = TypeVar("P", bound=Placed)
T = TypeVar("T")


class RowsByTrial:
    """Trials, arms, outcomes, contrasts and effects, as rows, looked up by trial and arm."""

    def __init__(
        self,
        rows: Rows,
        trials: Sequence[TrialRow],
        arms: Sequence[ArmRow],
        effects: Sequence[EffectRow] = (),
    ) -> None:
        self.trials = {row.trial_id: row for row in _in_order(trials)}
        self.arms = {(row.trial_id, row.arm_id): row for row in _in_order(arms)}
        self.effects = effects
        self._rows = rows
        self._found: dict[Callable[[RowsByTrial], Iterable[Any]], list[Any]] = {}

    def once(self, look: Callable[[RowsByTrial], Iterable[T]]) -> list[T]:
        """Return what a function that several checks need finds here, looked for once."""
        if look not in self._found:
            self._found[look] = [*look(self)]
        return self._found[look]

    @cached_property
    def outcomes(self) -> list[ArmResult]:
        """The outcome rows."""
        return _in_order(self._rows.outcomes)

    @cached_property
    def contrasts(self) -> list[Contrast]:
        """The contrasts."""
        return _in_order(self._rows.contrasts)

    @cached_property
    def arms_of(self) -> Mapping[str, list[ArmRow]]:
        """The arms of each trial, in the order of the table."""
        return by(self.arms.values(), lambda row: row.trial_id)

    @cached_property
    def outcomes_of(self) -> Mapping[tuple[str, str], list[ArmResult]]:
        """The outcome rows of each trial and outcome."""
        return by(self.outcomes, lambda row: (row.trial_id, row.outcome))

    @cached_property
    def outcomes_in(self) -> Mapping[str, list[ArmResult]]:
        """The outcome rows of each trial."""
        return by(self.outcomes, lambda row: row.trial_id)

    @cached_property
    def comparisons(self) -> Mapping[Hashable, list[ArmResult]]:
        """The outcome rows by place: those that differ in arm and numbers alone."""
        return by(self.outcomes, comparison_place)

    def beside(self, row: ArmResult) -> list[ArmResult]:
        """Return the outcome rows at a row's place, its own among them."""
        return self.comparisons.get(comparison_place(row), [])

    @cached_property
    def results(self) -> list[ArmResult | Contrast]:
        """The rows of outcomes, and of contrasts."""
        return [*self.outcomes, *self.contrasts]

    @cached_property
    def placed(self) -> dict[str, ArmResult | Contrast]:
        """The outcome and contrast rows by file and line."""
        return {row.key: row for row in self.results}

    def design(self, row: ReportedResult) -> str:
        """Return the design of the row's trial, empty where the trial is not known."""
        trial = self.trials.get(row.trial_id)
        return "" if trial is None else trial.design or ""

    def crossed(self, row: ArmResult) -> bool:
        """Say whether the row's arms hold the same people: both periods of a crossover."""
        if row.analysis_set == "crossover-all":
            return True
        first = ("crossover-period-1", "itt-period-1")
        return self.design(row) == "crossover" and row.analysis_set not in first

    def randomised(self, trial_id: str, arm_id: str) -> int | None:
        """Return the people randomised to an arm, or to the arms that it is together."""
        arm = self.arms.get((trial_id, arm_id))
        if arm is None:
            return None
        if arm.n_randomised is not None or not arm.pooled_arms:
            return arm.n_randomised
        parts = [self.arms.get((trial_id, part)) for part in ids(arm.pooled_arms)]
        sizes = [part.n_randomised for part in parts if part is not None]
        known = [n for n in sizes if n is not None]
        return sum(known) if len(known) == len(parts) else None

    def is_pooled(self, row: ArmResult) -> bool:
        """Say whether the row's arm is others together."""
        arm = self.arms.get((row.trial_id, row.arm_id))
        return arm is not None and bool(arm.pooled_arms)

    def size(self, row: ArmResult) -> int | None:
        """Return the row's n, or else the people randomised to its arm."""
        return self.randomised(row.trial_id, row.arm_id) if row.n is None else row.n

    def people(self, contrast: Contrast) -> int | None:
        """Return the people behind a contrast, as far as the tables know."""
        sides = [self.randomised(contrast.trial_id, arm_id) for arm_id in contrast.arms]
        known = [n for n in sides if n is not None]
        if len(known) < len(sides) or self.design(contrast) == "crossover":
            trial = self.trials.get(contrast.trial_id)
            return None if trial is None else trial.n_randomised
        return sum(known)

    def scale(self, row: ArmResult | Contrast) -> Scale | None:
        """Return the row's rating scale; some rows name it in the definition."""
        scales = vocabulary().scales
        named = row.definition if isinstance(row, ArmResult) else None
        return scales.get(row.scale or "") or scales.get(named or "")

    def linked(self, one: str, other: str) -> bool:
        """Say whether two reports share people: one is part of the other, or both of a third."""
        return one == other or bool(self._family(one) & self._family(other))

    def _family(self, trial_id: str) -> set[str]:
        trial = self.trials.get(trial_id)
        return {trial_id, *ids(None if trial is None else trial.part_of)}

    def finding(
        self,
        check: str,
        row: Placed,
        column: str,
        message: str,
        explains: str = "",
        severity: str = WARNING,
        also: Iterable[Placed] = (),
    ) -> Finding:
        """Return a finding about a cell.

        ``explains`` is a pattern for words that would explain it, in the notes of the row and of
        the rows ``also``.
        """
        value = None
        if column:
            typed = row.entered.get(column) if isinstance(row, ReportedResult) else None
            value = getattr(row, column) if typed is None else typed
        arm_id = row.arms[0] if isinstance(row, ArmResult | Contrast) else ""
        return Finding(
            check,
            severity,
            row.file,
            row.line,
            column,
            getattr(row, "trial_id", ""),
            row.arm_id if isinstance(row, ArmRow) else arm_id,
            "" if value is None else str(value),
            message + (remark((row, *also), explains) if explains else ""),
        )


def _in_order(rows: Sequence[P]) -> list[P]:
    """Sort rows of a table by their cells, so that no finding hangs on where a row stands in it."""
    names = ("file", "trial_id", "arm_id", "arm_t", "arm_c", "outcome", "scale", "definition")
    there = [name for name in names if rows and hasattr(rows[0], name)]

    def place(row: P) -> tuple[object, ...]:
        hour = getattr(row, "timepoint_h", None)
        words = tuple([getattr(row, name) or "" for name in there])
        return words, -1.0 if hour is None else hour

    def cells(row: P) -> tuple[object, ...]:
        return (*row.entered.items(),), row.line

    # few rows share a place: what was entered is looked at of these alone
    alike = sorted(by(rows, place).items())
    return [row for _, own in alike for row in (sorted(own, key=cells) if own[1:] else own)]


def whole_points(scale: Scale | None) -> bool:
    """Say whether a person's score on the scale is a whole number: a total of rated items."""
    return (
        scale is not None
        and scale.maximum is not None
        and not _NOT_WHOLE.search(scale.label.lower())
    )


def comparison_place(row: ArmResult) -> Hashable:
    """Return what two rows must share to be one comparison: all but arm and numbers."""
    about = row.trial_id, row.outcome, row.scale, row.definition
    return *about, row.timepoint_h, row.analysis_set
