"""Whether rows stand without others: what they refer to is there, and nothing is part of itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

Record = dict[str, Any]
Name = TypeVar("Name")
NEEDS = "needs another edit: "


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
    for name, columns in (("outcomes", ("arm_id",)), ("contrasts", ("arm_t", "arm_c"))):
        for row in own[name]:
            for column in columns:
                if (row["trial_id"], row[column]) not in arms:
                    return f"{NEEDS}arm {row[column]} of {row['trial_id']}"
    return ""


def ids(cell: str | None) -> list[str]:
    """Return the names in a cell."""
    return cell.split(";") if cell else []


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
