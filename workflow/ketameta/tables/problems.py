"""A fault in the data, with its place and what is allowed there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ketameta.tables.table import Row, col, table

ERROR, WARNING, NOTE = "error", "warning", "note"
_ALSO = 6


@dataclass(frozen=True, order=True)
class Problem:
    """One fault: ``file:line column name: message``.

    ``line`` is the physical line of the file on which the row starts (1 is the header; 0 means
    the file as a whole). An ``error`` stops the run; a ``warning`` is printed in the report; a
    ``note`` records something that was read in spite of its form. ``acknowledged`` is the reason
    for which a person lets a warning stand.
    """

    file: str
    line: int
    column: str
    value: str
    message: str
    severity: str = ERROR
    table: str = ""
    trial_id: str = ""
    arm_id: str = ""
    acknowledged: str = ""

    def __str__(self) -> str:
        """Return the one line that people read, whatever stands in the cells."""
        place = self.file + (f":{self.line}" if self.line else "")
        column = f" column {self.column}" if self.column else ""
        about = ", ".join(
            f"{name} {value}"
            for name, value in (("trial", self.trial_id), ("arm", self.arm_id))
            if value
        )
        return escaped(f"{place}{column}: {self.message}" + (f" ({about})" if about else ""))


@table("problems", "Problems")
class ProblemRow(Row):
    """One fault, warning or note about a raw table."""

    file: str = col("file of data/raw")
    line: int = col("line of the file on which the row starts")
    column: str = col("column, empty for the whole row", blank=True)
    value: str = col("the cell", blank=True)
    message: str = col("what is wrong and what is allowed", blank=True)
    severity: str = col("error, warning or note", blank=True)
    table: str = col("table", blank=True)
    trial_id: str = col("trial report", blank=True)
    arm_id: str = col("arm", blank=True)


def escaped(text: str) -> str:
    """Write control and other unprintable characters as escapes: one line, safe in a terminal."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


def shown(value: str, length: int = 60) -> str:
    """Quote a cell for a message: control characters escaped, long text cut."""
    text = escaped(value[: 2 * length])
    return f"'{text[: length - 1]}…'" if len(text) > length else f"'{text}'"


def also(places: Sequence[tuple[str, int]], file: str) -> str:
    """Say where else a fault of ``file`` stands: ``; also on lines 5, 8 and arms.csv:12``.

    Other files are named without their folder; a long list is cut. Empty for no places.
    """
    if not places:
        return ""
    here = [str(line) for place, line in places[:_ALSO] if place == file]
    there = [
        f"{place.rpartition('/')[2]}:{line}" for place, line in places[:_ALSO] if place != file
    ]
    parts = ([f"on line{'s' if len(here) > 1 else ''} {', '.join(here)}"] if here else []) + there
    return "; also " + ", ".join(parts) + _more(len(places) - _ALSO)


def first_few(words: Sequence[str], most: int = 10, between: str = ", ") -> str:
    """List words, of many the first only and the number of the others."""
    return between.join(words[:most]) + _more(len(words) - most)


def _more(left: int) -> str:
    return f" and {left:,} more" if left > 0 else ""


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Return those that stop a run, in the order of files and lines."""
    return sorted(p for p in problems if p.severity == ERROR)


def counted_faults(faults: int) -> str:
    """Return a number of faults in words: ``1 fault``, ``2 faults``."""
    return f"{faults:,} fault{'' if faults == 1 else 's'}"
