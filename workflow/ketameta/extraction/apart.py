"""What tells rows apart that go by one name: subgroups, rows with other flags, rows twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from ketameta.extraction.cells import FREE
from ketameta.extraction.records import Matching
from ketameta.tables.identity import decision_name
from ketameta.tables.parts import Placed
from ketameta.tables.raw import RESULT_TABLES


def told_apart(matching: Matching) -> dict[int, str]:
    """Return what tells a row from all others of its name, by the `id` of the row.

    Rows are those of A, and those that B alone has; rows of a name of their own are left out.
    """
    rows = [(match.table, match.a) for match in matching.matches]
    rows += [*matching.only_a, *matching.only_b]
    named: dict[tuple[str, str], list[Placed]] = defaultdict(list)
    for table, row in rows:
        named[table, decision_name(table, row.entered)].append(row)
    found: dict[int, str] = {}
    for (table, _), own in named.items():
        if len(own) > 1:
            own.sort(key=lambda row: (row.file, row.line))
            told = _told(table, [row.entered for row in own])
            found |= {id(row): text for row, text in zip(own, told, strict=True)}
    return found


def _told(table: str, rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Say what differs: by one column that tells all apart, else by as many as needed.

    Words come before numbers, and these before text that people alone read. Rows that are alike in
    every cell are counted.
    """
    columns = sorted(
        RESULT_TABLES[table].columns,
        key=lambda c: (c.name in FREE, c.kind in ("integer", "number")),
    )
    cells = {c.name: [row.get(c.name, "") for row in rows] for c in columns}
    chosen = [name for name, own in cells.items() if len({*own}) == len(rows)][:1]
    if not chosen:
        known = 1
        for name in cells:
            parts = len({*zip(*(cells[n] for n in (*chosen, name)), strict=True)})
            if parts > known:
                chosen, known = [*chosen, name], parts
    told = [", ".join(f"{n} {row.get(n) or 'empty'}" for n in chosen) for row in rows]
    return [
        f"{text}, {told[:at].count(text) + 1} of {many}".removeprefix(", ")
        if (many := told.count(text)) > 1
        else text
        for at, text in enumerate(told)
    ]
