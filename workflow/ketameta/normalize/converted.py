"""The rows of one trial converted, each once, whatever questions ask for what comes of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from ketameta.normalize import contrasts, summaries
from ketameta.normalize.contrasts import ContrastEffect
from ketameta.normalize.people import People
from ketameta.normalize.records import Arm, ArmSummary, NotUsable, Trial
from ketameta.normalize.results import AnyResult, ArmResult, Contrast

T = TypeVar("T")


class Converted:
    """Summaries of arms and effects of contrasts, as `summaries` and `contrasts` make them.

    Where numbers give none, why not is remembered as well.
    """

    def __init__(self, rows: Sequence[AnyResult]) -> None:
        """Take every row of the trial."""
        self.people = People(rows)
        self._known: dict[Hashable, Any] = {}

    def counts(self, arm: Arm, rows: Sequence[ArmResult]) -> ArmSummary:
        """Return events and n of an arm, added over rows."""
        return self._once(
            ("counts", *_keys(rows)), lambda: summaries.counts(arm, rows, self.people)
        )

    def score(
        self, arm: Arm, rows: Sequence[ArmResult], basis: str, correlation: float
    ) -> ArmSummary:
        """Return mean and SD of an arm on a basis."""
        asked = (basis, correlation, *_keys(rows))
        return self._once(
            asked, lambda: summaries.score(arm, rows, self.people, basis, correlation)
        )

    def contrasts(
        self, measure: str, trial: Trial, rows: Sequence[Contrast], correlation: float, sign: int
    ) -> ContrastEffect:
        """Return the effect of reported contrasts against one control arm."""
        asked = measure, trial, rows, self.people, correlation, sign
        return self._once(
            (measure, correlation, sign, *_keys(rows)), lambda: contrasts.from_contrasts(*asked)
        )

    def _once(self, asked: Hashable, make: Callable[[], T]) -> T:
        if asked not in self._known:
            try:
                self._known[asked] = make()
            except NotUsable as why:
                self._known[asked] = why.kept()
        found = self._known[asked]
        if isinstance(found, NotUsable):
            # a new one each time: an exception gathers the places that it was raised in
            raise NotUsable(str(found), found.lacks)
        made: T = found
        return made


def _keys(rows: Sequence[AnyResult]) -> tuple[str, ...]:
    return tuple([row.key for row in rows])
