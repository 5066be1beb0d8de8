"""Whether rows stand without others: what they refer to is there, and nothing is part of itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from ketameta.normalize.trials import ids
from ketameta.tables.columns import Column
from ketameta.tables.raw import RESULT_TABLES

Record = dict[str, Any]
Tables = dict[str, list[Record]]
Name = TypeVar("Name")
NEEDS = "needs another edit: "
# columns that name arms
ARMS = {"outcomes": ("arm_id",), "contrasts": ("arm_t", "arm_c")}


def unmet(trials: Mapping[str, Record], own: Mapping[str, Sequence[Record]]) -> str:
    """Say what the rows of some trials lack in order to stand; empty where they lack nothing.

    `trials` are all rows of that table by trial_id, `own` the rows of the trials in question by
    table.
    """
    for row in trials.values():
        for part in ids(row["part_of"]):
            if part not in trials:
                return f"{NEEDS}trial {part}"
    parents = {name: ids(row["part_of"]) for name, row in trials.items()}
    if circle := _circle((row["trial_id"] for row in own["trials"]), parents):
        return f"{NEEDS}trial {circle} would be part of itself"
    return _unmet_arms(trials, own["arms"]) or _unmet_numbers(own)


def _unmet_arms(trials: Mapping[str, Record], arms: Sequence[Record]) -> str:
    known = {(row["trial_id"], row["arm_id"]): ids(row["pooled_arms"]) for row in arms}
    for row in arms:
        trial = row["trial_id"]
        if trial not in trials:
            return f"{NEEDS}trial {trial}"
        for part in ids(row["pooled_arms"]):
            if (trial, part) not in known:
                return f"{NEEDS}arm {part} of {trial}"
    parents = {(t, a): [(t, part) for part in parts] for (t, a), parts in known.items()}
    if circle := _circle(known, parents):
        return f"{NEEDS}arm {circle[1]} of {circle[0]} would be pooled from itself"
    return ""


def _unmet_numbers(own: Mapping[str, Sequence[Record]]) -> str:
    arms = {(row["trial_id"], row["arm_id"]) for row in own["arms"]}
    for name, columns in ARMS.items():
        for row in own[name]:
            for column in columns:
                if (row["trial_id"], row[column]) not in arms:
                    return f"{NEEDS}arm {row[column]} of {row['trial_id']}"
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


def standing(tables: Tables) -> Tables:
    """Return the rows that stand: nothing that they must have is empty or refers to no row.

    A row that only lacks what others refer to takes these along. Tables without faults lose none.
    """
    known = {name: tables.get(name, []) for name in RESULT_TABLES}
    found = {
        name: [row for row in rows if all(row.get(c.name) is not None for c in _needed(name))]
        for name, rows in known.items()
    }
    while True:
        left = _standing(found)
        if all(len(left[name]) == len(found[name]) for name in found):
            return left
        found = left


def _needed(table: str) -> list[Column]:
    return [column for column in RESULT_TABLES[table].columns if column.required]


def _standing(tables: Tables) -> Tables:
    """Leave out the rows that refer to none of these, and what is part of itself."""
    parts = {row["trial_id"]: ids(row["part_of"]) for row in tables["trials"]}
    pools = {
        (row["trial_id"], row["arm_id"]): [(row["trial_id"], a) for a in ids(row["pooled_arms"])]
        for row in tables["arms"]
    }

    def stands(table: str, row: Record) -> bool:
        trial = row.get("trial_id")
        if table == "trials":
            return all(part in parts for part in parts[trial]) and not _circle([trial], parts)
        if table == "arms":
            arm = (trial, row["arm_id"])
            return (
                trial in parts
                and all(part in pools for part in pools[arm])
                and not _circle([arm], pools)
            )
        arms = [row[name] for name in ARMS.get(table, ())]
        return (trial is None or trial in parts) and all((trial, arm) in pools for arm in arms)

    return {name: [r for r in rows if stands(name, r)] for name, rows in tables.items()}
