"""The checks of the numbers, run on tables whose rows are given as cells."""

from ketameta.normalize.checks import run
from ketameta.normalize.trials import raw_rows
from ketameta.tables.effects import EffectRow
from ketameta.tables.raw import ArmRow, TrialRow

from ..rows import tables_of

RAW = ("trials", "arms", "outcomes", "contrasts")


def find(trials=(), arms=(), outcomes=(), contrasts=(), effects=()):
    """Return every finding about rows of these tables."""
    given = dict(zip(RAW, (trials, arms, outcomes, contrasts), strict=True), effects=effects)
    found = tables_of({name: list(rows) for name, rows in given.items()})
    return run.find(raw_rows(found), found[TrialRow], found[ArmRow], found[EffectRow])
