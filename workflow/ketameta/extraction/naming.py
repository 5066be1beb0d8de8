"""The rows of B by the names of A: its trials, arms and reviews called as A calls them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ketameta.evidence.rows import R, trial_of
from ketameta.extraction import owners
from ketameta.extraction.cells import ARM_COLUMNS, TRIAL_COLUMNS
from ketameta.extraction.records import SAME_KEY
from ketameta.tables.collection import Tables

_REVIEW_COLUMNS = ("review_id",)


@dataclass(frozen=True)
class Names:
    """What B's trials, arms (by trial) and reviews are in A, each with the reason."""

    trials: Mapping[str, tuple[str, str]]
    arms: Mapping[tuple[str, str], tuple[str, str]]
    reviews: Mapping[str, tuple[str, str]]

    def renamed(self, record: R) -> tuple[R, dict[str, str]]:
        """Return a row of B by the names of A, and the cells that are others, as B has them."""
        trial = trial_of(record)
        cells: dict[str, str] = {}
        were: dict[str, str] = {}
        for column in (*TRIAL_COLUMNS, *ARM_COLUMNS, *_REVIEW_COLUMNS):
            text = getattr(record, column, None)
            if not text:
                continue
            known = [name.strip() for name in text.split(";")]
            names = [self._name(column, trial, name) for name in known]
            if names != known:
                cells[column] = ";".join(names)
                were[column] = text
        if not cells:
            return record, {}
        more: dict[str, Any] = {**cells, "entered": {**record.entered, **cells}}
        return replace(record, **more), were

    def _name(self, column: str, trial: str, name: str) -> str:
        if column in TRIAL_COLUMNS:
            return self.trials.get(name, (name, ""))[0]
        if column in ARM_COLUMNS:
            return self.arms.get((trial, name), (name, ""))[0]
        return self.reviews.get(name, (name, ""))[0]

    def reason(self, trial: str, were: Mapping[str, str]) -> str:
        """Say by what a row's trial, arms and review are known that B calls otherwise.

        ``trial`` is B's name of it. Empty where B calls none otherwise.
        """
        said = []
        if "trial_id" in were:
            said.append(("trial", self.trials[were["trial_id"]][1]))
        for column in ("arm_id", "arm_t", "arm_c"):
            if column in were:
                said.append(("arm", self.arms[trial, were[column]][1]))
        if "review_id" in were:
            said.append(("review", self.reviews[were["review_id"]][1]))
        told = [f"{what} by {why}" for what, why in dict.fromkeys(said) if why != SAME_KEY]
        return "; ".join(told)


def names_of(a: Tables, b: Tables) -> Names:
    """Find which trials, arms and reviews of B are which of A."""
    trials = owners.trials(a, b)
    return Names(trials, owners.arms(a, b, trials), owners.reviews(a, b))
