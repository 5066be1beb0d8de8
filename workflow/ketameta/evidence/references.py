"""Whether rows stand without others: what they refer to is there, and nothing is part of itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from ketameta.normalize.trials import ids
from ketameta.tables.collection import Tables
from ketameta.tables.raw import RAW_KINDS, RESULT_TABLES, ArmRow, ContrastRow, OutcomeRow, TrialRow
from ketameta.tables.table import Row, schema_of

Name = TypeVar("Name")
NEEDS = "needs another edit: "


def arms_of(row: Row) -> tuple[str, ...]:
    """Return the arms that a row refers to."""
    if isinstance(row, OutcomeRow):
        return (row.arm_id,)
    return (row.arm_t, row.arm_c) if isinstance(row, ContrastRow) else ()


def unmet(trials: Mapping[str, TrialRow], own: Tables) -> str:
    """Say what the rows of some trials lack in order to stand; empty where they lack nothing.

    `trials` are all rows of that table by trial_id, `own` the rows of the trials in question.
    """
    for row in trials.values():
        for part in ids(row.part_of):
            if part not in trials:
                return f"{NEEDS}trial {part}"
    parents = {name: ids(row.part_of) for name, row in trials.items()}
    if circle := _circle((row.trial_id for row in own[TrialRow]), parents):
        return f"{NEEDS}trial {circle} would be part of itself"
    return _unmet_arms(trials, own[ArmRow]) or _unmet_numbers(own)


def _unmet_arms(trials: Mapping[str, TrialRow], arms: Sequence[ArmRow]) -> str:
    known = {(row.trial_id, row.arm_id): ids(row.pooled_arms) for row in arms}
    for row in arms:
        if row.trial_id not in trials:
            return f"{NEEDS}trial {row.trial_id}"
        for part in ids(row.pooled_arms):
            if (row.trial_id, part) not in known:
                return f"{NEEDS}arm {part} of {row.trial_id}"
    parents = {(t, a): [(t, part) for part in parts] for (t, a), parts in known.items()}
    if circle := _circle(known, parents):
        return f"{NEEDS}arm {circle[1]} of {circle[0]} would be pooled from itself"
    return ""


def _unmet_numbers(own: Tables) -> str:
    arms = {(row.trial_id, row.arm_id) for row in own[ArmRow]}
    rows: list[OutcomeRow | ContrastRow] = [*own[OutcomeRow], *own[ContrastRow]]
    for row in rows:
        for arm in arms_of(row):
            if (row.trial_id, arm) not in arms:
                return f"{NEEDS}arm {arm} of {row.trial_id}"
    return ""


def _circle(starts: Iterable[Name], parents: Mapping[Name, Sequence[Name]]) -> Name | None:
    """Return the first start that is among its own parents, however far; None where none is."""
    for start in starts:
        seen: set[Name] = set()
        todo = [*parents.get(start, ())]
        while todo:
            name = todo.pop()
            if name == start:
                return start
            if name not in seen:
                seen.add(name)
                todo += parents.get(name, ())
    return None


def standing_rows(tables: Tables) -> Tables:
    """Return the rows that stand: nothing that they must have is empty or refers to no row.

    A row that only lacks what others refer to takes these along. Tables without faults lose none.
    """
    kinds: list[type[Row]] = [RAW_KINDS[name] for name in RESULT_TABLES]
    found = Tables({kind: [r for r in tables.get(kind) if _is_filled(r)] for kind in kinds})
    while True:
        left = _standing(found)
        if all(len(left[kind]) == len(found[kind]) for kind in kinds):
            return left
        found = left


def _is_filled(row: Row) -> bool:
    columns = schema_of(type(row)).columns
    return all(getattr(row, column.name) is not None for column in columns if column.required)


def _standing(tables: Tables) -> Tables:
    """Leave out the rows that refer to none of these, and what is part of itself."""
    parts = {row.trial_id: ids(row.part_of) for row in tables[TrialRow]}
    pools = {
        (row.trial_id, row.arm_id): [(row.trial_id, arm) for arm in ids(row.pooled_arms)]
        for row in tables[ArmRow]
    }

    def stands(row: Row) -> bool:
        trial = getattr(row, "trial_id", None)
        if isinstance(row, TrialRow):
            own = row.trial_id
            return all(part in parts for part in parts[own]) and not _circle([own], parts)
        if trial is not None and trial not in parts:
            return False
        if isinstance(row, ArmRow):
            arm = (row.trial_id, row.arm_id)
            return all(part in pools for part in pools[arm]) and not _circle([arm], pools)
        return all((trial, arm) in pools for arm in arms_of(row))

    return Tables({kind: [r for r in tables[kind] if stands(r)] for kind in tables.kinds()})
