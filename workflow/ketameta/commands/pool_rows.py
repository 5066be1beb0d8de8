"""Which rows and columns of a table the options of `ketameta pool` ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ketameta.commands.names import RATIOS, bare_name
from ketameta.commands.table import Table
from ketameta.notebook import ENDINGS
from ketameta.stats import MEASURES
from ketameta.tables.problems import first_few, shown
from ketameta.vocabulary import nearest

# columns whose values are questions apart, each to be pooled alone, and those that mostly are
MEASURE_COLUMNS = ("measure", "effectmeasure", "sm")
_APART = ("analysis", *MEASURE_COLUMNS)
_MAYBE = (
    "outcome",
    "endpoint",
    "comparison",
    "timepoint",
    "timepointh",
    "time",
    "followup",
    "visit",
)


class OptionError(ValueError):
    """An option with a value that it cannot have; the message says what is allowed."""


def drawable(forest: Path | None) -> None:
    """Refuse a file that no drawing can be written as; raises `OptionError`."""
    if forest is not None and forest.suffix.lower() not in ENDINGS:
        raise OptionError(f"--forest {forest}: its ending is one of {', '.join(ENDINGS)}")


def rows_asked(
    table: Table, only: Sequence[str], analysis: str | None, subgroup: str | None
) -> Table:
    """Return the rows that belong together; raises where they are several questions."""
    asked = [*only]
    for option, value in (("analysis", analysis), ("subgroup", subgroup)):
        if value:
            if option not in map(bare_name, table.header):
                raise OptionError(
                    "--analysis and --subgroup are for RevMan's data rows alone, and for tables "
                    f"with a column of that name{_meant(table, option, value)}"
                )
            asked.append(f"{option}={value}")
    table = rows_with(table, asked)
    for at, name in enumerate(table.header):
        found = Counter(cell for cell in table.column(at) if cell)
        said = first_few([f"{shown(value)} ({count})" for value, count in found.items()])
        several = len({value.upper() for value in found} & {*MEASURES, *RATIOS}) > 1
        if (
            len(found) > 1
            and bare_name(name) in _APART
            and (several or bare_name(name) == "analysis")
        ):
            raise OptionError(
                f"the column {shown(name)} holds {said}: rows that do not belong into one pool; "
                f"say which with --only {name}=…"
            )
        if 1 < len(found) < len(table.rows) and bare_name(name) in _MAYBE:
            table.notes.append(
                f"all rows are pooled, though {shown(name)} holds {said}; one of them: "
                f"--only {name}=…"
            )
    return table


def rows_with(table: Table, asked: Sequence[str]) -> Table:
    """Return the rows that have each of some values, ``COLUMN=VALUE``; raises `OptionError`."""
    for one in asked:
        table = _only(table, one)
    return table


def _only(table: Table, asked: str) -> Table:
    """Return the rows that have a value in a column."""
    name, _, value = (part.strip() for part in asked.partition("="))
    at = table.place(name)
    if at is None or "=" not in asked:
        raise OptionError(f"--only {asked[:80]}: say COLUMN=VALUE; {_columns(table)}")
    cells = [cell.casefold() for cell in table.column(at)]
    which = [i for i, cell in enumerate(cells) if cell == value.casefold()]
    if not which:
        known = first_few([shown(cell) for cell in dict.fromkeys(table.column(at)) if cell])
        raise OptionError(f"--only {asked[:80]}: no row has this value; there are {known}")
    return table.keep(which)


def place_of(option: str, table: Table, asked: str) -> int:
    """Return where a column stands that an option names; raises `OptionError`."""
    if (at := table.place(asked)) is not None:
        return at
    close = nearest(asked[:80], [name for name in table.header if name], 1)
    hint = f"did you mean {shown(close[0])}?" if close else _columns(table)
    raise OptionError(f"--{option} {asked[:80]}: there is no such column; {hint}")


def _columns(table: Table) -> str:
    return f"the columns are {first_few([shown(name) for name in table.header if name])}"


def _meant(table: Table, option: str, value: str) -> str:
    """Say what is meant where the name of a column stands for that of a group, as in R."""
    if option != "subgroup" or table.place(value) is None:
        return ""
    return f"; to pool each group of {value[:80]} apart: --subgroups {value[:80]}"
