"""The columns of a table that a measure takes, as numbers, and the names of its studies.

Only the columns of the measure asked for have to be numbers: a table may carry what it likes
beside them.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ketameta.commands.intervals import ReportedInterval, reported
from ketameta.commands.names import (
    ALIASES,
    ARGUMENTS,
    AUTHORS,
    ESTIMATES,
    LABELS,
    RATIOS,
    YEARS,
    bare_name,
    is_data,
    is_log,
    value_of,
)
from ketameta.commands.numbers import ABSENT, Places, is_number, number_columns
from ketameta.commands.table import Table, TableError
from ketameta.stats import MEASURES
from ketameta.tables.problems import escaped, first_few, shown
from ketameta.vocabulary import nearest

# numbers whose squares and ratios leave double precision are typing errors
LARGEST = 1e30
_SUM = re.compile(
    r"(?:sub|grand )?totals?|overall|pooled|summary|gesamt|(?:re|fe|ce) model"
    r"|(?:random|fixed|common)[- ]effects?|(?:sub|grand )?total \(.*"
    r"|(?:overall|pooled|summary|(?:random|fixed|common)[- ]effects?)"
    r" (?:effect|estimate|model|result|\().*",
    re.IGNORECASE,
).fullmatch


@dataclass(frozen=True)
class Studies:
    """Studies to pool: a name and a line each, and the columns that their measure takes.

    ``reasons`` says of a study, by its place, why its numbers make no effect; ``shown`` names the
    columns as the file does; ``notes`` are what a person must know of how they were read,
    ``named`` of how they were named.
    """

    names: list[str]
    lines: list[int]
    columns: dict[str, NDArray[np.float64]]
    header: list[str]
    reasons: dict[int, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)


def studies_of(
    table: Table, measure: str | None, level: float | None = None
) -> tuple[Studies, str, str]:
    """Return the studies of a table, their measure, and the one that says how effects are shown.

    Without a measure it is GEN, or that of a ratio with its interval where the table has one.
    ``level`` is that of the intervals in the table, where their names do not tell. Raises
    `TableError` with every fault.
    """
    if not any(is_data(name) for name in table.header):
        raise TableError(_nothing(table))
    if not table.rows:
        raise TableError((0, "", "has a header and no study below it"))
    own = "GEN" if measure is None else measure
    if own in MEASURES and not _lacking(own, table):
        places = _places(own, table)
        log = is_log(table.header[places["yi"]]) if own == "GEN" else ""
        return _studies(table, places, table.notes), own, log or own
    if found := reported(table, measure, level):
        log = next((word for i in found.places if (word := is_log(table.header[i]))), "")
        shown_as = log if found.measure == "GEN" and log else found.measure
        return _of_intervals(table, found), found.measure, shown_as
    if measure in RATIOS and not _lacking("GEN", table):
        places = _places("GEN", table)
        title = table.header[places["yi"]]
        # md and smd are no logarithms
        if not value_of(title):
            note = f"{title} is taken as the log of {measure}"
            return _studies(table, places, [*table.notes, note]), measure, measure
    raise TableError(_missing(own, table))


def _lacking(measure: str, table: Table) -> list[tuple[str, ...]]:
    """Return the groups of columns of which the table has none."""
    required = MEASURES[measure].required
    return [group for group in required if not any(_candidates(name, table) for name in group)]


def _candidates(name: str, table: Table) -> list[int]:
    """Return the columns that can be an argument, its own name first."""
    own = [i for i, other in enumerate(table.header) if other == name]
    words = ALIASES[name]
    return own + [i for i, x in enumerate(table.header) if i not in own and bare_name(x) in words]


def _places(measure: str, table: Table) -> Places:
    """Return where each argument of a measure stands."""
    row = MEASURES[measure]
    taken: list[str] = [*row.optional]
    for group in row.required:
        # of what may stand for each other, such as vi and sei, our own names go first
        taken += [name for name in group if name in table.header] or group
    return {name: _place(name, table) for name in taken if _candidates(name, table)}


def _place(name: str, table: Table) -> int:
    """Return where an argument stands; of several columns that one which holds numbers."""
    places = _candidates(name, table)
    if (count := table.header.count(name)) > 1:
        times = "twice" if count == 2 else f"{count} times"
        raise TableError((table.header_line, name, f"stands {times} in the header"))
    good = [at for at in places if any(map(is_number, table.column(at)))] or places
    if table.header[good[0]] != name and len(good) > 1:
        names = " and ".join(shown(table.header[at]) for at in good)
        message = f"{names} can each be {name}; keep one of them, or call it {name}"
        raise TableError((table.header_line, "", message))
    return good[0]


def _studies(table: Table, places: Places, notes: list[str]) -> Studies:
    """Return the studies with the columns at these places as numbers."""
    columns, said = number_columns(table, places)
    names, how = study_names(table, set(places.values()))
    told = {name: table.header[at] for name, at in places.items()}
    other = [f"{told[name]} as {name}" for name in places if told[name] != name]
    read = [f"read as: {', '.join(other)}"] if other else []
    return Studies(names, table.lines, columns, table.header, {}, told, [*notes, *said, *read], how)


def _of_intervals(table: Table, found: ReportedInterval) -> Studies:
    names, how = study_names(table, found.places)
    notes = [*table.notes, *found.notes]
    return Studies(names, table.lines, found.columns, table.header, found.reasons, {}, notes, how)


def study_names(table: Table, taken: set[int]) -> tuple[list[str], list[str]]:
    """Return a name for each study, and where it comes from unless a column says it is one."""
    free = [i for i in range(len(table.header)) if i not in taken]
    bare = {i: bare_name(table.header[i]) for i in free}
    order = {word: rank for rank, word in enumerate(LABELS)}
    known = sorted((i for i in free if bare[i] in order), key=lambda i: order[bare[i]])
    notes: list[str] = []
    at = known[0] if known else next((i for i in free if _is_text(table.column(i))), None)
    if at is None:
        notes.append("no column names the studies; they are numbered")
        cells = [""] * len(table.rows)
    else:
        cells = table.column(at)
        if not known:
            notes.append(f"the column {shown(table.header[at])} is taken as the studies' names")
        year = next((i for i in free if bare[i] in YEARS), None)
        if bare[at] in AUTHORS and year is not None:
            years = table.column(year)
            cells = [f"{name} {when}".strip() for name, when in zip(cells, years, strict=True)]
    names = [escaped(cell) or f"study {i}" for i, cell in enumerate(cells, start=1)]
    sums = [f"{name} (line {n})" for name, n in zip(names, table.lines, strict=True) if _SUM(name)]
    if sums:
        notes.append(
            f"{first_few(sums, 5)} {'reads' if len(sums) == 1 else 'read'} like the result of a "
            "pool and not like a study; it is pooled as one: delete the row if it is none"
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        notes.append(
            f"{first_few(twice, 5)} {'stands' if len(twice) == 1 else 'stand'} in several rows, "
            "which are pooled as if their people were different"
        )
    return names, notes


def _is_text(cells: list[str]) -> bool:
    filled = [cell for cell in cells if cell not in ABSENT]
    return 2 * sum(not is_number(cell) for cell in filled) > len(filled)


def _nothing(table: Table) -> tuple[int, str, str]:
    """Return the fault of a table in which no column has a known name."""
    near = [(name, nearest(name[:20], list(ARGUMENTS), 1)) for name in table.header[:50] if name]
    hints = [f"{shown(name)} is like {close[0]}" for name, close in near if close][:3]
    message = "no column has a name that effect sizes know: " + ", ".join(ARGUMENTS)
    return table.header_line, "", "; ".join([message, *hints])


def _missing(measure: str, table: Table) -> tuple[int, str, str]:
    """Return the fault of a table without the columns that a measure needs."""
    if measure not in MEASURES:
        message = (
            f"{measure} needs estimates and their interval ({measure.lower()}, lower, upper), or "
            "logarithms and standard errors (yi, sei)"
        )
        return table.header_line, "", message
    missing = _lacking(measure, table)
    groups = ", ".join(" or ".join(group) for group in missing)
    spare = [name for name in table.header if name and not is_data(name)]
    hints = [
        f"is {close[0]!r} meant for {name}?"
        for group in missing
        for name in group
        if (close := nearest(name, spare, 1)) and close[0][:1].lower() == name[0]
    ]
    if ("yi",) in missing:
        hints += [
            f"{shown(name)} can be yi if you call it so; of a ratio yi is the logarithm"
            for name in table.header
            if bare_name(name) in ESTIMATES and name not in ARGUMENTS
        ]
    fitting = [name for name in MEASURES if not _lacking(name, table)]
    hints = hints[:3] or [f"the file has those of {', '.join(fitting[:8])}"] * bool(fitting)
    if name := next((name for name in table.header if value_of(name)), None):
        hints.append(f"{shown(name)} is read with its interval: lower and upper, or 0.95 to 2.76")
    message = f"{needs(measure)}; missing: {groups}"
    return table.header_line, "", "; ".join([message, *hints])


def needs(measure: str) -> str:
    """Say which columns a measure needs."""
    if measure not in MEASURES:
        measure = "GEN"
    groups = (" or ".join(group) for group in MEASURES[measure].required)
    return f"{measure} needs the columns {', '.join(groups)}"


def refuse_extremes(yi: NDArray[np.float64], vi: NDArray[np.float64], studies: Studies) -> None:
    """Refuse numbers whose squares and ratios leave double precision: they are typing errors."""
    far = (np.abs(yi) > LARGEST) | (vi > LARGEST) | ((vi > 0) & (vi < 1 / LARGEST))
    if far.any():
        raise TableError(
            *(
                (
                    studies.lines[i],
                    "",
                    f"effect {yi[i]:g} with variance {vi[i]:g}: too large or small",
                )
                for i in np.flatnonzero(far)
            )
        )


def fault_of(message: str, studies: Studies) -> tuple[int, str, str]:
    """Turn the engine's ``name[index] is wrong (value)`` into line, column and a sentence."""
    found = re.fullmatch(r"(\w+)\[(\d+)\] (.*?)(?: \(([^()]*)\))?", message)
    if not found:
        return 0, "", message
    columns = studies.columns
    name, line = found[1], studies.lines[int(found[2])]
    if name not in columns:
        what = "variance" if name == "vi" else "value"
        return line, "", f"the {what} of the effect {found[3]}"
    what = found[3]
    if (other := re.search(r"than (\w+)$", what)) and other[1] in columns:
        what = what.replace(other[1], studies.shown.get(other[1], other[1]))
        what += f" = {columns[other[1]][int(found[2])]:g}"
    return line, studies.shown.get(name, name), f"{found[4]} {what}" if found[4] else what
