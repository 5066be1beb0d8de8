"""Trials that a registry had only after the first person was enrolled.

A registration from before says what was planned; a later one cannot (De Angelis 2004, N Engl J Med
351:1250). Days may be known by month or year: a trial is named where the registration is later
whichever days of these they were.
"""

from __future__ import annotations

from collections.abc import Iterator

from ketameta.normalize.checks.findings import Finding
from ketameta.normalize.checks.view import RowsByTrial
from ketameta.tables.raw import TrialRow


def _first(day: str) -> str:
    """Return the first day that a day, month or year can be."""
    return day + "-01" * (2 - day.count("-"))


def _last(day: str) -> str:
    """Return a day that none of a day, month or year is after."""
    return day + ("-12-31", "-31", "")[day.count("-")]


def registered_late(trial: TrialRow) -> bool | None:
    """Say whether a trial was registered after its start; None where the days do not tell."""
    registered, started = trial.registered_on, trial.started_on
    if registered is None or started is None:
        return None
    if _first(registered) > _last(started):
        return True
    return None if _last(registered) > _first(started) else False


def late(view: RowsByTrial) -> Iterator[Finding]:
    """Yield trials that were registered after their start."""
    for trial in view.trials.values():
        if registered_late(trial):
            message = f"registered {trial.registered_on}, after the start on {trial.started_on}"
            yield view.finding("registered-after-start", trial, "registered_on", message)


CHECKS = {"registered-after-start": late}
