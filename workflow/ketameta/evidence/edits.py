"""Edits: changes of rows that only make sense together, named for people.

An edit is a row edited, or a trial or arm that came or went with all its rows. Of what an edit
does to results, rows of arms that came or went at one place are judged together (`rows_joined`).
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from ketameta.evidence.rows import EDITED, RowChange
from ketameta.tables.raw import EFFECT_TABLES, ArmRow


@dataclass(frozen=True)
class Edit:
    """Changes that only make sense together, and their name for people."""

    name: str
    trial: str
    changes: tuple[RowChange, ...]


def edits(changes: Sequence[RowChange], tables: Container[str] = EFFECT_TABLES) -> list[Edit]:
    """Group changes of rows of some tables into edits, in the order of the changes.

    Of those that effects come from, where nothing else is said.
    """
    groups: dict[tuple[str, ...], list[RowChange]] = {}
    own = [change for change in changes if change.table in tables]
    trials = {(c.kind, c.trial) for c in own if c.table == "trials" and c.kind != EDITED}
    arms = {(c.kind, c.trial, row.arm_id) for c in own if isinstance(row := c.row, ArmRow)}
    for number, change in enumerate(own):
        key: tuple[str, ...] = (str(number),)
        if (change.kind, change.trial) in trials:
            key = (change.kind, change.trial)
        elif change.kind != EDITED:
            its_arms = [getattr(change.row, name, None) for name in ("arm_id", "arm_t", "arm_c")]
            known = [a for a in its_arms if a and (change.kind, change.trial, a) in arms]
            key = (change.kind, change.trial, known[0]) if known else key
        groups.setdefault(key, []).append(change)
    return [Edit(_name(key, group), group[0].trial, tuple(group)) for key, group in groups.items()]


# where the arms of a trial are compared
_PLACE = ("outcome", "scale", "definition", "timepoint_h", "analysis_set")


def rows_joined(found: Sequence[Edit]) -> list[Edit]:
    """Join the rows of a trial's arms that came, or went, at one place: one alone compares nothing.

    A place is an outcome on a scale by a definition, at an hour, in an analysis set.
    """
    groups: dict[tuple[object, ...], list[Edit]] = {}
    for number, edit in enumerate(found):
        first = edit.changes[0]
        key: tuple[object, ...] = (number,)
        if len(edit.changes) == 1 and first.table == "outcomes" and first.kind != EDITED:
            key = (first.kind, edit.trial, *(getattr(first.row, name) for name in _PLACE))
        groups.setdefault(key, []).append(edit)
    return [_joined(group) for group in groups.values()]


def _joined(group: list[Edit]) -> Edit:
    first = group[0]
    if len(group) == 1:
        return first
    kind, row = first.changes[0].kind, first.changes[0].row.entered
    told = ("trial_id", "outcome", "scale", "definition", "timepoint_h")
    cells = (row.get(name) for name in told)
    name = f"outcomes / {' / '.join(filter(None, cells))} {kind}, {len(group)} rows"
    return Edit(name, first.trial, tuple(c for edit in group for c in edit.changes))


def _name(key: tuple[str, ...], group: list[RowChange]) -> str:
    if len(key) == 2:
        return f"trial {key[1]} {key[0]}"
    if len(key) == 3:
        return f"arm {key[1]} / {key[2]} {key[0]}"
    change = group[0]
    if change.kind != EDITED:
        return f"{change.name} {change.kind}"
    cells = ", ".join(f"{c.column} {c.old or 'empty'} → {c.new or 'empty'}" for c in change.cells)
    return f"{change.name}: {cells}"
