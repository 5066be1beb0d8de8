"""What the data hold in figures, and the digests of their cells."""

from __future__ import annotations

from collections import Counter

from ketameta.tables import RESULT_TABLES
from ketameta.tables.collection import Tables
from ketameta.tables.digests import Digests
from ketameta.tables.effects import CountRow, DataRow
from ketameta.tables.raw import RAW_KINDS, ArmRow, TrialRow


def data_of(raw: Tables, cells: Digests) -> list[DataRow]:
    """Return the one row about all tables together."""
    own = _apart(raw)
    numbers = [trial.n_randomised for trial in own if trial.n_randomised is not None]
    return [
        DataRow(
            data_hash=cells.data_hash,
            reports=len(raw[TrialRow]),
            apart=len(own),
            people=sum(numbers) if numbers else None,
            unnumbered=len(own) - len(numbers),
        )
    ]


def counts_of(raw: Tables) -> list[CountRow]:
    """Count rows by table, reports by population and arms by treatment, the most first."""
    known = raw.kinds()
    rows = {name: RAW_KINDS[name] for name in RESULT_TABLES if RAW_KINDS[name] in known}
    counted = {
        "table": [(name, len(raw[kind])) for name, kind in rows.items()],
        "population": Counter(trial.population for trial in _apart(raw)).most_common(),
        "treatment": Counter(arm.treatment for arm in raw[ArmRow]).most_common(),
    }
    return [
        CountRow(what=what, name=name, number=number)
        for what, found in counted.items()
        for name, number in found
    ]


def _apart(raw: Tables) -> list[TrialRow]:
    """Return the reports that are not part of another."""
    return [trial for trial in raw[TrialRow] if not trial.part_of]
